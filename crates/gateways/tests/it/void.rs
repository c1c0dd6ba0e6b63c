//! Letting go, before, during and after an authorisation.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use gateways::simulator::IntentStatus;
use gateways::stripe::{InProcessTransport, StripeAnswer, StripeRequest, StripeTransport, TransportError};
use sagas::ports::{AuthoriseAnswer, CaptureAnswer, PaymentGateway, VoidAnswer};

use crate::support::*;

#[tokio::test]
async fn what_is_held_is_let_go_by_either_name_and_twice() {
    for by_reference in [true, false] {
        let bank = bank();
        let reference = bank.hold(1, "pm_card_visa").await;
        for _ in 0..2 {
            let answer = bank.gateway.void(&payment(1), by_reference.then_some(reference.as_str())).await;
            assert_eq!(answer, Ok(VoidAnswer::Voided));
        }
        assert_eq!((bank.line().held, bank.line().status), (euros(0), IntentStatus::Canceled));
        assert_eq!(bank.gateway.find(&payment(1)).await, Ok(Some(AuthoriseAnswer::Cancelled)));
        let late = bank.capture((1, &reference), "parcel", (1, true)).await;
        let code = "payment_intent_unexpected_state".to_owned();
        assert_eq!(late, Ok(CaptureAnswer::Failed { code }));
    }
}

#[tokio::test]
async fn an_authorisation_retried_after_its_void_is_cancelled_though_its_first_answer_is_kept() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_visa").await;
    assert_eq!(bank.gateway.void(&payment(1), Some(&reference)).await, Ok(VoidAnswer::Voided));
    assert_eq!(bank.authorise(1, "pm_card_visa").await, Ok(AuthoriseAnswer::Cancelled));
}

#[tokio::test]
async fn a_late_authorisation_is_refused_when_the_void_came_first() {
    let bank = bank();
    assert_eq!(bank.authorise(1, "pm_card_timeoutBefore").await, Err(UNKNOWN));
    for _ in 0..2 {
        assert_eq!(bank.gateway.void(&payment(1), None).await, Ok(VoidAnswer::Voided));
    }
    assert_eq!(bank.authorise(1, "pm_card_visa").await, Ok(AuthoriseAnswer::Cancelled));
    assert_eq!(bank.gateway.find(&payment(1)).await, Ok(Some(AuthoriseAnswer::Cancelled)));
    let line = bank.line();
    assert_eq!((line.authorised, line.held, line.status), (euros(0), euros(0), IntentStatus::Canceled));
}

#[tokio::test]
async fn a_void_finds_the_hold_whose_answer_was_lost() {
    let bank = bank();
    assert_eq!(bank.authorise(1, "pm_card_timeout").await, Err(UNKNOWN));
    assert_eq!(bank.gateway.void(&payment(1), None).await, Ok(VoidAnswer::Voided));
    assert_eq!(bank.line().held, euros(0));
    assert_eq!(bank.authorise(1, "pm_card_timeout").await, Ok(AuthoriseAnswer::Cancelled));
}

#[tokio::test]
async fn a_declined_and_a_challenged_payment_are_let_go() {
    for token in ["pm_card_chargeDeclined", "pm_card_threeDSecure2Required"] {
        let bank = bank();
        bank.authorise(1, token).await.expect("an answer");
        assert_eq!(bank.gateway.void(&payment(1), None).await, Ok(VoidAnswer::Voided));
        assert!(bank.simulator.approve_challenge(&bank.line().reference).is_err());
        assert_eq!(bank.line().held, euros(0));
    }
}

#[tokio::test]
async fn what_is_taken_is_not_let_go_and_the_rest_of_it_is() {
    for is_final in [true, false] {
        let bank = bank();
        let reference = bank.hold(1, "pm_card_visa").await;
        assert_eq!(bank.capture((1, &reference), "parcel", (3_000, is_final)).await, Ok(CaptureAnswer::Captured));
        for _ in 0..2 {
            assert_eq!(bank.gateway.void(&payment(1), None).await, Ok(VoidAnswer::AlreadyCaptured));
        }
        let line = bank.line();
        assert_eq!((line.held, line.captured, line.status), (euros(0), euros(3_000), IntentStatus::Succeeded));
    }
}

/// Shows nothing in a search for so many times, as Stripe's search does while it lags behind.
struct LaggingSearch {
    inner: InProcessTransport,
    empty_searches: Mutex<u32>,
}

#[async_trait]
impl StripeTransport for LaggingSearch {
    async fn send(&self, request: StripeRequest) -> Result<StripeAnswer, TransportError> {
        if request.path.ends_with("/search") {
            let mut left = self.empty_searches.lock().expect("not poisoned");
            if let Some(less) = left.checked_sub(1) {
                *left = less;
                return Ok(StripeAnswer { status: 200, replayed: false, body: br#"{"data":[]}"#.to_vec() });
            }
        }
        self.inner.send(request).await
    }
}

#[tokio::test]
async fn a_void_is_to_be_retried_while_search_does_not_show_the_hold() {
    let bank = bank();
    bank.hold(1, "pm_card_visa").await;
    let inner = InProcessTransport::new(bank.simulator.router());
    let lagging = gateway(Arc::new(LaggingSearch { inner, empty_searches: Mutex::new(2) }));
    assert_eq!(lagging.void(&payment(1), None).await, Err(UNAVAILABLE));
    assert_eq!(bank.line().held, euros(10_000), "the claim had no effect");
    assert_eq!(lagging.void(&payment(1), None).await, Ok(VoidAnswer::Voided));
    assert_eq!(bank.line().held, euros(0));
}

#[tokio::test]
async fn an_authorisation_that_arrives_between_search_and_claim_is_let_go() {
    let bank = bank();
    bank.hold(1, "pm_card_visa").await;
    let inner = InProcessTransport::new(bank.simulator.router());
    let lagging = gateway(Arc::new(LaggingSearch { inner, empty_searches: Mutex::new(1) }));
    assert_eq!(lagging.void(&payment(1), None).await, Ok(VoidAnswer::Voided));
    assert_eq!(bank.line().held, euros(0));
}
