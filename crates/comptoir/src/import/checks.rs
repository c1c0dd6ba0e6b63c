//! What must be true after an import: the money at the provider, and every projection equal to a replay from zero.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use domain::values::{Currency, OrderId};
use gateways::simulator::StripeSimulator;
use projections::{ProjectionStatus, ReadModels, Replay};
use sagas::engine::Process;
use sagas::invoicing::OrderToInvoice;
use serde::Serialize;

use crate::background::Started;
use crate::progress::{Console, per_second};

/// How long projections may take to reach the end of the log.
const CATCH_UP_MAX: Duration = Duration::from_secs(3_600);
/// How often a process is looked at that others wait for.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often a replay is compared again because something was still written meanwhile.
const COMPARISONS_MAX: usize = 3;

/// A projection beside its replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectionReport {
    /// Its name.
    pub name: String,
    /// The fingerprint of its rows as they were, SHA-256.
    pub sha256: String,
    /// Whether the replay from the first event has the same.
    pub equals_replay: bool,
    /// How long the replay took, milliseconds.
    pub replay_milliseconds: u64,
    /// Positions of the log a second.
    pub replay_positions_per_second: u64,
}

/// Returns what the provider took less what it gave back for these orders, US cents.
pub(super) fn captured_cents(payments: &StripeSimulator, orders: &HashSet<OrderId>) -> i64 {
    let orders: HashSet<&str> = orders.iter().map(OrderId::as_str).collect();
    let ledger = payments.ledger();
    let ours = ledger.iter().filter(|line| orders.contains(line.order.as_str()));
    let dollars = ours.filter(|line| line.amount.currency() == Currency::Usd);
    dollars.map(|line| line.captured.minor() - line.refunded.minor()).sum()
}

/// Waits until all documents that are due have been issued: that goes on after the last order has been delivered.
///
/// # Errors
/// When some are still to be issued after [`CATCH_UP_MAX`].
pub(super) async fn wait_for_documents(started: &Started, console: &Console) -> anyhow::Result<()> {
    let (mut head, begun) = (started.store.head(), Instant::now());
    let (task, mut most) = (console.task("documents", 0), 0);
    loop {
        let end = head.borrow_and_update().0;
        let all = started.processes.status();
        let issuing =
            all.iter().find(|status| status.kind == OrderToInvoice::KIND).context("nobody issues documents")?;
        // What waits for a human may wait for long.
        let due = issuing.open.saturating_sub(issuing.tasks) as u64;
        most = due.max(most);
        task.set(most - due, most);
        if due == 0 && issuing.position >= end {
            task.finish();
            return Ok(());
        }
        if begun.elapsed() > CATCH_UP_MAX {
            bail!("the documents of {due} orders are still not issued");
        }
        // Either is a reason to look again: a process may also end without an event.
        let _either = tokio::time::timeout(LOOK_EVERY, head.changed()).await;
    }
}

/// Waits until the read models have reached what is the end of the log now.
///
/// # Errors
/// Names the projection that stands still or is too slow.
pub(super) async fn wait_for_models(started: &Started, console: &Console) -> anyhow::Result<()> {
    let head = *started.store.head().borrow();
    let models = &started.models;
    let names: Vec<&str> = models.status().iter().map(|status| status.name).collect();
    let slowest = |all: &[ProjectionStatus]| all.iter().map(|status| status.position).min().unwrap_or(head).min(head).0;
    let from = slowest(&models.status());
    let task = console.task("read models", head.0 - from);
    let reached = models.wait_for(head, &names, CATCH_UP_MAX);
    let mut reached = std::pin::pin!(reached);
    let mut board = models.watch();
    let all = loop {
        tokio::select! {
            biased;
            all = &mut reached => break all,
            changed = board.changed() => {
                changed.context("the read models are gone")?;
                task.set(slowest(&board.borrow_and_update()).saturating_sub(from), head.0 - from);
            }
        }
    };
    if !all {
        let behind = models.status().into_iter().filter(|status| status.position < head);
        let behind: Vec<&str> = behind.map(|status| status.name).collect();
        bail!("the projections {} do not reach the end of the log", behind.join(", "));
    }
    task.set(head.0 - from, head.0 - from);
    task.finish();
    Ok(())
}

/// Rebuilds every projection from the first event and compares it with what it was.
///
/// # Errors
/// When a projection cannot be read or rebuilt.
pub(super) async fn replay_all(started: &Started, console: &Console) -> anyhow::Result<Vec<ProjectionReport>> {
    let mut reports = Vec::new();
    for status in started.models.status() {
        let mut report = replay(started, status.name, console).await?;
        for _ in 1..COMPARISONS_MAX {
            if report.equals_replay {
                break;
            }
            report = replay(started, status.name, console).await?;
        }
        reports.push(report);
    }
    Ok(reports)
}

async fn replay(started: &Started, name: &'static str, console: &Console) -> anyhow::Result<ProjectionReport> {
    let before = fingerprint(&started.models, name).await?;
    let task = console.task(&format!("replay of {name}"), 0);
    let begun = Instant::now();
    let replayed = Replay::new(started.store.clone(), started.models.clone());
    let progress = replayed.run(name, |progress| task.set(progress.done, progress.total)).await;
    let progress = progress.with_context(|| format!("projection {name} cannot be rebuilt"))?;
    let elapsed = begun.elapsed();
    task.finish();
    let after = fingerprint(&started.models, name).await?;
    Ok(ProjectionReport {
        name: name.to_owned(),
        equals_replay: before == after,
        sha256: before,
        replay_milliseconds: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        replay_positions_per_second: per_second(progress.done, elapsed),
    })
}

async fn fingerprint(models: &ReadModels, name: &str) -> anyhow::Result<String> {
    let digest = models.digest(name).await;
    Ok(digest.with_context(|| format!("projection {name} cannot be read"))?.sha256)
}
