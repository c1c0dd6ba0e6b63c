//! The journey of an order is told whole: whatever its processes did, and what that did to the stock.

use std::collections::BTreeSet;

use domain::fulfilment::FulfilmentCommand;
use domain::returns::ReturnCommand;
use domain::values::OrderId;
use uuid::Uuid;

use super::bank::VISA;
use super::counter::{Counter, euro, staff, text};
use super::returning;
use crate::journey::{Link, of};

/// What an order that was bought, sent and sent back in part leaves its traces in.
const KINDS: [&str; 12] = [
    "cart",
    "checkout",
    "document_series",
    "fulfilment",
    "goodwill_refund",
    "invoicing",
    "order",
    "order_to_invoice",
    "payment",
    "return",
    "return_to_refund",
    "stock",
];

#[tokio::test(start_paused = true)]
async fn everything_of_one_order_and_nothing_of_another_is_told() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [9, 2]).await;
    let other = counter.buy(&[(&book, 1)], VISA).await;
    let order = counter.buy(&[(&book, 2)], VISA).await;
    counter.buy(&[(&book, 1)], VISA).await;
    counter.send(&order, "paris").await;
    let payment = counter.attempt(&order).await;
    let goodwill = app::payment::request_refund(&counter.shop, &staff(), &payment, euro(100), text("late")).await;
    goodwill.expect("it may");
    let id = returning::request(&counter, &order, 1).await;
    returning::change(&counter, &id, ReturnCommand::Approve).await;
    returning::receive(&counter, &id).await;
    returning::inspect(&counter, &id, (1, 0, 0)).await;

    let journey = of(&counter.shop, &order).await.expect("the log is there").expect("there is one");
    assert!(journey.is_complete());
    let kinds: BTreeSet<_> = journey.happenings().iter().map(|one| one.event.stream.kind.to_string()).collect();
    assert_eq!(kinds, KINDS.map(str::to_owned).into());
    let told = |kind: &str| {
        let of_kind = journey.happenings().iter().filter(|one| &*one.event.stream.kind == kind);
        of_kind.map(|one| one.event.event_type.as_str()).collect::<Vec<_>>()
    };
    let mut stock = told("stock");
    stock.sort_unstable();
    assert_eq!(stock, ["stock.allocated", "stock.dispatched", "stock.reserved", "stock.restocked"]);
    let mut streams = BTreeSet::new();
    for one in journey.happenings() {
        streams.insert(one.event.stream.to_string());
    }
    assert!(!streams.iter().any(|stream| stream.contains(other.as_str())), "another order is another journey");
    for kind in ["order", "checkout", "payment", "fulfilment", "return", "return_to_refund"] {
        let all = counter.events(&[kind]).await;
        let ours = all.iter().filter(|event| streams.contains(&event.stream.to_string())).count();
        assert_eq!(told(kind).len(), ours, "every event of its {kind} is there once");
    }
    assert_eq!(journey.happenings()[0].link, Link::Beginning);
    let mermaid = journey.mermaid();
    assert!(mermaid.starts_with("flowchart TD\n") && mermaid.contains("order.placed<br/>order"), "{mermaid}");
    let nobody = OrderId::from_uuid(Uuid::from_u128(99));
    assert!(of(&counter.shop, &nobody).await.expect("the log is there").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_parcel_that_goes_in_the_place_of_a_lost_one_belongs_to_the_journey() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [1, 2]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    let location = if counter.parcel(&order, "paris").await.1.order().is_some() { "paris" } else { "lyon" };
    counter.pack(&order, location).await;
    counter.hand_over(&order, location).await;
    let reason = text("the carrier searched");
    counter.change_parcel(&order, location, FulfilmentCommand::DeclareLost { reason }).await;
    counter.decide("parcel_lost/", "reship").await;
    let journey = of(&counter.shop, &order).await.expect("the log is there").expect("there is one");
    let requested = journey.happenings().iter().filter(|one| one.event.event_type == "fulfilment.requested");
    assert_eq!(requested.count(), 2);
}
