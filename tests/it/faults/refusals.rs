//! Starts that are refused, and how it is said.

use std::fs;

use serde_json::json;
use testkit::TempFolder;

use crate::kill::program::Program;
use crate::kill::stock_up;

/// Pages are this large, unless SQLite was built otherwise.
const PAGE_BYTES: usize = 4_096;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_shop_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let folder = TempFolder::new();
    let first = Program::open(folder.path(), None).await;
    let (well, said) = Program::run(folder.path(), None, &["serve"]).await;
    assert!(!well, "{said}");
    for part in ["log.sqlite", "the event store is in use", "another process or store writes to"] {
        assert!(said.contains(part), "{part:?} is said: {said}");
    }
    assert_eq!(said.trim().lines().count(), 1, "one line: {said}");
    let staff = first.staff_token();
    stock_up(&first.wire, &staff).await;
    first.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_does_not_start_on_a_damaged_log_and_leaves_it_as_it_was() {
    let folder = TempFolder::new();
    let program = Program::open(folder.path(), None).await;
    let staff = program.staff_token();
    stock_up(&program.wire, &staff).await;
    let forgotten = program.beside(&["forget", "cus_01h455vb4pex5vsknk084sn02q"]).await;
    assert!(forgotten.0, "the write-ahead log is emptied into the file: {}", forgotten.1);
    let log = program.data("log.sqlite");
    program.stop().await;
    let sound = fs::read(&log).expect("the log is read");
    let pages = sound.len() / PAGE_BYTES;
    for page in [0, pages / 2, pages - 1] {
        let mut damaged = sound.clone();
        damaged[page * PAGE_BYTES..(page + 1) * PAGE_BYTES].fill(0xA5);
        fs::write(&log, &damaged).expect("the log is written");
        let (well, said) = Program::run(folder.path(), None, &["serve"]).await;
        assert!(!well, "page {}: {said}", page + 1);
        for part in ["log.sqlite", "the event log is damaged", "\"A damaged log\" in docs/runbook.md"] {
            assert!(said.contains(part), "page {}: {part:?} is said: {said}", page + 1);
        }
        assert!(fs::read(&log).expect("the log is read") == damaged, "nothing was written to it");
    }
    fs::write(&log, &sound).expect("the log is written");
    let program = Program::open(folder.path(), None).await;
    let known =
        program.wire.call(Some(&program.staff_token()), "{ stock(sku: \"LIV-1\") { onHand } }", json!({})).await;
    assert_eq!(known["stock"].as_array().map(Vec::len), Some(2), "{known}");
    program.stop().await;
}
