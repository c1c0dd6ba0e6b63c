//! An order's changes as they happen.

use async_graphql::{Context, ID, Result, SimpleObject, Subscription};
use futures_util::{Stream, StreamExt};

use super::types::Order;
use crate::graphql::audit::types::Event;
use crate::graphql::call::Call;
use crate::graphql::checkout::end_of_log;
use crate::graphql::errors::failure;
use crate::graphql::log::follow;
use crate::graphql::scalars::{DateTime, Position};
use crate::http::error::ErrorCode as FailureCode;

/// The streams whose events change what an order shows.
const KINDS: [&str; 4] = ["order", "payment", "fulfilment", "return"];

/// Something that happened to an order.
#[derive(Clone, Debug, SimpleObject)]
pub struct OrderChange {
    /// Pass it as `after` to go on behind this change.
    pub position: Position,
    /// When.
    pub time: DateTime,
    /// The stored name of the event, such as `payment.captured`.
    #[graphql(name = "type")]
    pub event_type: String,
    /// The order as it is now, which may be further than this change.
    pub order: Order,
}

/// An order's changes as they happen.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderSubscription;

#[Subscription]
impl OrderSubscription {
    /// What happens to an order, its payments, parcels and returns, from now on or after a position: first what is
    /// there, then what comes. One's own order, or any for staff.
    async fn order_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] id: ID,
        #[graphql(desc = "Begin after this position; left out, now.")] after: Option<Position>,
    ) -> Result<impl Stream<Item = Result<OrderChange>> + use<>> {
        let call = Call::of(ctx)?;
        let unknown = || FailureCode::BadRequest.error("there is no such order");
        let id: domain::values::OrderId = id.parse().map_err(|_| unknown())?;
        // Begin before the order is looked at: nothing that happens meanwhile is missed.
        let after = after.unwrap_or_else(|| end_of_log(call));
        let found = app::order::find(&call.state.shop, call.actor, &id).await;
        let found = crate::graphql::cart::types::or_null(found)?.ok_or_else(unknown)?;
        let correlation = found.state.sale().map(|sale| sale.cart.to_string()).unwrap_or_default();
        let is_about =
            move |event: &Event| event.correlation_id == correlation && KINDS.contains(&event.stream_kind.as_str());
        let shop = call.state.shop.clone();
        let changes = follow(shop.clone(), after, is_about).then(move |event| {
            let (shop, id) = (shop.clone(), id.clone());
            async move {
                let event = event.map_err(failure)?;
                let loaded = shop.bus.load::<domain::order::Order>(id.as_str()).await.map_err(failure)?;
                let order = Order::loaded(id.as_str(), loaded);
                Ok(OrderChange { position: event.position, time: event.time, event_type: event.event_type, order })
            }
        });
        Ok(changes)
    }
}
