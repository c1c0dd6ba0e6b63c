//! What promises cost: a log that is sealed, a look into the past, read models that survive a power cut.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use app::actor::Actor;
use app::as_of::AsOf;
use app::bus::{Bus, Cause, Request};
use app::clock::{Clock, SystemClock};
use app::ids::{Ids, SystemIds};
use app::seal::Sealer;
use domain::stock::{Stock, StockCommand};
use domain::values::{OrderId, Quantity};
use event_store::{EventStore, Position, StreamId};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::TURN;
use super::commits::Commits;
use crate::engine::{Engine, EngineKind};
use crate::folder::Folder;
use crate::report::{millis, percentile};

/// How many clients append while the log is sealed.
const CLIENTS: usize = 64;
/// How long the streams are that are looked into, and how often each is.
const STREAMS: [usize; 2] = [20, 1_000];
const LOOKS: usize = 1_000;
/// How long a reservation holds, seconds.
const RESERVATION_SECONDS: i64 = 900;
/// The rows of one transaction of a read model.
const ROWS: i64 = 20;

/// Measures what sealing, the past and, on SQLite, durable read models cost; what is compared works in turns.
///
/// # Errors
/// When the engine is not there or fails.
pub async fn run(kind: EngineKind, limit: Duration) -> anyhow::Result<()> {
    let engine = Engine::start(kind)?;
    println!("What promises cost on {}, {limit:?} each", engine.name());
    sealing(&engine, kind, limit).await?;
    past(&engine).await?;
    if kind == EngineKind::Sqlite {
        read_models(limit)?;
    }
    Ok(())
}

/// Appends to two logs in turns, of which one is sealed.
async fn sealing(engine: &Engine, kind: EngineKind, limit: Duration) -> anyhow::Result<()> {
    let (other, folders) = (Engine::start(kind)?, (Folder::new()?, Folder::new()?));
    let (plain, sealed) = (engine.open_log(folders.0.path()).await?, other.open_log(folders.1.path()).await?);
    let sealer = Sealer::open(sealed.clone(), Arc::new(SystemClock), &SystemIds).await?;
    let mut latest = sealer.latest();
    let (stop, stopped) = oneshot::channel::<()>();
    let sealing = tokio::spawn(sealer.run(async move { drop(stopped.await) }));
    let (mut without, mut with) = (Commits::new(&plain, CLIENTS, true)?, Commits::new(&sealed, CLIENTS, true)?);
    for _ in 0..limit.as_secs().max(1) {
        without.work(TURN).await?;
        with.work(TURN).await?;
    }
    drop(stop);
    sealing.await.context("the sealer broke")?;
    ensure!(latest.borrow_and_update().is_some(), "nothing was sealed");
    println!(
        "sealing, {CLIENTS} clients: {:.0} commits/s without, {:.0} with, ratio {:.2}",
        without.per_second(),
        with.per_second(),
        with.per_second() / without.per_second()
    );
    plain.close().await;
    sealed.close().await;
    Ok(())
}

/// Asks for the state of an aggregate at positions of its past, with nothing of it in memory.
async fn past(engine: &Engine) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    for events in STREAMS {
        let shelf = format!("{}@bench", SystemIds.uuid().simple());
        let store = engine.open_log(folder.path()).await?;
        fill(&store, &shelf, events).await?;
        store.close().await;
        let store = engine.open_log(folder.path()).await?;
        let positions = positions(&*store, &shelf).await?;
        ensure!(positions.len() == events, "a stream of {events} events has {}", positions.len());
        let bus = Bus::new(store.clone(), Arc::new(SystemClock), Arc::new(SystemIds));
        let mut times = Vec::with_capacity(LOOKS);
        for _ in 0..LOOKS {
            let nth = (Uuid::new_v4().as_u128() % events as u128) as usize;
            let begun = Instant::now();
            let state = bus.load_as_of::<Stock>(&shelf, AsOf::Position(positions[nth])).await?;
            times.push(begun.elapsed());
            ensure!(state.version == nth as u64 + 1, "version {} is not {}", state.version, nth + 1);
        }
        times.sort_unstable();
        let (p50, p99) = (millis(percentile(&times, 50)), millis(percentile(&times, 99)));
        println!("as of a position of a stream of {events} events: p50 {p50} ms, p99 {p99} ms");
        store.close().await;
    }
    Ok(())
}

/// Fills the stream of one SKU.
async fn fill(store: &Arc<dyn EventStore>, shelf: &str, events: usize) -> anyhow::Result<()> {
    let bus = Bus::new(store.clone(), Arc::new(SystemClock), Arc::new(SystemIds));
    let request = |command: &str| Request::new(Actor::system("bench"), Cause::of(command, "bench"));
    let received = StockCommand::Receive { quantity: Quantity::new(1_000_000)?, reference: "bench".parse()? };
    bus.execute::<Stock>(shelf, &request(shelf), received).await?;
    for _ in 1..events {
        let order = OrderId::from_uuid(SystemIds.uuid());
        let expires_at = SystemClock.now().plus_seconds(RESERVATION_SECONDS);
        let command = StockCommand::Reserve { order: order.clone(), quantity: Quantity::new(1)?, expires_at };
        bus.execute::<Stock>(shelf, &request(order.as_str()), command).await?;
    }
    Ok(())
}

async fn positions(store: &dyn EventStore, shelf: &str) -> anyhow::Result<Vec<Position>> {
    let events = store.read_stream(&StreamId::new("stock", shelf), 0, 1_000).await?;
    Ok(events.iter().map(|event| event.position).collect())
}

/// Writes rows and a checkpoint as a read model does, in turns into a file that is synced with every commit and into one
/// that is not.
fn read_models(limit: Duration) -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let mut files = [open(folder.path(), "FULL")?, open(folder.path(), "NORMAL")?];
    let mut done = [(0_u32, Duration::ZERO); 2];
    for _ in 0..limit.as_secs().max(1) {
        for (file, (count, took)) in files.iter_mut().zip(&mut done) {
            let begun = Instant::now();
            while begun.elapsed() < TURN {
                apply(file, i64::from(*count))?;
                *count += 1;
            }
            *took += begun.elapsed();
        }
    }
    let [full, normal] = done.map(|(count, took)| f64::from(count) / took.as_secs_f64());
    println!(
        "a read model's transactions of {ROWS} rows: {full:.0}/s with synchronous=FULL, {normal:.0}/s with NORMAL, ratio {:.2}",
        full / normal
    );
    Ok(())
}

fn open(folder: &Path, synchronous: &str) -> rusqlite::Result<rusqlite::Connection> {
    let file = rusqlite::Connection::open(folder.join(synchronous))?;
    file.execute_batch("PRAGMA journal_mode = WAL")?;
    file.pragma_update(None, "synchronous", synchronous)?;
    file.execute_batch(
        "CREATE TABLE orders (id TEXT PRIMARY KEY, status TEXT NOT NULL, total_minor INTEGER NOT NULL) WITHOUT ROWID;
         CREATE TABLE checkpoint (name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
         INSERT INTO checkpoint VALUES ('order', 0);",
    )?;
    Ok(file)
}

fn apply(file: &mut rusqlite::Connection, count: i64) -> rusqlite::Result<()> {
    let transaction = file.transaction()?;
    for _ in 0..ROWS {
        let sql =
            "INSERT INTO orders VALUES (?1, 'confirmed', 4200) ON CONFLICT DO UPDATE SET status = excluded.status";
        transaction.prepare_cached(sql)?.execute([Uuid::now_v7().to_string()])?;
    }
    let sql = "UPDATE checkpoint SET position = ?1 WHERE name = 'order'";
    transaction.prepare_cached(sql)?.execute([count * ROWS])?;
    transaction.commit()
}
