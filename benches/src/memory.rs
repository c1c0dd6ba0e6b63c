//! Resident memory of a shop that nobody visits.

use std::time::Duration;

use crate::engine::{Engine, EngineKind};
use crate::server::Server;

/// How long the shop is left alone.
const IDLE: Duration = Duration::from_secs(10);

/// Prints what is resident right after the demo shop was filled and opened, and later.
///
/// # Errors
/// When the server does not start.
pub async fn run(kind: EngineKind) -> anyhow::Result<()> {
    let engine = Engine::start(kind)?;
    let server = Server::start(&engine).await?;
    println!("demo shop, {}", engine.name());
    println!("resident when it opened: {:.1} MiB", mebibytes(server.resident_kib()?));
    tokio::time::sleep(IDLE).await;
    println!("resident {} s later:     {:.1} MiB", IDLE.as_secs(), mebibytes(server.resident_kib()?));
    crate::server::remove(&server.stop()?);
    Ok(())
}

fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1_024.0
}
