//! The log alone: durable commits, what the disk and others can do in the same run, reading, a hot stream, bytes on disk.

mod commits;
mod hot;
mod peers;
mod reads;
mod size;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event_store::EventStore;
use uuid::Uuid;

use crate::engine::{Engine, EngineKind};
use crate::limits;
use crate::report::{millis, percentile};
use commits::Commits;
use peers::{Peer, Peers};

/// A folder of this run that goes away with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("comptoir_bench_{}", Uuid::new_v4()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}

/// Measures the log of an engine with each count of clients, for `limit` each.
///
/// # Errors
/// When the engine is not there or fails.
pub async fn run(kind: EngineKind, clients: &[usize], limit: Duration) -> anyhow::Result<()> {
    let (engine, folder) = (Engine::start(kind)?, Folder::new()?);
    println!("The log on {}: {} events of 300 B a commit, {limit:?} each", engine.name(), commits::EVENTS_EACH);
    let store = engine.open_log(&folder.0).await?;
    let peers = Peers::of(&engine).await?;
    print_head(peers.is_some());
    for count in clients {
        let syncs = limits::syncs_per_second(&folder.0)?;
        let measured = commits::measure(&store, *count, limit).await?;
        let of_peers = match &peers {
            Some(peers) => peers.measure(*count, limit).await?,
            None => Vec::new(),
        };
        print_row(*count, syncs, &measured, &of_peers);
    }
    read_and_weigh(&engine, store, &folder.0).await
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
    let feed = reads::feed(&*store).await?;
    println!("the feed into a fold that does nothing: {} events, {:.0} events/s", feed.events, feed.per_second);
    store.close().await;
    let size = size::measure(engine, folder).await?;
    let each = |bytes: u64| bytes as f64 / feed.events.max(1) as f64;
    println!(
        "on disk: {:.0} B an event, and {:.0} B of indexes and commands beside it",
        each(size.events),
        each(size.beside)
    );
    Ok(())
}

fn print_head(has_peers: bool) {
    print!("\nclients  commits/s   p50 ms   p99 ms  fdatasync/s  commits÷fdatasync");
    match has_peers {
        true => println!("  postgres-es/s  ours÷it  pgbench/s  ours÷it"),
        false => println!(),
    }
}

fn print_row(clients: usize, syncs: f64, measured: &Commits, peers: &[Peer]) {
    print!(
        "{clients:7}  {:9.0}  {:>7}  {:>7}  {syncs:11.0}  {:17.2}",
        measured.per_second,
        millis(percentile(&measured.latencies, 50)),
        millis(percentile(&measured.latencies, 99)),
        measured.per_second / syncs,
    );
    for peer in peers {
        print!("  {:width$.0}  {:7.2}", peer.per_second, measured.per_second / peer.per_second, width = peer.width);
    }
    println!();
}
