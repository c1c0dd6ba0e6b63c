//! The documents of one order: what each says, and the number it was issued under.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::commands::DocumentsCommand;
use super::credit;
use super::document::{CreditNote, Document, DocumentNumber, Invoice};
use super::error::InvoicingError;
use super::events::DocumentsEvent;
use crate::values::{Currency, Date, FulfilmentId, Money, MoneyError, TaxedAmount, Timestamp, per_rate};

/// The most documents one order may ever have.
pub const DOCUMENTS_MAX: usize = 1_000;

type Decision = Result<Vec<DocumentsEvent>, InvoicingError>;

/// The number of a document, and when it was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// The number.
    pub number: DocumentNumber,
    /// The day that the document bears.
    pub date: Date,
    /// When it took its number.
    pub issued_at: Timestamp,
}

/// What was drafted for an order, and what of it is issued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderDocuments {
    invoices: Vec<Invoice>,
    credit_notes: Vec<CreditNote>,
    issued: BTreeMap<String, Issue>,
}

impl OrderDocuments {
    /// Returns the invoice of a parcel, issued or not.
    pub fn invoice(&self, fulfilment: &FulfilmentId) -> Option<&Invoice> {
        self.invoices.iter().find(|invoice| invoice.fulfilment == *fulfilment)
    }

    /// Returns the credit note of a refund, issued or not.
    pub fn credit_note(&self, refund: &str) -> Option<&CreditNote> {
        self.credit_notes.iter().find(|note| note.refund == refund)
    }

    /// Returns the number of a document, once it has one.
    pub fn issue(&self, document: &Document) -> Option<Issue> {
        self.issued.get(&document.to_string()).copied()
    }

    /// Returns the issued invoices, in the order they were drafted.
    pub fn invoices(&self) -> impl Iterator<Item = (Issue, &Invoice)> {
        self.invoices
            .iter()
            .filter_map(|invoice| Some((self.issue(&Document::Invoice(invoice.fulfilment.clone()))?, invoice)))
    }

    /// Returns the issued credit notes, in the order they were drafted.
    pub fn credit_notes(&self) -> impl Iterator<Item = (Issue, &CreditNote)> {
        self.credit_notes
            .iter()
            .filter_map(|note| Some((self.issue(&Document::CreditNote(note.refund.clone()))?, note)))
    }

    /// Returns what a drafted document comes to.
    pub fn total(&self, document: &Document) -> Option<Money> {
        match document {
            Document::Invoice(fulfilment) => self.invoice(fulfilment).map(|invoice| invoice.total),
            Document::CreditNote(refund) => self.credit_note(refund).map(|note| note.total),
        }
    }

    /// Returns the credit notes, issued or not.
    pub(super) fn drafted_credit_notes(&self) -> &[CreditNote] {
        &self.credit_notes
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &DocumentsEvent) {
        match event {
            DocumentsEvent::InvoiceDrafted { invoice } => self.invoices.push((**invoice).clone()),
            DocumentsEvent::CreditNoteDrafted { credit_note } => self.credit_notes.push((**credit_note).clone()),
            DocumentsEvent::DocumentIssued { document, number, date, issued_at } => {
                let issue = Issue { number: *number, date: *date, issued_at: *issued_at };
                self.issued.insert(document.to_string(), issue);
            }
        }
    }
}

pub(super) fn decide(documents: &OrderDocuments, command: &DocumentsCommand) -> Decision {
    match command {
        DocumentsCommand::DraftInvoice { invoice } => draft_invoice(documents, invoice),
        DocumentsCommand::DraftCreditNote { claim } => {
            // What was claimed first stands: the buyer's address is sealed anew each time it is asked.
            if documents.credit_note(&claim.refund).is_some() {
                return Ok(vec![]);
            }
            has_room(documents)?;
            let credit_note = Box::new(credit::credit(documents, claim)?);
            Ok(vec![DocumentsEvent::CreditNoteDrafted { credit_note }])
        }
        DocumentsCommand::Issue { document, number, date, issued_at } => {
            issue(documents, document, Issue { number: *number, date: *date, issued_at: *issued_at })
        }
    }
}

fn draft_invoice(documents: &OrderDocuments, invoice: &Invoice) -> Decision {
    if let Some(known) = documents.invoice(&invoice.fulfilment) {
        // The buyer's address is sealed anew each time it is asked, and a seller may move meanwhile: the first stands.
        let same = known.lines == invoice.lines && known.total == invoice.total && known.payable == invoice.payable;
        return if same { Ok(vec![]) } else { Err(InvoicingError::AlreadyExists) };
    }
    has_room(documents)?;
    sums_up(invoice)?;
    Ok(vec![DocumentsEvent::InvoiceDrafted { invoice: Box::new(invoice.clone()) }])
}

fn issue(documents: &OrderDocuments, document: &Document, issue: Issue) -> Decision {
    if documents.total(document).is_none() {
        return Err(InvoicingError::Unknown);
    }
    if issue.number.series().kind() != document.kind() || issue.number.series().year() != issue.date.year() {
        return Err(InvoicingError::SeriesDiffers);
    }
    match documents.issue(document) {
        Some(known) if known == issue => Ok(vec![]),
        Some(_) => Err(InvoicingError::AlreadyExists),
        None => {
            let Issue { number, date, issued_at } = issue;
            Ok(vec![DocumentsEvent::DocumentIssued { document: document.clone(), number, date, issued_at }])
        }
    }
}

fn has_room(documents: &OrderDocuments) -> Result<(), InvoicingError> {
    if documents.invoices.len() + documents.credit_notes.len() < DOCUMENTS_MAX {
        return Ok(());
    }
    Err(InvoicingError::TooManyDocuments { max: DOCUMENTS_MAX })
}

/// Checks every sum of an invoice. A sum that leaves 64 bits is refused too.
fn sums_up(invoice: &Invoice) -> Result<(), InvoicingError> {
    let currency = invoice.currency;
    let (mut total, mut payable) = (Money::zero(currency), Money::zero(currency));
    if invoice.lines.is_empty() {
        return Err(disagree("there is no line"));
    }
    for line in &invoice.lines {
        is_amount(line.payable, currency)?;
        if line.payable > taxed(&line.total, currency)? {
            return Err(disagree("more is to be paid for a line than it costs"));
        }
        total = total.plus(line.total.gross).map_err(out_of_range)?;
        payable = payable.plus(line.payable).map_err(out_of_range)?;
    }
    let items: BTreeSet<_> = invoice.lines.iter().map(|line| &line.item).collect();
    if items.len() < invoice.lines.len() {
        return Err(disagree("an item stands on two lines"));
    }
    if total != invoice.total || payable != invoice.payable {
        return Err(disagree("the lines do not sum to the total and to what is to be paid"));
    }
    if payable.plus(is_amount(invoice.coupons, currency)?).map_err(out_of_range)? != total {
        return Err(disagree("the total less the coupons is not what is to be paid"));
    }
    if invoice.vat != vat_of(invoice.lines.iter().map(|line| &line.total))? {
        return Err(disagree("the lines do not sum to the VAT amounts"));
    }
    Ok(())
}

fn taxed(amount: &TaxedAmount, currency: Currency) -> Result<Money, InvoicingError> {
    let (net, tax) = (is_amount(amount.net, currency)?, is_amount(amount.tax, currency)?);
    if net.plus(tax).map_err(out_of_range)? != is_amount(amount.gross, currency)? {
        return Err(disagree("net and tax do not sum to the gross"));
    }
    Ok(amount.gross)
}

fn is_amount(amount: Money, currency: Currency) -> Result<Money, InvoicingError> {
    if amount.currency() != currency {
        return Err(disagree("an amount is in another currency"));
    }
    if amount.minor() < 0 {
        return Err(disagree("an amount is negative"));
    }
    Ok(amount)
}

/// Sums amounts per rate, the lowest rate first: "par taux d'imposition, le total hors taxe et la taxe correspondante"
/// (CGI, annexe II, article 242 nonies A, I, 11°).
///
/// # Errors
/// [`InvoicingError::TotalsDisagree`] when a sum leaves its range.
pub fn vat_of<'a>(amounts: impl Iterator<Item = &'a TaxedAmount>) -> Result<Vec<TaxedAmount>, InvoicingError> {
    per_rate(amounts, |left, right| left.plus(right).map_err(out_of_range))
}

pub(super) fn disagree(what: &'static str) -> InvoicingError {
    InvoicingError::TotalsDisagree { what }
}

pub(super) fn out_of_range(_error: MoneyError) -> InvoicingError {
    disagree("a sum is out of range, or of two currencies")
}
