//! Durable commits: each client appends, waits for the answer, and goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use event_store::{CommandId, Commit, EventStore, Filter, NewEvent, Position, StreamId};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::load;

/// How many events a commit holds.
pub(super) const EVENTS_EACH: usize = 2;
/// Each client spreads its commits over so many streams.
pub(super) const STREAMS: usize = 100;
/// What every event says of itself.
pub(super) const METADATA: &str = r#"{"actor":"bench"}"#;
/// An event's payload with its braces and quotes: 300 bytes.
const TEXT_BYTES: usize = 289;

/// Clients at work, and what they achieved together so far.
pub(super) struct Commits {
    store: Arc<dyn EventStore>,
    clients: Vec<Client>,
    payload: Box<RawValue>,
    /// The end of the log before the first commit.
    before: Position,
    latencies: Vec<Duration>,
    took: Duration,
}

/// One client: its name, how far its streams are, and whether its commits have command ids.
struct Client {
    name: String,
    versions: Vec<u64>,
    next: usize,
    keyed: bool,
}

/// Returns the payload of every event.
pub(super) fn payload() -> String {
    format!(r#"{{"text":"{}"}}"#, "x".repeat(TEXT_BYTES))
}

/// Makes so many events of one payload.
pub(super) fn events(payload: &RawValue, count: usize) -> anyhow::Result<Vec<NewEvent>> {
    let metadata = RawValue::from_string(METADATA.to_owned())?;
    let event = || NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "bench.happened".to_owned(),
        event_version: "1".to_owned(),
        payload: payload.to_owned(),
        metadata: metadata.clone(),
    };
    Ok((0..count).map(|_| event()).collect())
}

impl Commits {
    /// Gets so many clients ready. Those whose commits are `keyed` give each a command id.
    pub(super) fn new(store: &Arc<dyn EventStore>, count: usize, keyed: bool) -> anyhow::Result<Self> {
        let run = Uuid::new_v4().simple().to_string();
        let client = |number| Client { name: format!("{run}-{number}"), versions: vec![0; STREAMS], next: 0, keyed };
        Ok(Self {
            store: store.clone(),
            clients: (0..count).map(client).collect(),
            payload: RawValue::from_string(payload())?,
            before: *store.head().borrow(),
            latencies: Vec::new(),
            took: Duration::ZERO,
        })
    }

    /// Lets the clients append for some time.
    pub(super) async fn work(&mut self, limit: Duration) -> anyhow::Result<()> {
        let (store, payload) = (self.store.clone(), self.payload.clone());
        let done = load::work(std::mem::take(&mut self.clients), limit, move |client| {
            let (store, payload) = (store.clone(), payload.clone());
            async move { append(&*store, client, payload).await }
        })
        .await?;
        self.clients = done.clients;
        self.latencies.extend(done.results);
        self.took += done.took;
        Ok(())
    }

    /// Checks that all that was acknowledged is in the log, if nobody else appended. Puts the latencies in order.
    pub(super) async fn finish(&mut self) -> anyhow::Result<()> {
        let after = self.store.read_all(self.before, 1, &Filter::default()).await?.head.0;
        let (found, expected) = (after - self.before.0, (self.latencies.len() * EVENTS_EACH) as u64);
        ensure!(found == expected, "{expected} events were acknowledged and {found} are in the log");
        self.latencies.sort_unstable();
        Ok(())
    }

    /// Returns acknowledged commits a second.
    pub(super) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    /// Returns how long each commit took, ascending once they are finished.
    pub(super) fn latencies(&self) -> &[Duration] {
        &self.latencies
    }
}

async fn append(
    store: &dyn EventStore,
    mut client: Client,
    payload: Box<RawValue>,
) -> anyhow::Result<(Client, Duration)> {
    let nth = client.next % STREAMS;
    client.next += 1;
    let command = || CommandId { id: Uuid::new_v4().to_string(), fingerprint: "bench".to_owned() };
    let commit = Commit {
        stream: StreamId::new("bench", &format!("{}-{nth}", client.name)),
        expected: client.versions[nth],
        events: events(&payload, EVENTS_EACH)?,
        command: client.keyed.then(command),
        recorded_at: 0,
        epoch: None,
    };
    let asked = Instant::now();
    client.versions[nth] = store.append(commit).await?.sequence;
    Ok((client, asked.elapsed()))
}
