//! Use cases of invoicing: an invoice for each parcel, a credit note for each refund, each once.
//!
//! One invoice per parcel, when its money is taken: that is the moment at which the VAT of goods falls due that are paid
//! before they leave (CGI, article 269, 2, a, since 1 January 2023), and an invoice is due by then or with the delivery
//! (article 289, I, 1 and 3). So its amount is what is captured, and what is never captured is never invoiced.

mod draft;
#[cfg(test)]
mod tests;
mod zone;

use std::str::FromStr;

use cqrs_es::Aggregate;
use domain::decider::Decider;
use domain::invoicing::{
    Document, DocumentNumber, DocumentsCommand, DocumentsEvent, Issue, OrderDocuments, Seller, Series, SeriesCommand,
    SeriesEvent, SeriesId,
};
use domain::returns::Return;
use domain::values::{
    FulfilmentId, LineCancellationId, Money, OrderId, PaymentId, ReturnId, TaxedAmount, Timestamp, per_rate,
};
use event_store::{RecordedEvent, StreamId};

pub use zone::Zone;

use crate::Shop;
use crate::actor::{Actor, Permission};
use crate::as_of::AsOf;
use crate::bus::{CommandKey, Loaded, Request, decode};
use crate::error::{AppError, Refused};
use crate::payment::refund_whole;

/// Who writes invoices, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoicingSettings {
    /// Who sells.
    pub seller: Seller,
    /// Where the shop is: its days and years are those of this zone.
    pub zone: Zone,
}

impl InvoicingSettings {
    /// Where a shop is that does not say.
    pub const ZONE: &'static str = "Europe/Paris";

    /// Returns the settings of a shop for show: a company that is none, with a SIREN of zeros.
    pub fn of_demo() -> Self {
        let seller = Seller {
            name: known("Comptoir (démonstration)"),
            address: known("1 place de la Démonstration, 75001 Paris, France"),
            siren: known("000000000"),
            vat_id: known("FR00000000000"),
        };
        Self { seller, zone: known(Self::ZONE) }
    }
}

fn known<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a constant of this file is valid; a test reads them all")
}

/// A parcel that was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supply {
    /// The parcel.
    pub fulfilment: FulfilmentId,
    /// The payment that its money was taken with; none where nothing was to be paid.
    pub payment: Option<PaymentId>,
}

/// Money that went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its name, unique among the refunds of the order.
    pub name: String,
    /// From which minor unit of what goes back it begins, where that goes back through several payments.
    pub from: i64,
    /// How much.
    pub amount: Money,
    /// The payment it went back through.
    pub payment: PaymentId,
    /// What for.
    pub cause: RefundCause,
}

/// What money goes back for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundCause {
    /// Units came back.
    Return(ReturnId),
    /// A paid parcel was lost, or called off while the order stands.
    Parcel(FulfilmentId),
    /// Units of lines were cancelled after their money was taken.
    Lines(LineCancellationId),
    /// The order was called off.
    Cancellation,
    /// The price went down after the sale.
    Goodwill,
}

/// Issues the invoice of a parcel. Asked again it answers with the same one.
///
/// # Errors
/// [`AppError`] when the log holds no such parcel or cannot be read or written.
pub async fn issue_invoice(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    supply: &Supply,
    at: Timestamp,
) -> Result<Issue, AppError> {
    let document = Document::Invoice(supply.fulfilment.clone());
    let known = shop.bus.load::<OrderDocuments>(order.as_str()).await?.state;
    if known.invoice(&supply.fulfilment).is_none() {
        let invoice = Box::new(draft::invoice(shop, order, supply, at).await?);
        let command = DocumentsCommand::DraftInvoice { invoice };
        shop.bus.execute::<OrderDocuments>(order.as_str(), &request.follow_up(), command).await?;
    }
    issue(shop, request, order, document, at).await
}

/// Issues the credit note of a refund. Asked again it answers with the same one.
///
/// # Errors
/// `CREDIT_EXCEEDS_INVOICED` where more went back than was invoiced; [`AppError`] when the log cannot be read or written.
pub async fn issue_credit_note(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    refund: &Refund,
    at: Timestamp,
) -> Result<Issue, AppError> {
    let document = Document::CreditNote(refund.name.clone());
    let known = shop.bus.load::<OrderDocuments>(order.as_str()).await?.state;
    if known.credit_note(&refund.name).is_none() {
        let claim = Box::new(draft::credit_note(shop, order, refund, at).await?);
        let command = DocumentsCommand::DraftCreditNote { claim };
        shop.bus.execute::<OrderDocuments>(order.as_str(), &request.follow_up(), command).await?;
    }
    issue(shop, request, order, document, at).await
}

/// Returns what credit notes can still take back of an order's invoices; none where the refund has its credit note. Of a parcel
/// that was never invoiced, because only a part of its share was taken, it is nothing.
///
/// # Errors
/// [`AppError`] when the log cannot be read.
pub async fn creditable(shop: &Shop, order: &OrderId, refund: &Refund) -> Result<Option<Money>, AppError> {
    let known = shop.bus.load::<OrderDocuments>(order.as_str()).await?.state;
    if known.credit_note(&refund.name).is_some() {
        return Ok(None);
    }
    if let RefundCause::Parcel(fulfilment) = &refund.cause
        && known.invoice(fulfilment).is_none()
    {
        return Ok(Some(Money::zero(refund.amount.currency())));
    }
    let invoiced: i64 = known.invoices().map(|(_, invoice)| invoice.payable.minor()).sum();
    let credited: i64 = known.credit_notes().map(|(_, note)| note.total.minor()).sum();
    Ok(Some(Money::new(invoiced - credited, refund.amount.currency())))
}

/// Takes the next number for a drafted document and notes it. The number is taken under a command id of the document's
/// own, which the log remembers for ever: whoever asks again, after a crash between the two, is given the same number.
async fn issue(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    document: Document,
    at: Timestamp,
) -> Result<Issue, AppError> {
    let known = shop.bus.load::<OrderDocuments>(order.as_str()).await?.state;
    if let Some(issue) = known.issue(&document) {
        return Ok(issue);
    }
    let total = known.total(&document).ok_or_else(|| AppError::broken("a document was drafted and is not there"))?;
    let date = shop.settings.invoicing.zone.date_of(at)?;
    let series = SeriesId::new(document.kind(), date.year());
    let key = format!("{order}/{document}");
    let asked = Request { actor: Actor::system("invoicing"), ..request.follow_up() }
        .keyed(Some(CommandKey { fingerprint: key.clone(), key }));
    let command =
        SeriesCommand::TakeNumber { series, order: order.clone(), document: document.clone(), total, date, at };
    let taken = shop.bus.execute::<Series>(&series.to_string(), &asked, command).await?.state;
    let missing = || AppError::broken("a number was taken and is not there");
    let (number, date) = (taken.last().ok_or_else(missing)?, taken.last_date().ok_or_else(missing)?);
    let issued_at = taken.last_issued_at().ok_or_else(missing)?;
    let command = DocumentsCommand::Issue { document, number, date, issued_at };
    shop.bus.execute::<OrderDocuments>(order.as_str(), &request.follow_up(), command).await?;
    Ok(Issue { number, date, issued_at })
}

/// Loads the documents of an order, as they are or as they were. Who may look at the order may look at them.
///
/// # Errors
/// [`AppError`] when the log cannot be read.
pub async fn of_order(shop: &Shop, order: &OrderId, as_of: AsOf) -> Result<Loaded<OrderDocuments>, AppError> {
    shop.bus.load_as_of::<OrderDocuments>(order.as_str(), as_of).await
}

/// Tells the VAT that the credit note of a return's refund takes back, per rate as sold, the lowest first: of the one that is
/// there, or of the one that would be written if the return were as given. None where the order's parcels are not invoiced
/// for as much.
///
/// # Errors
/// [`AppError`] when the log cannot be read or an amount leaves its range.
pub async fn vat_of_credit(
    shop: &Shop,
    order: &OrderId,
    refund: &Refund,
    found: &Return,
    as_of: AsOf,
) -> Result<Option<Vec<TaxedAmount>>, AppError> {
    let documents = of_order(shop, order, as_of).await?.state;
    let written = documents.credit_notes().filter(|(_, note)| refund_whole(&note.refund).0 == refund.name);
    let written: Vec<_> = written.map(|(_, note)| note).collect();
    let from: i64 = written.iter().map(|note| note.total.minor()).sum();
    let mut vat: Vec<_> = written.into_iter().flat_map(|note| note.vat.iter().copied()).collect();
    let left = refund.amount.minor() - from;
    if left > 0 {
        let left = Refund { from, amount: Money::new(left, refund.amount.currency()), ..refund.clone() };
        let Some(drafted) = drafted_vat(shop, order, &documents, (&left, found)).await? else { return Ok(None) };
        vat.extend(drafted);
    }
    Ok(Some(per_rate(vat.iter(), Money::plus).map_err(AppError::broken)?))
}

/// Tells the VAT of a credit note that is not written; none where the parcels are not invoiced for as much.
async fn drafted_vat(
    shop: &Shop,
    order: &OrderId,
    documents: &OrderDocuments,
    (refund, found): (&Refund, &Return),
) -> Result<Option<Vec<TaxedAmount>>, AppError> {
    let claim = draft::claim_of_return(shop, order, refund, found).await?;
    let Ok(events) = documents.decide(&DocumentsCommand::DraftCreditNote { claim: Box::new(claim) }) else {
        return Ok(None);
    };
    let drafted = events.into_iter().find_map(|event| match event {
        DocumentsEvent::CreditNoteDrafted { credit_note } => Some(credit_note.vat),
        DocumentsEvent::InvoiceDrafted { .. } | DocumentsEvent::DocumentIssued { .. } => None,
    });
    Ok(drafted)
}

/// Finds a document by its number, from the series itself: which document of which order it is, and the order's documents.
///
/// # Errors
/// [`AppError::Forbidden`] without `ORDERS_READ`; `NOT_FOUND` for a number that no issued document has.
pub async fn find(
    shop: &Shop,
    actor: &Actor,
    number: DocumentNumber,
) -> Result<(OrderId, Document, Loaded<OrderDocuments>), AppError> {
    actor.require(Permission::OrdersRead)?;
    let unknown = || Refused::not_found("document").at(&["number"]);
    let event = number_taken(shop, number).await?.ok_or_else(unknown)?;
    let SeriesEvent::NumberTaken { order, document, number: found, .. } = decode(&event)?;
    let documents = shop.bus.load::<OrderDocuments>(order.as_str()).await?;
    if found != number || documents.state.issue(&document).is_none() {
        return Err(unknown().into());
    }
    Ok((order, document, documents))
}

/// Finds the event in which a number was taken: the one at its place in the series.
///
/// # Errors
/// [`AppError`] when the log cannot be read.
pub async fn number_taken(shop: &Shop, number: DocumentNumber) -> Result<Option<RecordedEvent>, AppError> {
    let stream = StreamId::new(Series::TYPE, &number.series().to_string());
    let found = shop.bus.store().read_stream(&stream, u64::from(number.count()) - 1, 1).await?;
    Ok(found.into_iter().next())
}
