//! Every refusal, every repeat and every boundary of invoicing.

use std::collections::BTreeSet;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use cqrs_es::{Aggregate, DomainEvent};
use uuid::Uuid;

use super::*;
use crate::decider::Refusal;
use crate::values::{
    Currency, CustomerId, Date, FulfilmentId, LineId, Localized, Money, OrderId, PaymentId, Quantity, TaxedAmount,
    Timestamp, VatRate,
};

mod credit;
mod numbers;
mod properties;

fn given_order(events: impl IntoIterator<Item = DocumentsEvent>) -> AggregateTestExecutor<OrderDocuments> {
    TestFramework::with(()).given(events.into_iter().collect())
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn rate(text: &str) -> VatRate {
    text.parse().expect("a rate")
}

fn taxed(minor: i64, at: &str) -> TaxedAmount {
    rate(at).split_gross(eur(minor)).expect("the amount fits")
}

fn parcel(number: u128) -> FulfilmentId {
    FulfilmentId::from_uuid(Uuid::from_u128(number))
}

fn payment() -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(3))
}

fn line_id(number: u128) -> LineId {
    LineId::from_uuid(Uuid::from_u128(number))
}

fn units(count: i64) -> Quantity {
    Quantity::new(count).expect("a quantity")
}

fn day(text: &str) -> Date {
    text.parse().expect("a day")
}

fn number(text: &str) -> DocumentNumber {
    text.parse().expect("a number")
}

fn seller() -> Seller {
    Seller {
        name: "Comptoir".parse().expect("a name"),
        address: "Paris".parse().expect("an address"),
        siren: "732829320".parse().expect("a SIREN"),
        vat_id: "FR 44 732829320".parse().expect("a VAT id"),
    }
}

fn buyer() -> Buyer {
    Buyer { customer: CustomerId::from_uuid(Uuid::from_u128(4)), address: None, country: "FR".to_owned() }
}

fn goods(line: u128, count: i64, total: TaxedAmount, payable: i64) -> InvoiceLine {
    InvoiceLine {
        item: Item::Goods { line: line_id(line), sku: "LIV-1".parse().expect("a SKU") },
        name: Localized::new("Livre", None),
        quantity: units(count),
        unit_price: None,
        discount: None,
        total,
        payable: eur(payable),
    }
}

fn shipping(minor: i64) -> InvoiceLine {
    InvoiceLine {
        item: Item::Shipping { code: "standard".to_owned() },
        name: Localized::new("Livraison", None),
        quantity: units(1),
        unit_price: Some(eur(minor)),
        discount: None,
        total: taxed(minor, "0.2"),
        payable: eur(minor),
    }
}

fn invoice_of(fulfilment: u128, lines: Vec<InvoiceLine>) -> Invoice {
    let sum = |of: fn(&InvoiceLine) -> Money| eur(lines.iter().map(|line| of(line).minor()).sum());
    let (total, payable) = (sum(|line| line.total.gross), sum(|line| line.payable));
    Invoice {
        fulfilment: parcel(fulfilment),
        seller: seller(),
        buyer: buyer(),
        order_number: "7F3K-9Q2M-4T00".to_owned(),
        ordered_at: Timestamp::from_micros(1),
        currency: Currency::Eur,
        vat: vat_of(lines.iter().map(|line| &line.total)).expect("sums up"),
        lines,
        total,
        coupons: total.minus(payable).expect("fits"),
        payable,
        payment: Some(payment()),
    }
}

/// Three books at 5.5 % and their shipping at 20 %: 31.65 and 3.90.
fn books() -> Invoice {
    invoice_of(1, vec![goods(1, 3, taxed(3_165, "0.055"), 3_165), shipping(390)])
}

fn drafted(invoice: &Invoice) -> DocumentsEvent {
    DocumentsEvent::InvoiceDrafted { invoice: Box::new(invoice.clone()) }
}

fn issued(document: Document, text: &str) -> DocumentsEvent {
    let date = day("2026-11-23");
    DocumentsEvent::DocumentIssued { document, number: number(text), date, issued_at: Timestamp::from_micros(9) }
}

fn draft(invoice: Invoice) -> DocumentsCommand {
    DocumentsCommand::DraftInvoice { invoice: Box::new(invoice) }
}

fn issue(document: Document, text: &str, date: &str) -> DocumentsCommand {
    let issued_at = Timestamp::from_micros(9);
    DocumentsCommand::Issue { document, number: number(text), date: day(date), issued_at }
}

fn invoice_one() -> Document {
    Document::Invoice(parcel(1))
}

#[test]
fn an_invoice_is_drafted_once_and_then_stands() {
    given_order([]).when(draft(books())).then_expect_events(vec![drafted(&books())]);
    let sealed_anew = Invoice { seller: Seller { name: "Moved".parse().expect("a name"), ..seller() }, ..books() };
    given_order([drafted(&books())]).when(draft(sealed_anew)).then_expect_events(vec![]);
    let dearer = Invoice { total: eur(9_999), ..books() };
    let to_be_paid = Invoice { payable: eur(1), ..books() };
    for other in [invoice_of(1, vec![shipping(390)]), dearer, to_be_paid] {
        given_order([drafted(&books())]).when(draft(other)).then_expect_error(InvoicingError::AlreadyExists);
    }
}

#[test]
fn an_invoice_whose_sums_disagree_is_refused() {
    let cent = |minor: i64| minor + 1;
    let breaks: [fn(&mut Invoice); 8] = [
        |invoice| invoice.total = eur(1),
        |invoice| invoice.payable = eur(1),
        |invoice| invoice.coupons = eur(1),
        |invoice| invoice.vat.clear(),
        |invoice| invoice.lines.clear(),
        |invoice| invoice.lines[0].total.net = eur(0),
        |invoice| invoice.lines[1].item = invoice.lines[0].item.clone(),
        |invoice| invoice.lines[0].payable = Money::new(3_165, Currency::Usd),
    ];
    for (index, change) in breaks.into_iter().enumerate() {
        let mut invoice = books();
        change(&mut invoice);
        let refused = OrderDocuments::default().decide(&draft(invoice)).expect_err("is refused");
        assert_eq!(refused.code(), "TOTALS_DISAGREE", "{index}");
    }
    let mut dear = books();
    dear.lines[0].payable = eur(cent(3_165));
    dear.payable = eur(cent(dear.payable.minor()));
    assert!(OrderDocuments::default().decide(&draft(dear)).is_err(), "more is to be paid than it costs");
}

#[test]
fn a_document_is_issued_under_one_number_of_its_series_and_year() {
    let known = || given_order([drafted(&books())]);
    let expected = vec![issued(invoice_one(), "F2026-000001")];
    known().when(issue(invoice_one(), "F2026-000001", "2026-11-23")).then_expect_events(expected);
    let known = || given_order([drafted(&books()), issued(invoice_one(), "F2026-000001")]);
    known().when(issue(invoice_one(), "F2026-000001", "2026-11-23")).then_expect_events(vec![]);
    let again = issue(invoice_one(), "F2026-000002", "2026-11-23");
    known().when(again).then_expect_error(InvoicingError::AlreadyExists);
    for (text, date) in [("A2026-000001", "2026-11-23"), ("F2026-000001", "2027-01-01")] {
        let wrong = issue(invoice_one(), text, date);
        given_order([drafted(&books())]).when(wrong).then_expect_error(InvoicingError::SeriesDiffers);
    }
    let nothing = issue(Document::Invoice(parcel(2)), "F2026-000001", "2026-11-23");
    known().when(nothing).then_expect_error(InvoicingError::Unknown);
}

#[test]
fn kinds_of_documents_and_numbers_keep_their_names() {
    assert_eq!(DocumentKind::ALL.map(DocumentKind::name), ["invoice", "credit_note"]);
    let taken = SeriesEvent::NumberTaken {
        number: number("F2026-000001"),
        order: OrderId::from_uuid(Uuid::from_u128(5)),
        document: invoice_one(),
        total: eur(3_555),
        date: day("2026-11-23"),
        issued_at: Timestamp::from_micros(1),
    };
    assert_eq!(taken.event_type(), "invoicing.number_taken");
}

#[test]
fn an_order_has_only_so_many_documents() {
    let mut full = OrderDocuments::default();
    for number in 0..DOCUMENTS_MAX {
        full.apply(drafted(&invoice_of(u128::try_from(number).expect("fits"), vec![shipping(390)])));
    }
    let one_more = draft(invoice_of(5_000, vec![shipping(390)]));
    assert_eq!(full.decide(&one_more), Err(InvoicingError::TooManyDocuments { max: DOCUMENTS_MAX }));
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let amount = eur(1);
    let last = number("F2026-000001");
    let codes = [
        InvoicingError::Unknown,
        InvoicingError::AlreadyExists,
        InvoicingError::TotalsDisagree { what: "" },
        InvoicingError::CreditExceedsInvoiced { requested: amount, creditable: amount },
        InvoicingError::NothingToCredit,
        InvoicingError::TooManyDocuments { max: 1 },
        InvoicingError::SeriesDiffers,
        InvoicingError::SeriesFull { last },
    ]
    .map(|error| error.code());
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
}

#[test]
fn a_seller_is_named_as_the_law_names_one() {
    for text in ["732829320", "732 829 320", "000000000"] {
        assert!(text.parse::<Siren>().is_ok(), "{text}");
    }
    for text in ["732829321", "73282932", "7328293200", "73282932A", ""] {
        assert!(text.parse::<Siren>().is_err(), "{text}");
    }
    assert_eq!("fr 44 732829320".parse::<VatId>().expect("a VAT id").as_str(), "FR44732829320");
    for text in ["44732829320", "FR", "F1AA", "FR44732829320XYZ1", "FR447é"] {
        assert!(text.parse::<VatId>().is_err(), "{text}");
    }
}
