//! Letting go: what is held and not captured, and what arrives after all.

use super::*;

const VOID: PaymentCommand = PaymentCommand::RecordVoid;

#[test]
fn a_payment_that_never_began_is_not_voided() {
    assert_eq!(Payment::default().decide(&request_void()), Err(PaymentError::Unknown));
    assert_eq!(Payment::default().decide(&VOID), Err(PaymentError::Unknown));
}

#[test]
fn a_void_is_asked_for_at_any_time_before_the_end() {
    for mut payment in [after(&[initiate()]), after(&[initiate(), action_required("pi_1")]), authorised_and(&[])] {
        assert_eq!(outcome(&payment, &VOID), ILLEGAL);
        assert_eq!(accept(&mut payment, &request_void()).len(), 1);
        assert_eq!(payment.status(), PaymentStatus::VoidRequested);
        assert_eq!(payment.capturable(), eur(0));
        assert_eq!(accept(&mut payment, &VOID), [PaymentEvent::Voided {}]);
        assert_eq!(payment.status(), PaymentStatus::Voided);
        assert_eq!(payment.let_go(), payment.authorised());
        assert_eq!(payment.decide(&request_void()), Ok(vec![]));
    }
}

#[test]
fn there_is_nothing_to_void_after_a_decline_or_an_expiry() {
    for payment in [after(&[initiate(), decline()]), authorised_and(&[expire(EXPIRES_AT)])] {
        assert_eq!(payment.decide(&request_void()), Ok(vec![]));
        assert_eq!(payment.decide(&VOID), Ok(vec![]));
    }
}

#[test]
fn a_void_lets_go_only_what_is_not_captured() {
    let mut payment = authorised_and(&[request_capture("c", 60), record_capture("c")]);
    accept(&mut payment, &request_void());
    assert_eq!(payment.captured(), eur(60));
    accept(&mut payment, &VOID);
    assert_eq!((payment.captured(), payment.let_go(), payment.refundable()), (eur(60), eur(40), eur(60)));
    assert_eq!(outcome(&payment, &request_refund("r", 60)), "payment.refund_requested");
}

#[test]
fn nothing_is_voided_when_all_is_captured_or_a_capture_is_pending() {
    let all = authorised_and(&[request_capture("c", 100), record_capture("c")]);
    let refusal = PaymentError::IllegalTransition { status: "captured", wish: "voided" };
    assert_eq!(all.decide(&request_void()), Err(refusal));
    let pending = authorised_and(&[request_capture("c", 1)]);
    let wish = "voided while a capture is pending";
    assert_eq!(pending.decide(&request_void()), Err(PaymentError::IllegalTransition { status: "authorised", wish }));
    let failed = authorised_and(&[request_capture("c", 1), fail_capture("c")]);
    assert_eq!(outcome(&failed, &request_void()), "payment.void_requested");
}

#[test]
fn money_held_after_the_void_is_told_once_and_let_go_once() {
    let histories =
        [vec![initiate(), request_void()], vec![initiate(), request_void(), VOID], vec![initiate(), decline()]];
    for history in histories {
        let mut payment = after(&history);
        let events = accept(&mut payment, &authorise("pi_1", eur(100)));
        assert_eq!(events, [PaymentEvent::AuthorisedTooLate { provider_reference: text("pi_1"), amount: eur(100) }]);
        assert_eq!(payment.late_authorisation(), Some(&text("pi_1")));
        assert_eq!((payment.authorised(), payment.capturable()), (eur(0), eur(0)));
        assert_eq!(accept(&mut payment, &VOID), [PaymentEvent::Voided {}]);
        assert_eq!(payment.late_authorisation(), None);
        assert_eq!(payment.status(), PaymentStatus::Voided);
        assert_eq!(payment.decide(&authorise("pi_1", eur(100))), Ok(vec![]));
        let refusal = PaymentError::ReferenceDiffers { known: text("pi_1"), found: text("pi_2") };
        assert_eq!(payment.decide(&authorise("pi_2", eur(100))), Err(refusal));
    }
}

#[test]
fn a_late_hold_is_let_go_whatever_its_amount() {
    let mut payment = after(&[initiate(), request_void()]);
    assert_eq!(accept(&mut payment, &authorise("pi_1", eur(7))).len(), 1);
}

#[test]
fn the_hold_recorded_in_time_is_no_news_after_the_void() {
    for history in [vec![request_void()], vec![request_void(), VOID], vec![expire(EXPIRES_AT)]] {
        let payment = authorised_and(&history);
        assert_eq!(payment.decide(&authorise("pi_1", eur(100))), Ok(vec![]));
        assert_eq!(outcome(&payment, &authorise("pi_2", eur(100))), "payment.authorised_too_late");
    }
}

#[test]
fn a_failed_capture_that_was_done_after_all_was_never_let_go() {
    let payment =
        authorised_and(&[request_capture("c", 60), fail_capture("c"), request_void(), VOID, record_capture("c")]);
    assert_eq!(payment.status(), PaymentStatus::Voided);
    assert_eq!((payment.captured(), payment.let_go(), payment.refundable()), (eur(60), eur(40), eur(60)));
}
