//! What must hold of each aggregate after every event, as far as one stream can tell.
//!
//! | | |
//! |---|---|
//! | payment | authorised ≥ captured ≥ refunded; captured + let go ≤ authorised |
//! | stock | on hand, reserved, allocated, available ≥ 0; a reservation and an allocation end once |
//! | documents of an order | a document is issued once; no more is credited than was to be paid, per invoice, and VAT as sold |
//! | document series | the numbers are 1, 2, 3 … in order of date |
//! | order | total = Σ lines − discounts + shipping, payable = total − Σ coupons; it comes to rest once |
//! | promotion | promised and confirmed uses ≤ limit, in all and per customer; a use ends once |
//! | every aggregate | its events can be read, are what they are called, and can be folded |

use std::collections::BTreeMap;

use cqrs_es::DomainEvent;
use domain::cart::Cart;
use domain::catalog::{Category, Product, Variant};
use domain::decider::{Decider, Refusal};
use domain::fulfilment::Fulfilment;
use domain::invoicing::{CreditNote, Document, DocumentNumber, DocumentsEvent, OrderDocuments, Series, SeriesEvent};
use domain::order::{Order, OrderEvent, OrderStatus, Sale};
use domain::payment::Payment;
use domain::promotion::{Promotion, PromotionBoard, PromotionEvent};
use domain::returns::Return;
use domain::stock::{Stock, StockEvent};
use domain::upcast::{self, StoredEvent};
use domain::values::{Money, VatRate};
use event_store::RecordedEvent;

/// Folds one stream and looks at it after every event.
pub trait Audit: Send {
    /// Adds an event, or says what is wrong with it.
    fn add(&mut self, event: &RecordedEvent) -> Result<(), String>;
}

/// Returns who looks at streams of a kind; nobody at those of processes, which have no invariants of their own.
pub fn audit_of(kind: &str) -> Option<Box<dyn Audit>> {
    Some(match kind {
        "product" => Box::new(Folded::<Product>::default()),
        "variant" => Box::new(Folded::<Variant>::default()),
        "category" => Box::new(Folded::<Category>::default()),
        "cart" => Box::new(Folded::<Cart>::default()),
        "fulfilment" => Box::new(Folded::<Fulfilment>::default()),
        "return" => Box::new(Folded::<Return>::default()),
        "stock" => Box::new(Folded::<Stock>::default()),
        "payment" => Box::new(Folded::<Payment>::default()),
        "promotion" => Box::new(Folded::<Promotion>::default()),
        "promotion_board" => Box::new(Folded::<PromotionBoard>::default()),
        "order" => Box::new(Folded::<Order>::default()),
        "invoicing" => Box::new(Folded::<OrderDocuments>::default()),
        "document_series" => Box::new(Folded::<Series>::default()),
        _ => return None,
    })
}

/// An aggregate that can be looked at.
trait Examined: Decider
where
    Self::Error: Refusal,
{
    /// Says what forbids an event in this state.
    fn before(&self, _event: &Self::Event) -> Result<(), String> {
        Ok(())
    }

    /// Says what must not be so.
    fn after(&self) -> Result<(), String> {
        Ok(())
    }
}

struct Folded<D>(D);

impl<D: Default> Default for Folded<D> {
    fn default() -> Self {
        Self(D::default())
    }
}

impl<D> Audit for Folded<D>
where
    D: Examined + Send,
    D::Error: Refusal,
    D::Event: StoredEvent,
{
    fn add(&mut self, recorded: &RecordedEvent) -> Result<(), String> {
        let RecordedEvent { event_type, event_version, payload, .. } = recorded;
        let event: D::Event =
            upcast::read(event_type, event_version, payload.get()).map_err(|error| error.to_string())?;
        if event.event_type() != recorded.event_type {
            return Err(format!("it is called {} and is {}", recorded.event_type, event.event_type()));
        }
        self.0.before(&event)?;
        self.0.evolve(&event);
        self.0.after()
    }
}

impl Examined for Product {}
impl Examined for Variant {}
impl Examined for Category {}
impl Examined for Cart {}
impl Examined for Fulfilment {}
impl Examined for Return {}
impl Examined for PromotionBoard {}

impl Examined for Payment {
    fn after(&self) -> Result<(), String> {
        let (authorised, captured) = (self.authorised().minor(), self.captured().minor());
        let (refunded, let_go) = (self.refunded().minor(), self.let_go().minor());
        let holds = authorised >= captured && captured >= refunded && refunded >= 0 && captured + let_go <= authorised;
        let told =
            || format!("of {authorised} authorised {captured} are captured, {refunded} refunded, {let_go} let go");
        if holds { Ok(()) } else { Err(told()) }
    }
}

impl Examined for Stock {
    fn before(&self, event: &StockEvent) -> Result<(), String> {
        let (order, is_there) = match event {
            StockEvent::ReservationReleased { order, .. }
            | StockEvent::ReservationExpired { order, .. }
            | StockEvent::ShortfallDetected { order, .. }
            | StockEvent::Allocated { order, .. } => (order, self.reservation(order).is_some()),
            StockEvent::AllocationReleased { order, .. }
            | StockEvent::AllocationReduced { order, .. }
            | StockEvent::Dispatched { order, .. } => (order, self.allocation(order).is_some()),
            StockEvent::BackOrderFilled { order, .. } | StockEvent::BackOrderClosed { order, .. } => {
                (order, self.back_order(order).is_some())
            }
            StockEvent::Received { .. }
            | StockEvent::BackOrdered { .. }
            | StockEvent::Reserved { .. }
            | StockEvent::ReservationExtended { .. }
            | StockEvent::ReservationBarred { .. }
            | StockEvent::Restocked { .. }
            | StockEvent::WrittenOff { .. } => return Ok(()),
        };
        if is_there { Ok(()) } else { Err(format!("nothing is promised to order {order} that could end")) }
    }

    fn after(&self) -> Result<(), String> {
        let units = [self.on_hand(), self.reserved(), self.allocated(), self.available()];
        let told = || format!("on hand, reserved, allocated and available are {units:?}");
        if units.iter().all(|units| *units >= 0) { Ok(()) } else { Err(told()) }
    }
}

impl Examined for Promotion {
    fn before(&self, event: &PromotionEvent) -> Result<(), String> {
        let limits = self.limits();
        match event {
            PromotionEvent::UseReserved { order, .. } if self.has_use(order) => {
                Err(format!("order {order} has a use already"))
            }
            PromotionEvent::UseReserved { customer, .. }
                if limits.uses_per_customer_max.is_some_and(|max| self.uses_of(customer) >= max) =>
            {
                Err("a customer uses it more often than they may".to_owned())
            }
            PromotionEvent::UseConfirmed { order } | PromotionEvent::UseReleased { order, .. }
                if !self.has_use(order) =>
            {
                Err(format!("order {order} has no use that could be counted or end"))
            }
            PromotionEvent::Created { .. }
            | PromotionEvent::Paused { .. }
            | PromotionEvent::Resumed {}
            | PromotionEvent::Ended { .. }
            | PromotionEvent::UseReserved { .. }
            | PromotionEvent::UseConfirmed { .. }
            | PromotionEvent::UseReleased { .. }
            | PromotionEvent::UseBarred { .. } => Ok(()),
        }
    }

    fn after(&self) -> Result<(), String> {
        let (standing, max) = (self.uses_standing(), self.limits().uses_max);
        let told = || format!("{standing} uses stand where {max:?} may");
        if max.is_none_or(|max| standing <= max) { Ok(()) } else { Err(told()) }
    }
}

impl Examined for Order {
    fn before(&self, event: &OrderEvent) -> Result<(), String> {
        let is_over = matches!(self.status(), OrderStatus::Rejected | OrderStatus::Cancelled | OrderStatus::Completed);
        let ends =
            matches!(event, OrderEvent::Rejected { .. } | OrderEvent::Cancelled { .. } | OrderEvent::Completed { .. });
        if is_over && ends {
            return Err(format!("the order was {} before", self.status().name()));
        }
        Ok(())
    }

    fn after(&self) -> Result<(), String> {
        self.sale().map_or(Ok(()), sums_up)
    }
}

impl Examined for Series {
    fn before(&self, event: &SeriesEvent) -> Result<(), String> {
        let SeriesEvent::NumberTaken { number, date, document, .. } = event;
        let next = self.last().map_or(Some(DocumentNumber::first(number.series())), DocumentNumber::next);
        if next != Some(*number) {
            return Err(format!(
                "number {number} does not follow {}",
                self.last().map_or("none".to_owned(), |last| last.to_string())
            ));
        }
        if self.last_date() > Some(*date) || number.series().year() != date.year() {
            return Err(format!("{number} bears {date}, which is out of order"));
        }
        let is_of_kind = number.series().kind() == document.kind();
        if is_of_kind { Ok(()) } else { Err(format!("{number} was taken for {document}")) }
    }
}

impl Examined for OrderDocuments {
    fn before(&self, event: &DocumentsEvent) -> Result<(), String> {
        let (document, is_again) = match event {
            DocumentsEvent::InvoiceDrafted { invoice } => {
                (Document::Invoice(invoice.fulfilment.clone()), self.invoice(&invoice.fulfilment).is_some())
            }
            DocumentsEvent::CreditNoteDrafted { credit_note } => {
                let is_again = self.credit_note(&credit_note.refund).is_some();
                (Document::CreditNote(credit_note.refund.clone()), is_again)
            }
            DocumentsEvent::DocumentIssued { document, .. } => (document.clone(), self.issue(document).is_some()),
        };
        if is_again { Err(format!("{document} was there before")) } else { Ok(()) }
    }

    fn after(&self) -> Result<(), String> {
        for (issue, invoice) in self.invoices() {
            let (mut credited, mut vat) = (0, BTreeMap::<VatRate, i64>::new());
            for line in
                self.credit_notes().flat_map(|(_, note)| &note.lines).filter(|line| line.invoice == issue.number)
            {
                credited += line.total.gross.minor();
                *vat.entry(line.total.rate).or_default() += line.total.tax.minor();
            }
            let payable = invoice.payable.minor();
            if credited > payable {
                return Err(format!("{credited} are credited of {}, {payable} were to be paid", issue.number));
            }
            for (rate, tax) in vat {
                let sold = invoice.vat.iter().find(|amount| amount.rate == rate).map_or(0, |amount| amount.tax.minor());
                if tax > sold {
                    return Err(format!("VAT of {tax} is credited of {}, which has {sold}", issue.number));
                }
            }
        }
        self.credit_notes().try_for_each(|(_, note)| credits_its_total(note))
    }
}

fn credits_its_total(note: &CreditNote) -> Result<(), String> {
    let lines: i64 = note.lines.iter().map(|line| line.total.gross.minor()).sum();
    let vat: i64 = note.vat.iter().map(|amount| amount.gross.minor()).sum();
    let total = note.total.minor();
    let told = || format!("the credit note of {} is of {total}, its lines of {lines}, its VAT of {vat}", note.refund);
    if lines == total && vat == total { Ok(()) } else { Err(told()) }
}

fn sums_up(sale: &Sale) -> Result<(), String> {
    let lines: i64 = sale.lines.iter().map(|line| line.total.gross.minor()).sum();
    for line in &sale.lines {
        let (gross, discount) = (line.total.gross.minor(), line.discount.map_or(0, Money::minor));
        let shares: i64 = line.promotions.iter().map(|share| share.amount.minor()).sum();
        if shares != discount {
            return Err(format!("line {} is {discount} cheaper, its shares are {shares}", line.line));
        }
        let before = line.unit_price.map(|price| price.minor() * line.quantity.units());
        if before.is_some_and(|before| before != gross + discount) {
            return Err(format!("line {} costs {gross} and {discount} less than {before:?}", line.line));
        }
    }
    let coupons: i64 = sale.coupons.iter().map(|coupon| coupon.amount.minor()).sum();
    let (shipping, total) = (sale.shipping.total.gross.minor(), sale.total.minor());
    if total != lines + shipping {
        return Err(format!("the total is {total}, lines and shipping are {lines} and {shipping}"));
    }
    let payable = sale.payable.minor();
    if payable != total - coupons {
        return Err(format!("{payable} is to be paid of {total} with coupons of {coupons}"));
    }
    Ok(())
}
