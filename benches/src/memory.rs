//! Resident memory of a shop that nobody visits.

use std::time::Duration;

use anyhow::Context;

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

/// Returns what the system says of a process's memory, KiB: a field of `/proc/PID/status` such as `VmRSS` (proc(5)). `self` is
/// this process.
///
/// # Errors
/// On a system without /proc, and for a process that has ended.
pub fn kib_of(process: &str, field: &str) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    let mut fields = status.lines().filter_map(|line| line.split_once(':'));
    let (_, told) = fields.find(|(name, _)| *name == field).with_context(|| format!("there is no {field}"))?;
    Ok(told.trim().trim_end_matches("kB").trim().parse()?)
}

/// Returns KiB as MiB, to be printed.
pub fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1_024.0
}
