//! Orders as buyers and staff see them: the sale, its payments, parcels and returns, and what happened when.
//!
//! Reads the streams `order`, `payment`, `fulfilment` and `return`. Amounts are minor units of the order's currency;
//! moments microseconds since 1970. The e-mail and the address stay sealed, as the log holds them; free texts that people
//! typed, tokens and addresses of banks do not come into the timeline.

mod fold;
mod following;
mod lists;
mod queries;
mod sale;
mod tables;
#[cfg(test)]
mod tests;
mod timeline;

pub use fold::OrderProjection;
pub use lists::{OrderSearch, TimelineEntry};
pub use queries::{
    FulfilmentView, OrderLineView, OrderQueries, OrderSummary, OrderView, PaymentView, ReturnView, ShippingView,
};
