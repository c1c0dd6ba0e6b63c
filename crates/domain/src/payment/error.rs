//! Why a payment says no.

use crate::decider::Refusal;
use crate::values::{Currency, Money, ShortText, Timestamp};

/// A refusal of the payment context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// There is no such payment.
    #[error("there is no such payment")]
    Unknown,
    /// The payment was begun for something else.
    #[error("the payment exists already, for another order or amount")]
    AlreadyExists,
    /// The amount is not above zero.
    #[error("the amount must be above zero")]
    NotPositive,
    /// The amount is in another currency.
    #[error("the payment is in {payment}, not in {found}")]
    WrongCurrency {
        /// The payment's currency.
        payment: Currency,
        /// The other one.
        found: Currency,
    },
    /// More than is held and not yet taken or asked for.
    #[error("{requested} is more than the {capturable} that can still be captured")]
    CaptureExceedsAuthorised {
        /// Asked for.
        requested: Money,
        /// Possible.
        capturable: Money,
    },
    /// More than was taken and not yet given back or asked for.
    #[error("{requested} is more than the {refundable} that can still be refunded")]
    RefundExceedsCaptured {
        /// Asked for.
        requested: Money,
        /// Possible.
        refundable: Money,
    },
    /// The payment is past the point where this is possible.
    #[error("a payment that is {status} cannot be {wish}")]
    IllegalTransition {
        /// Its status.
        status: &'static str,
        /// What was asked.
        wish: &'static str,
    },
    /// The provider holds another amount than was asked for.
    #[error("{authorised} was authorised, {asked} was asked for")]
    AmountDiffers {
        /// Held.
        authorised: Money,
        /// Asked for.
        asked: Money,
    },
    /// There is no such capture.
    #[error("the payment has no such capture")]
    CaptureUnknown,
    /// There is no such refund.
    #[error("the payment has no such refund")]
    RefundUnknown,
    /// The same name was used for another amount.
    #[error("this name was used for another amount")]
    NameReused,
    /// The hold has not ended.
    #[error("the authorisation holds until {} microseconds after 1970", expires_at.micros())]
    NotExpired {
        /// Its end.
        expires_at: Timestamp,
    },
    /// The provider tells of a second hold, under another name.
    #[error("the provider knows the payment as {known}, not as {found}")]
    ReferenceDiffers {
        /// The provider's name recorded before.
        known: ShortText,
        /// The other one.
        found: ShortText,
    },
    /// More captures or refunds than a payment may have.
    #[error("a payment is limited to {max} captures and {max} refunds")]
    TooMany {
        /// The limit.
        max: usize,
    },
}

impl Refusal for PaymentError {
    fn code(&self) -> &'static str {
        match self {
            PaymentError::Unknown => "NOT_FOUND",
            PaymentError::AlreadyExists => "ALREADY_EXISTS",
            PaymentError::NotPositive => "AMOUNT_NOT_POSITIVE",
            PaymentError::WrongCurrency { .. } => "WRONG_CURRENCY",
            PaymentError::CaptureExceedsAuthorised { .. } => "CAPTURE_EXCEEDS_AUTHORISED",
            PaymentError::RefundExceedsCaptured { .. } => "REFUND_EXCEEDS_CAPTURED",
            PaymentError::IllegalTransition { .. } => "ILLEGAL_TRANSITION",
            PaymentError::AmountDiffers { .. } => "AMOUNT_DIFFERS",
            PaymentError::CaptureUnknown => "CAPTURE_NOT_FOUND",
            PaymentError::RefundUnknown => "REFUND_NOT_FOUND",
            PaymentError::NameReused => "NAME_REUSED",
            PaymentError::NotExpired { .. } => "AUTHORISATION_NOT_EXPIRED",
            PaymentError::ReferenceDiffers { .. } => "REFERENCE_DIFFERS",
            PaymentError::TooMany { .. } => "MOVEMENT_LIMIT",
        }
    }
}
