use event_store::{EventStore, Position};
use test_postgres::TestPostgres;

use super::{PRODUCTS, digests, models_in_batches};
use crate::testing::{Ending, Story};
use crate::{Digest, Progress, ReadStore, RunError, build_until};

/// A story, where it stood in the middle, and what its read models were then.
async fn story_with_middle() -> (Story, Position, Vec<(&'static str, String)>) {
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    for (number, ending) in [Ending::Delivered, Ending::Placed, Ending::Returned].into_iter().enumerate() {
        story.now += 3_600_000_000;
        story.order(number as u128, PRODUCTS, ending).await;
    }
    let (middle, then) = (*story.log.head().borrow(), digests(&models_in_batches(&story, 100).await).await);
    for (number, ending) in [Ending::Cancelled, Ending::Returned].into_iter().enumerate() {
        story.now += 3_600_000_000;
        story.order(10 + number as u128, PRODUCTS, ending).await;
    }
    (story, middle, then)
}

fn hashes(digests: Vec<(&'static str, Digest)>) -> Vec<(&'static str, String)> {
    digests.into_iter().map(|(name, digest)| (name, digest.sha256)).collect()
}

fn fresh() -> ReadStore {
    ReadStore::sqlite_in_memory().expect("SQLite opens")
}

#[tokio::test]
async fn read_models_are_built_as_they_were_on_both_engines() {
    let (story, middle, then) = story_with_middle().await;
    let mut reports: Vec<Progress> = Vec::new();
    let built = build_until(fresh(), &*story.log, middle, |progress| reports.push(progress)).await.expect("is built");
    assert_eq!(hashes(built), then);
    assert_eq!(reports.last().map(|last| (last.done, last.total)), Some((middle.0, middle.0)));
    assert_ne!(digests(&models_in_batches(&story, 100).await).await, then, "the shop went on");
    let Some(server) = TestPostgres::shared() else { return };
    let store = ReadStore::postgres(&server.create_database()).await.expect("the database is there");
    assert_eq!(hashes(build_until(store, &*story.log, middle, |_| {}).await.expect("is built")), then);
}

#[tokio::test]
async fn at_the_beginning_nothing_was_there_and_beyond_the_end_nothing_is() {
    let (story, _, _) = story_with_middle().await;
    let empty = digests(&models_in_batches(&Story::new(), 100).await).await;
    let built = build_until(fresh(), &*story.log, Position(0), |_| {}).await.expect("is built");
    assert_eq!(hashes(built), empty);
    let end = *story.log.head().borrow();
    let beyond = build_until(fresh(), &*story.log, Position(end.0 + 1), |_| {}).await;
    assert!(matches!(beyond, Err(RunError::BeyondEnd { end: found, .. }) if found == end));
}

#[tokio::test]
async fn a_store_that_holds_read_models_is_left_alone() {
    let (story, middle, _) = story_with_middle().await;
    let store = fresh();
    build_until(store.clone(), &*story.log, middle, |_| {}).await.expect("is built");
    let again = build_until(store, &*story.log, middle, |_| {}).await;
    assert!(matches!(again, Err(RunError::Occupied(_))));
}
