//! Promotions over GraphQL: for staff, who make, pause and end them. What they give a cart the cart itself says.

mod mutations;
mod queries;
pub mod types;

pub use mutations::PromotionMutation;
pub use queries::PromotionQuery;
