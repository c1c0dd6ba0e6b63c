//! A step that may begin early does so only where the process is surely where it seems to be.

use super::*;

/// Makes tea while the log refuses the first record; returns how often the water was boiled.
async fn boiled(kitchen: &Kitchen, store: &Faulty) -> usize {
    let before = kitchen.hands.performed("boil");
    store.be_away(1);
    kitchen.catch_up().await;
    kitchen.hands.performed("boil") - before
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_heard_before_a_start_waits_for_its_record() {
    let store = Faulty::alone(Arc::new(MemoryStore::new()));
    let kitchen = Kitchen::over(store.clone(), Arc::new(ManualClock::starting_at(start())));
    kitchen.order("old", 9).await;
    kitchen.runner.recover().await.expect("the log is there");
    assert_eq!(boiled(&kitchen, &store).await, 1, "only once it is recorded");
    kitchen.order("new", 9).await;
    assert_eq!(boiled(&kitchen, &store).await, 2, "while it is recorded, and again since that failed");
    assert_eq!(all_effects(kitchen.shop.bus.store()).await.len(), 6, "done twice is done once");
}

#[tokio::test(start_paused = true)]
async fn where_others_write_every_step_waits_for_its_record() {
    let store = Faulty::over(Arc::new(MemoryStore::new()));
    let kitchen = Kitchen::over(store.clone(), Arc::new(ManualClock::starting_at(start())));
    kitchen.runner.recover().await.expect("the log is there");
    kitchen.order("cup", 9).await;
    assert_eq!(boiled(&kitchen, &store).await, 1);
}
