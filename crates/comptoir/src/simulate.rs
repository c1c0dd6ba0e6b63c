//! `comptoir simulate`: the shop under faults by one seed, in one thread; see [`simulator`].

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use simulator::{Bug, Profile, Report, Scenario, Shrunk, Simulator, Violation, WORLD_ORDERS_MAX, shrink};

use crate::defaults::shop_settings;
use crate::progress::Console;

/// What is simulated.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// Decides about everything by chance: the same seed is the same log.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many buyers come. A world has at most 100; each further one has the next seed.
    #[arg(long, default_value_t = 1_000)]
    orders: u64,
    /// What goes wrong: none, network, crashes or storm.
    #[arg(long, default_value = "storm")]
    faults: Profile,
    /// A mistake that the shop makes, to see it found, such as capture-without-key.
    #[arg(long)]
    mistake: Option<Bug>,
    /// The only buyers that come, from 0, of the first world.
    #[arg(long, value_delimiter = ',')]
    only_buyers: Option<Vec<u64>>,
    /// The only uses of a port that may go wrong, by their numbers; given with an empty value, none.
    #[arg(long, value_delimiter = ',')]
    only_faults: Option<Vec<String>>,
}

/// What came of it.
pub struct Simulated {
    /// For people.
    pub text: String,
    /// Whether everything is as it must be.
    pub is_right: bool,
}

/// Runs worlds until all buyers have come or something is as it must not be. Not to be called within a runtime's task.
///
/// # Errors
/// When this machine cannot run a world.
pub fn run(args: &SimulateArgs, console: &Console) -> anyhow::Result<Simulated> {
    let simulator = Simulator::new(shop_settings()).map_err(anyhow::Error::from_boxed)?;
    let task = console.task("simulating, buyers", args.orders);
    let (begun, mut report, mut done) = (Instant::now(), Report::default(), 0);
    while done < args.orders {
        let scenario = scenario(args, done)?;
        let world = simulator.run(&scenario).map_err(anyhow::Error::from_boxed)?;
        report.add(&world);
        done += scenario.buyers;
        task.set(done, args.orders);
        if !world.violations.is_empty() {
            task.finish();
            // Making it short runs the world some hundred times over.
            for Violation { rule, what } in &world.violations {
                console.say(&format!("VIOLATION of {rule}: {what}; seed {} is made short", scenario.seed));
            }
            let mut text = report.told(args.faults, begun.elapsed());
            tell(&mut text, &scenario, &world.violations, shrink(&simulator, &scenario))?;
            return Ok(Simulated { text, is_right: false });
        }
    }
    task.finish();
    Ok(Simulated { text: report.told(args.faults, begun.elapsed()), is_right: true })
}

fn scenario(args: &SimulateArgs, done: u64) -> anyhow::Result<Scenario> {
    let buyers = (args.orders - done).min(WORLD_ORDERS_MAX);
    let mut scenario = Scenario::new(args.seed + done / WORLD_ORDERS_MAX, buyers, args.faults);
    scenario.bug = args.mistake;
    scenario.only_buyers = args.only_buyers.clone().map(BTreeSet::from_iter);
    if let Some(only) = &args.only_faults {
        let numbers = only.iter().filter(|text| !text.is_empty()).map(|text| text.parse());
        scenario.only_faults = Some(numbers.collect::<Result<_, _>>().context("--only-faults takes numbers")?);
    }
    Ok(scenario)
}

/// Tells what is wrong, how it comes about and how to see it again.
fn tell(
    text: &mut String,
    scenario: &Scenario,
    violations: &[Violation],
    shrunk: Option<Shrunk>,
) -> anyhow::Result<()> {
    for Violation { rule, what } in violations {
        write!(text, "\n\nVIOLATION of {rule}: {what}")?;
    }
    write!(text, "\n\nseed {}, again with:\n  {}", scenario.seed, command(scenario))?;
    let Some(Shrunk { scenario, report, runs }) = shrunk else { return Ok(()) };
    write!(text, "\n\nThe shortest run that breaks the same promise, found in {runs} runs:\n")?;
    for line in &report.trace {
        write!(text, "\n  {line}")?;
    }
    write!(text, "\n\nagain with:\n  {}", command(&scenario))?;
    Ok(())
}

fn command(scenario: &Scenario) -> String {
    let Scenario { seed, buyers, profile, bug, only_buyers, only_faults, .. } = scenario;
    let mut text = format!("comptoir simulate --seed {seed} --orders {buyers} --faults {}", profile.name());
    let list = |numbers: &BTreeSet<u64>| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    if let Some(bug) = bug {
        text.push_str(&format!(" --mistake {}", bug.name()));
    }
    if let Some(only) = only_buyers {
        text.push_str(&format!(" --only-buyers={}", list(only)));
    }
    if let Some(only) = only_faults {
        text.push_str(&format!(" --only-faults={}", list(only)));
    }
    text
}
