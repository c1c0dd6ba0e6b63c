//! Questions about carts.

use async_graphql::{Context, ID, Object, Result};

use super::types::{Cart, or_null};
use crate::graphql::call::Call;

/// Questions about carts.
#[derive(Clone, Copy, Debug, Default)]
pub struct CartQuery;

/// Finds a cart that the actor may see.
pub(crate) async fn find_cart(call: Call<'_>, id: &str) -> Result<Option<Cart>> {
    let Ok(id) = id.parse() else { return Ok(None) };
    let found = app::cart::find(&call.state.shop, call.actor, &id).await;
    Ok(or_null(found)?.map(|loaded| Cart::loaded(id.as_str(), loaded)))
}

#[Object]
impl CartQuery {
    /// A cart as it is now; null for an unknown one and for someone else's alike. Staff see any.
    async fn cart(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Cart>> {
        find_cart(Call::of(ctx)?, &id).await
    }
}
