//! Why invoicing says no.

use super::document::DocumentNumber;
use crate::decider::Refusal;
use crate::values::Money;

/// A refusal of the invoicing context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvoicingError {
    /// There is no such document.
    #[error("there is no such document")]
    Unknown,
    /// A parcel has another invoice, or the document another number.
    #[error("the document exists already, with other content")]
    AlreadyExists,
    /// The lines do not sum to the totals.
    #[error("the document's amounts disagree: {what}")]
    TotalsDisagree {
        /// What disagrees.
        what: &'static str,
    },
    /// More than what was to be paid and is not credited yet.
    #[error("{requested} is to be credited, the invoices have {creditable} left: issue the invoice first")]
    CreditExceedsInvoiced {
        /// Asked for.
        requested: Money,
        /// What is left.
        creditable: Money,
    },
    /// Nothing is to be credited.
    #[error("a credit note credits more than zero")]
    NothingToCredit,
    /// An order has too many documents.
    #[error("an order has at most {max} documents")]
    TooManyDocuments {
        /// The most.
        max: usize,
    },
    /// The number is of another series than the document or the stream.
    #[error("the number is not of this series or of this year")]
    SeriesDiffers,
    /// The series has no further number.
    #[error("the series ends at {last}")]
    SeriesFull {
        /// Its last number.
        last: DocumentNumber,
    },
}

impl Refusal for InvoicingError {
    fn code(&self) -> &'static str {
        match self {
            InvoicingError::Unknown => "NOT_FOUND",
            InvoicingError::AlreadyExists => "ALREADY_EXISTS",
            InvoicingError::TotalsDisagree { .. } => "TOTALS_DISAGREE",
            InvoicingError::CreditExceedsInvoiced { .. } => "CREDIT_EXCEEDS_INVOICED",
            InvoicingError::NothingToCredit => "NOTHING_TO_CREDIT",
            InvoicingError::TooManyDocuments { .. } => "TOO_MANY_DOCUMENTS",
            InvoicingError::SeriesDiffers => "SERIES_DIFFERS",
            InvoicingError::SeriesFull { .. } => "SERIES_FULL",
        }
    }
}
