//! What may be asked of a payment, and what the provider may have answered.

use crate::values::{Money, OrderId, ShortText, Timestamp};

/// A wish about a payment, or an answer of the provider to record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentCommand {
    /// Begins to pay an order.
    Initiate {
        /// The order.
        order: OrderId,
        /// How much, above zero.
        amount: Money,
        /// The provider's token.
        method: ShortText,
    },
    /// Records that the buyer must act.
    RecordActionRequired {
        /// The provider's name of the payment.
        provider_reference: ShortText,
        /// Where the buyer goes.
        action_url: String,
    },
    /// Records that money is held.
    RecordAuthorisation {
        /// The provider's name of the payment.
        provider_reference: ShortText,
        /// How much.
        amount: Money,
        /// When the hold ends.
        expires_at: Timestamp,
    },
    /// Records a no.
    RecordDecline {
        /// The provider's code.
        code: String,
    },
    /// Asks to take a part of the held money.
    RequestCapture {
        /// Names the capture.
        capture: String,
        /// How much, above zero.
        amount: Money,
    },
    /// Records that it is taken.
    RecordCapture {
        /// The capture.
        capture: String,
    },
    /// Records that it could not be taken.
    RecordCaptureFailure {
        /// The capture.
        capture: String,
        /// The provider's code.
        code: String,
    },
    /// Asks to let go what is held and not taken, or bars what may still arrive.
    RequestVoid {
        /// Why.
        reason: ShortText,
    },
    /// Records that nothing is held.
    RecordVoid,
    /// Records that the hold ended by time.
    RecordExpiry {
        /// The present moment.
        now: Timestamp,
    },
    /// Asks to give money back.
    RequestRefund {
        /// Names the refund.
        refund: String,
        /// How much, above zero.
        amount: Money,
        /// Why.
        reason: ShortText,
    },
    /// Records that it went back.
    RecordRefund {
        /// The refund.
        refund: String,
    },
    /// Records that it could not go back.
    RecordRefundFailure {
        /// The refund.
        refund: String,
        /// The provider's code.
        code: String,
    },
}
