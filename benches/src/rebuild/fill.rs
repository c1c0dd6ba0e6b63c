//! Fills a log with the events of a real import, over and over under new names.

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail, ensure};
use event_store::{COMMIT_EVENTS_MAX, Commit, EventStore, Filter, NewEvent, PAGE_EVENTS_MAX, Position};
use event_store::{RecordedEvent, StreamId};
use futures_util::future::join_all;
use serde_json::value::RawValue;
use tokio::task::unconstrained;
use uuid::Uuid;

use super::names::renamed;
use crate::progress::Lines;
use crate::server;

/// The most commits under way at a time, each of another stream.
const COMMITS_MAX: usize = 256;
/// The most copies that have names of their own.
const COPIES_MAX: usize = 256;

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
    for copy in 0..COPIES_MAX {
        let mut after = Position(0);
        loop {
            let page = source.read_all(after, PAGE_EVENTS_MAX, &Filter::default()).await?;
            for event in &page.events {
                if done == events {
                    window.store(log).await?;
                    return Ok(copy + 1);
                }
                window.take(log, event, copy).await?;
                done += 1;
            }
            lines.tell(done);
            after = page.next;
            if after >= page.head {
                break;
            }
        }
    }
    bail!("{COPIES_MAX} copies hold {done} events: import more baskets")
}

/// Commits of different streams, to be stored side by side in their order.
#[derive(Default)]
struct Window {
    commits: Vec<Commit>,
    streams: HashSet<StreamId>,
    events: u64,
    stored: u64,
}

impl Window {
    async fn take(&mut self, log: &dyn EventStore, event: &RecordedEvent, copy: usize) -> anyhow::Result<()> {
        let stream = StreamId { kind: event.stream.kind.clone(), id: renamed(&event.stream.id, copy).into() };
        let goes_on = self.commits.last().is_some_and(|last| {
            last.stream == stream && last.recorded_at == event.recorded_at && last.events.len() < COMMIT_EVENTS_MAX
        });
        if !goes_on {
            let is_full = self.commits.len() == COMMITS_MAX || self.events >= COMMIT_EVENTS_MAX as u64;
            if is_full || self.streams.contains(&stream) {
                self.store(log).await?;
            }
            self.streams.insert(stream.clone());
            let (expected, recorded_at) = (event.sequence - 1, event.recorded_at);
            self.commits.push(Commit { stream, expected, events: Vec::new(), command: None, recorded_at });
        }
        let text = |json: &RawValue| RawValue::from_string(renamed(json.get(), copy));
        let new = NewEvent {
            event_id: Uuid::now_v7(),
            event_type: event.event_type.clone(),
            event_version: event.event_version.clone(),
            payload: text(&event.payload)?,
            metadata: text(&event.metadata)?,
        };
        let last = self.commits.last_mut().context("a commit was begun")?;
        last.events.push(new);
        self.events += 1;
        Ok(())
    }

    /// Stores what is there. The log's writer takes commits in the order they are handed in.
    async fn store(&mut self, log: &dyn EventStore) -> anyhow::Result<()> {
        let mut expected = self.stored;
        let ends = self.commits.iter().map(|commit| {
            expected += commit.events.len() as u64;
            expected
        });
        let ends: Vec<u64> = ends.collect();
        let appends = join_all(self.commits.drain(..).map(|commit| log.append(commit)));
        // Without tokio's budget: what it holds back after 128 sends would come behind the others.
        let stored = unconstrained(appends).await;
        for (appended, end) in stored.into_iter().zip(ends) {
            let position = appended?.position.0;
            ensure!(position == end, "what should end at position {end} ends at {position}: others write to the log");
        }
        self.stored = expected;
        self.streams.clear();
        self.events = 0;
        Ok(())
    }
}
