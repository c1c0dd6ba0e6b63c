//! An older copy of the log takes over: what was heard and is gone leads to nothing, and what stands there is heard.

use super::*;

fn memory() -> (Arc<MemoryStore>, Arc<ManualClock>) {
    (Arc::new(MemoryStore::new()), Arc::new(ManualClock::starting_at(start())))
}

/// How often others are let run before something must have happened.
const YIELDS_MAX: usize = 100_000;

async fn until(happened: impl Fn() -> bool) {
    for _ in 0..YIELDS_MAX {
        if happened() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it does not happen");
}

fn served(teas: &[&str]) -> Vec<String> {
    teas.iter().flat_map(|tea| ["boil", "grind", "pour"].map(|step| format!("tea/{tea}/{step}"))).collect()
}

#[tokio::test(start_paused = true)]
async fn what_stands_where_something_is_gone_is_heard() {
    let (store, clock) = memory();
    let kitchen = Kitchen::over(store.clone(), clock);
    goes_on_with_what_there_is(&store, kitchen).await;
}

#[tokio::test(start_paused = true)]
async fn what_stands_there_is_heard_also_where_only_the_next_read_finds_out() {
    let (store, clock) = memory();
    let kitchen = Kitchen::over(Faulty::unaware(store.clone()), clock);
    goes_on_with_what_there_is(&store, kitchen).await;
}

async fn goes_on_with_what_there_is(store: &MemoryStore, kitchen: Kitchen) {
    let following = kitchen.follow();
    kitchen.order("a_kept", 9).await;
    kitchen.until("a_kept", has_ended).await;
    let end = *store.head().borrow();
    kitchen.order("gone", 9).await;
    kitchen.until("gone", has_ended).await;
    let watched = kitchen.watches("gone").await;
    assert!(watched.borrow().is_over);
    store.rewind_to(end);
    let outside = Kitchen::over(kitchen.shop.bus.store().clone(), kitchen.clock.clone());
    outside.order("other", 9).await;
    kitchen.until("other", has_ended).await;
    assert_eq!(all_effects(kitchen.shop.bus.store()).await, served(&["a_kept", "other"]));
    assert!(!watched.borrow().is_ordered, "nobody ordered it");
    outside.order("gone", 9).await;
    kitchen.until("gone", has_ended).await;
    following.stop().await;
    assert_eq!(all_effects(kitchen.shop.bus.store()).await, served(&["a_kept", "gone", "other"]));
    assert_eq!(kitchen.runner.status().open, 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_heard_and_is_gone_is_never_recorded() {
    let (store, clock) = memory();
    let outside = Kitchen::over(store.clone(), clock.clone());
    let faulty = Faulty::over(store.clone());
    let kitchen = Kitchen::over(faulty.clone(), clock);
    let following = kitchen.follow();
    outside.order("a_kept", 9).await;
    kitchen.until("a_kept", has_ended).await;
    let end = *store.head().borrow();
    faulty.be_away(1);
    outside.order("gone", 9).await;
    tokio::time::timeout(PATIENCE, faulty.refused()).await.expect("it was heard, and cannot be recorded yet");
    store.rewind_to(end);
    outside.order("other", 9).await;
    kitchen.until("other", has_ended).await;
    following.stop().await;
    assert_eq!(count(&kitchen.records("gone").await, "process.told"), 0, "nobody ordered it");
    assert_eq!(all_effects(kitchen.shop.bus.store()).await, served(&["a_kept", "other"]));
}

#[tokio::test(start_paused = true)]
async fn who_only_watches_is_shown_what_there_is() {
    let (store, clock) = memory();
    let [leads, watches] = [(); 2].map(|()| Kitchen::over(store.clone(), clock.clone()));
    watches.runner.survey().await.expect("the log is there");
    let (stop, shutdown) = watch::channel(false);
    let observing = tokio::spawn(watches.runner.clone().observe(shutdown));
    let observing = Following { stop, task: observing };
    leads.order("a_kept", 9).await;
    leads.catch_up().await;
    let end = *store.head().borrow();
    leads.order("gone", 3).await;
    leads.catch_up().await;
    until(|| watches.runner.tasks().len() == 1).await;
    store.rewind_to(end);
    until(|| watches.runner.tasks().is_empty()).await;
    leads.order("other", 3).await;
    leads.catch_up().await;
    until(|| watches.runner.tasks().len() == 1).await;
    assert_eq!(watches.runner.tasks()[0].process, "other");
    observing.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_only_read_is_made_sure_of_before_it_is_performed() {
    let (store, clock) = memory();
    let first = Kitchen::over(store.clone(), clock.clone());
    first.hands.fail("grind", [StepError::Later("no beans".to_owned()), StepError::Later("no beans".to_owned())]);
    first.order("cup", 9).await;
    first.catch_up().await;
    clock.advance_seconds(5);
    let faulty = Faulty::over(store.clone());
    let next = Kitchen::over(faulty.clone(), clock);
    faulty.be_unconfirmed(1);
    next.runner.recover().await.expect_err("nobody knows whether it stays");
    next.runner.settle().await;
    assert_eq!(next.hands.performed("grind"), 0);
    next.runner.recover().await.expect("it stays");
    next.runner.settle().await;
    assert_eq!(next.hands.performed("grind"), 1);

    // A record that came after that, of another one who has stopped.
    first.hands.fail("wipe/4", [StepError::Later("no spoon".to_owned()), StepError::Later("no spoon".to_owned())]);
    first.nudge("cup", 4).await;
    first.catch_up().await;
    next.clock.advance_seconds(5);
    next.runner.each_instance(|instance| *instance.folded() = None);
    faulty.be_unconfirmed(1);
    let (confirmed, before) = (&next.runner.begun.confirmed, next.hands.performed("wipe/4"));
    let known = confirmed.load(std::sync::atomic::Ordering::Relaxed);
    next.runner.resume("cup".to_owned()).await;
    assert_eq!(next.hands.performed("wipe/4"), before, "nobody knows whether it stays");
    next.runner.settle().await;
    assert_eq!(next.hands.performed("wipe/4"), before + 1, "tried again, it does");
    assert!(confirmed.load(std::sync::atomic::Ordering::Relaxed) > known);
}

#[tokio::test(start_paused = true)]
async fn a_moment_that_comes_while_what_is_known_may_be_gone_is_left_to_whoever_begins_anew() {
    let (store, clock) = memory();
    let kitchen = Kitchen::over(store.clone(), clock);
    kitchen.hands.fail("grind", [StepError::Later("no beans".to_owned()), StepError::Later("no beans".to_owned())]);
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    kitchen.clock.advance_seconds(601);
    let end = *store.head().borrow();
    store.rewind_to(end);
    let waiting = || super::super::runner::held(&kitchen.runner.timers).clone();
    let before = waiting();
    assert!(!before.is_empty());
    kitchen.runner.wake("cup".to_owned(), "cold".to_owned()).await;
    assert!(kitchen.runner.is_outlived());
    // Nothing is tried again on what is known: whoever tried it at once, again and again, would keep the others from beginning anew.
    kitchen.runner.settle().await;
    assert_eq!(waiting(), before);
}
