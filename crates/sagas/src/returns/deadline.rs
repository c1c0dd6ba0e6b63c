//! The deadline of a withdrawal's refund: fourteen days from its declaration, and no day beside as soon as the goods are back or
//! proved to be on their way (Code de la consommation, article L221-24,
//! <https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000044563171>; directive 2011/83/EU, article 13). A refund that is
//! late by that is a task for people, who may have it asked again.

use domain::values::{Timestamp, paris_time};

use super::ReturnStep;
use crate::SECONDS_PER_DAY;
use crate::engine::Reaction;

/// The task of a refund that is late.
pub const TASK_REFUND_DUE: &str = "refund_due";

/// Names the timer of the deadline, and of each further day that people let pass.
pub(super) const TIMER_REFUND_DUE: &str = "refund_due";
/// The choice to be asked again a day later, if the refund is open then.
pub(super) const ASK_TOMORROW: &str = "ask_tomorrow";
/// The choice to hear no more of it: it was paid otherwise, or is seen to.
const SETTLED: &str = "settled";

/// By when a refund must have gone, and what the shop may still wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deadline {
    due_at: Timestamp,
    has_come: bool,
    is_sent_back: bool,
}

impl Deadline {
    pub(super) fn at(due_at: Timestamp) -> Self {
        Self { due_at, has_come: false, is_sent_back: false }
    }

    /// The box is here or on its way: there is nothing to wait for any more.
    pub(super) fn sent_back(&mut self) -> Reaction<ReturnStep> {
        if self.is_sent_back {
            return Reaction::default();
        }
        self.is_sent_back = true;
        self.ask_if_late()
    }

    /// The moment came, or a further day that people let pass is over.
    pub(super) fn came(&mut self) -> Reaction<ReturnStep> {
        self.has_come = true;
        self.ask_if_late()
    }

    /// People want to be asked again.
    pub(super) fn ask_again(&mut self, now: Timestamp) -> Reaction<ReturnStep> {
        Reaction::default().wait(TIMER_REFUND_DUE, now.plus_seconds(SECONDS_PER_DAY))
    }

    fn ask_if_late(&self) -> Reaction<ReturnStep> {
        if !(self.has_come && self.is_sent_back) {
            return Reaction::default();
        }
        let question = format!(
            "the refund of a withdrawal from the contract is due since {} (Code de la consommation, L221-24), and the goods are \
             back or on their way: take the box in and look into it (returnReceive, returnInspect), and the refund follows by \
             itself; where it failed, decide its task",
            paris_time(self.due_at)
        );
        Reaction::default().task(TASK_REFUND_DUE, question, &[ASK_TOMORROW, SETTLED]).due(self.due_at)
    }
}
