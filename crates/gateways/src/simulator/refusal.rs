//! What the simulator says no with, in Stripe's words (<https://docs.stripe.com/api/errors>).

use serde_json::{Value, json};

use super::intent::{CardFailure, Intent, ShowCharge};

/// A refusal without an effect.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Refusal {
    /// The request is wrong, whatever the state: a parameter is missing, malformed or not allowed.
    pub(super) fn invalid(code: &str, parameter: &str) -> Self {
        let error = json!({ "type": "invalid_request_error", "code": code, "param": parameter });
        Self { status: 400, body: json!({ "error": error }) }
    }

    /// The request is wrong in a way that Stripe has no code for.
    pub(super) fn uncoded() -> Self {
        Self { status: 400, body: json!({ "error": { "type": "invalid_request_error" } }) }
    }

    pub(super) fn missing() -> Self {
        let error = json!({ "type": "invalid_request_error", "code": "resource_missing" });
        Self { status: 404, body: json!({ "error": error }) }
    }

    /// The intent is not where this can be done.
    pub(super) fn state(code: &str, intent: &Intent, public_url: &str) -> Self {
        let intent = intent.to_json(ShowCharge::Name, public_url);
        let error = json!({ "type": "invalid_request_error", "code": code, "payment_intent": intent });
        Self { status: 400, body: json!({ "error": error }) }
    }

    /// The key was used with other parameters.
    pub(super) fn key_taken() -> Self {
        Self { status: 400, body: json!({ "error": { "type": "idempotency_error" } }) }
    }

    pub(super) fn overloaded() -> Self {
        Self { status: 503, body: json!({ "error": { "type": "api_error" } }) }
    }

    pub(super) fn broken() -> Self {
        Self { status: 500, body: json!({ "error": { "type": "api_error" } }) }
    }
}

/// Returns the body of a 402: the bank said no.
pub(super) fn card_error(failure: &CardFailure, intent: &Intent, public_url: &str) -> Value {
    let mut error = failure.to_json();
    error["payment_intent"] = intent.to_json(ShowCharge::Name, public_url);
    json!({ "error": error })
}
