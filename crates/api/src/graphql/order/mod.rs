//! Orders over GraphQL: found by read models, shown from the write side.

mod additions;
mod causality;
mod lines;
mod live;
mod mutations;
mod queries;
pub mod status;
mod timeline;
pub mod types;

pub use causality::{Causality, CausalityLink, CausalityNode};
pub use lines::{LineCancellation, OrderLinesMutation, OrderLinesQuery};
pub use live::{OrderChange, OrderSubscription};
pub use mutations::OrderMutation;
pub use queries::OrderQuery;
pub(crate) use queries::{find_order, one_of};
pub use timeline::TimelineEntry;
