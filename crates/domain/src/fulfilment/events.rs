//! What happened to the work of one warehouse for one order: one parcel.

use serde::{Deserialize, Serialize};

use crate::values::{
    LineCancellationId, LineId, LocationId, Money, OrderId, Quantity, Sealed, ShortText, Sku, Timestamp,
};

/// Units of an order line that this warehouse sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FulfilmentLine {
    /// The order's line.
    pub line: LineId,
    /// What to pick.
    pub sku: Sku,
    /// How many units.
    pub quantity: Quantity,
}

/// A fact about a fulfilment. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FulfilmentEvent {
    /// The warehouse was asked.
    #[serde(rename = "fulfilment.requested")]
    Requested {
        /// The order.
        order: OrderId,
        /// The warehouse.
        location: LocationId,
        /// What to send.
        lines: Vec<FulfilmentLine>,
        /// The sealed name and address.
        address: Sealed,
        /// The share of the order's payable amount that is captured when this parcel is packed.
        share: Money,
    },
    /// Units were taken out before a carrier had it, because lines of the order were cancelled. One that was packed is to be
    /// packed anew.
    #[serde(rename = "fulfilment.reduced")]
    Reduced {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// What was taken out.
        lines: Vec<FulfilmentLine>,
        /// How much less of the order's payable amount it stands for.
        share: Money,
        /// Whether the money of these units was taken, and so they are on its invoice.
        is_paid: bool,
    },
    /// The parcel is packed: time to take the money.
    #[serde(rename = "fulfilment.packed")]
    Packed {
        /// When.
        packed_at: Timestamp,
    },
    /// A carrier was booked and gave a label.
    #[serde(rename = "fulfilment.label_booked")]
    LabelBooked {
        /// The carrier.
        carrier: ShortText,
        /// The carrier's number of the parcel.
        tracking: ShortText,
    },
    /// The money of this parcel is taken: it may leave.
    #[serde(rename = "fulfilment.released_for_shipping")]
    ReleasedForShipping {},
    /// A carrier has the parcel.
    #[serde(rename = "fulfilment.handed_over")]
    HandedOver {
        /// The carrier.
        carrier: ShortText,
        /// The carrier's number of the parcel.
        tracking: ShortText,
        /// When.
        handed_over_at: Timestamp,
    },
    /// The parcel arrived.
    #[serde(rename = "fulfilment.delivered")]
    Delivered {
        /// When.
        delivered_at: Timestamp,
    },
    /// The parcel will not arrive.
    #[serde(rename = "fulfilment.lost")]
    Lost {
        /// Why.
        reason: ShortText,
    },
    /// The work was called off before a carrier had the parcel.
    #[serde(rename = "fulfilment.cancelled")]
    Cancelled {
        /// Why.
        reason: ShortText,
    },
}
