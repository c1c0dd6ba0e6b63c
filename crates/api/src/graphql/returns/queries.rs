//! Questions about returns.

use app::actor::Permission;
use async_graphql::{Context, Object, Result};
use futures_util::future::try_join_all;
use projections::Slice;

use super::types::{Return, ReturnStatus};
use crate::graphql::call::{Call, page_size};
use crate::graphql::connection::{Connection, PageInfo};
use crate::graphql::consistency::wait;
use crate::graphql::errors::failure;
use crate::graphql::order::status::stored_name;
use crate::graphql::reading::read_failure;

/// Questions about returns.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReturnQuery;

#[Object]
impl ReturnQuery {
    /// The shop's returns, the newest first. Needs `ORDERS_READ`; a shopper finds theirs at their orders.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn returns(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "How far they are.")] status: Option<ReturnStatus>,
    ) -> Result<Connection<Return>> {
        let call = Call::with(ctx, Permission::OrdersRead)?;
        let slice = Slice { after: after.as_deref(), first: page_size(first)? as u64 };
        let status = status.map(stored_name);
        wait(ctx, &["order"]).await?;
        let found = call.state.reads.orders().returns(status.as_deref(), slice).await.map_err(read_failure)?;
        let end_cursor = found.items.last().map(|edge| edge.cursor.clone());
        let page_info = PageInfo { has_next_page: found.has_next, end_cursor };
        let loads = found.items.iter().map(|edge| call.state.shop.bus.load::<domain::returns::Return>(&edge.node.id));
        let loaded = try_join_all(loads).await.map_err(failure)?;
        let nodes =
            found.items.iter().zip(loaded).map(|(edge, loaded)| Return::loaded(&edge.node.id, loaded)).collect();
        Ok(Connection { nodes, page_info })
    }
}
