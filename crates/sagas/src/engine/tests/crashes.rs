//! Whenever the shop dies, the next one goes on and everything asked for is done once.

use super::store::Death;
use super::*;

const SERVED: [&str; 4] = ["tea/cup/boil", "tea/cup/grind", "tea/cup/pour", "tea/cup/stir/7"];

/// Orders a cup and nudges it, outside of the engine.
async fn ordered() -> Arc<dyn EventStore> {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 9).await;
    kitchen.nudge("cup", 7).await;
    kitchen.shop.bus.store().clone()
}

/// Runs until it is dead or nothing moves any more; returns whether it died.
async fn run(store: Arc<dyn EventStore>, append: usize, death: Death) -> bool {
    let dying = Faulty::dying(store, append, death);
    let kitchen = Kitchen::over(dying.clone(), Arc::new(ManualClock::starting_at(start())));
    let life = async {
        kitchen.runner.recover().await.expect("the log is there");
        kitchen.catch_up().await;
    };
    tokio::select! {
        () = life => {}
        () = dying.died() => {}
    }
    dying.is_dead()
}

async fn assert_served(store: Arc<dyn EventStore>, when: &str) {
    let kitchen = Kitchen::over(store.clone(), Arc::new(ManualClock::starting_at(start())));
    kitchen.runner.recover().await.expect("the log is there");
    kitchen.catch_up().await;
    let folded = kitchen.folded("cup").await;
    assert_eq!(folded.outcome.as_deref(), Some("served"), "{when}");
    assert!(folded.is_over() && folded.timers.is_empty(), "{when}: {folded:?}");
    assert_eq!(folded.process.nudges, [7], "{when}");
    assert_eq!(all_effects(&store).await, SERVED, "{when}");
    let records = kitchen.records("cup").await;
    let told = [count(&records, "process.told"), count(&records, "process.asked"), count(&records, "process.answered")];
    assert_eq!(told, [2, 4, 4], "{when}: {records:?}");
}

#[tokio::test(start_paused = true)]
async fn a_death_at_any_append_changes_nothing_in_the_end() {
    for death in [Death::Before, Death::After] {
        let mut append = 0;
        loop {
            let store = ordered().await;
            let has_died = run(store.clone(), append, death).await;
            assert_served(store, &format!("died {death:?} append {append}")).await;
            if !has_died {
                break;
            }
            append += 1;
        }
        assert!(append >= 7, "only {append} places to die at");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_death_while_going_on_changes_nothing_either() {
    for (first, second) in (0..10).flat_map(|first| (0..8).map(move |second| (first, second))) {
        for deaths in [(Death::Before, Death::After), (Death::After, Death::Before), (Death::After, Death::After)] {
            let store = ordered().await;
            run(store.clone(), first, deaths.0).await;
            run(store.clone(), second, deaths.1).await;
            assert_served(store, &format!("died {deaths:?} at {first} and {second}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_human_still_waits_after_a_death() {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 3).await;
    kitchen.catch_up().await;
    let before = kitchen.runner.tasks();
    let kitchen = kitchen.restarted().await;
    assert_eq!(kitchen.runner.tasks(), before);
    assert_eq!(kitchen.runner.status().tasks, 1);
    let by = app::actor::Actor::system("test");
    kitchen.runner.decide_task(&before[0].task.id, "milk", text("she said so"), &by).await.expect("it is open");
    kitchen.catch_up().await;
    let kitchen = kitchen.restarted().await;
    assert_eq!(kitchen.folded("cup").await.outcome.as_deref(), Some("with milk"));
    assert_eq!((kitchen.runner.tasks(), kitchen.runner.status().open), (Vec::new(), 0));
}
