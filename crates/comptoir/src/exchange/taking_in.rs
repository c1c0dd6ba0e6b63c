//! Takes exported events into an empty store, at the positions they had.

use std::io::BufRead;

use anyhow::{Context, bail, ensure};
use app::seal::leaf_hash;
use event_store::{COMMIT_EVENTS_MAX, Commit, EventStore, NewEvent, RecordedEvent};
use futures_util::future::join_all;
use proof::Hash;
use proof::tiles::GrowingTree;
use tokio::task::unconstrained;

use super::lines;
use crate::progress::Console;

/// How many commits are under way at a time, each of another stream: they share a sync of the disk.
const COMMITS_MAX: usize = 256;
/// The longest line read, bytes: 64 MiB.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// Reads events, a line each in either format, and stores them. Returns how many, and the root of the tree over them.
///
/// # Errors
/// When the store is not empty, a line is no event or not the next one, or the store fails. What was stored before stays:
/// begin again with an empty store.
pub async fn take_in(
    store: &dyn EventStore,
    from: &mut (dyn BufRead + Send),
    console: &Console,
) -> anyhow::Result<(u64, Hash)> {
    let present = store.head().borrow().0;
    ensure!(present == 0, "the store holds {present} events: events are taken into an empty one only");
    let (mut tree, mut window, mut text) = (GrowingTree::new(), Window::default(), String::new());
    let task = console.task("events", 0);
    loop {
        text.clear();
        let length =
            std::io::Read::take(&mut *from, LINE_BYTES_MAX).read_line(&mut text).context("the lines cannot be read")?;
        if length == 0 {
            break;
        }
        let number = tree.size() + 1;
        let event = lines::event(text.trim_end()).with_context(|| format!("line {number} is no exported event"))?;
        if event.position.0 != number {
            bail!("line {number} holds position {}: a whole log is needed, from position 1 on", event.position);
        }
        tree.push(leaf_hash(&event));
        if !window.takes(&event) {
            window.store(store).await?;
            task.set(number - 1, number - 1);
        }
        window.add(event);
    }
    window.store(store).await?;
    task.set(tree.size(), tree.size());
    task.finish();
    Ok((tree.size(), tree.root()))
}

/// Commits that can be stored side by side: each of another stream, in the order of the log.
#[derive(Default)]
struct Window {
    commits: Vec<(Commit, u64)>,
}

impl Window {
    /// Returns whether an event goes on with the last commit.
    fn continues(&self, event: &RecordedEvent) -> bool {
        self.commits.last().is_some_and(|(commit, _)| {
            let is_same = commit.stream == event.stream && commit.recorded_at == event.recorded_at;
            is_same && commit.events.len() < COMMIT_EVENTS_MAX
        })
    }

    fn takes(&self, event: &RecordedEvent) -> bool {
        let is_other = self.commits.iter().all(|(commit, _)| commit.stream != event.stream);
        self.continues(event) || (self.commits.len() < COMMITS_MAX && is_other)
    }

    fn add(&mut self, event: RecordedEvent) {
        if !self.continues(&event) {
            let (stream, expected) = (event.stream.clone(), event.sequence.saturating_sub(1));
            let commit = Commit { stream, expected, events: vec![], command: None, recorded_at: event.recorded_at };
            self.commits.push((commit, 0));
        }
        let Some((commit, last)) = self.commits.last_mut() else { return };
        *last = event.position.0;
        commit.events.push(NewEvent {
            event_id: event.event_id,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: event.payload,
            metadata: event.metadata,
        });
    }

    /// Stores the commits in their order; each must land where it was. Without tokio's budget: what it holds back after 128
    /// sends would come behind the others.
    async fn store(&mut self, store: &dyn EventStore) -> anyhow::Result<()> {
        let appends = self.commits.drain(..).map(async |(commit, last)| (store.append(commit).await, last));
        for (appended, last) in unconstrained(join_all(appends)).await {
            let appended =
                appended.with_context(|| format!("the commit that ends at position {last} was not stored"))?;
            ensure!(
                appended.position.0 == last,
                "position {last} became {}: others write to the store",
                appended.position
            );
        }
        Ok(())
    }
}
