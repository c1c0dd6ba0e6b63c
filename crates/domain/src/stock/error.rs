//! Why stock says no.

use crate::decider::Refusal;
use crate::values::{OrderId, Timestamp};

/// A refusal of the stock context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    /// Fewer units are free than asked for.
    #[error("{requested} units were asked for, {available} are available")]
    Insufficient {
        /// Units asked for.
        requested: i64,
        /// Units free to promise.
        available: i64,
    },
    /// The reservation was released, expired or barred: its order cannot have these units any more.
    #[error("the reservation of {order} is over")]
    ReservationOver {
        /// The order.
        order: OrderId,
    },
    /// There is no such reservation.
    #[error("{order} has no reservation here")]
    ReservationUnknown {
        /// The order.
        order: OrderId,
    },
    /// The same order reserved another number of units.
    #[error("{order} has reserved {reserved} units here, not {requested}")]
    ReservationDiffers {
        /// The order.
        order: OrderId,
        /// Units reserved before.
        reserved: i64,
        /// Units asked for now.
        requested: i64,
    },
    /// The promise still holds.
    #[error("the reservation of {order} holds until {} microseconds after 1970", expires_at.micros())]
    NotExpired {
        /// The order.
        order: OrderId,
        /// Its end.
        expires_at: Timestamp,
    },
    /// The units are not sold to this order.
    #[error("{order} has no allocation here")]
    AllocationUnknown {
        /// The order.
        order: OrderId,
    },
    /// The units have left: nothing can be released any more.
    #[error("the units of {order} have left")]
    AlreadyDispatched {
        /// The order.
        order: OrderId,
    },
    /// Fewer units are sold to the order than are to be freed.
    #[error("{allocated} units are sold to {order} here, {requested} cannot be freed")]
    AllocationExceeded {
        /// The order.
        order: OrderId,
        /// Units sold to it.
        allocated: i64,
        /// Units to free.
        requested: i64,
    },
    /// Fewer units were counted than are sold and have not left.
    #[error("{counted} units were counted and {sold} are sold and have not left: call orders off first")]
    SoldUnitsMissing {
        /// Units counted.
        counted: u64,
        /// Units sold.
        sold: i64,
    },
    /// The count is too far from what is known.
    #[error(
        "{counted} units were counted where {on_hand} are known: receive or write off more than {max} at once first"
    )]
    CountImplausible {
        /// Units counted.
        counted: u64,
        /// Units known.
        on_hand: i64,
        /// The most that a count may set right.
        max: i64,
    },
    /// The order does not wait here.
    #[error("{order} does not wait for units here")]
    BackOrderUnknown {
        /// The order.
        order: OrderId,
    },
    /// The waiting of the order has ended with another number of units.
    #[error("the back-order of {order} is settled with {kept} units, not {requested}")]
    BackOrderSettled {
        /// The order.
        order: OrderId,
        /// Units it kept.
        kept: i64,
        /// Units asked for now.
        requested: i64,
    },
    /// More orders wait than may.
    #[error("at most {max} orders wait for the units of one SKU at one location")]
    TooManyBackOrders {
        /// The limit.
        max: usize,
    },
    /// More units than the stream may count.
    #[error("the stock of one SKU at one location is limited to {max} units")]
    TooMany {
        /// The limit.
        max: i64,
    },
}

impl Refusal for StockError {
    fn code(&self) -> &'static str {
        match self {
            StockError::Insufficient { .. } => "INSUFFICIENT_STOCK",
            StockError::ReservationOver { .. } => "RESERVATION_OVER",
            StockError::ReservationUnknown { .. } => "RESERVATION_UNKNOWN",
            StockError::ReservationDiffers { .. } => "RESERVATION_DIFFERS",
            StockError::NotExpired { .. } => "RESERVATION_NOT_EXPIRED",
            StockError::AllocationUnknown { .. } => "ALLOCATION_UNKNOWN",
            StockError::AlreadyDispatched { .. } => "ALREADY_DISPATCHED",
            StockError::AllocationExceeded { .. } => "ALLOCATION_EXCEEDED",
            StockError::SoldUnitsMissing { .. } => "SOLD_UNITS_MISSING",
            StockError::CountImplausible { .. } => "COUNT_IMPLAUSIBLE",
            StockError::BackOrderUnknown { .. } => "BACK_ORDER_UNKNOWN",
            StockError::BackOrderSettled { .. } => "BACK_ORDER_SETTLED",
            StockError::TooManyBackOrders { .. } => "BACK_ORDER_LIMIT",
            StockError::TooMany { .. } => "STOCK_LIMIT",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            StockError::Insufficient { requested, available } => {
                vec![("requested", requested.to_string()), ("available", available.to_string())]
            }
            StockError::ReservationOver { .. }
            | StockError::ReservationUnknown { .. }
            | StockError::ReservationDiffers { .. }
            | StockError::NotExpired { .. }
            | StockError::AllocationUnknown { .. }
            | StockError::AlreadyDispatched { .. }
            | StockError::AllocationExceeded { .. }
            | StockError::SoldUnitsMissing { .. }
            | StockError::CountImplausible { .. }
            | StockError::BackOrderUnknown { .. }
            | StockError::BackOrderSettled { .. }
            | StockError::TooManyBackOrders { .. }
            | StockError::TooMany { .. } => Vec::new(),
        }
    }
}
