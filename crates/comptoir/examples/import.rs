//! Imports a folder of recorded baskets and prints the report.
//!
//! `cargo run --release -p comptoir --example import -- FOLDER BASKETS [DATA_DIR | memory]`; with `DATABASE_URL` set,
//! into PostgreSQL.

use std::process::ExitCode;

use anyhow::Context;
use comptoir::config::{Config, Given};
use comptoir::import::{ImportOptions, SEARCHES, run};
use comptoir::progress::Console;

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    let usage = "usage: import FOLDER BASKETS [DATA_DIR | memory]";
    let folder = arguments.next().context(usage)?.into();
    let baskets = arguments.next().context(usage)?.parse().context(usage)?;
    let place = match arguments.next() {
        Some(place) if place == "memory" => ("store".to_owned(), place),
        Some(place) => ("data_dir".to_owned(), place),
        None => ("store".to_owned(), "memory".to_owned()),
    };
    let environment: Given = std::env::vars().filter(|(name, _)| name == "DATABASE_URL").collect();
    let config = Config::load(None, &environment, &vec![place])?;
    let options = ImportOptions { folder, baskets, searches: SEARCHES, console: Console::stderr() };
    let report = run(options, &config).await?;
    println!("{report}");
    Ok(if report.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
