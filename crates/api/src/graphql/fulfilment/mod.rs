//! Parcels over GraphQL.

mod mutations;
pub mod types;

pub use mutations::FulfilmentMutation;
