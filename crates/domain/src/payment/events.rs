//! What happened to one attempt to pay an order.

use serde::{Deserialize, Serialize};

use crate::values::{Money, OrderId, ShortText, Timestamp};

/// A fact about a payment. Stored names are for ever. References are the provider's; no card ever comes here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentEvent {
    /// The shop means to ask the provider for this much.
    #[serde(rename = "payment.initiated")]
    Initiated {
        /// The order to be paid.
        order: OrderId,
        /// How much.
        amount: Money,
        /// The provider's token of the method.
        method: ShortText,
    },
    /// The buyer must act at the bank (3-D Secure).
    #[serde(rename = "payment.action_required")]
    ActionRequired {
        /// The provider's name of the payment.
        provider_reference: ShortText,
        /// Where the buyer goes.
        action_url: String,
    },
    /// The bank holds the money.
    #[serde(rename = "payment.authorised")]
    Authorised {
        /// The provider's name of the payment.
        provider_reference: ShortText,
        /// How much is held.
        amount: Money,
        /// When the hold ends by itself.
        expires_at: Timestamp,
    },
    /// The bank holds money although the payment was voided before: it must be let go.
    #[serde(rename = "payment.authorised_too_late")]
    AuthorisedTooLate {
        /// The provider's name of the payment.
        provider_reference: ShortText,
        /// How much is held.
        amount: Money,
    },
    /// The bank said no.
    #[serde(rename = "payment.declined")]
    Declined {
        /// The provider's decline code, such as `insufficient_funds`.
        code: String,
    },
    /// The shop means to take a part of the held money.
    #[serde(rename = "payment.capture_requested")]
    CaptureRequested {
        /// Names the capture within this payment: the idempotency key at the provider.
        capture: String,
        /// How much.
        amount: Money,
    },
    /// The money is taken.
    #[serde(rename = "payment.captured")]
    Captured {
        /// The capture.
        capture: String,
        /// How much.
        amount: Money,
    },
    /// The provider would not take it.
    #[serde(rename = "payment.capture_failed")]
    CaptureFailed {
        /// The capture.
        capture: String,
        /// The provider's code.
        code: String,
    },
    /// The shop means to let go what is held and not taken; also before the provider has answered at all.
    #[serde(rename = "payment.void_requested")]
    VoidRequested {
        /// Why.
        reason: ShortText,
    },
    /// Nothing is held any more.
    #[serde(rename = "payment.voided")]
    Voided {},
    /// The hold ended by time.
    #[serde(rename = "payment.authorisation_expired")]
    AuthorisationExpired {},
    /// The shop means to give money back.
    #[serde(rename = "payment.refund_requested")]
    RefundRequested {
        /// Names the refund within this payment: the idempotency key at the provider.
        refund: String,
        /// How much.
        amount: Money,
        /// Why.
        reason: ShortText,
    },
    /// The money went back.
    #[serde(rename = "payment.refunded")]
    Refunded {
        /// The refund.
        refund: String,
        /// How much.
        amount: Money,
    },
    /// The provider could not give it back.
    #[serde(rename = "payment.refund_failed")]
    RefundFailed {
        /// The refund.
        refund: String,
        /// How much stays.
        amount: Money,
        /// The provider's code.
        code: String,
    },
}
