//! What this machine can do at most: durable commits of the very events that journeys wrote, and bare syncs of its disk.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use event_store::{
    CommandId, Commit, EventStore, Filter, NewEvent, PAGE_EVENTS_MAX, Position, RecordedEvent, StreamId,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::load;
use crate::report::CommitLimit;

/// How many clients append at once.
const CLIENTS: usize = 32;
/// How long commits are measured.
const COMMITTING: Duration = Duration::from_secs(5);
/// What one sync writes, bytes.
const SYNC_BYTES: usize = 4_096;
/// The first event of the one command of a journey that carries an idempotency key.
const KEYED_EVENT: &str = "cart.checkout_started";

/// What one journey wrote, commit by commit, in the order of the log.
type Journey = Vec<Vec<Arc<RecordedEvent>>>;

/// What an event says of the conversation and of the command that it belongs to.
#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    correlation_id: String,
    #[serde(default)]
    command_id: String,
}

/// Reads what these carts' journeys wrote.
///
/// A commit is what stands together in the log: one stream, one moment, one command. Its events may name different causes.
async fn journeys(store: &dyn EventStore, carts: &HashSet<&str>) -> anyhow::Result<Vec<Journey>> {
    let mut found = BTreeMap::<String, Journey>::new();
    let (mut after, mut last) = (Position(0), None::<(Arc<RecordedEvent>, String)>);
    loop {
        let page = store.read_all(after, PAGE_EVENTS_MAX, &Filter::default()).await?;
        for event in page.events {
            let Said { correlation_id, command_id } = serde_json::from_str(event.metadata.get())?;
            if !carts.contains(correlation_id.as_str()) {
                last = None;
                continue;
            }
            let is_of_last =
                |(last, command): &(Arc<RecordedEvent>, String)| *command == command_id && is_together(last, &event);
            let journey = found.entry(correlation_id).or_default();
            match journey.last_mut() {
                Some(commit) if last.as_ref().is_some_and(is_of_last) => commit.push(event.clone()),
                _ => journey.push(vec![event.clone()]),
            }
            last = Some((event, command_id));
        }
        if page.next >= page.head {
            return Ok(found.into_values().collect());
        }
        after = page.next;
    }
}

fn is_together(last: &RecordedEvent, event: &RecordedEvent) -> bool {
    last.stream == event.stream && last.recorded_at == event.recorded_at && last.position.0 + 1 == event.position.0
}

/// Appends what these carts' journeys wrote again, to streams of new names, by many clients at once and with nothing else
/// to do.
///
/// # Errors
/// When the log cannot be read or written.
pub async fn commits(store: Arc<dyn EventStore>, carts: &HashSet<&str>) -> anyhow::Result<CommitLimit> {
    let journeys = journeys(&*store, carts).await?;
    ensure!(!journeys.is_empty(), "no journey is in the log");
    let count = journeys.len() as f64;
    let commits = || journeys.iter().flatten();
    let bytes = |event: &Arc<RecordedEvent>| event.payload.get().len() + event.metadata.get().len();
    let (commits_each, events_each, bytes_each) = (
        commits().count() as f64 / count,
        commits().flatten().count() as f64 / count,
        commits().flatten().map(bytes).sum::<usize>() as f64 / count,
    );
    let (journeys, next) = (Arc::new(journeys), Arc::new(AtomicUsize::new(0)));
    let clients = vec![(); CLIENTS];
    let done = load::work(clients, COMMITTING, move |()| {
        let (store, journeys, turn) = (store.clone(), journeys.clone(), next.fetch_add(1, Ordering::Relaxed));
        async move { Ok(((), replay(&*store, &journeys[turn % journeys.len()], turn).await?)) }
    })
    .await?;
    let per_second = done.results.iter().sum::<usize>() as f64 / done.took.as_secs_f64();
    Ok(CommitLimit { clients: CLIENTS, per_second, commits_each, events_each, bytes_each })
}

/// Appends one journey's commits, one after the other. Returns how many.
async fn replay(store: &dyn EventStore, journey: &Journey, turn: usize) -> anyhow::Result<usize> {
    let mut versions = HashMap::<StreamId, u64>::new();
    for events in journey {
        let first = events.first().context("a commit without events")?;
        let stream = StreamId::new(&first.stream.kind, &format!("{}-{turn}", first.stream.id));
        let command = (first.event_type == KEYED_EVENT)
            .then(|| CommandId { id: format!("{stream}/replayed"), fingerprint: "replayed".to_owned() });
        let expected = versions.get(&stream).copied().unwrap_or_default();
        let (events, recorded_at) = (events.iter().map(|event| again(event)).collect(), first.recorded_at);
        let commit = Commit { stream: stream.clone(), expected, events, command, recorded_at, epoch: None };
        let appended = store.append(commit).await?;
        versions.insert(stream, appended.sequence);
    }
    Ok(journey.len())
}

fn again(event: &RecordedEvent) -> NewEvent {
    NewEvent {
        event_id: Uuid::now_v7(),
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload: event.payload.clone(),
        metadata: event.metadata.clone(),
    }
}

/// Writes 4 KiB over and over for some time, each synced before the next, as a log with one client and nothing else to do
/// would.
///
/// # Errors
/// When the file cannot be written.
pub fn syncs_per_second(folder: &Path, limit: Duration) -> anyhow::Result<f64> {
    let path = folder.join("sync");
    let mut file = File::create(&path)?;
    let (begun, mut syncs) = (Instant::now(), 0_u32);
    while begun.elapsed() < limit {
        file.rewind()?;
        file.write_all(&[b'x'; SYNC_BYTES])?;
        file.sync_data()?;
        syncs += 1;
    }
    let per_second = f64::from(syncs) / begun.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(per_second)
}
