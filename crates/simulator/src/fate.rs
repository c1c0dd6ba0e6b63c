//! Whether a process lives, stands still or is dead. Whatever it does to the world goes through a port, and every port asks
//! here first: a dead process never gets past, as if it had been killed at this very await.

use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

const LIVES: u8 = 0;
const STANDS_STILL: u8 = 1;
const IS_DEAD: u8 = 2;

pub(crate) struct Fate {
    state: AtomicU8,
    /// Wakes in the order in which it was waited for.
    changed: Notify,
}

impl Fate {
    pub(crate) fn new() -> Self {
        Self { state: AtomicU8::new(LIVES), changed: Notify::new() }
    }

    fn state(&self) -> u8 {
        self.state.load(Ordering::Relaxed)
    }

    fn become_now(&self, state: u8) {
        if self.state() != IS_DEAD {
            self.state.store(state, Ordering::Relaxed);
            self.changed.notify_waiters();
        }
    }

    pub(crate) fn kill(&self) {
        self.become_now(IS_DEAD);
    }

    pub(crate) fn freeze(&self) {
        self.become_now(STANDS_STILL);
    }

    pub(crate) fn thaw(&self) {
        self.become_now(LIVES);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.state() == IS_DEAD
    }

    async fn until(&self, wanted: impl Fn(u8) -> bool) {
        while !wanted(self.state()) {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if !wanted(self.state()) {
                changed.await;
            }
        }
    }

    /// Returns at once where the process lives, later where it stands still, never where it is dead.
    pub(crate) async fn pass(&self) {
        self.until(|state| state == LIVES).await;
    }

    /// Returns once the process stands still or is dead.
    pub(crate) async fn stopped(&self) {
        self.until(|state| state != LIVES).await;
    }

    /// Returns once the process is dead.
    pub(crate) async fn died(&self) {
        self.until(|state| state == IS_DEAD).await;
    }
}
