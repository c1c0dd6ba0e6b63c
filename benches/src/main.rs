//! Measures the shop as its clients meet it: the real server as a child process, real HTTP on the loopback, no think time.
//! What each number means stands in `benches/README.md`.

mod connection;
mod engine;
mod journey;
mod limits;
mod lists;
mod load;
mod memory;
mod report;
mod server;
mod shopper;

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

impl Options {
    fn check(&self) -> anyhow::Result<Duration> {
        ensure!(
            (1..=SECONDS_MAX).contains(&self.seconds),
            "--seconds is {}: allowed is 1 to {SECONDS_MAX}",
            self.seconds
        );
        for count in &self.shoppers {
            ensure!((1..=CLIENTS_MAX).contains(count), "--shoppers names {count}: allowed is 1 to {CLIENTS_MAX}");
        }
        Ok(Duration::from_secs(self.seconds))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Journey(options) => Box::pin(journey::run(options.engine, &options.shoppers, options.check()?)).await,
        Command::Lists(options) => lists::run(options.engine, &options.shoppers, options.check()?).await,
        Command::Memory { engine } => memory::run(engine).await,
    }
}
