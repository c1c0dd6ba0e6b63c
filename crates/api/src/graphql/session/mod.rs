//! Sessions of guests and tokens of the house.

mod mutations;
mod queries;
pub mod types;

pub use mutations::SessionMutation;
pub use queries::{SessionQuery, Viewer};
