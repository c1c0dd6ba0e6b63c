//! Giving money back, and what comes back from that.

use super::*;

fn captured_and(more: &[PaymentCommand]) -> Payment {
    authorised_and(&[&[request_capture("c", 60), record_capture("c")][..], more].concat())
}

#[test]
fn a_refund_is_asked_for_then_done() {
    let mut payment = captured_and(&[]);
    let events = accept(&mut payment, &request_refund("r", 50));
    let reason = text("returned");
    assert_eq!(events, [PaymentEvent::RefundRequested { refund: "r".to_owned(), amount: eur(50), reason }]);
    assert_eq!((payment.refund_pending(), payment.refundable()), (eur(50), eur(10)));
    assert_eq!(payment.refund("r"), Some(Movement { amount: eur(50), state: MovementState::Requested }));
    let events = accept(&mut payment, &record_refund("r"));
    assert_eq!(events, [PaymentEvent::Refunded { refund: "r".to_owned(), amount: eur(50) }]);
    assert_eq!((payment.refunded(), payment.refund_pending(), payment.refundable()), (eur(50), eur(0), eur(10)));
    assert_eq!(payment.captured(), eur(60));
    assert_eq!(payment.decide(&request_refund("r", 50)), Ok(vec![]));
}

#[test]
fn no_more_is_refunded_than_was_captured() {
    let refusal = |requested, refundable| {
        Err(PaymentError::RefundExceedsCaptured { requested: eur(requested), refundable: eur(refundable) })
    };
    assert_eq!(authorised_and(&[]).decide(&request_refund("r", 1)), refusal(1, 0));
    let pending = authorised_and(&[request_capture("c", 60)]);
    assert_eq!(pending.decide(&request_refund("r", 1)), refusal(1, 0));
    let mut payment = captured_and(&[]);
    assert_eq!(payment.decide(&request_refund("r", 61)), refusal(61, 60));
    accept(&mut payment, &request_refund("r", 50));
    assert_eq!(payment.decide(&request_refund("s", 11)), refusal(11, 10));
    accept(&mut payment, &record_refund("r"));
    accept(&mut payment, &request_refund("s", 10));
    assert_eq!(payment.decide(&request_refund("t", 1)), refusal(1, 0));
}

#[test]
fn a_refund_has_an_amount_above_zero_in_the_payments_currency() {
    let payment = captured_and(&[]);
    for minor in [0, -1] {
        assert_eq!(payment.decide(&request_refund("r", minor)), Err(PaymentError::NotPositive));
    }
    let (refund, amount, reason) = ("r".to_owned(), Money::new(1, Currency::Gbp), text("returned"));
    let refusal = PaymentError::WrongCurrency { payment: Currency::Eur, found: Currency::Gbp };
    assert_eq!(payment.decide(&PaymentCommand::RequestRefund { refund, amount, reason }), Err(refusal));
    assert_eq!(Payment::default().decide(&request_refund("r", 1)), Err(PaymentError::Unknown));
}

#[test]
fn one_name_means_one_amount() {
    for history in [vec![], vec![record_refund("r")], vec![fail_refund("r")]] {
        let payment = captured_and(&[vec![request_refund("r", 10)], history].concat());
        assert_eq!(payment.decide(&request_refund("r", 11)), Err(PaymentError::NameReused));
    }
}

#[test]
fn a_refund_nobody_asked_for_is_unknown() {
    for command in [record_refund("r"), fail_refund("r")] {
        assert_eq!(Payment::default().decide(&command), Err(PaymentError::Unknown));
        assert_eq!(captured_and(&[]).decide(&command), Err(PaymentError::RefundUnknown));
    }
}

#[test]
fn a_failed_refund_frees_its_amount_and_may_be_asked_for_again() {
    let mut payment = captured_and(&[request_refund("r", 50)]);
    let events = accept(&mut payment, &fail_refund("r"));
    let code = "account_closed".to_owned();
    assert_eq!(events, [PaymentEvent::RefundFailed { refund: "r".to_owned(), amount: eur(50), code }]);
    assert_eq!((payment.refund_pending(), payment.refundable()), (eur(0), eur(60)));
    assert_eq!(payment.refund("r"), Some(Movement { amount: eur(50), state: MovementState::Failed }));
    assert_eq!(accept(&mut payment, &request_refund("r", 50)).len(), 1);
    accept(&mut payment, &record_refund("r"));
    assert_eq!((payment.refunded(), payment.refund_pending()), (eur(50), eur(0)));
}

#[test]
fn a_refund_that_was_done_may_fail_later_and_the_money_comes_back() {
    let mut payment = captured_and(&[request_refund("r", 50), record_refund("r")]);
    assert_eq!(accept(&mut payment, &fail_refund("r")).len(), 1);
    assert_eq!((payment.refunded(), payment.refundable()), (eur(0), eur(60)));
    assert_eq!(outcome(&payment, &request_refund("s", 60)), "payment.refund_requested");
}

#[test]
fn a_failed_refund_done_after_all_is_accepted_while_it_fits() {
    let failed = [request_refund("r", 50), fail_refund("r")];
    let mut payment = captured_and(&failed);
    assert_eq!(accept(&mut payment, &record_refund("r")).len(), 1);
    assert_eq!((payment.refunded(), payment.refund_pending()), (eur(50), eur(0)));
    let replaced = captured_and(&[&failed[..], &[request_refund("s", 50)]].concat());
    let refusal = PaymentError::RefundExceedsCaptured { requested: eur(50), refundable: eur(10) };
    assert_eq!(replaced.decide(&record_refund("r")), Err(refusal.clone()));
    assert_eq!(replaced.decide(&request_refund("r", 50)), Err(refusal));
}

#[test]
fn a_payment_has_a_bounded_number_of_refunds() {
    let mut payment = captured_and(&[]);
    for number in 0..MOVEMENTS_MAX {
        let refund = number.to_string();
        accept(&mut payment, &request_refund(&refund, 1));
        accept(&mut payment, &fail_refund(&refund));
    }
    let refusal = PaymentError::TooMany { max: MOVEMENTS_MAX };
    assert_eq!(payment.decide(&request_refund("one more", 1)), Err(refusal));
    assert_eq!(outcome(&payment, &request_refund("0", 1)), "payment.refund_requested");
}
