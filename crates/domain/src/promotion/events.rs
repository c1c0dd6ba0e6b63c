//! What happened to a promotion.

use serde::{Deserialize, Serialize};

use crate::values::{BlindIndex, OrderId, PromotionTerms, ShortText, Timestamp};

/// When a promotion holds, and how often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionLimits {
    /// Its first moment; none where it holds from the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begins_at: Option<Timestamp>,
    /// The first moment at which it holds no more; none where it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// The most uses in all, 1 to 1,000,000; none for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_max: Option<u32>,
    /// The most uses of one customer, 1 to 1,000,000; none for any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_per_customer_max: Option<u32>,
}

/// A fact about a promotion. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PromotionEvent {
    /// Staff made it.
    #[serde(rename = "promotion.created")]
    Created {
        /// What it promises.
        terms: Box<PromotionTerms>,
        /// When it holds, and how often.
        limits: PromotionLimits,
    },
    /// It rests.
    #[serde(rename = "promotion.paused")]
    Paused {
        /// Why.
        reason: ShortText,
    },
    /// It holds again.
    #[serde(rename = "promotion.resumed")]
    Resumed {},
    /// It is over for good.
    #[serde(rename = "promotion.ended")]
    Ended {
        /// Why.
        reason: ShortText,
    },
    /// A use was promised to an order.
    #[serde(rename = "promotion.use_reserved")]
    UseReserved {
        /// The order: one use per order.
        order: OrderId,
        /// Who buys, told from others by a keyed hash.
        customer: BlindIndex,
    },
    /// The order is a sale: the use counts.
    #[serde(rename = "promotion.use_confirmed")]
    UseConfirmed {
        /// The order.
        order: OrderId,
    },
    /// The order is no sale: the use is free again.
    #[serde(rename = "promotion.use_released")]
    UseReleased {
        /// The order.
        order: OrderId,
        /// Why.
        reason: ShortText,
    },
    /// A use that never arrived was called off: should it arrive late it is refused.
    #[serde(rename = "promotion.use_barred")]
    UseBarred {
        /// The order.
        order: OrderId,
    },
}
