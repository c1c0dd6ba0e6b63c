//! Why an order says no.

use crate::decider::Refusal;
use crate::values::{LineId, Money, OrderId, Timestamp, paris_time};

/// A refusal of the order context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// There is no such order.
    #[error("there is no such order")]
    Unknown,
    /// The order was placed with other content.
    #[error("the order is placed already, with other content")]
    AlreadyPlaced,
    /// The sale has no line.
    #[error("an order needs at least one line")]
    NoLines,
    /// The parts do not sum to the whole.
    #[error("the amounts do not add up: {what}")]
    TotalsDisagree {
        /// Which sum.
        what: &'static str,
    },
    /// The order is past the point where this is possible.
    #[error("an order that is {status} cannot be {wish}")]
    IllegalTransition {
        /// Its status.
        status: &'static str,
        /// What was asked.
        wish: &'static str,
    },
    /// Parcels have left: return them instead.
    #[error("the order has left the warehouse: open a return instead")]
    AlreadyShipped,
    /// There is no such line.
    #[error("the order has no line {line}")]
    LineUnknown {
        /// The line.
        line: LineId,
    },
    /// Nothing was named, or a line twice.
    #[error("name each returned line once, and at least one")]
    ReturnLinesInvalid,
    /// More units than were delivered and not yet returned.
    #[error("{requested} units of {line} were asked to be returned, {returnable} can be")]
    NotReturnable {
        /// The line.
        line: LineId,
        /// Units asked for.
        requested: i64,
        /// Units that can be returned.
        returnable: i64,
    },
    /// Nothing was named, or a line twice.
    #[error("name each line once, and at least one")]
    LinesInvalid,
    /// More units than are left of the line.
    #[error("{requested} units of {line} were asked to be cancelled, {cancellable} can be")]
    NotCancellable {
        /// The line.
        line: LineId,
        /// Units asked for.
        requested: i64,
        /// Units that are left of it.
        cancellable: i64,
    },
    /// A cancellation has no answer yet.
    #[error("a cancellation is under way: wait for its answer")]
    CancellationUnderWay,
    /// The order knows of no such cancellation of lines.
    #[error("the order has no such line cancellation")]
    LineCancellationUnknown,
    /// The cancellation was asked for with other lines, or is answered otherwise.
    #[error("the line cancellation is known already, with other content")]
    LineCancellationDiffers,
    /// More cancellations of lines than an order may have.
    #[error("an order is limited to {max} line cancellations: cancel it whole, or return what arrives")]
    TooManyLineCancellations {
        /// The limit.
        max: usize,
    },
    /// Units are waited for: the warehouses do not have the order yet.
    #[error("units of the order are back-ordered: cancel it whole, or wait until they are there")]
    BackOrdered,
    /// Nothing has been delivered yet.
    #[error("nothing has been delivered yet")]
    NotDelivered,
    /// The time to return is over.
    #[error("the time to return ended {} microseconds after 1970", closed_at.micros())]
    ReturnWindowClosed {
        /// When it ended.
        closed_at: Timestamp,
    },
    /// The period of withdrawal is over.
    #[error("the period of withdrawal ended {}: ask for a return instead", paris_time(*ended_at))]
    WithdrawalPeriodOver {
        /// The first moment after it.
        ended_at: Timestamp,
    },
    /// A withdrawal was declared too long ago to be confirmed.
    #[error("the withdrawal was declared more than a day ago: declare it again")]
    WithdrawalLapsed,
    /// An attempt to pay is under way or has succeeded.
    #[error("the order is being paid or is paid already")]
    PaymentUnderWay,
    /// A payment is to hold nothing, more than is due, or another currency.
    #[error("a payment of {requested} was asked for, of {due} that are due: pay that or less")]
    PaymentAmountInvalid {
        /// What it was to hold.
        requested: Money,
        /// What is due.
        due: Money,
    },
    /// Too many attempts to pay.
    #[error("an order has at most {max} attempts to pay: place a new one")]
    TooManyPayments {
        /// The limit.
        max: usize,
    },
    /// Nothing can be added to the order.
    #[error("nothing can be added to this order: {why}; take the cart off it and check out as usual")]
    NotAddedTo {
        /// Why.
        why: &'static str,
    },
    /// Another order goes along with it.
    #[error("{addition} was added to this order: cancel that first")]
    HasAdditions {
        /// The other order.
        addition: OrderId,
    },
    /// There is no such return.
    #[error("the order has no such return")]
    ReturnUnknown,
    /// The return was opened with other lines.
    #[error("the return is open already, with other lines")]
    ReturnDiffers,
    /// The return was called off; its id is not used again.
    #[error("the return was withdrawn: open another one")]
    ReturnWithdrawn,
    /// More returns than an order may have.
    #[error("an order is limited to {max} returns")]
    TooManyReturns {
        /// The limit.
        max: usize,
    },
}

impl Refusal for OrderError {
    fn code(&self) -> &'static str {
        match self {
            OrderError::Unknown => "NOT_FOUND",
            OrderError::AlreadyPlaced => "ALREADY_EXISTS",
            OrderError::NoLines => "NO_LINES",
            OrderError::TotalsDisagree { .. } => "TOTALS_DISAGREE",
            OrderError::IllegalTransition { .. } => "ILLEGAL_TRANSITION",
            OrderError::AlreadyShipped => "ALREADY_SHIPPED",
            OrderError::LineUnknown { .. } => "LINE_NOT_FOUND",
            OrderError::ReturnLinesInvalid => "RETURN_LINES_INVALID",
            OrderError::NotReturnable { .. } => "NOT_RETURNABLE",
            OrderError::LinesInvalid => "LINES_INVALID",
            OrderError::NotCancellable { .. } => "NOT_CANCELLABLE",
            OrderError::CancellationUnderWay => "CANCELLATION_UNDER_WAY",
            OrderError::LineCancellationUnknown => "LINE_CANCELLATION_NOT_FOUND",
            OrderError::LineCancellationDiffers => "LINE_CANCELLATION_DIFFERS",
            OrderError::TooManyLineCancellations { .. } => "LINE_CANCELLATION_LIMIT",
            OrderError::BackOrdered => "BACK_ORDERED",
            OrderError::NotDelivered => "NOT_DELIVERED",
            OrderError::ReturnWindowClosed { .. } => "RETURN_WINDOW_CLOSED",
            OrderError::WithdrawalPeriodOver { .. } => "WITHDRAWAL_PERIOD_OVER",
            OrderError::WithdrawalLapsed => "WITHDRAWAL_LAPSED",
            OrderError::PaymentUnderWay => "PAYMENT_UNDER_WAY",
            OrderError::PaymentAmountInvalid { .. } => "PAYMENT_AMOUNT_INVALID",
            OrderError::TooManyPayments { .. } => "TOO_MANY_PAYMENTS",
            OrderError::NotAddedTo { .. } => "ORDER_CANNOT_BE_ADDED_TO",
            OrderError::HasAdditions { .. } => "ORDER_HAS_ADDITIONS",
            OrderError::ReturnUnknown => "RETURN_NOT_FOUND",
            OrderError::ReturnDiffers => "RETURN_DIFFERS",
            OrderError::ReturnWithdrawn => "RETURN_WITHDRAWN",
            OrderError::TooManyReturns { .. } => "RETURN_LIMIT",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        if let OrderError::NotReturnable { requested, returnable, .. } = self {
            return vec![("requested", requested.to_string()), ("returnable", returnable.to_string())];
        }
        if let OrderError::NotCancellable { requested, cancellable, .. } = self {
            return vec![("requested", requested.to_string()), ("cancellable", cancellable.to_string())];
        }
        if let OrderError::PaymentAmountInvalid { requested, due } = self {
            return vec![("requested", requested.to_string()), ("due", due.to_string())];
        }
        if let OrderError::HasAdditions { addition } = self {
            return vec![("addition", addition.to_string())];
        }
        Vec::new()
    }
}
