//! The clock: the only place where the present comes from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use domain::values::Timestamp;
use tokio::sync::watch;

/// Tells the time and waits for a moment.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;

    /// Returns once the moment has come.
    async fn sleep_until(&self, moment: Timestamp);
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    async fn sleep_until(&self, moment: Timestamp) {
        // The wall clock may jump while we sleep: look again at least every minute.
        const LOOK_AGAIN_SECONDS_MAX: u64 = 60;
        loop {
            let left = moment.micros().saturating_sub(self.now().micros());
            let Ok(left @ 1..) = u64::try_from(left) else { return };
            tokio::time::sleep(Duration::from_micros(left).min(Duration::from_secs(LOOK_AGAIN_SECONDS_MAX))).await;
        }
    }
}

/// A clock that is turned by hand: for tests and simulations.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
}

impl ManualClock {
    /// Starts at a moment.
    pub fn starting_at(moment: Timestamp) -> Self {
        Self { now: watch::Sender::new(moment) }
    }

    /// Turns the clock on, or back where `seconds` is negative, and wakes whoever waits.
    pub fn advance_seconds(&self, seconds: i64) {
        self.now.send_modify(|now| *now = now.plus_seconds(seconds));
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep_until(&self, moment: Timestamp) {
        let mut receiver = self.now.subscribe();
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = receiver.wait_for(|now| *now >= moment).await;
    }
}
