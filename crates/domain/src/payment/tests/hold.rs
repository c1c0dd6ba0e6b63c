//! From the first question to the provider to a hold, a no, or an end by time. Answers arrive in any order.

use super::*;

fn every_state() -> [(&'static str, Payment); 8] {
    [
        ("absent", Payment::default()),
        ("initiated", after(&[initiate()])),
        ("action required", after(&[initiate(), action_required("pi_1")])),
        ("authorised", authorised_and(&[])),
        ("declined", after(&[initiate(), decline()])),
        ("void requested", after(&[initiate(), request_void()])),
        ("voided", after(&[initiate(), request_void(), PaymentCommand::RecordVoid])),
        ("expired", authorised_and(&[expire(EXPIRES_AT)])),
    ]
}

fn expect_each(command: &PaymentCommand, expected: [&str; 8]) {
    for ((state, payment), expected) in every_state().into_iter().zip(expected) {
        assert_eq!(outcome(&payment, command), expected, "{state}: {command:?}");
    }
}

#[test]
fn every_answer_of_the_provider_in_every_state() {
    let asked = "payment.action_required";
    let expected = ["NOT_FOUND", asked, NO_NEWS, NO_NEWS, NO_NEWS, NO_NEWS, NO_NEWS, NO_NEWS];
    expect_each(&action_required("pi_1"), expected);
    let (held, late) = ("payment.authorised", "payment.authorised_too_late");
    let expected = ["NOT_FOUND", held, held, NO_NEWS, late, late, late, NO_NEWS];
    expect_each(&authorise("pi_1", eur(100)), expected);
    let no = "payment.declined";
    let expected = ["NOT_FOUND", no, no, ILLEGAL, NO_NEWS, NO_NEWS, NO_NEWS, ILLEGAL];
    expect_each(&decline(), expected);
    let over = "payment.authorisation_expired";
    let expected = ["NOT_FOUND", ILLEGAL, ILLEGAL, over, NO_NEWS, NO_NEWS, NO_NEWS, NO_NEWS];
    expect_each(&expire(EXPIRES_AT), expected);
}

#[test]
fn a_payment_begins_once_with_an_amount_above_zero() {
    let mut payment = Payment::default();
    assert_eq!(accept(&mut payment, &initiate()).len(), 1);
    assert_eq!(payment.status(), PaymentStatus::Initiated);
    assert_eq!(payment.order(), Some(&order_id()));
    assert_eq!(payment.amount(), Some(eur(100)));
    assert_eq!(payment.method(), Some(&text("pm_card")));
    for minor in [0, -1] {
        let command = PaymentCommand::Initiate { order: order_id(), amount: eur(minor), method: text("pm_card") };
        assert_eq!(Payment::default().decide(&command), Err(PaymentError::NotPositive));
    }
}

#[test]
fn a_payment_that_began_is_not_begun_for_something_else() {
    let other_order = OrderId::from_uuid(Uuid::from_u128(2));
    let others = [
        PaymentCommand::Initiate { order: other_order, amount: eur(100), method: text("pm_card") },
        PaymentCommand::Initiate { order: order_id(), amount: eur(101), method: text("pm_card") },
        PaymentCommand::Initiate { order: order_id(), amount: eur(100), method: text("pm_sepa") },
    ];
    for other in others {
        assert_eq!(authorised_and(&[]).decide(&other), Err(PaymentError::AlreadyExists));
    }
    assert_eq!(authorised_and(&[]).decide(&initiate()), Ok(vec![]));
}

#[test]
fn amounts_are_zero_in_the_currency_of_the_payment_until_money_is_held() {
    let francs = Money::new(100, Currency::Chf);
    let payment = after(&[PaymentCommand::Initiate { order: order_id(), amount: francs, method: text("pm_card") }]);
    let zero = Money::zero(Currency::Chf);
    assert_eq!([payment.authorised(), payment.captured(), payment.refunded()], [zero; 3]);
    assert_eq!([payment.capturable(), payment.refundable(), payment.let_go()], [zero; 3]);
    assert_eq!(Payment::default().authorised(), Money::zero(Currency::Eur));
}

#[test]
fn the_buyer_is_sent_to_the_bank_until_the_bank_has_answered() {
    let mut payment = after(&[initiate()]);
    assert_eq!(accept(&mut payment, &action_required("pi_1")).len(), 1);
    assert_eq!(payment.status(), PaymentStatus::ActionRequired);
    assert_eq!(payment.provider_reference(), Some(&text("pi_1")));
    assert_eq!(payment.action_url(), Some("https://bank.example/3ds"));
    let elsewhere = PaymentCommand::RecordActionRequired {
        provider_reference: text("pi_1"),
        action_url: "https://bank.example/again".to_owned(),
    };
    assert_eq!(outcome(&payment, &elsewhere), "payment.action_required");
    for answer in [authorise("pi_1", eur(100)), decline(), request_void()] {
        let answered = after(&[initiate(), action_required("pi_1"), answer]);
        assert_eq!(answered.action_url(), None);
    }
}

#[test]
fn a_hold_is_for_the_amount_that_was_asked_for() {
    for amount in [eur(99), eur(101), Money::new(100, Currency::Usd)] {
        let refusal = Err(PaymentError::AmountDiffers { authorised: amount, asked: eur(100) });
        assert_eq!(after(&[initiate()]).decide(&authorise("pi_1", amount)), refusal);
        assert_eq!(authorised_and(&[]).decide(&authorise("pi_1", amount)), refusal);
    }
    let mut payment = after(&[initiate(), action_required("pi_1")]);
    assert_eq!(accept(&mut payment, &authorise("pi_1", eur(100))).len(), 1);
    assert_eq!(payment.status(), PaymentStatus::Authorised);
    assert_eq!((payment.authorised(), payment.capturable()), (eur(100), eur(100)));
    assert_eq!(payment.expires_at(), Some(EXPIRES_AT));
}

#[test]
fn a_second_hold_is_no_repeat_of_the_first() {
    let refusal = PaymentError::ReferenceDiffers { known: text("pi_1"), found: text("pi_2") };
    assert_eq!(authorised_and(&[]).decide(&authorise("pi_2", eur(100))), Err(refusal));
}

#[test]
fn a_decline_is_final() {
    let mut payment = after(&[initiate()]);
    assert_eq!(accept(&mut payment, &decline()).len(), 1);
    assert_eq!((payment.status(), payment.decline_code()), (PaymentStatus::Declined, Some("insufficient_funds")));
    assert_eq!(after(&[initiate()]).decline_code(), None);
    let refusal = PaymentError::IllegalTransition { status: "authorised", wish: "declined" };
    assert_eq!(authorised_and(&[]).decide(&decline()), Err(refusal));
    let voided = authorised_and(&[request_void()]);
    assert_eq!(outcome(&voided, &decline()), ILLEGAL);
}

#[test]
fn a_hold_ends_at_its_moment_and_not_before() {
    let mut payment = authorised_and(&[]);
    let before = Timestamp::from_micros(EXPIRES_AT.micros() - 1);
    assert_eq!(payment.decide(&expire(before)), Err(PaymentError::NotExpired { expires_at: EXPIRES_AT }));
    assert_eq!(accept(&mut payment, &expire(EXPIRES_AT)), [PaymentEvent::AuthorisationExpired {}]);
    assert_eq!(payment.status(), PaymentStatus::Expired);
    assert_eq!((payment.capturable(), payment.let_go()), (eur(0), eur(100)));
    assert_eq!(outcome(&payment, &request_capture("c", 1)), ILLEGAL);
}

#[test]
fn nothing_expires_once_all_is_captured() {
    let all = authorised_and(&[request_capture("c", 100), record_capture("c")]);
    for now in [EXPIRES_AT, Timestamp::from_micros(0)] {
        assert_eq!(all.decide(&expire(now)), Ok(vec![]));
    }
    let part = authorised_and(&[request_capture("c", 99), record_capture("c"), expire(EXPIRES_AT)]);
    assert_eq!(part.status(), PaymentStatus::Expired);
    assert_eq!((part.captured(), part.let_go(), part.refundable()), (eur(99), eur(1), eur(99)));
}

#[test]
fn a_capture_asked_for_before_the_hold_ended_is_still_answered() {
    let expired = [request_capture("c", 60), expire(EXPIRES_AT)];
    let payment = authorised_and(&expired);
    assert_eq!((payment.let_go(), payment.capture_pending()), (eur(40), eur(60)));
    let taken = authorised_and(&[&expired[..], &[record_capture("c")]].concat());
    assert_eq!((taken.captured(), taken.let_go()), (eur(60), eur(40)));
    let failed = authorised_and(&[&expired[..], &[fail_capture("c")]].concat());
    assert_eq!((failed.captured(), failed.capturable()), (eur(0), eur(0)));
}
