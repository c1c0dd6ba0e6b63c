//! Figures over GraphQL.

mod automation;
mod queries;

pub use automation::AutomationPoint;
pub use queries::{AnalyticsQuery, SalesBy, SalesFigures, SalesPoint};
