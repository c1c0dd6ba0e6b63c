//! What is at hand is good for as long as no older copy of the log has taken over (docs/adr/0019). Then whoever leads begins
//! anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use app::error::AppError;
use event_store::StoreError;
use tokio::sync::Notify;

use super::Process;
use super::advance::Move;
use super::runner::{EngineError, Runner, held};

/// When whoever leads has begun, and whether that still counts.
pub(super) struct Begun {
    /// The epoch of the log in which everything at hand was read.
    pub(super) epoch: AtomicU64,
    /// What was read up to here in this epoch stays in the log.
    pub(super) confirmed: AtomicU64,
    /// How often everything at hand was forgotten.
    pub(super) rounds: AtomicU64,
    /// Something that was read is gone.
    pub(super) is_outlived: AtomicBool,
    pub(super) outlived: Notify,
}

impl Begun {
    pub(super) fn in_epoch(epoch: u64) -> Self {
        Self {
            epoch: AtomicU64::new(epoch),
            confirmed: AtomicU64::new(0),
            rounds: AtomicU64::new(0),
            is_outlived: AtomicBool::new(false),
            outlived: Notify::new(),
        }
    }

    /// Begins in an epoch of the log, with nothing at hand.
    pub(super) fn again(&self, epoch: u64) {
        self.confirmed.store(0, Ordering::Release);
        self.is_outlived.store(false, Ordering::Release);
        self.epoch.store(epoch, Ordering::Release);
    }

    /// Wakes whoever leads to begin anew.
    pub(super) fn outlive(&self) -> EngineError {
        self.is_outlived.store(true, Ordering::Release);
        self.outlived.notify_one();
        EngineError::Outlived
    }
}

impl<P: Process> Runner<P> {
    /// Returns the epoch of the log in which what is at hand was read; who does not lead reads it anew.
    pub(super) fn epoch_at_hand(&self) -> u64 {
        let leads = self.leads.load(Ordering::Acquire);
        if leads { self.begun.epoch.load(Ordering::Acquire) } else { self.shop.bus.store().epoch() }
    }

    /// Makes sure, before anyone acts on asks that were only read, that they stay in the log: an effect must not outlive the
    /// record that it was asked for.
    pub(super) async fn confirm(&self, step: &Move<P>) -> Result<(), EngineError> {
        let seen = step.folded.read.filter(|seen| seen.position.0 > self.begun.confirmed.load(Ordering::Acquire));
        let Some(seen) = seen.filter(|_| !step.asks.is_empty()) else { return Ok(()) };
        match self.shop.bus.store().confirm(seen).await {
            Ok(()) => _ = self.begun.confirmed.fetch_max(seen.position.0, Ordering::AcqRel),
            Err(StoreError::LogRewound { .. }) => return Err(self.begun.outlive()),
            Err(error) => return Err(EngineError::Store(error.into())),
        }
        Ok(())
    }

    /// Returns whether what is at hand may be gone from the log.
    pub(super) fn is_outlived(&self) -> bool {
        let begun = &self.begun;
        begun.is_outlived.load(Ordering::Acquire)
            || begun.epoch.load(Ordering::Acquire) != self.shop.bus.store().epoch()
    }

    /// Forgets what is at hand and finds what is under way, as whoever comes to lead does. Who still works with what was known
    /// is waited for: nothing more can be stored on it.
    pub(super) async fn begin_anew(self: &Arc<Self>) -> Result<(), AppError> {
        self.settle().await;
        self.forget_all();
        held(&self.tasks).clear();
        let begun = async {
            self.recover().await?;
            self.show_anew().await
        };
        begun.await.map_err(|error| {
            // What is under way was not found yet.
            self.begun.outlive();
            AppError::Unavailable { in_doubt: false, source: error.into() }
        })
    }
}
