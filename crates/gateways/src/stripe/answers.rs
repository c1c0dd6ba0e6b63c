//! What an answer of the provider means to the shop.

use sagas::ports::{AuthoriseAnswer, GatewayError, RefundAnswer};
use serde::de::DeserializeOwned;

use super::transport::{StripeAnswer, TransportError};
use super::wire::{Failure, FailureBody, Intent, Refund, machine_code};

/// How errors name this gateway.
pub(super) const GATEWAY: &str = "payment provider";

/// Codes that tell of money that cannot be taken any more, not of a wrong request
/// (<https://docs.stripe.com/error-codes>).
const CAPTURE_LOST: [&str; 2] = ["charge_expired_for_capture", "payment_intent_unexpected_state"];

/// An answer, split by what it means.
pub(super) enum Meaning {
    /// 200: it is done.
    Done,
    /// 402: the bank said no.
    Declined(String),
    /// 400 with `idempotency_error`: the key was used with other parameters.
    KeyTaken,
    /// 400 with `payment_intent_unexpected_state` or `charge_expired_for_capture`.
    Late(String),
}

/// Reads the status and, of a refusal, the code.
///
/// 409 (another request under this key is under way), 429 and 503 are refusals before any effect. Of any other 5xx
/// Stripe says that the outcome is indeterminate (<https://docs.stripe.com/error-low-level#server-errors>).
pub(super) fn meaning(answer: &StripeAnswer) -> Result<Meaning, GatewayError> {
    match answer.status {
        200 => Ok(Meaning::Done),
        409 | 429 | 503 => Err(GatewayError::Unavailable { gateway: GATEWAY }),
        status @ 400..=499 => refusal(status, &answer.body),
        _ => Err(unknown()),
    }
}

fn refusal(status: u16, body: &[u8]) -> Result<Meaning, GatewayError> {
    let failure = match serde_json::from_slice::<FailureBody>(body) {
        Ok(body) => body.error,
        Err(_) => Failure { code: Some(format!("http_{status}")), ..Failure::default() },
    };
    if status == 402 {
        return Ok(Meaning::Declined(failure.code()));
    }
    if failure.kind.as_deref() == Some("idempotency_error") {
        return Ok(Meaning::KeyTaken);
    }
    if failure.code.as_deref().is_some_and(|code| CAPTURE_LOST.contains(&code)) {
        return Ok(Meaning::Late(failure.code()));
    }
    Err(rejected(&failure.code()))
}

/// Reads the body of a 200. One that cannot be read says nothing: the effect may have happened.
pub(super) fn body<T: DeserializeOwned>(answer: &StripeAnswer) -> Result<T, GatewayError> {
    serde_json::from_slice(&answer.body).map_err(|_| {
        tracing::warn!(status = answer.status, "the payment provider's answer cannot be read");
        unknown()
    })
}

/// Says what an intent means to who asked to hold money.
pub(super) fn authorisation(intent: Intent) -> Result<AuthoriseAnswer, GatewayError> {
    match intent.status.as_str() {
        "requires_capture" | "succeeded" => authorised(intent),
        // Taken in part and then cancelled: the money was held, and is not nothing.
        "canceled" if intent.amount_received > 0 => authorised(intent),
        "canceled" => Ok(AuthoriseAnswer::Cancelled),
        "requires_action" => match intent.action_url() {
            Some(url) => {
                Ok(AuthoriseAnswer::ActionRequired { action_url: url.to_owned(), provider_reference: intent.id })
            }
            None => Err(rejected("action_url_missing")),
        },
        "requires_payment_method" => Ok(match intent.last_payment_error {
            Some(failure) => AuthoriseAnswer::Declined { code: failure.code() },
            // Never tried: it is a void's claim on the key, about to be cancelled. No authorisation can follow it.
            None => AuthoriseAnswer::Cancelled,
        }),
        _ => Err(unknown()),
    }
}

fn authorised(intent: Intent) -> Result<AuthoriseAnswer, GatewayError> {
    let amount = intent.money().ok_or_else(|| rejected("currency_unknown"))?;
    let expires_at = intent.expires_at();
    Ok(AuthoriseAnswer::Authorised { provider_reference: intent.id, amount, expires_at })
}

/// Says what a refund means to who asked for it.
pub(super) fn refund(refund: &Refund) -> Result<RefundAnswer, GatewayError> {
    match refund.status.as_deref() {
        Some("succeeded") => Ok(RefundAnswer::Refunded),
        Some("pending" | "requires_action") => Ok(RefundAnswer::Pending),
        Some(status @ ("failed" | "canceled")) => {
            Ok(RefundAnswer::Failed { code: machine_code(refund.failure_reason.as_deref().unwrap_or(status)) })
        }
        _ => Err(unknown()),
    }
}

/// Keeps a provider's name that can be part of a path.
pub(super) fn reference(text: &str) -> Result<&str, GatewayError> {
    let valid =
        (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if valid { Ok(text) } else { Err(rejected("reference_malformed")) }
}

pub(super) fn unanswered(error: TransportError) -> GatewayError {
    match error {
        TransportError::Unreachable => GatewayError::Unavailable { gateway: GATEWAY },
        TransportError::Timeout => unknown(),
    }
}

pub(super) fn unknown() -> GatewayError {
    GatewayError::Unknown { gateway: GATEWAY }
}

pub(super) fn rejected(code: &str) -> GatewayError {
    GatewayError::Rejected { gateway: GATEWAY, code: code.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> StripeAnswer {
        StripeAnswer { status, replayed: false, body: body.as_bytes().to_vec() }
    }

    fn error_of(status: u16, body: &str) -> Option<GatewayError> {
        meaning(&answer(status, body)).err()
    }

    #[test]
    fn an_overload_had_no_effect_and_a_server_error_may_have_had_one() {
        for status in [409, 429, 503] {
            assert_eq!(error_of(status, "{}"), Some(GatewayError::Unavailable { gateway: GATEWAY }), "{status}");
        }
        for status in [500, 502, 504, 301] {
            assert_eq!(error_of(status, "{}"), Some(unknown()), "{status}");
        }
    }

    #[test]
    fn a_refusal_shows_its_code_and_never_its_message() {
        let body = r#"{"error":{"type":"invalid_request_error","message":"No such card 4242 of jane@example.org"}}"#;
        assert_eq!(error_of(404, body), Some(rejected("invalid_request_error")));
        assert_eq!(error_of(404, "<html>"), Some(rejected("http_404")));
        let odd = r#"{"error":{"code":"jane@example.org"}}"#;
        assert_eq!(error_of(400, odd), Some(rejected("unreadable_code")));
    }

    #[test]
    fn an_unreadable_success_is_unknown() {
        assert_eq!(body::<Intent>(&answer(200, "{}")).err(), Some(unknown()));
    }

    #[test]
    fn the_hold_ends_when_the_charge_says_or_seven_days_after_its_creation() {
        let text = r#"{"id":"pi_1","status":"requires_capture","amount":5,"currency":"eur","created":100,
            "latest_charge":{"payment_method_details":{"card":{"capture_before":777}}}}"#;
        let told: Intent = serde_json::from_str(text).expect("an intent");
        assert_eq!(told.expires_at().micros(), 777_000_000);
        let text = r#"{"id":"pi_1","status":"requires_capture","amount":5,"currency":"eur","created":100,"latest_charge":"ch_1"}"#;
        let silent: Intent = serde_json::from_str(text).expect("an intent");
        assert_eq!(silent.expires_at().micros(), (100 + 604_800) * 1_000_000);
    }

    #[test]
    fn a_reference_cannot_leave_its_place_in_the_path() {
        assert!(reference("pi_3Abc").is_ok());
        for text in ["", "pi/../x", "pi?x", "pi 1"] {
            assert_eq!(reference(text), Err(rejected("reference_malformed")), "{text}");
        }
    }
}
