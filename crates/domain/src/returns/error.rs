//! Why a return says no.

use crate::decider::Refusal;
use crate::values::{LineId, Money};

/// A refusal of the returns context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    /// There is no such return.
    #[error("there is no such return")]
    Unknown,
    /// It was requested with other content.
    #[error("the return exists already, with other content")]
    AlreadyExists,
    /// Nothing was named, or a line twice.
    #[error("name each line once, and at least one")]
    LinesInvalid,
    /// The amounts are in two currencies or leave their range.
    #[error("the amounts of a return must be in one currency and not negative")]
    AmountsInvalid,
    /// The return has no such line.
    #[error("the return has no line {line}")]
    LineUnknown {
        /// The line.
        line: LineId,
    },
    /// The counts do not sum to what was announced.
    #[error("{counted} units of {line} were counted, {announced} were announced")]
    CountDiffers {
        /// The line.
        line: LineId,
        /// Counted.
        counted: i64,
        /// Announced.
        announced: i64,
    },
    /// A deduction that is none, or above what was paid for the damaged units.
    #[error("{deducted} cannot be deducted for damaged units of {line}: above zero, at most {deductible}")]
    DeductionInvalid {
        /// The line.
        line: LineId,
        /// What was asked.
        deducted: Money,
        /// What was paid for the damaged units.
        deductible: Money,
    },
    /// Another amount than the inspection found.
    #[error("{refunded} was refunded, {owed} is owed")]
    RefundDiffers {
        /// Refunded.
        refunded: Money,
        /// Owed.
        owed: Money,
    },
    /// The law does not let the shop refuse it.
    #[error("a withdrawal from the contract cannot be refused")]
    WithdrawalStands,
    /// The return is past the point where this is possible, or not there yet.
    #[error("a return that is {status} cannot be {wish}")]
    IllegalTransition {
        /// Its status.
        status: &'static str,
        /// What was asked.
        wish: &'static str,
    },
}

impl Refusal for ReturnError {
    fn code(&self) -> &'static str {
        match self {
            ReturnError::Unknown => "NOT_FOUND",
            ReturnError::AlreadyExists => "ALREADY_EXISTS",
            ReturnError::LinesInvalid => "RETURN_LINES_INVALID",
            ReturnError::AmountsInvalid => "AMOUNTS_INVALID",
            ReturnError::LineUnknown { .. } => "LINE_NOT_FOUND",
            ReturnError::CountDiffers { .. } => "COUNT_DIFFERS",
            ReturnError::DeductionInvalid { .. } => "DEDUCTION_INVALID",
            ReturnError::RefundDiffers { .. } => "REFUND_DIFFERS",
            ReturnError::WithdrawalStands => "WITHDRAWAL_STANDS",
            ReturnError::IllegalTransition { .. } => "ILLEGAL_TRANSITION",
        }
    }
}
