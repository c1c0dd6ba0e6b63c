//! Fills a log with the events of a real import, over and over under new names.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use event_store::fill::Window;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position, RecordedEvent, StreamId};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::names::{NAMES, renamed};
use crate::progress::Lines;
use crate::server;

/// Imports baskets into a shop in a folder, by the program that lies beside this one.
pub(super) fn import(baskets: &Path, count: usize, into: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(server::program()?);
    command.args(["import", "complete-journey", "--baskets", &count.to_string(), "--demo", "false"]);
    command
        .args(["--log", "error", "--store", "sqlite", "--data-dir"])
        .arg(into)
        .arg(baskets)
        .env_remove("DATABASE_URL");
    let output = command.output().context("the import cannot be started")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "the import failed: {said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Stores so many events in an empty log: those of `source` in their order, and again under other names until there are
/// enough. Returns how many copies were begun.
pub(super) async fn fill(log: &dyn EventStore, source: &dyn EventStore, events: u64) -> anyhow::Result<usize> {
    let head = log.head().borrow().0;
    ensure!(head == 0, "the log holds {head} events: name an empty database");
    let (mut lines, mut window, mut done) = (Lines::begin("storing", events), Window::default(), 0);
    for copy in 0..NAMES {
        let mut after = Position(0);
        loop {
            let page = source.read_all(after, PAGE_EVENTS_MAX, &Filter::default()).await?;
            for event in &page.events {
                if done == events {
                    window.store(log).await?;
                    return Ok(copy + 1);
                }
                done += 1;
                let event = copied(event, copy, Position(done))?;
                if !window.takes(&event) {
                    window.store(log).await?;
                }
                window.add(event);
            }
            lines.tell(done);
            after = page.next;
            if after >= page.head {
                break;
            }
        }
    }
    bail!("{NAMES} copies hold {done} events: import more baskets")
}

/// Names a stream in a copy. What a shop has one of, such as the numbers of its invoices, each copy has one of.
fn renamed_stream(id: &str, copy: usize) -> String {
    let renamed = renamed(id, copy);
    if copy > 0 && renamed == id { format!("{id}.{copy}") } else { renamed }
}

/// Returns an event as it stands in a copy, at a position of the filled log.
fn copied(event: &RecordedEvent, copy: usize, position: Position) -> anyhow::Result<RecordedEvent> {
    let text = |json: &RawValue| RawValue::from_string(renamed(json.get(), copy));
    Ok(RecordedEvent {
        position,
        stream: StreamId { kind: event.stream.kind.clone(), id: renamed_stream(&event.stream.id, copy).into() },
        event_id: Uuid::now_v7(),
        payload: text(&event.payload)?,
        metadata: text(&event.metadata)?,
        ..event.clone()
    })
}
