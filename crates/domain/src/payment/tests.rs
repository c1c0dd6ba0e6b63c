//! What payments answer, told as given, when, then.

mod captures;
mod hold;
mod names;
mod properties;
mod refunds;
mod void;

use uuid::Uuid;

use super::*;
use crate::decider::Refusal;
use crate::values::{Currency, Money, OrderId, ShortText, Timestamp};

const EXPIRES_AT: Timestamp = Timestamp::from_micros(7_000_000);
const ILLEGAL: &str = "ILLEGAL_TRANSITION";
const NO_NEWS: &str = "";

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn text(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

fn order_id() -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(1))
}

fn initiate() -> PaymentCommand {
    PaymentCommand::Initiate { order: order_id(), amount: eur(100), method: text("pm_card") }
}

fn action_required(reference: &str) -> PaymentCommand {
    let action_url = "https://bank.example/3ds".to_owned();
    PaymentCommand::RecordActionRequired { provider_reference: text(reference), action_url }
}

fn authorise(reference: &str, amount: Money) -> PaymentCommand {
    PaymentCommand::RecordAuthorisation { provider_reference: text(reference), amount, expires_at: EXPIRES_AT }
}

fn decline() -> PaymentCommand {
    PaymentCommand::RecordDecline { code: "insufficient_funds".to_owned() }
}

fn request_capture(capture: &str, minor: i64) -> PaymentCommand {
    PaymentCommand::RequestCapture { capture: capture.to_owned(), amount: eur(minor) }
}

fn record_capture(capture: &str) -> PaymentCommand {
    PaymentCommand::RecordCapture { capture: capture.to_owned() }
}

fn fail_capture(capture: &str) -> PaymentCommand {
    PaymentCommand::RecordCaptureFailure { capture: capture.to_owned(), code: "processing_error".to_owned() }
}

fn request_void() -> PaymentCommand {
    PaymentCommand::RequestVoid { reason: text("cancelled") }
}

fn expire(now: Timestamp) -> PaymentCommand {
    PaymentCommand::RecordExpiry { now }
}

fn request_refund(refund: &str, minor: i64) -> PaymentCommand {
    PaymentCommand::RequestRefund { refund: refund.to_owned(), amount: eur(minor), reason: text("returned") }
}

fn record_refund(refund: &str) -> PaymentCommand {
    PaymentCommand::RecordRefund { refund: refund.to_owned() }
}

fn fail_refund(refund: &str) -> PaymentCommand {
    PaymentCommand::RecordRefundFailure { refund: refund.to_owned(), code: "account_closed".to_owned() }
}

/// Runs commands one after the other; each must be accepted.
fn after(commands: &[PaymentCommand]) -> Payment {
    let mut payment = Payment::default();
    for command in commands {
        let events = payment.decide(command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
        for event in &events {
            payment.evolve(event);
        }
    }
    payment
}

/// A hold of 100 cents, and what came after it.
fn authorised_and(more: &[PaymentCommand]) -> Payment {
    after(&[vec![initiate(), authorise("pi_1", eur(100))], more.to_vec()].concat())
}

/// Decides, evolves by what was decided, and expects the same command to be no news then.
fn accept(payment: &mut Payment, command: &PaymentCommand) -> Vec<PaymentEvent> {
    let events = payment.decide(command).expect("the command is accepted");
    for event in &events {
        payment.evolve(event);
    }
    assert_eq!(payment.decide(command), Ok(vec![]), "a repeat of {command:?}");
    events
}

/// Returns the names of the facts a command leads to, joined by commas, or the code of the refusal.
fn outcome(payment: &Payment, command: &PaymentCommand) -> String {
    match payment.decide(command) {
        Ok(events) => events.iter().map(DomainEvent::event_type).collect::<Vec<_>>().join(","),
        Err(refusal) => refusal.code().to_owned(),
    }
}
