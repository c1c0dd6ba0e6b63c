//! The log alone: durable commits, what the disk and others can do in the same run, reading, a hot stream, bytes on disk.

mod bare;
mod commits;
mod costs;
mod curve;
mod grow;
mod hot;
mod peers;
mod picture;
mod reads;
mod size;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use event_store::EventStore;

use crate::engine::{Engine, EngineKind};
use crate::folder::Folder;
use crate::limits;
use crate::report::{millis, percentile};
use bare::Bare;
use commits::Commits;
pub use costs::run as run_costs;
pub use curve::run as run_curve;
use peers::{Peer, Peers};

/// The log and the bare engine work in turns of so long, so that a slow minute of the machine is slow for both.
const TURN: Duration = Duration::from_secs(1);
/// How long bare syncs are measured in each turn.
const SYNCING: Duration = Duration::from_millis(200);

/// One measurement: how many clients, and whether their commits have command ids.
#[derive(Clone, Copy)]
struct Load {
    clients: usize,
    keyed: bool,
}

/// Measures the log of an engine with each count of clients, for `limit` each, and once more without command ids.
///
/// # Errors
/// When the engine is not there or fails.
pub async fn run(kind: EngineKind, clients: &[usize], limit: Duration) -> anyhow::Result<()> {
    let (engine, folder) = (Engine::start(kind)?, Folder::new()?);
    println!("The log on {}: {} events of 300 B a commit, {limit:?} each", engine.name(), commits::EVENTS_EACH);
    let store = engine.open_log(folder.path()).await?;
    let peers = Peers::of(&engine).await?;
    let mut bare = Bare::of(&engine, folder.path()).await?;
    print_head(peers.is_some());
    let keyed = clients.iter().map(|count| Load { clients: *count, keyed: true });
    let unkeyed = clients.iter().max().map(|count| Load { clients: *count, keyed: false });
    for load in keyed.chain(unkeyed) {
        let row = append(&store, bare.as_mut(), load, limit, folder.path()).await?;
        let of_peers = match &peers {
            Some(peers) if load.keyed => peers.measure(load.clients, limit).await?,
            _ => Vec::new(),
        };
        print_row(load, &row, &of_peers);
    }
    read_and_weigh(&engine, store, folder.path()).await
}

/// What the log, the bare engine and the disk did in turns.
struct Row {
    log: Commits,
    bare_per_second: Option<f64>,
    syncs_per_second: f64,
}

async fn append(
    store: &Arc<dyn EventStore>,
    mut bare: Option<&mut Bare>,
    load: Load,
    limit: Duration,
    folder: &Path,
) -> anyhow::Result<Row> {
    let mut log = Commits::new(store, load.clients, load.keyed)?;
    let (mut run, mut syncs) = (bare::Run::new(load.clients, load.keyed), Vec::new());
    let turns = limit.as_secs().max(1);
    for _ in 0..turns {
        log.work(TURN).await?;
        if let Some(bare) = bare.as_deref_mut() {
            bare.work(&mut run, TURN).await?;
        }
        syncs.push(limits::syncs_per_second(folder, SYNCING)?);
    }
    log.finish().await?;
    let bare_per_second = bare.is_some().then(|| run.per_second());
    Ok(Row { log, bare_per_second, syncs_per_second: syncs.iter().sum::<f64>() / syncs.len() as f64 })
}

async fn read_and_weigh(engine: &Engine, store: Arc<dyn EventStore>, folder: &Path) -> anyhow::Result<()> {
    let hot = hot::measure(&store).await?;
    println!(
        "one SKU, {} reservations from {} clients: {:.0} reservations/s; a client's time for its share: median {} ms, slowest {} ms, ratio {:.2}",
        hot::RESERVATIONS,
        hot::CLIENTS,
        hot.per_second,
        millis(hot.median),
        millis(hot.slowest),
        hot.slowest.as_secs_f64() / hot.median.as_secs_f64()
    );
    let streams = reads::streams(&store).await?;
    println!(
        "a stream of {} events: p50 {} ms, p99 {} ms",
        reads::STREAM_EVENTS,
        millis(percentile(&streams, 50)),
        millis(percentile(&streams, 99))
    );
    // Opened anew, nothing of the log is in this process's memory.
    store.close().await;
    let store = engine.open_log(folder).await?;
    let (feed, rows) = reads::feed_and_rows(&*store, engine, folder).await?;
    println!(
        "the feed into a fold that does nothing: {} events read, {:.0} events/s; bare rows {:.0}/s, feed÷bare {:.2}",
        feed.events,
        feed.per_second(),
        rows.per_second(),
        feed.per_second() / rows.per_second()
    );
    let events = store.head().borrow().0;
    store.close().await;
    let size = size::measure(engine, folder).await?;
    let each = |bytes: u64| bytes as f64 / events.max(1) as f64;
    println!(
        "on disk: {:.0} B an event, and {:.0} B of indexes and commands beside it",
        each(size.events),
        each(size.beside)
    );
    Ok(())
}

fn print_head(has_peers: bool) {
    print!("\nclients  command ids  commits/s   p50 ms   p99 ms   bare/s  log÷bare  fdatasync/s  commits÷fdatasync");
    match has_peers {
        true => println!("  postgres-es/s  ours÷it  pgbench/s  ours÷it"),
        false => println!(),
    }
}

fn print_row(load: Load, row: &Row, peers: &[Peer]) {
    let per_second = row.log.per_second();
    let bare = row.bare_per_second.unwrap_or(f64::NAN);
    print!(
        "{:7}  {:>11}  {per_second:9.0}  {:>7}  {:>7}  {bare:7.0}  {:8.2}  {:11.0}  {:17.2}",
        load.clients,
        if load.keyed { "with" } else { "without" },
        millis(percentile(row.log.latencies(), 50)),
        millis(percentile(row.log.latencies(), 99)),
        per_second / bare,
        row.syncs_per_second,
        per_second / row.syncs_per_second,
    );
    for peer in peers {
        print!("  {:width$.0}  {:7.2}", peer.per_second, per_second / peer.per_second, width = peer.width);
    }
    println!();
}
