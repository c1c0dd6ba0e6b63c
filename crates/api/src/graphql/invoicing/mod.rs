//! Invoices and credit notes over GraphQL. They are issued by a process: nobody asks for one.

mod queries;
pub mod types;

pub use queries::InvoicingQuery;
pub(crate) use queries::documents;
