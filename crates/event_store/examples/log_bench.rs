//! Measures durable commits: `cargo run --release -p event_store --example log_bench [sqlite|postgres]`.
//!
//! Each client appends two events with 300 bytes of payload and a command id, waits for the answer, and goes on. Beside
//! the commits a second it prints how many 4 KiB writes this disk can sync a second, measured in the same run.

use std::error::Error;
use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_store::postgres::PostgresStore;
use event_store::sqlite::SqliteStore;
use event_store::{CommandId, Commit, EventStore, NewEvent, Position, StreamId};
use serde_json::value::RawValue;
use test_postgres::TestPostgres;
use uuid::Uuid;

const CLIENTS: [usize; 3] = [1, 8, 64];
const RUN: Duration = Duration::from_secs(5);
const SYNC_RUN: Duration = Duration::from_secs(2);
/// Each client spreads its commits over so many streams.
const STREAMS: usize = 100;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let chosen = std::env::args().nth(1);
    let wants = |engine: &str| chosen.as_deref().is_none_or(|name| name == engine);
    let folder = std::env::temp_dir().join(format!("log_bench_{}", Uuid::new_v4()));
    fs::create_dir(&folder)?;
    if wants("sqlite") {
        let store = Arc::new(SqliteStore::open(folder.join("log.db"))?);
        measure("sqlite", store, &folder).await?;
    }
    if wants("postgres")
        && let Some(server) = TestPostgres::start_durable()
    {
        let store = Arc::new(PostgresStore::connect(&server.create_database()).await?);
        measure("postgres", store, &folder).await?;
    }
    fs::remove_dir_all(&folder)?;
    Ok(())
}

async fn measure(engine: &str, store: Arc<dyn EventStore>, folder: &Path) -> Result<(), Failure> {
    for clients in CLIENTS {
        let syncs = syncs_per_second(&folder.join("sync"))?;
        let before = store.head().borrow().0;
        let started = Instant::now();
        let tasks: Vec<_> =
            (0..clients).map(|client| tokio::spawn(client_run(Arc::clone(&store), clients, client, started))).collect();
        let mut latencies = Vec::new();
        for task in tasks {
            latencies.extend(task.await??);
        }
        let seconds = started.elapsed().as_micros();
        latencies.sort_unstable();
        let per_second = latencies.len() as u128 * 1_000_000 / seconds;
        let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
        println!(
            "{engine:8} {clients:3} clients: {per_second:6} commits/s, p50 {:?}, p99 {:?}; {syncs} syncs/s, ratio {}.{:02}",
            at(50),
            at(99),
            per_second / syncs,
            per_second * 100 / syncs % 100
        );
        let stored = store.read_all(Position(before), 1, &event_store::Filter::default()).await?.head.0 - before;
        assert_eq!(stored, latencies.len() as u64 * 2, "every answered commit is in the log");
    }
    store.close().await;
    Ok(())
}

async fn client_run(
    store: Arc<dyn EventStore>,
    clients: usize,
    client: usize,
    started: Instant,
) -> Result<Vec<Duration>, Failure> {
    let payload = RawValue::from_string(format!(r#"{{"text":"{}"}}"#, "x".repeat(289)))?;
    let metadata = RawValue::from_string(r#"{"actor":"bench"}"#.to_owned())?;
    let (mut latencies, mut versions) = (Vec::new(), vec![0; STREAMS]);
    while started.elapsed() < RUN {
        let nth = latencies.len() % STREAMS;
        let event = || NewEvent {
            event_id: Uuid::now_v7(),
            event_type: "bench.happened".to_owned(),
            event_version: "1".to_owned(),
            payload: payload.clone(),
            metadata: metadata.clone(),
        };
        let commit = Commit {
            stream: StreamId::new("bench", &format!("{clients}-{client}-{nth}")),
            expected: versions[nth],
            events: vec![event(), event()],
            command: Some(CommandId { id: Uuid::new_v4().to_string(), fingerprint: "bench".to_owned() }),
            recorded_at: 0,
        };
        let asked = Instant::now();
        versions[nth] = store.append(commit).await?.sequence;
        latencies.push(asked.elapsed());
    }
    Ok(latencies)
}

/// Writes and syncs 4 KiB over and over, as a database with one client and nothing else to do would.
fn syncs_per_second(path: &Path) -> Result<u128, Failure> {
    let mut file = File::create(path)?;
    let (started, mut syncs) = (Instant::now(), 0);
    while started.elapsed() < SYNC_RUN {
        file.rewind()?;
        file.write_all(&[b'x'; 4096])?;
        file.sync_data()?;
        syncs += 1;
    }
    fs::remove_file(path)?;
    Ok(syncs * 1_000_000 / started.elapsed().as_micros())
}
