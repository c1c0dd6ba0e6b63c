//! Questions about stock.

use app::actor::Permission;
use app::as_of::AsOf;
use async_graphql::{Context, Object, Result};
use projections::Slice;

use super::types::StockLevel;
use crate::graphql::as_of::{AsOfInput, resolve};
use crate::graphql::call::{Call, page_size};
use crate::graphql::connection::{Connection, PageInfo};
use crate::graphql::consistency::wait;
use crate::graphql::errors::failure;
use crate::graphql::reading::read_failure;

/// Questions about stock.
#[derive(Clone, Copy, Debug, Default)]
pub struct StockQuery;

/// Folds the levels of a SKU from the log.
async fn levels_as_of(call: Call<'_>, sku: &str, as_of: AsOf) -> Result<Vec<StockLevel>> {
    let Ok(sku) = sku.parse() else { return Ok(Vec::new()) };
    let levels = app::stock::levels(&call.state.shop, &sku, as_of).await.map_err(failure)?;
    let shown = levels.into_iter().map(|(location, level)| StockLevel::past(&sku, &location, &level, as_of));
    Ok(shown.collect())
}

#[Object]
impl StockQuery {
    /// The levels of a SKU, by location, as they are or as they were. Needs `STOCK_WRITE` or `AUDIT_READ`.
    async fn stock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The SKU.")] sku: String,
        #[graphql(desc = "As they were then; left out, as they are.")] as_of: Option<AsOfInput>,
    ) -> Result<Vec<StockLevel>> {
        let call = Call::with_either(ctx, Permission::StockWrite, Permission::AuditRead)?;
        let as_of = resolve(call.state, as_of).await?;
        if as_of != AsOf::Now {
            return levels_as_of(call, &sku, as_of).await;
        }
        let reads = wait(ctx, &["availability"]).await?;
        let levels = reads.availability().levels(&[&sku]).await.map_err(read_failure)?;
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
        Call::with(ctx, Permission::StockWrite)?;
        let slice = Slice { after: after.as_deref(), first: page_size(first)? as u64 };
        let reads = wait(ctx, &["availability"]).await?;
        let found = reads.availability().list(location.as_deref(), slice).await.map_err(read_failure)?;
        let end_cursor = found.items.last().map(|edge| edge.cursor.clone());
        let page_info = PageInfo { has_next_page: found.has_next, end_cursor };
        let nodes = found.items.into_iter().map(|edge| edge.node.into()).collect();
        Ok(Connection { nodes, page_info })
    }
}
