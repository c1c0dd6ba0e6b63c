//! Timers fire once, when their time has come, also when the shop was closed then.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;

fn fired(records: &[TeaRecord]) -> bool {
    count(records, "process.timer_fired") == 1
}

fn is_warm(records: &[TeaRecord]) -> bool {
    count(records, "process.answered") == 1
}

fn is_waiting(records: &[TeaRecord]) -> bool {
    count(records, "process.timer_set") == 1
}

#[tokio::test(start_paused = true)]
async fn a_timer_fires_when_its_time_has_come_and_not_before() {
    let kitchen = Kitchen::new();
    let following = kitchen.follow();
    kitchen.order("cup", 2).await;
    kitchen.until("cup", is_waiting).await;
    kitchen.clock.advance_seconds(599);
    kitchen.order("other", 2).await;
    kitchen.until("other", is_waiting).await;
    assert!(!fired(&kitchen.records("cup").await));
    kitchen.clock.advance_seconds(1);
    let records = kitchen.until("cup", is_warm).await;
    following.stop().await;
    let at = records.iter().find_map(|record| match record {
        Record::TimerFired { name, at } => Some((name.clone(), *at)),
        _ => None,
    });
    assert_eq!(at, Some(("cold".to_owned(), start().plus_seconds(600))));
    assert!(!fired(&kitchen.records("other").await));
}

/// A clock that is set back by an hour right after the first moment that was waited for has come, until the next one has.
struct SetBack {
    truth: Arc<ManualClock>,
    moments: AtomicUsize,
}

#[async_trait]
impl Clock for SetBack {
    fn now(&self) -> Timestamp {
        let hours = i64::from(self.moments.load(Ordering::SeqCst) == 1);
        self.truth.now().plus_seconds(-3_600 * hours)
    }

    async fn sleep_until(&self, moment: Timestamp) {
        self.truth.sleep_until(moment).await;
        self.moments.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_when_a_timer_is_due_does_not_lose_it() {
    let truth = Arc::new(ManualClock::starting_at(start()));
    let shown = Arc::new(SetBack { truth: truth.clone(), moments: AtomicUsize::new(0) });
    let kitchen = Kitchen::showing(Arc::new(MemoryStore::new()), truth, shown);
    let following = kitchen.follow();
    kitchen.order("cup", 2).await;
    kitchen.until("cup", is_waiting).await;
    kitchen.clock.advance_seconds(600);
    kitchen.until("cup", is_warm).await;
    following.stop().await;
    assert!(fired(&kitchen.records("cup").await));
}

#[tokio::test(start_paused = true)]
async fn a_timer_fires_after_a_restart() {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 2).await;
    kitchen.catch_up().await;
    let kitchen = kitchen.restarted().await;
    let following = kitchen.follow();
    kitchen.clock.advance_seconds(600);
    kitchen.until("cup", is_warm).await;
    following.stop().await;
    assert!(fired(&kitchen.records("cup").await));
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_fell_due_while_the_shop_was_closed_fires_at_the_start() {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 2).await;
    kitchen.catch_up().await;
    kitchen.clock.advance_seconds(10_000);
    let kitchen = kitchen.restarted().await;
    let following = kitchen.follow();
    kitchen.until("cup", is_warm).await;
    following.stop().await;
    let kitchen = kitchen.restarted().await;
    let following = kitchen.follow();
    kitchen.order("other", 9).await;
    kitchen.until("other", has_ended).await;
    following.stop().await;
    assert!(fired(&kitchen.records("cup").await));
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_was_stopped_never_fires() {
    let kitchen = Kitchen::new();
    let following = kitchen.follow();
    kitchen.order("cup", 9).await;
    kitchen.until("cup", has_ended).await;
    kitchen.order("other", 2).await;
    kitchen.until("other", is_waiting).await;
    kitchen.clock.advance_seconds(10_000);
    kitchen.until("other", is_warm).await;
    following.stop().await;
    assert_eq!(count(&kitchen.records("cup").await, "process.timer_fired"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_timer_whose_firing_was_stored_unnoticed_is_acted_on_all_the_same() {
    let faulty = store::Faulty::over(Arc::new(MemoryStore::new()));
    let kitchen = Kitchen::over(faulty.clone(), Arc::new(ManualClock::starting_at(start())));
    let following = kitchen.follow();
    kitchen.order("cup", 2).await;
    kitchen.until("cup", is_waiting).await;
    faulty.be_in_doubt(1);
    kitchen.clock.advance_seconds(600);
    kitchen.until("cup", is_warm).await;
    following.stop().await;
    assert!(fired(&kitchen.records("cup").await));
}

#[tokio::test(start_paused = true)]
async fn a_timer_that_a_later_move_set_unnoticed_fires_all_the_same() {
    let faulty = store::Faulty::over(Arc::new(MemoryStore::new()));
    let kitchen = Kitchen::over(faulty.clone(), Arc::new(ManualClock::starting_at(start())));
    let following = kitchen.follow();
    kitchen.order("cup", 2).await;
    kitchen.until("cup", is_waiting).await;
    kitchen.nudge("cup", tea::TO_LET_STAND).await;
    faulty.be_in_doubt(1);
    let has_stood = |records: &[TeaRecord]| count(records, "process.timer_set") == 2;
    kitchen.until("cup", has_stood).await;
    kitchen.clock.advance_seconds(1_800);
    let both_fired = |records: &[TeaRecord]| count(records, "process.timer_fired") == 2;
    kitchen.until("cup", both_fired).await;
    following.stop().await;
}
