//! The world's time. It passes with the runtime's paused time, which jumps to the next thing that is due by itself, and
//! leaps over nights and weeks in which nothing happens: then nobody's short pauses and leases are counted through.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::clock::Clock;
use async_trait::async_trait;
use domain::values::Timestamp;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

/// When every world begins: 1 March 2026, 08:00 UTC.
pub(crate) const BEGIN: Timestamp = Timestamp::from_micros(1_772_352_000_000_000);
pub(crate) const HOUR: i64 = 3_600;
pub(crate) const DAY: i64 = 24 * HOUR;

type Sleepers = BTreeMap<(Timestamp, u64), oneshot::Sender<()>>;

/// The time that everybody would agree on.
pub(crate) struct WorldClock {
    began: Instant,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    leapt_micros: i64,
    slept: u64,
    sleepers: Sleepers,
}

/// Takes a sleeper out when whoever sleeps is gone.
struct Sleep<'a> {
    clock: &'a WorldClock,
    key: (Timestamp, u64),
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        self.clock.state().sleepers.remove(&self.key);
    }
}

impl WorldClock {
    /// Begins; the runtime's time must be paused.
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), state: Mutex::default(), changed: watch::Sender::new(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(BEGIN.micros() + passed + self.state().leapt_micros)
    }

    /// Returns once the moment has come.
    pub(crate) async fn sleep_until(&self, moment: Timestamp) {
        if moment <= self.now() {
            return;
        }
        let (sender, woken) = oneshot::channel();
        let key = {
            let mut state = self.state();
            state.slept += 1;
            let key = (moment, state.slept);
            state.sleepers.insert(key, sender);
            key
        };
        let _sleep = Sleep { clock: self, key };
        self.changed.send_replace(());
        // The sender is dropped only when it is woken or gone.
        _ = woken.await;
    }

    /// Wakes sleepers when their time has come; never ends.
    pub(crate) async fn run(&self) {
        let mut changed = self.changed.subscribe();
        loop {
            changed.mark_unchanged();
            let due = self.wake();
            let pause = async {
                match due {
                    Some(left) => tokio::time::sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = changed.changed() => {}
                () = pause => {}
            }
        }
    }

    /// Wakes whoever is due and returns how long the next one sleeps.
    fn wake(&self) -> Option<Duration> {
        let now = self.now();
        let mut state = self.state();
        while let Some(entry) = state.sleepers.first_entry() {
            let left = entry.key().0.micros() - now.micros();
            if left > 0 {
                return Some(Duration::from_micros(left.unsigned_abs()));
            }
            // One that is gone needs no waking.
            _ = entry.remove().send(());
        }
        None
    }

    /// Returns the moment that the next sleeper waits for.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.state().sleepers.first_key_value().map(|((moment, _), _)| *moment)
    }

    /// Leaps to a moment.
    pub(crate) fn leap_to(&self, moment: Timestamp) {
        let left = moment.micros() - self.now().micros();
        if left > 0 {
            self.state().leapt_micros += left;
            self.changed.send_replace(());
        }
    }
}

/// The clock of one process, which may be wrong.
pub(crate) struct ProcessClock {
    world: Arc<WorldClock>,
    off_seconds: watch::Sender<i64>,
}

impl ProcessClock {
    pub(crate) fn new(world: Arc<WorldClock>) -> Self {
        Self { world, off_seconds: watch::Sender::new(0) }
    }

    /// Puts the clock so far off, forward or back.
    pub(crate) fn put_off(&self, seconds: i64) {
        self.off_seconds.send_replace(seconds);
    }
}

#[async_trait]
impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        self.world.now().plus_seconds(*self.off_seconds.borrow())
    }

    async fn sleep_until(&self, moment: Timestamp) {
        let mut off = self.off_seconds.subscribe();
        loop {
            let there = moment.plus_seconds(-*off.borrow_and_update());
            tokio::select! {
                biased;
                () = self.world.sleep_until(there) => return,
                // The sender lives as long as `self`.
                _ = off.changed() => {}
            }
        }
    }
}
