//! Returns over GraphQL.

mod inspect;
mod mutations;
mod queries;
pub mod types;

pub use mutations::ReturnMutation;
pub use queries::ReturnQuery;
