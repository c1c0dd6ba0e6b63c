//! Turns: one command at a time per aggregate, and the aggregate's last known state.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_store::{EventStore, StreamId, Tenure};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Loaded;

/// The most aggregates whose state is kept at hand; beyond it those that were not used for longest are dropped.
pub(super) const AGGREGATES_MAX: usize = 10_000;

/// A state at hand.
#[derive(Clone)]
struct Kept {
    state: Arc<dyn Any + Send + Sync>,
    version: u64,
    known: Since,
}

/// Since when a state is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Since {
    /// The tenure of the log in which it was the last one.
    pub(super) tenure: Option<Tenure>,
    /// The epoch of the log in which it was read or stored: in another one it may never have been.
    pub(super) epoch: u64,
}

impl Since {
    /// What is read or stored from now on is known since now.
    pub(super) fn now(store: &dyn EventStore) -> Self {
        Self { tenure: store.tenure(), epoch: store.epoch() }
    }
}

struct Slot {
    turn: Arc<Semaphore>,
    state: Mutex<Option<Kept>>,
    /// Used since the last time something was dropped for room.
    used: AtomicBool,
    /// A commit was handed to the log and its sender left before the answer, or it was answered as in doubt: it may land
    /// later, so that no state is certain to be the last one.
    in_doubt: AtomicBool,
}

impl Slot {
    fn keep<D: Send + Sync + 'static>(&self, loaded: &Loaded<D>, since: Since) {
        let tenure = since.tenure.filter(|_| !self.in_doubt.load(Ordering::Relaxed));
        let known = Since { tenure, ..since };
        *self.state() = Some(Kept { state: loaded.state.clone(), version: loaded.version, known });
    }

    fn state(&self) -> MutexGuard<'_, Option<Kept>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All turns of a process.
#[derive(Default)]
pub(super) struct Turns {
    slots: Mutex<HashMap<StreamId, Arc<Slot>>>,
}

/// The right to be the only one who decides for an aggregate, until it is dropped.
pub(super) struct Turn {
    stream: StreamId,
    slot: Arc<Slot>,
    /// When it was asked for: what is read or stored in the turn is known of no later tenure or epoch.
    since: Since,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// Waits for the turn of an aggregate, first come first served.
    pub(super) async fn take(&self, stream: &StreamId, since: Since) -> Turn {
        let slot = self.slot(stream);
        // The semaphore is never closed, so a permit always comes.
        let permit = slot.turn.clone().acquire_owned().await.ok();
        Turn { stream: stream.clone(), slot, since, _permit: permit }
    }

    /// Returns the state at hand in an epoch of the log, and the tenure in which it was the last one.
    pub(super) fn cached<D>(&self, stream: &StreamId, epoch: u64) -> Option<(Loaded<D>, Option<Tenure>)>
    where
        D: Send + Sync + 'static,
    {
        let slot = self.slots().get(stream)?.clone();
        slot.used.store(true, Ordering::Relaxed);
        let kept = slot.state().clone()?;
        of_epoch(kept, epoch)
    }

    /// Keeps a state that was read, unless someone has the turn: theirs will be newer.
    pub(super) fn remember_if_idle<D: Send + Sync + 'static>(
        &self,
        stream: &StreamId,
        loaded: &Loaded<D>,
        since: Since,
    ) {
        let slot = self.slot(stream);
        let Ok(_permit) = slot.turn.try_acquire() else { return };
        let is_older = |kept: &Kept| kept.version <= loaded.version || kept.known.epoch < since.epoch;
        if slot.state().as_ref().is_none_or(is_older) {
            slot.keep(loaded, since);
        }
    }

    fn slot(&self, stream: &StreamId) -> Arc<Slot> {
        let mut slots = self.slots();
        if let Some(slot) = slots.get(stream) {
            slot.used.store(true, Ordering::Relaxed);
            return slot.clone();
        }
        if slots.len() >= AGGREGATES_MAX {
            drop_idle(&mut slots);
        }
        let slot = Arc::new(Slot {
            turn: Arc::new(Semaphore::new(1)),
            state: Mutex::default(),
            used: AtomicBool::new(true),
            in_doubt: AtomicBool::new(false),
        });
        slots.insert(stream.clone(), slot.clone());
        slot
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<StreamId, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a state that is known in an epoch of the log; one of another epoch may never have been.
fn of_epoch<D: Send + Sync + 'static>(kept: Kept, epoch: u64) -> Option<(Loaded<D>, Option<Tenure>)> {
    let Kept { state, version, known } = kept;
    let state = state.downcast().ok().filter(|_| known.epoch == epoch)?;
    Some((Loaded { state, version }, known.tenure))
}

/// Drops slots that were not used since the last time, so that what is used all the time stays; where all were, half of
/// them. One in use must stay: two turns for one aggregate would race.
fn drop_idle(slots: &mut HashMap<StreamId, Arc<Slot>>) {
    let before = slots.len();
    slots.retain(|_, slot| slot.used.swap(false, Ordering::Relaxed) || Arc::strong_count(slot) > 1);
    if slots.len() > before / 2 {
        let mut keep = false;
        slots.retain(|_, slot| {
            keep = !keep;
            keep || Arc::strong_count(slot) > 1
        });
    }
}

impl Turn {
    /// Returns whose turn it is.
    pub(super) fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// Takes the state at hand in an epoch of the log out; whoever decides puts the next one back.
    pub(super) fn take_cached<D: Send + Sync + 'static>(&self, epoch: u64) -> Option<(Loaded<D>, Option<Tenure>)> {
        let kept = self.slot.state().take()?;
        of_epoch(kept, epoch)
    }

    /// Puts a state back that is the last one since the turn was taken.
    pub(super) fn remember<D: Send + Sync + 'static>(&self, loaded: &Loaded<D>) {
        self.slot.keep(loaded, self.since);
    }

    /// Takes note that a commit is handed to the log. Until the log's answer to it, or to a later one, is known, it may
    /// land at any time, also where nobody waits for it any more.
    pub(super) fn hand_over(&self) -> HandedOver<'_> {
        HandedOver { slot: &self.slot, was_in_doubt: self.slot.in_doubt.swap(true, Ordering::Relaxed) }
    }
}

/// A commit whose answer is not known yet.
pub(super) struct HandedOver<'a> {
    slot: &'a Slot,
    was_in_doubt: bool,
}

impl HandedOver<'_> {
    /// The log has answered, and with it everything that was handed to it before.
    pub(super) fn answered(self) {
        self.slot.in_doubt.store(false, Ordering::Relaxed);
    }

    /// It was not stored and will not be, and nothing is known of those before it.
    pub(super) fn failed(self) {
        self.slot.in_doubt.store(self.was_in_doubt, Ordering::Relaxed);
    }
}
