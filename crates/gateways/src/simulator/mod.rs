//! A payment provider for demonstrations and tests: Stripe's wire format (<https://docs.stripe.com/api>), a true state
//! machine, idempotency keys, signed webhooks and a bank's page, in this process or on a port.
//!
//! It owns its intents, keys and webhooks, in memory and, when asked, in a journal file; all of them are kept for ever.
//! It asks for no secret key. It never sleeps: what is late is late until [`StripeSimulator::release_webhooks`].
//!
//! What a payment does follows from its method's token:
//!
//! | token | what happens |
//! | --- | --- |
//! | `pm_card_visa`, `pm_card_mastercard`, `pm_card_amex` | everything works |
//! | `pm_card_chargeDeclined` | the bank declines with `generic_decline` |
//! | `pm_card_chargeDeclinedInsufficientFunds` | the bank declines with `insufficient_funds` |
//! | `pm_card_threeDSecure2Required` | the buyer must act at `/simulator/3ds/{id}` |
//! | `pm_card_timeout` | creating, capturing and refunding happen, and the first answer under each key is lost; the second attempt is answered |
//! | `pm_card_timeoutBefore` | creating has no effect and no answer, however often it is tried |
//! | `pm_card_unavailable` | creating, capturing and refunding answer 503 the first two times under each key, then work |
//! | `pm_card_renewalFails` | the bank declines with `expired_card` where the buyer is not there, and works otherwise |
//! | `pm_card_captureFails` | captures are refused with `generic_decline`; letting go works |
//! | `pm_card_refundFails` | refunds answer `failed` with `expired_or_canceled_card` |
//! | `pm_card_refundPending` | refunds answer `pending`; a webhook then tells `succeeded` |
//! | `pm_card_webhooksTwice` | each webhook comes twice, under one id |
//! | `pm_card_webhooksLate` | webhooks wait for [`StripeSimulator::release_webhooks`] |
//! | `pm_card_webhooksReordered` | each webhook waits for the next one of its payment and comes after it |
//!
//! Without its buyer (`off_session`) a bank that wants to see them declines with `authentication_required`.
//! The names in the first four rows are Stripe's own (<https://docs.stripe.com/testing>); any other token is
//! refused as `resource_missing`. A hold ends after 7 days: a later capture is refused, and
//! [`StripeSimulator::expire_holds`] cancels what has ended.

mod challenge;
mod intent;
mod journal;
mod ledger;
mod method;
mod operations;
mod outbox;
mod refusal;
mod routes;
mod state;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use domain::values::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

pub use intent::IntentStatus;
pub use journal::JournalError;
pub use ledger::LedgerLine;
pub use outbox::WEBHOOKS_MAX;

use crate::form::{self, Form, value};
use crate::stripe::{WebhookSecret, hexadecimal};
use intent::{Intent, ShowCharge};
use journal::{Change, Journal, KeptAnswer, Line};
use method::Behaviour;
use operations::{Decision, Desk, Operation, behaviour};
use outbox::Notice;
use refusal::Refusal;
use state::State;

/// How often [`Behaviour::Unavailable`] refuses under one key.
const REFUSALS_PER_KEY: u8 = 2;

/// The most intents on one page of a search (<https://docs.stripe.com/api/pagination/search>).
const PAGE_SIZE: usize = 10;

/// Tells the present moment.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a simulator needs.
#[derive(Clone)]
pub struct SimulatorSettings {
    /// The file it remembers in. `None`: it forgets everything when it is dropped.
    pub journal: Option<PathBuf>,
    /// What it signs webhooks with.
    pub webhook_secret: WebhookSecret,
    /// What is put before `/simulator/3ds/…`: empty or an origin such as `http://localhost:8080`.
    pub public_url: String,
    /// Its clock.
    pub clock: Clock,
}

/// A webhook, signed for the moment it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The notice's id, as in the body.
    pub id: String,
    /// The value of the header `Stripe-Signature`.
    pub signature: String,
    /// The JSON body.
    pub body: Vec<u8>,
}

/// Why a buyer's answer has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payment waits for no answer of its buyer")]
pub struct NoChallenge;

/// Plays a payment provider. Clones share one state.
#[derive(Clone)]
pub struct StripeSimulator {
    shared: Arc<Shared>,
}

struct Shared {
    desk: Mutex<Inner>,
    settings: SimulatorSettings,
    opened: i64,
    webhook_ready: Notify,
}

struct Inner {
    state: State,
    journal: Option<Journal>,
    refusals: HashMap<String, u8>,
}

/// What a request is answered with.
struct Answer {
    status: u16,
    body: String,
    is_replayed: bool,
    is_lost: bool,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self { status: refusal.status, body: refusal.body.to_string(), is_replayed: false, is_lost: false }
    }
}

impl StripeSimulator {
    /// Opens a simulator; with a journal, where it was left. Webhooks that were not accepted come again.
    ///
    /// # Errors
    /// [`JournalError`] when the journal cannot be used.
    pub fn open(settings: SimulatorSettings) -> Result<Self, JournalError> {
        let mut state = State::default();
        let journal = match &settings.journal {
            Some(path) => Some(Journal::open(path, |line| state.apply(line))?),
            None => None,
        };
        let opened = (settings.clock)().micros();
        let desk = Mutex::new(Inner { state, journal, refusals: HashMap::new() });
        Ok(Self { shared: Arc::new(Shared { desk, settings, opened, webhook_ready: Notify::new() }) })
    }

    /// Returns the simulator as a service, to be called in process or served on a port.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// Lets the buyer approve at the bank.
    ///
    /// # Errors
    /// [`NoChallenge`] when the payment waits for no answer.
    pub fn approve_challenge(&self, reference: &str) -> Result<(), NoChallenge> {
        self.answer_challenge(reference, Challenge::Approved)
    }

    /// Lets the buyer decline at the bank.
    ///
    /// # Errors
    /// [`NoChallenge`] when the payment waits for no answer.
    pub fn decline_challenge(&self, reference: &str) -> Result<(), NoChallenge> {
        self.answer_challenge(reference, Challenge::Declined)
    }

    /// Cancels every intent whose hold has ended by now. Returns how many. Looks at every intent.
    pub fn expire_holds(&self) -> usize {
        let mut inner = self.inner();
        let desk = self.desk(&inner.state);
        let ended: Vec<Intent> = inner.state.intents().filter(|intent| desk.is_expired(intent)).cloned().collect();
        let mut count = 0;
        for intent in ended {
            let decision = self.desk(&inner.state).cancelled(intent);
            count += usize::from(self.make(&mut inner, decision, None).is_ok());
        }
        count
    }

    /// Takes every webhook that is ready, signed for now. Each stays out until [`Self::accept_webhook`] or
    /// [`Self::return_webhook`].
    pub fn take_webhooks(&self) -> Vec<Webhook> {
        let mut inner = self.inner();
        std::iter::from_fn(|| inner.state.outbox.take()).map(|notice| self.signed(notice)).collect()
    }

    /// Waits for a webhook and takes it. Cancel-safe: none is lost when the wait is dropped.
    pub async fn next_webhook(&self) -> Webhook {
        loop {
            if let Some(webhook) = self.try_next_webhook() {
                return webhook;
            }
            self.shared.webhook_ready.notified().await;
        }
    }

    /// Signs any body for now, as its own webhooks are.
    pub fn sign(&self, body: &[u8]) -> String {
        self.shared.settings.webhook_secret.sign(body, (self.shared.settings.clock)())
    }

    /// Says that the shop has accepted a webhook: it does not come again, also after a restart.
    pub fn accept_webhook(&self, id: &str) {
        let mut inner = self.inner();
        if inner.state.outbox.accept(id) {
            let line = Line::Accepted { notice: id.to_owned() };
            if let Err(error) = inner.write(&line) {
                tracing::error!(notice = id, %error, "the payment simulator could not note an accepted webhook");
            }
        }
    }

    /// Says that the shop has not accepted a webhook: it comes again, behind those that wait.
    pub fn return_webhook(&self, id: &str) {
        if self.inner().state.outbox.put_back(id) {
            self.shared.webhook_ready.notify_one();
        }
    }

    /// Lets every webhook go that is held back by its payment's method.
    pub fn release_webhooks(&self) {
        let mut inner = self.inner();
        match inner.write(&Line::Released) {
            Ok(()) => inner.state.apply(Line::Released),
            Err(error) => tracing::error!(%error, "the payment simulator could not note the release of webhooks"),
        }
        self.shared.webhook_ready.notify_one();
    }

    /// Returns what every intent holds, took and gave back, oldest first.
    pub fn ledger(&self) -> Vec<LedgerLine> {
        let mut lines: Vec<LedgerLine> = self.inner().state.intents().filter_map(LedgerLine::of).collect();
        lines.sort_by(|a, b| a.reference.cmp(&b.reference));
        lines
    }

    fn try_next_webhook(&self) -> Option<Webhook> {
        let mut inner = self.inner();
        let notice = inner.state.outbox.take()?;
        if inner.state.outbox.has_ready() {
            self.shared.webhook_ready.notify_one();
        }
        Some(self.signed(notice))
    }

    fn signed(&self, notice: Notice) -> Webhook {
        let body = notice.body.into_bytes();
        Webhook { signature: self.sign(&body), id: notice.id, body }
    }

    fn intent(&self, id: &str) -> Option<Intent> {
        self.inner().state.intent(id).cloned()
    }

    fn retrieve(&self, id: &str, form: &Form) -> Answer {
        let expands = form.iter().any(|(name, value)| name.starts_with("expand") && value == "latest_charge");
        match self.intent(id) {
            Some(intent) => found(&intent.to_json(shown(expands), &self.shared.settings.public_url)),
            None => Refusal::missing().into(),
        }
    }

    /// Answers the one query there is: `metadata['payment']:'…'`.
    fn search(&self, form: &Form) -> Answer {
        let expands = form.iter().any(|(name, value)| name.starts_with("expand") && value == "data.latest_charge");
        let query = value(form, "query").unwrap_or_default();
        let Some(payment) = query.strip_prefix("metadata['payment']:'").and_then(|rest| rest.strip_suffix('\'')) else {
            return Refusal::uncoded().into();
        };
        let inner = self.inner();
        let public_url = &self.shared.settings.public_url;
        let intents = inner.state.of_payment(payment).take(PAGE_SIZE);
        let page: Vec<_> = intents.map(|intent| intent.to_json(shown(expands), public_url)).collect();
        found(
            &json!({ "object": "search_result", "data": page, "has_more": false, "url": "/v1/payment_intents/search" }),
        )
    }

    /// Does what a request asks, once per key.
    fn perform(&self, operation: &Operation, key: Option<&str>, form: &Form) -> Answer {
        let mut inner = self.inner();
        let print = fingerprint(operation, form);
        if let Some(kept) = key.and_then(|key| inner.state.kept(key)) {
            if kept.fingerprint != print {
                return Refusal::key_taken().into();
            }
            return Answer { status: kept.status, body: kept.body.clone(), is_replayed: true, is_lost: false };
        }
        let behaviour = asked_behaviour(&inner.state, operation, form);
        if behaviour == Some(Behaviour::RequestLost) && *operation == Operation::Create {
            return Answer { is_lost: true, ..Refusal::overloaded().into() };
        }
        if behaviour == Some(Behaviour::Unavailable) && inner.refuses(key) {
            return Refusal::overloaded().into();
        }
        let decision = match self.desk(&inner.state).decide(operation, form) {
            Ok(decision) => decision,
            Err(refusal) => return refusal.into(),
        };
        let (status, body) = (decision.status, decision.body.to_string());
        let kept = key.map(|key| KeptAnswer { key: key.to_owned(), fingerprint: print, status, body: body.clone() });
        match self.make(&mut inner, decision, kept) {
            Ok(()) => {
                let is_lost = key.is_some() && behaviour == Some(Behaviour::AnswerLost);
                Answer { status, body, is_replayed: false, is_lost }
            }
            Err(refusal) => refusal.into(),
        }
    }

    fn answer_challenge(&self, reference: &str, challenge: Challenge) -> Result<(), NoChallenge> {
        let mut inner = self.inner();
        let approved = challenge == Challenge::Approved;
        let decision = self.desk(&inner.state).answer_challenge(reference, approved).map_err(|_| NoChallenge)?;
        self.make(&mut inner, decision, None).map_err(|_| NoChallenge)
    }

    /// Journals a decision, then lets it happen.
    fn make(&self, inner: &mut Inner, decision: Decision, kept: Option<KeptAnswer>) -> Result<(), Refusal> {
        let Decision { intent, events, last_number, .. } = decision;
        let mut desk = self.desk(&inner.state);
        desk.last_number = last_number;
        let delivery = behaviour(&intent).map_or(outbox::Delivery::Once, Behaviour::delivery);
        let mut notices = Vec::with_capacity(events.len());
        for (kind, object) in events {
            let id = desk.name("evt");
            let body = json!({
                "id": id, "object": "event", "api_version": crate::stripe::VERSION, "created": desk.now,
                "data": { "object": object }, "livemode": false, "type": kind,
            });
            notices.push(Notice { id, intent: intent.id.clone(), delivery, body: body.to_string() });
        }
        let last_number = desk.last_number;
        let line = Line::Changed(Box::new(Change { intent, kept, notices, last_number }));
        if let Err(error) = inner.write(&line) {
            tracing::error!(%error, "the payment simulator could not write its journal");
            return Err(Refusal::broken());
        }
        inner.state.apply(line);
        self.shared.webhook_ready.notify_one();
        Ok(())
    }

    fn desk<'a>(&'a self, state: &'a State) -> Desk<'a> {
        let settings = &self.shared.settings;
        Desk {
            state,
            now: (settings.clock)().micros().div_euclid(1_000_000),
            opened: self.shared.opened,
            public_url: &settings.public_url,
            last_number: state.last_number(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn write(&mut self, line: &Line) -> std::io::Result<()> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(line))
    }

    /// Counts the refusals under a key. Without a key, every attempt is the first.
    fn refuses(&mut self, key: Option<&str>) -> bool {
        let Some(key) = key else {
            return true;
        };
        let count = self.refusals.entry(key.to_owned()).or_default();
        *count += 1;
        let refuses = *count <= REFUSALS_PER_KEY;
        if !refuses {
            self.refusals.remove(key);
        }
        refuses
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Challenge {
    Approved,
    Declined,
}

fn asked_behaviour(state: &State, operation: &Operation, form: &Form) -> Option<Behaviour> {
    match operation {
        Operation::Create => value(form, "payment_method").and_then(Behaviour::of),
        Operation::Capture { intent } => state.intent(intent).and_then(behaviour),
        Operation::Refund => value(form, "payment_intent").and_then(|id| state.intent(id)).and_then(behaviour),
        Operation::Confirm { .. } | Operation::Cancel { .. } => None,
    }
}

fn fingerprint(operation: &Operation, form: &Form) -> String {
    let mut sorted = form.clone();
    sorted.sort();
    let text = format!("{operation:?} {}", form::encode(&sorted));
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

fn shown(expands: bool) -> ShowCharge {
    if expands { ShowCharge::Whole } else { ShowCharge::Name }
}

fn found(body: &serde_json::Value) -> Answer {
    Answer { status: 200, body: body.to_string(), is_replayed: false, is_lost: false }
}
