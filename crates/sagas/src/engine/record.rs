//! What a process's stream holds, and the process folded from it.

use std::collections::BTreeMap;

use domain::upcast;
use domain::values::{ShortText, TaskId, Timestamp};
use event_store::{Cursor, RecordedEvent, StoreError};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::instance::Ask;
use super::{Process, Reaction, task_id};

/// A fact about a process. Stored names are for ever.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Record<I, S> {
    /// An event of the feed told it something.
    #[serde(rename = "process.told")]
    Told {
        /// What.
        input: I,
        /// The event's position: what is told again from there is known already.
        position: u64,
        /// The conversation that the event belongs to.
        correlation: String,
        /// When it was told, by the shop's clock.
        at: Timestamp,
    },
    /// It asked for something; whoever acts does so after this is stored.
    #[serde(rename = "process.asked")]
    Asked {
        /// Names the ask.
        key: String,
        /// What.
        step: S,
    },
    /// An ask was answered.
    #[serde(rename = "process.answered")]
    Answered {
        /// The ask.
        key: String,
        /// The answer.
        input: I,
        /// When.
        at: Timestamp,
    },
    /// An ask got no answer to rely on and will be tried again.
    #[serde(rename = "process.attempt_failed")]
    AttemptFailed {
        /// The ask.
        key: String,
        /// Which try, from 1.
        attempt: u32,
        /// Why; no personal data.
        why: String,
        /// When it is tried again.
        retry_at: Timestamp,
    },
    /// An ask got no answer in all its tries.
    #[serde(rename = "process.dead_lettered")]
    DeadLettered {
        /// The ask.
        key: String,
        /// Why the last try failed.
        why: String,
    },
    /// It waits for a moment.
    #[serde(rename = "process.timer_set")]
    TimerSet {
        /// Names the timer.
        name: String,
        /// The moment.
        due: Timestamp,
    },
    /// It waits no longer.
    #[serde(rename = "process.timer_stopped")]
    TimerStopped {
        /// The timer.
        name: String,
    },
    /// The moment came.
    #[serde(rename = "process.timer_fired")]
    TimerFired {
        /// The timer.
        name: String,
        /// When.
        at: Timestamp,
    },
    /// A human must decide.
    #[serde(rename = "process.task_opened")]
    TaskOpened {
        /// The task.
        task: ManualTask,
    },
    /// A human decided.
    #[serde(rename = "process.task_decided")]
    TaskDecided {
        /// The task.
        id: TaskId,
        /// The decision.
        decision: TaskDecision,
        /// When.
        at: Timestamp,
    },
    /// What a human was asked is settled without them.
    #[serde(rename = "process.task_withdrawn")]
    TaskWithdrawn {
        /// The task.
        id: TaskId,
    },
    /// It is over.
    #[serde(rename = "process.ended")]
    Ended {
        /// How.
        outcome: String,
    },
}

impl<I, S> Record<I, S> {
    /// Returns the stored name.
    pub fn event_type(&self) -> &'static str {
        match self {
            Record::Told { .. } => "process.told",
            Record::Asked { .. } => "process.asked",
            Record::Answered { .. } => "process.answered",
            Record::AttemptFailed { .. } => "process.attempt_failed",
            Record::DeadLettered { .. } => "process.dead_lettered",
            Record::TimerSet { .. } => "process.timer_set",
            Record::TimerStopped { .. } => "process.timer_stopped",
            Record::TimerFired { .. } => "process.timer_fired",
            Record::TaskOpened { .. } => "process.task_opened",
            Record::TaskDecided { .. } => "process.task_decided",
            Record::TaskWithdrawn { .. } => "process.task_withdrawn",
            Record::Ended { .. } => "process.ended",
        }
    }
}

/// Reads a record of any version as the process knows it today.
pub(crate) fn read_record<P: Process>(event: &RecordedEvent) -> Result<Record<P::Input, P::Step>, StoreError> {
    let RecordedEvent { event_type, event_version, payload, position, .. } = event;
    upcast::read_with(P::UPCASTERS, event_type, event_version, payload.get())
        .map_err(|error| StoreError::Corrupt(format!("a process record at {position} cannot be read: {error}")))
}

/// A question that waits for a human.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualTask {
    /// The task.
    pub id: TaskId,
    /// Names the question within the process.
    pub name: String,
    /// The ask that it is about, where it is a dead letter.
    pub ask: Option<String>,
    /// What is to be decided, for people.
    pub question: String,
    /// The answers to choose from.
    pub choices: Vec<String>,
    /// Since when it waits.
    pub opened_at: Timestamp,
    /// By when what it is about must be done, where there is such a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

/// What a human decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDecision {
    /// One of the task's choices.
    pub choice: String,
    /// Why.
    pub reason: ShortText,
    /// Who: a staff name.
    pub by: String,
}

/// An ask without an answer.
#[derive(Clone, Debug)]
pub(super) struct Pending<S> {
    pub(super) step: S,
    /// The event in which it was asked.
    pub(super) asked: String,
    pub(super) attempts: u32,
    pub(super) retry_at: Option<Timestamp>,
    pub(super) is_dead: bool,
}

impl<S: Clone> Pending<S> {
    /// Returns what is asked, to be performed.
    pub(super) fn ask(&self, key: &str) -> Ask<S> {
        Ask { key: key.to_owned(), step: self.step.clone(), asked: self.asked.clone() }
    }
}

/// A process and everything around it, folded from its stream.
#[derive(Clone, Debug)]
pub(super) struct Folded<P: Process> {
    pub(super) process: P,
    pub(super) version: u64,
    pub(super) told: u64,
    pub(super) asks: BTreeMap<String, Pending<P::Step>>,
    pub(super) timers: BTreeMap<String, Timestamp>,
    pub(super) tasks: BTreeMap<TaskId, ManualTask>,
    pub(super) tasks_opened: u64,
    pub(super) outcome: Option<String>,
    pub(super) correlation: Option<String>,
    /// Its last record, where it was read and nothing was stored after it.
    pub(super) read: Option<Cursor>,
}

impl<P: Process> Default for Folded<P> {
    fn default() -> Self {
        Self {
            process: P::default(),
            version: 0,
            told: 0,
            asks: BTreeMap::new(),
            timers: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tasks_opened: 0,
            outcome: None,
            correlation: None,
            read: None,
        }
    }
}

impl<P: Process> Folded<P> {
    /// Moves on by one record, which is stored as this event.
    pub(super) fn apply(&mut self, record: &Record<P::Input, P::Step>, event_id: Uuid) {
        self.version += 1;
        match record {
            Record::Told { input, position, correlation, at } => {
                self.told = *position;
                self.correlation.get_or_insert_with(|| correlation.clone());
                self.process.react(input, *at);
            }
            Record::Asked { key, step } => {
                let (step, asked) = (step.clone(), event_id.to_string());
                let pending = Pending { step, asked, attempts: 0, retry_at: None, is_dead: false };
                self.asks.insert(key.clone(), pending);
            }
            Record::Answered { key, input, at } => {
                self.asks.remove(key);
                self.process.react(input, *at);
            }
            Record::AttemptFailed { key, attempt, retry_at, .. } => {
                if let Some(pending) = self.asks.get_mut(key) {
                    pending.attempts = *attempt;
                    pending.retry_at = Some(*retry_at);
                }
            }
            Record::DeadLettered { key, .. } => {
                if let Some(pending) = self.asks.get_mut(key) {
                    pending.is_dead = true;
                    pending.retry_at = None;
                }
            }
            Record::TimerSet { name, due } => {
                self.timers.insert(name.clone(), *due);
            }
            Record::TimerStopped { name } => {
                self.timers.remove(name);
            }
            Record::TimerFired { name, at } => {
                self.timers.remove(name);
                self.process.react(&P::timer_input(name), *at);
            }
            Record::TaskOpened { task } => {
                self.tasks_opened += 1;
                self.tasks.insert(task.id.clone(), task.clone());
            }
            Record::TaskDecided { id, decision, at } => self.decide_task(id, decision, *at),
            Record::TaskWithdrawn { id } => _ = self.tasks.remove(id),
            Record::Ended { outcome } => {
                self.outcome = Some(outcome.clone());
                self.timers.clear();
            }
        }
    }

    fn decide_task(&mut self, id: &TaskId, decision: &TaskDecision, at: Timestamp) {
        let Some(task) = self.tasks.remove(id) else { return };
        match task.ask {
            Some(key) if decision.choice == "retry" => {
                if let Some(pending) = self.asks.get_mut(&key) {
                    (pending.attempts, pending.retry_at, pending.is_dead) = (0, None, false);
                }
            }
            Some(key) => {
                if let Some(pending) = self.asks.remove(&key) {
                    self.process.react(&P::gave_up_input(&pending.step), at);
                }
            }
            None => _ = self.process.react(&P::decision_input(&task.name, &decision.choice), at),
        }
    }

    /// Returns whether it is over and owes nothing.
    pub(super) fn is_over(&self) -> bool {
        self.outcome.is_some() && self.asks.is_empty() && self.tasks.is_empty()
    }

    /// Returns the records that a reaction leads to, in the order they are stored.
    pub(super) fn records_of(
        &self,
        reaction: Reaction<P::Step>,
        id: &str,
        at: Timestamp,
    ) -> Vec<Record<P::Input, P::Step>> {
        let mut records = Vec::new();
        for name in reaction.stops.into_iter().filter(|name| self.timers.contains_key(name)) {
            records.push(Record::TimerStopped { name });
        }
        records.extend(reaction.timers.into_iter().map(|(name, due)| Record::TimerSet { name, due }));
        records.extend(reaction.asks.into_iter().map(|step| Record::Asked { key: P::key(&step), step }));
        let settled = |task: &&ManualTask| task.ask.is_none() && reaction.withdraws.contains(&task.name);
        records.extend(self.tasks.values().filter(settled).map(|task| Record::TaskWithdrawn { id: task.id.clone() }));
        if let Some(new) = reaction.task {
            let task = ManualTask {
                id: task_id(P::KIND, id, &new.name, self.tasks_opened),
                name: new.name,
                ask: None,
                question: new.question,
                choices: new.choices,
                opened_at: at,
                due_at: new.due_at,
            };
            records.push(Record::TaskOpened { task });
        }
        if let Some(outcome) = reaction.end {
            records.push(Record::Ended { outcome: outcome.to_owned() });
        }
        records
    }
}
