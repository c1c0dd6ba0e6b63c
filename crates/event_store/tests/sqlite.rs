//! What only the SQLite store promises: one process, and secrets that leave no trace.

mod folder;

use std::fs;
use std::sync::Arc;

use event_store::sqlite::SqliteStore;
use event_store::{EventStore, StoreError, contract};

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
    assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
    let refused = SqliteStore::open(folder.path().join("missing").join("log.db"));
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
}

/// Pages are this large, unless SQLite was built otherwise.
const PAGE_BYTES: usize = 4_096;

#[tokio::test]
async fn every_damaged_page_is_found_before_the_log_opens() {
    let folder = folder::Folder::new();
    let path = folder.path().join("log.db");
    let store = Arc::new(SqliteStore::open(&path).expect("the log opens"));
    contract::a_big_commit_is_stored_whole(store.clone()).await;
    // Destroying one empties the write-ahead log: every page is in the file.
    store.secret_destroy("none").await.expect("the write-ahead log is emptied");
    store.close().await;
    drop(store);
    let sound = fs::read(&path).expect("the file is read");
    let pages = sound.len() / PAGE_BYTES;
    assert!(pages > 20, "only {pages} pages");
    for page in 0..pages {
        let mut damaged = sound.clone();
        damaged[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].fill(0xA5);
        fs::write(&path, &damaged).expect("the file is written");
        let refused = SqliteStore::open(&path);
        let Err(StoreError::Corrupt(reason)) = refused else { panic!("page {}: {refused:?}", page + 1) };
        assert!(reason.contains("log.db") && reason.contains("docs/runbook.md"), "page {}: {reason}", page + 1);
        assert!(fs::read(&path).expect("the file is read") == damaged, "page {}: the file is left as it was", page + 1);
    }
    fs::write(&path, &sound).expect("the file is written");
    SqliteStore::open(&path).expect("the sound file opens again");
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

/// What a power cut leaves in the first moment of a log: a torn first page, and a journal that says that there was nothing.
#[tokio::test]
async fn a_log_whose_making_was_cut_short_is_made_anew() {
    let folder = folder::Folder::new();
    let path = folder.path().join("log.db");
    let mut torn = b"SQLite format 3\0".to_vec();
    torn.resize(3_584, 7);
    fs::write(&path, torn).expect("the file is written");
    let mut journal = vec![0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    for number in [0_u32, 1, 0, 512, 4_096] {
        journal.extend(number.to_be_bytes());
    }
    journal.resize(512, 0);
    fs::write(folder.path().join("log.db-journal"), journal).expect("the journal is written");
    let store = SqliteStore::open(&path).expect("the log opens");
    assert_eq!(*store.head().borrow(), event_store::Position(0));
    store.close().await;
}
