use std::sync::Arc;

use event_store::{EventStore, Position};
use test_postgres::TestPostgres;

use super::running::{COUNTING, Counting, counted, receive};
use super::{assert_live, digests, long_story, models_in_batches, open};
use crate::sales::SalesPeriod;
use crate::testing::{Story, customer, order};
use crate::{ReadStore, Replay, Slice};

async fn postgres() -> Option<ReadStore> {
    let url = TestPostgres::shared()?.create_database();
    Some(ReadStore::postgres(&url).await.expect("the database is there"))
}

#[tokio::test]
async fn both_engines_hold_the_same_rows() {
    let Some(store) = postgres().await else {
        return;
    };
    let story = long_story().await;
    let sqlite = models_in_batches(&story, 1_000).await;
    let mut runner = open(&story, store, crate::all()).await.with_batch_events(37);
    runner.catch_up().await.expect("it catches up");
    let models = runner.models();
    assert_live(&models);
    let expected = digests(&sqlite).await;
    assert_eq!(digests(&models).await, expected);

    let log: Arc<dyn EventStore> = story.log.clone();
    for projection in crate::all() {
        Replay::new(Arc::clone(&log), models.clone()).run(projection.name(), |_| {}).await.expect("it is rebuilt");
    }
    assert_eq!(digests(&models).await, expected);
}

#[tokio::test]
async fn both_engines_give_the_same_answers() {
    let Some(store) = postgres().await else {
        return;
    };
    let story = long_story().await;
    let sqlite = models_in_batches(&story, 1_000).await;
    let mut runner = open(&story, store, crate::all()).await;
    runner.catch_up().await.expect("it catches up");
    let postgres = runner.models();
    let mut answers = Vec::new();
    for models in [&sqlite, &postgres] {
        let period = SalesPeriod { from: "2026-01-01", to: "2026-12-31", currency: domain::values::Currency::Eur };
        let newest = models.orders().search(Default::default(), Slice::first(4)).await.expect("it answers");
        let cursor = newest.items[3].cursor.clone();
        let name = crate::catalog::ProductOrder::Name(domain::values::Locale::En);
        answers.push((
            models.orders().search(Default::default(), Slice::first(4).after(&cursor)).await.expect("it answers"),
            models.orders().order(order(4).as_str()).await.expect("it answers"),
            models.sales().by_product(period, 5).await.expect("it answers"),
            models.sales().by_day(period).await.expect("it answers"),
            models.catalog().list(None, name, Slice::first(3)).await.expect("it answers"),
            models.catalog().category_tree().await.expect("it answers"),
            models.availability().totals(&["SKU-1", "SKU-2"]).await.expect("it answers"),
            models.carts().open_carts(customer(1).as_str()).await.expect("it answers"),
        ));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn in_postgresql_too_two_runners_apply_every_event_once_and_a_new_version_takes_over() {
    let Some(store) = postgres().await else {
        return;
    };
    let mut story = Story::new();
    receive(&mut story, 40).await;
    let mut first = open(&story, store.clone(), vec![Arc::new(COUNTING)]).await.with_batch_events(3);
    let mut second = open(&story, store.clone(), vec![Arc::new(COUNTING)]).await.with_batch_events(4);
    let (one, other) = tokio::join!(first.catch_up(), second.catch_up());
    one.and(other).expect("both catch up");
    assert_eq!(counted(&first.models()).await, 40);

    let newer = Counting { version: 3, ..COUNTING };
    let mut third = open(&story, store, vec![Arc::new(newer)]).await;
    third.catch_up().await.expect("it catches up");
    assert_eq!(counted(&third.models()).await, 120);
    receive(&mut story, 1).await;
    first.catch_up().await.expect("it stands still");
    third.catch_up().await.expect("it catches up");
    assert_eq!(counted(&third.models()).await, 123, "the older program has written nothing");
    assert_eq!(third.models().digest("counting").await.expect("it is at rest").position, Position(41));
}
