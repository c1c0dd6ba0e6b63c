//! What may be asked of a return.

use super::events::{Inspection, LegalWithdrawal, ReturnLine};
use crate::values::{CustomerId, LocationId, Money, OrderId, ShortText};

/// A wish about a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReturnCommand {
    /// Asks to send units back.
    Request {
        /// The order.
        order: OrderId,
        /// Who bought.
        customer: CustomerId,
        /// What comes back, at least one line, none twice.
        lines: Vec<ReturnLine>,
        /// Why.
        reason: ShortText,
        /// Where it is a withdrawal from the contract.
        withdrawal: Option<LegalWithdrawal>,
    },
    /// Agrees.
    Approve,
    /// Does not agree.
    Refuse {
        /// Why.
        reason: ShortText,
    },
    /// Notes the proof that the box is on its way.
    ShipBack {
        /// Who carries it.
        carrier: ShortText,
        /// The carrier's number.
        tracking: ShortText,
    },
    /// Takes the box in.
    Receive {
        /// Where.
        location: LocationId,
    },
    /// Looks into it. Each line once; `resalable + damaged + missing` is the line's quantity.
    /// The refund is the paid share of resalable and damaged units less what is deducted for damage, and what a withdrawal
    /// gives back of delivery.
    Inspect {
        /// What was found.
        items: Vec<Inspection>,
    },
    /// Notes that the money went back.
    Resolve {
        /// What was refunded.
        refunded: Money,
    },
    /// Calls it off before the box arrived.
    Cancel {
        /// Why.
        reason: ShortText,
    },
}
