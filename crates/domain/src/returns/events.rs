//! What happened to a return.

use serde::{Deserialize, Serialize};

use crate::values::{CustomerId, LineId, LocationId, Money, OrderId, Quantity, ShortText, Sku, Timestamp};

/// Units of an order line that come back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// The order's line.
    pub line: LineId,
    /// What comes back.
    pub sku: Sku,
    /// How many units.
    pub quantity: Quantity,
    /// What was paid for these units: the share of the line's total, by largest remainder.
    pub paid: Money,
}

/// That the return is the consumer's withdrawal from the contract: the shop cannot refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalWithdrawal {
    /// When it was declared.
    pub declared_at: Timestamp,
    /// When it was confirmed, and so acknowledged.
    pub acknowledged_at: Timestamp,
    /// What is given back of delivery beside the goods, not negative.
    pub delivery: Money,
}

/// What is kept back for damaged units, and why: what they are worth less is the buyer's to bear where it comes from handling
/// beyond what was needed to try them (directive 2011/83/EU, article 14, 2; Code de la consommation, article L221-23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deduction {
    /// How much, VAT included, above zero.
    pub amount: Money,
    /// Why, as the buyer reads it.
    pub reason: ShortText,
}

/// What was found in the box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// The line.
    pub line: LineId,
    /// Units that go back on the shelf.
    pub resalable: u32,
    /// Units that arrived and cannot be sold.
    pub damaged: u32,
    /// Units that were announced and did not arrive.
    pub missing: u32,
    /// What is kept back for the damaged ones, at most what was paid for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduction: Option<Deduction>,
}

/// A fact about a return. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReturnEvent {
    /// Someone asked to send units back.
    #[serde(rename = "return.requested")]
    Requested {
        /// The order.
        order: OrderId,
        /// Who bought.
        customer: CustomerId,
        /// What comes back.
        lines: Vec<ReturnLine>,
        /// Why.
        reason: ShortText,
        /// Where it is a withdrawal from the contract.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        withdrawal: Option<LegalWithdrawal>,
    },
    /// The shop agreed.
    #[serde(rename = "return.approved")]
    Approved {},
    /// The shop did not agree.
    #[serde(rename = "return.refused")]
    Refused {
        /// Why.
        reason: ShortText,
    },
    /// The buyer proved that the box is on its way. A box may arrive without it.
    #[serde(rename = "return.shipped_back")]
    ShippedBack {
        /// Who carries it.
        carrier: ShortText,
        /// The carrier's number.
        tracking: ShortText,
    },
    /// The box arrived.
    #[serde(rename = "return.received")]
    Received {
        /// Where.
        location: LocationId,
    },
    /// The box was looked into.
    #[serde(rename = "return.inspected")]
    Inspected {
        /// What was found, each line once.
        items: Vec<Inspection>,
        /// What will be refunded.
        refund: Money,
    },
    /// The money went back, or none was owed.
    #[serde(rename = "return.resolved")]
    Resolved {
        /// What was refunded.
        refunded: Money,
    },
    /// The requester called it off.
    #[serde(rename = "return.cancelled")]
    Cancelled {
        /// Why.
        reason: ShortText,
    },
}
