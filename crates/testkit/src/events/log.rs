//! A whole log as a text: a line of JSON for each event, in order of position.

use event_store::{
    AppendError, Commit, EventStore, Filter, NewEvent, PAGE_EVENTS_MAX, Position, RecordedEvent, StreamId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// One event. Payload and metadata are the stored bytes.
#[derive(Serialize, Deserialize)]
struct Line {
    position: u64,
    stream_kind: String,
    stream_id: String,
    sequence: u64,
    event_id: Uuid,
    event_type: String,
    event_version: String,
    recorded_at: i64,
    payload: Box<RawValue>,
    metadata: Box<RawValue>,
}

/// Writes a log as lines.
///
/// # Panics
/// When the log cannot be read.
pub async fn to_lines(store: &dyn EventStore) -> String {
    let (mut text, mut after) = (String::new(), Position(0));
    loop {
        let page = store.read_all(after, PAGE_EVENTS_MAX, &Filter::default()).await.expect("the log reads");
        for event in &page.events {
            text += &serde_json::to_string(&line_of(event)).expect("a line is JSON");
            text.push('\n');
        }
        if page.next >= page.head {
            return text;
        }
        after = page.next;
    }
}

fn line_of(event: &RecordedEvent) -> Line {
    Line {
        position: event.position.0,
        stream_kind: event.stream.kind.to_string(),
        stream_id: event.stream.id.to_string(),
        sequence: event.sequence,
        event_id: event.event_id,
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        recorded_at: event.recorded_at,
        payload: event.payload.clone(),
        metadata: event.metadata.clone(),
    }
}

/// Appends the lines of a log to an empty one: every event gets the position it had.
///
/// # Panics
/// When a line is none of a log, or the log is not empty.
pub async fn append_lines(store: &dyn EventStore, text: &str) {
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).expect("a line of a log");
        let appended = append(store, &line).await.expect("the log takes it");
        assert_eq!((appended.position.0, appended.sequence), (line.position, line.sequence), "the log was not empty");
    }
}

async fn append(store: &dyn EventStore, line: &Line) -> Result<event_store::Appended, AppendError> {
    let event = NewEvent {
        event_id: line.event_id,
        event_type: line.event_type.clone(),
        event_version: line.event_version.clone(),
        payload: line.payload.clone(),
        metadata: line.metadata.clone(),
    };
    let stream = StreamId::new(&line.stream_kind, &line.stream_id);
    let (expected, recorded_at) = (line.sequence - 1, line.recorded_at);
    let events = vec![event];
    store.append(Commit { stream, expected, events, command: None, recorded_at, epoch: None }).await
}
