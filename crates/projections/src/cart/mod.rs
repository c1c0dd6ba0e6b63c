//! Carts: what shoppers mean to buy.
//!
//! Reads the streams `cart`. Amounts are minor units of the cart's currency, VAT included; moments microseconds since
//! 1970. Personal data stays out: the e-mail and the address of a cart are read from its stream.

mod fold;
mod queries;
mod tables;
#[cfg(test)]
mod tests;

pub use fold::CartProjection;
pub use queries::{CartCouponView, CartLineView, CartQueries, CartSummary, CartView};
