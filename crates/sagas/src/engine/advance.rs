//! One move of one process, pure but for the ids of its records: what came in, on the process as it is, leads to records
//! and to asks. Every record says which event led to it.

use std::sync::Arc;

use app::ids::Ids;
use domain::values::Timestamp;
use uuid::Uuid;

use super::instance::{Ask, Heard, Incoming};
use super::record::{Folded, ManualTask, Record};
use super::{DEAD_LETTER_CHOICES, Process, RETRY_AFTER_SECONDS, Reaction, StepError, TaskDecision, task_id};
use domain::values::TaskId;

/// A record on its way into the process's stream.
pub(super) struct Noted<P: Process> {
    pub(super) event_id: Uuid,
    /// The event that led to it; without one it follows the record before it.
    pub(super) cause: Option<String>,
    pub(super) record: Record<P::Input, P::Step>,
}

/// A move: the process after it, what is stored for it, and what is asked once it is stored.
pub(super) struct Move<P: Process> {
    pub(super) folded: Folded<P>,
    pub(super) records: Vec<Noted<P>>,
    pub(super) asks: Vec<Ask<P::Step>>,
    id: String,
    at: Timestamp,
    ids: Arc<dyn Ids>,
}

impl<P: Process> Move<P> {
    /// Begins a move of the process of this id.
    pub(super) fn of(id: &str, folded: Folded<P>, at: Timestamp, ids: Arc<dyn Ids>) -> Self {
        Self { folded, records: Vec::new(), asks: Vec::new(), id: id.to_owned(), at, ids }
    }

    /// Takes in what the feed tells. Known already, nobody's, and without consequence is not recorded.
    pub(super) fn hear(&mut self, heard: &Heard<P::Input>) {
        let is_new = self.folded.version == 0;
        if heard.position <= self.folded.told || (is_new && !P::begins(&heard.input)) {
            return;
        }
        let mut after = self.folded.process.clone();
        let reaction = after.react(&heard.input, self.at);
        if after == self.folded.process && reaction.is_nothing() {
            return;
        }
        let (input, position, correlation) = (heard.input.clone(), heard.position, heard.correlation.clone());
        let told = Record::Told { input, position, correlation, at: self.at };
        let told = self.push(told, Some(heard.cause.clone()));
        self.follow(reaction, &told);
    }

    /// Takes in anything else.
    pub(super) fn take(&mut self, incoming: Incoming<P>) {
        match incoming {
            Incoming::Answer { key, answer } => self.answer(key, answer),
            Incoming::Timer { name } => self.fire(name),
            Incoming::RetryDue { key } => self.retry(&key),
            Incoming::Decision { task, decision } => self.decide(task, decision),
            Incoming::Resume => self.resume(),
        }
    }

    fn answer(&mut self, key: String, answer: Result<P::Input, StepError>) {
        let Some(pending) = self.folded.asks.get(&key) else { return };
        let (attempt, asked) = (pending.attempts + 1, pending.asked.clone());
        match answer {
            Ok(input) => {
                let reaction = self.reaction_to(&input);
                let answered = self.push(Record::Answered { key, input, at: self.at }, Some(asked));
                self.follow(reaction, &answered);
            }
            Err(StepError::Later(why)) => match RETRY_AFTER_SECONDS.get(attempt as usize - 1) {
                Some(seconds) => {
                    let step = pending.step.clone();
                    let retry_at = self.at.plus_seconds(*seconds);
                    let failed = Record::AttemptFailed { key: key.clone(), attempt, why, retry_at };
                    self.push(failed, Some(asked.clone()));
                    if *seconds == 0 {
                        self.asks.push(Ask { key, step, asked });
                    }
                }
                None => self.bury(key, why, asked),
            },
            Err(StepError::Stuck(why)) => self.bury(key, why, asked),
        }
    }

    fn bury(&mut self, key: String, why: String, asked: String) {
        let task = ManualTask {
            id: task_id(P::KIND, &self.id, &key, self.folded.tasks_opened),
            name: format!("dead_letter/{key}"),
            ask: Some(key.clone()),
            question: format!("{key} got no answer: {why}"),
            choices: DEAD_LETTER_CHOICES.iter().map(|choice| (*choice).to_owned()).collect(),
            opened_at: self.at,
            due_at: None,
        };
        let dead = self.push(Record::DeadLettered { key, why }, Some(asked));
        self.push(Record::TaskOpened { task }, Some(dead));
    }

    fn fire(&mut self, name: String) {
        if self.folded.timers.get(&name).is_none_or(|due| *due > self.at) {
            return;
        }
        let reaction = self.reaction_to(&P::timer_input(&name));
        let fired = self.push(Record::TimerFired { name, at: self.at }, None);
        self.follow(reaction, &fired);
    }

    fn retry(&mut self, key: &str) {
        if let Some(pending) = self.folded.asks.get(key)
            && pending.retry_at.is_some_and(|due| due <= self.at)
        {
            self.asks.push(pending.ask(key));
        }
    }

    fn decide(&mut self, id: TaskId, decision: TaskDecision) {
        let Some(task) = self.folded.tasks.get(&id).cloned() else { return };
        let dead = task.ask.as_ref().and_then(|key| Some(self.folded.asks.get(key)?.ask(key)));
        let choice = decision.choice.clone();
        let reaction = match dead {
            Some(ask) if choice == "retry" => {
                self.asks.push(ask);
                Reaction::default()
            }
            Some(ask) => self.reaction_to(&P::gave_up_input(&ask.step)),
            None => self.reaction_to(&P::decision_input(&task.name, &choice)),
        };
        let decided = self.push(Record::TaskDecided { id, decision, at: self.at }, None);
        self.follow(reaction, &decided);
    }

    fn resume(&mut self) {
        let due = |retry_at: Option<Timestamp>| retry_at.is_none_or(|due| due <= self.at);
        let asked_now = |key: &String| self.asks.iter().any(|ask| ask.key == *key);
        let open = self.folded.asks.iter().filter(|(_, pending)| !pending.is_dead && due(pending.retry_at));
        let open = open.filter(|(key, _)| !asked_now(key));
        let open: Vec<_> = open.map(|(key, pending)| pending.ask(key)).collect();
        self.asks.extend(open);
    }

    /// Asks the process what it would do; it moves on when the record is pushed.
    fn reaction_to(&self, input: &P::Input) -> Reaction<P::Step> {
        self.folded.process.clone().react(input, self.at)
    }

    fn follow(&mut self, reaction: Reaction<P::Step>, cause: &str) {
        for record in self.folded.records_of(reaction, &self.id, self.at) {
            let ask = match &record {
                Record::Asked { key, step } => Some((key.clone(), step.clone())),
                _ => None,
            };
            let asked = self.push(record, Some(cause.to_owned()));
            self.asks.extend(ask.map(|(key, step)| Ask { key, step, asked }));
        }
    }

    /// Adds a record and returns the id of its event.
    fn push(&mut self, record: Record<P::Input, P::Step>, cause: Option<String>) -> String {
        let event_id = self.ids.uuid();
        self.folded.apply(&record, event_id);
        self.records.push(Noted { event_id, cause, record });
        event_id.to_string()
    }
}
