//! Taking held money, part by part.

use super::*;

#[test]
fn a_capture_is_asked_for_then_done() {
    let mut payment = authorised_and(&[]);
    let events = accept(&mut payment, &request_capture("c", 60));
    assert_eq!(events, [PaymentEvent::CaptureRequested { capture: "c".to_owned(), amount: eur(60) }]);
    assert_eq!((payment.capture_pending(), payment.capturable()), (eur(60), eur(40)));
    assert_eq!(payment.capture("c"), Some(Movement { amount: eur(60), state: MovementState::Requested }));
    let events = accept(&mut payment, &record_capture("c"));
    assert_eq!(events, [PaymentEvent::Captured { capture: "c".to_owned(), amount: eur(60) }]);
    assert_eq!((payment.captured(), payment.capture_pending(), payment.capturable()), (eur(60), eur(0), eur(40)));
    assert_eq!(payment.capture("c"), Some(Movement { amount: eur(60), state: MovementState::Done }));
    assert_eq!(payment.decide(&request_capture("c", 60)), Ok(vec![]));
    assert_eq!(payment.status(), PaymentStatus::Authorised);
}

#[test]
fn no_more_is_captured_than_is_held() {
    let mut payment = authorised_and(&[]);
    let refusal = |requested, capturable| {
        Err(PaymentError::CaptureExceedsAuthorised { requested: eur(requested), capturable: eur(capturable) })
    };
    assert_eq!(payment.decide(&request_capture("a", 101)), refusal(101, 100));
    accept(&mut payment, &request_capture("a", 60));
    assert_eq!(payment.decide(&request_capture("b", 41)), refusal(41, 40));
    accept(&mut payment, &record_capture("a"));
    accept(&mut payment, &request_capture("b", 40));
    assert_eq!(payment.decide(&request_capture("c", 1)), refusal(1, 0));
}

#[test]
fn a_capture_has_an_amount_above_zero_in_the_payments_currency() {
    let payment = authorised_and(&[]);
    for minor in [0, -1] {
        assert_eq!(payment.decide(&request_capture("c", minor)), Err(PaymentError::NotPositive));
    }
    let dollars = PaymentCommand::RequestCapture { capture: "c".to_owned(), amount: Money::new(1, Currency::Usd) };
    let refusal = PaymentError::WrongCurrency { payment: Currency::Eur, found: Currency::Usd };
    assert_eq!(payment.decide(&dollars), Err(refusal));
}

#[test]
fn only_a_standing_hold_is_captured() {
    assert_eq!(Payment::default().decide(&request_capture("c", 1)), Err(PaymentError::Unknown));
    let cases = [
        (after(&[initiate()]), "initiated"),
        (after(&[initiate(), action_required("pi_1")]), "action_required"),
        (after(&[initiate(), decline()]), "declined"),
        (authorised_and(&[request_void()]), "void_requested"),
        (authorised_and(&[request_void(), PaymentCommand::RecordVoid]), "voided"),
        (authorised_and(&[expire(EXPIRES_AT)]), "expired"),
    ];
    for (payment, status) in cases {
        let refusal = PaymentError::IllegalTransition { status, wish: "captured" };
        assert_eq!(payment.decide(&request_capture("c", 1)), Err(refusal));
    }
}

#[test]
fn a_capture_asked_for_again_after_the_void_is_no_news_when_it_is_done() {
    let payment =
        authorised_and(&[request_capture("c", 60), record_capture("c"), request_void(), PaymentCommand::RecordVoid]);
    assert_eq!(payment.decide(&request_capture("c", 60)), Ok(vec![]));
    assert_eq!(payment.decide(&record_capture("c")), Ok(vec![]));
}

#[test]
fn one_name_means_one_amount() {
    for history in [vec![], vec![record_capture("c")], vec![fail_capture("c")]] {
        let payment = authorised_and(&[vec![request_capture("c", 60)], history].concat());
        assert_eq!(payment.decide(&request_capture("c", 61)), Err(PaymentError::NameReused));
    }
}

#[test]
fn a_capture_nobody_asked_for_is_unknown() {
    for command in [record_capture("c"), fail_capture("c")] {
        assert_eq!(Payment::default().decide(&command), Err(PaymentError::Unknown));
        assert_eq!(authorised_and(&[]).decide(&command), Err(PaymentError::CaptureUnknown));
    }
}

#[test]
fn a_failed_capture_frees_its_amount_and_may_be_asked_for_again() {
    let mut payment = authorised_and(&[request_capture("c", 60)]);
    assert_eq!(accept(&mut payment, &fail_capture("c")).len(), 1);
    assert_eq!((payment.capture_pending(), payment.capturable()), (eur(0), eur(100)));
    assert_eq!(payment.capture("c"), Some(Movement { amount: eur(60), state: MovementState::Failed }));
    assert_eq!(accept(&mut payment, &request_capture("c", 60)).len(), 1);
    accept(&mut payment, &record_capture("c"));
    assert_eq!((payment.captured(), payment.capture_pending()), (eur(60), eur(0)));
    let refusal = PaymentError::IllegalTransition { status: "captured", wish: "recorded as not captured" };
    assert_eq!(payment.decide(&fail_capture("c")), Err(refusal));
}

#[test]
fn a_failed_capture_asked_for_again_still_has_to_fit() {
    let payment = authorised_and(&[request_capture("a", 60), fail_capture("a"), request_capture("b", 60)]);
    let refusal = PaymentError::CaptureExceedsAuthorised { requested: eur(60), capturable: eur(40) };
    assert_eq!(payment.decide(&request_capture("a", 60)), Err(refusal));
}

#[test]
fn the_provider_is_right_when_a_failed_capture_is_done_after_all() {
    let mut payment = authorised_and(&[request_capture("c", 60), fail_capture("c")]);
    assert_eq!(accept(&mut payment, &record_capture("c")).len(), 1);
    assert_eq!((payment.captured(), payment.capture_pending(), payment.capturable()), (eur(60), eur(0), eur(40)));
}

#[test]
fn a_failed_capture_done_after_all_never_exceeds_what_was_held() {
    let both = [request_capture("a", 60), fail_capture("a"), request_capture("b", 60)];
    let refusal = PaymentError::CaptureExceedsAuthorised { requested: eur(60), capturable: eur(40) };
    assert_eq!(authorised_and(&both).decide(&record_capture("a")), Err(refusal));
    let freed = authorised_and(&[&both[..], &[fail_capture("b"), record_capture("a")]].concat());
    assert_eq!(freed.captured(), eur(60));
}

#[test]
fn a_payment_has_a_bounded_number_of_captures() {
    let mut payment = authorised_and(&[]);
    for number in 0..MOVEMENTS_MAX {
        let capture = number.to_string();
        accept(&mut payment, &request_capture(&capture, 1));
        accept(&mut payment, &fail_capture(&capture));
    }
    let refusal = PaymentError::TooMany { max: MOVEMENTS_MAX };
    assert_eq!(payment.decide(&request_capture("one more", 1)), Err(refusal));
    assert_eq!(outcome(&payment, &request_capture("0", 1)), "payment.capture_requested");
}
