//! Reading: the whole feed, and single streams.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use event_store::{Commit, EventStore, Filter, PAGE_EVENTS_MAX, Position, StreamId};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::commits;

/// How long the streams are that are read one by one.
pub(super) const STREAM_EVENTS: usize = 20;
/// How many of them there are, and how often one is read.
const STREAMS: usize = 500;
const READS: usize = 5_000;

/// What a reader of the whole log achieved.
pub(super) struct Feed {
    pub(super) events: u64,
    pub(super) per_second: f64,
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
    Ok(Feed { events, per_second: events as f64 / begun.elapsed().as_secs_f64() })
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
    Ok(Commit { stream, expected: 0, events, command: None, recorded_at: 0 })
}
