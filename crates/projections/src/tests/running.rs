use std::sync::Arc;
use std::time::Duration;

use domain::stock::StockEvent;
use event_store::{EventStore, Position};

use super::{PRODUCTS, digests, long_story, models_in_batches, open};
use crate::rows::{Column, Query, Row, Step, Table, Value, generations, key};
use crate::testing::{Ending, Story, units, value};
use crate::{Event, FoldError, Projection, ProjectionState, ReadModels, ReadStore, Working};

static COUNTS: Table =
    Table { name: "counts", columns: &[Column::text("kind"), Column::int("events")], key: 1, indexes: &[] };

/// Counts the events of stock and cannot fold the one at a given position.
pub(super) struct Counting {
    pub(super) name: &'static str,
    pub(super) version: i64,
    pub(super) poison: Option<u64>,
}

pub(super) const COUNTING: Counting = Counting { name: "counting", version: 1, poison: None };

impl Projection for Counting {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn tables(&self) -> &'static [&'static Table] {
        const { &[&COUNTS] }
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["stock"]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        events.iter().try_for_each(|event| rows.want(&COUNTS, key([&event.recorded().stream.kind])))
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        if self.poison == Some(event.recorded().position.0) {
            return Err(FoldError::Impossible("poison".to_owned()));
        }
        Ok(rows.sums(&COUNTS, key([&event.recorded().stream.kind]))?.add("events", self.version)?)
    }
}

pub(super) async fn receive(story: &mut Story, times: usize) {
    for _time in 0..times {
        let event = StockEvent::Received { quantity: units(1), reference: value("bon") };
        story.add("stock", "A@paris", &[event]).await;
    }
}

pub(super) async fn counted(models: &ReadModels) -> i64 {
    let row = models.store().row(Query::of(&COUNTS)).await.expect("the store answers");
    row.map_or(0, |row| row.int("events").expect("a number"))
}

fn status(models: &ReadModels, name: &str) -> (u64, ProjectionState) {
    let status = models.status_of(name).expect("it is registered");
    (status.position.0, status.state)
}

#[tokio::test]
async fn the_size_of_batches_does_not_matter() {
    let story = long_story().await;
    let expected = digests(&models_in_batches(&story, 1_000).await).await;
    for events in [1, 7] {
        assert_eq!(digests(&models_in_batches(&story, events).await).await, expected, "batches of {events}");
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_folded_moves_neither_rows_nor_checkpoint_and_stops_nobody_else() {
    let mut story = Story::new();
    receive(&mut story, 10).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let poisoned = Counting { poison: Some(8), ..COUNTING };
    let projections: Vec<Arc<dyn Projection>> =
        vec![Arc::new(poisoned), Arc::new(crate::stock::AvailabilityProjection)];
    let mut runner = open(&story, store, projections).await.with_batch_events(5);
    runner.catch_up().await.expect("the other projection catches up");
    let models = runner.models();

    assert_eq!(status(&models, "counting"), (5, ProjectionState::Stalled));
    assert_eq!(counted(&models).await, 5, "nothing of the second batch is there");
    assert_eq!(models.digest("counting").await.expect("it is at rest").position, Position(5));
    assert_eq!(status(&models, "availability"), (10, ProjectionState::Live));
    let waited = models.wait_for(Position(6), &["counting"], Duration::from_secs(60)).await;
    assert!(!waited, "there is nothing to wait for");
    assert!(models.wait_for(Position(5), &["counting", "availability"], Duration::from_secs(60)).await);
}

#[tokio::test]
async fn an_event_that_nobody_can_read_is_named_and_never_skipped() {
    let mut story = Story::new();
    receive(&mut story, 2).await;
    story.add("stock", "A@paris", &[serde_json::json!({"stock.teleported": {"quantity": 1}})]).await;
    receive(&mut story, 1).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut runner = open(&story, store, vec![Arc::new(crate::stock::AvailabilityProjection)]).await;
    runner.catch_up().await.expect("it stands still");
    assert_eq!(status(&runner.models(), "availability"), (0, ProjectionState::Stalled));
    let log: Arc<dyn EventStore> = story.log.clone();
    let failed = crate::Replay::new(log, runner.models()).run("availability", |_progress| {}).await;
    assert!(matches!(failed, Err(crate::RunError::Fold { position: Position(3), .. })));
}

#[tokio::test]
async fn what_the_store_lost_is_made_again_although_nothing_new_happens() {
    let mut story = Story::new();
    receive(&mut story, 5).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut runner = open(&story, store.clone(), vec![Arc::new(COUNTING)]).await;
    runner.catch_up().await.expect("it catches up");
    let models = runner.models();

    let mut before = Row::zeros(&COUNTS, key(["stock"])).expect("is a row");
    before.set("events", 3_i64).expect("a number");
    let physical = COUNTS.physical(1);
    let back = generations::advance(store.dialect(), "counting", 1, 5, 3);
    let rows = Step::Upsert { table: &COUNTS, physical, rows: vec![before] };
    assert!(store.transact(vec![back, rows]).await.expect("the store takes it"));
    assert_eq!(counted(&models).await, 3);

    let mut looks = tokio::time::interval(Duration::from_millis(10));
    let until_there = async {
        while counted(&models).await < 5 {
            looks.tick().await;
        }
    };
    let followed = tokio::time::timeout(Duration::from_secs(60), runner.run(until_there)).await;
    followed.expect("it is noticed").expect("the log is there");
}

#[tokio::test]
async fn a_log_that_was_put_back_is_noticed_and_a_rebuild_follows_it() {
    let mut story = Story::new();
    receive(&mut story, 5).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    open(&story, store.clone(), vec![Arc::new(COUNTING)]).await.catch_up().await.expect("it catches up");
    let mut restored = Story::new();
    receive(&mut restored, 3).await;
    let mut runner = open(&restored, store, vec![Arc::new(COUNTING)]).await;
    runner.catch_up().await.expect("it stands still");
    assert_eq!(status(&runner.models(), "counting"), (5, ProjectionState::Stalled));
    let log: Arc<dyn EventStore> = restored.log.clone();
    crate::Replay::new(log, runner.models()).run("counting", |_progress| {}).await.expect("it is rebuilt");
    assert_eq!(counted(&runner.models()).await, 3);
}

#[tokio::test]
async fn two_runners_apply_every_event_once() {
    let mut story = Story::new();
    receive(&mut story, 30).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut first = open(&story, store.clone(), vec![Arc::new(COUNTING)]).await.with_batch_events(3);
    let mut second = open(&story, store, vec![Arc::new(COUNTING)]).await.with_batch_events(4);
    let (one, other) = tokio::join!(first.catch_up(), second.catch_up());
    one.and(other).expect("both catch up");
    assert_eq!(counted(&first.models()).await, 30);
    assert_eq!(status(&first.models(), "counting").0, 30);
    assert_eq!(status(&second.models(), "counting").0, 30);
}

#[tokio::test]
async fn a_new_runner_goes_on_where_the_last_one_stopped() {
    let mut story = Story::new();
    receive(&mut story, 3).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    open(&story, store.clone(), vec![Arc::new(COUNTING)]).await.catch_up().await.expect("it catches up");
    receive(&mut story, 2).await;
    let mut runner = open(&story, store, vec![Arc::new(COUNTING)]).await;
    assert_eq!(status(&runner.models(), "counting"), (3, ProjectionState::CatchingUp));
    runner.catch_up().await.expect("it catches up");
    assert_eq!(counted(&runner.models()).await, 5);
}

#[tokio::test]
async fn a_projection_that_is_behind_catches_up_and_the_others_stay_live() {
    let story = long_story().await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let old: Vec<Arc<dyn Projection>> = crate::all().into_iter().take(3).collect();
    open(&story, store.clone(), old).await.catch_up().await.expect("it catches up");
    let mut runner = open(&story, store, crate::all()).await.with_batch_events(10);
    runner.catch_up().await.expect("it catches up");
    super::assert_live(&runner.models());
    assert_eq!(digests(&runner.models()).await, digests(&models_in_batches(&story, 500).await).await);
}

#[tokio::test]
async fn a_runner_follows_the_log_and_who_waits_reads_what_was_written() {
    let mut story = Story::new();
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut runner = open(&story, store, crate::all()).await;
    let models = runner.models();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let shutdown = async {
            stopped.await.ok();
        };
        runner.run(shutdown).await
    });
    for number in 0..5 {
        story.order(number, PRODUCTS, Ending::Delivered).await;
        let position = *story.log.head().borrow();
        let names: Vec<&str> = crate::all().iter().map(|projection| projection.name()).collect();
        assert!(models.wait_for(position, &names, Duration::from_secs(60)).await, "order {number}");
        let found = models.orders().order_by_number(&format!("N{number:08}")).await.expect("the store answers");
        assert_eq!(found.map(|order| order.summary.fulfilment_status), Some("delivered".to_owned()));
    }
    let beyond = Position(story.log.head().borrow().0 + 1);
    assert!(!models.wait_for(beyond, &["order"], Duration::ZERO).await);
    assert!(!models.wait_for(Position(0), &["unknown"], Duration::from_secs(60)).await);
    stop.send(()).expect("the runner listens");
    running.await.expect("the runner ends").expect("without an error");
}

#[tokio::test]
async fn a_fold_that_asks_for_a_row_it_did_not_name_is_told_so() {
    let mut rows = Working::new(&[&COUNTS]);
    assert!(matches!(rows.update(&COUNTS, &key(["stock"])), Err(FoldError::NotRead { .. })));
    rows.expect_none(&COUNTS, key(["stock"])).expect("the table is known");
    assert!(matches!(rows.update(&COUNTS, &key(["stock"])), Err(FoldError::Missing { .. })));
    let wrong = rows.insert(&COUNTS, [("kind", Value::Int(1)), ("events", Value::Int(1))]);
    assert!(matches!(wrong, Err(FoldError::Row(_))));
    let empty = rows.insert(&COUNTS, [("kind", "stock".into())]);
    assert!(matches!(empty, Err(FoldError::Row(_))));
}
