use domain::invoicing::{
    Buyer, CreditLine, CreditNote, CreditReason, Document, DocumentKind, DocumentNumber, DocumentsEvent, Invoice,
    InvoiceLine, Item, Seller, vat_of,
};
use domain::values::{Currency, Localized, Money, TaxedAmount, Timestamp, VatRate};

use super::InvoicingProjection;
use crate::testing::{Story, customer, euro, fulfilment, line, order, payment, units, value};
use crate::tests::models_of;
use crate::views::Slice;

fn taxed(minor: i64, rate: &str) -> TaxedAmount {
    value::<VatRate>(rate).split_gross(euro(minor)).expect("fits")
}

fn seller() -> Seller {
    Seller { name: value("Comptoir"), address: value("Paris"), siren: value("000000000"), vat_id: value("FR000") }
}

fn buyer() -> Buyer {
    Buyer { customer: customer(1), address: None, country: "FR".into() }
}

fn item() -> Item {
    Item::Goods { line: line(1), sku: value("A") }
}

fn invoice(number: u128) -> Invoice {
    let goods = InvoiceLine {
        item: item(),
        name: Localized::new("Livre", None),
        quantity: units(1),
        unit_price: Some(euro(1_055)),
        discount: None,
        total: taxed(1_055, "0.055"),
        payable: euro(1_000),
    };
    let shipping = InvoiceLine {
        item: Item::Shipping { code: "standard".into() },
        total: taxed(390, "0.2"),
        payable: euro(390),
        ..goods.clone()
    };
    let lines = vec![goods, shipping];
    Invoice {
        fulfilment: fulfilment(number),
        seller: seller(),
        buyer: buyer(),
        order_number: "7F3K".into(),
        ordered_at: Timestamp::from_micros(1),
        currency: Currency::Eur,
        vat: vat_of(lines.iter().map(|line| &line.total)).expect("sums up"),
        lines,
        total: euro(1_445),
        coupons: euro(55),
        payable: euro(1_390),
        payment: Some(payment(1)),
    }
}

fn note() -> CreditNote {
    let total = taxed(500, "0.055");
    let name = Localized::new("Livre", None);
    let line = CreditLine { invoice: value("F2026-000001"), item: item(), name, quantity: None, total };
    CreditNote {
        refund: "goodwill-1".into(),
        reason: CreditReason::Goodwill,
        seller: seller(),
        buyer: buyer(),
        order_number: "7F3K".into(),
        currency: Currency::Eur,
        lines: vec![line],
        vat: vec![total],
        total: euro(500),
        payment: payment(1),
    }
}

fn drafted(number: u128) -> DocumentsEvent {
    DocumentsEvent::InvoiceDrafted { invoice: Box::new(invoice(number)) }
}

fn issued(document: Document, number: &str, at: i64) -> DocumentsEvent {
    let (number, issued_at) = (value::<DocumentNumber>(number), Timestamp::from_micros(at));
    DocumentsEvent::DocumentIssued { document, number, date: value("2026-11-23"), issued_at }
}

#[tokio::test]
async fn documents_are_listed_once_they_have_their_number() {
    let mut story = Story::new();
    let refund = Document::CreditNote("goodwill-1".into());
    let events = [
        drafted(1),
        issued(Document::Invoice(fulfilment(1)), "F2026-000001", 10),
        DocumentsEvent::CreditNoteDrafted { credit_note: Box::new(note()) },
        issued(refund, "A2026-000001", 30),
    ];
    story.add("invoicing", order(1).as_str(), &events).await;
    let second = [drafted(2), issued(Document::Invoice(fulfilment(2)), "F2026-000002", 20), drafted(3)];
    story.add("invoicing", order(2).as_str(), &second).await;
    let models = models_of(&story, InvoicingProjection).await;

    let all = models.invoicing().list(None, Slice::first(2)).await.expect("the store answers");
    let numbers = |page: &crate::Page<crate::Edge<super::DocumentSummary>>| {
        page.items.iter().map(|edge| edge.node.number.clone()).collect::<Vec<_>>()
    };
    assert_eq!((numbers(&all), all.has_next), (vec!["A2026-000001".to_owned(), "F2026-000002".to_owned()], true));
    let rest = Slice::first(2).after(&all.items[1].cursor);
    let rest = models.invoicing().list(None, rest).await.expect("the store answers");
    assert_eq!((numbers(&rest), rest.has_next), (vec!["F2026-000001".to_owned()], false));
    let notes = models.invoicing().list(Some(DocumentKind::CreditNote), Slice::first(9)).await.expect("answers");
    let note = &notes.items[0].node;
    assert_eq!(
        (note.order.as_str(), note.reason.as_deref(), notes.items.len()),
        (order(1).as_str(), Some("goodwill"), 1)
    );
    assert_eq!((note.total, note.date.as_str()), (euro(500), "2026-11-23"));

    let vat = models.invoicing().vat(order(2).as_str()).await.expect("the store answers");
    let sum = |of: fn(&super::VatAmount) -> Money| vat.iter().map(|amount| of(amount).minor()).sum::<i64>();
    assert_eq!((vat.len(), sum(|amount| amount.gross)), (4, 2 * 1_445));
    assert_eq!(sum(|amount| amount.net) + sum(|amount| amount.tax), 2 * 1_445);
}
