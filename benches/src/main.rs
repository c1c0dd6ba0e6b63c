//! Measures the shop as its clients meet it: the real server as a child process, real HTTP on the loopback, no think time.
//! What each number means stands in `benches/README.md`.

mod connection;
mod engine;
mod folder;
mod journey;
mod limits;
mod lists;
mod load;
mod log;
mod memory;
mod progress;
mod rebuild;
mod report;
mod server;
mod shopper;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use clap::{Args, Parser, Subcommand};

use engine::EngineKind;

/// The most connections at once.
const CLIENTS_MAX: usize = 256;
/// The longest one measurement may take, seconds.
const SECONDS_MAX: u64 = 600;

/// Measures orders, product lists and memory of the release server.
#[derive(Parser)]
#[command(name = "comptoir-bench")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Orders a second, from the product list to the placed order, beside the limits of this machine.
    Journey(Options),
    /// Product lists of 20 a second.
    Lists(Options),
    /// What a growing log costs: commits, the feed, a stream and bytes at 10^4 events, 10^5 and so on.
    Curve {
        /// Where the log is kept.
        #[arg(long, default_value = "sqlite")]
        engine: EngineKind,
        /// How many events it grows to, 10,000 to 100,000,000; about 600 bytes of disk each.
        #[arg(long, default_value_t = 1_000_000)]
        max: u64,
        /// An SVG file to draw the curve into.
        #[arg(long)]
        picture: Option<PathBuf>,
    },
    /// What promises cost: sealing, states of the past, read models that survive a power cut.
    Costs {
        /// Where the log is kept.
        #[arg(long, default_value = "sqlite")]
        engine: EngineKind,
        /// How long each measurement takes, 1 to 600.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// The log alone: durable commits, reading, a hot stream and bytes on disk, beside the limits of this machine.
    Log {
        /// Where the log is kept.
        #[arg(long, default_value = "sqlite")]
        engine: EngineKind,
        /// How many clients append at once; one measurement each.
        #[arg(long, value_delimiter = ',', default_value = "1,8,64")]
        clients: Vec<usize>,
        /// How long each measurement takes, 1 to 600.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Every read model built anew from the events of a real import: events a second, and memory.
    Rebuild {
        /// Where the log and the read models are kept.
        #[arg(long, default_value = "sqlite")]
        engine: EngineKind,
        /// How many events the log holds, 1 to 10,000,000.
        #[arg(long, default_value_t = 1_000_000)]
        events: u64,
        /// How many events are folded in one transaction at most; the read models are built once for each [default: as
        /// the shop does].
        #[arg(long, value_delimiter = ',')]
        batch_events: Vec<usize>,
        #[command(flatten)]
        baskets: rebuild::Baskets,
    },
    /// What `rebuild` has another process do.
    #[command(hide = true)]
    RebuildHere {
        /// Where the log and the read models are kept.
        #[arg(long, default_value = "sqlite")]
        engine: EngineKind,
        /// How many events are folded in one transaction at most.
        #[arg(long)]
        batch_events: usize,
        /// The folder of their files.
        folder: PathBuf,
    },
    /// Resident memory of an idle shop.
    Memory {
        /// Where the shop keeps its log and read models.
        #[arg(long, default_value = "sqlite")]
        engine: EngineKind,
    },
}

#[derive(Args)]
struct Options {
    /// Where the shop keeps its log and read models.
    #[arg(long, default_value = "sqlite")]
    engine: EngineKind,
    /// How many shoppers at once, each on a connection of its own; one measurement each.
    #[arg(long, value_delimiter = ',', default_value = "1,8,32")]
    shoppers: Vec<usize>,
    /// How long each measurement takes, 1 to 600.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// Checks how many clients there are and how long they work.
fn check(clients: &[usize], seconds: u64) -> anyhow::Result<Duration> {
    ensure!((1..=SECONDS_MAX).contains(&seconds), "--seconds is {seconds}: allowed is 1 to {SECONDS_MAX}");
    for count in clients {
        ensure!((1..=CLIENTS_MAX).contains(count), "{count} clients are asked for: allowed is 1 to {CLIENTS_MAX}");
    }
    Ok(Duration::from_secs(seconds))
}

impl Options {
    fn check(&self) -> anyhow::Result<Duration> {
        check(&self.shoppers, self.seconds)
    }
}

/// As the shop itself allocates.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures in a task, as whoever reads or writes in the shop is one: the main thread is none of the runtime's workers, and
/// to wake it costs as much as what is measured.
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tokio::spawn(measure(Cli::parse().command)).await?
}

async fn measure(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Journey(options) => Box::pin(journey::run(options.engine, &options.shoppers, options.check()?)).await,
        Command::Lists(options) => lists::run(options.engine, &options.shoppers, options.check()?).await,
        Command::Log { engine, clients, seconds } => log::run(engine, &clients, check(&clients, seconds)?).await,
        Command::Curve { engine, max, picture } => log::run_curve(engine, max, picture.as_deref()).await,
        Command::Costs { engine, seconds } => log::run_costs(engine, check(&[], seconds)?).await,
        Command::Rebuild { engine, events, batch_events, baskets } => {
            rebuild::run(engine, events, &batch_events, &baskets).await
        }
        Command::RebuildHere { engine, batch_events, folder } => rebuild::run_here(engine, batch_events, &folder).await,
        Command::Memory { engine } => memory::run(engine).await,
    }
}
