//! Names that are kept for ever, and the shell around the decider.

use std::collections::BTreeSet;

use cqrs_es::test::TestFramework;

use super::*;

fn initiated() -> PaymentEvent {
    PaymentEvent::Initiated { order: order_id(), amount: eur(100), method: text("pm_card") }
}

fn every_event() -> Vec<PaymentEvent> {
    let provider_reference = text("pi_1");
    let (capture, refund, code) = ("c".to_owned(), "r".to_owned(), "lost".to_owned());
    vec![
        initiated(),
        PaymentEvent::ActionRequired {
            provider_reference: provider_reference.clone(),
            action_url: "https://bank.example/3ds".to_owned(),
        },
        PaymentEvent::Authorised {
            provider_reference: provider_reference.clone(),
            amount: eur(100),
            expires_at: EXPIRES_AT,
        },
        PaymentEvent::CaptureRequested { capture: capture.clone(), amount: eur(60) },
        PaymentEvent::CaptureFailed { capture: capture.clone(), code: code.clone() },
        PaymentEvent::Captured { capture, amount: eur(60) },
        PaymentEvent::RefundRequested { refund: refund.clone(), amount: eur(10), reason: text("returned") },
        PaymentEvent::Refunded { refund: refund.clone(), amount: eur(10) },
        PaymentEvent::RefundFailed { refund, amount: eur(10), code },
        PaymentEvent::VoidRequested { reason: text("cancelled") },
        PaymentEvent::Voided {},
        PaymentEvent::AuthorisationExpired {},
        PaymentEvent::AuthorisedTooLate { provider_reference, amount: eur(100) },
        PaymentEvent::Declined { code: "insufficient_funds".to_owned() },
    ]
}

#[test]
fn every_event_is_stored_under_its_type_and_survives_json() {
    let mut types = BTreeSet::new();
    for event in every_event() {
        let json = serde_json::to_value(&event).expect("an event becomes JSON");
        let tags: Vec<_> = json.as_object().expect("an object with one key").keys().cloned().collect();
        assert_eq!(tags, [event.event_type()]);
        assert_eq!(event.event_version(), "1");
        types.insert(event.event_type());
        assert_eq!(serde_json::from_value::<PaymentEvent>(json).expect("JSON becomes an event"), event);
    }
    assert_eq!(types.len(), 14);
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let refusals = [
        PaymentError::Unknown,
        PaymentError::AlreadyExists,
        PaymentError::NotPositive,
        PaymentError::WrongCurrency { payment: Currency::Eur, found: Currency::Usd },
        PaymentError::CaptureExceedsAuthorised { requested: eur(2), capturable: eur(1) },
        PaymentError::RefundExceedsCaptured { requested: eur(2), refundable: eur(1) },
        PaymentError::IllegalTransition { status: "declined", wish: "captured" },
        PaymentError::AmountDiffers { authorised: eur(2), asked: eur(1) },
        PaymentError::CaptureUnknown,
        PaymentError::RefundUnknown,
        PaymentError::NameReused,
        PaymentError::NotExpired { expires_at: EXPIRES_AT },
        PaymentError::ReferenceDiffers { known: text("pi_1"), found: text("pi_2") },
        PaymentError::TooMany { max: MOVEMENTS_MAX },
    ];
    let codes: BTreeSet<_> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}

#[test]
fn every_status_has_a_name_of_its_own() {
    let statuses = [
        (PaymentStatus::Absent, "absent"),
        (PaymentStatus::Initiated, "initiated"),
        (PaymentStatus::ActionRequired, "action_required"),
        (PaymentStatus::Authorised, "authorised"),
        (PaymentStatus::Declined, "declined"),
        (PaymentStatus::VoidRequested, "void_requested"),
        (PaymentStatus::Voided, "voided"),
        (PaymentStatus::Expired, "expired"),
    ];
    for (status, name) in statuses {
        assert_eq!(status.name(), name);
        assert_eq!(serde_json::to_value(status).expect("JSON"), name);
    }
}

#[test]
fn a_payment_survives_json_with_everything_in_it() {
    let mut payment = Payment::default();
    for event in every_event() {
        payment.evolve(&event);
    }
    let json = serde_json::to_string(&payment).expect("a payment becomes JSON");
    assert_eq!(serde_json::from_str::<Payment>(&json).expect("JSON becomes a payment"), payment);
}

#[tokio::test]
async fn the_aggregate_hands_its_decisions_to_cqrs_es() {
    assert_eq!(Payment::TYPE, "payment");
    let framework = || TestFramework::<Payment>::with(());
    let initiating = framework().given_no_previous_events().when_async(initiate()).await;
    initiating.then_expect_events(vec![initiated()]);
    let capturing = framework().given(vec![initiated()]).when_async(request_capture("c", 1)).await;
    capturing.then_expect_error(PaymentError::IllegalTransition { status: "initiated", wish: "captured" });
}
