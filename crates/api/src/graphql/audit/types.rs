//! An event as the log holds it.

use async_graphql::{ID, SimpleObject};

use crate::graphql::scalars::{DateTime, Json, Position};

/// An event as the log holds it. Personal data is sealed.
#[derive(Clone, Debug, SimpleObject)]
pub struct Event {
    /// Unique in the log.
    pub id: ID,
    /// Its place in the log.
    pub position: Position,
    /// Its stream: kind and id.
    pub stream: String,
    /// The kind of its stream, such as `order`.
    pub stream_kind: String,
    /// What the stream is about.
    pub stream_id: ID,
    /// Its place in its stream, from 1.
    pub version: u64,
    /// The stored name, such as `order.placed`.
    #[graphql(name = "type")]
    pub event_type: String,
    /// The version of its payload's schema.
    pub schema_version: String,
    /// When it was stored.
    pub time: DateTime,
    /// What kind of actor caused it.
    pub actor_kind: String,
    /// Which actor caused it.
    pub actor_id: String,
    /// The conversation it belongs to: the same from the first click to the refund.
    pub correlation_id: String,
    /// The event or request that led to it.
    pub causation_id: Option<String>,
    /// The command that wrote it.
    pub command_id: String,
    /// Why, in the words of whoever acted, where the event holds any.
    pub reason: Option<String>,
    /// What happened.
    pub data: Json,
}
