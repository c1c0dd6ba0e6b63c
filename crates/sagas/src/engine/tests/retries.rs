//! What gets no answer is tried again, then a human is asked. The store may be away for a while.

use super::*;
use crate::engine::instance::Incoming;

fn later(count: usize) -> Vec<StepError> {
    vec![StepError::Later("the mill is stuck".to_owned()); count]
}

fn human() -> app::actor::Actor {
    app::actor::Actor::of_role(app::actor::Role::Staff, "ada")
}

/// Orders a cup whose grinding fails for good, and returns its task.
async fn with_a_stuck_mill() -> (Kitchen, OpenTask) {
    let kitchen = Kitchen::new();
    kitchen.hands.fail("grind", [StepError::Stuck("no beans".to_owned())]);
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    let mut tasks = kitchen.runner.tasks();
    assert_eq!(tasks.len(), 1);
    (kitchen, tasks.remove(0))
}

#[tokio::test(start_paused = true)]
async fn an_ask_without_answer_is_tried_again_by_the_table_and_then_is_a_dead_letter() {
    let kitchen = Kitchen::new();
    kitchen.hands.fail("grind", later(RETRY_AFTER_SECONDS.len() + 1));
    let following = kitchen.follow();
    kitchen.order("cup", 9).await;
    for (tries, seconds) in (1..).zip(RETRY_AFTER_SECONDS) {
        let failed = |records: &[TeaRecord]| count(records, "process.attempt_failed") >= tries;
        let records = kitchen.until("cup", failed).await;
        let due = records.iter().find_map(|record| match record {
            Record::AttemptFailed { attempt, retry_at, .. } if usize::try_from(*attempt) == Ok(tries) => {
                Some(*retry_at)
            }
            _ => None,
        });
        assert_eq!(due, Some(app::clock::Clock::now(&*kitchen.clock).plus_seconds(seconds)), "try {tries}");
        kitchen.clock.advance_seconds(seconds);
    }
    kitchen.until("cup", |records| count(records, "process.task_opened") == 1).await;
    following.stop().await;
    assert_eq!(kitchen.hands.performed("grind"), RETRY_AFTER_SECONDS.len() + 1);
    let task = &kitchen.runner.tasks()[0];
    assert_eq!((task.task.name.as_str(), task.task.ask.as_deref()), ("dead_letter/grind", Some("grind")));
    assert_eq!((task.kind, task.process.as_str()), ("tea", "cup"));
    assert_eq!(task.task.choices, DEAD_LETTER_CHOICES);
}

#[tokio::test(start_paused = true)]
async fn a_try_that_is_not_due_is_not_made_and_one_that_fell_due_while_the_shop_was_closed_is() {
    let kitchen = Kitchen::new();
    kitchen.hands.fail("grind", later(2));
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    assert_eq!(kitchen.hands.performed("grind"), 2);
    let kitchen = kitchen.restarted().await;
    kitchen.catch_up().await;
    assert_eq!(kitchen.hands.performed("grind"), 0);
    kitchen.clock.advance_seconds(5);
    let kitchen = kitchen.restarted().await;
    kitchen.catch_up().await;
    assert_eq!(kitchen.hands.performed("grind"), 1);
    assert_eq!(kitchen.folded("cup").await.outcome.as_deref(), Some("served"));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_not_performed_again_by_a_restart() {
    let (kitchen, task) = with_a_stuck_mill().await;
    let kitchen = kitchen.restarted().await;
    kitchen.catch_up().await;
    assert_eq!(kitchen.hands.performed("grind"), 0);
    assert_eq!(kitchen.runner.tasks(), [task]);
}

#[tokio::test(start_paused = true)]
async fn a_human_who_says_retry_gives_all_tries_anew() {
    let (kitchen, task) = with_a_stuck_mill().await;
    kitchen.hands.fail("grind", later(1));
    kitchen.runner.decide_task(&task.task.id, "retry", text("beans came"), &human()).await.expect("it is open");
    kitchen.catch_up().await;
    assert_eq!(kitchen.folded("cup").await.outcome.as_deref(), Some("served"));
    assert_eq!(kitchen.runner.tasks(), []);
    let decided = kitchen.records("cup").await.into_iter().find_map(|record| match record {
        Record::TaskDecided { decision, .. } => Some((decision.choice, decision.by, decision.reason)),
        _ => None,
    });
    assert_eq!(decided, Some(("retry".to_owned(), "ada".to_owned(), text("beans came"))));
}

#[tokio::test(start_paused = true)]
async fn a_human_who_gives_up_tells_the_process() {
    let (kitchen, task) = with_a_stuck_mill().await;
    kitchen.runner.decide_task(&task.task.id, "give_up", text("no beans"), &human()).await.expect("it is open");
    kitchen.catch_up().await;
    let folded = kitchen.folded("cup").await;
    assert_eq!((folded.outcome.as_deref(), folded.asks.len()), (Some("spoilt"), 0));
    assert_eq!(kitchen.hands.performed("grind"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_is_decided_once_and_only_by_one_of_its_choices() {
    let (kitchen, task) = with_a_stuck_mill().await;
    let unknown = kitchen.runner.decide_task(&task.task.id, "shrug", text("?"), &human()).await;
    assert!(matches!(unknown, Err(EngineError::ChoiceUnknown(choices)) if choices == DEAD_LETTER_CHOICES));
    kitchen.runner.decide_task(&task.task.id, "give_up", text("no"), &human()).await.expect("it is open");
    let again = kitchen.runner.decide_task(&task.task.id, "retry", text("yes"), &human()).await;
    assert!(matches!(again, Err(EngineError::TaskUnknown)));
}

#[tokio::test(start_paused = true)]
async fn two_questions_of_the_same_name_are_two_tasks() {
    let (kitchen, first) = with_a_stuck_mill().await;
    kitchen.hands.fail("grind", [StepError::Stuck("no beans again".to_owned())]);
    kitchen.runner.decide_task(&first.task.id, "retry", text("beans came"), &human()).await.expect("it is open");
    kitchen.catch_up().await;
    let second = kitchen.runner.tasks().remove(0);
    assert_ne!(second.task.id, first.task.id);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_for_a_while_delays_and_loses_nothing() {
    for (appends, in_doubt) in [(1, false), (3, false), (1, true), (4, true)] {
        let store = Faulty::over(Arc::new(MemoryStore::new()));
        let kitchen = Kitchen::over(store.clone(), Arc::new(ManualClock::starting_at(start())));
        kitchen.order("cup", 9).await;
        if in_doubt {
            store.be_in_doubt(appends)
        } else {
            store.be_away(appends)
        }
        let following = kitchen.follow();
        kitchen.until("cup", |records| count(records, "process.timer_set") == 1).await;
        if in_doubt {
            store.be_in_doubt(appends)
        } else {
            store.be_away(appends)
        }
        // A step that the store kept from its effect is tried again after five seconds.
        let mut head = store.head();
        let turning = async {
            while head.changed().await.is_ok() {
                kitchen.clock.advance_seconds(5);
            }
        };
        tokio::select! {
            _ = kitchen.until("cup", has_ended) => {}
            () = turning => {}
        }
        following.stop().await;
        let expected = ["tea/cup/boil", "tea/cup/grind", "tea/cup/pour"];
        assert_eq!(all_effects(kitchen.shop.bus.store()).await, expected, "{appends} {in_doubt}");
        assert_eq!(count(&kitchen.records("cup").await, "process.told"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_process_that_cannot_be_resumed_at_the_start_is_resumed_when_the_store_is_back() {
    let inner: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let first = Kitchen::over(inner.clone(), Arc::new(ManualClock::starting_at(start())));
    first.hands.fail("grind", later(2));
    first.order("cup", 9).await;
    first.catch_up().await;
    let store = Faulty::over(inner);
    let clock = Arc::new(ManualClock::starting_at(start().plus_seconds(5)));
    let kitchen = Kitchen::over(store.clone(), clock);
    store.be_unreadable(1);
    kitchen.runner.recover().await.expect("the feed can be read");
    kitchen.runner.settle().await;
    assert_eq!(kitchen.folded("cup").await.outcome.as_deref(), Some("served"));
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_belongs_to_its_conversation_also_while_the_next_move_has_the_process_in_hand() {
    let kitchen = Kitchen::new();
    kitchen.hands.fail("grind", vec![StepError::Stuck("there is no mill".to_owned())]);
    kitchen.order("cup", 9).await;
    kitchen.catch_up().await;
    let open = kitchen.runner.tasks().pop().expect("a task is open");
    let decision = TaskDecision { choice: "retry".to_owned(), reason: text("there is one now"), by: "test".to_owned() };
    let incoming = Incoming::Decision { task: open.task.id, decision };
    let Ok(moved) = kitchen.runner.advance("cup", vec![incoming]).await else { panic!("the log is there") };
    let in_hand = kitchen.runner.instance("cup").folded().take();
    assert!(in_hand.is_some(), "the process was at hand");
    kitchen.runner.spawn_drive("cup".to_owned(), moved);
    kitchen.runner.settle().await;
    let stream = StreamId::new("stock", "effects@bar");
    let effects = kitchen.shop.bus.store().read_stream(&stream, 0, PAGE_EVENTS_MAX).await.expect("the log is there");
    assert_eq!(effects.len(), 3, "boiled, ground, poured");
    for effect in effects {
        let said: serde_json::Value = serde_json::from_str(effect.metadata.get()).expect("metadata");
        assert_eq!(said["correlation_id"], "conversation", "{said}");
    }
}
