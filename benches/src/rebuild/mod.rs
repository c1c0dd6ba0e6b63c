//! Every read model built anew from the events of a real import, by the runner of the shop, in a process of its own whose
//! memory is watched.

mod fill;
mod names;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, ensure};
use event_store::sqlite::SqliteStore;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position};
use projections::{BATCH_EVENTS_MAX, ProjectionState, ProjectionStatus, ReadStore, Runner};
use test_postgres::TestPostgres;
use uuid::Uuid;

use crate::engine::{Engine, EngineKind};
use crate::folder::Folder;
use crate::memory;
use crate::progress::Lines;

/// The variable that names the database of the read models to the process that builds them.
const INTO: &str = "COMPTOIR_BENCH_INTO";
/// The largest log that is made, events.
const EVENTS_MAX: u64 = 10_000_000;

/// Which baskets are imported.
#[derive(clap::Args)]
pub struct Baskets {
    /// The folder of the baskets, in the shape of `comptoir import complete-journey`.
    #[arg(long, default_value = "crates/comptoir/samples/complete-journey")]
    folder: PathBuf,
    /// How many of them; their events are stored again under new names until there are enough.
    #[arg(long, default_value_t = 1_000)]
    baskets: usize,
}

/// Fills a log with so many events of a real import, then has a process of its own build all read models from it, once for
/// each size of a batch.
///
/// # Errors
/// When the engine or the program beside this one is not there, or one of them fails.
pub async fn run(kind: EngineKind, events: u64, batches: &[usize], baskets: &Baskets) -> anyhow::Result<()> {
    ensure!((1..=EVENTS_MAX).contains(&events), "--events is {events}: allowed is 1 to {EVENTS_MAX}");
    let (engine, folder) = (Engine::start(kind)?, Folder::new()?);
    println!("All read models of {events} events on {}", engine.name());
    let imported = folder.path().join("imported");
    fill::import(&baskets.folder, baskets.baskets, &imported)?;
    let source = SqliteStore::open(imported.join("log.sqlite")).context("the import cannot be read")?;
    let log = engine.open_log(folder.path()).await?;
    let (begun, imported) = (Instant::now(), source.head().borrow().0);
    let copies = fill::fill(&*log, &source, events).await?;
    println!(
        "{imported} events of {} baskets, stored {copies} times under new names, {:.0} events/s",
        baskets.baskets,
        events as f64 / begun.elapsed().as_secs_f64()
    );
    source.close().await;
    log.close().await;
    let as_the_shop = [BATCH_EVENTS_MAX];
    for batch in if batches.is_empty() { &as_the_shop[..] } else { batches } {
        let mut alone = Command::new(std::env::current_exe()?);
        alone.arg("rebuild-here").args(["--batch-events", &batch.to_string()]).arg(folder.path());
        if let Engine::Postgres { url, cluster } = &engine {
            let into = cluster.as_ref().map_or_else(|| url.clone(), TestPostgres::create_database);
            alone.env("DATABASE_URL", url).env(INTO, into).args(["--engine", "postgres"]);
        }
        let ended = tokio::task::spawn_blocking(move || alone.status()).await??;
        ensure!(ended.success(), "the process that builds them ended with {ended}");
    }
    Ok(())
}

/// Builds all read models from the log in a folder, or in the database of `DATABASE_URL`, and prints how fast and in how
/// much memory.
///
/// # Errors
/// When the log or the read models cannot be used, or one of them does not reach the end of the log.
pub async fn run_here(kind: EngineKind, batch_events: usize, folder: &Path) -> anyhow::Result<()> {
    let engine = Engine::start(kind)?;
    let log = engine.open_log(folder).await?;
    let store = match &engine {
        Engine::Sqlite => ReadStore::sqlite(&folder.join(format!("read_{}.sqlite", Uuid::new_v4())))?,
        Engine::Postgres { .. } => ReadStore::postgres(&std::env::var(INTO)?).await?,
    };
    let mut runner = Runner::open(store, log.clone(), projections::all()).await?.with_batch_events(batch_events);
    let (events, idle) = (log.head().borrow().0, peak_mebibytes()?);
    let begun = Instant::now();
    let own = catch_up(&mut runner, events).await?;
    let (took, peak) = (begun.elapsed().as_secs_f64(), peak_mebibytes()?);
    let (rate, feed) = (events as f64 / took, wanted_per_second(&log).await?);
    let count = runner.models().status().len();
    println!("{count} read models, {batch_events} events a batch: {took:.1} s, {rate:.0} events/s");
    println!("the same events into a fold that does nothing: {feed:.0} events/s, rebuild÷feed {:.2}", rate / feed);
    println!("resident: {idle:.0} MiB before it began, {peak:.0} MiB at most, its own of them {own:.0} MiB at most");
    log.close().await;
    Ok(())
}

/// Moves every read model to the end of the log, and tells how far the last of them is. Returns the most memory that was
/// this process's own after any batch, MiB: without the pages of mapped files, which are the system's cache (`RssAnon`, proc(5)).
async fn catch_up(runner: &mut Runner, events: u64) -> anyhow::Result<f64> {
    let (models, mut board) = (runner.models(), runner.models().watch());
    let least = |all: &[ProjectionStatus]| all.iter().map(|status| status.position.0).min().unwrap_or_default();
    let mut lines = Lines::begin("building", events);
    let (mut moved, mut own) = (pin!(runner.catch_up()), 0);
    loop {
        own = own.max(memory::kib_of("self", "RssAnon")?);
        tokio::select! {
            biased;
            done = &mut moved => break done?,
            changed = board.changed() => {
                changed?;
                lines.tell(least(&board.borrow_and_update()));
            }
        }
    }
    for status in models.status() {
        let is_there = status.state == ProjectionState::Live && status.position.0 == events;
        ensure!(is_there, "{} stands at {} of {events}, {}", status.name, status.position, status.state.name());
    }
    Ok(memory::mebibytes(own))
}

/// Reads the events that read models want, in pages as large as there are, and throws them away.
async fn wanted_per_second(log: &Arc<dyn EventStore>) -> anyhow::Result<f64> {
    let projections = projections::all();
    let kinds = projections.iter().flat_map(|projection| projection.kinds());
    let filter = Filter { kinds: kinds.map(|kind| (*kind).to_owned()).collect() };
    let (begun, mut after) = (Instant::now(), Position(0));
    loop {
        let page = log.read_all(after, PAGE_EVENTS_MAX, &filter).await?;
        after = page.next;
        if after >= page.head {
            return Ok(after.0 as f64 / begun.elapsed().as_secs_f64());
        }
    }
}

/// The most memory that was ever resident in this process (`VmHWM`, proc(5)).
fn peak_mebibytes() -> anyhow::Result<f64> {
    Ok(memory::mebibytes(memory::kib_of("self", "VmHWM")?))
}
