//! Several processes over one log and one set of read models: exactly one of them at a time moves the read models on, the
//! others show how far they are.
//!
//! The leader leaves a mark in the log's store for how far all read models are, beside the checkpoints, which move only
//! when rows change. Two leaders for a moment do no harm: checkpoints are moved by compare-and-set.

use std::time::Duration;

use event_store::lease::{Lease, told_to_stop};
use event_store::{EventStore, Position};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::models::{ProjectionState, ReadModels};
use crate::rows::generations::{self, Generation};
use crate::runner::{RunError, Runner};

/// The lease and the mark.
const READ_MODELS: &str = "read_models";
/// How often others are looked at although nobody waits.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often they are looked at while someone may wait, and how long after the last one began to.
const LOOK_SOON: Duration = Duration::from_millis(20);
const WANTED_FOR: Duration = Duration::from_secs(1);

impl Runner {
    /// Moves the read models on whenever this process holds their lease, and shows meanwhile how far others have moved
    /// them, until shutdown. `owner` is another one in every process.
    ///
    /// # Errors
    /// As [`Runner::run`].
    pub async fn run_in_turns(&mut self, owner: Uuid, shutdown: watch::Receiver<bool>) -> Result<(), RunError> {
        let lease = Lease::new(self.log.clone(), READ_MODELS, owner);
        loop {
            let turn = tokio::select! {
                biased;
                turn = lease.wait(&shutdown) => turn,
                () = observe(&*self.log, &self.models) => None,
            };
            let Some(turn) = turn else { return Ok(()) };
            let mut stop = turn.stop();
            turn.hold(async {
                self.take_over(stop.clone()).await;
                self.run(told_to_stop(&mut stop)).await
            })
            .await?;
        }
    }

    /// Shows how far others have moved the read models, until shutdown: for a process that only answers.
    pub async fn observe(&self, mut shutdown: watch::Receiver<bool>) {
        tokio::select! {
            biased;
            () = told_to_stop(&mut shutdown) => {}
            () = observe(&*self.log, &self.models) => {}
        }
    }

    /// Finds anew where everything stands.
    async fn take_over(&mut self, stop: watch::Receiver<bool>) {
        for index in 0..self.entries.len() {
            while let Err(error) = self.reload(index).await {
                tracing::warn!(%error, "the read models cannot be taken over, trying again");
                if *stop.borrow() {
                    return;
                }
                tokio::time::sleep(LOOK_SOON).await;
            }
        }
    }

    /// Tells other processes how far the read models are.
    pub(crate) async fn publish(&mut self) -> Result<(), RunError> {
        if !self.log.has_other_writers() {
            return Ok(());
        }
        let reached = self.entries.iter().map(|entry| entry.shown()).min().unwrap_or_default();
        if reached != self.published {
            self.log.set_mark(READ_MODELS, reached).await?;
            self.published = reached;
        }
        Ok(())
    }
}

/// Shows how far others are; never ends.
async fn observe(log: &dyn EventStore, models: &ReadModels) {
    let mut wanted_until = Instant::now();
    loop {
        if let Err(error) = look(log, models).await {
            tracing::warn!(%error, "it cannot be seen how far the read models are, trying again");
        }
        let pause = if Instant::now() < wanted_until { LOOK_SOON } else { LOOK_EVERY };
        if tokio::time::timeout(pause, models.wanted()).await.is_ok() {
            wanted_until = Instant::now() + WANTED_FOR;
        }
    }
}

async fn look(log: &dyn EventStore, models: &ReadModels) -> Result<(), RunError> {
    // The mark first: what the checkpoints say after it is at least as new.
    let epoch = log.epoch();
    let reached = log.mark(READ_MODELS).await?.unwrap_or(0);
    let head = *log.head().borrow();
    let known = generations::list_live(&models.store).await?;
    for projection in models.projections.iter() {
        let Some((_, live)) = known.iter().find(|(name, _)| name == projection.name()) else { continue };
        let (state, position) = standing(live, projection.version(), reached, head.0);
        models.update(projection.name(), |status| {
            status.state = state;
            let before = if status.epoch == epoch { status.position } else { Position(0) };
            status.position = Position(position).max(before);
            status.epoch = epoch;
            status.changed = Position(live.position);
            status.head = head.max(status.position);
            status.building = None;
        });
    }
    Ok(())
}

/// Says how a generation that another process moves is doing, and how far it is.
fn standing(live: &Generation, version: i64, reached: u64, head: u64) -> (ProjectionState, u64) {
    if live.version > version {
        return (ProjectionState::Stalled, live.position);
    }
    if live.version < version {
        return (ProjectionState::Rebuilding, live.position);
    }
    let position = live.position.max(reached);
    if position >= head { (ProjectionState::Live, position) } else { (ProjectionState::CatchingUp, position) }
}
