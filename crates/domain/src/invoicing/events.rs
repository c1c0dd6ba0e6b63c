//! What happened to documents and to their series.

use serde::{Deserialize, Serialize};

use super::document::{CreditNote, Document, DocumentNumber, Invoice};
use crate::values::{Date, Money, OrderId, Timestamp};

/// A fact about the documents of an order. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DocumentsEvent {
    /// What an invoice says is settled; it has no number yet.
    #[serde(rename = "invoicing.invoice_drafted")]
    InvoiceDrafted {
        /// The invoice.
        invoice: Box<Invoice>,
    },
    /// What a credit note says is settled; it has no number yet.
    #[serde(rename = "invoicing.credit_note_drafted")]
    CreditNoteDrafted {
        /// The credit note.
        credit_note: Box<CreditNote>,
    },
    /// A document has its number: it can be shown and is never changed.
    #[serde(rename = "invoicing.document_issued")]
    DocumentIssued {
        /// Which.
        document: Document,
        /// Its number.
        number: DocumentNumber,
        /// The day that it bears.
        date: Date,
        /// When.
        issued_at: Timestamp,
    },
}

/// A fact about a series of numbers. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SeriesEvent {
    /// A drafted document took the next number.
    #[serde(rename = "invoicing.number_taken")]
    NumberTaken {
        /// The number.
        number: DocumentNumber,
        /// The order.
        order: OrderId,
        /// The order's document.
        document: Document,
        /// What the document comes to.
        total: Money,
        /// The day that it bears: never before the one of the number before.
        date: Date,
        /// When.
        issued_at: Timestamp,
    },
}
