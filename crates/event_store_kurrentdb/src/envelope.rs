//! Events as KurrentDB holds them: the payload is the data, byte for byte; what KurrentDB has no place for is beside our
//! metadata in its custom metadata, a JSON object `{ version, recorded_at, event_id?, metadata }`.

use event_store::{BoxError, NewEvent, Position, RecordedEvent, StoreError};
use eventstore::EventData;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::names::Names;

#[derive(Serialize)]
struct Written<'a> {
    version: &'a str,
    recorded_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<Uuid>,
    metadata: &'a RawValue,
}

#[derive(Deserialize)]
struct Read {
    version: String,
    recorded_at: i64,
    event_id: Option<Uuid>,
    metadata: Box<RawValue>,
}

/// Makes an event for KurrentDB. `id` is what KurrentDB recognises a repeat by; our own event id is kept beside it where
/// it is another one.
pub(crate) fn wrap(event: &NewEvent, id: Uuid, recorded_at: i64) -> Result<EventData, BoxError> {
    let event_id = (event.event_id != id).then_some(event.event_id);
    let beside = Written { version: &event.event_version, recorded_at, event_id, metadata: &event.metadata };
    Ok(EventData::json(&event.event_type, &event.payload)?.id(id).metadata_as_json(&beside)?)
}

/// Reads an event of KurrentDB.
pub(crate) fn unwrap(names: &Names, stored: &eventstore::RecordedEvent) -> Result<RecordedEvent, StoreError> {
    let name = stored.stream_id();
    let damaged =
        |what: &dyn std::fmt::Display| StoreError::Corrupt(format!("event {} of {name}: {what}", stored.revision));
    let Read { version, recorded_at, event_id, metadata } =
        serde_json::from_slice(&stored.custom_metadata).map_err(|error| damaged(&error))?;
    let payload = String::from_utf8(stored.data.to_vec()).map_err(|error| damaged(&error))?;
    Ok(RecordedEvent {
        position: position(stored)?,
        stream: names.parse(name)?,
        sequence: stored.revision + 1,
        event_id: event_id.unwrap_or(stored.id),
        event_type: stored.event_type.clone(),
        event_version: version,
        payload: RawValue::from_string(payload).map_err(|error| damaged(&error))?,
        metadata,
        recorded_at,
    })
}

/// Returns an event's position. Events of explicit transactions share a commit position; we write none of those.
pub(crate) fn position(stored: &eventstore::RecordedEvent) -> Result<Position, StoreError> {
    let eventstore::Position { commit, prepare } = stored.position;
    if commit != prepare {
        let reason = format!("event {} of {} was not written by us", stored.revision, stored.stream_id());
        return Err(StoreError::Corrupt(reason));
    }
    Ok(Position(commit))
}
