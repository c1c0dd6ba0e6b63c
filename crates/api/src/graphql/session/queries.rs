//! Who asks, and what is theirs.

use async_graphql::{Context, ID, Object, Result};
use projections::Slice;

use super::types::ActorRole;
use crate::graphql::call::{Call, page_size};
use crate::graphql::cart::types::Cart;
use crate::graphql::connection::Connection;
use crate::graphql::consistency::wait;
use crate::graphql::order::types::{Order, load_orders};
use crate::graphql::reading::read_failure;

/// Who asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionQuery;

#[Object]
impl SessionQuery {
    /// Who the token says you are.
    async fn me(&self, ctx: &Context<'_>) -> Result<Viewer> {
        Call::of(ctx).map(|_| Viewer)
    }
}

/// Who asks, and what is theirs.
#[derive(Clone, Copy, Debug)]
pub struct Viewer;

/// Who asks, and what is theirs.
#[Object]
impl Viewer {
    /// What you are.
    async fn role(&self, ctx: &Context<'_>) -> Result<ActorRole> {
        Ok(Call::of(ctx)?.actor.role().into())
    }

    /// Who you are, as the log will say.
    async fn id(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(Call::of(ctx)?.actor.id().to_owned())
    }

    /// The shopper you are; null for the house.
    async fn customer_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        Ok(Call::of(ctx)?.actor.customer().map(|customer| ID(customer.to_string())))
    }

    /// Your orders, the newest first. For shoppers.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Order>> {
        let call = Call::of(ctx)?;
        let customer = call.customer()?;
        let slice = Slice { after: after.as_deref(), first: page_size(first)? as u64 };
        let reads = wait(ctx, &["order"]).await?;
        let found = reads.orders().of_customer(customer.as_str(), slice).await.map_err(read_failure)?;
        load_orders(call, found).await
    }

    /// Your carts that are not closed, the last changed first, at most 100. For shoppers.
    async fn carts(&self, ctx: &Context<'_>) -> Result<Vec<Cart>> {
        let call = Call::of(ctx)?;
        let customer = call.customer()?;
        let reads = wait(ctx, &["cart"]).await?;
        let found = reads.carts().open_carts(customer.as_str()).await.map_err(read_failure)?;
        let loads = found.iter().map(|cart| call.state.shop.bus.load::<domain::cart::Cart>(&cart.id));
        let loaded = futures_util::future::try_join_all(loads).await.map_err(crate::graphql::errors::failure)?;
        Ok(found.iter().zip(loaded).map(|(cart, loaded)| Cart::loaded(&cart.id, loaded)).collect())
    }
}
