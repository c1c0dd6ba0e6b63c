//! What holds for every projection: the runner, rebuilding, and both engines.

mod declarations;
mod engines;
mod past;
mod rebuilding;
mod rewound;
mod running;
mod turns;

use std::sync::Arc;

use event_store::EventStore;

use crate::testing::{Ending, Story};
use crate::{Projection, ReadModels, ReadStore, Runner};

pub(crate) const PRODUCTS: u128 = 8;

/// Folds a story into a store in memory.
pub(crate) async fn models_of(story: &Story, projection: impl Projection) -> ReadModels {
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut runner = open(story, store, vec![Arc::new(projection)]).await;
    runner.catch_up().await.expect("the runner catches up");
    assert_live(&runner.models());
    runner.models()
}

/// Folds a story with all projections, so many events a transaction.
pub(crate) async fn models_in_batches(story: &Story, events: usize) -> ReadModels {
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut runner = open(story, store, crate::all()).await.with_batch_events(events);
    runner.catch_up().await.expect("the runner catches up");
    assert_live(&runner.models());
    runner.models()
}

pub(crate) async fn open(story: &Story, store: ReadStore, projections: Vec<Arc<dyn Projection>>) -> Runner {
    let log: Arc<dyn EventStore> = story.log.clone();
    Runner::open(store, log, projections).await.expect("the runner opens")
}

pub(crate) fn assert_live(models: &ReadModels) {
    for status in models.status() {
        assert_eq!(status.state, crate::ProjectionState::Live, "{}", status.name);
        assert_eq!(status.position, status.head, "{}", status.name);
    }
}

/// A story with orders of every ending, some of them not yet ended when the next ones begin.
pub(crate) async fn long_story() -> Story {
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    for number in 0..30 {
        let endings = [
            Ending::Placed,
            Ending::Rejected,
            Ending::Cancelled,
            Ending::Delivered,
            Ending::Returned,
            Ending::Returned,
        ];
        story.now += 3_600_000_000;
        story.order(number, PRODUCTS, endings[usize::try_from(number).expect("a small number") % 6]).await;
    }
    story
}

/// The fingerprints of all projections.
pub(crate) async fn digests(models: &ReadModels) -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    for projection in crate::all() {
        let digest = models.digest(projection.name()).await.expect("the read model is at rest");
        all.push((projection.name(), digest.sha256));
    }
    all
}
