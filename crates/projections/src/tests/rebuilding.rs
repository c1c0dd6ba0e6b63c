use std::sync::Arc;
use std::time::Duration;

use event_store::{EventStore, Position};

use super::running::{COUNTING, Counting, counted, receive};
use super::{digests, long_story, models_in_batches, open};
use crate::testing::Story;
use crate::{Progress, ProjectionState, ReadModels, ReadStore, Replay, RunError};

async fn generations(models: &ReadModels, name: &str) -> Vec<(i64, i64, bool)> {
    let all = crate::rows::generations::list(models.store(), name).await.expect("the store answers");
    all.iter().map(|generation| (generation.number, generation.version, generation.live)).collect()
}

fn replay(story: &Story, models: &ReadModels) -> Replay {
    let log: Arc<dyn EventStore> = story.log.clone();
    Replay::new(log, models.clone())
}

#[tokio::test]
async fn a_rebuilt_read_model_equals_the_one_it_replaces() {
    let story = long_story().await;
    let models = models_in_batches(&story, 100).await;
    let before = digests(&models).await;
    for projection in crate::all() {
        let mut reports: Vec<Progress> = Vec::new();
        let done = replay(&story, &models).with_batch_events(50).run(projection.name(), |p| reports.push(p)).await;
        let done = done.expect("the rebuild ends");
        assert_eq!((done.done, done.total), (story.log.head().borrow().0, done.done));
        assert!(reports.windows(2).all(|pair| pair[0].done < pair[1].done));
        assert_eq!(generations(&models, projection.name()).await, [(2, projection.version(), true)]);
    }
    assert_eq!(digests(&models).await, before);
}

#[tokio::test]
async fn a_rebuild_beside_a_runner_takes_over_while_events_come() {
    let mut story = Story::new();
    receive(&mut story, 200).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let mut runner = open(&story, store, vec![Arc::new(COUNTING)]).await;
    let models = runner.models();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let shutdown = async {
            stopped.await.ok();
        };
        runner.run(shutdown).await
    });
    let rebuild = replay(&story, &models).with_batch_events(7);
    let rebuilding = tokio::spawn(async move { rebuild.run("counting", |_progress| {}).await });
    for _event in 0..50 {
        receive(&mut story, 1).await;
        tokio::task::yield_now().await;
    }
    rebuilding.await.expect("the rebuild ends").expect("without an error");
    receive(&mut story, 5).await;
    assert!(models.wait_for(Position(255), &["counting"], Duration::from_secs(60)).await);
    assert_eq!(counted(&models).await, 255, "every event once, in whichever generation");
    assert_eq!(generations(&models, "counting").await, [(2, 1, true)]);
    stop.send(()).expect("the runner listens");
    running.await.expect("the runner ends").expect("without an error");
}

#[tokio::test]
async fn a_new_version_is_built_beside_the_old_one_which_serves_until_then() {
    let mut story = Story::new();
    receive(&mut story, 10).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    open(&story, store.clone(), vec![Arc::new(COUNTING)]).await.catch_up().await.expect("it catches up");
    receive(&mut story, 10).await;
    let newer = Counting { version: 2, ..COUNTING };
    let mut runner = open(&story, store.clone(), vec![Arc::new(newer)]).await.with_batch_events(4);
    let models = runner.models();
    let status = models.status_of("counting").expect("it is registered");
    assert_eq!(
        (status.state, status.position, status.building),
        (ProjectionState::Rebuilding, Position(10), Some(Position(0)))
    );
    assert_eq!(counted(&models).await, 10, "the old one serves");

    runner.catch_up().await.expect("it catches up");
    assert_eq!(counted(&models).await, 40, "the new one counts double");
    super::assert_live(&models);
    assert_eq!(generations(&models, "counting").await, [(2, 2, true)]);

    let older = open(&story, store, vec![Arc::new(COUNTING)]).await;
    let status = older.models().status_of("counting").expect("it is registered");
    assert_eq!(status.state, ProjectionState::Stalled, "an older program does not turn back the tables");
    let refused = replay(&story, &older.models()).run("counting", |_progress| {}).await;
    assert!(matches!(refused, Err(RunError::Newer { found: 2, known: 1, .. })));
}

#[tokio::test]
async fn an_unfinished_build_of_a_new_version_goes_on_after_a_restart() {
    let mut story = Story::new();
    receive(&mut story, 3).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    open(&story, store.clone(), vec![Arc::new(COUNTING)]).await.catch_up().await.expect("it catches up");
    let newer = || Arc::new(Counting { version: 2, ..COUNTING });
    drop(open(&story, store.clone(), vec![newer()]).await);
    let mut runner = open(&story, store, vec![newer()]).await;
    assert_eq!(generations(&runner.models(), "counting").await, [(1, 1, true), (2, 2, false)]);
    runner.catch_up().await.expect("it catches up");
    assert_eq!(counted(&runner.models()).await, 6);
}

#[tokio::test]
async fn a_rebuild_that_fails_leaves_the_old_generation_alone() {
    let mut story = Story::new();
    receive(&mut story, 4).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    open(&story, store.clone(), vec![Arc::new(COUNTING)]).await.catch_up().await.expect("it catches up");
    let poisoned = Counting { poison: Some(3), ..COUNTING };
    let models = open(&story, store, vec![Arc::new(poisoned)]).await.models();
    let failed = replay(&story, &models).with_batch_events(1).run("counting", |_progress| {}).await;
    assert!(matches!(failed, Err(RunError::Fold { position: Position(3), .. })));
    assert_eq!(generations(&models, "counting").await, [(1, 1, true)]);
    assert_eq!(counted(&models).await, 4);
    let unknown = replay(&story, &models).run("unknown", |_progress| {}).await;
    assert!(matches!(unknown, Err(RunError::Read(crate::ReadError::ProjectionUnknown(_)))));
}

#[tokio::test]
async fn a_projection_that_stands_still_follows_again_after_a_rebuild() {
    let mut story = Story::new();
    receive(&mut story, 4).await;
    let store = ReadStore::sqlite_in_memory().expect("SQLite opens");
    let poisoned = Counting { poison: Some(3), ..COUNTING };
    let mut runner = open(&story, store.clone(), vec![Arc::new(poisoned)]).await;
    let stalled = runner.models();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let shutdown = async {
            stopped.await.ok();
        };
        runner.run(shutdown).await
    });
    let mut board = stalled.watch();
    let at_rest = board.wait_for(|all| all[0].state == ProjectionState::Stalled);
    drop(tokio::time::timeout(Duration::from_secs(60), at_rest).await.expect("it stalls").expect("the board lives"));
    // The same tables, rebuilt by a fold without the defect; its own board, so the runner is told by hand.
    let repaired = open(&story, store, vec![Arc::new(COUNTING)]).await.models();
    replay(&story, &repaired).run("counting", |_progress| {}).await.expect("the rebuild ends");
    stalled.announce_switch();
    let mut board = stalled.watch();
    let follows = board.wait_for(|all| all[0].position >= Position(4));
    drop(tokio::time::timeout(Duration::from_secs(60), follows).await.expect("it follows").expect("the board lives"));
    stop.send(()).expect("the runner listens");
    running.await.expect("the runner ends").expect("without an error");
}
