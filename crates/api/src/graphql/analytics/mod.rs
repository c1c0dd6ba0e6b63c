//! Figures over GraphQL.

mod queries;

pub use queries::{AnalyticsQuery, SalesBy, SalesFigures, SalesPoint};
