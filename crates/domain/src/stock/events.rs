//! What happened to the units of one SKU at one location.

use serde::{Deserialize, Serialize};

use crate::values::{LineCancellationId, OrderId, Quantity, ReturnId, ShortText, Timestamp};

/// A fact about stock. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StockEvent {
    /// Units came in from a supplier.
    #[serde(rename = "stock.received")]
    Received {
        /// Units that came in.
        quantity: Quantity,
        /// The delivery note or the like.
        reference: ShortText,
    },
    /// Units were promised to an order, until a moment.
    #[serde(rename = "stock.reserved")]
    Reserved {
        /// The order: one reservation per order and stream.
        order: OrderId,
        /// Units promised.
        quantity: Quantity,
        /// When the promise ends unless it is extended or allocated.
        expires_at: Timestamp,
    },
    /// A promise holds longer.
    #[serde(rename = "stock.reservation_extended")]
    ReservationExtended {
        /// The order.
        order: OrderId,
        /// When the promise now ends.
        expires_at: Timestamp,
    },
    /// A promise was given back before its end.
    #[serde(rename = "stock.reservation_released")]
    ReservationReleased {
        /// The order.
        order: OrderId,
        /// Units given back.
        quantity: Quantity,
        /// Why.
        reason: ShortText,
    },
    /// A promise ended by time.
    #[serde(rename = "stock.reservation_expired")]
    ReservationExpired {
        /// The order.
        order: OrderId,
        /// Units free again.
        quantity: Quantity,
    },
    /// A reservation that never arrived was cancelled: should it arrive late it is refused.
    #[serde(rename = "stock.reservation_barred")]
    ReservationBarred {
        /// The order.
        order: OrderId,
    },
    /// Promised units are sold: they leave with this order and no other.
    #[serde(rename = "stock.allocated")]
    Allocated {
        /// The order.
        order: OrderId,
        /// Units sold.
        quantity: Quantity,
    },
    /// Sold units became free again because the order was cancelled.
    #[serde(rename = "stock.allocation_released")]
    AllocationReleased {
        /// The order.
        order: OrderId,
        /// Units free again.
        quantity: Quantity,
        /// Why.
        reason: ShortText,
    },
    /// Some of the sold units became free again because lines of the order were cancelled.
    #[serde(rename = "stock.allocation_reduced")]
    AllocationReduced {
        /// The order.
        order: OrderId,
        /// The cancellation.
        cancellation: LineCancellationId,
        /// Units free again; what is left of the allocation stays.
        quantity: Quantity,
    },
    /// Sold units left the building.
    #[serde(rename = "stock.dispatched")]
    Dispatched {
        /// The order.
        order: OrderId,
        /// Units that left.
        quantity: Quantity,
    },
    /// A paid order waits for units: what comes in is sold to it before anybody else has it.
    #[serde(rename = "stock.back_ordered")]
    BackOrdered {
        /// The order.
        order: OrderId,
        /// Units it is to have here in all.
        quantity: Quantity,
        /// Units it waits for: all but those that it was sold here already; none where it has them all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<Quantity>,
        /// Since when it waits.
        since: Timestamp,
    },
    /// Units that came in, or were free again, are sold to an order that waits for them.
    #[serde(rename = "stock.back_order_filled")]
    BackOrderFilled {
        /// The order.
        order: OrderId,
        /// Units sold.
        quantity: Quantity,
    },
    /// An order waits here no longer: it has its units, or it is called off.
    #[serde(rename = "stock.back_order_closed")]
    BackOrderClosed {
        /// The order.
        order: OrderId,
        /// Units that stay sold to it here; none where it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<Quantity>,
        /// Units that were sold to it and are free again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        freed: Option<Quantity>,
        /// Units that it still waited for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unfilled: Option<Quantity>,
    },
    /// Returned units went back on the shelf.
    #[serde(rename = "stock.restocked")]
    Restocked {
        /// The return they came with.
        return_id: ReturnId,
        /// Units put back.
        quantity: Quantity,
    },
    /// A count found fewer units than are promised: this promise, one of the youngest, ended. The order may be promised units
    /// again, here too.
    #[serde(rename = "stock.shortfall_detected")]
    ShortfallDetected {
        /// The order whose promise ended.
        order: OrderId,
        /// Units that were promised to it.
        quantity: Quantity,
        /// Units that were lacking before its promise ended, with all free ones counted.
        lacking: Quantity,
        /// Why it was counted.
        reason: ShortText,
    },
    /// Units were taken out for good: damaged, lost, stolen.
    #[serde(rename = "stock.written_off")]
    WrittenOff {
        /// Units taken out.
        quantity: Quantity,
        /// Why.
        reason: ShortText,
    },
}
