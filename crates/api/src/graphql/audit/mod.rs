//! The log over GraphQL, for auditors.

mod queries;
pub mod types;

pub use queries::{AuditQuery, AuditSubscription};
