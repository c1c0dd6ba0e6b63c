//! Pages of lists: cursors in, cursors out.

use async_graphql::{OutputType, SimpleObject};

use super::audit::types::Event;
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
