//! The payment provider: the simulator of Stripe's wire format behind a faulty network, whose books are the truth about
//! money. Every effect is noted by its name, to show that it happened once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use gateways::simulator::{LedgerLine, SimulatorSettings, StripeSimulator};
use gateways::stripe::{
    InProcessTransport, StripeAnswer, StripeRequest, StripeTransport, TIMEOUT, TransportError, WebhookSecret,
};
use serde_json::{Value, json};

use crate::bugs::Bug;
use crate::clock::{DAY, WorldClock};
use crate::dice::mixed;
use crate::faults::Fault;
use crate::port::Port;
use crate::world::{World, held};

const SEND: [Fault; 8] = [
    Fault::ProviderUnreachable,
    Fault::RequestLost,
    Fault::RequestLate,
    Fault::ProviderAnswerLost,
    Fault::ProviderSlow,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Freeze,
];

/// The provider, and how often each thing that it was asked for happened there.
pub(crate) struct Provider {
    pub(crate) simulator: StripeSimulator,
    transport: InProcessTransport,
    pub(crate) secret: WebhookSecret,
    effects: Mutex<BTreeMap<String, u64>>,
}

impl Provider {
    pub(crate) fn open(clock: &Arc<WorldClock>, seed: u64) -> Self {
        let text = format!("whsec_{:016x}{:016x}", mixed(seed), mixed(seed.wrapping_add(1)));
        let secret = WebhookSecret::new(&text).expect("the secret is long enough");
        let clock = clock.clone();
        let settings = SimulatorSettings {
            journal: None,
            webhook_secret: secret.clone(),
            public_url: String::new(),
            clock: Arc::new(move || clock.now()),
        };
        let simulator = StripeSimulator::open(settings).expect("without a journal nothing can fail");
        let transport = InProcessTransport::new(simulator.router());
        Self { simulator, transport, secret, effects: Mutex::default() }
    }

    pub(crate) fn ledger(&self) -> Vec<LedgerLine> {
        self.simulator.ledger()
    }

    async fn perform(&self, world: &World, request: StripeRequest) -> Result<StripeAnswer, TransportError> {
        let name = effect_of(&request);
        let answer = self.transport.send(request).await?;
        if answer.status == 200
            && !answer.replayed
            && let Some(name) = name
        {
            let times = {
                let mut effects = held(&self.effects);
                let times = effects.entry(name.clone()).or_default();
                *times += 1;
                *times
            };
            world.note(|| format!("the provider did {name}"));
            if times > 1 {
                world.violate("I7 once at the provider", format!("{name} happened {times} times"));
            }
        }
        Ok(answer)
    }
}

fn value<'a>(request: &'a StripeRequest, name: &str) -> Option<&'a str> {
    request.form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Names what a request may have as an effect by our own names, whatever its key.
fn effect_of(request: &StripeRequest) -> Option<String> {
    let payment = || value(request, "metadata[payment]").unwrap_or_default().to_owned();
    if request.path == "/v1/payment_intents" && value(request, "confirm") == Some("true") {
        return Some(format!("hold/{}", payment()));
    }
    if request.path.ends_with("/capture") {
        let capture = value(request, "metadata[capture]").filter(|name| !name.is_empty())?;
        return Some(format!("capture/{}/{capture}", request.path));
    }
    let refund = (request.path == "/v1/refunds").then(|| value(request, "metadata[refund]")).flatten()?;
    Some(format!("refund/{}/{refund}", payment()))
}

/// A process's way to the provider.
pub(crate) struct ProcessTransport(pub(crate) Port);

#[async_trait]
impl StripeTransport for ProcessTransport {
    async fn send(&self, mut request: StripeRequest) -> Result<StripeAnswer, TransportError> {
        let world = &self.0.world;
        let fault = self.0.enter(&SEND, || format!("{} {}", request.method, request.path)).await;
        if let Some(answer) = answered_without_asking(world, &request) {
            return Ok(answer);
        }
        spoil(world, &mut request);
        let guess = world.bug.and_then(|bug| guessed(bug, &request));
        match fault {
            Some(Fault::ProviderUnreachable) => return Err(TransportError::Unreachable),
            Some(Fault::RequestLost) => {
                world.pause(TIMEOUT).await;
                return guess.ok_or(TransportError::Timeout);
            }
            Some(Fault::RequestLate) => {
                self.arrive_late(request.clone());
                world.pause(Duration::from_secs(3)).await;
                return guess.ok_or(TransportError::Timeout);
            }
            _ => {}
        }
        let is_capture = request.path.ends_with("/capture");
        let answer = world.provider.perform(world, request).await.map(|answer| believed(world, is_capture, answer));
        self.0.leave(fault).await;
        match fault {
            Some(Fault::ProviderAnswerLost) => guess.ok_or(TransportError::Timeout),
            _ => answer,
        }
    }
}

impl ProcessTransport {
    /// Lets a request arrive after its sender has stopped waiting for it.
    fn arrive_late(&self, request: StripeRequest) {
        let world = self.0.world.clone();
        let seconds = 4 + world.faults.chance() % 90;
        tokio::spawn(async move {
            world.pause(Duration::from_secs(seconds)).await;
            // Nobody hears what comes of it.
            _ = world.provider.perform(&world, request).await;
        });
    }
}

fn spoil(world: &World, request: &mut StripeRequest) {
    let is_capture = request.path.ends_with("/capture");
    let forgets_key = match world.bug {
        Some(Bug::HoldWithoutKey) => value(request, "confirm").is_some(),
        Some(Bug::CaptureWithoutKey) => is_capture,
        Some(Bug::RefundWithoutKey) => request.path == "/v1/refunds",
        _ => false,
    };
    if forgets_key {
        request.idempotency_key = None;
    }
    if world.has(Bug::CaptureRoundedDown) && is_capture {
        for (name, value) in &mut request.form {
            if name == "amount_to_capture"
                && let Ok(amount @ 2..) = value.parse::<i64>()
            {
                *value = (amount - 1).to_string();
            }
        }
    }
}

fn answer(body: &Value) -> StripeAnswer {
    StripeAnswer { status: 200, replayed: false, body: body.to_string().into_bytes() }
}

/// Returns what a shop reads that believes every hold to stand for ever.
fn believed(world: &World, is_capture: bool, told: StripeAnswer) -> StripeAnswer {
    if !world.has(Bug::ExpiredHoldStands) {
        return told;
    }
    let Ok(mut body) = serde_json::from_slice::<Value>(&told.body) else { return told };
    let is_over = matches!(
        body["error"]["code"].as_str(),
        Some("charge_expired_for_capture" | "payment_intent_unexpected_state")
    );
    if is_capture && is_over {
        return answer(&intent("succeeded"));
    }
    if let Some(until) = body.pointer_mut("/latest_charge/payment_method_details/card/capture_before") {
        *until = json!(until.as_i64().unwrap_or_default() + 400 * DAY);
    }
    StripeAnswer { body: body.to_string().into_bytes(), ..told }
}

fn intent(status: &str) -> Value {
    json!({ "id": "pi_imagined", "status": status, "amount": 100, "currency": "eur", "created": 0 })
}

/// Answers in the provider's place, where a mistake keeps a request from it.
fn answered_without_asking(world: &World, request: &StripeRequest) -> Option<StripeAnswer> {
    let is_cancel = request.path.ends_with("/cancel");
    let is_claim = request.path == "/v1/payment_intents" && value(request, "confirm").is_none();
    let is_forgotten = match world.bug? {
        Bug::VoidForgotten => is_cancel,
        Bug::ClaimForgotten => (is_claim && request.method == "POST") || request.path.contains("pi_imagined"),
        _ => false,
    };
    is_forgotten.then(|| answer(&intent("canceled")))
}

/// Says what a mistaken shop takes a silence for.
fn guessed(bug: Bug, request: &StripeRequest) -> Option<StripeAnswer> {
    match bug {
        Bug::SilenceIsVoid if request.path.ends_with("/cancel") => Some(answer(&intent("canceled"))),
        Bug::SilenceIsCapture if request.path.ends_with("/capture") => Some(answer(&intent("succeeded"))),
        _ => None,
    }
}
