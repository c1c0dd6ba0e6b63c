//! From placed to its end: every wish in every state.

use super::*;

fn wishes() -> [OrderCommand; 6] {
    [
        OrderCommand::Confirm,
        OrderCommand::Reject { code: "OUT_OF_STOCK".to_owned(), reason: text("sold out") },
        OrderCommand::RequestCancellation { reason: text("changed my mind") },
        OrderCommand::RefuseCancellation { reason: text("it has left") },
        OrderCommand::Cancel { reason: text("changed my mind") },
        OrderCommand::Complete,
    ]
}

fn confirmed() -> Vec<OrderEvent> {
    vec![placed(), OrderEvent::Confirmed {}]
}

fn requested() -> OrderEvent {
    OrderEvent::CancellationRequested { reason: text("changed my mind") }
}

fn rejected() -> OrderEvent {
    OrderEvent::Rejected { code: "PAYMENT_DECLINED".to_owned(), reason: text("the bank said no") }
}

fn cancelled() -> OrderEvent {
    OrderEvent::Cancelled { reason: text("changed my mind") }
}

fn expect_each(state: &str, history: &[OrderEvent], expected: [&str; 6]) {
    let order = given(history);
    let answers = wishes().map(|wish| outcome(&order, &wish));
    assert_eq!(answers, expected, "{state}");
}

const ILLEGAL: &str = "ILLEGAL_TRANSITION";
const NO_NEWS: &str = "";

#[test]
fn an_order_that_was_never_placed_is_unknown() {
    expect_each("absent", &[], ["NOT_FOUND"; 6]);
}

#[test]
fn a_placed_order_is_confirmed_rejected_or_cancelled() {
    let expected =
        ["order.confirmed", "order.rejected", "order.cancellation_requested", NO_NEWS, "order.cancelled", ILLEGAL];
    expect_each("placed", &[placed()], expected);
    let expected =
        ["order.confirmed", "order.rejected", NO_NEWS, "order.cancellation_refused", "order.cancelled", ILLEGAL];
    expect_each("placed, cancellation requested", &[placed(), requested()], expected);
}

#[test]
fn a_confirmed_order_is_cancelled_or_delivered_and_completed() {
    let expected = [NO_NEWS, ILLEGAL, "order.cancellation_requested", NO_NEWS, "order.cancelled", "NOT_DELIVERED"];
    expect_each("confirmed", &confirmed(), expected);
    let expected = [NO_NEWS, ILLEGAL, "ALREADY_SHIPPED", NO_NEWS, "ALREADY_SHIPPED", "order.completed"];
    expect_each("delivered", &[confirmed(), vec![delivered()]].concat(), expected);
}

#[test]
fn an_order_that_ended_stays_so() {
    let history = [placed(), rejected()];
    expect_each("rejected", &history, [ILLEGAL, NO_NEWS, ILLEGAL, NO_NEWS, ILLEGAL, ILLEGAL]);
    let history = [placed(), cancelled()];
    expect_each("cancelled", &history, [ILLEGAL, ILLEGAL, NO_NEWS, ILLEGAL, NO_NEWS, ILLEGAL]);
    let history = [confirmed(), vec![delivered(), OrderEvent::Completed {}]].concat();
    expect_each("completed", &history, [NO_NEWS, ILLEGAL, ILLEGAL, NO_NEWS, ILLEGAL, NO_NEWS]);
}

#[test]
fn a_refusal_names_the_status_and_the_wish() {
    let order = given(&[placed(), rejected()]);
    let refusal = order.decide(&OrderCommand::Confirm).expect_err("it was rejected");
    assert_eq!(refusal, OrderError::IllegalTransition { status: "rejected", wish: "confirmed" });
    assert_eq!(refusal.to_string(), "an order that is rejected cannot be confirmed");
}

#[test]
fn every_wish_that_is_granted_is_no_news_the_second_time() {
    let placed_only = || vec![placed()];
    let histories = [
        placed_only(),
        placed_only(),
        placed_only(),
        vec![placed(), requested()],
        placed_only(),
        [confirmed(), vec![delivered()]].concat(),
    ];
    for (history, wish) in histories.into_iter().zip(wishes()) {
        assert_eq!(accept(&mut given(&history), &wish).len(), 1, "{wish:?}");
    }
}

#[test]
fn an_order_is_cancelled_until_the_first_parcel_leaves() {
    let statuses = [
        (FulfilmentStatus::Unfulfilled, true),
        (FulfilmentStatus::Requested, true),
        (FulfilmentStatus::Packed, true),
        (FulfilmentStatus::PartiallyShipped, false),
        (FulfilmentStatus::Shipped, false),
        (FulfilmentStatus::PartiallyDelivered, false),
        (FulfilmentStatus::Delivered, false),
        (FulfilmentStatus::Lost, false),
        (FulfilmentStatus::Cancelled, true),
    ];
    for (status, possible) in statuses {
        let order = given(&[placed(), OrderEvent::Confirmed {}, fulfilment(status, DELIVERED_AT)]);
        let [_, _, request, _, cancel, _] = wishes();
        let expected = if possible { "order.cancellation_requested" } else { "ALREADY_SHIPPED" };
        assert_eq!(outcome(&order, &request), expected, "{status:?}");
        let expected = if possible { "order.cancelled" } else { "ALREADY_SHIPPED" };
        assert_eq!(outcome(&order, &cancel), expected, "{status:?}");
    }
}

#[test]
fn a_request_repeated_after_the_parcel_left_is_no_news() {
    let order = given(&[placed(), requested(), fulfilment(FulfilmentStatus::Shipped, DELIVERED_AT)]);
    let [_, _, request, _, cancel, _] = wishes();
    assert_eq!(order.decide(&request), Ok(vec![]));
    assert_eq!(order.decide(&cancel), Err(OrderError::AlreadyShipped));
}

#[test]
fn a_request_is_open_until_it_is_answered() {
    let mut order = given(&[placed(), requested()]);
    assert!(order.cancellation_requested());
    order.evolve(&OrderEvent::CancellationRefused { reason: text("it has left") });
    assert!(!order.cancellation_requested());
    for end in [rejected(), cancelled(), OrderEvent::Completed {}] {
        assert!(!given(&[placed(), requested(), end]).cancellation_requested());
    }
    assert!(given(&[placed(), requested(), OrderEvent::Confirmed {}]).cancellation_requested());
}

#[test]
fn an_order_completes_once_nothing_is_on_its_way() {
    for status in [FulfilmentStatus::PartiallyDelivered, FulfilmentStatus::Shipped, FulfilmentStatus::Packed] {
        let order = given(&[placed(), OrderEvent::Confirmed {}, fulfilment(status, DELIVERED_AT)]);
        assert_eq!(order.decide(&OrderCommand::Complete), Err(OrderError::NotDelivered), "{status:?}");
    }
    for status in [FulfilmentStatus::Delivered, FulfilmentStatus::Lost] {
        let order = given(&[placed(), OrderEvent::Confirmed {}, fulfilment(status, DELIVERED_AT)]);
        assert_eq!(order.decide(&OrderCommand::Complete), Ok(vec![OrderEvent::Completed {}]), "{status:?}");
    }
}

#[test]
fn a_rejection_tells_why() {
    let order = given(&[placed(), rejected()]);
    assert_eq!(order.status(), OrderStatus::Rejected);
    assert_eq!(order.rejection(), Some(("PAYMENT_DECLINED", "the bank said no")));
    assert_eq!(given(&[placed()]).rejection(), None);
}
