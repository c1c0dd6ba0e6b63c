//! Invoices and credit notes: what a sale is by law, written down once and never changed.
//!
//! Streams `invoicing` (id: the order's id; its documents) and `document_series` (id: the series, such as `F2026`; its
//! numbers). Amounts are minor units of the sale's currency, VAT included unless they say net.
//!
//! A document is drafted first, then takes the next number of its series, then is issued: a number is never taken for
//! something that could still be refused.
//!
//! Invariants, after every event: the numbers of a series are 1, 2, 3 … in order of date, each taken once; a parcel has one
//! invoice and a refund one credit note; a document's lines sum to its VAT amounts and its total; of a line of an invoice
//! no more is credited than was to be paid for it, its VAT in proportion.

mod commands;
mod credit;
mod document;
mod error;
mod events;
mod order_documents;
mod party;
mod series;
#[cfg(test)]
mod tests;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use commands::{Claim, CreditNoteClaim, Credited, DocumentsCommand, SeriesCommand};
pub use document::{
    CreditLine, CreditNote, CreditReason, Document, DocumentKind, DocumentNumber, Invoice, InvoiceLine, Item,
    NUMBERS_MAX, SeriesId,
};
pub use error::InvoicingError;
pub use events::{DocumentsEvent, SeriesEvent};
pub use order_documents::{DOCUMENTS_MAX, Issue, OrderDocuments, vat_of};
pub use party::{Buyer, Seller, Siren, VatId};
pub use series::Series;

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};

impl DomainEvent for DocumentsEvent {
    fn event_type(&self) -> String {
        match self {
            DocumentsEvent::InvoiceDrafted { .. } => "invoicing.invoice_drafted",
            DocumentsEvent::CreditNoteDrafted { .. } => "invoicing.credit_note_drafted",
            DocumentsEvent::DocumentIssued { .. } => "invoicing.document_issued",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for DocumentsEvent {}

impl DomainEvent for SeriesEvent {
    fn event_type(&self) -> String {
        match self {
            SeriesEvent::NumberTaken { .. } => "invoicing.number_taken",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for SeriesEvent {}

impl Aggregate for OrderDocuments {
    const TYPE: &'static str = "invoicing";
    type Command = DocumentsCommand;
    type Event = DocumentsEvent;
    type Error = InvoicingError;
    type Services = ();

    async fn handle(
        &mut self,
        command: DocumentsCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), InvoicingError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: DocumentsEvent) {
        self.evolve(&event);
    }
}

impl Decider for OrderDocuments {
    fn decide(&self, command: &DocumentsCommand) -> Result<Vec<DocumentsEvent>, InvoicingError> {
        order_documents::decide(self, command)
    }

    fn evolve(&mut self, event: &DocumentsEvent) {
        self.move_on(event);
    }
}

impl Aggregate for Series {
    const TYPE: &'static str = "document_series";
    type Command = SeriesCommand;
    type Event = SeriesEvent;
    type Error = InvoicingError;
    type Services = ();

    async fn handle(
        &mut self,
        command: SeriesCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), InvoicingError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: SeriesEvent) {
        self.evolve(&event);
    }
}

impl Decider for Series {
    fn decide(&self, command: &SeriesCommand) -> Result<Vec<SeriesEvent>, InvoicingError> {
        series::decide(self, command)
    }

    fn evolve(&mut self, event: &SeriesEvent) {
        self.move_on(event);
    }
}
