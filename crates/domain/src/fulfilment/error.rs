//! Why a fulfilment says no.

use crate::decider::Refusal;
use crate::values::LineId;

/// A refusal of the fulfilment context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FulfilmentError {
    /// There is no such fulfilment.
    #[error("there is no such fulfilment")]
    Unknown,
    /// It was requested with other content.
    #[error("the fulfilment exists already, with other content")]
    AlreadyExists,
    /// There is nothing to send.
    #[error("a fulfilment needs at least one line")]
    NoLines,
    /// The parcel's money is not taken yet.
    #[error("the parcel is not paid yet: it may not leave")]
    NotPaid,
    /// A line twice, or more units than are in it.
    #[error("{requested} units of {line} were to be taken out, {left} are in the parcel")]
    NotInParcel {
        /// The line.
        line: LineId,
        /// Units asked for.
        requested: i64,
        /// Units in it.
        left: i64,
    },
    /// The units stand for more than the parcel does.
    #[error("the units are said to stand for more than the parcel does")]
    ShareExceeded,
    /// The fulfilment is past the point where this is possible, or not there yet.
    #[error("a fulfilment that is {status} cannot be {wish}")]
    IllegalTransition {
        /// Its status.
        status: &'static str,
        /// What was asked.
        wish: &'static str,
    },
}

impl Refusal for FulfilmentError {
    fn code(&self) -> &'static str {
        match self {
            FulfilmentError::Unknown => "NOT_FOUND",
            FulfilmentError::AlreadyExists => "ALREADY_EXISTS",
            FulfilmentError::NoLines => "NO_LINES",
            FulfilmentError::NotPaid => "PARCEL_NOT_PAID",
            FulfilmentError::NotInParcel { .. } => "NOT_IN_PARCEL",
            FulfilmentError::ShareExceeded => "SHARE_EXCEEDED",
            FulfilmentError::IllegalTransition { .. } => "ILLEGAL_TRANSITION",
        }
    }
}
