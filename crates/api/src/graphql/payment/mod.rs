//! Payments over GraphQL.

mod mutations;
mod queries;
pub mod types;

pub use mutations::PaymentMutation;
pub use queries::PaymentQuery;
