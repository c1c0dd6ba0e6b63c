//! The engine every process runs on.
//!
//! A process is a decider too: `react(state, input) → state, asks`, pure. Its own stream records what it was
//! told, what it asked for, what it waits for and what was answered: the log is inbox, outbox, timer table and
//! dead-letter queue. **Record before acting**: an ask is in the log before anyone acts on it, so after a crash it is
//! asked again, under the same key, and everything that is asked can be asked twice. Only steps that every undo takes
//! back unasked are performed while they are recorded ([`Process::may_begin_early`], docs/adr/0012).
//!
//! Rules: an ask that gives no answer to rely on is tried again after [`RETRY_AFTER_SECONDS`]; after the last try it is a
//! dead letter and a [`ManualTask`] is opened. What comes from the feed is told in order of position, once.

mod advance;
mod begun;
mod instance;
mod record;
mod recovery;
mod router;
mod runner;
#[cfg(test)]
mod tests;
mod turns;
mod waiting;

use std::time::Duration;

use app::bus::Request;
use app::error::AppError;
use async_trait::async_trait;
use domain::upcast::Upcaster;
use domain::values::{TaskId, Timestamp};
use event_store::{RecordedEvent, StreamId};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use record::read_record;
pub use record::{ManualTask, Record, TaskDecision};
pub use runner::{EngineError, OpenTask, Runner, RunnerStatus};

/// How long after each failed try an ask is tried again, seconds; then it is a dead letter. The schedule of docs/runbook.md.
pub const RETRY_AFTER_SECONDS: [i64; 8] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/// The choices of a task that was opened for a dead letter.
pub const DEAD_LETTER_CHOICES: [&str; 2] = ["retry", "give_up"];

/// What a process does about an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction<S> {
    /// What it asks for now, side by side.
    pub asks: Vec<S>,
    /// Timers it sets, by name; a set one is set anew.
    pub timers: Vec<(String, Timestamp)>,
    /// Timers it stops.
    pub stops: Vec<String>,
    /// Questions that are settled without a human, by name: whoever was asked need not decide them any more.
    pub withdraws: Vec<String>,
    /// A question that a human must decide.
    pub task: Option<NewTask>,
    /// How it ended; nothing is asked after it.
    pub end: Option<&'static str>,
}

impl<S> Default for Reaction<S> {
    fn default() -> Self {
        Self { asks: Vec::new(), timers: Vec::new(), stops: Vec::new(), withdraws: Vec::new(), task: None, end: None }
    }
}

impl<S> Reaction<S> {
    /// Asks for some steps.
    pub fn ask(asks: impl IntoIterator<Item = S>) -> Self {
        Self { asks: asks.into_iter().collect(), ..Self::default() }
    }

    /// Returns whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.asks.is_empty()
            && self.timers.is_empty()
            && self.stops.is_empty()
            && self.withdraws.is_empty()
            && self.task.is_none()
            && self.end.is_none()
    }

    /// Sets a timer.
    #[must_use]
    pub fn wait(mut self, name: impl Into<String>, due: Timestamp) -> Self {
        self.timers.push((name.into(), due));
        self
    }

    /// Stops a timer.
    #[must_use]
    pub fn stop(mut self, name: impl Into<String>) -> Self {
        self.stops.push(name.into());
        self
    }

    /// Withdraws the open tasks of a name; a dead letter's is not withdrawn, because nothing but an answer settles an ask.
    #[must_use]
    pub fn withdraw(mut self, name: impl Into<String>) -> Self {
        self.withdraws.push(name.into());
        self
    }

    /// Opens a task.
    #[must_use]
    pub fn task(mut self, name: impl Into<String>, question: impl Into<String>, choices: &[&str]) -> Self {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        self.task = Some(NewTask { name: name.into(), question: question.into(), choices, due_at: None });
        self
    }

    /// Says by when what the task is about must be done.
    #[must_use]
    pub fn due(mut self, at: Timestamp) -> Self {
        self.task = self.task.map(|task| NewTask { due_at: Some(at), ..task });
        self
    }

    /// Ends the process.
    #[must_use]
    pub fn end(mut self, outcome: &'static str) -> Self {
        self.end = Some(outcome);
        self
    }
}

/// A question for a human.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// Names the question within the process.
    pub name: String,
    /// What is to be decided, for people; no personal data.
    pub question: String,
    /// The answers to choose from.
    pub choices: Vec<String>,
    /// By when what it is about must be done, where there is such a moment.
    pub due_at: Option<Timestamp>,
}

/// A process. `Default` is the state before the first input.
pub trait Process: Clone + Default + PartialEq + Send + Sync + 'static {
    /// What the process is told, by the feed or in answer to an ask.
    type Input: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync;
    /// What the process asks for.
    type Step: Serialize + DeserializeOwned + Clone + std::fmt::Debug + Send + Sync;
    /// What others may know of it.
    type Status: Clone + Default + PartialEq + Send + Sync;

    /// The kind of its stream; a stored name, for ever.
    const KIND: &'static str;
    /// The stream kinds of the feed it listens to.
    const LISTENS: &'static [&'static str];
    /// What lifts old versions of its records, in any order; see [`domain::upcast`].
    const UPCASTERS: &'static [Upcaster] = &[];
    /// How long the feed may gather events before it is read again: what nobody waits for is read in fewer, longer pages.
    const GATHER: Duration = Duration::from_millis(25);

    /// Reads an event of the feed: whom it is for and what it tells; `None` when it is for none.
    ///
    /// # Errors
    /// [`AppError::Broken`] when the event cannot be read.
    fn hear(event: &RecordedEvent) -> Result<Option<Told<Self::Input>>, AppError>;

    /// Names an ask within the process: the same name is the same ask for ever.
    fn key(step: &Self::Step) -> String;

    /// Returns whether a step may be performed while it is still being recorded, where nobody else moves the process.
    /// Only one that every undo of the process takes back, recorded or not, and that can be done twice: any other is
    /// recorded first.
    fn may_begin_early(_step: &Self::Step) -> bool {
        false
    }

    /// Returns whether what others may know is in the log by itself, so that they need not wait until the process has
    /// recorded that it knows.
    fn may_tell_early(_status: &Self::Status) -> bool {
        false
    }

    /// Returns whether an input from the feed begins a process that does not exist yet. Any other input for an unknown
    /// process is nobody's.
    fn begins(input: &Self::Input) -> bool;

    /// Moves on by one input and says what to do about it. Pure and total: it never refuses. When a process is folded
    /// from its stream the answer is dropped, because what was asked then is in the stream too.
    fn react(&mut self, input: &Self::Input, at: Timestamp) -> Reaction<Self::Step>;

    /// Makes the input of a timer that fired.
    fn timer_input(name: &str) -> Self::Input;

    /// Makes the input of a decided task.
    fn decision_input(task: &str, choice: &str) -> Self::Input;

    /// Makes the input of an ask that a human gave up.
    fn gave_up_input(step: &Self::Step) -> Self::Input;

    /// Returns what others may know of it.
    fn status(&self) -> Self::Status;
}

/// What an event of the feed tells, and whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told<I> {
    /// The process of this id.
    To(String, I),
    /// The process that owns the event's stream; [`Worker::owner`] knows which.
    ToOwner(I),
}

/// Why an ask has no answer yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// No answer to rely on: try again later under the same key.
    #[error("{0}")]
    Later(String),
    /// Trying again cannot help: a human must look.
    #[error("{0}")]
    Stuck(String),
}

/// Acts on what a process asks for. Everything it does can be done twice.
#[async_trait]
pub trait Worker<P: Process>: Send + Sync {
    /// Performs one ask of the process of this id and says what came of it.
    ///
    /// # Errors
    /// [`StepError`] when there is no answer to rely on.
    async fn perform(&self, id: &str, step: &P::Step, request: &Request) -> Result<P::Input, StepError>;

    /// Finds the process that an aggregate belongs to, from the aggregate itself, never from a read model.
    ///
    /// # Errors
    /// [`AppError`] when the aggregate cannot be read.
    async fn owner(&self, stream: &StreamId) -> Result<Option<String>, AppError>;
}

/// A task's id is derived from its process and question, so that opening it twice is once.
pub(crate) fn task_id(kind: &str, process: &str, name: &str, round: u64) -> TaskId {
    let text = format!("{kind}/{process}/{name}/{round}");
    TaskId::from_uuid(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, text.as_bytes()))
}
