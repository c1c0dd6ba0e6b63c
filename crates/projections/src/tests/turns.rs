//! Of several runners over one log and one store one leads; the others show how far it is and take its place.

use std::time::Duration;

use event_store::{EventStore, Position};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

struct Running {
    models: ReadModels,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), crate::RunError>>,
}

async fn run(story: &Story, store: &ReadStore, owner: u128) -> Running {
    let mut runner = open(story, store.clone(), crate::all()).await;
    let (models, (stop, shutdown)) = (runner.models(), watch::channel(false));
    let task = tokio::spawn(async move { runner.run_in_turns(Uuid::from_u128(owner), shutdown).await });
    Running { models, stop, task }
}

impl Running {
    async fn reaches(&self, position: Position) -> bool {
        let names: Vec<_> = crate::all().iter().map(|projection| projection.name()).collect();
        self.models.wait_for(position, &names, PATIENCE).await
    }
}

#[tokio::test]
async fn one_leads_and_the_other_shows_it_and_takes_its_place_when_it_dies() {
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let first = run(&story, &store, 1).await;
    let head = |story: &Story| *story.log.head().borrow();
    assert!(first.reaches(head(&story)).await);
    let second = run(&story, &store, 2).await;
    story.order(1, PRODUCTS, Ending::Delivered).await;
    assert!(second.reaches(head(&story)).await, "what the first one folds, the second one shows");
    let taken = story.log.lease_take("read_models", Uuid::from_u128(3), Duration::ZERO).await;
    assert!(!taken.expect("is asked"), "one of them holds the lease");
    first.task.abort();

    story.order(2, PRODUCTS, Ending::Returned).await;
    assert!(second.reaches(head(&story)).await, "the second one goes on");

    second.stop.send_replace(true);
    second.task.await.expect("it does not panic").expect("it ends well");
    let replayed = models_in_batches(&story, 7).await;
    assert_eq!(digests(&second.models).await, digests(&replayed).await);
}
