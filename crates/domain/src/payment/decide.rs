//! The rules of payments.

use super::commands::PaymentCommand;
use super::error::PaymentError;
use super::events::PaymentEvent;
use super::state::{Movement, MovementState, Payment, PaymentStatus};
use crate::values::{Money, OrderId, ShortText, Timestamp};

/// The most captures, and the most refunds, that one payment may ever name.
pub const MOVEMENTS_MAX: usize = 1_000;

type Decision = Result<Vec<PaymentEvent>, PaymentError>;

pub(super) fn decide(payment: &Payment, command: &PaymentCommand) -> Decision {
    match command {
        PaymentCommand::Initiate { order, amount, method } => initiate(payment, order, *amount, method),
        PaymentCommand::RecordActionRequired { provider_reference, action_url } => {
            record_action_required(payment, provider_reference, action_url)
        }
        PaymentCommand::RecordAuthorisation { provider_reference, amount, expires_at } => {
            record_authorisation(payment, provider_reference, *amount, *expires_at)
        }
        PaymentCommand::RecordDecline { code } => record_decline(payment, code),
        PaymentCommand::RequestCapture { capture, amount } => request_capture(payment, capture, *amount),
        PaymentCommand::RecordCapture { capture } => record_capture(payment, capture),
        PaymentCommand::RecordCaptureFailure { capture, code } => record_capture_failure(payment, capture, code),
        PaymentCommand::RequestVoid { reason } => request_void(payment, reason),
        PaymentCommand::RecordVoid => record_void(payment),
        PaymentCommand::RecordExpiry { now } => record_expiry(payment, *now),
        PaymentCommand::RequestRefund { refund, amount, reason } => request_refund(payment, refund, *amount, reason),
        PaymentCommand::RecordRefund { refund } => record_refund(payment, refund),
        PaymentCommand::RecordRefundFailure { refund, code } => record_refund_failure(payment, refund, code),
    }
}

fn initiate(payment: &Payment, order: &OrderId, amount: Money, method: &ShortText) -> Decision {
    if payment.status() == PaymentStatus::Absent {
        is_positive(amount)?;
        return Ok(vec![PaymentEvent::Initiated { order: order.clone(), amount, method: method.clone() }]);
    }
    let same = payment.order() == Some(order) && payment.amount() == Some(amount) && payment.method() == Some(method);
    if same { Ok(vec![]) } else { Err(PaymentError::AlreadyExists) }
}

fn record_action_required(payment: &Payment, provider_reference: &ShortText, action_url: &str) -> Decision {
    match payment.status() {
        PaymentStatus::Absent => Err(PaymentError::Unknown),
        PaymentStatus::Initiated | PaymentStatus::ActionRequired => {
            if payment.provider_reference() == Some(provider_reference) && payment.action_url() == Some(action_url) {
                return Ok(vec![]);
            }
            let (provider_reference, action_url) = (provider_reference.clone(), action_url.to_owned());
            Ok(vec![PaymentEvent::ActionRequired { provider_reference, action_url }])
        }
        PaymentStatus::Authorised
        | PaymentStatus::Declined
        | PaymentStatus::VoidRequested
        | PaymentStatus::Voided
        | PaymentStatus::Expired => Ok(vec![]),
    }
}

fn record_authorisation(
    payment: &Payment,
    provider_reference: &ShortText,
    amount: Money,
    expires_at: Timestamp,
) -> Decision {
    let asked = payment.amount().ok_or(PaymentError::Unknown)?;
    match payment.status() {
        PaymentStatus::Absent => Err(PaymentError::Unknown),
        PaymentStatus::Initiated | PaymentStatus::ActionRequired => {
            has_amount(amount, asked)?;
            let provider_reference = provider_reference.clone();
            Ok(vec![PaymentEvent::Authorised { provider_reference, amount, expires_at }])
        }
        PaymentStatus::Authorised => {
            is_known_as(payment.provider_reference(), provider_reference)?;
            has_amount(amount, asked)?;
            Ok(vec![])
        }
        PaymentStatus::Declined | PaymentStatus::VoidRequested | PaymentStatus::Voided | PaymentStatus::Expired => {
            record_late_authorisation(payment, provider_reference, amount)
        }
    }
}

/// Records once that money is held which nobody wants any more, so that it is let go. The message about the hold that
/// was recorded in time may come again after the void; that one is no news.
fn record_late_authorisation(payment: &Payment, provider_reference: &ShortText, amount: Money) -> Decision {
    let held_in_time = payment.authorised().minor() > 0 && payment.provider_reference() == Some(provider_reference);
    if held_in_time {
        return Ok(vec![]);
    }
    if payment.late_reference().is_some() {
        is_known_as(payment.late_reference(), provider_reference)?;
        return Ok(vec![]);
    }
    Ok(vec![PaymentEvent::AuthorisedTooLate { provider_reference: provider_reference.clone(), amount }])
}

fn record_decline(payment: &Payment, code: &str) -> Decision {
    match payment.status() {
        PaymentStatus::Absent => Err(PaymentError::Unknown),
        PaymentStatus::Initiated | PaymentStatus::ActionRequired => {
            Ok(vec![PaymentEvent::Declined { code: code.to_owned() }])
        }
        PaymentStatus::Declined => Ok(vec![]),
        PaymentStatus::VoidRequested | PaymentStatus::Voided if payment.authorised().minor() == 0 => Ok(vec![]),
        PaymentStatus::Authorised | PaymentStatus::VoidRequested | PaymentStatus::Voided | PaymentStatus::Expired => {
            Err(illegal(payment, "declined"))
        }
    }
}

fn request_capture(payment: &Payment, capture: &str, amount: Money) -> Decision {
    is_fit(payment, amount)?;
    if is_repeat(payment.capture(capture), amount)? {
        return Ok(vec![]);
    }
    if payment.status() != PaymentStatus::Authorised {
        return Err(illegal(payment, "captured"));
    }
    if amount > payment.capturable() {
        let (requested, capturable) = (amount, payment.capturable());
        return Err(PaymentError::CaptureExceedsAuthorised { requested, capturable });
    }
    if payment.capture(capture).is_none() {
        has_room(payment.capture_count())?;
    }
    Ok(vec![PaymentEvent::CaptureRequested { capture: capture.to_owned(), amount }])
}

/// A capture that is done after it had failed is accepted, because the provider is right, as long as so much was
/// authorised and no other capture has taken or asked for it.
fn record_capture(payment: &Payment, capture: &str) -> Decision {
    let Movement { amount, state } = capture_of(payment, capture)?;
    match state {
        MovementState::Done => return Ok(vec![]),
        MovementState::Failed if amount > payment.uncaptured() => {
            let (requested, capturable) = (amount, payment.uncaptured());
            return Err(PaymentError::CaptureExceedsAuthorised { requested, capturable });
        }
        MovementState::Requested | MovementState::Failed => {}
    }
    Ok(vec![PaymentEvent::Captured { capture: capture.to_owned(), amount }])
}

fn record_capture_failure(payment: &Payment, capture: &str, code: &str) -> Decision {
    match capture_of(payment, capture)?.state {
        MovementState::Requested => {
            Ok(vec![PaymentEvent::CaptureFailed { capture: capture.to_owned(), code: code.to_owned() }])
        }
        MovementState::Failed => Ok(vec![]),
        MovementState::Done => {
            Err(PaymentError::IllegalTransition { status: "captured", wish: "recorded as not captured" })
        }
    }
}

fn request_void(payment: &Payment, reason: &ShortText) -> Decision {
    match payment.status() {
        PaymentStatus::Absent => return Err(PaymentError::Unknown),
        PaymentStatus::Declined | PaymentStatus::VoidRequested | PaymentStatus::Voided | PaymentStatus::Expired => {
            return Ok(vec![]);
        }
        PaymentStatus::Authorised => is_voidable(payment)?,
        PaymentStatus::Initiated | PaymentStatus::ActionRequired => {}
    }
    Ok(vec![PaymentEvent::VoidRequested { reason: reason.clone() }])
}

fn record_void(payment: &Payment) -> Decision {
    if payment.late_authorisation().is_some() {
        return Ok(vec![PaymentEvent::Voided {}]);
    }
    match payment.status() {
        PaymentStatus::Absent => Err(PaymentError::Unknown),
        PaymentStatus::VoidRequested => Ok(vec![PaymentEvent::Voided {}]),
        PaymentStatus::Voided | PaymentStatus::Declined | PaymentStatus::Expired => Ok(vec![]),
        PaymentStatus::Initiated | PaymentStatus::ActionRequired | PaymentStatus::Authorised => {
            Err(illegal(payment, "voided before that was asked for"))
        }
    }
}

fn record_expiry(payment: &Payment, now: Timestamp) -> Decision {
    match payment.status() {
        PaymentStatus::Absent => Err(PaymentError::Unknown),
        PaymentStatus::Initiated | PaymentStatus::ActionRequired => Err(illegal(payment, "expired")),
        PaymentStatus::Declined | PaymentStatus::VoidRequested | PaymentStatus::Voided | PaymentStatus::Expired => {
            Ok(vec![])
        }
        PaymentStatus::Authorised => {
            let expires_at = payment.expires_at().ok_or_else(|| illegal(payment, "expired"))?;
            if payment.captured() == payment.authorised() {
                return Ok(vec![]);
            }
            if now < expires_at {
                return Err(PaymentError::NotExpired { expires_at });
            }
            Ok(vec![PaymentEvent::AuthorisationExpired {}])
        }
    }
}

fn request_refund(payment: &Payment, refund: &str, amount: Money, reason: &ShortText) -> Decision {
    is_fit(payment, amount)?;
    if is_repeat(payment.refund(refund), amount)? {
        return Ok(vec![]);
    }
    is_refundable(payment, amount)?;
    if payment.refund(refund).is_none() {
        has_room(payment.refund_count())?;
    }
    Ok(vec![PaymentEvent::RefundRequested { refund: refund.to_owned(), amount, reason: reason.clone() }])
}

/// A refund that is done after it had failed is accepted as a capture is.
fn record_refund(payment: &Payment, refund: &str) -> Decision {
    let Movement { amount, state } = refund_of(payment, refund)?;
    match state {
        MovementState::Done => return Ok(vec![]),
        MovementState::Failed => is_refundable(payment, amount)?,
        MovementState::Requested => {}
    }
    Ok(vec![PaymentEvent::Refunded { refund: refund.to_owned(), amount }])
}

/// A refund that was done may fail days later: the buyer's bank sends the money back
/// (<https://docs.stripe.com/refunds>).
fn record_refund_failure(payment: &Payment, refund: &str, code: &str) -> Decision {
    let Movement { amount, state } = refund_of(payment, refund)?;
    match state {
        MovementState::Failed => Ok(vec![]),
        MovementState::Requested | MovementState::Done => {
            Ok(vec![PaymentEvent::RefundFailed { refund: refund.to_owned(), amount, code: code.to_owned() }])
        }
    }
}

fn is_positive(amount: Money) -> Result<(), PaymentError> {
    if amount.minor() > 0 { Ok(()) } else { Err(PaymentError::NotPositive) }
}

/// Checks that the payment exists and that the amount is one of its currency, above zero.
fn is_fit(payment: &Payment, amount: Money) -> Result<(), PaymentError> {
    let currency = payment.amount().ok_or(PaymentError::Unknown)?.currency();
    if amount.currency() != currency {
        return Err(PaymentError::WrongCurrency { payment: currency, found: amount.currency() });
    }
    is_positive(amount)
}

/// Returns whether a capture or refund of this name is under way or done. One that failed may be asked for again, at
/// the same amount.
fn is_repeat(known: Option<Movement>, amount: Money) -> Result<bool, PaymentError> {
    match known {
        None => Ok(false),
        Some(movement) if movement.amount != amount => Err(PaymentError::NameReused),
        Some(movement) => Ok(movement.state != MovementState::Failed),
    }
}

fn has_amount(authorised: Money, asked: Money) -> Result<(), PaymentError> {
    if authorised == asked { Ok(()) } else { Err(PaymentError::AmountDiffers { authorised, asked }) }
}

/// A second hold for one payment must not pass as a repeat of the first: nobody would let it go.
fn is_known_as(known: Option<&ShortText>, found: &ShortText) -> Result<(), PaymentError> {
    match known {
        Some(known) if known != found => {
            Err(PaymentError::ReferenceDiffers { known: known.clone(), found: found.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

fn has_room(count: usize) -> Result<(), PaymentError> {
    if count < MOVEMENTS_MAX { Ok(()) } else { Err(PaymentError::TooMany { max: MOVEMENTS_MAX }) }
}

fn is_voidable(payment: &Payment) -> Result<(), PaymentError> {
    if payment.capture_pending().minor() > 0 {
        return Err(illegal(payment, "voided while a capture is pending"));
    }
    if payment.captured() == payment.authorised() {
        return Err(PaymentError::IllegalTransition { status: "captured", wish: "voided" });
    }
    Ok(())
}

fn is_refundable(payment: &Payment, requested: Money) -> Result<(), PaymentError> {
    let refundable = payment.refundable();
    if requested > refundable {
        return Err(PaymentError::RefundExceedsCaptured { requested, refundable });
    }
    Ok(())
}

fn capture_of(payment: &Payment, capture: &str) -> Result<Movement, PaymentError> {
    exists(payment)?;
    payment.capture(capture).ok_or(PaymentError::CaptureUnknown)
}

fn refund_of(payment: &Payment, refund: &str) -> Result<Movement, PaymentError> {
    exists(payment)?;
    payment.refund(refund).ok_or(PaymentError::RefundUnknown)
}

fn exists(payment: &Payment) -> Result<(), PaymentError> {
    if payment.status() == PaymentStatus::Absent { Err(PaymentError::Unknown) } else { Ok(()) }
}

fn illegal(payment: &Payment, wish: &'static str) -> PaymentError {
    PaymentError::IllegalTransition { status: payment.status().name(), wish }
}
