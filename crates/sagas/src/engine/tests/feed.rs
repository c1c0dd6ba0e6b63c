//! What the feed tells is told once, in order, and only to whom it is for.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_process_goes_from_its_order_to_its_end() {
    let kitchen = Kitchen::new();
    let mut status = kitchen.watches("cup").await;
    assert!(!status.borrow_and_update().is_ordered);
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    assert!(status.borrow_and_update().is_over);
    let types: Vec<_> = kitchen.records("cup").await.iter().map(|record| record.event_type()).collect();
    let expected = [
        "process.told",
        "process.timer_set",
        "process.asked",
        "process.asked",
        "process.answered",
        "process.answered",
        "process.asked",
        "process.answered",
        "process.timer_stopped",
        "process.ended",
    ];
    assert_eq!(types, expected);
    assert_eq!(kitchen.runner.status().open, 0);
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_is_told_again_from_an_older_mark_is_recorded_once() {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 9).await;
    kitchen.nudge("cup", 7).await;
    kitchen.catch_up().await;
    let before = kitchen.records("cup").await.len();
    kitchen.runner.heard_until.send_replace(Default::default());
    kitchen.catch_up().await;
    assert_eq!(kitchen.records("cup").await.len(), before);
    let kitchen = kitchen.restarted().await;
    kitchen.catch_up().await;
    assert_eq!(kitchen.records("cup").await.len(), before);
    assert_eq!(kitchen.folded("cup").await.process.nudges, [7]);
}

#[tokio::test(start_paused = true)]
async fn many_inputs_of_many_processes_are_told_in_order() {
    let kitchen = Kitchen::new();
    let cups = ["one", "two", "three"];
    for cup in cups {
        kitchen.order(cup, 500).await;
    }
    for number in 1..=20 {
        for cup in cups {
            kitchen.nudge(cup, number).await;
        }
    }
    kitchen.catch_up().await;
    for cup in cups {
        assert_eq!(kitchen.folded(cup).await.process.nudges, (1..=20).collect::<Vec<_>>(), "{cup}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_told_to_nobody_begins_nothing_unless_it_may() {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 9).await;
    kitchen.nudge("stranger", 1).await;
    kitchen.catch_up().await;
    assert!(kitchen.records("stranger").await.is_empty());
    kitchen.order("stranger", 9).await;
    kitchen.catch_up().await;
    assert_eq!(kitchen.folded("stranger").await.outcome.as_deref(), Some("served"));
    assert_eq!(kitchen.folded("stranger").await.process.nudges, Vec::<i64>::new());
}

#[tokio::test(start_paused = true)]
async fn an_input_without_consequence_is_not_recorded() {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    let before = kitchen.records("cup").await.len();
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    assert_eq!(kitchen.records("cup").await.len(), before);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_comes_after_the_end_is_still_acted_on() {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    kitchen.nudge("cup", 4).await;
    kitchen.catch_up().await;
    let folded = kitchen.folded("cup").await;
    assert_eq!((folded.outcome.as_deref(), folded.is_over()), (Some("served"), true));
    assert!(all_effects(kitchen.shop.bus.store()).await.contains(&"tea/cup/wipe/4".to_owned()));
    assert_eq!(kitchen.runner.status().open, 0);
}

#[tokio::test(start_paused = true)]
async fn an_ended_process_that_was_woken_is_found_after_a_restart_from_a_late_mark() {
    let kitchen = Kitchen::new();
    let following = kitchen.follow();
    kitchen.order("cup", 9).await;
    kitchen.until("cup", has_ended).await;
    following.stop().await;
    kitchen.hands.fail("wipe/4", [StepError::Later("no cloth".to_owned()), StepError::Later("no cloth".to_owned())]);
    kitchen.nudge("cup", 4).await;
    kitchen.catch_up().await;
    let kitchen = kitchen.restarted().await;
    assert_eq!(kitchen.runner.status().open, 1);
    kitchen.clock.advance_seconds(5);
    let following = kitchen.follow();
    kitchen.until("cup", |records| count(records, "process.answered") == 4).await;
    following.stop().await;
    assert!(kitchen.folded("cup").await.is_over());
}

#[tokio::test(start_paused = true)]
async fn a_restart_reads_on_from_where_all_was_told_and_finds_what_is_open() {
    let kitchen = Kitchen::new();
    let following = kitchen.follow();
    kitchen.order("waiting", 2).await;
    kitchen.order("cup", 9).await;
    kitchen.until("cup", has_ended).await;
    kitchen.until("waiting", |records| !records.is_empty()).await;
    following.stop().await;
    let told = kitchen.runner.status().position;
    let kitchen = kitchen.restarted().await;
    let status = kitchen.runner.status();
    assert!(told > 0);
    assert_eq!((status.position, status.open, status.tasks), (told, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn every_record_belongs_to_the_conversation_that_began_it() {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    let store = kitchen.shop.bus.store();
    let page = store.read_all(Position(0), PAGE_EVENTS_MAX, &Filter::default()).await.expect("the log is there");
    for event in page.events {
        let metadata: serde_json::Value = serde_json::from_str(event.metadata.get()).expect("metadata is JSON");
        assert_eq!(metadata["correlation_id"], "conversation", "{}", event.event_type);
    }
}
