//! What a growing log costs: the same measurements at ten thousand events, a hundred thousand and so on.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use event_store::{EventStore, PAGE_EVENTS_MAX};
use uuid::Uuid;

use super::grow::Plan;
use super::{commits, picture, reads, size};
use crate::engine::{Engine, EngineKind};
use crate::folder::Folder;
use crate::limits;
use crate::report::{millis, percentile};

/// The first size at which the log is measured, events; each further one is ten times the one before.
const FIRST: u64 = 10_000;
/// The largest log that is made.
const EVENTS_MAX: u64 = 100_000_000;
/// At a size of n events the commits that are measured add no more than n divided by this, and at most so many events.
const ADDED_SHARE: u64 = 5;
const ADDED_MAX: u64 = 100_000;
/// How many streams are read one by one.
const READS: u64 = 2_000;
/// How long bare syncs are measured.
const SYNCING: Duration = Duration::from_millis(500);

/// What was measured at one size.
pub(super) struct Point {
    pub(super) events: u64,
    pub(super) commits_per_second: f64,
    pub(super) feed_per_second: f64,
    pub(super) stream_p50: Duration,
    pub(super) bytes_each: f64,
}

/// Grows a log to `max` events and measures it on the way; writes the picture where one is asked for.
///
/// # Errors
/// When the engine is not there or fails, or the file cannot be written.
pub async fn run(kind: EngineKind, max: u64, file: Option<&Path>) -> anyhow::Result<()> {
    ensure!((FIRST..=EVENTS_MAX).contains(&max), "--max is {max}: allowed is {FIRST} to {EVENTS_MAX}");
    let (engine, folder) = (Engine::start(kind)?, Folder::new()?);
    println!("A growing log on {}; commits of {} events by 64 clients", engine.name(), commits::EVENTS_EACH);
    println!("\n   events  commits/s   p50 ms   p99 ms  fdatasync/s  feed events/s  stream p50 ms  B an event");
    let sizes = std::iter::successors(Some(FIRST), |size| size.checked_mul(10)).take_while(|size| *size <= max);
    let mut points = Vec::new();
    for size in sizes {
        points.push(at(&engine, folder.path(), size).await?);
    }
    if let Some(file) = file {
        std::fs::write(file, picture::draw(engine.name(), &points)).context("the picture cannot be written")?;
    }
    Ok(())
}

/// Lets the log grow to a size, and measures it there.
async fn at(engine: &Engine, folder: &Path, events: u64) -> anyhow::Result<Point> {
    let store = engine.open_log(folder).await?;
    let before = store.head().borrow().0;
    let grown = Arc::new(Plan {
        name: Uuid::now_v7().simple().to_string(),
        commits: events.saturating_sub(before) / reads::STREAM_EVENTS as u64,
        events_each: reads::STREAM_EVENTS,
    });
    grown.carry_out(&store).await?;
    let added = (events / ADDED_SHARE).min(ADDED_MAX) / commits::EVENTS_EACH as u64;
    let name = Uuid::now_v7().simple().to_string();
    let measured = Arc::new(Plan { name, commits: added, events_each: commits::EVENTS_EACH });
    let syncs = limits::syncs_per_second(folder, SYNCING)?;
    let begun = Instant::now();
    let times = measured.carry_out(&store).await?;
    let commits_per_second = added as f64 / begun.elapsed().as_secs_f64();
    // Opened anew, nothing of the log is in this process's memory.
    store.close().await;
    let store = engine.open_log(folder).await?;
    let streams = streams(&*store, &grown).await?;
    let feed = reads::feed(&*store).await?;
    store.close().await;
    let bytes = size::measure(engine, folder).await?;
    let bytes_each = (bytes.events + bytes.beside) as f64 / feed.events as f64;
    let stream_p50 = percentile(&streams, 50);
    println!(
        "{events:9}  {commits_per_second:9.0}  {:>7}  {:>7}  {syncs:11.0}  {:13.0}  {:>13}  {bytes_each:10.0}",
        millis(percentile(&times, 50)),
        millis(percentile(&times, 99)),
        feed.per_second(),
        millis(stream_p50),
    );
    Ok(Point { events, commits_per_second, feed_per_second: feed.per_second(), stream_p50, bytes_each })
}

/// Reads streams of the plan whole, in an order that no cache expects. Returns how long each took, ascending.
async fn streams(store: &dyn EventStore, plan: &Plan) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    for _ in 0..READS {
        let number = (Uuid::new_v4().as_u128() % u128::from(plan.commits)) as u64;
        let begun = Instant::now();
        let read = store.read_stream(&plan.stream(number), 0, PAGE_EVENTS_MAX).await?;
        times.push(begun.elapsed());
        ensure!(read.len() == plan.events_each, "a stream of {} events has {}", plan.events_each, read.len());
    }
    times.sort_unstable();
    Ok(times)
}
