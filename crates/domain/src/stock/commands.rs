//! What may be asked of the units of one SKU at one location.

use crate::values::{LineCancellationId, OrderId, Quantity, ReturnId, ShortText, Timestamp};

/// A wish about stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StockCommand {
    /// Takes units in.
    Receive {
        /// Units that come in.
        quantity: Quantity,
        /// The delivery note or the like.
        reference: ShortText,
    },
    /// Promises units to an order; all lines of the same SKU in one command.
    Reserve {
        /// The order.
        order: OrderId,
        /// Units wanted.
        quantity: Quantity,
        /// When the promise ends.
        expires_at: Timestamp,
    },
    /// Lets a promise hold longer.
    Extend {
        /// The order.
        order: OrderId,
        /// The new end, not before the present one.
        expires_at: Timestamp,
    },
    /// Gives a promise back, or bars it where it has not arrived yet.
    Release {
        /// The order.
        order: OrderId,
        /// Why.
        reason: ShortText,
    },
    /// Ends a promise whose time is over.
    Expire {
        /// The order.
        order: OrderId,
        /// The present moment.
        now: Timestamp,
    },
    /// Turns a promise into a sale.
    Allocate {
        /// The order.
        order: OrderId,
    },
    /// Frees sold units that have not left.
    ReleaseAllocation {
        /// The order.
        order: OrderId,
        /// Why.
        reason: ShortText,
    },
    /// Frees some of the sold units that have not left, once per line cancellation.
    ReduceAllocation {
        /// The order.
        order: OrderId,
        /// The cancellation.
        cancellation: LineCancellationId,
        /// Units to free.
        quantity: Quantity,
    },
    /// Lets sold units leave.
    Dispatch {
        /// The order.
        order: OrderId,
    },
    /// Lets a paid order wait for units: what was promised to it is sold, free units are sold to it now, and what comes in
    /// later before anybody else has it.
    BackOrder {
        /// The order.
        order: OrderId,
        /// Units it is to have here in all, with those that it has.
        quantity: Quantity,
        /// Since when it waits: who has waited longest is served first.
        since: Timestamp,
    },
    /// Ends the waiting of an order, once it has all its units in all locations together.
    SettleBackOrder {
        /// The order.
        order: OrderId,
        /// Units it keeps of those that it was sold here; the others are free again.
        keep: Option<Quantity>,
    },
    /// Puts returned units back on the shelf, once per return.
    Restock {
        /// The return.
        return_id: ReturnId,
        /// Units to put back.
        quantity: Quantity,
    },
    /// Sets right how many units are here, as somebody counted them; promises that cannot be kept any more end.
    Recount {
        /// Units that are here, promised and sold ones among them.
        counted: u64,
        /// Why it was counted.
        reason: ShortText,
    },
    /// Takes free units out for good.
    WriteOff {
        /// Units to take out.
        quantity: Quantity,
        /// Why.
        reason: ShortText,
    },
}
