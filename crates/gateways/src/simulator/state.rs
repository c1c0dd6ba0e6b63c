//! What the simulator knows. Intents, keys and the webhooks that wait change by applying journal lines and in no other
//! way, so that reading the journal again leads to the same state. Only which webhooks are out just now is not
//! journalled.

use std::collections::{BTreeMap, HashMap};

use super::intent::Intent;
use super::journal::{Change, KeptAnswer, Line};
use super::outbox::Outbox;

#[derive(Debug, Default)]
pub(super) struct State {
    /// By their names, which are sorted by age: what is done to many of them is done in the same order each time.
    intents: BTreeMap<String, Intent>,
    by_payment: HashMap<String, Vec<String>>,
    kept: HashMap<String, KeptAnswer>,
    last_number: u64,
    pub(super) outbox: Outbox,
}

impl State {
    pub(super) fn apply(&mut self, line: Line) {
        match line {
            Line::Changed(change) => self.change(*change),
            Line::Accepted { notice } => self.outbox.forget(&notice),
            Line::Released => self.outbox.release(),
        }
    }

    fn change(&mut self, change: Change) {
        let Change { intent, kept, notices, last_number } = change;
        if !self.intents.contains_key(&intent.id)
            && let Some(payment) = intent.metadata.get("payment")
        {
            self.by_payment.entry(payment.clone()).or_default().push(intent.id.clone());
        }
        self.intents.insert(intent.id.clone(), intent);
        if let Some(kept) = kept {
            self.kept.insert(kept.key.clone(), kept);
        }
        for notice in notices {
            self.outbox.push(notice);
        }
        self.last_number = last_number;
    }

    pub(super) fn intent(&self, id: &str) -> Option<&Intent> {
        self.intents.get(id)
    }

    pub(super) fn intents(&self) -> impl Iterator<Item = &Intent> {
        self.intents.values()
    }

    /// Returns the intents that carry a payment's name, oldest first.
    pub(super) fn of_payment(&self, payment: &str) -> impl Iterator<Item = &Intent> {
        self.by_payment.get(payment).into_iter().flatten().filter_map(|id| self.intents.get(id))
    }

    pub(super) fn kept(&self, key: &str) -> Option<&KeptAnswer> {
        self.kept.get(key)
    }

    pub(super) fn last_number(&self) -> u64 {
        self.last_number
    }
}
