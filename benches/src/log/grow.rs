//! Makes a log grow to a size, with many clients and a line of progress now and then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use event_store::{CommandId, Commit, EventStore, StreamId};
use serde_json::value::RawValue;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::commits;
use crate::progress::Lines;

/// How many clients append at once.
pub(super) const CLIENTS: usize = 64;

/// Commits to be made, each with a command id and to a stream of its own.
pub(super) struct Plan {
    /// The streams are named by it and their number, from 0.
    pub(super) name: String,
    pub(super) commits: u64,
    pub(super) events_each: usize,
}

impl Plan {
    /// Names one of its streams; the names rise with time, as a shop's do.
    pub(super) fn stream(&self, number: u64) -> StreamId {
        StreamId::new("bench", &format!("{}-{number:09}", self.name))
    }

    /// Makes all commits, and returns how long each took, ascending.
    pub(super) async fn carry_out(self: &Arc<Self>, store: &Arc<dyn EventStore>) -> anyhow::Result<Vec<Duration>> {
        let (next, mut clients) = (Arc::new(AtomicU64::new(0)), JoinSet::new());
        let payload = RawValue::from_string(commits::payload())?;
        for client in 0..CLIENTS {
            let (plan, store, next, payload) = (self.clone(), store.clone(), next.clone(), payload.clone());
            clients.spawn(async move {
                let events = plan.events_each as u64;
                let mut times = Vec::new();
                let mut lines = (client == 0).then(|| Lines::begin("storing", plan.commits * events));
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= plan.commits {
                        return Ok::<_, anyhow::Error>(times);
                    }
                    let commit = plan.commit(number, &payload)?;
                    let asked = Instant::now();
                    store.append(commit).await?;
                    times.push(asked.elapsed());
                    if let Some(lines) = &mut lines {
                        lines.tell(number * events);
                    }
                }
            });
        }
        let mut times = Vec::new();
        while let Some(done) = clients.join_next().await {
            times.extend(done.context("a client broke")??);
        }
        times.sort_unstable();
        Ok(times)
    }

    fn commit(&self, number: u64, payload: &RawValue) -> anyhow::Result<Commit> {
        Ok(Commit {
            stream: self.stream(number),
            expected: 0,
            events: commits::events(payload, self.events_each)?,
            command: Some(CommandId { id: Uuid::new_v4().to_string(), fingerprint: "bench".to_owned() }),
            recorded_at: 0,
            epoch: None,
        })
    }
}
