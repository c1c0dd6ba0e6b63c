//! The ports to the outside: what the processes ask of payment providers and carriers. Adapters live in `gateways`.

mod carrier;
mod payment;

pub use carrier::{CarrierGateway, CarrierNotice, Label, LabelRequest};
pub use payment::{
    AuthoriseAnswer, AuthoriseRequest, BuyerPresence, CaptureAnswer, CaptureRequest, NoticeError, PaymentGateway,
    PaymentNotice, PaymentNoticeKind, RefundAnswer, RefundRequest, VoidAnswer,
};

/// Why the outside gave no answer to rely on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// It could not be reached or said that it is overloaded: nothing happened there. Retry under the same key.
    #[error("the {gateway} is unavailable")]
    Unavailable {
        /// Which gateway.
        gateway: &'static str,
    },
    /// No answer came in time: it may have happened. Ask or retry under the same key, never under a new one.
    #[error("the {gateway} did not answer in time")]
    Unknown {
        /// Which gateway.
        gateway: &'static str,
    },
    /// It understood and will not do it, now or later: our request is wrong. A human must look.
    #[error("the {gateway} refused the request with {code}")]
    Rejected {
        /// Which gateway.
        gateway: &'static str,
        /// Its code. Never its message: that may hold personal data.
        code: String,
    },
}
