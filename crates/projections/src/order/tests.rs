use domain::fulfilment::FulfilmentEvent;
use domain::order::{AdditionEnd, OrderEvent, ReturnedLine, Sale};
use domain::values::{Sealed, Timestamp};

use super::{OrderProjection, OrderSearch};
use crate::testing::{
    Ending, Story, UNIT_PRICE, customer, euro, fulfilment, line, order, returned, sale, units, value,
};
use crate::tests::models_of;
use crate::views::Slice;

const PRODUCTS: u128 = 5;

async fn told(ending: Ending) -> crate::ReadModels {
    let mut story = Story::new();
    story.order(1, PRODUCTS, ending).await;
    models_of(&story, OrderProjection).await
}

#[tokio::test]
async fn an_order_shows_its_sale_payment_and_parcel() {
    let models = told(Ending::Delivered).await;
    let view = models.orders().order_by_number("N00000001").await.expect("the store answers").expect("it is there");
    assert_eq!(models.orders().order(order(1).as_str()).await.expect("the store answers"), Some(view.clone()));

    let head = &view.summary;
    let statuses = (&*head.order_status, &*head.payment_status, &*head.fulfilment_status);
    assert_eq!(statuses, ("confirmed", "captured", "delivered"));
    assert_eq!((head.total, head.captured, head.units), (euro(3 * UNIT_PRICE + 480), head.payable, 3));
    assert_eq!(head.email, Sealed::new(customer(1), "c2VhbGVk".into()));
    assert_eq!((head.shipping.gross, head.shipping.net), (euro(480), euro(400)));
    assert_eq!(head.shipping.vat_rate, value("0.2"));
    let lines: Vec<_> = view.lines.iter().map(|line| (line.quantity, line.gross, line.returned_quantity)).collect();
    assert_eq!(lines, [(2, euro(2 * UNIT_PRICE), 0), (1, euro(UNIT_PRICE), 0)]);
    let payment = &view.payments[0];
    assert_eq!((&*payment.status, payment.captured, payment.expires_at.is_some()), ("authorised", head.payable, true));
    let parcel = &view.fulfilments[0];
    assert_eq!((&*parcel.status, parcel.released, parcel.tracking.as_deref()), ("delivered", true, Some("T1")));
}

#[tokio::test]
async fn a_rejected_and_a_cancelled_order_say_so() {
    let models = told(Ending::Rejected).await;
    let view = models.orders().order(order(1).as_str()).await.expect("the store answers").expect("it is there");
    assert_eq!(view.summary.rejection_code.as_deref(), Some("PAYMENT_DECLINED"));
    assert_eq!(view.payments[0].decline_code.as_deref(), Some("insufficient_funds"));

    let models = told(Ending::Cancelled).await;
    let view = models.orders().order(order(1).as_str()).await.expect("the store answers").expect("it is there");
    assert_eq!((&*view.summary.order_status, view.summary.cancellation_requested), ("cancelled", true));
    assert_eq!(view.payments[0].status, "voided");
    assert!(view.fulfilments.is_empty(), "a stream that was barred belongs to no order");
}

#[tokio::test]
async fn a_return_keeps_its_units_until_it_is_withdrawn() {
    let mut story = Story::new();
    story.order(1, PRODUCTS, Ending::Returned).await;
    let lines = vec![ReturnedLine { line: line(11), quantity: units(1) }];
    let opened = OrderEvent::ReturnOpened { return_id: returned(2), lines, reason: value("late"), withdrawal: None };
    story.add("order", order(1).as_str(), &[opened]).await;
    let models = models_of(&story, OrderProjection).await;
    let view = models.orders().order(order(1).as_str()).await.expect("the store answers").expect("it is there");
    assert_eq!(view.lines.iter().map(|line| line.returned_quantity).collect::<Vec<_>>(), [2, 1]);
    let seen: Vec<_> = view.returns.iter().map(|back| (&*back.status, back.refund, back.refunded)).collect();
    assert_eq!(seen, [("resolved", Some(euro(UNIT_PRICE)), Some(euro(UNIT_PRICE))), ("requested", None, None)]);

    let withdrawn = OrderEvent::ReturnWithdrawn { return_id: returned(2) };
    story.add("order", order(1).as_str(), &[withdrawn]).await;
    let models = models_of(&story, OrderProjection).await;
    let view = models.orders().order(order(1).as_str()).await.expect("the store answers").expect("it is there");
    assert_eq!(view.lines.iter().map(|line| line.returned_quantity).collect::<Vec<_>>(), [2, 0]);
    let one = models.orders().return_by_id(returned(1).as_str()).await.expect("the store answers");
    assert_eq!(one.map(|back| back.order), Some(order(1).to_string()));
    let listed = models.orders().returns(Some("resolved"), Slice::first(5)).await.expect("the store answers");
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn the_timeline_tells_every_event_without_personal_data() {
    let models = told(Ending::Returned).await;
    let orders = models.orders();
    let (mut entries, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let slice = Slice { after: cursor.as_deref(), first: 4 };
        let page = orders.timeline(order(1).as_str(), slice).await.expect("the store answers");
        cursor = page.items.last().map(|edge| edge.cursor.clone());
        entries.extend(page.items.into_iter().map(|edge| edge.node));
        if !page.has_next {
            break;
        }
    }
    assert!(entries.windows(2).all(|pair| pair[0].position < pair[1].position));
    let kinds = ["order", "payment", "fulfilment", "return"];
    assert!(kinds.iter().all(|kind| entries.iter().any(|entry| entry.stream_kind == *kind)));
    assert_eq!(entries[0].event_type, "order.placed");
    assert_eq!(entries[0].actor_kind.as_deref(), Some("customer"));
    for secret in ["c2VhbGVk", "pm_card", "too long", "pi_1"] {
        assert!(entries.iter().all(|entry| !entry.detail_json.contains(secret)), "{secret}");
    }
}

#[tokio::test]
async fn staff_and_customers_find_orders_newest_first() {
    let mut story = Story::new();
    for number in 1..=9 {
        story.now += 1;
        let ending = if number % 2 == 0 { Ending::Cancelled } else { Ending::Placed };
        story.order(number, PRODUCTS, ending).await;
    }
    let models = models_of(&story, OrderProjection).await;
    let orders = models.orders();

    let search = OrderSearch { order_status: Some("cancelled"), payment_status: Some("voided"), ..Default::default() };
    let page = orders.search(search, Slice::first(3)).await.expect("the store answers");
    let numbers = |page: &crate::Page<crate::Edge<super::OrderSummary>>| {
        page.items.iter().map(|edge| edge.node.number.trim_start_matches(['N', '0']).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((numbers(&page), page.has_next), (vec!["8".into(), "6".into(), "4".into()], true));
    let last = page.items[2].cursor.clone();
    let page = orders.search(search, Slice::first(3).after(&last)).await.expect("the store answers");
    assert_eq!((numbers(&page), page.has_next), (vec!["2".into()], false));

    let by_number = OrderSearch { number: Some("N00000007"), ..Default::default() };
    let page = orders.search(by_number, Slice::first(3)).await.expect("the store answers");
    assert_eq!(numbers(&page), ["7"]);
    let page = orders.of_customer(customer(1).as_str(), Slice::first(9)).await.expect("the store answers");
    assert_eq!(numbers(&page), ["8", "1"]);
    let heads = orders.summaries(&[order(3).as_str(), "ord_unknown"]).await.expect("the store answers");
    assert_eq!(heads.len(), 1);
}

#[tokio::test]
async fn a_label_names_the_carrier_before_the_parcel_leaves() {
    let mut story = Story::new();
    story.order(1, PRODUCTS, Ending::Placed).await;
    let agreed = sale(1, PRODUCTS);
    let events = [
        FulfilmentEvent::Requested {
            order: order(1),
            location: value("lyon"),
            lines: vec![],
            address: agreed.address,
            share: agreed.payable,
        },
        FulfilmentEvent::Packed { packed_at: Timestamp::from_micros(3) },
        FulfilmentEvent::LabelBooked { carrier: value("colis"), tracking: value("T9") },
    ];
    story.add("fulfilment", fulfilment(1).as_str(), &events).await;
    let models = models_of(&story, OrderProjection).await;
    let view = models.orders().order(order(1).as_str()).await.expect("the store answers").expect("it is there");
    let parcel = &view.fulfilments[0];
    assert_eq!((&*parcel.status, parcel.tracking.as_deref(), parcel.released), ("packed", Some("T9"), false));
}

#[tokio::test]
async fn an_addition_says_what_it_was_added_to_and_both_timelines_tell_it() {
    let mut story = Story::new();
    story.order(1, PRODUCTS, Ending::Placed).await;
    let (first, addition) = (order(1), order(2));
    let sale = Box::new(Sale { adds_to: Some(first.clone()), ..sale(2, PRODUCTS) });
    let placed = OrderEvent::Placed { sale, placed_at: Timestamp::from_micros(story.now) };
    let accepted = OrderEvent::AdditionAccepted { addition: addition.clone() };
    let released = OrderEvent::AdditionReleased { addition: addition.clone(), end: AdditionEnd::CalledOff };
    story.add("order", addition.as_str(), &[placed]).await;
    story.add("order", first.as_str(), &[accepted, released]).await;
    let models = models_of(&story, OrderProjection).await;
    for (id, adds_to, told) in [
        (&first, None, format!(r#"{{"addition":"{addition}","end":"called_off"}}"#)),
        (&addition, Some(first.to_string()), format!(r#""addsTo":"{first}""#)),
    ] {
        let view = models.orders().order(id.as_str()).await.expect("the store answers").expect("it is there");
        assert_eq!(view.summary.adds_to, adds_to);
        let slice = Slice { after: None, first: 50 };
        let page = models.orders().timeline(id.as_str(), slice).await.expect("the store answers");
        let last = &page.items.last().expect("something happened").node.detail_json;
        assert!(last.contains(&told), "{last}");
    }
}
