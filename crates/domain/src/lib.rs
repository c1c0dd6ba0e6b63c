//! What the shop knows and decides: pure values and one folder per context.
//!
//! No clock, no randomness, no I/O. A context imports `crate::values`, `crate::decider`, `crate::upcast` and its own
//! folder, nothing else of this crate; a tidy test holds that.

/// Names this crate's code: states that other code folded may be of another shape, or mean something else.
pub const FINGERPRINT: &str = env!("DOMAIN_FINGERPRINT");

#[cfg(test)]
mod cases;
pub mod decider;
pub mod upcast;
pub mod values;

pub mod cart;
pub mod catalog;
pub mod fulfilment;
pub mod invoicing;
pub mod order;
pub mod payment;
pub mod promotion;
pub mod returns;
pub mod stock;
