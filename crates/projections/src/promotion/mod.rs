//! Promotions: which there are, how often they were used, and what they took off.
//!
//! Reads the streams `promotion` and `order`. A use is an order that was confirmed and not cancelled since: an unlimited
//! promotion counts none of its own, so the orders tell. Amounts are minor units, VAT included, per currency.

mod fold;
mod queries;
mod tables;
#[cfg(test)]
mod tests;

pub use fold::PromotionProjection;
pub use queries::{PromotionQueries, PromotionSummary, PromotionTotal};
