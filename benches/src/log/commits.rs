//! Durable commits: each client appends, waits for the answer, and goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use event_store::{CommandId, Commit, EventStore, NewEvent, StreamId};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::load;

/// How many events a commit holds.
pub(super) const EVENTS_EACH: usize = 2;
/// Each client spreads its commits over so many streams.
const STREAMS: usize = 100;
/// An event's payload with its braces and quotes: 300 bytes.
const TEXT_BYTES: usize = 289;

/// What clients achieved together.
pub(super) struct Commits {
    pub(super) per_second: f64,
    /// Ascending.
    pub(super) latencies: Vec<Duration>,
}

/// One client: its name, and how far its streams are.
struct Client {
    name: String,
    versions: Vec<u64>,
    next: usize,
}

/// Returns the payload of every event.
pub(super) fn payload() -> String {
    format!(r#"{{"text":"{}"}}"#, "x".repeat(TEXT_BYTES))
}

/// Makes so many events of one payload.
pub(super) fn events(payload: &RawValue, count: usize) -> anyhow::Result<Vec<NewEvent>> {
    let metadata = RawValue::from_string(r#"{"actor":"bench"}"#.to_owned())?;
    let event = || NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "bench.happened".to_owned(),
        event_version: "1".to_owned(),
        payload: payload.to_owned(),
        metadata: metadata.clone(),
    };
    Ok((0..count).map(|_| event()).collect())
}

/// Lets so many clients append for some time, each commit with a command id, and checks that all of it is in the log.
pub(super) async fn measure(store: &Arc<dyn EventStore>, count: usize, limit: Duration) -> anyhow::Result<Commits> {
    let run = Uuid::new_v4().simple().to_string();
    let client = |number| Client { name: format!("{run}-{number}"), versions: vec![0; STREAMS], next: 0 };
    let before = store.head().borrow().0;
    let payload = RawValue::from_string(payload())?;
    let done = {
        let store = store.clone();
        load::work((0..count).map(client).collect(), limit, move |client| {
            let (store, payload) = (store.clone(), payload.clone());
            async move { append(&*store, client, payload).await }
        })
        .await?
    };
    let after = store.read_all(event_store::Position(before), 1, &event_store::Filter::default()).await?.head.0;
    let expected = (done.results.len() * EVENTS_EACH) as u64;
    ensure!(after - before == expected, "{expected} events were acknowledged and {} are in the log", after - before);
    let (per_second, mut latencies) = (done.per_second(), done.results);
    latencies.sort_unstable();
    Ok(Commits { per_second, latencies })
}

async fn append(
    store: &dyn EventStore,
    mut client: Client,
    payload: Box<RawValue>,
) -> anyhow::Result<(Client, Duration)> {
    let nth = client.next % STREAMS;
    client.next += 1;
    let commit = Commit {
        stream: StreamId::new("bench", &format!("{}-{nth}", client.name)),
        expected: client.versions[nth],
        events: events(&payload, EVENTS_EACH)?,
        command: Some(CommandId { id: Uuid::new_v4().to_string(), fingerprint: "bench".to_owned() }),
        recorded_at: 0,
    };
    let asked = Instant::now();
    client.versions[nth] = store.append(commit).await?.sequence;
    Ok((client, asked.elapsed()))
}
