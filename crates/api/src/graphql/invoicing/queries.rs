//! Questions about invoices and credit notes.

use app::actor::Permission;
use app::as_of::AsOf;
use async_graphql::{Context, Object, Result};
use domain::invoicing::{DocumentNumber, OrderDocuments};
use domain::values::OrderId;
use futures_util::future::try_join_all;
use projections::Slice;

use super::types::{DocumentKind, Documents, LegalDocument};
use crate::graphql::call::{Call, page_size};
use crate::graphql::cart::types::or_null;
use crate::graphql::connection::{Connection, PageInfo};
use crate::graphql::consistency::wait;
use crate::graphql::errors::{failure, internal};
use crate::graphql::reading::read_failure;

/// Questions about invoices and credit notes.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvoicingQuery;

#[Object]
impl InvoicingQuery {
    /// An invoice or a credit note by its number; null where no document has it. Needs `ORDERS_READ`; a shopper finds theirs
    /// at their orders.
    async fn document(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its number, such as F2026-000001 or A2026-000001.")] number: String,
    ) -> Result<Option<LegalDocument>> {
        let call = Call::with(ctx, Permission::OrdersRead)?;
        let Ok(number) = number.parse::<DocumentNumber>() else { return Ok(None) };
        let found = or_null(app::invoicing::find(&call.state.shop, call.actor, number).await)?;
        Ok(found.and_then(|(order, document, loaded)| {
            Documents { order: order.to_string(), state: loaded.state }.one(&document)
        }))
    }

    /// The shop's invoices and credit notes, the newest first. Needs `ORDERS_READ`; a shopper finds theirs at their orders.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn documents(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Invoices or credit notes; left out, both.")] kind: Option<DocumentKind>,
    ) -> Result<Connection<LegalDocument>> {
        let call = Call::with(ctx, Permission::OrdersRead)?;
        let slice = Slice { after: after.as_deref(), first: page_size(first)? as u64 };
        let reads = wait(ctx, &["invoicing"]).await?;
        let found = reads.invoicing().list(kind.map(Into::into), slice).await.map_err(read_failure)?;
        let end_cursor = found.items.last().map(|edge| edge.cursor.clone());
        let page_info = PageInfo { has_next_page: found.has_next, end_cursor };
        let loads = found.items.iter().map(|edge| call.state.shop.bus.load::<OrderDocuments>(&edge.node.order));
        let loaded = try_join_all(loads).await.map_err(failure)?;
        let mut nodes = Vec::with_capacity(loaded.len());
        for (edge, loaded) in found.items.iter().zip(loaded) {
            let documents = Documents { order: edge.node.order.clone(), state: loaded.state };
            let missing = || internal(app::error::AppError::broken("a document of the list is not in the log"));
            nodes.push(documents.numbered(&edge.node.number).ok_or_else(missing)?);
        }
        Ok(Connection { nodes, page_info })
    }
}

/// Loads the documents of an order that the actor was shown, as they are or as they were.
pub(crate) async fn documents(call: Call<'_>, order: &str, as_of: AsOf) -> Result<Documents> {
    let id: OrderId = order.parse().map_err(|error| internal(app::error::AppError::broken(error)))?;
    let loaded = app::invoicing::of_order(&call.state.shop, &id, as_of).await.map_err(failure)?;
    Ok(Documents { order: order.to_owned(), state: loaded.state })
}
