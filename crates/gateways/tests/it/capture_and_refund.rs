//! Taking money and giving it back.

use gateways::simulator::IntentStatus;
use sagas::ports::{CaptureAnswer, PaymentNoticeKind, RefundAnswer};

use crate::support::*;

fn failed(code: &str) -> CaptureAnswer {
    CaptureAnswer::Failed { code: code.to_owned() }
}

fn captured(name: &str) -> PaymentNoticeKind {
    PaymentNoticeKind::Captured { capture: name.to_owned() }
}

fn refunded(name: &str) -> PaymentNoticeKind {
    PaymentNoticeKind::Refunded { refund: name.to_owned() }
}

fn acted_on(bank: &Bank) -> Vec<PaymentNoticeKind> {
    let kinds = bank.notices().into_iter().map(|notice| notice.kind);
    kinds.filter(|kind| !matches!(kind, PaymentNoticeKind::Other { .. })).collect()
}

#[tokio::test]
async fn two_parcels_are_captured_one_by_one_and_the_rest_is_let_go() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_visa").await;
    acted_on(&bank);
    assert_eq!(bank.capture((1, &reference), "parcel-1", (3_000, false)).await, Ok(CaptureAnswer::Captured));
    let line = bank.line();
    assert_eq!((line.held, line.captured, line.status), (euros(7_000), euros(3_000), IntentStatus::RequiresCapture));
    assert_eq!(acted_on(&bank), [captured("parcel-1")]);
    assert_eq!(bank.capture((1, &reference), "parcel-2", (5_000, true)).await, Ok(CaptureAnswer::Captured));
    let line = bank.line();
    assert_eq!((line.held, line.captured, line.status), (euros(0), euros(8_000), IntentStatus::Succeeded));
    assert_eq!(acted_on(&bank), [captured("parcel-2")]);
    let late = bank.capture((1, &reference), "parcel-3", (1, true)).await;
    assert_eq!(late, Ok(failed("payment_intent_unexpected_state")));
}

#[tokio::test]
async fn a_capture_has_one_effect_under_its_name() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_visa").await;
    for _ in 0..3 {
        assert_eq!(bank.capture((1, &reference), "parcel", (3_000, false)).await, Ok(CaptureAnswer::Captured));
    }
    assert_eq!(bank.line().captured, euros(3_000));
    let other = bank.capture((1, &reference), "parcel", (3_001, false)).await;
    assert_eq!(other, Err(rejected("idempotency_error")));
}

#[tokio::test]
async fn more_than_is_held_is_not_captured() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_visa").await;
    let answer = bank.capture((1, &reference), "parcel", (10_001, true)).await;
    assert_eq!(answer, Err(rejected("amount_too_large")));
    assert_eq!(bank.line().captured, euros(0));
}

#[tokio::test]
async fn an_ended_hold_is_not_captured_and_is_cancelled() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_visa").await;
    acted_on(&bank);
    bank.pass(WEEK_SECONDS - 1);
    assert_eq!(bank.simulator.expire_holds(), 0);
    bank.pass(1);
    let answer = bank.capture((1, &reference), "parcel", (1, true)).await;
    assert_eq!(answer, Ok(failed("charge_expired_for_capture")));
    assert_eq!(bank.simulator.expire_holds(), 1);
    assert_eq!(acted_on(&bank), [PaymentNoticeKind::Voided]);
    assert_eq!(bank.line().held, euros(0));
}

#[tokio::test]
async fn a_refused_capture_stays_refused_and_leaves_the_hold() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_captureFails").await;
    for _ in 0..2 {
        let answer = bank.capture((1, &reference), "parcel", (3_000, true)).await;
        assert_eq!(answer, Ok(failed("generic_decline")));
    }
    assert_eq!((bank.line().held, bank.line().captured), (euros(10_000), euros(0)));
}

#[tokio::test]
async fn a_lost_capture_answer_is_told_the_second_time() {
    let bank = bank();
    assert_eq!(bank.authorise(1, "pm_card_timeout").await, Err(UNKNOWN));
    let reference = bank.line().reference;
    assert_eq!(bank.capture((1, &reference), "parcel", (3_000, true)).await, Err(UNKNOWN));
    assert_eq!(bank.capture((1, &reference), "parcel", (3_000, true)).await, Ok(CaptureAnswer::Captured));
    assert_eq!(bank.refund((1, &reference), "back", 1_000).await, Err(UNKNOWN));
    assert_eq!(bank.refund((1, &reference), "back", 1_000).await, Ok(RefundAnswer::Refunded));
    assert_eq!((bank.line().captured, bank.line().refunded), (euros(3_000), euros(1_000)));
}

#[tokio::test]
async fn refunds_add_up_to_what_was_captured_and_no_more() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_visa").await;
    assert!(bank.refund((1, &reference), "early", 1).await.is_err(), "nothing is taken yet");
    assert_eq!(bank.capture((1, &reference), "parcel", (6_000, true)).await, Ok(CaptureAnswer::Captured));
    acted_on(&bank);
    for _ in 0..2 {
        assert_eq!(bank.refund((1, &reference), "one", 4_000).await, Ok(RefundAnswer::Refunded));
    }
    let over = bank.refund((1, &reference), "two", 2_001).await;
    assert_eq!(over, Err(rejected("invalid_request_error")));
    assert_eq!(bank.refund((1, &reference), "three", 2_000).await, Ok(RefundAnswer::Refunded));
    let spent = bank.refund((1, &reference), "four", 1).await;
    assert_eq!(spent, Err(rejected("charge_already_refunded")));
    assert_eq!(bank.line().refunded, euros(6_000));
    assert_eq!(acted_on(&bank), [refunded("one"), refunded("three")]);
}

#[tokio::test]
async fn a_refund_can_fail() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_refundFails").await;
    assert_eq!(bank.capture((1, &reference), "parcel", (6_000, true)).await, Ok(CaptureAnswer::Captured));
    acted_on(&bank);
    let code = "expired_or_canceled_card".to_owned();
    assert_eq!(bank.refund((1, &reference), "back", 10).await, Ok(RefundAnswer::Failed { code: code.clone() }));
    assert_eq!(acted_on(&bank), [PaymentNoticeKind::RefundFailed { refund: "back".to_owned(), code }]);
    assert_eq!(bank.line().refunded, euros(0));
}

#[tokio::test]
async fn a_pending_refund_is_completed_by_a_notice_and_counts_at_once() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_refundPending").await;
    assert_eq!(bank.capture((1, &reference), "parcel", (6_000, true)).await, Ok(CaptureAnswer::Captured));
    acted_on(&bank);
    assert_eq!(bank.refund((1, &reference), "back", 6_000).await, Ok(RefundAnswer::Pending));
    assert!(bank.refund((1, &reference), "again", 1).await.is_err());
    assert_eq!(acted_on(&bank), [refunded("back")]);
}

#[tokio::test]
async fn a_reference_that_is_none_is_rejected_before_it_is_sent() {
    let answer = bank().capture((1, "../refunds"), "parcel", (1, true)).await;
    assert_eq!(answer, Err(rejected("reference_malformed")));
    assert_eq!(bank().capture((1, "pi_none"), "parcel", (1, true)).await, Err(rejected("resource_missing")));
}
