//! What only the KurrentDB store promises: lost connections and answers, a server that comes and goes, claims that were left
//! behind, and a server shared with others. All of it over the fake, which can be told what goes wrong.

use std::sync::Arc;
use std::time::Duration;

use event_store::memory::MemoryStore;
use event_store::{AppendError, CommandId, Commit, EventStore, Filter, NewEvent, Position, StoreError, StreamId};
use event_store_kurrentdb::KurrentDbStore;
use serde_json::value::RawValue;
use test_kurrentdb::{Fault, TestKurrentDb};
use uuid::Uuid;

/// How long a test waits for what must happen.
const WAIT: Duration = Duration::from_secs(60);
/// How often the store tries one append.
const ATTEMPTS: usize = 6;

fn commit(id: &str, expected: u64) -> Commit {
    let json = |text: &str| RawValue::from_string(text.to_owned()).expect("the test's JSON is valid");
    let event = || NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "test.happened".to_owned(),
        event_version: "1".to_owned(),
        payload: json("{}"),
        metadata: json("{}"),
    };
    Commit {
        stream: StreamId::new("test", id),
        expected,
        events: vec![event(), event()],
        command: None,
        recorded_at: 1,
        epoch: None,
    }
}

fn command(id: &str, expected: u64, key: &str) -> Commit {
    let command = Some(CommandId { id: key.to_owned(), fingerprint: "print".to_owned() });
    Commit { command, ..commit(id, expected) }
}

async fn open(fake: &TestKurrentDb) -> KurrentDbStore {
    KurrentDbStore::connect(&fake.url(), "shop", Arc::new(MemoryStore::new())).await.expect("the log opens")
}

#[tokio::test]
async fn an_append_without_an_answer_is_settled_by_its_event_ids() {
    let fake = TestKurrentDb::start().await;
    let store = open(&fake).await;
    fake.fail_next_appends([Fault::AfterStored]);
    let appended =
        store.append(commit("a", 0)).await.expect("the repeat is answered as the first time would have been");
    let events = store.read_stream(&StreamId::new("test", "a"), 0, 10).await.expect("the stream is read");
    assert_eq!((events.len(), appended.sequence, appended.position), (2, 2, events[1].position));
    fake.fail_next_appends([Fault::None, Fault::AfterStored]);
    store.append(command("a", 2, "key")).await.expect("a command's too");
    assert_eq!(fake.stream_length("shop.test-a"), 4);
}

#[tokio::test]
async fn an_append_that_was_not_taken_is_tried_again_and_then_told_of() {
    let fake = TestKurrentDb::start().await;
    let store = open(&fake).await;
    fake.fail_next_appends([Fault::BeforeStored, Fault::NotLeader]);
    store.append(commit("a", 0)).await.expect("it is stored in the end");
    fake.fail_next_appends([Fault::BeforeStored; ATTEMPTS]);
    let failed = store.append(commit("a", 2)).await;
    assert!(matches!(failed, Err(AppendError::Unavailable { in_doubt: true, .. })), "{failed:?}");
    store.append(commit("a", 2)).await.expect("the server is back");
    assert_eq!(fake.stream_length("shop.test-a"), 4);
}

#[tokio::test]
async fn a_claim_that_was_left_behind_is_completed_by_the_next_append_under_its_id() {
    let fake = TestKurrentDb::start().await;
    let (crashed, next) = (open(&fake).await, open(&fake).await);
    let first = command("a", 0, "key");
    fake.fail_next_appends([Fault::None].into_iter().chain([Fault::BeforeStored; ATTEMPTS]));
    let failed = crashed.append(first.clone()).await;
    assert!(matches!(failed, Err(AppendError::Unavailable { in_doubt: true, .. })), "{failed:?}");
    assert_eq!(next.find_command("key").await.expect("claims are read"), None, "it has not happened yet");
    // The retry decided otherwise, on another stream; but the first one is a promise.
    let Err(AppendError::DuplicateCommand(record)) = next.append(command("b", 0, "key")).await else {
        panic!("the claim was overlooked");
    };
    assert_eq!((record.stream, record.sequence_first, record.sequence_last), (StreamId::new("test", "a"), 1, 2));
    let events = next.read_stream(&StreamId::new("test", "a"), 0, 10).await.expect("the stream is read");
    let ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids, first.events.iter().map(|event| event.event_id).collect::<Vec<_>>(), "events keep their ids");
    assert_eq!((record.position, fake.stream_length("shop.test-b")), (events[1].position, 0));
    let late = crashed.append(first).await;
    assert!(matches!(late, Err(AppendError::DuplicateCommand(_))), "{late:?}");
}

#[tokio::test]
async fn a_claim_that_lost_its_race_does_not_stop_the_command() {
    let fake = TestKurrentDb::start().await;
    let store = open(&fake).await;
    store.append(commit("a", 0)).await.expect("the stream is there");
    let lost = store.append(command("a", 0, "key")).await;
    assert!(matches!(lost, Err(AppendError::WrongVersion { expected: 0, actual: 2 })), "{lost:?}");
    assert_eq!(store.find_command("key").await.expect("claims are read"), None);
    let appended = store.append(command("a", 2, "key")).await.expect("decided again, it is stored");
    let record = store.find_command("key").await.expect("claims are read").expect("it has happened");
    assert_eq!((record.sequence_first, record.sequence_last, record.position), (3, 4, appended.position));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_leave_every_command_once() {
    const COMMITS: u64 = 100;
    let fake = TestKurrentDb::start().await;
    let store = Arc::new(open(&fake).await);
    let appending = Arc::clone(&store);
    let appends = tokio::spawn(async move {
        let mut version = 0;
        while version < COMMITS * 2 {
            match appending.append(command("lost", version, &version.to_string())).await {
                Ok(appended) => version = appended.sequence,
                Err(AppendError::DuplicateCommand(record)) => version = record.sequence_last,
                Err(AppendError::Unavailable { .. }) => {}
                Err(error) => panic!("an append answered {error:?}"),
            }
        }
    });
    let (mut cuts, mut head) = (0, store.head());
    while !appends.is_finished() {
        fake.cut();
        cuts += 1;
        // Let some commits through before the next cut.
        let known = *head.borrow_and_update();
        let more = tokio::time::timeout(Duration::from_secs(1), head.wait_for(|head| head.0 > known.0 + 4_000)).await;
        assert!(more.is_err() || more.is_ok_and(|head| head.is_ok()), "the store lives");
    }
    appends.await.expect("every commit is stored in the end");
    assert!(cuts > 1, "connections were cut");
    assert_eq!(fake.stream_length("shop.test-lost"), 200, "every command landed once");
}

#[tokio::test]
async fn a_broken_subscription_is_begun_again() {
    let fake = TestKurrentDb::start().await;
    let (here, elsewhere) = (open(&fake).await, open(&fake).await);
    let mut head = here.head();
    for nth in 0..3 {
        let before = fake.subscriptions();
        let appended = elsewhere.append(commit("wake", nth * 2)).await.expect("the commit is stored");
        let woken = tokio::time::timeout(WAIT, head.wait_for(|head| *head == appended.position)).await;
        woken.expect("the head follows in time").expect("the store lives");
        fake.cut();
        let again = tokio::time::timeout(WAIT, async {
            while fake.subscriptions() < before + 1 {
                tokio::task::yield_now().await;
            }
        });
        again.await.expect("it is begun again in time");
    }
}

#[tokio::test]
async fn a_client_that_gave_up_is_made_anew() {
    let fake = TestKurrentDb::start().await;
    fake.refuse_connections(true);
    let url = fake.url();
    let opening =
        tokio::spawn(
            async move { KurrentDbStore::connect(&url, "shop", Arc::new(MemoryStore::new())).await.map(|_| ()) },
        );
    while fake.refused() < 4 {
        tokio::task::yield_now().await;
    }
    fake.refuse_connections(false);
    opening.await.expect("opening does not panic").expect("the log opens once the server is there");
}

#[tokio::test]
async fn only_positions_of_the_log_are_read_from() {
    let fake = TestKurrentDb::start().await;
    let store = open(&fake).await;
    let first = store.append(commit("a", 0)).await.expect("the commit is stored").position;
    store.append(commit("a", 2)).await.expect("the commit is stored");
    let odd = Position(first.0 + 1);
    let refused = store.read_all(odd, 10, &Filter::default()).await;
    assert!(matches!(refused, Err(StoreError::UnknownPosition(told)) if told == odd), "{refused:?}");
    let page = store.read_all(first, 10, &Filter::default()).await.expect("an event's position is one");
    assert_eq!(page.events.len(), 2);
}

#[tokio::test]
async fn logs_on_one_server_do_not_see_one_another() {
    let fake = TestKurrentDb::start().await;
    let shop = open(&fake).await;
    let other = KurrentDbStore::connect(&fake.url(), "shop_2", Arc::new(MemoryStore::new())).await.expect("opens");
    shop.append(command("a", 0, "key")).await.expect("the commit is stored");
    assert_eq!(other.find_command("key").await.expect("claims are read"), None);
    assert!(other.read_all(Position(0), 10, &Filter::default()).await.expect("the log is read").events.is_empty());
    other.append(command("a", 0, "key")).await.expect("another log, another stream and command");
}

#[tokio::test]
async fn a_commit_beyond_the_servers_limit_is_refused_and_says_so() {
    let fake = TestKurrentDb::start_with(500).await;
    let store = open(&fake).await;
    let mut large = commit("a", 0);
    large.events[0].payload = RawValue::from_string(format!("\"{}\"", "x".repeat(500))).expect("it is JSON");
    let Err(AppendError::Malformed(reason)) = store.append(large).await else { panic!("it was taken") };
    assert!(reason.contains("Maximum Append Size of 500"), "{reason}");
}

#[tokio::test]
async fn wrong_settings_are_refused() {
    let fake = TestKurrentDb::start().await;
    let beside = || Arc::new(MemoryStore::new());
    for (url, log) in [("postgres://h", "shop"), ("kurrentdb://h/path", "shop"), (&*fake.url(), "My Shop")] {
        let refused = KurrentDbStore::connect(url, log, beside()).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{url} {log}: {refused:?}");
    }
    let used = beside();
    used.append(commit("a", 0)).await.expect("the commit is stored");
    let refused = KurrentDbStore::connect(&fake.url(), "shop", used).await;
    assert!(matches!(refused, Err(StoreError::InUse(_))), "{refused:?}");
}
