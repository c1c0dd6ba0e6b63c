//! What may be asked of a fulfilment.

use super::events::FulfilmentLine;
use crate::values::{LineCancellationId, LocationId, Money, OrderId, Sealed, ShortText, Timestamp};

/// A wish about a fulfilment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FulfilmentCommand {
    /// Asks the warehouse.
    Request {
        /// The order.
        order: OrderId,
        /// The warehouse.
        location: LocationId,
        /// What to send, at least one line.
        lines: Vec<FulfilmentLine>,
        /// The sealed name and address.
        address: Sealed,
        /// The share of the payable amount captured when packed.
        share: Money,
    },
    /// Takes units out before a carrier has it, once per line cancellation; calls it off where none are left.
    TakeOut {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// What to take out, at least one line, none twice.
        lines: Vec<FulfilmentLine>,
        /// How much less of the payable amount it stands for.
        share: Money,
        /// Whether the money of these units was taken: then it goes back.
        is_paid: bool,
    },
    /// Packs the parcel.
    Pack {
        /// When.
        packed_at: Timestamp,
    },
    /// Notes the label that a carrier gave.
    BookLabel {
        /// The carrier.
        carrier: ShortText,
        /// The carrier's number.
        tracking: ShortText,
    },
    /// Lets the parcel leave: its money is taken.
    ReleaseForShipping,
    /// Gives it to a carrier; refused until it is released for shipping.
    HandOver {
        /// The carrier.
        carrier: ShortText,
        /// The carrier's number.
        tracking: ShortText,
        /// When.
        handed_over_at: Timestamp,
    },
    /// Notes that it arrived.
    Deliver {
        /// When.
        delivered_at: Timestamp,
    },
    /// Notes that it will not arrive.
    DeclareLost {
        /// Why.
        reason: ShortText,
    },
    /// Calls it off; bars it where it was not asked for yet.
    Cancel {
        /// Why.
        reason: ShortText,
    },
}
