//! The parts of Stripe's objects that the shop reads (<https://docs.stripe.com/api>). Unknown fields are skipped, so
//! that a newer version of the wire format is read too; provider messages are not even parsed.

use std::collections::HashMap;

use domain::values::{Currency, Money, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// How long a card authorisation is held when the charge does not say: 7 days
/// (<https://docs.stripe.com/payments/place-a-hold-on-a-payment-method>).
pub(super) const HOLD_SECONDS: i64 = 7 * 24 * 60 * 60;

/// Where a charge says until when it may be captured, in seconds since the Unix epoch.
const CAPTURE_BEFORE: &str = "/payment_method_details/card/capture_before";

#[derive(Debug, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) status: String,
    pub(super) amount: i64,
    #[serde(default)]
    pub(super) amount_received: i64,
    pub(super) currency: String,
    pub(super) created: i64,
    pub(super) latest_charge: Option<Value>,
    pub(super) next_action: Option<NextAction>,
    pub(super) last_payment_error: Option<Failure>,
}

impl Intent {
    /// Returns what was to be held, unless it is in a currency the shop does not know.
    pub(super) fn money(&self) -> Option<Money> {
        let currency: Currency = self.currency.to_ascii_uppercase().parse().ok()?;
        Some(Money::new(self.amount, currency))
    }

    /// Returns when the hold ends by itself.
    pub(super) fn expires_at(&self) -> Timestamp {
        // A charge that was not asked for is only its name, in which nothing is found.
        let charge = self.latest_charge.as_ref();
        let told = charge.and_then(|charge| charge.pointer(CAPTURE_BEFORE)).and_then(Value::as_i64);
        let epoch = Timestamp::from_micros(0);
        epoch.plus_seconds(told.unwrap_or_else(|| self.created.saturating_add(HOLD_SECONDS)))
    }

    /// Returns where the buyer must go.
    pub(super) fn action_url(&self) -> Option<&str> {
        self.next_action.as_ref()?.redirect_to_url.as_ref()?.url.as_deref()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct NextAction {
    pub(super) redirect_to_url: Option<Redirect>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Redirect {
    pub(super) url: Option<String>,
}

/// An error, in a body of its own or within an intent.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Failure {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) code: Option<String>,
    pub(super) decline_code: Option<String>,
}

impl Failure {
    /// Returns the most precise code there is.
    pub(super) fn code(&self) -> String {
        let code = self.decline_code.as_deref().or(self.code.as_deref()).or(self.kind.as_deref());
        machine_code(code.unwrap_or("unspecified"))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct FailureBody {
    pub(super) error: Failure,
}

#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) data: Vec<Intent>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub(super) status: Option<String>,
    pub(super) failure_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) id: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) data: EventData,
}

#[derive(Debug, Deserialize)]
pub(super) struct EventData {
    pub(super) object: Value,
}

/// What every object a notice may be about has.
#[derive(Debug, Deserialize)]
pub(super) struct Subject {
    pub(super) id: Option<String>,
    pub(super) object: Option<String>,
    pub(super) payment_intent: Option<Value>,
    #[serde(default)]
    pub(super) metadata: HashMap<String, String>,
}

/// Keeps a code that is one (lower case letters, digits, `_`, at most 64): anything else might be a message.
pub(super) fn machine_code(code: &str) -> String {
    let is_code = (1..=64).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_code { code.to_owned() } else { "unreadable_code".to_owned() }
}
