//! What only the PostgreSQL store promises: several processes, and lost connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_store::postgres::PostgresStore;
use event_store::seals::{SealError, Seals};
use event_store::{
    AppendError, CommandId, Commit, Cursor, EventStore, Filter, NewEvent, Position, StoreError, StreamId, Tenure,
};
use serde_json::value::RawValue;
use sqlx::postgres::PgPool;
use test_postgres::TestPostgres;
use uuid::Uuid;

fn commit(id: &str, expected: u64) -> Commit {
    let json = |text: &str| RawValue::from_string(text.to_owned()).expect("the test's JSON is valid");
    let event = NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "test.happened".to_owned(),
        event_version: "1".to_owned(),
        payload: json("{}"),
        metadata: json("{}"),
    };
    let command = Some(CommandId { id: format!("{id}/{expected}"), fingerprint: "print".to_owned() });
    let stream = StreamId::new("test", id);
    Commit { stream, expected, events: vec![event], command, recorded_at: 1, epoch: None }
}

async fn open(url: &str) -> PostgresStore {
    PostgresStore::connect(url).await.expect("the log opens")
}

/// Cuts the connections of all stores to a database, waits until the server has ended them, and returns how many there were.
async fn cut(pool: &PgPool) -> i64 {
    let sql = "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity \
               WHERE application_name = 'event_store' AND datname = current_database()";
    sqlx::query_scalar(sql).fetch_one(pool).await.expect("the connections are ended")
}

#[tokio::test]
async fn processes_that_start_together_create_one_schema() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let starts: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move { open(&url).await.close().await })
        })
        .collect();
    for start in starts {
        start.await.expect("every process starts");
    }
}

/// What a shop's own role must not do.
const FORBIDDEN: [&str; 12] = [
    "UPDATE events SET payload = '{}'",
    "DELETE FROM events",
    "TRUNCATE events",
    "DROP TABLE events",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "UPDATE commands SET position = 0",
    "DELETE FROM commands",
    "UPDATE checkpoints SET size = 0",
    "DELETE FROM checkpoints",
    "DELETE FROM tree_tiles",
    "DELETE FROM log_head",
    "DELETE FROM secrets",
];

#[tokio::test]
async fn the_role_of_a_shop_appends_and_changes_nothing() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let (owner, role) = (server.create_database(), format!("shop \"{}", Uuid::new_v4().simple()));
    let refused = PostgresStore::grant(&owner, &role).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "the role is not there yet");
    let pool = PgPool::connect(&owner).await.expect("the owner connects");
    let create = format!("CREATE ROLE \"{}\" LOGIN", role.replace('"', "\"\""));
    sqlx::query(&create).execute(&pool).await.expect("the role is made");
    for _again in 0..2 {
        PostgresStore::grant(&owner, &role).await.expect("the role may do what a shop does");
    }
    let url = owner.replace("//postgres@", &format!("//{}@", role.replace(' ', "%20").replace('"', "%22")));
    let store: Arc<dyn EventStore> = Arc::new(open(&url).await);
    event_store::contract::a_commit_creates_a_stream(store.clone()).await;
    event_store::contract::a_mark_is_kept(store.clone()).await;
    event_store::contract::a_lease_has_one_owner(store.clone()).await;
    event_store::contract::a_destroyed_secret_never_comes_back(store.clone()).await;
    event_store::contract::the_last_snapshot_of_a_stream_is_kept(store.clone()).await;
    event_store::contract::seals_are_kept(store.clone()).await;
    let shop = PgPool::connect(&url).await.expect("the shop connects");
    for statement in FORBIDDEN {
        let refused = sqlx::query(statement).execute(&shop).await.expect_err(statement);
        let code = refused.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn a_commit_of_another_process_wakes_readers() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let (here, elsewhere) = (open(&url).await, open(&url).await);
    let mut head = here.head();
    elsewhere.append(commit("wake", 0)).await.expect("the commit is stored");
    let woken = tokio::time::timeout(Duration::from_secs(60), head.wait_for(|head| *head == Position(1)));
    woken.await.expect("the head follows in time").expect("the store lives");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_leaves_at_most_doubt() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = Arc::new(open(&url).await);
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    let appending = Arc::clone(&store);
    let appends = tokio::spawn(async move {
        let mut version = 0;
        while version < 500 {
            match appending.append(commit("lost", version)).await {
                Ok(appended) => version = appended.sequence,
                // The retry of a commit in doubt, which had landed.
                Err(AppendError::DuplicateCommand(record)) => version = record.sequence_last,
                Err(AppendError::Unavailable { .. }) => {}
                Err(error) => panic!("an append answered {error:?}"),
            }
        }
    });
    let mut killed = 0;
    while !appends.is_finished() {
        killed += cut(&pool).await;
        let known = *store.head().borrow();
        let head = store.read_all(Position(0), 1, &Filter::default()).await.map_or(known, |page| page.head);
        // Let some commits through before the next cut.
        let more = store.head().wait_for(|known| known.0 >= (head.0 + 50).min(500)).await.map(|known| *known);
        more.expect("the store lives");
    }
    appends.await.expect("every commit is stored in the end");
    assert!(killed > 0, "connections were cut");
    // A connection that was used a moment ago is not tested before it is used again: each that was cut fails one read.
    let events = loop {
        match store.read_stream(&StreamId::new("test", "lost"), 0, 1_000).await {
            Ok(events) => break events,
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("a read answered {error:?}"),
        }
    };
    assert_eq!(events.len(), 500, "every command landed once");
}

#[tokio::test]
async fn a_commit_the_server_refuses_does_not_harm_the_others() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = Arc::new(open(&url).await);
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    let sql = "ALTER TABLE events ADD CHECK (aggregate_id <> 'refused')";
    sqlx::query(sql).execute(&pool).await.expect("the check is added");
    let appends: Vec<_> = ["a", "refused", "b", "c"]
        .map(|id| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.append(commit(id, 0)).await })
        })
        .into();
    let mut answers = Vec::new();
    for append in appends {
        answers.push(append.await.expect("an append does not panic"));
    }
    assert!(matches!(answers[1], Err(AppendError::Unavailable { in_doubt: false, .. })), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3, "{answers:?}");
    let page = store.read_all(Position(0), 10, &Filter::default()).await.expect("the log is dense");
    assert_eq!((page.events.len(), page.head), (3, Position(3)));
}

#[tokio::test]
async fn a_stream_or_a_command_that_is_not_as_the_writer_knows_it_is_found_out() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = open(&url).await;
    store.append(commit("a", 0)).await.expect("the commit is stored");
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    let behind = "WITH moved AS (UPDATE log_head SET position = 2)
        INSERT INTO events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
        VALUES (2, 'test', 'a', 2, 'test.happened', '1', '{}', '{}')";
    sqlx::query(behind).execute(&pool).await.expect("the owner of the database may do anything");
    let refused = store.append(commit("a", 1)).await;
    assert!(matches!(refused, Err(AppendError::WrongVersion { expected: 1, actual: 2 })), "{refused:?}");
    let next = store.append(commit("a", 2)).await.expect("it is known again where the stream ends");
    assert_eq!((next.sequence, next.position), (3, Position(3)));
    let repeated = Commit { command: commit("a", 0).command, ..commit("a", 3) };
    let refused = store.append(repeated).await;
    assert!(matches!(&refused, Err(AppendError::DuplicateCommand(first)) if first.sequence_last == 1), "{refused:?}");
    let other = store.append(commit("b", 0)).await.expect("the commit is stored");
    assert_eq!(other.position, Position(4), "what was refused has left no gap");
}

#[tokio::test]
async fn a_gap_in_the_log_is_found_out() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = PostgresStore::connect(&url).await.expect("the log opens").without_tail();
    for id in ["a", "b", "c"] {
        store.append(commit(id, 0)).await.expect("the commit is stored");
    }
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    for (position, after) in [(2, 0), (3, 1)] {
        let sql = "DELETE FROM events WHERE position = $1";
        sqlx::query(sql).bind(position).execute(&pool).await.expect("the event is deleted");
        let read = store.read_all(Position(after), 10, &Filter::default()).await;
        assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
    }
}

/// Waits until the tenure is as wanted.
async fn until(store: &PostgresStore, what: &str, wanted: impl Fn(Option<Tenure>) -> bool) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    let seen = async {
        while !wanted(store.tenure()) {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seen).await.expect(what);
}

#[tokio::test]
async fn who_is_alone_holds_the_log_until_another_process_appends() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let first = open(&url).await;
    let tenure = first.tenure();
    assert_eq!(tenure.map(|tenure| tenure.since), Some(Position(0)));
    first.append(commit("a", 0)).await.expect("the commit is stored");
    let second = open(&url).await;
    assert_eq!((first.tenure(), second.tenure()), (tenure, None), "whoever only opens the log disturbs nobody");
    second.append(commit("b", 0)).await.expect("the log is given up");
    assert_eq!((first.tenure(), second.tenure()), (None, None));
    first.append(commit("c", 0)).await.expect("both append");
    second.append(commit("d", 0)).await.expect("both append");
    let page = second.read_all(Position(0), 10, &Filter::default()).await.expect("the log is dense");
    assert_eq!(page.head, Position(4));
    first.close().await;
    second.close().await;
    let third = open(&url).await;
    assert_eq!(third.tenure().map(|tenure| tenure.since), Some(Position(4)));
    third.close().await;
    assert!(open(&url).await.tenure().is_some(), "who closes the log leaves it to others");
}

#[tokio::test]
async fn a_secret_is_destroyed_after_the_holder_of_the_log_has_given_it_up() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let (holder, other) = (open(&url).await, open(&url).await);
    holder.secret_or_insert("key", b"value").await.expect("the secret is stored");
    assert!(holder.tenure().is_some(), "a secret alone is no reason");
    assert!(other.secret_destroy("key").await.expect("the secret is destroyed"));
    assert!(holder.tenure().is_none(), "it might have had the secret at hand");
    let again = open(&server.create_database()).await;
    again.secret_or_insert("key", b"value").await.expect("the secret is stored");
    assert!(again.secret_destroy("key").await.expect("its own secrets a holder destroys itself"));
    assert!(again.tenure().is_some());
}

#[tokio::test]
async fn a_holder_that_is_gone_is_put_out() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = open(&url).await;
    store.close().await;
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    let killed = "UPDATE log_head SET sole = gen_random_uuid()";
    sqlx::query(killed).execute(&pool).await.expect("it is as if its process had been killed");
    let began = Instant::now();
    let next = open(&url).await;
    assert!(next.tenure().is_none());
    next.append(commit("a", 0)).await.expect("the log is free again");
    assert!(began.elapsed() > Duration::from_secs(2), "it would still have trusted its hold");
}

#[tokio::test]
async fn a_hold_that_cannot_be_confirmed_is_not_trusted() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = open(&url).await;
    let tenure = store.tenure();
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    let mut lock = pool.begin().await.expect("a transaction begins");
    sqlx::query("SELECT FROM log_head FOR UPDATE").execute(&mut *lock).await.expect("nobody can move the log's end");
    until(&store, "the trust ends", |tenure| tenure.is_none()).await;
    lock.rollback().await.expect("the lock is given back");
    until(&store, "it is confirmed again", |now| now == tenure).await;
    cut(&pool).await;
    until(&store, "a new one begins after a lost connection", |now| now.is_some_and(|now| Some(now) != tenure)).await;
}

#[tokio::test]
async fn an_insert_past_the_store_is_refused_while_the_log_is_held() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = open(&url).await;
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    let insert =
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
                  VALUES ('test', 'a', 1, 'test.happened', '1', '{}', '{}')";
    let refused = sqlx::query(insert).execute(&pool).await.expect_err("the log is held");
    assert!(refused.to_string().contains("one process holds this log alone"), "{refused}");
    store.close().await;
    let shared = PostgresStore::connect_shared(&url).await.expect("the log opens");
    assert!(shared.tenure().is_none());
    sqlx::query(insert).execute(&pool).await.expect("the log is shared");
}

/// What was read before the writer lost its connection is decided again; what was not based on anything is stored.
#[tokio::test]
async fn a_commit_of_another_epoch_is_refused() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = open(&url).await;
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    store.append(commit("epoch", 0)).await.expect("the commit is stored");
    let epoch = store.epoch();
    let of_epoch = |id: &str, expected, epoch| Commit { epoch: Some(epoch), ..commit(id, expected) };
    store.append(of_epoch("epoch", 1, epoch)).await.expect("it is the same epoch");
    cut(&pool).await;
    // The writer finds out with the first one that it sends.
    let _lost = store.append(commit("lost", 0)).await;
    // The listener finds out by itself, so the epoch may end once more meanwhile: whoever is told so decides again.
    let decided = async |id, expected| loop {
        match store.append(of_epoch(id, expected, store.epoch())).await {
            Err(AppendError::EpochOver { read, now }) => assert!(read < now, "{read} is not over at {now}"),
            other => return other,
        }
    };
    let (late, free, fresh) =
        tokio::join!(store.append(of_epoch("epoch", 2, epoch)), store.append(commit("free", 0)), decided("fresh", 0));
    assert!(matches!(late, Err(AppendError::EpochOver { read, .. }) if read == epoch), "{late:?}");
    free.expect("it is based on nothing");
    fresh.expect("it is based on what is there");
    decided("epoch", 2).await.expect("decided again, it is stored");
}

/// A mark that follows from an event which is gone is not left, and nothing is confirmed by it.
#[tokio::test]
async fn what_follows_from_an_event_that_is_gone_is_not_stored() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store = open(&url).await;
    let end = store.append(commit("gone", 0)).await.expect("the commit is stored").position;
    let event = store.read_stream(&StreamId::new("test", "gone"), 0, 1).await.expect("the stream is read").remove(0);
    let (there, gone) = (Cursor::of(&event), Cursor { position: end, event: Some(Uuid::nil()) });
    store.set_mark_after(there, "mark", 7).await.expect("it stands");
    store.confirm(there).await.expect("it stands");
    for refused in [store.set_mark_after(gone, "mark", 8).await, store.confirm(gone).await] {
        let Err(StoreError::LogRewound { position, seen, found }) = refused else { panic!("{refused:?}") };
        assert_eq!((position, seen, found), (end, Uuid::nil(), there.event));
    }
    assert_eq!(store.mark("mark").await.expect("the mark is read"), Some(7));
    let refused = store.seals().expect("it is sealed").store_seals(Seals { seen: gone, ..Seals::default() }).await;
    assert!(matches!(refused, Err(SealError::Store(StoreError::LogRewound { .. }))), "{refused:?}");
}
