//! What is asked of a payment provider. Every request carries a key of ours; the same key has one effect for ever.

use async_trait::async_trait;
use domain::values::{Money, OrderId, PaymentId, Timestamp};

use super::GatewayError;

/// Whether the buyer can act at the bank while money is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuyerPresence {
    /// The buyer waits for the answer.
    There,
    /// The shop asks by itself, under the buyer's agreement to the order (a merchant-initiated transaction).
    Away,
}

/// Asks to hold money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthoriseRequest {
    /// Our name of the payment: the idempotency key, and the provider's metadata.
    pub payment: PaymentId,
    /// The order it pays.
    pub order: OrderId,
    /// How much.
    pub amount: Money,
    /// The provider's token of the method.
    pub method: String,
    /// Whether the buyer can act at the bank.
    pub buyer: BuyerPresence,
}

/// What a provider says to a request to hold money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthoriseAnswer {
    /// The money is held.
    Authorised {
        /// The provider's name of the payment.
        provider_reference: String,
        /// How much is held.
        amount: Money,
        /// When the hold ends by itself.
        expires_at: Timestamp,
    },
    /// The buyer must act at the bank.
    ActionRequired {
        /// The provider's name of the payment.
        provider_reference: String,
        /// Where the buyer goes.
        action_url: String,
    },
    /// The bank said no.
    Declined {
        /// The provider's decline code.
        code: String,
    },
    /// The payment was cancelled under this key before: nothing is held and nothing will be.
    Cancelled,
}

/// Asks to take a part of what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRequest {
    /// Our name of the payment.
    pub payment: PaymentId,
    /// The provider's name of the payment.
    pub provider_reference: String,
    /// Names the capture: the idempotency key, with the payment.
    pub capture: String,
    /// How much.
    pub amount: Money,
    /// Whether the rest of the hold shall be let go.
    pub is_final: bool,
}

/// What a provider says to a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureAnswer {
    /// The money is taken.
    Captured,
    /// It is not, and will not be under this name.
    Failed {
        /// The provider's code.
        code: String,
    },
}

/// What a provider says to a void.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoidAnswer {
    /// Nothing is held, and an authorisation that is still under way under this key will be refused.
    Voided,
    /// Money is taken already: refund it instead.
    AlreadyCaptured,
}

/// Asks to give money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Our name of the payment.
    pub payment: PaymentId,
    /// The provider's name of the payment.
    pub provider_reference: String,
    /// Names the refund: the idempotency key, with the payment.
    pub refund: String,
    /// How much.
    pub amount: Money,
}

/// What a provider says to a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The money is on its way back.
    Refunded,
    /// The provider will tell later, by a notice.
    Pending,
    /// It cannot go back this way.
    Failed {
        /// The provider's code.
        code: String,
    },
}

/// Something a provider tells by itself (a webhook), with its signature checked. May come twice, late and in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentNotice {
    /// The provider's id of the notice: what it is deduplicated by.
    pub id: String,
    /// Our name of the payment it is about.
    pub payment: PaymentId,
    /// The provider's name of the payment.
    pub provider_reference: String,
    /// What it says.
    pub kind: PaymentNoticeKind,
}

/// What a notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentNoticeKind {
    /// Money is held.
    Authorised {
        /// How much.
        amount: Money,
        /// When the hold ends.
        expires_at: Timestamp,
    },
    /// The buyer must act.
    ActionRequired {
        /// Where the buyer goes.
        action_url: String,
    },
    /// The bank said no.
    Declined {
        /// The provider's code.
        code: String,
    },
    /// Nothing is held any more.
    Voided,
    /// Money is taken, under a capture name of ours.
    Captured {
        /// The capture.
        capture: String,
    },
    /// Money went back, under a refund name of ours.
    Refunded {
        /// The refund.
        refund: String,
    },
    /// Money could not go back.
    RefundFailed {
        /// The refund.
        refund: String,
        /// The provider's code.
        code: String,
    },
    /// A kind the shop does not act on; it is stored and answered all the same.
    Other {
        /// The provider's name of the kind.
        name: String,
    },
}

/// Why a notice was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// The signature header is missing or malformed.
    #[error("the signature header is missing or malformed")]
    SignatureMissing,
    /// The signature is not the provider's.
    #[error("the signature does not match")]
    SignatureMismatch,
    /// The notice is signed for another time than ±300 s from now: perhaps replayed.
    #[error("the signature is older or newer than 300 s")]
    SignatureExpired,
    /// The body is not a notice.
    #[error("the body is not a notice")]
    BodyMalformed,
    /// The notice is about no payment of ours.
    #[error("the notice names no payment of this shop")]
    NotOurs,
}

/// A payment provider.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Asks to hold money, once per payment.
    ///
    /// # Errors
    /// [`GatewayError`] when there is no answer to rely on.
    async fn authorise(&self, request: &AuthoriseRequest) -> Result<AuthoriseAnswer, GatewayError>;

    /// Asks what became of a payment, by our name of it. `None`: the provider never heard of it.
    ///
    /// # Errors
    /// [`GatewayError`] when there is no answer to rely on.
    async fn find(&self, payment: &PaymentId) -> Result<Option<AuthoriseAnswer>, GatewayError>;

    /// Takes a part of what is held, once per name.
    ///
    /// # Errors
    /// [`GatewayError`] when there is no answer to rely on.
    async fn capture(&self, request: &CaptureRequest) -> Result<CaptureAnswer, GatewayError>;

    /// Lets go what is held and not taken, by our name of the payment, also when the provider has not heard of it yet:
    /// an authorisation that arrives under this name afterwards is refused.
    ///
    /// # Errors
    /// [`GatewayError`] when there is no answer to rely on.
    async fn void(&self, payment: &PaymentId, provider_reference: Option<&str>) -> Result<VoidAnswer, GatewayError>;

    /// Gives money back, once per name.
    ///
    /// # Errors
    /// [`GatewayError`] when there is no answer to rely on.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundAnswer, GatewayError>;

    /// Checks a notice's signature against the present moment and reads it.
    ///
    /// # Errors
    /// [`NoticeError`] says why it is not accepted.
    fn read_notice(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<PaymentNotice, NoticeError>;
}
