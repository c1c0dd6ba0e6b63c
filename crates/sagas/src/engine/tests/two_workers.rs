//! Two shops over one log get in each other's way and do no harm.

use super::*;

fn kitchens(store: &Arc<Faulty>) -> [Kitchen; 2] {
    [(); 2].map(|()| Kitchen::over(store.clone(), Arc::new(ManualClock::starting_at(start()))))
}

#[tokio::test(start_paused = true)]
async fn two_that_tell_the_same_feed_record_it_once_and_do_everything_once() {
    let store = Faulty::over(Arc::new(MemoryStore::new()));
    let [left, right] = kitchens(&store);
    let cups: Vec<_> = (0..10).map(|number| format!("cup{number}")).collect();
    for cup in &cups {
        left.order(cup, 9).await;
    }
    for _ in 0..3 {
        tokio::join!(left.catch_up(), right.catch_up());
    }
    let mut expected = Vec::new();
    for cup in &cups {
        let records = left.records(cup).await;
        let counts = ["process.told", "process.asked", "process.answered", "process.ended"];
        assert_eq!(counts.map(|name| count(&records, name)), [1, 3, 3, 1], "{cup}: {records:?}");
        expected.extend(["boil", "grind", "pour"].map(|step| format!("tea/{cup}/{step}")));
    }
    expected.sort_unstable();
    assert_eq!(all_effects(left.shop.bus.store()).await, expected);
}

#[tokio::test(start_paused = true)]
async fn two_that_resume_the_same_process_perform_twice_and_have_one_effect() {
    let store = Faulty::over(Arc::new(MemoryStore::new()));
    let [first, left] = kitchens(&store);
    let [right, _] = kitchens(&store);
    first.hands.fail("grind", vec![StepError::Later("the mill is stuck".to_owned()); 2]);
    first.order("cup", 9).await;
    first.catch_up().await;
    for kitchen in [&left, &right] {
        kitchen.clock.advance_seconds(5);
    }
    let resumed = tokio::join!(left.runner.recover(), right.runner.recover());
    assert!(resumed.0.is_ok() && resumed.1.is_ok());
    tokio::join!(left.catch_up(), right.catch_up());
    assert_eq!(left.hands.performed("grind") + right.hands.performed("grind"), 2);
    let records = left.records("cup").await;
    assert_eq!((count(&records, "process.answered"), count(&records, "process.ended")), (3, 1), "{records:?}");
    assert_eq!(all_effects(left.shop.bus.store()).await, ["tea/cup/boil", "tea/cup/grind", "tea/cup/pour"]);
}
