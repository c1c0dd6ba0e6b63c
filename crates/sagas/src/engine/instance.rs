//! One process while something happens to it.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, watch};

use super::record::Folded;
use super::{Process, StepError, TaskDecision};
use domain::values::TaskId;

/// Something the feed tells a process.
#[derive(Clone, Debug)]
pub(super) struct Heard<I> {
    pub(super) input: I,
    pub(super) position: u64,
    pub(super) correlation: String,
    pub(super) cause: String,
}

/// Something that happens to a process beside the feed.
#[derive(Clone)]
pub(super) enum Incoming<P: Process> {
    /// An ask was performed.
    Answer { key: String, answer: Result<P::Input, StepError> },
    /// A moment may have come.
    Timer { name: String },
    /// A further try may be due.
    RetryDue { key: String },
    /// A human decided.
    Decision { task: TaskId, decision: TaskDecision },
    /// The shop was started: what is asked and not answered is asked again.
    Resume,
}

/// Something a process asks for, and the record that says so.
#[derive(Clone, Debug)]
pub(super) struct Ask<S> {
    pub(super) key: String,
    pub(super) step: S,
    /// The event in which it was asked: what is done for it happens because of that.
    pub(super) asked: String,
}

/// What a stored move leaves to do, and what was performed already while it was stored.
pub(super) struct Moved<P: Process> {
    /// The conversation that the move belongs to.
    pub(super) correlation: Option<String>,
    pub(super) asks: Vec<Ask<P::Step>>,
    pub(super) answers: Vec<Incoming<P>>,
    /// Whether a decision of staff was stored with it.
    pub(super) has_decided: bool,
}

impl<P: Process> Default for Moved<P> {
    fn default() -> Self {
        Self { correlation: None, asks: Vec::new(), answers: Vec::new(), has_decided: false }
    }
}

impl<P: Process> Moved<P> {
    /// Returns whether the process now waits for others.
    pub(super) fn is_at_rest(&self) -> bool {
        self.asks.is_empty() && self.answers.is_empty()
    }
}

/// A process at hand: one at a time moves it on.
pub(super) struct Instance<P: Process> {
    pub(super) turn: Semaphore,
    pub(super) status: watch::Sender<P::Status>,
    inbox: Mutex<VecDeque<Heard<P::Input>>>,
    folded: Mutex<Option<Folded<P>>>,
    in_flight: Mutex<BTreeSet<String>>,
}

impl<P: Process> Default for Instance<P> {
    fn default() -> Self {
        Self {
            turn: Semaphore::new(1),
            status: watch::Sender::new(P::Status::default()),
            inbox: Mutex::default(),
            folded: Mutex::new(None),
            in_flight: Mutex::default(),
        }
    }
}

impl<P: Process> Instance<P> {
    pub(super) fn inbox(&self) -> MutexGuard<'_, VecDeque<Heard<P::Input>>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn folded(&self) -> MutexGuard<'_, Option<Folded<P>>> {
        self.folded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn in_flight(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows others what they may know.
    pub(super) fn show(&self, status: P::Status) {
        self.status.send_if_modified(|shown| std::mem::replace(shown, status.clone()) != status);
    }

    /// Returns whether nothing happens to it and nobody watches it.
    pub(super) fn is_idle(&self) -> bool {
        self.turn.available_permits() == 1
            && self.status.receiver_count() == 0
            && self.inbox().is_empty()
            && self.in_flight().is_empty()
    }
}
