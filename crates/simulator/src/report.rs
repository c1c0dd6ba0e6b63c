//! What many worlds came to.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::books::Outcomes;
use crate::faults::{Fault, Profile};
use crate::run::WorldReport;

/// Sums over worlds.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Worlds that were run.
    pub worlds: u64,
    /// Checkouts that buyers began.
    pub checkouts: u64,
    /// Requests that people sent, and how many of them had no answer.
    pub requests: (u64, u64),
    /// What became of the orders.
    pub outcomes: Outcomes,
    /// Times that a process died.
    pub crashes: u64,
    /// Tasks that people decided.
    pub tasks: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// Things that must not be.
    pub violations: u64,
}

impl Report {
    /// Adds a world.
    pub fn add(&mut self, world: &WorldReport) {
        let (all, one) = (&mut self.outcomes, &world.outcomes);
        self.worlds += 1;
        self.checkouts += world.checkouts;
        self.requests = (self.requests.0 + world.requests.0, self.requests.1 + world.requests.1);
        all.placed += one.placed;
        all.completed += one.completed;
        all.cancelled += one.cancelled;
        all.rejected += one.rejected;
        all.returns += one.returns;
        all.events += one.events;
        self.crashes += world.crashes;
        self.tasks += world.tasks;
        for (fault, times) in &world.faults {
            *self.faults.entry(*fault).or_default() += times;
        }
        self.violations += world.violations.len() as u64;
    }

    /// Returns how many faults there were, crashes included.
    pub fn faults_sum(&self) -> u64 {
        self.faults.values().sum()
    }

    /// Writes it for people.
    pub fn told(&self, profile: Profile, took: Duration) -> String {
        let rate = self.checkouts as u128 * 1_000 / took.as_millis().max(1);
        format!(
            "{self}\nfaults   {}\ntime     {:.1} s, {rate} simulated checkouts/s",
            profile.name(),
            took.as_secs_f64()
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcomes { placed, completed, cancelled, rejected, returns, events, .. } = &self.outcomes;
        let (requests, unanswered) = self.requests;
        writeln!(f, "worlds   {}", self.worlds)?;
        writeln!(f, "buyers   {} checkouts, {requests} requests of which {unanswered} had no answer", self.checkouts)?;
        writeln!(
            f,
            "orders   {placed} placed: {completed} completed, {cancelled} cancelled, {rejected} rejected; {returns} returns, {} tasks decided",
            self.tasks
        )?;
        writeln!(f, "events   {events}")?;
        writeln!(f, "injected {} faults, of them {} crashes", self.faults_sum(), self.crashes)?;
        for (fault, times) in &self.faults {
            writeln!(f, "         {times:>8} {fault:?}")?;
        }
        write!(f, "found    {} violations", self.violations)
    }
}
