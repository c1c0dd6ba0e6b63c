//! Carts over GraphQL: always from the write side, so that a shopper sees what they just did.

mod addition;
mod mutations;
mod queries;
pub mod types;

pub use addition::CartAdditionMutation;
pub use mutations::CartMutation;
pub use queries::CartQuery;
pub(crate) use queries::find_cart;
