//! What happened to an order, as a read model tells it: no personal data.

use async_graphql::{ID, Result, SimpleObject, Value};
use domain::values::Timestamp;
use projections::{ReadModels, Slice};

use crate::graphql::connection::{Connection, PageInfo};
use crate::graphql::errors::internal;
use crate::graphql::reading::read_failure;
use crate::graphql::scalars::{DateTime, Json, Position};

/// Something that happened to an order.
#[derive(Clone, Debug, SimpleObject)]
pub struct TimelineEntry {
    /// Its place in the log.
    pub position: Position,
    /// When.
    pub time: DateTime,
    /// The stored name of the event, such as `payment.captured`.
    #[graphql(name = "type")]
    pub event_type: String,
    /// What it happened to: an order, a payment, a fulfilment or a return.
    pub stream_kind: String,
    /// Which one.
    pub stream_id: ID,
    /// What kind of actor caused it.
    pub actor_kind: Option<String>,
    /// Codes, amounts, counts and ids.
    pub detail: Json,
}

/// Reads a page of an order's timeline.
pub(super) async fn timeline(reads: &ReadModels, order: &str, slice: Slice<'_>) -> Result<Connection<TimelineEntry>> {
    let found = reads.orders().timeline(order, slice).await.map_err(read_failure)?;
    let end_cursor = found.items.last().map(|edge| edge.cursor.clone());
    let page_info = PageInfo { has_next_page: found.has_next, end_cursor };
    let mut nodes = Vec::with_capacity(found.items.len());
    for edge in found.items {
        let entry = edge.node;
        nodes.push(TimelineEntry {
            position: Position(u64::try_from(entry.position).unwrap_or_default()),
            time: Timestamp::from_micros(entry.at).into(),
            event_type: entry.event_type,
            stream_kind: entry.stream_kind,
            stream_id: ID(entry.stream_id),
            actor_kind: entry.actor_kind,
            detail: Json(serde_json::from_str::<Value>(&entry.detail_json).map_err(internal)?),
        });
    }
    Ok(Connection { nodes, page_info })
}
