//! The GraphQL schema: one folder per context, and what they share.
//!
//! Mutations are commands: one input, one aggregate, one payload folded from the events it wrote. Refusals are data in the
//! payload, failures are top-level errors. Lists come from read models and wait for a position where the request asks.

pub mod address;
pub mod analytics;
pub mod as_of;
pub mod audit;
mod call;
pub mod cart;
pub mod catalog;
mod catalog_at_hand;
pub mod checkout;
pub mod code;
pub mod connection;
mod consistency;
pub mod errors;
mod fingerprint;
pub mod fulfilment;
mod history;
mod inputs;
pub mod invoicing;
pub mod localized;
mod log;
pub mod money;
pub mod node;
pub mod order;
pub mod payload;
pub mod payment;
pub mod promotion;
mod reading;
pub mod returns;
pub mod scalars;
pub mod session;
pub mod shop;
pub mod stock;
pub mod tasks;

use std::sync::Arc;

use app::Shop;
use app::token::Tokens;
use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions, SchemaBuilder};
use projections::ReadModels;
use projections::search::SearchIndex;
use sagas::Processes;

use self::catalog_at_hand::CatalogAtHand;
pub use self::consistency::ConsistencyHook;
use self::payload::CommandPayload;
use crate::http::limits;

/// What resolvers work with.
#[derive(Clone)]
pub struct ApiState {
    shop: Shop,
    processes: Arc<Processes>,
    tokens: Arc<Tokens>,
    reads: ReadModels,
    search: SearchIndex,
    catalog: Arc<CatalogAtHand>,
}

impl ApiState {
    /// Gathers what resolvers work with.
    pub fn new(
        shop: Shop,
        processes: Arc<Processes>,
        tokens: Arc<Tokens>,
        reads: ReadModels,
        search: SearchIndex,
    ) -> Self {
        Self { shop, processes, tokens, reads, search, catalog: Arc::default() }
    }
}

/// The questions.
#[derive(Debug, Default, MergedObject)]
pub struct Query(
    shop::ShopQuery,
    node::NodeQuery,
    session::SessionQuery,
    catalog::CatalogQuery,
    catalog::CategoryQuery,
    cart::CartQuery,
    order::OrderQuery,
    order::OrderLinesQuery,
    payment::PaymentQuery,
    returns::ReturnQuery,
    invoicing::InvoicingQuery,
    promotion::PromotionQuery,
    stock::StockQuery,
    tasks::TaskQuery,
    analytics::AnalyticsQuery,
    audit::AuditQuery,
    audit::SealQuery,
);

/// The commands.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    session::SessionMutation,
    cart::CartMutation,
    cart::CartAdditionMutation,
    checkout::CheckoutMutation,
    order::OrderMutation,
    order::OrderLinesMutation,
    payment::PaymentMutation,
    returns::ReturnMutation,
    returns::WithdrawalMutation,
    promotion::PromotionMutation,
    fulfilment::FulfilmentMutation,
    stock::StockMutation,
    catalog::ProductMutation,
    catalog::VariantMutation,
    catalog::ReductionMutation,
    catalog::CategoryMutation,
    tasks::TaskMutation,
);

/// What can be followed.
#[derive(Debug, Default, MergedSubscription)]
pub struct Subscription(order::OrderSubscription, audit::AuditSubscription);

/// The schema of the shop.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<CommandPayload>()
        .limit_complexity(limits::COMPLEXITY_MAX)
        .limit_depth(limits::INTROSPECTION_DEPTH_MAX)
        .limit_recursive_depth(limits::NESTING_MAX)
        .limit_directives(limits::DIRECTIVES_MAX)
}

/// Builds the schema over a shop. Give the adapter [`ConsistencyHook`], so that each operation has room of its own.
pub fn schema(state: ApiState) -> Schema {
    builder().data(state).finish()
}

/// Writes the schema in the schema definition language, as `schema/graphql/schema.graphql` holds it.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    let mut text = builder().finish().sdl_with_options(options.prefer_single_line_descriptions().use_space_ident());
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
