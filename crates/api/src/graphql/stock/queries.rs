//! Questions about stock.

use app::actor::Permission;
use async_graphql::{Context, Object, Result};
use projections::Slice;

use super::types::StockLevel;
use crate::graphql::call::{Call, page_size};
use crate::graphql::connection::{Connection, PageInfo};
use crate::graphql::consistency::wait;
use crate::graphql::reading::read_failure;

/// Questions about stock.
#[derive(Clone, Copy, Debug, Default)]
pub struct StockQuery;

#[Object]
impl StockQuery {
    /// The levels of a SKU, by location. Needs `STOCK_WRITE`.
    async fn stock(&self, ctx: &Context<'_>, sku: String) -> Result<Vec<StockLevel>> {
        let call = Call::with(ctx, Permission::StockWrite)?;
        wait(ctx, &["availability"]).await?;
        let levels = call.state.reads.availability().levels(&[&sku]).await.map_err(read_failure)?;
        Ok(levels.into_iter().map(Into::into).collect())
    }

    /// All levels, by SKU and location. Needs `STOCK_WRITE`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn stock_levels(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 50, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Only of this location.")] location: Option<String>,
    ) -> Result<Connection<StockLevel>> {
        let call = Call::with(ctx, Permission::StockWrite)?;
        let slice = Slice { after: after.as_deref(), first: page_size(first)? as u64 };
        wait(ctx, &["availability"]).await?;
        let found = call.state.reads.availability().list(location.as_deref(), slice).await.map_err(read_failure)?;
        let end_cursor = found.items.last().map(|edge| edge.cursor.clone());
        let page_info = PageInfo { has_next_page: found.has_next, end_cursor };
        let nodes = found.items.into_iter().map(|edge| edge.node.into()).collect();
        Ok(Connection { nodes, page_info })
    }
}
