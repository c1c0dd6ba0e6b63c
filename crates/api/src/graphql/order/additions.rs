//! Orders that were added to others.

use async_graphql::Result;
use domain::order::Order as OrderState;
use domain::values::OrderId;
use futures_util::future::try_join_all;

use super::types::{Order, load_order};
use crate::graphql::call::Call;
use crate::graphql::cart::types::or_null;
use crate::graphql::errors::failure;

/// Shows the orders that were added to one, those that were placed.
pub(super) async fn additions(call: Call<'_>, state: &OrderState, as_of: app::as_of::AsOf) -> Result<Vec<Order>> {
    let bus = &call.state.shop.bus;
    let loads = state.additions().map(|id| async move {
        let loaded = bus.load_as_of::<OrderState>(id.as_str(), as_of).await;
        // An addition is accepted before it is placed.
        loaded
            .map(|loaded| loaded.state.sale().is_some().then(|| Order::loaded(id.as_str(), loaded).shown_as_of(as_of)))
    });
    Ok(try_join_all(loads).await.map_err(failure)?.into_iter().flatten().collect())
}

/// Shows the order that one was added to.
pub(super) async fn added_to(call: Call<'_>, to: Option<&OrderId>, as_of: app::as_of::AsOf) -> Result<Option<Order>> {
    match to {
        Some(to) => or_null(load_order(call, to, as_of).await),
        None => Ok(None),
    }
}
