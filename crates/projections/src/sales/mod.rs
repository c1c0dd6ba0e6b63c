//! Sales: what the shop sold, per day, product and category.
//!
//! Reads the streams `order`, `return` and `product`. Amounts are minor units of one currency a row; days are days in UTC
//! of the moment at which the log recorded the event. A sale counts on the day its order is confirmed; the cancellation of
//! a confirmed order counts in `cancelled_…` columns on the day it is cancelled, and what a return gave back in
//! `refunds_minor` on the day it is resolved: a day that is over does not change any more. Gross, net and tax are those
//! of the lines; shipping stands beside them and belongs to no product. An order's lines count in the category that was the
//! main one of their product when the order was placed, the empty text for none.

mod figures;
mod fold;
mod keys;
mod queries;
mod sold;
mod tables;
#[cfg(test)]
mod tests;

pub use fold::SalesProjection;
pub use queries::{DaySales, Figures, Sales, SalesPeriod, SalesQueries, Shipping};
