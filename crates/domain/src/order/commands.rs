//! What may be asked of an order.

use super::events::{AdditionEnd, CancelledLine, FulfilmentStatus, LineUnits, PaymentStatus, ReturnedLine, Sale};
use crate::values::{FulfilmentId, LineCancellationId, Money, OrderId, PaymentId, ReturnId, ShortText, Timestamp};

/// A wish about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderCommand {
    /// Places it.
    Place {
        /// What was agreed.
        sale: Box<Sale>,
        /// When.
        placed_at: Timestamp,
    },
    /// Begins an attempt to pay it; refused once it is paid or over.
    RequestPayment {
        /// The attempt.
        payment: PaymentId,
        /// The provider's token.
        method: ShortText,
        /// How much of what is due it is to hold, where another payment is to hold the rest; none for all that is due.
        amount: Option<Money>,
    },
    /// Begins an attempt by which an owed order's money is held anew, before or after the hold has ended: of what is taken in
    /// part, the rest.
    RenewPayment {
        /// The attempt.
        payment: PaymentId,
        /// The provider's token.
        method: ShortText,
        /// How much of the money it is to hold, where others hold the rest or have taken it; none for all that was not taken.
        amount: Option<Money>,
    },
    /// Owes the goods.
    Confirm,
    /// Ends it before it became a sale.
    Reject {
        /// A stable code.
        code: String,
        /// Why.
        reason: ShortText,
    },
    /// Asks to call it off.
    RequestCancellation {
        /// Why.
        reason: ShortText,
    },
    /// Asks to call it off, as its buyer: refused while another order goes along with it.
    RequestCancellationByBuyer {
        /// Why.
        reason: ShortText,
    },
    /// Lets another order of its buyer go along with it.
    AcceptAddition {
        /// The other order.
        addition: OrderId,
    },
    /// Notes that another order goes along with it no longer.
    ReleaseAddition {
        /// The other order.
        addition: OrderId,
        /// Why.
        end: AdditionEnd,
    },
    /// Keeps it although someone asked to call it off.
    RefuseCancellation {
        /// Why.
        reason: ShortText,
    },
    /// Calls it off: everything is undone.
    Cancel {
        /// Why.
        reason: ShortText,
    },
    /// Asks to cancel units of lines of a confirmed order; to call it off where nothing would be left of it.
    RequestLineCancellation {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// Which units; at least one line, none twice.
        lines: Vec<LineUnits>,
        /// Why.
        reason: ShortText,
        /// Units of the order's lines that no warehouse has any more.
        gone: Vec<LineUnits>,
    },
    /// Keeps the units although someone asked to cancel them.
    RefuseLineCancellation {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// A stable code.
        code: String,
        /// Why.
        reason: ShortText,
    },
    /// Notes which units are cancelled: those that were asked for, or fewer where the others had left.
    CancelLines {
        /// The cancellation.
        cancellation: LineCancellationId,
        /// Which units, and what they were sold for; at least one line, none twice.
        lines: Vec<CancelledLine>,
        /// What goes back of it, because it was taken.
        refund: Money,
    },
    /// Notes which units are waited for, and until when they are promised.
    BackOrder {
        /// Which units; at least one line, none twice.
        lines: Vec<LineUnits>,
        /// When people are asked what to do, should they not be there by then.
        until: Timestamp,
    },
    /// Notes that every unit is there.
    FillBackOrder,
    /// Notes where the money stands.
    RecordPayment {
        /// The status.
        status: PaymentStatus,
        /// Money held or taken in all.
        authorised: Money,
        /// Money taken.
        captured: Money,
        /// Money given back.
        refunded: Money,
    },
    /// Notes where the goods stand.
    RecordFulfilment {
        /// The status.
        status: FulfilmentStatus,
        /// The fulfilment that moved it.
        fulfilment: Option<FulfilmentId>,
        /// When.
        at: Timestamp,
    },
    /// Opens a return of delivered units.
    OpenReturn {
        /// The return.
        return_id: ReturnId,
        /// What comes back; at least one line, none twice.
        lines: Vec<ReturnedLine>,
        /// Why.
        reason: ShortText,
        /// The present moment, for the return window.
        now: Timestamp,
    },
    /// Declares to withdraw from the contract, for delivered units.
    DeclareWithdrawal {
        /// The return it becomes.
        return_id: ReturnId,
        /// What it is about; at least one line, none twice.
        lines: Vec<ReturnedLine>,
        /// The present moment, for the period.
        now: Timestamp,
    },
    /// Confirms a declared withdrawal: its return is opened.
    ConfirmWithdrawal {
        /// The return.
        return_id: ReturnId,
        /// The present moment.
        now: Timestamp,
    },
    /// Gives the units of a refused or cancelled return free to be returned again.
    WithdrawReturn {
        /// The return.
        return_id: ReturnId,
    },
    /// Closes it.
    Complete,
}
