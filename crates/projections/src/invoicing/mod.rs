//! Invoices and credit notes: a list of all documents, and their VAT by rate.
//!
//! Reads the streams `invoicing`. Amounts are minor units of the document's currency. A document is there from its draft on
//! and listed once it has its number; after that it never changes.

mod fold;
mod queries;
mod tables;
#[cfg(test)]
mod tests;

pub use fold::InvoicingProjection;
pub use queries::{DocumentSummary, InvoicingQueries, VatAmount};
