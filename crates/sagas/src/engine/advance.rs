//! One move of one process, pure: what came in, on the process as it is, leads to records and to asks.

use domain::values::Timestamp;

use super::instance::{Heard, Incoming};
use super::record::{Folded, ManualTask, Record};
use super::{DEAD_LETTER_CHOICES, Process, RETRY_AFTER_SECONDS, Reaction, StepError, TaskDecision, task_id};
use domain::values::TaskId;

/// A move: the process after it, what is stored for it, and what is asked once it is stored.
pub(super) struct Move<P: Process> {
    pub(super) folded: Folded<P>,
    pub(super) records: Vec<Record<P::Input, P::Step>>,
    pub(super) asks: Vec<(String, P::Step)>,
    id: String,
    at: Timestamp,
}

impl<P: Process> Move<P> {
    /// Begins a move of the process of this id.
    pub(super) fn of(id: &str, folded: Folded<P>, at: Timestamp) -> Self {
        Self { folded, records: Vec::new(), asks: Vec::new(), id: id.to_owned(), at }
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
        self.push(Record::Told { input, position, correlation, at: self.at });
        self.follow(reaction);
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
        let attempt = pending.attempts + 1;
        match answer {
            Ok(input) => {
                let reaction = self.reaction_to(&input);
                self.push(Record::Answered { key, input, at: self.at });
                self.follow(reaction);
            }
            Err(StepError::Later(why)) => match RETRY_AFTER_SECONDS.get(attempt as usize - 1) {
                Some(seconds) => {
                    let step = pending.step.clone();
                    let retry_at = self.at.plus_seconds(*seconds);
                    self.push(Record::AttemptFailed { key: key.clone(), attempt, why, retry_at });
                    if *seconds == 0 {
                        self.asks.push((key, step));
                    }
                }
                None => self.bury(key, why),
            },
            Err(StepError::Stuck(why)) => self.bury(key, why),
        }
    }

    fn bury(&mut self, key: String, why: String) {
        let task = ManualTask {
            id: task_id(P::KIND, &self.id, &key, self.folded.tasks_opened),
            name: format!("dead_letter/{key}"),
            ask: Some(key.clone()),
            question: format!("{key} got no answer: {why}"),
            choices: DEAD_LETTER_CHOICES.iter().map(|choice| (*choice).to_owned()).collect(),
            opened_at: self.at,
        };
        self.push(Record::DeadLettered { key, why });
        self.push(Record::TaskOpened { task });
    }

    fn fire(&mut self, name: String) {
        if self.folded.timers.get(&name).is_none_or(|due| *due > self.at) {
            return;
        }
        let reaction = self.reaction_to(&P::timer_input(&name));
        self.push(Record::TimerFired { name, at: self.at });
        self.follow(reaction);
    }

    fn retry(&mut self, key: &str) {
        if let Some(pending) = self.folded.asks.get(key)
            && pending.retry_at.is_some_and(|due| due <= self.at)
        {
            self.asks.push((key.to_owned(), pending.step.clone()));
        }
    }

    fn decide(&mut self, id: TaskId, decision: TaskDecision) {
        let Some(task) = self.folded.tasks.get(&id).cloned() else { return };
        let dead = task.ask.as_ref().and_then(|key| Some((key.clone(), self.folded.asks.get(key)?.step.clone())));
        let choice = decision.choice.clone();
        let reaction = match dead {
            Some((key, step)) if choice == "retry" => {
                self.asks.push((key, step));
                Reaction::default()
            }
            Some((_, step)) => self.reaction_to(&P::gave_up_input(&step)),
            None => self.reaction_to(&P::decision_input(&task.name, &choice)),
        };
        self.push(Record::TaskDecided { id, decision, at: self.at });
        self.follow(reaction);
    }

    fn resume(&mut self) {
        let due = |retry_at: Option<Timestamp>| retry_at.is_none_or(|due| due <= self.at);
        let asked_now = |key: &String| self.asks.iter().any(|(asked, _)| asked == key);
        let open = self.folded.asks.iter().filter(|(_, pending)| !pending.is_dead && due(pending.retry_at));
        let open = open.filter(|(key, _)| !asked_now(key));
        let open: Vec<_> = open.map(|(key, pending)| (key.clone(), pending.step.clone())).collect();
        self.asks.extend(open);
    }

    /// Asks the process what it would do; it moves on when the record is pushed.
    fn reaction_to(&self, input: &P::Input) -> Reaction<P::Step> {
        self.folded.process.clone().react(input, self.at)
    }

    fn follow(&mut self, reaction: Reaction<P::Step>) {
        for record in self.folded.records_of(reaction, &self.id, self.at) {
            if let Record::Asked { key, step } = &record {
                self.asks.push((key.clone(), step.clone()));
            }
            self.push(record);
        }
    }

    fn push(&mut self, record: Record<P::Input, P::Step>) {
        self.folded.apply(&record);
        self.records.push(record);
    }
}
