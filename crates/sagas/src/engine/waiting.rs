//! What processes wait for: moments, further tries, humans.

use std::sync::Arc;

use domain::values::Timestamp;
use event_store::lease::told_to_stop;
use tokio::sync::watch;

use super::Process;
use super::instance::Incoming;
use super::record::{Folded, ManualTask, Record};
use super::runner::{EngineError, OpenTask, Runner, held};

/// Timers and retries share one table; a retry's name begins with this.
const RETRY_PREFIX: &str = "retry:";

impl<P: Process> Runner<P> {
    /// Notes what a record means for timers and tasks.
    pub(super) fn note(&self, id: &str, record: &Record<P::Input, P::Step>) {
        match record {
            Record::TimerSet { name, due } => self.set_timer(*due, id, name.clone()),
            Record::AttemptFailed { key, retry_at, .. } => {
                self.set_timer(*retry_at, id, format!("{RETRY_PREFIX}{key}"));
            }
            Record::TaskOpened { task } => self.note_task(id, task),
            Record::TaskDecided { id, .. } | Record::TaskWithdrawn { id } => _ = held(&self.tasks).remove(id),
            Record::Told { .. }
            | Record::Asked { .. }
            | Record::Answered { .. }
            | Record::DeadLettered { .. }
            | Record::TimerStopped { .. }
            | Record::TimerFired { .. }
            | Record::Ended { .. } => {}
        }
    }

    /// Notes everything a process waits for, after a start.
    pub(super) fn note_all(&self, id: &str, folded: &Folded<P>) {
        folded.timers.iter().for_each(|(name, due)| self.set_timer(*due, id, name.clone()));
        for (key, pending) in &folded.asks {
            if let Some(due) = pending.retry_at {
                self.set_timer(due, id, format!("{RETRY_PREFIX}{key}"));
            }
        }
        folded.tasks.values().for_each(|task| self.note_task(id, task));
    }

    pub(super) fn note_task(&self, id: &str, task: &ManualTask) {
        let open = OpenTask { kind: P::KIND, process: id.to_owned(), task: task.clone() };
        held(&self.tasks).insert(task.id.clone(), open);
    }

    fn set_timer(&self, due: Timestamp, id: &str, name: String) {
        held(&self.timers).insert((due, id.to_owned(), name));
        self.timers_changed.notify_one();
    }

    /// Wakes processes whose time has come, until shutdown.
    pub(super) async fn run_timers(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        loop {
            let changed = self.timers_changed.notified();
            let next = held(&self.timers).first().cloned();
            let due = async {
                match &next {
                    Some((due, _, _)) => self.shop.clock.sleep_until(*due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = told_to_stop(&mut shutdown) => return,
                () = changed => continue,
                () = due => {}
            }
            if let Some((due, id, name)) = next {
                held(&self.timers).remove(&(due, id.clone(), name.clone()));
                self.wake(id.clone(), name.clone()).await;
                // A clock that was set back meanwhile may have told the process an earlier time: it is not due yet.
                if self.shop.clock.now() < due {
                    self.set_timer(due, &id, name);
                }
            }
        }
    }

    pub(super) async fn wake(self: &Arc<Self>, id: String, name: String) {
        let incoming = match name.strip_prefix(RETRY_PREFIX) {
            Some(key) => Incoming::RetryDue { key: key.to_owned() },
            None => Incoming::Timer { name: name.clone() },
        };
        match self.advance(&id, vec![incoming]).await {
            Ok(moved) => self.spawn_drive(id, moved),
            // Whoever begins anew finds the moment again.
            Err(EngineError::Outlived) => {}
            Err(error) => {
                tracing::error!(kind = P::KIND, id, name, ?error, "a timer fired and cannot be stored, trying again");
                let again = self.shop.clock.now().plus_seconds(1);
                self.set_timer(again, &id, name);
                // It may be stored all the same: then what it asked for is still to be done.
                self.spawn_resume(id);
            }
        }
    }
}
