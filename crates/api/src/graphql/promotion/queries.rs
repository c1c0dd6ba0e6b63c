//! Questions about promotions.

use app::actor::Permission;
use async_graphql::{Context, ID, Object, Result};
use projections::Slice;

use super::types::{Promotion, PromotionStatus};
use crate::graphql::as_of::{AsOfInput, resolve};
use crate::graphql::call::{Call, page_size};
use crate::graphql::cart::types::or_null;
use crate::graphql::connection::{Connection, load_page};
use crate::graphql::consistency::wait;
use crate::graphql::reading::read_failure;

/// Questions about promotions.
#[derive(Clone, Copy, Debug, Default)]
pub struct PromotionQuery;

/// Returns a status as the read model names it; none is made that is absent.
fn stored_name(status: PromotionStatus) -> &'static str {
    match status {
        PromotionStatus::Absent => "absent",
        PromotionStatus::Active => "active",
        PromotionStatus::Paused => "paused",
        PromotionStatus::Ended => "ended",
    }
}

#[Object]
impl PromotionQuery {
    /// A promotion as it is or as it was; null for an unknown one. Needs `PROMOTIONS_WRITE` or `AUDIT_READ`.
    async fn promotion(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(desc = "As it was then; left out, as it is.")] as_of: Option<AsOfInput>,
    ) -> Result<Option<Promotion>> {
        let call = Call::with_either(ctx, Permission::PromotionsWrite, Permission::AuditRead)?;
        let as_of = resolve(call.state, as_of).await?;
        let Ok(id) = id.parse() else { return Ok(None) };
        let found = app::promotion::look_up(&call.state.shop, call.actor, &id, as_of).await;
        Ok(or_null(found)?.map(|loaded| Promotion::loaded(id.as_str(), loaded).shown_as_of(as_of)))
    }

    /// The shop's promotions, the newest first. Needs `PROMOTIONS_WRITE`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn promotions(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Where they are in their life.")] status: Option<PromotionStatus>,
    ) -> Result<Connection<Promotion>> {
        let call = Call::with(ctx, Permission::PromotionsWrite)?;
        let slice = Slice { after: after.as_deref(), first: page_size(first)? as u64 };
        let reads = wait(ctx, &["promotion"]).await?;
        let found = reads.promotions().list(status.map(stored_name), slice).await.map_err(read_failure)?;
        load_page(call, found, |summary| &summary.id, Promotion::loaded).await
    }
}
