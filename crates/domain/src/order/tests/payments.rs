//! Attempts to pay an order.

use super::*;

fn request(number: u128) -> OrderCommand {
    OrderCommand::RequestPayment { payment: payment_id(number), method: text("pm_card_visa"), amount: None }
}

fn requested(number: u128) -> OrderEvent {
    OrderEvent::PaymentRequested { payment: payment_id(number), method: text("pm_card_visa"), amount: None }
}

fn recorded(status: PaymentStatus) -> OrderEvent {
    OrderEvent::PaymentRecorded { status, authorised: eur(0), captured: eur(0), refunded: eur(0) }
}

#[test]
fn a_placed_order_can_be_paid_once_at_a_time() {
    assert_eq!(given(&[placed()]).decide(&request(1)), Ok(vec![requested(1)]));
    let under_way = given(&[placed(), requested(1)]);
    assert_eq!(under_way.decide(&request(1)), Ok(vec![]), "a repeat");
    assert_eq!(under_way.decide(&request(2)), Err(OrderError::PaymentUnderWay));
    assert_eq!(under_way.payments(), [payment_id(1)]);
}

#[test]
fn after_a_decline_another_attempt_begins_until_there_are_too_many() {
    let mut history = vec![placed()];
    for attempt in 1..=PAYMENTS_MAX as u128 {
        assert_eq!(given(&history).decide(&request(attempt)), Ok(vec![requested(attempt)]));
        history.extend([requested(attempt), recorded(PaymentStatus::Declined)]);
    }
    assert_eq!(given(&history).decide(&request(99)), Err(OrderError::TooManyPayments { max: PAYMENTS_MAX }));
}

#[test]
fn an_order_that_is_paid_over_or_not_there_is_not_paid_anew() {
    let paid = given(&[placed(), requested(1), recorded(PaymentStatus::Authorised)]);
    assert_eq!(paid.decide(&request(2)), Err(OrderError::PaymentUnderWay));
    assert_eq!(given(&[]).decide(&request(1)), Err(OrderError::Unknown));
    let confirmed = given(&[placed(), requested(1), OrderEvent::Confirmed {}]);
    assert_eq!(outcome(&confirmed, &request(2)), "ILLEGAL_TRANSITION");
}

#[test]
fn an_owed_order_whose_hold_ended_is_paid_with_another_card_and_not_while_it_is_called_off() {
    let confirmed = [placed(), requested(1), OrderEvent::Confirmed {}];
    for status in [PaymentStatus::Voided, PaymentStatus::Declined, PaymentStatus::RequiresAction] {
        let lost = [confirmed.to_vec(), vec![recorded(status)]].concat();
        assert_eq!(given(&lost).decide(&request(2)), Ok(vec![requested(2)]), "{status:?}");
        let asked_off = OrderEvent::CancellationRequested { reason: text("changed my mind") };
        assert_eq!(outcome(&given(&[lost, vec![asked_off]].concat()), &request(2)), "ILLEGAL_TRANSITION");
    }
    let free = given(&[placed(), OrderEvent::Confirmed {}]);
    assert_eq!(outcome(&free, &request(1)), "ILLEGAL_TRANSITION");
}

#[test]
fn money_is_held_anew_only_for_an_owed_order_of_which_not_all_was_taken() {
    let renew = OrderCommand::RenewPayment { payment: payment_id(2), method: text("pm_card_visa"), amount: None };
    let confirmed = [placed(), requested(1), OrderEvent::Confirmed {}];
    for status in [PaymentStatus::Authorised, PaymentStatus::Voided, PaymentStatus::Declined] {
        let mut history = [confirmed.to_vec(), vec![recorded(status)]].concat();
        assert_eq!(given(&history).decide(&renew), Ok(vec![requested(2)]), "{status:?}");
        history.push(requested(2));
        assert_eq!(given(&history).decide(&renew), Ok(vec![]), "a repeat");
    }
    let all = payable();
    let taken = [confirmed.to_vec(), vec![taken(PaymentStatus::Captured, all, 0)]].concat();
    assert_eq!(outcome(&given(&taken), &renew), "ILLEGAL_TRANSITION");
    assert_eq!(
        outcome(&given(&[confirmed.to_vec(), vec![recorded(PaymentStatus::Pending)]].concat()), &renew),
        "ILLEGAL_TRANSITION"
    );
    assert_eq!(given(&[]).decide(&renew), Err(OrderError::Unknown));
    assert_eq!(
        outcome(&given(&[placed(), requested(1), recorded(PaymentStatus::Authorised)]), &renew),
        "ILLEGAL_TRANSITION"
    );
}

fn taken(status: PaymentStatus, captured: i64, refunded: i64) -> OrderEvent {
    OrderEvent::PaymentRecorded { status, authorised: eur(payable()), captured: eur(captured), refunded: eur(refunded) }
}

#[test]
fn of_money_that_is_taken_in_part_what_was_not_taken_or_went_back_is_held_anew_and_is_a_part() {
    let all = payable();
    let renew = |cents: Option<i64>| {
        let (payment, amount) = (payment_id(2), cents.map(eur));
        OrderCommand::RenewPayment { payment, method: text("pm_card_visa"), amount }
    };
    let confirmed = [placed(), requested(1), OrderEvent::Confirmed {}];
    let cases = [
        (PaymentStatus::PartiallyCaptured, 400, 0),
        // What is held no longer is told as if all had been taken.
        (PaymentStatus::Captured, 400, 0),
        (PaymentStatus::PartiallyRefunded, 400, 100),
        (PaymentStatus::Refunded, 400, 400),
    ];
    for (status, captured, refunded) in cases {
        let order = given(&[confirmed.to_vec(), vec![taken(status, captured, refunded)]].concat());
        let left = all - captured + refunded;
        assert_eq!(order.untaken(), eur(left), "{status:?}");
        assert_eq!(order.decide(&renew(Some(left))), Ok(vec![part_requested(2, left)]), "{status:?}");
        assert_eq!(order.decide(&renew(None)), Ok(vec![part_requested(2, left)]), "{status:?}");
        assert_eq!(outcome(&order, &renew(Some(left + 1))), "PAYMENT_AMOUNT_INVALID", "{status:?}");
    }
}

fn request_part(number: u128, cents: i64) -> OrderCommand {
    OrderCommand::RequestPayment { payment: payment_id(number), method: text("pm_card_visa"), amount: Some(eur(cents)) }
}

fn part_requested(number: u128, cents: i64) -> OrderEvent {
    OrderEvent::PaymentRequested { payment: payment_id(number), method: text("pm_card_visa"), amount: Some(eur(cents)) }
}

fn holding(status: PaymentStatus, cents: i64) -> OrderEvent {
    OrderEvent::PaymentRecorded { status, authorised: eur(cents), captured: eur(0), refunded: eur(0) }
}

/// What the order of these tests comes to, cents.
fn payable() -> i64 {
    given(&[placed()]).payable_left().minor()
}

#[test]
fn a_part_of_what_is_due_is_paid_and_the_rest_stays_due() {
    let all = payable();
    let order = given(&[placed()]);
    assert_eq!((order.payment_due(), order.is_paid_in_parts()), (eur(all), false));
    assert_eq!(order.decide(&request_part(1, 1)), Ok(vec![part_requested(1, 1)]));
    assert_eq!(order.decide(&request_part(1, all)), Ok(vec![requested(1)]), "all of it is no part");
    for cents in [0, -1, all + 1] {
        let refusal = order.decide(&request_part(1, cents)).expect_err("it is no part of what is due");
        let facts = [("requested", eur(cents).to_string()), ("due", eur(all).to_string())];
        assert_eq!((refusal.code(), refusal.facts()), ("PAYMENT_AMOUNT_INVALID", facts.to_vec()));
    }
    let dollars = Money::new(1, Currency::Usd);
    let wish =
        OrderCommand::RequestPayment { payment: payment_id(1), method: text("pm_card_visa"), amount: Some(dollars) };
    assert_eq!(outcome(&order, &wish), "PAYMENT_AMOUNT_INVALID");

    let begun = [placed(), part_requested(1, 10)];
    assert_eq!(given(&begun).payment_amount(&payment_id(1)), Some(eur(10)));
    assert_eq!(outcome(&given(&begun), &request(2)), "PAYMENT_UNDER_WAY");
    let held = [begun.to_vec(), vec![holding(PaymentStatus::PartiallyAuthorised, 10)]].concat();
    let order = given(&held);
    assert_eq!((order.payment_due(), order.is_paid_in_parts()), (eur(all - 10), true));
    assert_eq!(order.decide(&request(2)), Ok(vec![part_requested(2, all - 10)]));
    assert_eq!(outcome(&order, &request_part(2, all - 9)), "PAYMENT_AMOUNT_INVALID");
}

#[test]
fn what_is_held_is_not_due_while_the_rest_is_declined_or_waits_and_all_is_paid_in_the_end() {
    let all = payable();
    let begun = [placed(), part_requested(1, 10), part_requested(2, all - 10)];
    for status in [PaymentStatus::Declined, PaymentStatus::RequiresAction, PaymentStatus::PartiallyAuthorised] {
        let order = given(&[begun.to_vec(), vec![holding(status, 10)]].concat());
        assert_eq!(order.payment_due(), eur(all - 10), "{status:?}");
    }
    for status in [PaymentStatus::Authorised, PaymentStatus::Captured, PaymentStatus::Refunded] {
        let order = given(&[begun.to_vec(), vec![holding(status, all)]].concat());
        assert_eq!(order.payment_due(), eur(0), "{status:?}");
    }
    let at_once = given(&[placed(), requested(1), OrderEvent::Confirmed {}, holding(PaymentStatus::Voided, all)]);
    assert_eq!(at_once.payment_due(), eur(all), "what one payment held is held no longer");
}

#[test]
fn a_part_that_an_owed_order_has_lost_is_paid_by_another_card_or_held_anew() {
    let all = payable();
    let lost = [
        placed(),
        part_requested(1, 10),
        part_requested(2, all - 10),
        OrderEvent::Confirmed {},
        holding(PaymentStatus::PartiallyAuthorised, 10),
    ];
    assert_eq!(given(&lost).decide(&request(3)), Ok(vec![part_requested(3, all - 10)]));
    let amount = Some(eur(all - 10));
    let renew = OrderCommand::RenewPayment { payment: payment_id(3), method: text("pm_card_visa"), amount };
    assert_eq!(given(&lost).decide(&renew), Ok(vec![part_requested(3, all - 10)]));
}
