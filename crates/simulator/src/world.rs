//! What everybody in a world shares: its time, its log, its provider and carrier, what is under way and what went wrong.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::ShopSettings;
use domain::values::Timestamp;
use projections::ReadStore;
use projections::search::SearchIndex;
use tokio::sync::Notify;

use crate::bugs::Bug;
use crate::carrier::CarrierDesk;
use crate::clock::{BEGIN, WorldClock};
use crate::dice::Dice;
use crate::doors::Doors;
use crate::faults::{Fault, Faults};
use crate::log::SharedLog;
use crate::provider::Provider;

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which promise is broken.
    pub rule: &'static str,
    /// How.
    pub what: String,
}

/// One world.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) settings: ShopSettings,
    pub(crate) clock: Arc<WorldClock>,
    pub(crate) faults: Faults,
    pub(crate) log: SharedLog,
    pub(crate) provider: Provider,
    pub(crate) carrier: CarrierDesk,
    pub(crate) reads: ReadStore,
    pub(crate) search: SearchIndex,
    pub(crate) doors: Doors,
    pub(crate) bug: Option<Bug>,
    /// Everything that is in the middle of something: time does not leap meanwhile.
    busy: AtomicUsize,
    pub(crate) starts: AtomicU64,
    pub(crate) counts: Counts,
    violations: Mutex<Vec<Violation>>,
    pub(crate) violated: Notify,
    trace: Option<Mutex<Vec<String>>>,
    /// Orders that buyers were told are theirs.
    acknowledged: Mutex<BTreeSet<String>>,
    /// Processes of which people have settled something outside of the shop.
    by_hand: Mutex<BTreeSet<String>>,
    /// Holds that were seen to be for nothing.
    pub(crate) idle_holds: Mutex<BTreeSet<String>>,
}

/// What happened, counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) checkouts: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) unanswered: AtomicU64,
    pub(crate) crashes: AtomicU64,
    pub(crate) tasks_decided: AtomicU64,
}

/// Adds one to a count.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Says that something is under way, until it is dropped.
pub(crate) struct Busy<'a>(&'a AtomicUsize);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a world is made of besides itself.
pub(crate) struct Parts {
    pub(crate) seed: u64,
    pub(crate) settings: ShopSettings,
    pub(crate) faults: Faults,
    pub(crate) reads: ReadStore,
    pub(crate) search: SearchIndex,
    pub(crate) bug: Option<Bug>,
    pub(crate) is_traced: bool,
}

impl World {
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        let Parts { seed, settings, faults, reads, search, bug, is_traced } = parts;
        let clock = Arc::new(WorldClock::begin());
        Arc::new(Self {
            seed,
            settings,
            provider: Provider::open(&clock, seed),
            clock,
            faults,
            log: SharedLog::default(),
            carrier: CarrierDesk::default(),
            reads,
            search,
            doors: Doors::default(),
            bug,
            busy: AtomicUsize::new(0),
            starts: AtomicU64::new(0),
            counts: Counts::default(),
            violations: Mutex::default(),
            violated: Notify::new(),
            trace: is_traced.then(Mutex::default),
            acknowledged: Mutex::default(),
            by_hand: Mutex::default(),
            idle_holds: Mutex::default(),
        })
    }

    pub(crate) fn dice(&self, purpose: &str, number: u64) -> Dice {
        Dice::of(self.seed, purpose, number)
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Says that something is under way.
    pub(crate) fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(&self.busy)
    }

    /// Lets a little time pass in the middle of something.
    pub(crate) async fn pause(&self, time: Duration) {
        let _busy = self.busy();
        tokio::time::sleep(time).await;
    }

    /// Lets a part of a second pass that differs each time, or none, so that whatever runs side by side meets in every order.
    pub(crate) async fn latency(&self) {
        let chance = self.faults.chance();
        match chance % 16 {
            0..=7 => {}
            8..=12 => tokio::task::yield_now().await,
            13..=14 => self.pause(Duration::from_millis(1 + (chance >> 8) % 4)).await,
            _ => self.pause(Duration::from_millis(5 + (chance >> 8) % 120)).await,
        }
    }

    /// Throws for a fault, and notes it in the trace.
    pub(crate) fn strike(&self, kinds: &[Fault], place: impl FnOnce() -> String) -> Option<Fault> {
        let fault = self.faults.throw(kinds)?;
        self.note(|| format!("fault {fault:?} at {}", place()));
        Some(fault)
    }

    /// Adds to the trace, where there is one.
    pub(crate) fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let passed = (self.now().micros() - BEGIN.micros()) / 1_000;
            let (days, rest) = (passed / 86_400_000, passed % 86_400_000);
            let (seconds, milliseconds) = (rest / 1_000, rest % 1_000);
            let time = format!("{:02}:{:02}:{:02}.{milliseconds:03}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
            held(trace).push(format!("day {days:>2} {time} {}", line()));
        }
    }

    pub(crate) fn trace(&self) -> Vec<String> {
        self.trace.as_ref().map(|trace| held(trace).clone()).unwrap_or_default()
    }

    /// Says that something is as it must not be.
    pub(crate) fn violate(&self, rule: &'static str, what: String) {
        self.note(|| format!("VIOLATION of {rule}: {what}"));
        held(&self.violations).push(Violation { rule, what });
        self.violated.notify_one();
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        held(&self.violations).clone()
    }

    /// Notes that a buyer was told that an order is theirs.
    pub(crate) fn acknowledged(&self, order: &str) {
        held(&self.acknowledged).insert(order.to_owned());
    }

    pub(crate) fn all_acknowledged(&self) -> BTreeSet<String> {
        held(&self.acknowledged).clone()
    }

    /// Notes that people settle something of a process outside of the shop.
    pub(crate) fn settled_by_hand(&self, process: &str) {
        held(&self.by_hand).insert(process.to_owned());
    }

    pub(crate) fn is_settled_by_hand(&self, process: &str) -> bool {
        held(&self.by_hand).contains(process)
    }

    /// Leaps over the times in which nothing happens; returns once nobody waits for anything any more, or the time is up.
    pub(crate) async fn leap_until_rest(&self, no_later: Timestamp) {
        const LOOK: Duration = Duration::from_millis(200);
        /// Longer than anything in the shop pauses by the runtime's time.
        const QUIET_LOOKS: u32 = 6;
        let (mut quiet, mut head) = (0, 0);
        while self.now() < no_later {
            tokio::time::sleep(LOOK).await;
            let length = self.log.length();
            if self.busy.load(Ordering::Relaxed) > 0 || length != head {
                (quiet, head) = (0, length);
                continue;
            }
            quiet += 1;
            if quiet < QUIET_LOOKS {
                continue;
            }
            match self.clock.next_due() {
                Some(due) => self.clock.leap_to(due),
                None => return,
            }
            quiet = 0;
        }
    }
}

/// Takes a lock that no panic can have broken anything under.
pub(crate) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
