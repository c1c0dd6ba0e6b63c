//! Holding money: one test per method token, and the key.

use domain::values::PaymentId;
use gateways::simulator::IntentStatus;
use sagas::ports::{AuthoriseAnswer, PaymentGateway, PaymentNoticeKind};

use crate::support::*;

#[tokio::test]
async fn a_good_card_is_held_for_seven_days() {
    let bank = bank();
    let answer = bank.authorise(1, "pm_card_visa").await.expect("an answer");
    let line = bank.line();
    let expires_at = START.plus_seconds(WEEK_SECONDS);
    let expected =
        AuthoriseAnswer::Authorised { provider_reference: line.reference.clone(), amount: euros(10_000), expires_at };
    assert_eq!(answer, expected);
    assert_eq!((line.held, line.captured, line.status), (euros(10_000), euros(0), IntentStatus::RequiresCapture));
    assert_eq!(line.payment, payment(1).as_str());
    assert_eq!(bank.gateway.find(&payment(1)).await, Ok(Some(answer)));
}

#[tokio::test]
async fn an_unheard_payment_is_not_found() {
    assert_eq!(bank().gateway.find(&payment(1)).await, Ok(None));
}

#[tokio::test]
async fn a_decline_has_its_code_again_and_again() {
    for (token, code) in [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    ] {
        let bank = bank();
        assert_eq!(bank.authorise(1, token).await, Ok(declined(code)));
        assert_eq!(bank.authorise(1, token).await, Ok(declined(code)));
        assert_eq!(bank.gateway.find(&payment(1)).await, Ok(Some(declined(code))));
        assert_eq!(bank.line().authorised, euros(0));
        let kinds: Vec<_> = bank.notices().into_iter().map(|notice| notice.kind).collect();
        assert_eq!(kinds, [PaymentNoticeKind::Declined { code: code.to_owned() }]);
    }
}

#[tokio::test]
async fn a_challenge_sends_the_buyer_to_the_bank_and_completes_there() {
    let bank = bank();
    let answer = bank.authorise(1, "pm_card_threeDSecure2Required").await.expect("an answer");
    let reference = bank.line().reference;
    let action_url = format!("https://shop.example/simulator/3ds/{reference}");
    let expected =
        AuthoriseAnswer::ActionRequired { provider_reference: reference.clone(), action_url: action_url.clone() };
    assert_eq!(answer, expected);
    assert_eq!(bank.notices()[0].kind, PaymentNoticeKind::ActionRequired { action_url });

    bank.simulator.approve_challenge(&reference).expect("it waits for the buyer");
    assert!(bank.simulator.decline_challenge(&reference).is_err(), "an answer is final");
    let expires_at = START.plus_seconds(WEEK_SECONDS);
    let kind = bank.notices().remove(0).kind;
    assert_eq!(kind, PaymentNoticeKind::Authorised { amount: euros(10_000), expires_at });
    let held = AuthoriseAnswer::Authorised { provider_reference: reference, amount: euros(10_000), expires_at };
    assert_eq!(bank.gateway.find(&payment(1)).await, Ok(Some(held.clone())));
    assert_eq!(bank.authorise(1, "pm_card_threeDSecure2Required").await, Ok(held), "a replayed answer is read again");
}

#[tokio::test]
async fn a_failed_challenge_is_a_decline() {
    let bank = bank();
    bank.authorise(1, "pm_card_threeDSecure2Required").await.expect("an answer");
    bank.simulator.decline_challenge(&bank.line().reference).expect("it waits for the buyer");
    let expected = declined("payment_intent_authentication_failure");
    assert_eq!(bank.gateway.find(&payment(1)).await, Ok(Some(expected)));
}

#[tokio::test]
async fn a_lost_answer_is_found_and_answered_the_second_time() {
    let bank = bank();
    assert_eq!(bank.authorise(1, "pm_card_timeout").await, Err(UNKNOWN));
    assert_eq!(bank.line().held, euros(10_000), "the effect happened");
    let found = bank.gateway.find(&payment(1)).await.expect("an answer");
    assert!(matches!(found, Some(AuthoriseAnswer::Authorised { .. })), "{found:?}");
    assert_eq!(bank.authorise(1, "pm_card_timeout").await.ok(), found);
    assert_eq!(bank.line().held, euros(10_000), "and happened once");
}

#[tokio::test]
async fn a_lost_request_has_no_effect() {
    let bank = bank();
    assert_eq!(bank.authorise(1, "pm_card_timeoutBefore").await, Err(UNKNOWN));
    assert_eq!(bank.gateway.find(&payment(1)).await, Ok(None));
    assert!(bank.simulator.ledger().is_empty());
}

#[tokio::test]
async fn an_overloaded_provider_works_the_third_time() {
    let bank = bank();
    assert_eq!(bank.authorise(1, "pm_card_unavailable").await, Err(UNAVAILABLE));
    assert_eq!(bank.authorise(1, "pm_card_unavailable").await, Err(UNAVAILABLE));
    bank.hold(1, "pm_card_unavailable").await;
    bank.hold(1, "pm_card_unavailable").await;
    assert_eq!(bank.line().held, euros(10_000));
}

#[tokio::test]
async fn an_unknown_method_and_a_foreign_amount_are_rejected() {
    let bank = bank();
    assert_eq!(bank.authorise(1, "pm_none").await, Err(rejected("resource_missing")));
    let mut negative = request(2, "pm_card_visa");
    negative.amount = euros(-1);
    assert_eq!(bank.gateway.authorise(&negative).await, Err(rejected("parameter_invalid_integer")));
    assert!(bank.simulator.ledger().is_empty());
}

#[tokio::test]
async fn the_same_key_has_one_effect_and_other_parameters_are_rejected() {
    let bank = bank();
    let first = bank.authorise(1, "pm_card_visa").await;
    assert_eq!(bank.authorise(1, "pm_card_visa").await, first);
    assert_eq!(bank.line().held, euros(10_000));
    let mut other = request(1, "pm_card_visa");
    other.amount = euros(9_999);
    assert_eq!(bank.gateway.authorise(&other).await, Err(rejected("idempotency_error")));
    assert_eq!(bank.notices().len(), 1);
}

#[tokio::test]
async fn a_thousand_payments_are_held_once_each() {
    let bank = bank();
    let ids: Vec<PaymentId> = (0..1_000).map(payment).collect();
    for number in 0..1_000 {
        bank.hold(number, "pm_card_visa").await;
    }
    let mut held: Vec<String> = bank.simulator.ledger().into_iter().map(|line| line.payment).collect();
    held.sort();
    let mut expected: Vec<String> = ids.iter().map(ToString::to_string).collect();
    expected.sort();
    assert_eq!(held, expected);
}
