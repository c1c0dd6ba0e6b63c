//! Orders that go along with another.

use super::*;

fn confirmed() -> Order {
    given(&[placed(), OrderEvent::Confirmed {}])
}

/// What an order of which the money is held stands at.
fn paid() -> OrderEvent {
    recorded(PaymentStatus::Authorised, 2_800)
}

fn recorded(status: PaymentStatus, authorised: i64) -> OrderEvent {
    OrderEvent::PaymentRecorded { status, authorised: eur(authorised), captured: eur(0), refunded: eur(0) }
}

fn owed() -> Order {
    given(&[placed(), paid(), OrderEvent::Confirmed {}])
}

fn owed_and(event: OrderEvent) -> Order {
    given(&[placed(), paid(), OrderEvent::Confirmed {}, event])
}

fn add(number: u128) -> OrderCommand {
    OrderCommand::AcceptAddition { addition: order_id(number) }
}

fn release(number: u128, end: AdditionEnd) -> OrderCommand {
    OrderCommand::ReleaseAddition { addition: order_id(number), end }
}

fn cancel_as_buyer() -> OrderCommand {
    OrderCommand::RequestCancellationByBuyer { reason: text("changed my mind") }
}

fn standing(order: &Order) -> Vec<OrderId> {
    order.additions_standing().cloned().collect()
}

#[test]
fn an_order_that_is_owed_and_paid_takes_others_along_until_they_end() {
    let mut order = owed();
    accept(&mut order, &add(2));
    accept(&mut order, &add(3));
    assert_eq!(standing(&order), [order_id(2), order_id(3)]);
    accept(&mut order, &release(2, AdditionEnd::CalledOff));
    accept(&mut order, &release(3, AdditionEnd::HandedOver));
    assert_eq!(standing(&order), []);
    assert_eq!(order.additions().cloned().collect::<Vec<_>>(), [order_id(2), order_id(3)], "it knows them for ever");
}

#[test]
fn only_an_order_that_is_owed_and_paid_and_here_is_added_to() {
    let refused = "ORDER_CANNOT_BE_ADDED_TO";
    assert_eq!(outcome(&Order::default(), &add(2)), "NOT_FOUND");
    assert_eq!(outcome(&given(&[placed()]), &add(2)), refused, "not paid");
    assert_eq!(outcome(&confirmed(), &add(2)), refused, "nothing is held of what is due");
    let reason = text("changed my mind");
    for event in [
        OrderEvent::Rejected { code: "PAYMENT_TIMEOUT".to_owned(), reason: reason.clone() },
        OrderEvent::CancellationRequested { reason: reason.clone() },
        OrderEvent::Cancelled { reason },
        OrderEvent::Completed {},
        recorded(PaymentStatus::Voided, 2_800),
    ] {
        assert_eq!(outcome(&owed_and(event.clone()), &add(2)), refused, "{event:?}");
    }
    for (status, answer) in [
        (FulfilmentStatus::Requested, "order.addition_accepted"),
        (FulfilmentStatus::Packed, "order.addition_accepted"),
        (FulfilmentStatus::PartiallyShipped, refused),
        (FulfilmentStatus::Shipped, refused),
        (FulfilmentStatus::PartiallyDelivered, refused),
        (FulfilmentStatus::Delivered, refused),
        (FulfilmentStatus::Lost, refused),
    ] {
        let order = owed_and(fulfilment(status, DELIVERED_AT));
        assert_eq!(outcome(&order, &add(2)), answer, "{status:?}");
        assert_eq!(order.may_be_sent(), answer != refused, "{status:?}");
    }
}

#[test]
fn what_was_added_to_an_order_is_not_added_to() {
    let sale = Sale { adds_to: Some(order_id(9)), ..sale() };
    let placed = OrderEvent::Placed { sale: Box::new(sale), placed_at: PLACED_AT };
    let order = given(&[placed, paid(), OrderEvent::Confirmed {}]);
    assert_eq!(order.adds_to(), Some(&order_id(9)));
    assert_eq!(outcome(&order, &add(2)), "ORDER_CANNOT_BE_ADDED_TO");
}

#[test]
fn an_addition_that_was_given_up_is_not_accepted_late() {
    let mut order = owed();
    accept(&mut order, &release(2, AdditionEnd::CalledOff));
    assert_eq!(outcome(&order, &add(2)), "ORDER_CANNOT_BE_ADDED_TO");
    assert_eq!((order.additions().count(), standing(&order)), (0, vec![]), "it never went along");
    accept(&mut order, &add(3));
    accept(&mut order, &release(3, AdditionEnd::CalledOff));
    assert_eq!(outcome(&order, &add(3)), "ORDER_CANNOT_BE_ADDED_TO");
    assert_eq!(outcome(&Order::default(), &release(2, AdditionEnd::CalledOff)), "NOT_FOUND");
}

#[test]
fn an_addition_that_stands_is_accepted_again_though_the_order_has_left() {
    let mut order = owed();
    accept(&mut order, &add(2));
    order.evolve(&fulfilment(FulfilmentStatus::Shipped, DELIVERED_AT));
    assert_eq!(outcome(&order, &add(2)), "", "the same wish, told again");
    assert_eq!(outcome(&order, &add(3)), "ORDER_CANNOT_BE_ADDED_TO");
}

#[test]
fn its_buyer_does_not_cancel_an_order_before_what_goes_along_with_it() {
    let mut order = owed();
    accept(&mut order, &add(2));
    let refusal = order.decide(&cancel_as_buyer()).expect_err("one goes along");
    assert_eq!((refusal.code(), refusal.facts()), ("ORDER_HAS_ADDITIONS", vec![("addition", order_id(2).to_string())]));
    let whole = request_line_cancellation(1, vec![line_units(1, 2), line_units(2, 3)]);
    assert_eq!(outcome(&order, &whole), "ORDER_HAS_ADDITIONS", "line by line it is the same");
    let part = request_line_cancellation(1, vec![line_units(1, 1)]);
    assert_eq!(outcome(&order, &part), "order.line_cancellation_requested");
    let by_staff = OrderCommand::RequestCancellation { reason: text("a mistake of ours") };
    assert_eq!(outcome(&order, &by_staff), "order.cancellation_requested", "the house may: the addition was sold so");
    for end in [AdditionEnd::CalledOff, AdditionEnd::HandedOver] {
        let mut order = order.clone();
        accept(&mut order, &release(2, end));
        assert_eq!(outcome(&order, &cancel_as_buyer()), "order.cancellation_requested", "{end:?}");
        assert_eq!(outcome(&order, &whole), "order.cancellation_requested", "{end:?}");
    }
}

#[test]
fn a_wish_to_cancel_that_was_told_before_is_no_news() {
    let mut order = owed();
    accept(&mut order, &add(2));
    accept(&mut order, &OrderCommand::RequestCancellation { reason: text("a mistake of ours") });
    assert_eq!(outcome(&order, &cancel_as_buyer()), "");
}

#[test]
fn an_order_is_added_to_so_many_times_and_no_more() {
    let mut order = owed();
    for number in 1..=ADDITIONS_MAX {
        accept(&mut order, &add(100 + number as u128));
    }
    assert_eq!(outcome(&order, &add(2)), "ORDER_CANNOT_BE_ADDED_TO");
    assert_eq!(outcome(&order, &add(101)), "", "one that stands");
}
