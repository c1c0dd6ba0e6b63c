//! Makes a failing run shorter: fewer buyers, then fewer faults, as long as the same promise is broken. Halves are left out
//! first, then smaller parts (delta debugging: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input",
//! 2002).

use std::collections::BTreeSet;

use crate::run::{Scenario, Simulator, WorldReport};

/// The most runs that are spent on it.
const RUNS_MAX: u32 = 300;

/// A run that still fails and from which nothing more could be left out.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// How to run it.
    pub scenario: Scenario,
    /// What happens in it, with its trace.
    pub report: WorldReport,
    /// How many runs it took.
    pub runs: u32,
}

struct Shrinking<'a> {
    simulator: &'a Simulator,
    rule: &'static str,
    runs: u32,
}

/// Shrinks a scenario that fails. `None` when it does not, or this machine cannot run it.
pub fn shrink(simulator: &Simulator, scenario: &Scenario) -> Option<Shrunk> {
    let first = simulator.run(scenario).ok()?;
    let mut shrinking = Shrinking { simulator, rule: first.violations.first()?.rule, runs: 1 };
    let mut scenario = scenario.clone();
    let buyers: Vec<u64> = match &scenario.only_buyers {
        Some(only) => only.iter().copied().collect(),
        None => (0..scenario.buyers).collect(),
    };
    let with_buyers = |of: &Scenario, kept: BTreeSet<u64>| Scenario { only_buyers: Some(kept), ..of.clone() };
    scenario = shrinking.minimise(&scenario, buyers, with_buyers);
    // Only what still strikes now can be left out.
    let struck = simulator.run(&scenario).ok()?.struck;
    let with_faults = |of: &Scenario, kept: BTreeSet<u64>| Scenario { only_faults: Some(kept), ..of.clone() };
    scenario = shrinking.minimise(&scenario, struck, with_faults);
    scenario.is_traced = true;
    let report = simulator.run(&scenario).ok()?;
    Some(Shrunk { scenario, report, runs: shrinking.runs })
}

impl Shrinking<'_> {
    fn fails(&mut self, scenario: &Scenario) -> bool {
        self.runs += 1;
        let report = self.simulator.run(scenario);
        report.is_ok_and(|report| report.violations.first().is_some_and(|first| first.rule == self.rule))
    }

    /// Leaves out what can be left out.
    fn minimise(
        &mut self,
        scenario: &Scenario,
        mut kept: Vec<u64>,
        with: impl Fn(&Scenario, BTreeSet<u64>) -> Scenario,
    ) -> Scenario {
        let all = |kept: &[u64]| kept.iter().copied().collect::<BTreeSet<u64>>();
        let mut part = kept.len().div_ceil(2);
        while part > 0 && self.runs < RUNS_MAX {
            let mut begin = 0;
            while begin < kept.len() && self.runs < RUNS_MAX {
                let end = (begin + part).min(kept.len());
                let without = [&kept[..begin], &kept[end..]].concat();
                if self.fails(&with(scenario, all(&without))) {
                    kept = without;
                } else {
                    begin = end;
                }
            }
            part = if part == 1 { 0 } else { part.div_ceil(2) };
        }
        with(scenario, all(&kept))
    }
}
