//! An event as a line, and a line as an event.
//!
//! `jsonl`: the event as the log holds it; payload and metadata are texts, so that their bytes stay what they were.
//!
//! `cloudevents`: CloudEvents 1.0 in JSON. `data` is the stored text itself, or `data_base64` where it holds a line break;
//! `metadata` is the stored text. `sequence` and `partitionkey` are the extensions of these names, `correlationid` and
//! `causationid` those of the correlation extension; `actor`, `position`, `streamkind`, `streamid` and `dataversion` are ours.
//! Numbers are texts: CloudEvents has no integers beyond 32 bits.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event_store::{Position, RecordedEvent, StreamId};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use uuid::Uuid;

const CLOUD_EVENTS: &str = "1.0";
const JSON: &str = "application/json";
const MICROSECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CloudEvents 1.0.
    CloudEvents,
    /// As the log holds it.
    Jsonl,
}

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
    payload: String,
    metadata: String,
}

#[derive(Serialize, Deserialize)]
struct CloudEvent {
    specversion: String,
    id: Uuid,
    source: String,
    #[serde(rename = "type")]
    event_type: String,
    subject: String,
    time: String,
    datacontenttype: String,
    dataversion: String,
    position: String,
    sequence: String,
    partitionkey: String,
    streamkind: String,
    streamid: String,
    #[serde(flatten)]
    told: Told,
    metadata: String,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    data: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_base64: Option<String>,
}

/// Reads a value that is there, `null` too.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// What readers of CloudEvents look for outside of the metadata.
#[derive(Default, Serialize, Deserialize)]
struct Told {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlationid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    causationid: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    actor_kind: Option<String>,
    actor_id: Option<String>,
    correlation_id: Option<String>,
    causation_id: Option<String>,
}

/// Writes an event as a line, without the line break.
pub(super) fn line(event: &RecordedEvent, format: Format) -> anyhow::Result<String> {
    let text = match format {
        Format::Jsonl => serde_json::to_string(&plain(event)),
        Format::CloudEvents => return cloud_event(event),
    };
    text.context("an event cannot be written")
}

fn plain(event: &RecordedEvent) -> Line {
    Line {
        position: event.position.0,
        stream_kind: event.stream.kind.to_string(),
        stream_id: event.stream.id.to_string(),
        sequence: event.sequence,
        event_id: event.event_id,
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        recorded_at: event.recorded_at,
        payload: event.payload.get().to_owned(),
        metadata: event.metadata.get().to_owned(),
    }
}

fn cloud_event(event: &RecordedEvent) -> anyhow::Result<String> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(event.recorded_at) * 1_000)?;
    let said: Metadata = serde_json::from_str(event.metadata.get()).context("the metadata cannot be read")?;
    let actor = said.actor_kind.zip(said.actor_id).map(|(kind, id)| format!("{kind}/{id}"));
    let told = Told { actor, correlationid: said.correlation_id, causationid: said.causation_id };
    let breaks = event.payload.get().contains(['\n', '\r']);
    let cloud_event = CloudEvent {
        specversion: CLOUD_EVENTS.to_owned(),
        id: event.event_id,
        source: format!("/streams/{}", event.stream.kind),
        event_type: event.event_type.clone(),
        subject: event.stream.id.to_string(),
        time: moment.format(MICROSECONDS)?,
        datacontenttype: JSON.to_owned(),
        dataversion: event.event_version.clone(),
        position: event.position.to_string(),
        sequence: event.sequence.to_string(),
        partitionkey: event.stream.to_string(),
        streamkind: event.stream.kind.to_string(),
        streamid: event.stream.id.to_string(),
        told,
        metadata: event.metadata.get().to_owned(),
        data: (!breaks).then(|| event.payload.clone()),
        data_base64: breaks.then(|| STANDARD.encode(event.payload.get())),
    };
    serde_json::to_string(&cloud_event).context("an event cannot be written")
}

/// Reads a line of either format.
pub(super) fn event(line: &str) -> anyhow::Result<RecordedEvent> {
    let plain = if line.contains("\"specversion\"") { of_cloud_event(line)? } else { serde_json::from_str(line)? };
    Ok(RecordedEvent {
        position: Position(plain.position),
        stream: StreamId::new(&plain.stream_kind, &plain.stream_id),
        sequence: plain.sequence,
        event_id: plain.event_id,
        event_type: plain.event_type,
        event_version: plain.event_version,
        payload: RawValue::from_string(plain.payload).context("the payload is no JSON")?,
        metadata: RawValue::from_string(plain.metadata).context("the metadata is no JSON")?,
        recorded_at: plain.recorded_at,
    })
}

fn of_cloud_event(line: &str) -> anyhow::Result<Line> {
    let event: CloudEvent = match serde_json::from_str(line) {
        Ok(event) => event,
        // A payload of the other format may hold the word.
        Err(error) => return serde_json::from_str(line).map_err(|_| error.into()),
    };
    anyhow::ensure!(event.specversion == CLOUD_EVENTS, "specversion {} is not {CLOUD_EVENTS}", event.specversion);
    let moment = OffsetDateTime::parse(&event.time, &Rfc3339).context("time")?;
    let payload = match (event.data, event.data_base64) {
        (Some(text), None) => text.get().to_owned(),
        (None, Some(text)) => {
            String::from_utf8(STANDARD.decode(text).context("data_base64")?).context("data_base64")?
        }
        _ => anyhow::bail!("either data or data_base64 is needed"),
    };
    Ok(Line {
        position: event.position.parse().context("position")?,
        stream_kind: event.streamkind,
        stream_id: event.streamid,
        sequence: event.sequence.parse().context("sequence")?,
        event_id: event.id,
        event_type: event.event_type,
        event_version: event.dataversion,
        recorded_at: i64::try_from(moment.unix_timestamp_nanos() / 1_000).context("time")?,
        payload,
        metadata: event.metadata,
    })
}
