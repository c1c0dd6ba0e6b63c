//! Filling an empty log with what another one held, at the positions and in the streams it had there.

use std::collections::HashSet;

use futures_util::future::join_all;
use tokio::task::unconstrained;

use crate::{
    AppendError, Appended, COMMIT_EVENTS_MAX, Commit, EventStore, NewEvent, Position, RecordedEvent, StreamId,
};

/// How many commits are under way at a time, each of another stream: they share a sync of the disk.
const COMMITS_MAX: usize = 256;

/// Why a log cannot be filled. What was stored before stays.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// The store refused a commit or could not say.
    #[error("the commit that ends at position {last} was not stored")]
    NotStored {
        /// Where its last event belongs.
        last: Position,
        /// What the store said.
        #[source]
        source: AppendError,
    },
    /// A commit landed elsewhere.
    #[error("position {last} became {found}: others write to the store")]
    Elsewhere {
        /// Where its last event belongs.
        last: Position,
        /// Where it is.
        found: Position,
    },
}

/// Commits that can be stored side by side: each of another stream, in the order of the log.
#[derive(Debug, Default)]
pub struct Window {
    commits: Vec<(Commit, Position)>,
    streams: HashSet<StreamId>,
}

impl Window {
    /// Returns whether an event may be added before what is there is stored.
    pub fn takes(&self, event: &RecordedEvent) -> bool {
        self.continues(event) || (self.commits.len() < COMMITS_MAX && !self.streams.contains(&event.stream))
    }

    /// Adds an event as it shall stand in the log. What was recorded of one stream at one moment becomes one commit.
    pub fn add(&mut self, event: RecordedEvent) {
        if !self.continues(&event) {
            let (stream, expected) = (event.stream.clone(), event.sequence.saturating_sub(1));
            self.streams.insert(stream.clone());
            let recorded_at = event.recorded_at;
            let commit = Commit { stream, expected, events: vec![], command: None, recorded_at, epoch: None };
            self.commits.push((commit, event.position));
        }
        let Some((commit, last)) = self.commits.last_mut() else { return };
        *last = event.position;
        commit.events.push(NewEvent {
            event_id: event.event_id,
            event_type: event.event_type,
            event_version: event.event_version,
            payload: event.payload,
            metadata: event.metadata,
        });
    }

    /// Stores the commits in their order; each must land where it belongs. The window is empty then.
    ///
    /// # Errors
    /// [`FillError`] of the first commit that did not.
    pub async fn store(&mut self, store: &dyn EventStore) -> Result<(), FillError> {
        self.streams.clear();
        let appends = self.commits.drain(..).map(async |(commit, last)| (store.append(commit).await, last));
        // Without tokio's budget: what it holds back after 128 sends would come behind the others.
        for (appended, last) in unconstrained(join_all(appends)).await {
            let Appended { position: found, .. } = appended.map_err(|source| FillError::NotStored { last, source })?;
            if found != last {
                return Err(FillError::Elsewhere { last, found });
            }
        }
        Ok(())
    }

    /// Returns whether an event goes on with the last commit.
    fn continues(&self, event: &RecordedEvent) -> bool {
        self.commits.last().is_some_and(|(commit, _)| {
            let is_same = commit.stream == event.stream && commit.recorded_at == event.recorded_at;
            is_same && commit.events.len() < COMMIT_EVENTS_MAX
        })
    }
}
