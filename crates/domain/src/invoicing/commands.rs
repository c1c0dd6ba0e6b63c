//! What may be asked of documents and of their series.

use super::document::{CreditReason, Document, DocumentNumber, Invoice, SeriesId};
use super::party::{Buyer, Seller};
use crate::values::{Date, FulfilmentId, LineId, Money, OrderId, PaymentId, Quantity, Timestamp};

/// What a claim is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credited {
    /// Units of an order's line that came back.
    Units {
        /// The line.
        line: LineId,
        /// How many units.
        quantity: Quantity,
    },
    /// The shipping.
    Shipping,
    /// Units of an order's line that were taken out of a paid parcel.
    ParcelUnits {
        /// The parcel.
        fulfilment: FulfilmentId,
        /// The line.
        line: LineId,
        /// How many units.
        quantity: Quantity,
    },
    /// Everything of a parcel.
    Parcel(FulfilmentId),
    /// The price of everything.
    Everything,
}

/// A share of a credit note: how much, and of what. What its lines have no longer left is taken from everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// What it is about.
    pub of: Credited,
    /// How much, VAT included, not negative.
    pub amount: Money,
}

/// What is to be credited, before it is known on which lines of which invoices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditNoteClaim {
    /// The refund.
    pub refund: String,
    /// Why.
    pub reason: CreditReason,
    /// The payment it goes back through.
    pub payment: PaymentId,
    /// Who sells.
    pub seller: Seller,
    /// Who buys.
    pub buyer: Buyer,
    /// The shares; they sum to what goes back, above zero.
    pub claims: Vec<Claim>,
}

/// A wish about the documents of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentsCommand {
    /// Writes an invoice down.
    DraftInvoice {
        /// The invoice.
        invoice: Box<Invoice>,
    },
    /// Writes a credit note down.
    DraftCreditNote {
        /// What is to be credited.
        claim: Box<CreditNoteClaim>,
    },
    /// Gives a drafted document the number that it has taken.
    Issue {
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

/// A wish about a series of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesCommand {
    /// Takes the next number. It is no repeat of another one: who asks twice has to ask under one command id.
    TakeNumber {
        /// The series.
        series: SeriesId,
        /// The order.
        order: OrderId,
        /// The order's document, drafted.
        document: Document,
        /// What the document comes to.
        total: Money,
        /// The day, where the shop is.
        date: Date,
        /// The moment.
        at: Timestamp,
    },
}
