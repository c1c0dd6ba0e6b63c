//! Pages of lists: cursors in, cursors out.

use app::bus::Loaded;
use async_graphql::{OutputType, Result, SimpleObject};
use domain::decider::{Decider, Refusal};
use futures_util::future::try_join_all;
use projections::{Edge, Page};

use super::audit::types::Event;
use super::call::Call;
use super::errors::failure;
use super::invoicing::types::LegalDocument;
use super::order::TimelineEntry;
use super::order::types::Order;
use super::promotion::types::Promotion;
use super::returns::types::Return;
use super::stock::types::StockLevel;

/// Where a page stands in its list.
#[derive(Clone, Debug, Default, SimpleObject)]
pub struct PageInfo {
    /// Whether more follows.
    pub has_next_page: bool,
    /// Pass it as `after` to go on behind this page.
    pub end_cursor: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(concrete(name = "OrderConnection", params(Order)))]
#[graphql(concrete(name = "ReturnConnection", params(Return)))]
#[graphql(concrete(name = "PromotionConnection", params(Promotion)))]
#[graphql(concrete(name = "StockConnection", params(StockLevel)))]
#[graphql(concrete(name = "DocumentConnection", params(LegalDocument)))]
#[graphql(concrete(name = "EventConnection", params(Event)))]
#[graphql(concrete(name = "TimelineConnection", params(TimelineEntry)))]
pub struct Connection<T: OutputType> {
    /// The items, in order.
    pub nodes: Vec<T>,
    /// Where the page stands.
    pub page_info: PageInfo,
}

/// Shows the aggregates of a page that a read model found, as the write side has them now.
pub(crate) async fn load_page<D, S, T>(
    call: Call<'_>,
    found: Page<Edge<S>>,
    id_of: impl Fn(&S) -> &str,
    show: impl Fn(&str, Loaded<D>) -> T,
) -> Result<Connection<T>>
where
    D: Decider,
    D::Error: Refusal,
    T: OutputType,
{
    let end_cursor = found.items.last().map(|edge| edge.cursor.clone());
    let page_info = PageInfo { has_next_page: found.has_next, end_cursor };
    let ids = || found.items.iter().map(|edge| id_of(&edge.node));
    let loaded = try_join_all(ids().map(|id| call.state.shop.bus.load::<D>(id))).await.map_err(failure)?;
    Ok(Connection { nodes: ids().zip(loaded).map(|(id, loaded)| show(id, loaded)).collect(), page_info })
}
