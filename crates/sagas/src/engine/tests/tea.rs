//! A toy process: grind and boil side by side, pour, served. What it does to the world are events of a stream.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use app::bus::{CommandKey, decode};
use domain::stock::StockEvent;
use serde::Deserialize;

use super::*;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TeaInput {
    Ordered { units: i64 },
    Nudged { units: i64 },
    Did { step: String },
    WentCold,
    Decided { task: String, choice: String },
    GaveUp { step: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TeaStep {
    pub(super) name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TeaStatus {
    pub(super) is_ordered: bool,
    pub(super) is_over: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tea {
    pub(super) is_ordered: bool,
    pub(super) is_over: bool,
    pub(super) done: std::collections::BTreeSet<String>,
    pub(super) nudges: Vec<i64>,
}

/// A nudge of so many units starts a timer.
pub(super) const TO_LET_STAND: i64 = 2;
/// A nudge of so many units says that nobody need ask what goes into it.
pub(super) const TO_LEAVE_PLAIN: i64 = 101;

fn step(name: impl Into<String>) -> TeaStep {
    TeaStep { name: name.into() }
}

impl Tea {
    fn did(&mut self, name: &str) -> Reaction<TeaStep> {
        if !self.done.insert(name.to_owned()) {
            return Reaction::default();
        }
        let is_ready = self.done.contains("grind") && self.done.contains("boil");
        match name {
            "grind" | "boil" if is_ready => Reaction::ask([step("pour")]),
            "pour" => self.end("served"),
            "ask" => Reaction::default().task("milk", "milk or lemon?", &["milk", "lemon"]),
            _ => Reaction::default(),
        }
    }

    fn end(&mut self, outcome: &'static str) -> Reaction<TeaStep> {
        self.is_over = true;
        Reaction::default().stop("cold").end(outcome)
    }
}

impl Process for Tea {
    type Input = TeaInput;
    type Step = TeaStep;
    type Status = TeaStatus;

    const KIND: &'static str = "tea";
    const LISTENS: &'static [&'static str] = &["stock"];

    fn hear(event: &RecordedEvent) -> Result<Option<Told<TeaInput>>, AppError> {
        if &*event.stream.id != "orders@bar" {
            return Ok(None);
        }
        Ok(match decode(event)? {
            StockEvent::Received { quantity, reference } => {
                Some(Told::To(reference.to_string(), TeaInput::Ordered { units: quantity.units() }))
            }
            StockEvent::WrittenOff { quantity, reason } => {
                Some(Told::To(reason.to_string(), TeaInput::Nudged { units: quantity.units() }))
            }
            _ => None,
        })
    }

    fn key(step: &TeaStep) -> String {
        step.name.clone()
    }

    /// Water that was boiled or poured for nothing does no harm.
    fn may_begin_early(step: &TeaStep) -> bool {
        matches!(step.name.as_str(), "boil" | "pour")
    }

    fn begins(input: &TeaInput) -> bool {
        matches!(input, TeaInput::Ordered { .. })
    }

    fn react(&mut self, input: &TeaInput, at: Timestamp) -> Reaction<TeaStep> {
        match input {
            TeaInput::Ordered { .. } if self.is_ordered => Reaction::default(),
            TeaInput::Ordered { units } => {
                self.is_ordered = true;
                let asks = match units {
                    2 => Vec::new(),
                    3 => vec![step("ask")],
                    _ => vec![step("grind"), step("boil")],
                };
                Reaction::ask(asks).wait("cold", at.plus_seconds(600))
            }
            TeaInput::Nudged { units: TO_LEAVE_PLAIN } => {
                self.end("plain").withdraw("milk").withdraw("dead_letter/ask")
            }
            TeaInput::Nudged { units } => {
                self.nudges.push(*units);
                let name = if self.is_over { "wipe" } else { "stir" };
                let stir = Reaction::ask([step(format!("{name}/{units}"))]);
                // Half an hour and it is to be warmed, however it began.
                if *units == TO_LET_STAND { stir.wait("stood", at.plus_seconds(1_800)) } else { stir }
            }
            TeaInput::Did { step } => self.did(step),
            TeaInput::WentCold => Reaction::ask([step("warm")]),
            TeaInput::Decided { choice, .. } if choice == "milk" => self.end("with milk"),
            TeaInput::Decided { .. } => self.end("with lemon"),
            TeaInput::GaveUp { .. } => self.end("spoilt"),
        }
    }

    fn timer_input(_name: &str) -> TeaInput {
        TeaInput::WentCold
    }

    fn decision_input(task: &str, choice: &str) -> TeaInput {
        TeaInput::Decided { task: task.to_owned(), choice: choice.to_owned() }
    }

    fn gave_up_input(step: &TeaStep) -> TeaInput {
        TeaInput::GaveUp { step: step.name.clone() }
    }

    fn status(&self) -> TeaStatus {
        TeaStatus { is_ordered: self.is_ordered, is_over: self.is_over }
    }
}

/// Performs steps: each is an event under the step's own command id, so doing it twice is once.
pub(super) struct Hands {
    shop: Shop,
    failures: Mutex<BTreeMap<String, VecDeque<StepError>>>,
    performed: Mutex<Vec<String>>,
}

impl Hands {
    pub(super) fn new(shop: Shop) -> Self {
        Self { shop, failures: Mutex::default(), performed: Mutex::default() }
    }

    /// Lets a step fail the next times it is performed.
    pub(super) fn fail(&self, step: &str, failures: impl IntoIterator<Item = StepError>) {
        self.failures.lock().expect("nobody panics").entry(step.to_owned()).or_default().extend(failures);
    }

    /// Returns how often a step was begun here.
    pub(super) fn performed(&self, step: &str) -> usize {
        self.performed.lock().expect("nobody panics").iter().filter(|name| *name == step).count()
    }

    async fn is_recorded(&self, id: &str, key: &str) -> bool {
        let stream = StreamId::new(Tea::KIND, id);
        let events = self.shop.bus.store().read_stream(&stream, 0, PAGE_EVENTS_MAX).await.expect("the log is there");
        events.iter().any(|event| {
            let record: TeaRecord = serde_json::from_str(event.payload.get()).expect("a record");
            matches!(record, Record::Asked { key: asked, .. } if asked == key)
        })
    }
}

#[async_trait]
impl Worker<Tea> for Hands {
    async fn perform(&self, id: &str, step: &TeaStep, request: &Request) -> Result<TeaInput, StepError> {
        let may_be_done = Tea::may_begin_early(step) || self.is_recorded(id, &step.name).await;
        assert!(may_be_done, "{} is performed before it is recorded", step.name);
        self.performed.lock().expect("nobody panics").push(step.name.clone());
        let failure = self.failures.lock().expect("nobody panics").get_mut(&step.name).and_then(VecDeque::pop_front);
        if let Some(failure) = failure {
            return Err(failure);
        }
        let command = request.cause.command.clone();
        let key = CommandKey { key: command.clone(), fingerprint: step.name.clone() };
        let effect = StockCommand::Receive { quantity: units(1), reference: text(&command) };
        let request = request.clone().keyed(Some(key));
        match self.shop.bus.execute::<Stock>("effects@bar", &request, effect).await {
            Ok(_) => Ok(TeaInput::Did { step: step.name.clone() }),
            Err(error) => Err(StepError::Later(error.to_string())),
        }
    }

    async fn owner(&self, _stream: &StreamId) -> Result<Option<String>, AppError> {
        Ok(None)
    }
}

/// Returns the steps that were done to the world, in the order of their names.
pub(super) fn effects(events: &[Arc<RecordedEvent>]) -> Vec<String> {
    let mut found: Vec<_> = events
        .iter()
        .filter(|event| &*event.stream.id == "effects@bar")
        .filter_map(|event| match decode(event).expect("an event of stock") {
            StockEvent::Received { reference, .. } => Some(reference.to_string()),
            _ => None,
        })
        .collect();
    found.sort_unstable();
    found
}
