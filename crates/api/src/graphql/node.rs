//! Things by their id, whatever they are.

use app::as_of::AsOf;
use async_graphql::{Context, ID, Interface, Object, Result};
use domain::values::{CartId, OrderId, ProductId};

use super::call::Call;
use super::cart::find_cart;
use super::cart::types::Cart;
use super::catalog::find_product;
use super::catalog::types::Product;
use super::order::find_order;
use super::order::types::Order;

/// Something with an id.
#[derive(Clone, Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Its id: a prefix that says what it is, and a UUID (TypeID)."))]
pub enum Node {
    /// A product.
    Product(Product),
    /// A cart.
    Cart(Cart),
    /// An order.
    Order(Order),
}

/// Things by their id.
#[derive(Clone, Copy, Debug, Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// A product, a cart or an order by its id; null for what you may not see.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        let prefix = id.split('_').next().unwrap_or_default();
        Ok(match prefix {
            ProductId::PREFIX => find_product(ctx, &id).await?.map(Node::Product),
            CartId::PREFIX => find_cart(Call::of(ctx)?, &id, AsOf::Now).await?.map(Node::Cart),
            OrderId::PREFIX => find_order(Call::of(ctx)?, &id, AsOf::Now).await?.map(Node::Order),
            _ => None,
        })
    }
}
