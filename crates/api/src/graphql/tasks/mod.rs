//! Questions that processes ask humans, and how processes and projections are doing.

mod mutations;
mod queries;
pub mod types;

pub use mutations::TaskMutation;
pub use queries::TaskQuery;
