//! Measures how long a long stream takes to load, with its snapshot and without, and what a snapshot costs:
//! `cargo run --release -p app --example long_streams [sqlite|postgres]`.
//!
//! The stream is the stock of one SKU at one location: reservations that become sales and leave, three events each.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::bus::{Bus, SNAPSHOT_EVENTS};
use app::clock::SystemClock;
use app::ids::SystemIds;
use domain::stock::{Stock, StockEvent};
use domain::values::{OrderId, Quantity, Timestamp};
use event_store::postgres::PostgresStore;
use event_store::sqlite::SqliteStore;
use event_store::{COMMIT_EVENTS_MAX, Commit, EventStore, NewEvent, StreamId};
use serde_json::value::{RawValue, to_raw_value};
use test_postgres::TestPostgres;
use uuid::Uuid;

const LENGTHS: [u64; 5] = [20, 999, 1_000, 10_000, 100_000];
const ROUNDS: usize = 21;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let chosen = std::env::args().nth(1);
    let wants = |engine: &str| chosen.as_deref().is_none_or(|name| name == engine);
    if wants("sqlite") {
        let folder = std::env::temp_dir().join(format!("long_streams_{}", Uuid::new_v4()));
        std::fs::create_dir(&folder)?;
        measure("sqlite", Arc::new(SqliteStore::open(folder.join("log.sqlite"))?)).await?;
        std::fs::remove_dir_all(&folder)?;
    }
    if wants("postgres")
        && let Some(server) = TestPostgres::start_durable()
    {
        measure("postgres", Arc::new(PostgresStore::connect(&server.create_database()).await?)).await?;
    }
    Ok(())
}

async fn measure(engine: &str, store: Arc<dyn EventStore>) -> Result<(), Failure> {
    for length in LENGTHS {
        let id = format!("book@{length}");
        fill(&*store, &id, length).await?;
        if let Some(snapshots) = store.snapshots() {
            snapshots.drop_snapshots().await?;
        }
        let without = load(&store, &id).await?;
        let bus = bus_over(&store);
        bus.load::<Stock>(&id).await?;
        let asked = Instant::now();
        bus.keep_due_snapshots().await;
        let written = asked.elapsed();
        let with = load(&store, &id).await?;
        let kept = match store.snapshots() {
            Some(snapshots) => snapshots.snapshot(&StreamId::new("stock", &id)).await?,
            None => None,
        };
        let bytes = kept.map_or(0, |snapshot| snapshot.state.len());
        println!(
            "{engine:8} {length:6} events: {without:?} whole, {with:?} by snapshot ({bytes} bytes, written in {written:?})"
        );
    }
    store.close().await;
    Ok(())
}

fn bus_over(store: &Arc<dyn EventStore>) -> Bus {
    Bus::new(Arc::clone(store), Arc::new(SystemClock), Arc::new(SystemIds)).with_snapshots_every(SNAPSHOT_EVENTS)
}

/// Loads the stream as a process that has just started does, and returns the median time.
async fn load(store: &Arc<dyn EventStore>, id: &str) -> Result<Duration, Failure> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let bus = bus_over(store);
        let asked = Instant::now();
        bus.load::<Stock>(id).await?;
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    Ok(times[ROUNDS / 2])
}

async fn fill(store: &dyn EventStore, id: &str, length: u64) -> Result<(), Failure> {
    let metadata = RawValue::from_string(r#"{"actor_kind":"system"}"#.to_owned())?;
    let facts = facts(usize::try_from(length)?)?;
    let (mut expected, stream) = (0, StreamId::new("stock", id));
    for part in facts.chunks(COMMIT_EVENTS_MAX) {
        let mut events = Vec::with_capacity(part.len());
        for fact in part {
            events.push(NewEvent {
                event_id: Uuid::now_v7(),
                event_type: cqrs_es::DomainEvent::event_type(fact),
                event_version: "1".to_owned(),
                payload: to_raw_value(fact)?,
                metadata: metadata.clone(),
            });
        }
        let commit = Commit { stream: stream.clone(), expected, events, command: None, recorded_at: 0, epoch: None };
        expected = store.append(commit).await?.sequence;
    }
    Ok(())
}

fn facts(length: usize) -> Result<Vec<StockEvent>, Failure> {
    let quantity = Quantity::new(1)?;
    let delivery = StockEvent::Received { quantity: Quantity::new(1_000_000)?, reference: "a delivery".parse()? };
    let sale = |number: u128| {
        let order = OrderId::from_uuid(Uuid::from_u128(number << 64 | 7));
        let expires_at = Timestamp::from_micros(i64::MAX);
        [
            StockEvent::Reserved { order: order.clone(), quantity, expires_at },
            StockEvent::Allocated { order: order.clone(), quantity },
            StockEvent::Dispatched { order, quantity },
        ]
    };
    Ok(std::iter::once(delivery).chain((0..).flat_map(sale)).take(length).collect())
}
