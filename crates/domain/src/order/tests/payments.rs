//! Attempts to pay an order.

use super::*;

fn request(number: u128) -> OrderCommand {
    OrderCommand::RequestPayment { payment: payment_id(number), method: text("pm_card_visa") }
}

fn requested(number: u128) -> OrderEvent {
    OrderEvent::PaymentRequested { payment: payment_id(number), method: text("pm_card_visa") }
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
fn money_is_held_anew_only_for_an_owed_order_of_which_nothing_was_taken() {
    let renew = OrderCommand::RenewPayment { payment: payment_id(2), method: text("pm_card_visa") };
    let confirmed = [placed(), requested(1), OrderEvent::Confirmed {}];
    for status in [PaymentStatus::Authorised, PaymentStatus::Voided, PaymentStatus::Declined] {
        let mut history = [confirmed.to_vec(), vec![recorded(status)]].concat();
        assert_eq!(given(&history).decide(&renew), Ok(vec![requested(2)]), "{status:?}");
        history.push(requested(2));
        assert_eq!(given(&history).decide(&renew), Ok(vec![]), "a repeat");
    }
    for status in [PaymentStatus::PartiallyCaptured, PaymentStatus::Captured, PaymentStatus::Refunded] {
        assert_eq!(
            outcome(&given(&[confirmed.to_vec(), vec![recorded(status)]].concat()), &renew),
            "ILLEGAL_TRANSITION"
        );
    }
    assert_eq!(given(&[]).decide(&renew), Err(OrderError::Unknown));
    assert_eq!(
        outcome(&given(&[placed(), requested(1), recorded(PaymentStatus::Authorised)]), &renew),
        "ILLEGAL_TRANSITION"
    );
}
