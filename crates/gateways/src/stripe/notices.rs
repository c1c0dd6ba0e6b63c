//! What the provider tells by itself (<https://docs.stripe.com/api/events/types>), once its signature is checked.

use domain::values::PaymentId;
use sagas::ports::{NoticeError, PaymentNotice, PaymentNoticeKind};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::wire::{Event, Failure, Intent, Refund, Subject, machine_code};

/// Reads a notice.
///
/// # Errors
/// [`NoticeError::BodyMalformed`], or [`NoticeError::NotOurs`] when its object carries no payment of ours.
pub(super) fn read(body: &[u8]) -> Result<PaymentNotice, NoticeError> {
    let event: Event = parse(body)?;
    let subject: Subject = object(&event)?;
    let payment: PaymentId =
        subject.metadata.get("payment").and_then(|text| text.parse().ok()).ok_or(NoticeError::NotOurs)?;
    let provider_reference = reference(&subject).ok_or(NoticeError::BodyMalformed)?;
    let kind = kind(&event, &subject)?;
    Ok(PaymentNotice { id: event.id, payment, provider_reference, kind })
}

fn kind(event: &Event, subject: &Subject) -> Result<PaymentNoticeKind, NoticeError> {
    Ok(match event.kind.as_str() {
        "payment_intent.amount_capturable_updated" => capturable(event, subject)?,
        "payment_intent.requires_action" => {
            let intent: Intent = object(event)?;
            let action_url = intent.action_url().ok_or(NoticeError::BodyMalformed)?.to_owned();
            PaymentNoticeKind::ActionRequired { action_url }
        }
        "payment_intent.payment_failed" => {
            let intent: Intent = object(event)?;
            let failure: Failure = intent.last_payment_error.unwrap_or_default();
            PaymentNoticeKind::Declined { code: failure.code() }
        }
        "payment_intent.canceled" => PaymentNoticeKind::Voided,
        "payment_intent.succeeded" | "charge.captured" => captured(event, subject),
        "refund.created" | "refund.updated" | "charge.refund.updated" | "refund.failed" => refunded(event, subject)?,
        _ => other(event),
    })
}

/// What can still be taken changes when money is held, and again with each capture that is not the last.
fn capturable(event: &Event, subject: &Subject) -> Result<PaymentNoticeKind, NoticeError> {
    let intent: Intent = object(event)?;
    if intent.amount_received > 0 {
        return Ok(captured(event, subject));
    }
    let amount = intent.money().ok_or(NoticeError::BodyMalformed)?;
    Ok(PaymentNoticeKind::Authorised { amount, expires_at: intent.expires_at() })
}

/// A charge carries the metadata of the moment it was made, so that Stripe's own `charge.captured` names no capture.
fn captured(event: &Event, subject: &Subject) -> PaymentNoticeKind {
    match subject.metadata.get("capture") {
        Some(capture) => PaymentNoticeKind::Captured { capture: capture.clone() },
        None => other(event),
    }
}

fn refunded(event: &Event, subject: &Subject) -> Result<PaymentNoticeKind, NoticeError> {
    let Some(name) = subject.metadata.get("refund").cloned() else {
        return Ok(other(event));
    };
    let refund: Refund = object(event)?;
    Ok(match (event.kind.as_str(), refund.status.as_deref()) {
        ("refund.failed", _) | (_, Some("failed" | "canceled")) => failed(&refund, name),
        (_, Some("succeeded")) => PaymentNoticeKind::Refunded { refund: name },
        (_, Some(_) | None) => other(event),
    })
}

fn failed(refund: &Refund, name: String) -> PaymentNoticeKind {
    let code = refund.failure_reason.as_deref().or(refund.status.as_deref()).unwrap_or("failed");
    PaymentNoticeKind::RefundFailed { refund: name, code: machine_code(code) }
}

fn other(event: &Event) -> PaymentNoticeKind {
    PaymentNoticeKind::Other { name: event.kind.clone() }
}

fn reference(subject: &Subject) -> Option<String> {
    if subject.object.as_deref() == Some("payment_intent") {
        return subject.id.clone();
    }
    match subject.payment_intent.as_ref()? {
        Value::String(id) => Some(id.clone()),
        expanded => Some(expanded.get("id")?.as_str()?.to_owned()),
    }
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoticeError> {
    serde_json::from_slice(body).map_err(|_| NoticeError::BodyMalformed)
}

fn object<T: DeserializeOwned>(event: &Event) -> Result<T, NoticeError> {
    T::deserialize(&event.data.object).map_err(|_| NoticeError::BodyMalformed)
}
