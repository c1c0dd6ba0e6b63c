//! Every backend passes the same contract.

mod folder;

use std::sync::Arc;

use event_store::memory::MemoryStore;
use event_store::postgres::PostgresStore;
use event_store::sqlite::SqliteStore;
use event_store::{Position, contract};
use sqlx::postgres::PgPool;
use test_postgres::TestPostgres;

event_store::contract_tests!(memory, crate::with_memory);
event_store::contract_tests!(sqlite, crate::with_sqlite);
event_store::contract_tests!(postgres, crate::with_postgres);
event_store::contract_tests!(memory_seals, crate::with_memory, sealing);
event_store::contract_tests!(sqlite_seals, crate::with_sqlite, sealing);
event_store::contract_tests!(postgres_seals, crate::with_postgres, sealing);
event_store::contract_tests!(sqlite_without_tail, crate::with_sqlite_without_tail, reading);
event_store::contract_tests!(postgres_without_tail, crate::with_postgres_without_tail, reading);

type Store = Arc<dyn event_store::EventStore>;

async fn with_memory(check: impl AsyncFnOnce(Store)) {
    check(Arc::new(MemoryStore::new())).await;
}

async fn with_sqlite(check: impl AsyncFnOnce(Store)) {
    let folder = folder::Folder::new();
    let store = SqliteStore::open(folder.path().join("log.db")).expect("the log opens");
    check(Arc::new(store)).await;
}

async fn with_postgres(check: impl AsyncFnOnce(Store)) {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let store = PostgresStore::connect(&server.create_database()).await.expect("the log opens");
    check(Arc::new(store)).await;
}

async fn with_sqlite_without_tail(check: impl AsyncFnOnce(Store)) {
    let folder = folder::Folder::new();
    let store = SqliteStore::open(folder.path().join("log.db")).expect("the log opens").without_tail();
    check(Arc::new(store)).await;
}

async fn with_postgres_without_tail(check: impl AsyncFnOnce(Store)) {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let store = PostgresStore::connect(&server.create_database()).await.expect("the log opens").without_tail();
    check(Arc::new(store)).await;
}

#[tokio::test]
async fn sqlite_reopening_keeps_everything() {
    let folder = folder::Folder::new();
    let path = folder.path().join("log.db");
    contract::reopening_keeps_everything(async || Arc::new(SqliteStore::open(&path).expect("the log opens")) as Store)
        .await;
}

#[tokio::test]
async fn postgres_reopening_keeps_everything() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let open = async || Arc::new(PostgresStore::connect(&url).await.expect("the log opens")) as Store;
    contract::reopening_keeps_everything(open).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_dense_under_two_postgres_processes() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let open = async || Arc::new(PostgresStore::connect(&url).await.expect("the log opens")) as Store;
    contract::no_event_is_skipped_under_writers_of(vec![open().await, open().await]).await;
}

#[tokio::test]
async fn a_rewound_log_in_memory_is_noticed() {
    let store = Arc::new(MemoryStore::new());
    let rewind = async |same: Store, end| {
        store.rewind_to(end);
        same
    };
    contract::a_log_that_was_rewound_is_noticed(store.clone(), rewind).await;
}

#[tokio::test]
async fn a_rewound_sqlite_log_is_noticed() {
    let folder = folder::Folder::new();
    let path = folder.path().join("log.db");
    let open = || Arc::new(SqliteStore::open(&path).expect("the log opens")) as Store;
    let rewind = async |store: Store, end: Position| {
        store.close().await;
        drop(store);
        let owner = rusqlite::Connection::open(&path).expect("the file opens");
        owner.execute("DROP TRIGGER events_remain", []).expect("the owner may do everything");
        for table in ["events", "commands"] {
            let sql = format!("DELETE FROM {table} WHERE position > {end}");
            owner.execute(&sql, []).expect("the owner may do everything");
        }
        drop(owner);
        open()
    };
    contract::a_log_that_was_rewound_is_noticed(open(), rewind).await;
}

#[tokio::test]
async fn a_rewound_postgres_log_is_noticed() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let open = async || Arc::new(PostgresStore::connect(&url).await.expect("the log opens")) as Store;
    let rewind = async |store: Store, end: Position| {
        store.close().await;
        let owner = PgPool::connect(&url).await.expect("the owner connects");
        for sql in [
            "DELETE FROM events WHERE position >",
            "DELETE FROM commands WHERE position >",
            "UPDATE log_head SET position =",
        ] {
            sqlx::query(&format!("{sql} {end}")).execute(&owner).await.expect("the owner may do everything");
        }
        open().await
    };
    contract::a_log_that_was_rewound_is_noticed(open().await, rewind).await;
}
