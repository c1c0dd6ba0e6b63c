//! Automation: how many flows ended by themselves, per day and kind of flow.
//!
//! Reads the streams of the processes, `checkout`, `return_to_refund` and `goodwill_refund`, of which the name is the kind of flow.
//! A flow counts on the day, UTC, on which the log recorded its end: as automatic unless a human decided something of it before.
//! A day that is over does not change any more: what is decided after the end of its flow counts nowhere.

mod fold;
mod queries;
mod tables;
#[cfg(test)]
mod tests;

pub use fold::AutomationProjection;
pub use queries::{AutomationPeriod, AutomationQueries, DayAutomation};
