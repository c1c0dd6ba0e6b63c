//! Questions about documents.

use domain::invoicing::DocumentKind;
use domain::values::{Money, VatRate};

use super::tables::{DOCUMENT_VAT, DOCUMENTS};
use crate::models::ReadModels;
use crate::rows::{Direction, Page, Query, ReadError, ReadStore, Row};
use crate::views::{Edge, Slice, money, page, vat_rate};

/// An issued document in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSummary {
    /// The order.
    pub order: String,
    /// Its number.
    pub number: String,
    /// The day that it bears, `YYYY-MM-DD`.
    pub date: String,
    /// What it comes to, VAT included.
    pub total: Money,
    /// What the buyer pays or gets back.
    pub payable: Money,
    /// Why something is credited; none for an invoice.
    pub reason: Option<String>,
}

/// The VAT of a document at one rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VatAmount {
    /// The rate.
    pub rate: VatRate,
    /// Without VAT.
    pub net: Money,
    /// The VAT.
    pub tax: Money,
    /// With VAT.
    pub gross: Money,
}

/// Questions about documents.
#[derive(Clone, Copy, Debug)]
pub struct InvoicingQueries<'a> {
    store: &'a ReadStore,
}

impl ReadModels {
    /// Asks about invoices and credit notes.
    pub fn invoicing(&self) -> InvoicingQueries<'_> {
        InvoicingQueries { store: self.store() }
    }
}

impl InvoicingQueries<'_> {
    /// Lists the issued documents, the newest first, of one kind or of both.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails or the cursor is of another list.
    pub async fn list(
        &self,
        kind: Option<DocumentKind>,
        slice: Slice<'_>,
    ) -> Result<Page<Edge<DocumentSummary>>, ReadError> {
        let query = Query::of(&DOCUMENTS).equals("is_issued", true).equals_if("kind", kind.map(DocumentKind::name));
        let found = page(self.store, query, &["issued_at", "number"], Direction::Descending, slice).await?;
        found.try_map(|edge| Ok(Edge { node: to_summary(&edge.node)?, cursor: edge.cursor }))
    }

    /// Returns the VAT of the documents of an order by rate, by document and rate, drafts included.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn vat(&self, order: &str) -> Result<Vec<VatAmount>, ReadError> {
        let query = Query::of(&DOCUMENT_VAT).equals("order_id", order);
        let rows = self.store.rows(query.order(&["document", "vat_rate"], Direction::Ascending)).await?;
        rows.iter().map(to_vat).collect()
    }
}

fn to_summary(row: &Row) -> Result<DocumentSummary, ReadError> {
    Ok(DocumentSummary {
        order: row.text("order_id")?.to_owned(),
        number: row.text("number")?.to_owned(),
        date: row.text("date")?.to_owned(),
        total: money(row, "total_minor")?,
        payable: money(row, "payable_minor")?,
        reason: row.text_or_null("reason")?.map(str::to_owned),
    })
}

fn to_vat(row: &Row) -> Result<VatAmount, ReadError> {
    Ok(VatAmount {
        rate: vat_rate(row)?,
        net: money(row, "net_minor")?,
        tax: money(row, "tax_minor")?,
        gross: money(row, "gross_minor")?,
    })
}
