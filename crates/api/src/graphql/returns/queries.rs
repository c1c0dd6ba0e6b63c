//! Questions about returns.

use app::actor::Permission;
use async_graphql::{Context, ID, Object, Result};
use projections::Slice;

use super::explain::{ReturnRefundPreview, ReturnRefundPreviewInput, preview};
use super::types::{Return, ReturnStatus};
use crate::graphql::as_of::{AsOfInput, resolve};
use crate::graphql::call::{Call, page_size};
use crate::graphql::cart::types::or_null;
use crate::graphql::connection::{Connection, load_page};
use crate::graphql::consistency::wait;
use crate::graphql::order::status::stored_name;
use crate::graphql::reading::read_failure;

/// Questions about returns.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReturnQuery;

#[Object]
impl ReturnQuery {
    /// A return as it is or as it was; null for an unknown one, for one that was not asked for yet and for someone else's
    /// alike. Staff and auditors see any.
    #[graphql(name = "return")]
    async fn one(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(desc = "As it was then; left out, as it is.")] as_of: Option<AsOfInput>,
    ) -> Result<Option<Return>> {
        let call = Call::of(ctx)?;
        let as_of = resolve(call.state, as_of).await?;
        let Ok(id) = id.parse() else { return Ok(None) };
        let found = app::returns::look_up(&call.state.shop, call.actor, &id, as_of).await;
        Ok(or_null(found)?.map(|loaded| Return::loaded(id.as_str(), loaded).shown_as_of(as_of)))
    }

    /// What would be refunded if this were found in the box, line by line; nothing is decided. For the buyer and for staff, at any
    /// time. Codes: VALIDATION, NOT_FOUND, LINE_NOT_FOUND, RETURN_LINES_INVALID, COUNT_DIFFERS, DEDUCTION_INVALID.
    async fn return_refund_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What might be found.")] input: ReturnRefundPreviewInput,
    ) -> Result<ReturnRefundPreview> {
        preview(ctx, &input).await
    }

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
        let reads = wait(ctx, &["order"]).await?;
        let found = reads.orders().returns(status.as_deref(), slice).await.map_err(read_failure)?;
        load_page(call, found, |summary| &summary.id, Return::loaded).await
    }
}
