//! Webhooks: how they are signed, read and delivered.

use domain::values::Timestamp;
use gateways::stripe::WebhookSecret;
use sagas::ports::{NoticeError, PaymentGateway, PaymentNotice, PaymentNoticeKind};
use serde_json::{Value, json};

use crate::support::*;

/// Reads a notice that the provider signed just now.
fn read(kind: &str, object: Value) -> Result<PaymentNotice, NoticeError> {
    let body = json!({ "id": "evt_1", "type": kind, "data": { "object": object } }).to_string();
    read_raw(body.as_bytes())
}

fn read_raw(body: &[u8]) -> Result<PaymentNotice, NoticeError> {
    bank().gateway.read_notice(&secret().sign(body, START), body, START)
}

fn other(kind: &str) -> PaymentNoticeKind {
    PaymentNoticeKind::Other { name: kind.to_owned() }
}

fn intent(metadata: Value) -> Value {
    json!({
        "id": "pi_1", "object": "payment_intent", "status": "requires_capture", "amount": 500, "amount_received": 0,
        "currency": "eur", "created": 100, "latest_charge": "ch_1", "metadata": metadata,
    })
}

fn refund(status: &str) -> Value {
    json!({
        "id": "re_1", "object": "refund", "payment_intent": "pi_1", "status": status,
        "metadata": { "payment": payment(1), "refund": "back" },
    })
}

#[tokio::test]
async fn a_webhook_of_the_simulator_names_the_payment_and_is_signed_when_taken() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_visa").await;
    bank.pass(100_000);
    let webhook = bank.simulator.next_webhook().await;
    let notice = bank.gateway.read_notice(&webhook.signature, &webhook.body, bank.now()).expect("a true notice");
    let expires_at = START.plus_seconds(WEEK_SECONDS);
    let kind = PaymentNoticeKind::Authorised { amount: euros(10_000), expires_at };
    assert_eq!(notice, PaymentNotice { id: webhook.id, payment: payment(1), provider_reference: reference, kind });
}

#[tokio::test]
async fn a_webhook_with_a_wrong_old_early_or_missing_signature_is_not_read() {
    let bank = bank();
    bank.hold(1, "pm_card_visa").await;
    let webhook = bank.simulator.take_webhooks().remove(0);
    let read = |signature: &str, now: Timestamp| bank.gateway.read_notice(signature, &webhook.body, now).err();
    let foreign = WebhookSecret::new("whsec_another_secret").expect("long enough").sign(&webhook.body, START);
    assert_eq!(read(&foreign, START), Some(NoticeError::SignatureMismatch));
    assert_eq!(read("", START), Some(NoticeError::SignatureMissing));
    assert_eq!(read(&webhook.signature, START.plus_seconds(301)), Some(NoticeError::SignatureExpired));
    assert_eq!(read(&webhook.signature, START.plus_seconds(-301)), Some(NoticeError::SignatureExpired));
    assert_eq!(read(&webhook.signature, START.plus_seconds(300)), None);
    let both = format!("{},{}", foreign, webhook.signature.replace("t=1800000000,", ""));
    assert_eq!(read(&both, START), None, "one true signature is enough");
}

#[test]
fn every_kind_is_read() {
    let ours = json!({ "payment": payment(1) });
    let capture = json!({ "payment": payment(1), "capture": "parcel" });
    let captured = PaymentNoticeKind::Captured { capture: "parcel".to_owned() };
    let refunded = PaymentNoticeKind::Refunded { refund: "back".to_owned() };
    let refund_failed = PaymentNoticeKind::RefundFailed { refund: "back".to_owned(), code: "failed".to_owned() };
    let mut taken_in_part = intent(capture.clone());
    taken_in_part["amount_received"] = json!(200);
    for (kind, object, expected) in [
        ("payment_intent.canceled", intent(ours.clone()), PaymentNoticeKind::Voided),
        ("payment_intent.succeeded", intent(capture.clone()), captured.clone()),
        ("payment_intent.succeeded", intent(ours.clone()), other("payment_intent.succeeded")),
        ("payment_intent.amount_capturable_updated", taken_in_part, captured),
        ("payment_intent.created", intent(ours), other("payment_intent.created")),
        ("refund.updated", refund("succeeded"), refunded.clone()),
        ("charge.refund.updated", refund("succeeded"), refunded),
        ("refund.updated", refund("pending"), other("refund.updated")),
        ("refund.updated", refund("failed"), refund_failed.clone()),
        ("refund.failed", refund("failed"), refund_failed),
    ] {
        let notice = read(kind, object).expect("a notice");
        assert_eq!((notice.kind, notice.provider_reference.as_str()), (expected, "pi_1"), "{kind}");
    }
}

#[test]
fn a_notice_about_no_payment_of_ours_and_a_broken_one_are_told_apart() {
    assert_eq!(read("payment_intent.canceled", intent(json!({}))), Err(NoticeError::NotOurs));
    assert_eq!(read("payment_intent.canceled", intent(json!({ "payment": "42" }))), Err(NoticeError::NotOurs));
    assert_eq!(read("customer.created", json!({ "id": "cus_1", "object": "customer" })), Err(NoticeError::NotOurs));
    let no_intent = json!({ "id": "ch_1", "object": "charge", "metadata": { "payment": payment(1) } });
    assert_eq!(read("charge.captured", no_intent), Err(NoticeError::BodyMalformed));
    assert_eq!(read_raw(b"not json"), Err(NoticeError::BodyMalformed));
    assert_eq!(read_raw(b"{}"), Err(NoticeError::BodyMalformed));
}

#[tokio::test]
async fn a_webhook_that_is_not_accepted_comes_again() {
    let bank = bank();
    bank.hold(1, "pm_card_visa").await;
    let webhook = bank.simulator.next_webhook().await;
    assert!(bank.simulator.take_webhooks().is_empty());
    bank.simulator.return_webhook(&webhook.id);
    assert_eq!(bank.simulator.next_webhook().await.id, webhook.id);
    bank.simulator.accept_webhook(&webhook.id);
    bank.simulator.return_webhook(&webhook.id);
    assert!(bank.simulator.take_webhooks().is_empty());
}

#[tokio::test]
async fn webhooks_come_twice_under_one_id() {
    let bank = bank();
    bank.hold(1, "pm_card_webhooksTwice").await;
    let notices = bank.notices();
    assert_eq!(notices.len(), 2);
    assert_eq!(notices[0], notices[1]);
}

#[tokio::test]
async fn late_webhooks_wait_to_be_released() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_webhooksLate").await;
    bank.capture((1, &reference), "parcel", (10_000, true)).await.expect("an answer");
    assert!(bank.notices().is_empty());
    bank.pass(10_000);
    bank.simulator.release_webhooks();
    let kinds: Vec<_> = bank.notices().into_iter().map(|notice| notice.kind).collect();
    assert!(matches!(kinds[0], PaymentNoticeKind::Authorised { .. }), "{kinds:?}");
    assert_eq!(kinds[2], PaymentNoticeKind::Captured { capture: "parcel".to_owned() });
}

#[tokio::test]
async fn reordered_webhooks_come_after_their_next() {
    let bank = bank();
    let reference = bank.hold(1, "pm_card_webhooksReordered").await;
    assert!(bank.notices().is_empty(), "the first waits for the second");
    bank.capture((1, &reference), "parcel", (10_000, true)).await.expect("an answer");
    let kinds: Vec<_> = bank.notices().into_iter().map(|notice| notice.kind).collect();
    assert_eq!(kinds[0], other("charge.captured"));
    assert!(matches!(kinds[1], PaymentNoticeKind::Authorised { .. }), "{kinds:?}");
    bank.simulator.release_webhooks();
    assert_eq!(bank.notices().len(), 1, "the last has no next and waits to be released");
}

#[tokio::test]
async fn a_waiting_reader_is_woken() {
    let bank = bank();
    let simulator = bank.simulator.clone();
    let reader = tokio::spawn(async move { simulator.next_webhook().await });
    tokio::task::yield_now().await;
    bank.hold(1, "pm_card_visa").await;
    let webhook = reader.await.expect("the reader ends");
    assert!(webhook.id.starts_with("evt_"));
}
