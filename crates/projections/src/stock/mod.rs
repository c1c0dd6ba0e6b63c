//! Availability: what is on the shelves, promised, sold and free, per SKU and location.
//!
//! Reads the streams `stock`. Units are whole pieces; `on hand = available + reserved + allocated`. A promise that has run
//! out counts as reserved until the log says that it expired.

mod fold;
mod queries;
mod tables;
#[cfg(test)]
mod tests;

pub use fold::AvailabilityProjection;
pub use queries::{AvailabilityQueries, StockLevel, StockTotal};
