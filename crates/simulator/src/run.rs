//! Runs worlds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use app::ShopSettings;
use app::stock::ShortfallPolicy;
use event_store::memory::MemoryStore;
use projections::ReadStore;
use projections::search::SearchIndex;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::books::{self, Outcomes};
use crate::bugs::Bug;
use crate::clock::{BEGIN, DAY};
use crate::faults::{Fault, Faults, Profile};
use crate::population::{self, Desk};
use crate::process::{self, PROCESSES};
use crate::world::{Parts, Violation, World};

/// The most buyers of one world.
pub const WORLD_ORDERS_MAX: u64 = 100;
/// Until when things go wrong, and until when everything must have come to rest after that, in days from the beginning.
const DAYS_OF_FAULTS: i64 = 100;
const DAYS_MAX: i64 = 400;

/// What is simulated in one world.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Decides about everything by chance.
    pub seed: u64,
    /// How many buyers come, 1 to [`WORLD_ORDERS_MAX`].
    pub buyers: u64,
    /// What goes wrong.
    pub profile: Profile,
    /// Which mistake the shop makes.
    pub bug: Option<Bug>,
    /// The only buyers that come, from 0; none given means all.
    pub only_buyers: Option<BTreeSet<u64>>,
    /// The only throws that may go wrong; none given means all.
    pub only_faults: Option<BTreeSet<u64>>,
    /// A throw at which something happens whatever the profile says, and what; nothing happens where it is none of that port.
    pub once: Option<(u64, Fault)>,
    /// Whether what happens is written down.
    pub is_traced: bool,
}

impl Scenario {
    /// Makes a scenario in which everything goes as the seed decides.
    pub fn new(seed: u64, buyers: u64, profile: Profile) -> Self {
        Self { seed, buyers, profile, bug: None, only_buyers: None, only_faults: None, once: None, is_traced: false }
    }
}

/// What happened in one world.
#[derive(Clone, Debug)]
pub struct WorldReport {
    /// What became of the orders.
    pub outcomes: Outcomes,
    /// Checkouts that buyers began.
    pub checkouts: u64,
    /// Requests that people sent, and how many of them had no answer.
    pub requests: (u64, u64),
    /// Times that a process died.
    pub crashes: u64,
    /// Tasks that people decided.
    pub tasks: u64,
    /// Faults by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// The numbers of the throws that went wrong.
    pub struck: Vec<u64>,
    /// The numbers of the throws at which a process could have died.
    pub deadly: Vec<u64>,
    /// Seconds that passed in the world.
    pub seconds: i64,
    /// What must not be.
    pub violations: Vec<Violation>,
    /// What happened, line by line, where it was written down.
    pub trace: Vec<String>,
}

/// What worlds are made of.
pub struct Simulator {
    settings: ShopSettings,
    /// Nobody searches here, but the API has a search: one that follows nothing.
    search: SearchIndex,
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_time().start_paused(true).build()
}

impl Simulator {
    /// Makes a simulator of shops that are set up like this. Not to be called within a runtime's task.
    ///
    /// # Errors
    /// When this machine cannot run one.
    pub fn new(settings: ShopSettings) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let search = runtime()?.block_on(SearchIndex::open(None, Arc::new(MemoryStore::new())))?;
        Ok(Self { settings, search })
    }

    /// Runs one world until it has come to rest or something is as it must not be. Not to be called within a runtime's task.
    ///
    /// # Errors
    /// When this machine cannot run one.
    pub fn run(&self, scenario: &Scenario) -> Result<WorldReport, Box<dyn std::error::Error + Send + Sync>> {
        let reads = ReadStore::sqlite_in_place()?;
        let (mut settings, search) = (self.settings.clone(), self.search.clone());
        // Each shop deals with missing units in its own way.
        let policies = ShortfallPolicy::ALL.len() as u64;
        settings.shortfall.policy = ShortfallPolicy::ALL[usize::try_from(scenario.seed % policies).unwrap_or(0)].1;
        Ok(runtime()?.block_on(async move {
            let faults = Faults::new(scenario);
            let (seed, bug, is_traced) = (scenario.seed, scenario.bug, scenario.is_traced);
            let world = World::new(Parts { seed, settings, faults, reads, search, bug, is_traced });
            play(&world, scenario).await
        }))
    }
}

async fn play(world: &Arc<World>, scenario: &Scenario) -> WorldReport {
    let mut tasks = JoinSet::new();
    let clock = world.clock.clone();
    tasks.spawn(async move { clock.run().await });
    for _ in 0..PROCESSES {
        tasks.spawn(process::keep(world.clone()));
    }
    tasks.spawn(population::deliver_webhooks(world.clone()));
    let whole = async {
        if population::stock_up(world).await.is_none() {
            world.violate("an answer", "the shop could not be opened".to_owned());
        }
        let events = world.log.follow();
        tasks.spawn(Desk::new(world.clone()).run(events));
        tasks.spawn(population::keep_bank(world.clone()));
        tasks.spawn(population::mind_shop(world.clone()));
        let comes = |number: &u64| scenario.only_buyers.as_ref().is_none_or(|only| only.contains(number));
        for number in (0..scenario.buyers.min(WORLD_ORDERS_MAX)).filter(comes) {
            tasks.spawn(population::shop(world.clone(), number));
        }
        world.faults.begin();
        world.leap_until_rest(BEGIN.plus_seconds(DAYS_OF_FAULTS * DAY)).await;
        world.faults.end();
        world.leap_until_rest(BEGIN.plus_seconds(DAYS_MAX * DAY)).await;
        if world.now() >= BEGIN.plus_seconds(DAYS_MAX * DAY) {
            world.violate("I3 everything comes to rest", format!("not within {DAYS_MAX} days"));
        }
        books::reckon(world).await
    };
    let outcomes = tokio::select! {
        biased;
        outcomes = whole => outcomes,
        () = world.violated.notified() => Outcomes::default(),
    };
    report(world, outcomes)
}

fn report(world: &World, outcomes: Outcomes) -> WorldReport {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counts = &world.counts;
    WorldReport {
        outcomes,
        checkouts: count(&counts.checkouts),
        requests: (count(&counts.requests), count(&counts.unanswered)),
        crashes: count(&counts.crashes),
        tasks: count(&counts.tasks_decided),
        faults: world.faults.counts(),
        struck: world.faults.struck().into_iter().map(|(number, _)| number).collect(),
        deadly: world.faults.deadly(),
        seconds: (world.now().micros() - BEGIN.micros()) / 1_000_000,
        violations: world.violations(),
        trace: world.trace(),
    }
}
