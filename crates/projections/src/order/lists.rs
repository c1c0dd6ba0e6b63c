//! Lists of orders, newest first, and the timeline of one.

use super::queries::{OrderQueries, OrderSummary, ReturnView, to_return, to_summary};
use super::tables::{ORDER_RETURNS, ORDER_TIMELINE, ORDERS};
use crate::rows::{Direction, Page, Query, ReadError, Row};
use crate::views::{Edge, Slice, owned, page};

/// Which orders staff look for. What is not named does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderSearch<'a> {
    /// How far the order has come.
    pub order_status: Option<&'a str>,
    /// Where the money stands.
    pub payment_status: Option<&'a str>,
    /// Where the goods stand.
    pub fulfilment_status: Option<&'a str>,
    /// How the number begins.
    pub number: Option<&'a str>,
}

/// Something that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Its position in the log.
    pub position: i64,
    /// Microseconds since 1970.
    pub at: i64,
    /// The stored name of the event.
    pub event_type: String,
    /// The kind of its stream.
    pub stream_kind: String,
    /// The id of its stream.
    pub stream_id: String,
    /// What kind of actor caused it.
    pub actor_kind: Option<String>,
    /// Which actor caused it.
    pub actor_id: Option<String>,
    /// Codes, amounts, counts and ids: a JSON object without personal data.
    pub detail_json: String,
}

impl OrderQueries<'_> {
    /// Lists the orders of a customer, newest first.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails or the cursor is of another list.
    pub async fn of_customer(&self, customer: &str, slice: Slice<'_>) -> Result<Page<Edge<OrderSummary>>, ReadError> {
        self.list(Query::of(&ORDERS).equals("customer_id", customer), slice).await
    }

    /// Lists the orders of the shop, newest first.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails or the cursor is of another list.
    pub async fn search(
        &self,
        search: OrderSearch<'_>,
        slice: Slice<'_>,
    ) -> Result<Page<Edge<OrderSummary>>, ReadError> {
        let mut query = Query::of(&ORDERS)
            .equals_if("order_status", search.order_status)
            .equals_if("payment_status", search.payment_status)
            .equals_if("fulfilment_status", search.fulfilment_status);
        if let Some(number) = search.number {
            query = query.starts_with("number", number);
        }
        self.list(query, slice).await
    }

    /// Lists the returns of the shop in one status, or all of them, newest first.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails or the cursor is of another list.
    pub async fn returns(&self, status: Option<&str>, slice: Slice<'_>) -> Result<Page<Edge<ReturnView>>, ReadError> {
        let query = Query::of(&ORDER_RETURNS).equals_if("status", status);
        let found = page(self.store, query, &["opened_at", "id"], Direction::Descending, slice).await?;
        found.try_map(|edge| Ok(Edge { node: to_return(&edge.node)?, cursor: edge.cursor }))
    }

    /// Lists what happened to an order, oldest first.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails or the cursor is of another list.
    pub async fn timeline(&self, order: &str, slice: Slice<'_>) -> Result<Page<Edge<TimelineEntry>>, ReadError> {
        let query = Query::of(&ORDER_TIMELINE).equals("order_id", order);
        let found = page(self.store, query, &["position"], Direction::Ascending, slice).await?;
        found.try_map(|edge| Ok(Edge { node: to_entry(&edge.node)?, cursor: edge.cursor }))
    }

    async fn list(&self, query: Query, slice: Slice<'_>) -> Result<Page<Edge<OrderSummary>>, ReadError> {
        let found = page(self.store, query, &["placed_at", "id"], Direction::Descending, slice).await?;
        found.try_map(|edge| Ok(Edge { node: to_summary(&edge.node)?, cursor: edge.cursor }))
    }
}

fn to_entry(row: &Row) -> Result<TimelineEntry, ReadError> {
    Ok(TimelineEntry {
        position: row.int("position")?,
        at: row.int("at")?,
        event_type: row.text("event_type")?.to_owned(),
        stream_kind: row.text("stream_kind")?.to_owned(),
        stream_id: row.text("stream_id")?.to_owned(),
        actor_kind: owned(row.text_or_null("actor_kind")?),
        actor_id: owned(row.text_or_null("actor_id")?),
        detail_json: row.text("detail_json")?.to_owned(),
    })
}
