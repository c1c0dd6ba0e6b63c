//! A PaymentIntent as the simulator keeps it and as Stripe shows it. Amounts are minor units, moments are seconds since
//! the Unix epoch.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where an intent stands (<https://docs.stripe.com/payments/paymentintents/lifecycle>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    /// It has no method, or the last one was refused.
    RequiresPaymentMethod,
    /// It has a method and waits to be confirmed.
    RequiresConfirmation,
    /// The buyer must act at the bank.
    RequiresAction,
    /// Money is held.
    RequiresCapture,
    /// Money is taken and nothing is held any more.
    Succeeded,
    /// Nothing is held and nothing will be.
    Canceled,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) created: i64,
    pub(super) status: IntentStatus,
    pub(super) method: Option<String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) return_url: Option<String>,
    pub(super) allows_multicapture: bool,
    pub(super) authorised: i64,
    pub(super) capturable: i64,
    pub(super) received: i64,
    /// What went back or is on its way back.
    pub(super) refunded: i64,
    pub(super) captures: u32,
    pub(super) charge: Option<Charge>,
    pub(super) last_failure: Option<CardFailure>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Charge {
    pub(super) id: String,
    pub(super) created: i64,
    pub(super) capture_before: i64,
    /// Copied when the charge is made, and not changed after.
    pub(super) metadata: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CardFailure {
    pub(super) code: String,
    pub(super) decline_code: Option<String>,
}

impl CardFailure {
    pub(super) fn declined(decline_code: &str) -> Self {
        Self { code: "card_declined".to_owned(), decline_code: Some(decline_code.to_owned()) }
    }

    pub(super) fn to_json(&self) -> Value {
        json!({ "type": "card_error", "code": self.code, "decline_code": self.decline_code })
    }
}

/// Whether the charge within an intent is shown whole or by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ShowCharge {
    Name,
    Whole,
}

impl Intent {
    /// Returns the intent as Stripe shows it. `public_url` is put before the path of the page to act at.
    pub(super) fn to_json(&self, charge: ShowCharge, public_url: &str) -> Value {
        let latest_charge = match (&self.charge, charge) {
            (None, _) => Value::Null,
            (Some(found), ShowCharge::Name) => json!(found.id),
            (Some(found), ShowCharge::Whole) => self.charge_json(found),
        };
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.capturable,
            "amount_received": self.received,
            "capture_method": "manual",
            "created": self.created,
            "currency": self.currency,
            "last_payment_error": self.last_failure.as_ref().map(CardFailure::to_json),
            "latest_charge": latest_charge,
            "livemode": false,
            "metadata": self.metadata,
            "next_action": self.next_action(public_url),
            "payment_method": self.method,
            "payment_method_types": ["card"],
            "status": self.status,
        })
    }

    pub(super) fn charge_json(&self, charge: &Charge) -> Value {
        json!({
            "id": charge.id,
            "object": "charge",
            "amount": self.authorised,
            "amount_captured": self.received,
            "amount_refunded": self.refunded,
            "captured": self.received > 0,
            "created": charge.created,
            "currency": self.currency,
            "livemode": false,
            "metadata": charge.metadata,
            "payment_intent": self.id,
            "payment_method": self.method,
            "payment_method_details": { "type": "card", "card": { "capture_before": charge.capture_before } },
            "status": "succeeded",
        })
    }

    fn next_action(&self, public_url: &str) -> Value {
        if self.status != IntentStatus::RequiresAction {
            return Value::Null;
        }
        let url = format!("{public_url}/simulator/3ds/{}", self.id);
        json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url, "return_url": self.return_url } })
    }
}
