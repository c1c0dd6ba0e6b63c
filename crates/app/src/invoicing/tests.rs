//! Documents of orders whose parcels and refunds are recorded by hand.

use std::sync::Arc;

use domain::fulfilment::{Fulfilment, FulfilmentCommand, FulfilmentLine};
use domain::invoicing::{DocumentKind, SeriesId};
use domain::order::{Order, OrderCommand, OrderLine, OrderShipping, Sale};
use domain::values::{CartId, Currency, CustomerId, LineId, ProductId, VatRate};
use event_store::EventStore;
use event_store::memory::MemoryStore;
use futures_util::future::join_all;
use uuid::Uuid;

use super::*;
use crate::actor::Role;
use crate::bus::Cause;
use crate::fixture::{Fault, Unreliable, bus_over, eur, location, name, noon, shop, shop_over, sku, units};
use crate::fulfilment::{parcel_id, shares_of};

fn request() -> Request {
    Request::new(Actor::system("test"), Cause::of("test", "test"))
}

/// Places an order of three books, two from Lyon and one from Paris, and asks for both parcels.
async fn order(shop: &Shop, number: u128) -> (OrderId, [FulfilmentId; 2]) {
    let order = OrderId::from_uuid(Uuid::from_u128(number));
    let (customer, line) = (CustomerId::from_uuid(order.uuid()), LineId::from_uuid(order.uuid()));
    let taxed = |minor, rate: &str| rate.parse::<VatRate>().expect("a rate").split_gross(eur(minor)).expect("fits");
    let address = shop.vault.seal(&customer, "{\"name\":\"Camille\"}").await.expect("seals");
    let goods = OrderLine {
        line: line.clone(),
        sku: sku("LIV-1"),
        product: ProductId::from_uuid(order.uuid()),
        name: name("Livre"),
        quantity: units(3),
        unit_price: None,
        total: taxed(1_000, "0.055"),
        discount: None,
        promotions: Vec::new(),
    };
    let sale = Sale {
        number: crate::checkout::number_of(&order),
        customer,
        cart: CartId::from_uuid(order.uuid()),
        currency: Currency::Eur,
        lines: vec![goods],
        shipping: OrderShipping { code: "standard".to_owned(), label: name("Colis"), total: taxed(390, "0.2") },
        promotions: Vec::new(),
        coupons: Vec::new(),
        total: eur(1_390),
        payable: eur(1_390),
        email: address.clone(),
        address: address.clone(),
        country: "FR".to_owned(),
        adds_to: None,
    };
    let parts = [("lyon", 2), ("paris", 1)];
    let parcels = parts.map(|(_, count)| vec![(line.clone(), count)]);
    let shares = shares_of(&sale, &parcels).expect("splits");
    let place = OrderCommand::Place { sale: Box::new(sale.clone()), placed_at: noon() };
    shop.bus.execute::<Order>(order.as_str(), &request(), place).await.expect("is placed");
    let mut ids = Vec::new();
    for ((at, count), share) in parts.into_iter().zip(shares) {
        let id = parcel_id(&order, &location(at));
        let lines = vec![FulfilmentLine { line: line.clone(), sku: sku("LIV-1"), quantity: units(count) }];
        let share = share.payable(&sale).expect("fits");
        let (order, address, location) = (order.clone(), address.clone(), location(at));
        let command = FulfilmentCommand::Request { order, location, lines, address, share };
        shop.bus.execute::<Fulfilment>(id.as_str(), &request(), command).await.expect("is asked for");
        ids.push(id);
    }
    (order, ids.try_into().expect("two parcels"))
}

fn paid(fulfilment: &FulfilmentId) -> Supply {
    let payment = Some(PaymentId::from_uuid(Uuid::from_u128(9)));
    Supply { fulfilment: fulfilment.clone(), payment }
}

fn goodwill(name: &str, minor: i64) -> Refund {
    let payment = PaymentId::from_uuid(Uuid::from_u128(9));
    Refund { name: name.to_owned(), from: 0, amount: eur(minor), payment, cause: RefundCause::Goodwill }
}

async fn numbers(shop: &Shop, kind: DocumentKind, year: u16) -> Vec<String> {
    let stream = StreamId::new("document_series", &SeriesId::new(kind, year).to_string());
    let events = shop.bus.store().read_stream(&stream, 0, 10_000).await.expect("reads");
    let number = |event: &RecordedEvent| match decode(event).expect("decodes") {
        SeriesEvent::NumberTaken { number, .. } => number.to_string(),
    };
    events.iter().map(number).collect()
}

#[tokio::test]
async fn the_invoices_of_an_order_sum_to_it_and_its_credit_notes_to_its_refunds() {
    let shop = shop();
    let (order, parcels) = order(&shop, 1).await;
    for (index, parcel) in parcels.iter().enumerate() {
        for _ in 0..2 {
            let issue = issue_invoice(&shop, &request(), &order, &paid(parcel), noon()).await.expect("is issued");
            assert_eq!(issue.number.to_string(), format!("F2023-{:06}", index + 1));
        }
    }
    let documents = of_order(&shop, &order, AsOf::Now).await.expect("loads").state;
    let amounts: Vec<_> =
        documents.invoices().map(|(_, invoice)| (invoice.payable.minor(), invoice.vat.len())).collect();
    assert_eq!(amounts, [(667 + 390, 2), (333, 1)], "shipping is on the first parcel");
    let tax: i64 = documents.invoices().flat_map(|(_, invoice)| &invoice.vat).map(|vat| vat.tax.minor()).sum();
    assert_eq!(tax, 52 + 65);
    for (name, minor, number) in [("goodwill-1", 90, 1), ("goodwill-2", 1_300, 2), ("goodwill-1", 90, 1)] {
        let refund = goodwill(name, minor);
        let issue = issue_credit_note(&shop, &request(), &order, &refund, noon()).await.expect("is issued");
        assert_eq!(issue.number.to_string(), format!("A2023-{number:06}"));
    }
    let documents = of_order(&shop, &order, AsOf::Now).await.expect("loads").state;
    let credited: i64 = documents.credit_notes().flat_map(|(_, note)| &note.vat).map(|vat| vat.tax.minor()).sum();
    assert_eq!(credited, tax, "all of it went back, and with it all VAT");
    let refused = issue_credit_note(&shop, &request(), &order, &goodwill("goodwill-3", 1), noon()).await;
    assert_eq!(refused.expect_err("is too much").code(), Some("CREDIT_EXCEEDS_INVOICED"));
    assert_eq!(numbers(&shop, DocumentKind::CreditNote, 2023).await.len(), 2, "what is refused takes no number");
}

#[tokio::test]
async fn a_document_is_found_by_its_number_and_keeps_the_address_of_whoever_is_forgotten() {
    let shop = shop();
    let (order, parcels) = order(&shop, 1).await;
    let issue = issue_invoice(&shop, &request(), &order, &paid(&parcels[0]), noon()).await.expect("is issued");
    let staff = Actor::of_role(Role::Staff, "ada");
    let (of, document, loaded) = find(&shop, &staff, issue.number).await.expect("is found");
    assert_eq!((of, loaded.state.issue(&document)), (order, Some(issue)));
    let unknown = issue.number.next().expect("a number");
    assert_eq!(find(&shop, &staff, unknown).await.expect_err("is none").code(), Some("NOT_FOUND"));
    let shopper = Actor::shopper(CustomerId::from_uuid(Uuid::from_u128(1)));
    assert!(matches!(find(&shop, &shopper, issue.number).await, Err(AppError::Forbidden(_))));
    let buyer = &loaded.state.invoice(&parcels[0]).expect("an invoice").buyer;
    shop.vault.forget(&buyer.customer).await.expect("forgets");
    let address = shop.vault.open_archived(buyer.address.as_ref().expect("an address")).await.expect("opens");
    assert_eq!(address.as_deref(), Some("{\"name\":\"Camille\"}"));
}

#[tokio::test]
async fn a_number_that_was_taken_before_a_crash_is_given_again_also_in_the_next_year() {
    let store = Arc::new(Unreliable::default());
    let shop = shop_over(store.clone());
    let (order, parcels) = order(&shop, 1).await;
    let (late, later) = (noon(), noon().plus_seconds(400 * 86_400));
    // The draft is refused by the disk, then stored unnoticed; then the number is.
    for fault in [Fault::Fails, Fault::InDoubt, Fault::Fails, Fault::InDoubt] {
        store.next([fault]);
        assert!(issue_invoice(&shop, &request(), &order, &paid(&parcels[0]), late).await.is_err());
    }
    assert_eq!(numbers(&shop, DocumentKind::Invoice, 2023).await, ["F2023-000001"]);
    let anew = Shop { bus: Arc::new(bus_over(store)), ..shop };
    for at in [later, late] {
        let issue = issue_invoice(&anew, &request(), &order, &paid(&parcels[0]), at).await.expect("is issued");
        assert_eq!(issue.number.to_string(), "F2023-000001");
    }
    assert_eq!(numbers(&anew, DocumentKind::Invoice, 2023).await, ["F2023-000001"]);
    assert!(numbers(&anew, DocumentKind::Invoice, 2024).await.is_empty());
}

#[tokio::test]
async fn many_at_once_take_every_number_once() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let first = shop_over(store.clone());
    let shops = [Shop { bus: Arc::new(bus_over(store)), ..first.clone() }, first];
    let mut orders = Vec::new();
    for number in 0..20 {
        orders.push(order(&shops[0], 1 + number).await);
    }
    // Each parcel is asked for by both processes.
    let asked = orders.iter().flat_map(|(order, parcels)| parcels.iter().map(move |parcel| (order, parcel)));
    let asked = asked.flat_map(|(order, parcel)| shops.iter().map(move |shop| (shop, order, parcel)));
    let issued = asked.map(|(shop, order, parcel)| async move {
        issue_invoice(shop, &request(), order, &paid(parcel), noon()).await
    });
    let contended = join_all(issued).await.into_iter().filter(Result::is_err).count();
    assert_eq!(contended, 0, "the log settles who is first");
    let expected: Vec<_> = (1..=40).map(|count| format!("F2023-{count:06}")).collect();
    assert_eq!(numbers(&shops[0], DocumentKind::Invoice, 2023).await, expected);
}

#[test]
fn the_demo_names_a_seller() {
    assert_eq!(InvoicingSettings::of_demo().seller.siren.as_str(), "000000000");
}
