//! Leases: of the processes over one log, exactly one at a time does what a lease is for.
//!
//! A holder renews its lease well before it ends, by the store's clock; whoever dies without giving it back is followed by
//! another within [`TAKEOVER_SECONDS_MAX`]. A holder that cannot renew in time is told to stop by its own, monotonic clock,
//! measured from before it asked. It may still be in the middle of a step then, so a lease only keeps two from doing the
//! same work all the time: what must not happen twice is guarded where it happens, by expected versions, by
//! compare-and-set of checkpoints, and by idempotency keys (docs/adr/0014).

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use uuid::Uuid;

use crate::EventStore;

/// How long a lease is good after it was taken or renewed.
pub const LEASE: Duration = Duration::from_secs(3);
/// After a holder died, another one has its lease within this many seconds: the lease's time, one look, one try.
pub const TAKEOVER_SECONDS_MAX: u64 = 5;

/// How often a holder renews.
const RENEW_EVERY: Duration = Duration::from_millis(750);
/// How often others look whether a lease has become free, and how soon a failed look is repeated.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A lease that this process would like to hold.
pub struct Lease {
    store: Arc<dyn EventStore>,
    name: String,
    owner: Uuid,
}

/// A lease that this process holds, until it is lost, given back or dropped.
pub struct Turn<'a> {
    lease: &'a Lease,
    good_until: Instant,
    stop: watch::Sender<bool>,
    shutdown: watch::Receiver<bool>,
}

impl Lease {
    /// Names a lease and who would hold it; `owner` is another one in every process.
    pub fn new(store: Arc<dyn EventStore>, name: impl Into<String>, owner: Uuid) -> Self {
        Self { store, name: name.into(), owner }
    }

    /// Waits until this process holds the lease; `None` once `shutdown` says stop.
    pub async fn wait(&self, shutdown: &watch::Receiver<bool>) -> Option<Turn<'_>> {
        let mut told = shutdown.clone();
        while !*told.borrow() {
            let asked_at = Instant::now();
            if self.take(asked_at + LEASE).await == Some(true) {
                tracing::info!(lease = self.name, "this process holds the lease");
                let (good_until, stop) = (asked_at + LEASE, watch::Sender::new(false));
                return Some(Turn { lease: self, good_until, stop, shutdown: shutdown.clone() });
            }
            tokio::select! {
                biased;
                () = told_to_stop(&mut told) => {}
                () = sleep(LOOK_EVERY) => {}
            }
        }
        None
    }

    /// Takes or renews the lease. `None` when the store gave no answer in time.
    async fn take(&self, until: Instant) -> Option<bool> {
        match timeout_at(until, self.store.lease_take(&self.name, self.owner, LEASE)).await {
            Ok(Ok(taken)) => Some(taken),
            Ok(Err(error)) => {
                tracing::warn!(lease = self.name, %error, "the lease cannot be asked for, trying again");
                None
            }
            Err(_elapsed) => None,
        }
    }
}

impl Turn<'_> {
    /// Says stop when the lease is lost or the shutdown has begun.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Holds the lease while `work` runs, then gives it back. `work` must end soon after [`Turn::stop`] says so: it is
    /// waited for.
    pub async fn hold<W: Future>(mut self, work: W) -> W::Output {
        let mut work = pin!(work);
        let mut shutdown = self.shutdown.clone();
        let done = loop {
            tokio::select! {
                biased;
                done = &mut work => break done,
                () = told_to_stop(&mut shutdown) => {
                    self.stop.send_replace(true);
                    break work.await;
                }
                held = self.renew() => if !held {
                    tracing::warn!(lease = self.lease.name, "this process lost the lease");
                    self.stop.send_replace(true);
                    return work.await;
                },
            }
        };
        self.give_back().await;
        done
    }

    /// Renews once, when it is time. Returns false once the lease is lost. A renewal that is dropped half-way counts as none.
    async fn renew(&mut self) -> bool {
        sleep(RENEW_EVERY).await;
        loop {
            let asked_at = Instant::now();
            match self.lease.take(self.good_until).await {
                Some(true) => {
                    self.good_until = asked_at + LEASE;
                    return true;
                }
                Some(false) => return false,
                None if Instant::now() >= self.good_until => return false,
                None => sleep_until(self.good_until.min(Instant::now() + LOOK_EVERY)).await,
            }
        }
    }

    async fn give_back(self) {
        let returned = self.lease.store.lease_return(&self.lease.name, self.lease.owner);
        match timeout_at(self.good_until, returned).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(lease = self.lease.name, %error, "the lease was not given back, it ends by itself")
            }
            // It has ended by itself.
            Err(_elapsed) => {}
        }
    }
}

/// Returns once a receiver says stop.
pub async fn told_to_stop(shutdown: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same as one that says stop.
    let _either = shutdown.wait_for(|stop| *stop).await;
}

/// The leases of a log that only this process can write to.
#[derive(Debug, Default)]
pub(crate) struct Leases(Mutex<HashMap<String, (Uuid, Instant)>>);

impl Leases {
    pub(crate) fn take(&self, name: &str, owner: Uuid, time: Duration) -> bool {
        let now = Instant::now();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = held.get(name).is_none_or(|(holder, until)| *holder == owner || *until <= now);
        if is_free {
            held.insert(name.to_owned(), (owner, now + time));
        }
        is_free
    }

    pub(crate) fn give_back(&self, name: &str, owner: Uuid) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.get(name).is_some_and(|(holder, _)| *holder == owner) {
            held.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;

    fn two_leases() -> [Lease; 2] {
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
        [1, 2].map(|owner| Lease::new(store.clone(), "work", Uuid::from_u128(owner)))
    }

    #[tokio::test(start_paused = true)]
    async fn one_holds_it_as_long_as_it_works_and_the_other_comes_right_after() {
        let [first, second] = two_leases();
        let shutdown = watch::Sender::new(false);
        let turn = first.wait(&shutdown.subscribe()).await.expect("it is free");
        let began = Instant::now();
        let worked = turn.hold(timeout_at(began + LEASE * 10, std::future::pending::<()>()));
        let (_, next) =
            tokio::join!(worked, async { second.wait(&shutdown.subscribe()).await.map(|_| Instant::now()) });
        let waited = next.expect("it becomes free") - began;
        assert!(waited >= LEASE * 10 && waited <= LEASE * 10 + LOOK_EVERY * 2, "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_dies_is_followed_in_time() {
        let [first, second] = two_leases();
        let shutdown = watch::Sender::new(false);
        let turn = first.wait(&shutdown.subscribe()).await.expect("it is free");
        let began = Instant::now();
        drop(turn);
        second.wait(&shutdown.subscribe()).await.expect("it becomes free");
        let waited = began.elapsed();
        assert!(waited >= LEASE && waited < Duration::from_secs(TAKEOVER_SECONDS_MAX), "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_holder_whose_store_went_away_stops_before_another_begins() {
        let store = Arc::new(MemoryStore::new());
        let lease = Lease::new(store.clone(), "work", Uuid::from_u128(1));
        let shutdown = watch::Sender::new(false);
        let turn = lease.wait(&shutdown.subscribe()).await.expect("it is free");
        let (began, mut stop) = (Instant::now(), turn.stop());
        store.close().await;
        turn.hold(async { stop.wait_for(|stop| *stop).await.map(drop) }).await.expect("the turn says stop");
        assert!(began.elapsed() <= LEASE, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_shutdown_ends_the_work_and_the_wait() {
        let [first, second] = two_leases();
        let shutdown = watch::Sender::new(false);
        let turn = first.wait(&shutdown.subscribe()).await.expect("it is free");
        let mut stop = turn.stop();
        let work = turn.hold(async { stop.wait_for(|stop| *stop).await.is_ok() });
        let receiver = shutdown.subscribe();
        let waiting = second.wait(&receiver);
        let (worked, waited, _) = tokio::join!(work, waiting, async { shutdown.send_replace(true) });
        assert!(worked && waited.is_none());
    }
}
