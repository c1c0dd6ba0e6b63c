//! What may be asked of a promotion.

use super::events::PromotionLimits;
use crate::values::{BlindIndex, OrderId, PromotionTerms, ShortText, Timestamp};

/// A wish about a promotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromotionCommand {
    /// Makes it; it holds at once, within its time.
    Create {
        /// What it promises.
        terms: Box<PromotionTerms>,
        /// When it holds, and how often.
        limits: PromotionLimits,
    },
    /// Lets it rest: no further use is promised.
    Pause {
        /// Why.
        reason: ShortText,
    },
    /// Lets it hold again.
    Resume,
    /// Ends it for good.
    End {
        /// Why.
        reason: ShortText,
    },
    /// Promises a use to an order.
    Reserve {
        /// The order.
        order: OrderId,
        /// Who buys.
        customer: BlindIndex,
        /// The present moment.
        now: Timestamp,
    },
    /// Counts a promised use for good: the order is a sale.
    Confirm {
        /// The order.
        order: OrderId,
    },
    /// Takes a use back, promised or counted, and bars the order's use that may still come.
    Release {
        /// The order.
        order: OrderId,
        /// Why.
        reason: ShortText,
    },
}
