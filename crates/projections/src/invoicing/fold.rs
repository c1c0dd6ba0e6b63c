//! From events of documents to rows.

use domain::invoicing::{CreditNote, Document, DocumentsEvent, Invoice};
use domain::values::TaxedAmount;
use serde::Serialize;

use super::tables::{ALL, DOCUMENT_VAT, DOCUMENTS};
use crate::event::{Body, Event};
use crate::projection::Projection;
use crate::rows::{Key, Table, Value, key};
use crate::working::{FoldError, Working};

/// The read model of documents.
#[derive(Clone, Copy, Debug, Default)]
pub struct InvoicingProjection;

impl Projection for InvoicingProjection {
    fn name(&self) -> &'static str {
        "invoicing"
    }

    fn version(&self) -> i64 {
        1
    }

    fn tables(&self) -> &'static [&'static Table] {
        &ALL
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["invoicing"]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        for event in events {
            let Body::Documents(documents) = event.body()? else { continue };
            let (document, vat) = match documents {
                DocumentsEvent::InvoiceDrafted { invoice } => (document_of(invoice), &invoice.vat),
                DocumentsEvent::CreditNoteDrafted { credit_note } => (document_of_note(credit_note), &credit_note.vat),
                DocumentsEvent::DocumentIssued { document, .. } => {
                    rows.want(&DOCUMENTS, own_key(event, document))?;
                    continue;
                }
            };
            rows.expect_none(&DOCUMENTS, own_key(event, &document))?;
            for amount in vat {
                rows.expect_none(&DOCUMENT_VAT, vat_key(event, &document, amount))?;
            }
        }
        Ok(())
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        let Body::Documents(documents) = event.body()? else { return Ok(()) };
        match documents {
            DocumentsEvent::InvoiceDrafted { invoice } => {
                drafted(event, &document_of(invoice), &Content::of(invoice), rows)
            }
            DocumentsEvent::CreditNoteDrafted { credit_note } => {
                let content = Content::of_note(credit_note)?;
                drafted(event, &document_of_note(credit_note), &content, rows)
            }
            DocumentsEvent::DocumentIssued { document, number, date, issued_at } => {
                let row = rows.update(&DOCUMENTS, &own_key(event, document))?;
                row.set("is_issued", true)?;
                row.set("number", number.to_string())?;
                row.set("date", date.to_string())?;
                row.set("issued_at", issued_at.micros())?;
                Ok(row.set("version", event.sequence())?)
            }
        }
    }
}

fn document_of(invoice: &Invoice) -> Document {
    Document::Invoice(invoice.fulfilment.clone())
}

fn document_of_note(note: &CreditNote) -> Document {
    Document::CreditNote(note.refund.clone())
}

fn own_key(event: &Event, document: &Document) -> Key {
    key([event.id(), document.to_string().as_str()])
}

fn vat_key(event: &Event, document: &Document, amount: &TaxedAmount) -> Key {
    key([event.id(), document.to_string().as_str(), String::from(amount.rate).as_str()])
}

/// What both kinds of documents have.
struct Content<'a> {
    order_number: &'a str,
    customer: &'a str,
    country: &'a str,
    vat: &'a [TaxedAmount],
    currency: &'static str,
    total_minor: i64,
    coupons_minor: i64,
    payable_minor: i64,
    reason: Value,
    payment: Value,
}

impl<'a> Content<'a> {
    fn of(invoice: &'a Invoice) -> Self {
        Self {
            order_number: &invoice.order_number,
            customer: invoice.buyer.customer.as_str(),
            country: &invoice.buyer.country,
            vat: &invoice.vat,
            currency: invoice.currency.code(),
            total_minor: invoice.total.minor(),
            coupons_minor: invoice.coupons.minor(),
            payable_minor: invoice.payable.minor(),
            reason: Value::Null,
            payment: invoice.payment.as_ref().map_or(Value::Null, |payment| payment.as_str().into()),
        }
    }

    fn of_note(note: &'a CreditNote) -> Result<Self, FoldError> {
        Ok(Self {
            order_number: &note.order_number,
            customer: note.buyer.customer.as_str(),
            country: &note.buyer.country,
            vat: &note.vat,
            currency: note.currency.code(),
            total_minor: note.total.minor(),
            coupons_minor: 0,
            payable_minor: note.total.minor(),
            reason: stored_name(&note.reason)?.into(),
            payment: note.payment.as_str().into(),
        })
    }
}

/// Returns an enum as the log stores it.
fn stored_name(value: &impl Serialize) -> Result<String, FoldError> {
    Ok(serde_json::to_string(value)?.trim_matches('"').to_owned())
}

fn drafted(event: &Event, document: &Document, content: &Content<'_>, rows: &mut Working) -> Result<(), FoldError> {
    let fields = [
        ("order_id", Value::from(event.id())),
        ("document", document.to_string().into()),
        ("kind", document.kind().name().into()),
        ("is_issued", Value::Bool(false)),
        ("order_number", content.order_number.into()),
        ("customer_id", content.customer.into()),
        ("country", content.country.into()),
        ("currency", content.currency.into()),
        ("total_minor", content.total_minor.into()),
        ("coupons_minor", content.coupons_minor.into()),
        ("payable_minor", content.payable_minor.into()),
        ("reason", content.reason.clone()),
        ("payment_id", content.payment.clone()),
        ("version", event.sequence().into()),
    ];
    rows.insert(&DOCUMENTS, fields)?;
    for amount in content.vat {
        let fields = [
            ("order_id", Value::from(event.id())),
            ("document", document.to_string().into()),
            ("vat_rate", String::from(amount.rate).into()),
            ("currency", content.currency.into()),
            ("net_minor", amount.net.minor().into()),
            ("tax_minor", amount.tax.minor().into()),
            ("gross_minor", amount.gross.minor().into()),
        ];
        rows.insert(&DOCUMENT_VAT, fields)?;
    }
    Ok(())
}
