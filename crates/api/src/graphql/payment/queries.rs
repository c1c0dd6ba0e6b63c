//! Questions about payments.

use async_graphql::{Context, ID, Object, Result};

use super::types::Payment;
use crate::graphql::as_of::{AsOfInput, resolve};
use crate::graphql::call::Call;
use crate::graphql::cart::types::or_null;

/// Questions about payments.
#[derive(Clone, Copy, Debug, Default)]
pub struct PaymentQuery;

#[Object]
impl PaymentQuery {
    /// A payment as it is or as it was; null for an unknown one, for one that had not begun yet and for someone else's
    /// alike. Staff and auditors see any.
    async fn payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(desc = "As it was then; left out, as it is.")] as_of: Option<AsOfInput>,
    ) -> Result<Option<Payment>> {
        let call = Call::of(ctx)?;
        let as_of = resolve(call.state, as_of).await?;
        let Ok(id) = id.parse() else { return Ok(None) };
        let found = app::payment::look_up(&call.state.shop, call.actor, &id, as_of).await;
        Ok(or_null(found)?.map(|loaded| Payment::loaded(id.as_str(), loaded).shown_as_of(as_of)))
    }
}
