//! The state machine: what each request leads to. Nothing is changed here; a [`Decision`] is journalled and applied by
//! the caller.

use std::collections::BTreeMap;

use domain::values::Currency;
use serde_json::{Value, json};

use super::intent::{CardFailure, Charge, Intent, IntentStatus, ShowCharge};
use super::method::Behaviour;
use super::refusal::{Refusal, card_error};
use super::state::State;
use crate::form::value;

/// How long money is held: 7 days (<https://docs.stripe.com/payments/place-a-hold-on-a-payment-method>).
pub(super) const HOLD_SECONDS: i64 = 7 * 24 * 60 * 60;

/// The most minor units of one payment: eight digits (<https://docs.stripe.com/api/payment_intents/create>).
pub(super) const AMOUNT_MAX: i64 = 99_999_999;

/// The most captures of one intent (<https://docs.stripe.com/payments/multicapture>).
pub(super) const CAPTURES_MAX: u32 = 50;

/// The most metadata pairs of one object (<https://docs.stripe.com/api/metadata>).
const METADATA_MAX: usize = 50;

/// Why a challenge failed (<https://docs.stripe.com/error-codes>).
const CHALLENGE_FAILED: &str = "payment_intent_authentication_failure";

type Parameters = [(String, String)];

/// What may be asked with effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Confirm { intent: String },
    Capture { intent: String },
    Cancel { intent: String },
    Refund,
}

/// What is to be changed and answered.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) intent: Intent,
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) events: Vec<(&'static str, Value)>,
    pub(super) last_number: u64,
}

/// Where decisions are made: a view of the state at a moment.
pub(super) struct Desk<'a> {
    pub(super) state: &'a State,
    /// Seconds since the Unix epoch.
    pub(super) now: i64,
    /// When the simulator was opened, in microseconds: makes names differ between runs.
    pub(super) opened: i64,
    pub(super) public_url: &'a str,
    pub(super) last_number: u64,
}

impl Desk<'_> {
    pub(super) fn decide(&mut self, operation: &Operation, form: &Parameters) -> Result<Decision, Refusal> {
        match operation {
            Operation::Create => self.create(form),
            Operation::Confirm { intent } => self.confirm(intent, form),
            Operation::Capture { intent } => self.capture(intent, form),
            Operation::Cancel { intent } => self.cancel(intent),
            Operation::Refund => self.refund(form),
        }
    }

    /// Returns a name that no other object has, in this run or another, sorted by age.
    pub(super) fn name(&mut self, prefix: &str) -> String {
        self.last_number += 1;
        format!("{prefix}_{:014x}{:010x}", self.opened, self.last_number)
    }

    fn create(&mut self, form: &Parameters) -> Result<Decision, Refusal> {
        let amount = amount(form, "amount")?.ok_or_else(|| Refusal::invalid("parameter_missing", "amount"))?;
        if value(form, "capture_method") != Some("manual") {
            return Err(Refusal::invalid("parameter_unsupported", "capture_method"));
        }
        let mut intent = Intent {
            id: self.name("pi"),
            amount,
            currency: currency(form)?,
            created: self.now,
            status: IntentStatus::RequiresPaymentMethod,
            method: None,
            metadata: merged(&BTreeMap::new(), form)?,
            return_url: value(form, "return_url").map(str::to_owned),
            allows_multicapture: value(form, "payment_method_options[card][request_multicapture]")
                == Some("if_available"),
            authorised: 0,
            capturable: 0,
            received: 0,
            refunded: 0,
            captures: 0,
            charge: None,
            last_failure: None,
        };
        self.attach(&mut intent, form)?;
        if value(form, "confirm") == Some("true") {
            return self.attempt(intent, form);
        }
        Ok(self.done(intent, form, Vec::new()))
    }

    fn attach(&self, intent: &mut Intent, form: &Parameters) -> Result<(), Refusal> {
        if let Some(token) = value(form, "payment_method") {
            if Behaviour::of(token).is_none() {
                return Err(Refusal::invalid("resource_missing", "payment_method"));
            }
            intent.method = Some(token.to_owned());
            intent.status = IntentStatus::RequiresConfirmation;
        }
        Ok(())
    }

    fn confirm(&mut self, id: &str, form: &Parameters) -> Result<Decision, Refusal> {
        let mut intent = self.state.intent(id).ok_or_else(Refusal::missing)?.clone();
        match intent.status {
            IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresConfirmation => {}
            IntentStatus::RequiresAction
            | IntentStatus::RequiresCapture
            | IntentStatus::Succeeded
            | IntentStatus::Canceled => return Err(self.unexpected(&intent)),
        }
        self.attach(&mut intent, form)?;
        self.attempt(intent, form)
    }

    /// Asks the bank.
    fn attempt(&mut self, mut intent: Intent, form: &Parameters) -> Result<Decision, Refusal> {
        let behaviour = intent.method.as_deref().and_then(Behaviour::of);
        let Some(behaviour) = behaviour.filter(|_| intent.status == IntentStatus::RequiresConfirmation) else {
            return Err(Refusal::invalid("parameter_missing", "payment_method"));
        };
        let is_away = value(form, "off_session") == Some("true");
        match behaviour {
            // <https://docs.stripe.com/declines/codes>
            Behaviour::Challenge if is_away => {
                Ok(self.declined(intent, CardFailure::declined("authentication_required")))
            }
            Behaviour::RenewalFails if is_away => Ok(self.declined(intent, CardFailure::declined("expired_card"))),
            Behaviour::Decline { code } => Ok(self.declined(intent, CardFailure::declined(code))),
            Behaviour::Challenge => {
                intent.status = IntentStatus::RequiresAction;
                Ok(self.done(intent, form, vec!["payment_intent.requires_action"]))
            }
            Behaviour::Approve
            | Behaviour::AnswerLost
            | Behaviour::RequestLost
            | Behaviour::Unavailable
            | Behaviour::RenewalFails
            | Behaviour::CaptureFails
            | Behaviour::RefundFails
            | Behaviour::RefundPending
            | Behaviour::Deliver(_) => Ok(self.held(intent, form)),
        }
    }

    fn held(&mut self, mut intent: Intent, form: &Parameters) -> Decision {
        intent.status = IntentStatus::RequiresCapture;
        intent.authorised = intent.amount;
        intent.capturable = intent.amount;
        intent.last_failure = None;
        intent.charge = Some(Charge {
            id: self.name("ch"),
            created: self.now,
            capture_before: self.now + HOLD_SECONDS,
            metadata: intent.metadata.clone(),
        });
        self.done(intent, form, vec!["payment_intent.amount_capturable_updated"])
    }

    fn declined(&mut self, mut intent: Intent, failure: CardFailure) -> Decision {
        intent.status = IntentStatus::RequiresPaymentMethod;
        intent.last_failure = Some(failure.clone());
        let body = card_error(&failure, &intent, self.public_url);
        let mut decision = self.done(intent, &[], vec!["payment_intent.payment_failed"]);
        decision.status = 402;
        decision.body = body;
        decision
    }

    /// Completes the buyer's visit to the bank's page.
    pub(super) fn answer_challenge(&mut self, id: &str, approved: bool) -> Result<Decision, Refusal> {
        let intent = self.state.intent(id).ok_or_else(Refusal::missing)?.clone();
        if intent.status != IntentStatus::RequiresAction {
            return Err(self.unexpected(&intent));
        }
        if approved {
            return Ok(self.held(intent, &[]));
        }
        Ok(self.declined(intent, CardFailure { code: CHALLENGE_FAILED.to_owned(), decline_code: None }))
    }

    fn capture(&mut self, id: &str, form: &Parameters) -> Result<Decision, Refusal> {
        let mut intent = self.state.intent(id).ok_or_else(Refusal::missing)?.clone();
        if intent.status != IntentStatus::RequiresCapture {
            return Err(self.unexpected(&intent));
        }
        if self.is_expired(&intent) {
            return Err(Refusal::state("charge_expired_for_capture", &intent, self.public_url));
        }
        let is_final = value(form, "final_capture") != Some("false");
        let amount = amount(form, "amount_to_capture")?.unwrap_or(intent.capturable);
        // Nothing more may be taken only to let go the rest of a hold that was taken in part.
        let releases = is_final && intent.received > 0;
        if amount > intent.capturable || (amount == 0 && !releases) {
            return Err(Refusal::invalid("amount_too_large", "amount_to_capture"));
        }
        if !is_final && (!intent.allows_multicapture || intent.captures == CAPTURES_MAX) {
            return Err(Refusal::invalid("parameter_unsupported", "final_capture"));
        }
        intent.metadata = merged(&intent.metadata, form)?;
        if behaviour(&intent) == Some(Behaviour::CaptureFails) && amount > 0 {
            let body = card_error(&CardFailure::declined("generic_decline"), &intent, self.public_url);
            let mut decision = self.done(self.unchanged(&intent), form, Vec::new());
            decision.status = 402;
            decision.body = body;
            return Ok(decision);
        }
        intent.received += amount;
        intent.captures += 1;
        intent.capturable = if is_final { 0 } else { intent.capturable - amount };
        if intent.capturable > 0 {
            return Ok(self.done(intent, form, vec!["charge.updated", "payment_intent.amount_capturable_updated"]));
        }
        intent.status = IntentStatus::Succeeded;
        Ok(self.done(intent, form, vec!["charge.captured", "payment_intent.succeeded"]))
    }

    fn cancel(&mut self, id: &str) -> Result<Decision, Refusal> {
        let intent = self.state.intent(id).ok_or_else(Refusal::missing)?.clone();
        let is_open = match intent.status {
            IntentStatus::RequiresPaymentMethod
            | IntentStatus::RequiresConfirmation
            | IntentStatus::RequiresAction
            | IntentStatus::RequiresCapture => intent.received == 0,
            IntentStatus::Succeeded | IntentStatus::Canceled => false,
        };
        if is_open { Ok(self.cancelled(intent)) } else { Err(self.unexpected(&intent)) }
    }

    pub(super) fn cancelled(&mut self, mut intent: Intent) -> Decision {
        intent.status = IntentStatus::Canceled;
        intent.capturable = 0;
        self.done(intent, &[], vec!["payment_intent.canceled"])
    }

    fn refund(&mut self, form: &Parameters) -> Result<Decision, Refusal> {
        let id =
            value(form, "payment_intent").ok_or_else(|| Refusal::invalid("parameter_missing", "payment_intent"))?;
        let mut intent = self.state.intent(id).ok_or_else(Refusal::missing)?.clone();
        let left = intent.received - intent.refunded;
        let amount = amount(form, "amount")?.unwrap_or(left);
        if amount == 0 || amount > left {
            let is_spent = intent.received > 0 && left == 0;
            return Err(if is_spent {
                Refusal::invalid("charge_already_refunded", "amount")
            } else {
                Refusal::uncoded()
            });
        }
        let (first, later) = match behaviour(&intent) {
            Some(Behaviour::RefundFails) => (("failed", "refund.failed"), None),
            Some(Behaviour::RefundPending) => (("pending", "refund.created"), Some(("succeeded", "refund.updated"))),
            _ => (("succeeded", "refund.created"), None),
        };
        if first.0 != "failed" {
            intent.refunded += amount;
        }
        let mut refund = json!({
            "id": self.name("re"),
            "object": "refund",
            "amount": amount,
            "charge": intent.charge.as_ref().map(|charge| charge.id.clone()),
            "created": self.now,
            "currency": intent.currency,
            "failure_reason": (first.0 == "failed").then_some("expired_or_canceled_card"),
            "metadata": merged(&BTreeMap::new(), form)?,
            "payment_intent": intent.id,
            "status": first.0,
        });
        let body = refund.clone();
        let mut events = vec![(first.1, refund.clone())];
        if let Some((status, event)) = later {
            refund["status"] = json!(status);
            events.push((event, refund));
        }
        Ok(Decision { intent, status: 200, body, events, last_number: self.last_number })
    }

    /// Returns whether money is held no longer than this moment.
    pub(super) fn is_expired(&self, intent: &Intent) -> bool {
        let is_held = intent.status == IntentStatus::RequiresCapture;
        is_held && intent.charge.as_ref().is_some_and(|charge| charge.capture_before <= self.now)
    }

    fn unchanged(&self, intent: &Intent) -> Intent {
        self.state.intent(&intent.id).unwrap_or(intent).clone()
    }

    fn unexpected(&self, intent: &Intent) -> Refusal {
        Refusal::state("payment_intent_unexpected_state", intent, self.public_url)
    }

    /// Answers with the intent, and tells of it or its charge.
    fn done(&self, intent: Intent, form: &Parameters, events: Vec<&'static str>) -> Decision {
        let expands = form.iter().any(|(name, value)| name.starts_with("expand") && value == "latest_charge");
        let charge = if expands { ShowCharge::Whole } else { ShowCharge::Name };
        let told = |kind: &'static str| match (&intent.charge, kind.starts_with("charge.")) {
            (Some(charge), true) => (kind, intent.charge_json(charge)),
            (Some(_) | None, _) => (kind, intent.to_json(ShowCharge::Name, self.public_url)),
        };
        let events = events.into_iter().map(told).collect();
        let body = intent.to_json(charge, self.public_url);
        Decision { intent, status: 200, body, events, last_number: self.last_number }
    }
}

/// Returns how an intent's method makes the simulator behave.
pub(super) fn behaviour(intent: &Intent) -> Option<Behaviour> {
    intent.method.as_deref().and_then(Behaviour::of)
}

fn amount(form: &Parameters, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = value(form, name) else {
        return Ok(None);
    };
    let least = i64::from(name != "amount_to_capture");
    match text.parse::<i64>() {
        Ok(amount) if amount > AMOUNT_MAX => Err(Refusal::invalid("amount_too_large", name)),
        Ok(amount) if amount >= least => Ok(Some(amount)),
        Ok(_) => Err(Refusal::invalid("parameter_invalid_integer", name)),
        Err(_) => Err(Refusal::invalid("parameter_invalid_integer", name)),
    }
}

fn currency(form: &Parameters) -> Result<String, Refusal> {
    let code = value(form, "currency").unwrap_or_default();
    let known = Currency::ALL.iter().any(|currency| currency.code().eq_ignore_ascii_case(code));
    if known { Ok(code.to_ascii_lowercase()) } else { Err(Refusal::invalid("parameter_invalid_string", "currency")) }
}

/// Puts the form's metadata over what there is. An empty value removes its name.
fn merged(kept: &BTreeMap<String, String>, form: &Parameters) -> Result<BTreeMap<String, String>, Refusal> {
    let mut metadata = kept.clone();
    for (name, value) in form {
        let Some(name) = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']')) else {
            continue;
        };
        if value.is_empty() {
            metadata.remove(name);
        } else {
            metadata.insert(name.to_owned(), value.clone());
        }
    }
    if metadata.len() > METADATA_MAX {
        Err(Refusal::invalid("parameter_invalid_map", "metadata"))
    } else {
        Ok(metadata)
    }
}
