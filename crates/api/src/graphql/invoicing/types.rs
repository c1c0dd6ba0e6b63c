//! Invoices and credit notes.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject, Union};
use domain::invoicing::{
    Buyer as BuyerState, CreditLine as CreditLineState, CreditNote as CreditNoteState, Document,
    Invoice as InvoiceState, InvoiceLine as InvoiceLineState, Issue, Item, OrderDocuments, Seller as SellerState,
};
use domain::values::{Currency, Locale, TaxedAmount};

use crate::graphql::address::Address;
use crate::graphql::call::{Call, request};
use crate::graphql::errors::failure;
use crate::graphql::money::{CurrencyCode, Money, TaxedMoney};
use crate::graphql::scalars::{Date, DateTime};

/// An invoice or a credit note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::invoicing::DocumentKind")]
pub enum DocumentKind {
    /// What is to be paid.
    Invoice,
    /// What is not to be paid after all.
    CreditNote,
}

/// Why something is credited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::invoicing::CreditReason")]
pub enum CreditReason {
    /// Units came back.
    Return,
    /// The order was called off after its money was taken.
    Cancellation,
    /// A paid parcel was lost, or called off while the order stands.
    NotDelivered,
    /// A price reduction after the sale.
    Goodwill,
}

/// Who sells.
#[derive(Clone, Debug, SimpleObject)]
pub struct Seller {
    /// The company's name.
    pub name: String,
    /// Street, postal code, city and country.
    pub address: String,
    /// Its number in the French register, nine digits.
    pub siren: String,
    /// Its number for VAT.
    pub vat_id: String,
}

impl From<&SellerState> for Seller {
    fn from(seller: &SellerState) -> Self {
        let SellerState { name, address, siren, vat_id } = seller;
        Self {
            name: name.to_string(),
            address: address.to_string(),
            siren: siren.to_string(),
            vat_id: vat_id.to_string(),
        }
    }
}

/// Who buys.
#[derive(Clone, Debug)]
pub struct Buyer(BuyerState);

/// Who buys.
#[Object]
impl Buyer {
    /// The customer.
    async fn customer_id(&self) -> ID {
        ID(self.0.customer.to_string())
    }

    /// The country, ISO 3166-1 alpha-2.
    async fn country(&self) -> &str {
        &self.0.country
    }

    /// The name and address as the document bears them. For the buyer and for `PII_READ`; null for others, and once the
    /// document need not be kept any more. It stays when the customer is forgotten: the law has documents kept.
    async fn address(&self, ctx: &Context<'_>) -> Result<Option<Address>> {
        let Some(archived) = &self.0.address else { return Ok(None) };
        Address::open_archived(Call::of(ctx)?, archived).await.map_err(failure)
    }
}

/// A line of an invoice, as it was sold.
#[derive(Clone, Debug, SimpleObject)]
pub struct InvoiceLine {
    /// The order's line; null for shipping.
    pub line_id: Option<ID>,
    /// What was sold; null for shipping.
    pub sku: Option<String>,
    /// What it was called.
    pub name: String,
    /// How many units.
    pub quantity: i64,
    /// The price of a unit, VAT included; null where the line was sold as a whole.
    pub unit_price: Option<Money>,
    /// What promotions took off the line; null where nothing was taken off, or it has no unit price.
    pub discount: Option<Money>,
    /// The line with its VAT, discounts taken off.
    pub total: TaxedMoney,
    /// What the buyer pays of it: the total less the share of coupons that others pay.
    pub payable: Money,
}

/// A line of a credit note: what it takes back of a line of an invoice.
#[derive(Clone, Debug, SimpleObject)]
pub struct CreditNoteLine {
    /// The number of the invoice it corrects.
    pub invoice: String,
    /// The order's line; null for shipping.
    pub line_id: Option<ID>,
    /// What was sold; null for shipping.
    pub sku: Option<String>,
    /// What it was called.
    pub name: String,
    /// How many units came back; null where only the price goes down.
    pub quantity: Option<i64>,
    /// What is credited, VAT at the rate as sold.
    pub total: TaxedMoney,
}

fn names_of(item: &Item) -> (Option<ID>, Option<String>) {
    match item {
        Item::Goods { line, sku } => (Some(ID(line.to_string())), Some(sku.to_string())),
        Item::Shipping { .. } => (None, None),
    }
}

impl InvoiceLine {
    fn of(line: &InvoiceLineState, locale: Locale) -> Self {
        let (line_id, sku) = names_of(&line.item);
        Self {
            line_id,
            sku,
            name: line.name.get(locale).to_owned(),
            quantity: line.quantity.units(),
            unit_price: line.unit_price.map(Into::into),
            discount: line.discount.map(Into::into),
            total: line.total.into(),
            payable: line.payable.into(),
        }
    }
}

impl CreditNoteLine {
    fn of(line: &CreditLineState, locale: Locale) -> Self {
        let (line_id, sku) = names_of(&line.item);
        Self {
            invoice: line.invoice.to_string(),
            line_id,
            sku,
            name: line.name.get(locale).to_owned(),
            quantity: line.quantity.map(|quantity| quantity.units()),
            total: line.total.into(),
        }
    }
}

/// What every document bears.
#[derive(Clone, Debug, SimpleObject)]
struct Bearing {
    /// The day that it bears, where the shop is.
    date: Date,
    /// When it was issued.
    issued_at: DateTime,
    /// The order.
    order_id: ID,
    /// The order's number as people say it.
    order_number: String,
    /// Who sells.
    seller: Seller,
    /// Who buys.
    buyer: Buyer,
    /// The currency of every amount.
    currency: CurrencyCode,
    /// Net, VAT and gross for each rate, the lowest rate first.
    vat: Vec<TaxedMoney>,
}

impl Bearing {
    fn of(
        order: &str,
        issue: Issue,
        (order_number, seller, buyer): (&str, &SellerState, &BuyerState),
        (currency, vat): (Currency, &[TaxedAmount]),
    ) -> Self {
        Self {
            date: Date(issue.date.to_string()),
            issued_at: issue.issued_at.into(),
            order_id: ID(order.to_owned()),
            order_number: order_number.to_owned(),
            seller: seller.into(),
            buyer: Buyer(buyer.clone()),
            currency: currency.into(),
            vat: vat.iter().map(|amount| (*amount).into()).collect(),
        }
    }
}

/// The documents of an order, to pick from.
#[derive(Clone, Debug)]
pub(crate) struct Documents {
    pub(crate) order: String,
    pub(crate) state: Arc<OrderDocuments>,
}

impl Documents {
    /// Returns the issued invoices.
    pub(crate) fn invoices(&self) -> Vec<Invoice> {
        let issued = self.state.invoices();
        issued.map(|(issue, state)| Invoice { order: self.order.clone(), issue, state: state.clone() }).collect()
    }

    /// Returns the issued credit notes.
    pub(crate) fn credit_notes(&self) -> Vec<CreditNote> {
        let issued = self.state.credit_notes();
        issued.map(|(issue, state)| CreditNote { order: self.order.clone(), issue, state: state.clone() }).collect()
    }

    /// Returns the one that has a number.
    pub(crate) fn numbered(&self, number: &str) -> Option<LegalDocument> {
        let has = |issue: &Issue| issue.number.to_string() == number;
        let invoice = self.state.invoices().find(|(issue, _)| has(issue));
        let document = match invoice {
            Some((_, invoice)) => Document::Invoice(invoice.fulfilment.clone()),
            None => Document::CreditNote(self.state.credit_notes().find(|(issue, _)| has(issue))?.1.refund.clone()),
        };
        self.one(&document)
    }

    /// Returns one of them, once it is issued.
    pub(crate) fn one(&self, document: &Document) -> Option<LegalDocument> {
        let issue = self.state.issue(document)?;
        let order = self.order.clone();
        Some(match document {
            Document::Invoice(fulfilment) => {
                LegalDocument::Invoice(Invoice { order, issue, state: self.state.invoice(fulfilment)?.clone() })
            }
            Document::CreditNote(refund) => {
                LegalDocument::CreditNote(CreditNote { order, issue, state: self.state.credit_note(refund)?.clone() })
            }
        })
    }
}

/// An invoice or a credit note.
#[derive(Clone, Debug, Union)]
pub enum LegalDocument {
    /// What is to be paid.
    Invoice(Invoice),
    /// What is not to be paid after all.
    CreditNote(CreditNote),
}

/// What is to be paid for a parcel, as it was sold. It never changes: what is wrong is corrected by a credit note.
#[derive(Clone, Debug)]
pub struct Invoice {
    order: String,
    issue: Issue,
    state: InvoiceState,
}

/// What is to be paid for a parcel, as it was sold. It never changes: what is wrong is corrected by a credit note.
#[Object]
impl Invoice {
    /// Its number, such as `F2026-000001`: gapless within the year.
    async fn number(&self) -> String {
        self.issue.number.to_string()
    }

    #[graphql(flatten)]
    async fn bearing(&self) -> Bearing {
        let InvoiceState { order_number, seller, buyer, currency, vat, .. } = &self.state;
        Bearing::of(&self.order, self.issue, (order_number, seller, buyer), (*currency, vat))
    }

    /// When the order was placed.
    async fn ordered_at(&self) -> DateTime {
        self.state.ordered_at.into()
    }

    /// The parcel whose goods and money it is about.
    async fn fulfilment_id(&self) -> ID {
        ID(self.state.fulfilment.to_string())
    }

    /// The payment that it is paid with; null where nothing is to be paid.
    async fn payment_id(&self) -> Option<ID> {
        self.state.payment.as_ref().map(|payment| ID(payment.to_string()))
    }

    /// What was sold.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<InvoiceLine>> {
        let locale = request(ctx)?.locale;
        Ok(self.state.lines.iter().map(|line| InvoiceLine::of(line, locale)).collect())
    }

    /// What it comes to, VAT included.
    async fn total(&self) -> Money {
        self.state.total.into()
    }

    /// What others pay of it, by coupons.
    async fn coupons(&self) -> Money {
        self.state.coupons.into()
    }

    /// What the buyer pays: what was captured for the parcel.
    async fn payable(&self) -> Money {
        self.state.payable.into()
    }
}

/// What is not to be paid after all. It never changes.
#[derive(Clone, Debug)]
pub struct CreditNote {
    order: String,
    issue: Issue,
    state: CreditNoteState,
}

/// What is not to be paid after all. It never changes.
#[Object]
impl CreditNote {
    /// Its number, such as `A2026-000001`: gapless within the year, in a series of its own.
    async fn number(&self) -> String {
        self.issue.number.to_string()
    }

    #[graphql(flatten)]
    async fn bearing(&self) -> Bearing {
        let CreditNoteState { order_number, seller, buyer, currency, vat, .. } = &self.state;
        Bearing::of(&self.order, self.issue, (order_number, seller, buyer), (*currency, vat))
    }

    /// Why.
    async fn reason(&self) -> CreditReason {
        self.state.reason.into()
    }

    /// The refund, as its payment names it.
    async fn refund(&self) -> &str {
        &self.state.refund
    }

    /// The payment it goes back through.
    async fn payment_id(&self) -> ID {
        ID(self.state.payment.to_string())
    }

    /// The numbers of the invoices it corrects.
    async fn invoices(&self) -> Vec<String> {
        let mut numbers: Vec<_> = self.state.lines.iter().map(|line| line.invoice).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.iter().map(ToString::to_string).collect()
    }

    /// What is credited.
    async fn lines(&self, ctx: &Context<'_>) -> Result<Vec<CreditNoteLine>> {
        let locale = request(ctx)?.locale;
        Ok(self.state.lines.iter().map(|line| CreditNoteLine::of(line, locale)).collect())
    }

    /// What goes back to the buyer, VAT included.
    async fn total(&self) -> Money {
        self.state.total.into()
    }
}
