//! The log over GraphQL, for auditors.

mod queries;
pub mod seals;
pub mod types;

pub use queries::{AuditQuery, AuditSubscription};
pub use seals::SealQuery;
