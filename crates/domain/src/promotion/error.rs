//! Why a promotion says no.

use super::decide::LIMIT_MAX;
use crate::decider::Refusal;
use crate::values::OrderId;

/// A refusal of the promotion context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PromotionError {
    /// There is no such promotion.
    #[error("there is no such promotion")]
    Unknown,
    /// The code, or the promotion, is there with other terms.
    #[error("this promotion exists already, with other terms: choose another code")]
    AlreadyExists,
    /// The terms contradict themselves.
    #[error("the promotion cannot be made: {what}")]
    TermsInvalid {
        /// What is wrong.
        what: &'static str,
    },
    /// A limit is out of range.
    #[error("a limit of uses must be from 1 to {LIMIT_MAX}")]
    LimitOutOfRange,
    /// It has not begun.
    #[error("the promotion has not begun")]
    NotBegun,
    /// Its time is over, or staff ended it.
    #[error("the promotion is over")]
    Expired,
    /// Staff paused it.
    #[error("the promotion is paused")]
    Paused,
    /// No use is left.
    #[error("all {max} uses of the promotion are taken")]
    UsedUp {
        /// The limit.
        max: u32,
    },
    /// This customer has no use left.
    #[error("this customer has used the promotion {max} times already")]
    UsedByCustomer {
        /// The limit.
        max: u32,
    },
    /// The order's use was taken back or barred.
    #[error("the use of order {order} is over")]
    UseOver {
        /// The order.
        order: OrderId,
    },
    /// Too many promotions apply by themselves.
    #[error("at most {max} promotions apply by themselves: end one first, or give this one a code")]
    BoardFull {
        /// The limit.
        max: usize,
    },
    /// The order has no use.
    #[error("order {order} has no use of the promotion")]
    UseUnknown {
        /// The order.
        order: OrderId,
    },
}

impl Refusal for PromotionError {
    fn code(&self) -> &'static str {
        match self {
            PromotionError::Unknown => "NOT_FOUND",
            PromotionError::AlreadyExists => "ALREADY_EXISTS",
            PromotionError::TermsInvalid { .. } => "PROMOTION_INVALID",
            PromotionError::LimitOutOfRange => "PROMOTION_LIMIT_OUT_OF_RANGE",
            PromotionError::NotBegun => "PROMOTION_NOT_BEGUN",
            PromotionError::Expired => "PROMOTION_EXPIRED",
            PromotionError::Paused => "PROMOTION_PAUSED",
            PromotionError::UsedUp { .. } => "PROMOTION_USED_UP",
            PromotionError::UsedByCustomer { .. } => "PROMOTION_USED_BY_CUSTOMER",
            PromotionError::UseOver { .. } => "PROMOTION_USE_OVER",
            PromotionError::BoardFull { .. } => "PROMOTION_BOARD_FULL",
            PromotionError::UseUnknown { .. } => "PROMOTION_USE_UNKNOWN",
        }
    }
}
