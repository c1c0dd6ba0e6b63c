//! Stock over GraphQL.

mod mutations;
mod queries;
pub mod types;

pub use mutations::StockMutation;
pub use queries::StockQuery;
