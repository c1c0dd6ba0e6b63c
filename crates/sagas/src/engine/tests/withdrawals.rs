//! A question that is settled without a human is withdrawn: nobody can decide it any more, anywhere.

use super::*;

fn human() -> app::actor::Actor {
    app::actor::Actor::of_role(app::actor::Role::Staff, "ada")
}

/// Says that a cup is left plain. There must be as many units to nudge with.
async fn leave_plain(kitchen: &Kitchen, cup: &str) {
    kitchen.order("large", tea::TO_LEAVE_PLAIN).await;
    kitchen.nudge(cup, tea::TO_LEAVE_PLAIN).await;
    kitchen.catch_up().await;
}

/// Orders a cup of which a human is asked what goes into it, and returns the question.
async fn asking() -> (Kitchen, OpenTask) {
    let kitchen = Kitchen::new();
    kitchen.order("cup", 3).await;
    kitchen.catch_up().await;
    let mut tasks = kitchen.runner.tasks();
    assert_eq!(tasks.len(), 1);
    (kitchen, tasks.remove(0))
}

#[tokio::test(start_paused = true)]
async fn a_question_that_is_settled_shows_no_more_and_its_process_is_over() {
    let (kitchen, task) = asking().await;
    leave_plain(&kitchen, "cup").await;
    assert_eq!(kitchen.runner.tasks(), []);
    let late = kitchen.runner.decide_task(&task.task.id, "milk", text("she said so"), &human()).await;
    assert!(matches!(late, Err(EngineError::TaskUnknown)), "{late:?}");
    let withdrawn = kitchen.records("cup").await.into_iter().find_map(|record| match record {
        Record::TaskWithdrawn { id } => Some(id),
        _ => None,
    });
    assert_eq!(withdrawn, Some(task.task.id));
    let folded = kitchen.folded("cup").await;
    assert_eq!((folded.outcome.as_deref(), folded.is_over()), (Some("plain"), true));
    let kitchen = kitchen.restarted().await;
    assert_eq!((kitchen.runner.tasks(), kitchen.runner.status().open), (vec![], 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_or_never_asked_is_not_withdrawn() {
    let (kitchen, task) = asking().await;
    kitchen.runner.decide_task(&task.task.id, "lemon", text("he said so"), &human()).await.expect("it is open");
    kitchen.order("other", 9).await;
    for cup in ["cup", "other"] {
        leave_plain(&kitchen, cup).await;
        assert_eq!(count(&kitchen.records(cup).await, "process.task_withdrawn"), 0, "{cup}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_ask_without_answer_is_settled_by_nothing_but_an_answer() {
    let kitchen = Kitchen::new();
    kitchen.hands.fail("ask", [StepError::Stuck("she is on the telephone".to_owned())]);
    kitchen.order("cup", 3).await;
    kitchen.catch_up().await;
    leave_plain(&kitchen, "cup").await;
    let [open] = &kitchen.runner.tasks()[..] else { panic!("the dead letter is open") };
    assert_eq!(open.task.name, "dead_letter/ask");
}

#[tokio::test(start_paused = true)]
async fn who_only_looks_is_shown_a_question_until_it_is_withdrawn() {
    let (kitchen, task) = asking().await;
    let looks = Kitchen::over(kitchen.shop.bus.store().clone(), kitchen.clock.clone());
    looks.runner.survey().await.expect("the log is there");
    assert_eq!(looks.runner.tasks(), std::slice::from_ref(&task));
    let (stop, shutdown) = watch::channel(false);
    let following = Following { stop, task: tokio::spawn(looks.runner.clone().observe(shutdown)) };
    leave_plain(&kitchen, "cup").await;
    let shown = async {
        let mut looking = tokio::time::interval(Duration::from_secs(1));
        while !looks.runner.tasks().is_empty() {
            looking.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, shown).await.expect("it hears of it");
    let late = looks.runner.decide_task(&task.task.id, "milk", text("she said so"), &human()).await;
    assert!(matches!(late, Err(EngineError::TaskUnknown)), "{late:?}");
    following.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_comes_after_the_withdrawal_is_too_late_also_where_it_is_not_known_yet() {
    let (kitchen, task) = asking().await;
    let looks = Kitchen::over(kitchen.shop.bus.store().clone(), kitchen.clock.clone());
    looks.runner.survey().await.expect("the log is there");
    leave_plain(&kitchen, "cup").await;
    assert_eq!(looks.runner.tasks().len(), 1, "nobody has told it");
    let late = looks.runner.decide_task(&task.task.id, "milk", text("she said so"), &human()).await;
    assert!(matches!(late, Err(EngineError::TaskUnknown)), "{late:?}");
    assert_eq!(looks.runner.tasks(), []);
    assert_eq!(count(&kitchen.records("cup").await, "process.task_decided"), 0);
}
