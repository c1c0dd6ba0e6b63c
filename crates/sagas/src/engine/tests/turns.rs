//! Of several kitchens over one log one leads; the others show how it goes and take its place.

use event_store::lease::TAKEOVER_SECONDS_MAX;
use tokio::time::Instant;
use uuid::Uuid;

use super::*;

/// A kitchen that does what is its to do.
struct Open {
    kitchen: Kitchen,
    running: Following,
}

impl Open {
    async fn over(store: &Arc<dyn EventStore>, clock: &Arc<ManualClock>, owner: u128) -> Self {
        let kitchen = Kitchen::over(store.clone(), clock.clone());
        kitchen.runner.survey().await.expect("the log is there");
        let (stop, shutdown) = watch::channel(false);
        let task = tokio::spawn(kitchen.runner.clone().run_in_turns(Uuid::from_u128(owner), shutdown));
        Self { kitchen, running: Following { stop, task } }
    }

    /// Dies on the spot, with its lease.
    async fn die(self) {
        self.running.task.abort();
        assert!(self.running.task.await.is_err_and(|error| error.is_cancelled()));
    }

    async fn is_over(&self, tea: &str) {
        let mut status = self.kitchen.runner.watch_new(tea).await;
        let over = status.wait_for(|status| status.is_over);
        tokio::time::timeout(PATIENCE, over).await.expect("it is shown at last").expect("the runner lives");
    }
}

/// Two kitchens, of which the first leads.
async fn two() -> (Arc<dyn EventStore>, Arc<ManualClock>, Open, Open) {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::starting_at(start()));
    let first = Open::over(&store, &clock, 1).await;
    first.kitchen.order("first", 9).await;
    first.kitchen.until("first", has_ended).await;
    let second = Open::over(&store, &clock, 2).await;
    (store, clock, first, second)
}

#[tokio::test(start_paused = true)]
async fn the_one_that_leads_performs_and_the_other_shows_it() {
    let (store, _, first, second) = two().await;
    for number in 0..5 {
        let cup = format!("cup{number}");
        let (ordered, _) = tokio::join!(second.kitchen.order(&cup, 9), second.is_over(&cup));
        assert_eq!((ordered, first.kitchen.hands.performed("pour")), ((), number + 2));
    }
    assert_eq!(second.kitchen.hands.performed("pour"), 0);
    assert_eq!(all_effects(&store).await.len(), 18);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_is_shown_what_happened_while_nobody_watched() {
    let (_, clock, first, second) = two().await;
    let hot = StepError::Later("the cup is hot".to_owned());
    first.kitchen.hands.fail("pour", vec![hot.clone(), hot]);
    first.kitchen.order("cup", 9).await;
    first.kitchen.until("cup", |records| count(records, "process.attempt_failed") == 2).await;
    let shown = second.kitchen.runner.watch("cup").await.borrow().clone();
    assert_eq!((shown.is_ordered, shown.is_over), (true, false));
    clock.advance_seconds(5);
    first.kitchen.until("cup", has_ended).await;
    second.kitchen.order("next", 9).await;
    second.is_over("next").await;
    second.is_over("cup").await;
}

#[tokio::test(start_paused = true)]
async fn the_other_takes_over_in_time_from_one_that_died_in_the_middle() {
    let (store, _, first, second) = two().await;
    first.kitchen.hands.fail("pour", vec![StepError::Later("the cup is hot".to_owned())]);
    first.kitchen.order("cup", 9).await;
    first.kitchen.until("cup", |records| count(records, "process.attempt_failed") == 1).await;
    first.die().await;
    let died = Instant::now();
    second.is_over("cup").await;
    assert!(died.elapsed() < Duration::from_secs(TAKEOVER_SECONDS_MAX), "{:?}", died.elapsed());
    let expected = ["cup", "first"].map(|cup| ["boil", "grind", "pour"].map(|step| format!("tea/{cup}/{step}")));
    assert_eq!(all_effects(&store).await, expected.concat());
}

#[tokio::test(start_paused = true)]
async fn timers_and_tasks_are_taken_over_too() {
    let (_, clock, first, second) = two().await;
    first.kitchen.order("timed", 2).await;
    first.kitchen.order("asking", 3).await;
    first.kitchen.until("asking", |records| count(records, "process.task_opened") == 1).await;
    first.kitchen.until("timed", |records| count(records, "process.timer_set") == 1).await;
    first.die().await;
    clock.advance_seconds(600);
    second.kitchen.until("timed", |records| count(records, "process.timer_fired") == 1).await;
    let [task] = &second.kitchen.runner.tasks()[..] else { panic!("one task is open") };
    let by = app::actor::Actor::system("test");
    second.kitchen.runner.decide_task(&task.task.id, "milk", text("she said so"), &by).await.expect("it is open");
    second.is_over("asking").await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_retried_elsewhere_is_performed_by_the_one_that_leads() {
    let (_, _, first, second) = two().await;
    first.kitchen.hands.fail("pour", vec![StepError::Stuck("there is no cup".to_owned())]);
    first.kitchen.order("cup", 9).await;
    second.kitchen.until("cup", |records| count(records, "process.task_opened") == 1).await;
    let by = app::actor::Actor::system("test");
    let task = async {
        loop {
            if let Some(open) = second.kitchen.runner.tasks().pop() {
                return open.task.id;
            }
            tokio::task::yield_now().await;
        }
    };
    let task = tokio::time::timeout(PATIENCE, task).await.expect("the other one knows of it too");
    second.kitchen.runner.decide_task(&task, "retry", text("there is one now"), &by).await.expect("it is open");
    second.is_over("cup").await;
    assert_eq!((first.kitchen.hands.performed("pour"), second.kitchen.hands.performed("pour")), (3, 0));
    let again = first.kitchen.runner.decide_task(&task, "retry", text("once more"), &by).await;
    assert!(matches!(again, Err(EngineError::TaskUnknown)), "{again:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_elsewhere_is_performed_also_where_it_is_met_in_a_race() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::starting_at(start()));
    let [leads, decides] = [(); 2].map(|()| Kitchen::over(store.clone(), clock.clone()));
    leads.hands.fail("pour", vec![StepError::Stuck("there is no cup".to_owned())]);
    leads.order("cup", 9).await;
    leads.catch_up().await;
    decides.runner.survey().await.expect("the log is there");
    let [task] = &decides.runner.tasks()[..] else { panic!("one task is open") };
    let by = app::actor::Actor::system("test");
    decides.runner.decide_task(&task.task.id, "retry", text("there is one now"), &by).await.expect("it is open");
    leads.nudge("cup", 1).await;
    leads.catch_up().await;
    assert_eq!((leads.hands.performed("pour"), decides.hands.performed("pour")), (2, 0));
    assert!(has_ended(&leads.records("cup").await));
}

#[tokio::test(start_paused = true)]
async fn one_that_stops_hands_over_at_once() {
    let (_, _, first, second) = two().await;
    first.running.stop().await;
    let stopped = Instant::now();
    second.kitchen.order("cup", 9).await;
    second.is_over("cup").await;
    assert!(stopped.elapsed() < Duration::from_secs(1), "{:?}", stopped.elapsed());
    assert_eq!(second.kitchen.hands.performed("pour"), 1);
}
