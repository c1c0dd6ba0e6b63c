//! Webhooks between the moment they are made and the moment the shop has accepted them. Delivery is at least once.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

/// The most webhooks that wait, and the most that are out without having been accepted. Beyond, the oldest is given up,
/// as Stripe does after three days.
pub const WEBHOOKS_MAX: usize = 100_000;

/// How the webhooks of a payment are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Delivery {
    /// In order.
    Once,
    /// Each one twice.
    Twice,
    /// None before they are released.
    Late,
    /// Each waits for the next one of its payment, and comes after it.
    Swapped,
}

/// A webhook that is not signed yet: it is signed when it goes out, as a late one would be too old otherwise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Notice {
    pub(super) id: String,
    pub(super) intent: String,
    pub(super) delivery: Delivery,
    pub(super) body: String,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    ready: VecDeque<Notice>,
    late: Vec<Notice>,
    waiting_for_next: HashMap<String, Notice>,
    out: VecDeque<Notice>,
}

impl Outbox {
    pub(super) fn push(&mut self, notice: Notice) {
        match notice.delivery {
            Delivery::Once => push_bounded(&mut self.ready, notice),
            Delivery::Twice => {
                push_bounded(&mut self.ready, notice.clone());
                push_bounded(&mut self.ready, notice);
            }
            Delivery::Late => self.late.push(notice),
            Delivery::Swapped => match self.waiting_for_next.remove(&notice.intent) {
                Some(earlier) => {
                    push_bounded(&mut self.ready, notice);
                    push_bounded(&mut self.ready, earlier);
                }
                None => {
                    self.waiting_for_next.insert(notice.intent.clone(), notice);
                }
            },
        }
    }

    /// Lets everything go that is held back, in the order of the notices' names.
    pub(super) fn release(&mut self) {
        let mut held = std::mem::take(&mut self.late);
        held.extend(std::mem::take(&mut self.waiting_for_next).into_values());
        held.sort_by(|a, b| a.id.cmp(&b.id));
        for notice in held {
            push_bounded(&mut self.ready, notice);
        }
    }

    /// Takes the next one; it stays out until accepted or put back.
    pub(super) fn take(&mut self) -> Option<Notice> {
        let notice = self.ready.pop_front()?;
        push_bounded(&mut self.out, notice.clone());
        Some(notice)
    }

    /// Forgets one copy that is out. Returns whether there was one.
    pub(super) fn accept(&mut self, id: &str) -> bool {
        remove(&mut self.out, id).is_some()
    }

    /// Puts one copy that is out behind all that wait. Returns whether there was one.
    pub(super) fn put_back(&mut self, id: &str) -> bool {
        match remove(&mut self.out, id) {
            Some(notice) => {
                push_bounded(&mut self.ready, notice);
                true
            }
            None => false,
        }
    }

    /// Forgets every copy, when the journal says that one was accepted.
    pub(super) fn forget(&mut self, id: &str) {
        while remove(&mut self.ready, id).is_some() {}
    }

    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }
}

fn push_bounded(queue: &mut VecDeque<Notice>, notice: Notice) {
    if queue.len() == WEBHOOKS_MAX
        && let Some(oldest) = queue.pop_front()
    {
        tracing::warn!(notice = oldest.id, "the payment simulator gave up a webhook that nobody took");
    }
    queue.push_back(notice);
}

fn remove(queue: &mut VecDeque<Notice>, id: &str) -> Option<Notice> {
    let place = queue.iter().position(|notice| notice.id == id)?;
    queue.remove(place)
}
