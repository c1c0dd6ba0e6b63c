//! From a cart to an order: the buyer waits for the answer of the checkout process.

mod answer;
mod mutations;

pub(crate) use answer::{ANSWER_SECONDS_MAX, answered, end_of_log};
pub use mutations::CheckoutMutation;
