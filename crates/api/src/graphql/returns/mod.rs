//! Returns over GraphQL.

mod explain;
mod inspect;
mod mutations;
mod queries;
pub mod types;
pub mod withdraw;

pub use mutations::ReturnMutation;
pub use queries::ReturnQuery;
pub use withdraw::WithdrawalMutation;
