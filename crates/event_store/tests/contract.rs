//! Every backend passes the same contract.

mod folder;

use std::sync::Arc;

use event_store::contract;
use event_store::memory::MemoryStore;
use event_store::postgres::PostgresStore;
use event_store::sqlite::SqliteStore;
use test_postgres::TestPostgres;

/// One test per check and backend. `$with` runs a check on an empty store. Without names of checks it is all of them;
/// `reading` are those that read the feed.
macro_rules! contract {
    ($backend:ident, $with:path; $($check:ident)*) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    $with(async |store| event_store::contract::$check(store).await).await;
                }
            )*

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn positions_are_dense_under_concurrent_writers() {
                let check = event_store::contract::positions_are_dense_under_concurrent_writers;
                $with(async |store| check(vec![store]).await).await;
            }
        }
    };
    ($backend:ident, $with:path, reading) => {
        contract! {
            $backend, $with;
            a_filter_moves_over_unwanted_events
            a_read_beyond_the_end_is_empty
            bytes_are_kept_exactly
            head_wakes_readers
            the_log_is_read_in_pages
        }
    };
    ($backend:ident, $with:path) => {
        contract! {
            $backend, $with;
            a_big_commit_is_stored_whole
            a_closed_store_refuses_commits
            a_commit_at_a_wrong_version_is_refused
            a_commit_creates_a_stream
            a_destroyed_secret_never_comes_back
            a_duplicate_is_told_before_a_wrong_version
            a_filter_moves_over_unwanted_events
            a_lease_has_one_owner
            a_malformed_commit_is_refused
            a_mark_is_kept
            a_read_beyond_the_end_is_empty
            a_repeated_command_lands_once
            a_repeated_command_lands_once_under_race
            a_secret_is_kept
            a_stream_is_read_in_pages
            a_time_has_one_position
            bytes_are_kept_exactly
            differing_seals_are_refused
            head_wakes_readers
            marks_are_noted_as_the_log_grows
            one_of_many_racers_wins
            seals_are_kept
            the_first_of_many_secrets_counts
            the_last_snapshot_of_a_stream_is_kept
            the_log_is_read_in_pages
            unicode_ids_are_kept
        }
    };
}

contract!(memory, crate::with_memory);
contract!(sqlite, crate::with_sqlite);
contract!(postgres, crate::with_postgres);
contract!(sqlite_without_tail, crate::with_sqlite_without_tail, reading);
contract!(postgres_without_tail, crate::with_postgres_without_tail, reading);

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
    contract::positions_are_dense_under_concurrent_writers(vec![open().await, open().await]).await;
}
