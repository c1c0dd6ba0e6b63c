//! A claim: the whole commit of a command, as one event in the command's own stream. See [`crate::append`].

use event_store::{BoxError, CommandId, CommandRecord, Commit, NewEvent, Position, StoreError, StreamId};
use eventstore::EventData;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The stored name of a claim; for ever.
const EVENT_TYPE: &str = "command.claimed";

/// A claim on its way into its stream.
#[derive(Serialize)]
pub(crate) struct Claim<'a> {
    command: &'a str,
    fingerprint: &'a str,
    kind: &'a str,
    id: &'a str,
    expected: u64,
    recorded_at: i64,
    events: Vec<ClaimedEvent<'a>>,
}

#[derive(Serialize)]
struct ClaimedEvent<'a> {
    event_id: Uuid,
    event_type: &'a str,
    event_version: &'a str,
    payload: &'a RawValue,
    metadata: &'a RawValue,
}

impl<'a> Claim<'a> {
    /// Makes the claim of a command.
    pub(crate) fn of(commit: &'a Commit, command: &'a CommandId) -> Self {
        let events = commit.events.iter().map(|event| ClaimedEvent {
            event_id: event.event_id,
            event_type: &event.event_type,
            event_version: &event.event_version,
            payload: &event.payload,
            metadata: &event.metadata,
        });
        Self {
            command: &command.id,
            fingerprint: &command.fingerprint,
            kind: &commit.stream.kind,
            id: &commit.stream.id,
            expected: commit.expected,
            recorded_at: commit.recorded_at,
            events: events.collect(),
        }
    }

    /// Makes an event of it, of an id of its own: no two claims are the same, and each is recognised when it is repeated.
    pub(crate) fn wrap(&self) -> Result<EventData, BoxError> {
        Ok(EventData::json(EVENT_TYPE, self)?.id(Uuid::now_v7()))
    }
}

/// A claim that was read back.
#[derive(Debug)]
pub(crate) struct Claimed {
    pub(crate) command: CommandId,
    pub(crate) commit: Commit,
}

#[derive(Deserialize)]
struct Stored {
    command: String,
    fingerprint: String,
    kind: String,
    id: String,
    expected: u64,
    recorded_at: i64,
    events: Vec<StoredEvent>,
}

#[derive(Deserialize)]
struct StoredEvent {
    event_id: Uuid,
    event_type: String,
    event_version: String,
    payload: Box<RawValue>,
    metadata: Box<RawValue>,
}

impl Claimed {
    /// Reads a claim.
    pub(crate) fn unwrap(stored: &eventstore::RecordedEvent) -> Result<Self, StoreError> {
        let stream = stored.stream_id();
        let read: Result<Stored, _> = serde_json::from_slice(&stored.data);
        let claim = read.map_err(|error| StoreError::Corrupt(format!("a claim in {stream}: {error}")))?;
        if claim.events.is_empty() {
            return Err(StoreError::Corrupt(format!("a claim in {stream} holds no event")));
        }
        let events = claim.events.into_iter().map(|event| NewEvent {
            event_id: event.event_id,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: event.payload,
            metadata: event.metadata,
        });
        let command = CommandId { id: claim.command, fingerprint: claim.fingerprint };
        let commit = Commit {
            stream: StreamId::new(&claim.kind, &claim.id),
            expected: claim.expected,
            events: events.collect(),
            command: Some(command.clone()),
            recorded_at: claim.recorded_at,
            epoch: None,
        };
        Ok(Self { command, commit })
    }

    /// Returns the record of the command, once it has landed. `position` is its last event's.
    pub(crate) fn record(&self, position: Position) -> CommandRecord {
        let events = u64::try_from(self.commit.events.len()).unwrap_or(u64::MAX);
        CommandRecord {
            fingerprint: self.command.fingerprint.clone(),
            stream: self.commit.stream.clone(),
            sequence_first: self.commit.expected + 1,
            sequence_last: self.commit.expected + events,
            position,
        }
    }
}
