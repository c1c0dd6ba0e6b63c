//! Questions about orders.

use app::actor::Permission;
use app::as_of::AsOf;
use async_graphql::{Context, Error, ID, Object, Result};
use projections::Slice;
use projections::order::OrderSearch;

use super::status::{OrderFulfilmentStatus, OrderPaymentStatus, OrderStatus, stored_name};
use super::types::{Order, load_order, load_orders};
use crate::graphql::as_of::{AsOfInput, resolve};
use crate::graphql::call::{Call, page_size};
use crate::graphql::cart::types::or_null;
use crate::graphql::connection::Connection;
use crate::graphql::consistency::wait;
use crate::graphql::reading::read_failure;
use crate::http::error::ErrorCode as FailureCode;

/// Questions about orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderQuery;

/// Finds an order that the actor may look at.
pub(crate) async fn find_order(call: Call<'_>, id: &str, as_of: AsOf) -> Result<Option<Order>> {
    let Ok(id) = id.parse() else { return Ok(None) };
    or_null(load_order(call, &id, as_of).await)
}

#[Object]
impl OrderQuery {
    /// An order by its id or by its number, as it is or as it was; null for an unknown one, for one that was not placed yet
    /// and for someone else's alike. Staff and auditors see any.
    async fn order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: Option<ID>,
        #[graphql(desc = "Its number as people say it.")] number: Option<String>,
        #[graphql(desc = "As it was then; left out, as it is.")] as_of: Option<AsOfInput>,
    ) -> Result<Option<Order>> {
        let call = Call::of(ctx)?;
        let as_of = resolve(call.state, as_of).await?;
        match (id, number) {
            (Some(id), None) => find_order(call, &id, as_of).await,
            (None, Some(number)) => {
                let reads = wait(ctx, &["order"]).await?;
                let number = number.trim().to_ascii_uppercase();
                let found = reads.orders().order_by_number(&number).await.map_err(read_failure)?;
                match found {
                    Some(order) => find_order(call, &order.summary.id, as_of).await,
                    None => Ok(None),
                }
            }
            (Some(_), Some(_)) | (None, None) => Err(one_of("id", "number")),
        }
    }

    /// The shop's orders, the newest first. Needs `ORDERS_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How far the order has come.")] status: Option<OrderStatus>,
        #[graphql(desc = "Where the money stands.")] payment_status: Option<OrderPaymentStatus>,
        #[graphql(desc = "Where the goods stand.")] fulfilment_status: Option<OrderFulfilmentStatus>,
    ) -> Result<Connection<Order>> {
        let call = Call::with(ctx, Permission::OrdersRead)?;
        let slice = Slice { after: after.as_deref(), first: page_size(first)? as u64 };
        let (status, payment, fulfilment) =
            (status.map(stored_name), payment_status.map(stored_name), fulfilment_status.map(stored_name));
        let search = OrderSearch {
            order_status: status.as_deref(),
            payment_status: payment.as_deref(),
            fulfilment_status: fulfilment.as_deref(),
            number: None,
        };
        let reads = wait(ctx, &["order"]).await?;
        let found = reads.orders().search(search, slice).await.map_err(read_failure)?;
        load_orders(call, found).await
    }
}

/// Says that exactly one of two arguments is needed.
pub(crate) fn one_of(left: &str, right: &str) -> Error {
    FailureCode::BadRequest.error(format!("pass either {left} or {right}"))
}
