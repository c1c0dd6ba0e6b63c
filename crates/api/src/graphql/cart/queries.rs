//! Questions about carts.

use app::as_of::AsOf;
use async_graphql::{Context, ID, Object, Result};

use super::types::{Cart, or_null};
use crate::graphql::as_of::{AsOfInput, resolve};
use crate::graphql::call::Call;

/// Questions about carts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CartQuery;

/// Finds a cart that the actor may look at.
pub(crate) async fn find_cart(call: Call<'_>, id: &str, as_of: AsOf) -> Result<Option<Cart>> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let found = app::cart::look_up(&call.state.shop, call.actor, &id, as_of).await;
    Ok(or_null(found)?.map(|loaded| Cart::loaded(id.as_str(), loaded).shown_as_of(as_of)))
}

#[Object]
impl CartQuery {
    /// A cart as it is or as it was; null for an unknown one, for one that was not opened yet and for someone else's alike.
    /// Staff and auditors see any.
    async fn cart(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
        #[graphql(desc = "As it was then; left out, as it is.")] as_of: Option<AsOfInput>,
    ) -> Result<Option<Cart>> {
        let call = Call::of(ctx)?;
        find_cart(call, &id, resolve(call.state, as_of).await?).await
    }
}
