//! An older copy of the log takes over: rows equal a replay of what is there.

use event_store::postgres::PostgresStore;
use event_store::{Cursor, Filter, Position};
use serde_json::json;
use test_postgres::TestPostgres;

use super::*;
use crate::event::Event;
use crate::follower::{Applied, Follower};
use crate::order::OrderProjection;
use crate::rows::generations;
use crate::{ProjectionState, Replay};

#[tokio::test]
async fn what_stands_where_something_is_gone_is_folded() {
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut runner = open(&story, store, crate::all()).await;
    runner.catch_up().await.expect("it catches up");
    let end = *story.log.head().borrow();
    for number in 0..3 {
        story.add("nobodys", &format!("{number}"), &[json!({ "nobodys.happened": {} })]).await;
    }
    runner.catch_up().await.expect("it catches up");
    story.rewind_to(end).await;
    story.order(1, PRODUCTS, Ending::Delivered).await;
    runner.catch_up().await.expect("it catches up");
    assert_live(&runner.models());
    let replayed = models_in_batches(&story, 7).await;
    assert_eq!(digests(&runner.models()).await, digests(&replayed).await);
}

#[tokio::test]
async fn rows_that_outlived_their_events_stand_still_until_they_are_rebuilt() {
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    let end = *story.log.head().borrow();
    story.order(1, PRODUCTS, Ending::Delivered).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut runner = open(&story, store, crate::all()).await;
    runner.catch_up().await.expect("it catches up");
    story.rewind_to(end).await;
    story.order(2, PRODUCTS, Ending::Delivered).await;
    story.order(3, PRODUCTS, Ending::Returned).await;
    runner.catch_up().await.expect("it catches up");
    let models = runner.models();
    assert_eq!(models.status_of("order").map(|status| status.state), Some(ProjectionState::Stalled));
    let log: Arc<dyn EventStore> = story.log.clone();
    for projection in crate::all() {
        Replay::new(Arc::clone(&log), models.clone()).run(projection.name(), |_| {}).await.expect("it is rebuilt");
    }
    let replayed = models_in_batches(&story, 7).await;
    assert_eq!(digests(&models).await, digests(&replayed).await);
}

#[tokio::test]
async fn rows_of_an_event_that_is_not_in_the_log_beside_them_are_not_written() {
    let Some(server) = TestPostgres::shared() else { return };
    let url = server.create_database();
    let beside = PostgresStore::connect(&url).await.expect("the log opens");
    let store = ReadStore::postgres(&url).await.expect("the read models open");
    let mut story = Story::new();
    story.catalogue(PRODUCTS).await;
    story.order(1, PRODUCTS, Ending::Delivered).await;
    let page = story.log.read_on(Cursor::default(), 1_000, &Filter::default()).await.expect("the log is read");
    let next = page.cursor();
    let events: Vec<Event> = page.events.into_iter().map(Event::new).collect();
    let projection: Arc<dyn Projection> = Arc::new(OrderProjection);
    generations::prepare(&store).await.expect("the catalogue is made");
    generations::create(&store, &*projection, 1, true).await.expect("the tables are made");
    let mut follower = Follower { projection, generation: 1, stored: 0, position: 0, seen: None, changed: 0 };
    let applied = follower.apply(&store.clone().beside_log(), &events, next).await.expect("the store answers");
    assert_eq!((applied, follower.stored), (Applied::Overtaken, 0), "the log beside them is empty");
    let applied = follower.apply(&store, &events, next).await.expect("the store answers");
    assert_eq!((applied, Position(follower.stored)), (Applied::Done, next.position), "elsewhere nobody asks");
    beside.close().await;
}
