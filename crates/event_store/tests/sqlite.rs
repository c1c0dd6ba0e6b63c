//! What only the SQLite store promises: one process, and secrets that leave no trace.

mod folder;

use std::fs;

use event_store::sqlite::SqliteStore;
use event_store::{EventStore, StoreError};

#[tokio::test]
async fn a_second_store_on_the_same_file_is_refused() {
    let folder = folder::Folder::new();
    let path = folder.path().join("log.db");
    let first = SqliteStore::open(&path).expect("the log opens");
    let Err(StoreError::InUse(reason)) = SqliteStore::open(&path) else {
        panic!("a second store opened {}", path.display());
    };
    assert!(reason.contains("log.db.lock"), "{reason}");
    first.close().await;
    drop(SqliteStore::open(&path).expect("a closed store gives the file back"));
    SqliteStore::open(&path).expect("a dropped store gives the file back");
}

#[tokio::test]
async fn a_file_that_is_no_log_is_refused() {
    let folder = folder::Folder::new();
    let path = folder.path().join("log.db");
    fs::write(&path, "no database at all, but long enough to have a header".repeat(100)).expect("the file is written");
    let refused = SqliteStore::open(&path);
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    let refused = SqliteStore::open(folder.path().join("missing").join("log.db"));
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_destroyed_secret_is_in_no_file() {
    let folder = folder::Folder::new();
    let store = SqliteStore::open(folder.path().join("log.db")).expect("the log opens");
    // Enough of them for the tree to split and to merge again; one too long for a page.
    let secret = |number: usize| format!("tell-nobody-{number}-").repeat(if number == 7 { 1_000 } else { 4 });
    for number in 0..200 {
        let stored = store.secret_or_insert(&number.to_string(), secret(number).as_bytes()).await;
        stored.expect("is stored").expect("is not destroyed");
    }
    assert!(trace(folder.path(), b"tell-nobody"), "the secrets are in the files before");
    for number in 0..200 {
        assert!(store.secret_destroy(&number.to_string()).await.expect("is destroyed"));
    }
    assert!(!trace(folder.path(), b"tell-nobody"), "the secrets are in no file after");
}

fn trace(folder: &std::path::Path, bytes: &[u8]) -> bool {
    let mut files = fs::read_dir(folder).expect("the folder is read");
    files.any(|entry| {
        let content = fs::read(entry.expect("the folder is read").path()).expect("the file is read");
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}
