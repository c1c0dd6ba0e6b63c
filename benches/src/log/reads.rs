//! Reading: the whole feed, and single streams.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use event_store::{Commit, EventStore, Filter, PAGE_EVENTS_MAX, Position, StreamId};
use futures_util::TryStreamExt;
use serde_json::value::RawValue;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::commits;
use crate::engine::Engine;

/// How long the streams are that are read one by one.
pub(super) const STREAM_EVENTS: usize = 20;
/// How many of them there are, and how often one is read.
const STREAMS: usize = 500;
const READS: usize = 5_000;

/// How often the feed and the bare rows are read, in turns.
const TURNS: usize = 3;

const ROWS: &str =
    "SELECT position, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version, payload,
    metadata, recorded_at FROM events ORDER BY position";

/// What a reader of the whole log achieved.
#[derive(Default)]
pub(super) struct Feed {
    pub(super) events: u64,
    took: Duration,
}

impl Feed {
    pub(super) fn per_second(&self) -> f64 {
        self.events as f64 / self.took.as_secs_f64()
    }

    fn add(&mut self, again: &Feed) {
        self.events += again.events;
        self.took += again.took;
    }
}

/// Reads the whole log, and its bare rows, in turns. Returns both.
pub(super) async fn feed_and_rows(
    store: &dyn EventStore,
    engine: &Engine,
    folder: &Path,
) -> anyhow::Result<(Feed, Feed)> {
    let (mut of_log, mut of_engine) = (Feed::default(), Feed::default());
    for _ in 0..TURNS {
        of_log.add(&feed(store).await?);
        of_engine.add(&rows(engine, folder).await?);
    }
    Ok((of_log, of_engine))
}

/// What the engine's driver itself can do at most: all rows of the log by one statement, each thrown away as it comes.
async fn rows(engine: &Engine, folder: &Path) -> anyhow::Result<Feed> {
    let (begun, mut events) = (Instant::now(), 0);
    match engine {
        Engine::Sqlite => {
            let log = rusqlite::Connection::open(folder.join("log.sqlite"))?;
            let mut statement = log.prepare(ROWS)?;
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {
                events += 1;
            }
        }
        Engine::Postgres { url, .. } => {
            let mut connection = PgConnection::connect(url).await?;
            let mut rows = sqlx::query(ROWS).fetch(&mut connection);
            while rows.try_next().await?.is_some() {
                events += 1;
            }
        }
    }
    Ok(Feed { events, took: begun.elapsed() })
}

/// Reads the whole log, page by page.
pub(super) async fn feed(store: &dyn EventStore) -> anyhow::Result<Feed> {
    let (begun, mut after, mut events, mut bytes) = (Instant::now(), Position(0), 0, 0);
    loop {
        let page = store.read_all(after, PAGE_EVENTS_MAX, &Filter::default()).await?;
        events += page.events.len() as u64;
        bytes += page.events.iter().map(|event| event.payload.get().len()).sum::<usize>();
        if page.next >= page.head {
            break;
        }
        after = page.next;
    }
    ensure!(events == 0 || bytes > 0, "events without a byte");
    Ok(Feed { events, took: begun.elapsed() })
}

/// Reads streams whole, one after the other, in an order that no cache expects. Returns how long each took, ascending.
pub(super) async fn streams(store: &Arc<dyn EventStore>) -> anyhow::Result<Vec<Duration>> {
    let run = Uuid::new_v4().simple().to_string();
    let stream = |number: usize| StreamId::new("bench", &format!("{run}-{number}"));
    for number in 0..STREAMS {
        store.append(commit(stream(number))?).await?;
    }
    let mut times = Vec::with_capacity(READS);
    for nth in 0..READS {
        // A step that shares no factor with the count of streams visits all of them before any twice.
        let wanted = stream(nth * 211 % STREAMS);
        let begun = Instant::now();
        let read = store.read_stream(&wanted, 0, PAGE_EVENTS_MAX).await?;
        times.push(begun.elapsed());
        ensure!(read.len() == STREAM_EVENTS, "a stream of {STREAM_EVENTS} events has {}", read.len());
    }
    times.sort_unstable();
    Ok(times)
}

fn commit(stream: StreamId) -> anyhow::Result<Commit> {
    let events = commits::events(&RawValue::from_string(commits::payload())?, STREAM_EVENTS)?;
    Ok(Commit { stream, expected: 0, events, command: None, recorded_at: 0, epoch: None })
}
