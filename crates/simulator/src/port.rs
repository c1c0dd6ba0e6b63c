//! What every port of a process has in common: a little time passes, and something may go wrong.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::{DAY, ProcessClock};
use crate::fate::Fate;
use crate::faults::Fault;
use crate::world::{World, count};

/// A process's way to the world.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) world: Arc<World>,
    pub(crate) fate: Arc<Fate>,
    pub(crate) clock: Arc<ProcessClock>,
    /// Names the process in the trace.
    pub(crate) process: u64,
}

impl Port {
    /// Begins a use of a port. Returns what shall go wrong with it; what happens to the process itself happens here.
    pub(crate) async fn enter(&self, kinds: &[Fault], place: impl FnOnce() -> String) -> Option<Fault> {
        self.fate.pass().await;
        let fault = self.world.strike(kinds, || format!("process {}: {}", self.process, place()));
        match fault {
            Some(Fault::CrashBefore) => {
                self.die();
                self.fate.pass().await;
            }
            Some(Fault::Freeze) => self.fate.freeze(),
            Some(Fault::ClockJump) => {
                let days = [-DAY, DAY, 0, -600, 600];
                let off = days[usize::try_from(self.world.faults.chance() % 5).unwrap_or(0)];
                self.clock.put_off(off);
            }
            Some(Fault::LogSlow | Fault::ProviderSlow) => {
                let milliseconds = 300 + self.world.faults.chance() % 6_000;
                self.world.pause(Duration::from_millis(milliseconds)).await;
            }
            _ => {}
        }
        self.world.latency().await;
        self.fate.pass().await;
        fault
    }

    /// Ends a use of a port: the process may die before it learns what came of it.
    pub(crate) async fn leave(&self, fault: Option<Fault>) {
        if fault == Some(Fault::CrashAfter) {
            self.die();
        }
        self.world.latency().await;
        self.fate.pass().await;
    }

    fn die(&self) {
        if !self.fate.is_dead() {
            count(&self.world.counts.crashes);
            self.fate.kill();
        }
    }
}
