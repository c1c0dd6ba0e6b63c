//! Read models: what the log means to those who ask.
//!
//! A [`Projection`] is a pure fold from events to rows of typed tables. A [`Runner`] keeps all of
//! them at the end of the log, a [`Replay`] builds one anew beside the one that serves, and [`ReadModels`] answers
//! questions and waits until what a client has just written can be read. One folder per context, each with its tables, its
//! fold and its queries; [`search`] keeps an index of its own instead of tables.
//!
//! Read models are disposable: everything here comes from the log and can be made again from it.

pub mod automation;
pub mod cart;
pub mod catalog;
mod day;
mod digest;
mod event;
mod follower;
pub mod invoicing;
mod models;
pub mod order;
mod past;
mod projection;
pub mod promotion;
mod replay;
pub mod rows;
mod runner;
pub mod sales;
pub mod search;
pub mod stock;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod turns;
mod views;
mod working;

use std::sync::Arc;

pub use digest::Digest;
pub use event::{Body, Event, Metadata};
pub use follower::BATCH_EVENTS_MAX;
pub use models::{ProjectionState, ProjectionStatus, ReadModels};
pub use past::build_until;
pub use projection::Projection;
pub use replay::{Progress, Replay};
pub use rows::{Page, ReadError, ReadStore};
pub use runner::{RunError, Runner};
pub use views::{Edge, Slice};
pub use working::{FoldError, Working};

/// Returns every projection of the shop.
pub fn all() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(catalog::CatalogProjection),
        Arc::new(stock::AvailabilityProjection),
        Arc::new(cart::CartProjection),
        Arc::new(order::OrderProjection),
        Arc::new(invoicing::InvoicingProjection),
        Arc::new(sales::SalesProjection),
        Arc::new(promotion::PromotionProjection),
        Arc::new(automation::AutomationProjection),
    ]
}
