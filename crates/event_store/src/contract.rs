//! The test suite of the port: what every backend must do. Each check takes an empty store and panics when it fails.
//! Checks speak of the nth event; that its position is n they assert where the store has dense positions.
//!
//! Run all of them over a backend from its tests, each on a store of its own, with
//! [`contract_tests`](crate::contract_tests), as `tests/contract.rs` does here.

mod alike;
mod appending;
mod keeping;
mod moments;
mod random;
mod reading;
mod rewinding;
mod sealing;
mod snapshots;

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use crate::{CommandId, Commit, EventStore, Filter, NewEvent, Position, RecordedEvent, StreamId};

pub use alike::random_operations_are_answered_as_in_memory;
pub use appending::{
    a_big_commit_is_stored_whole, a_commit_at_a_wrong_version_is_refused, a_commit_creates_a_stream,
    a_duplicate_is_told_before_a_wrong_version, a_malformed_commit_is_refused, a_repeated_command_lands_once,
    a_repeated_command_lands_once_under_race, one_of_many_racers_wins, unicode_ids_are_kept,
};
pub use keeping::{
    a_closed_store_refuses_commits, a_destroyed_secret_never_comes_back, a_lease_has_one_owner, a_mark_is_kept,
    a_secret_is_kept, reopening_keeps_everything, the_first_of_many_secrets_counts,
};
pub use moments::{a_time_has_one_position, marks_are_noted_as_the_log_grows};
pub use random::Random;
pub use reading::{
    a_filter_moves_over_unwanted_events, a_read_beyond_the_end_is_empty, a_stream_is_read_in_pages,
    bytes_are_kept_exactly, head_wakes_readers, no_event_is_skipped_under_concurrent_writers,
    no_event_is_skipped_under_writers_of, the_log_is_read_in_pages,
};
pub use rewinding::{a_log_that_was_rewound_is_noticed, a_page_tells_what_stands_at_its_end};
pub use sealing::{differing_seals_are_refused, seals_are_kept};
pub use snapshots::the_last_snapshot_of_a_stream_is_kept;

/// How long a check waits for something that must happen.
const WAIT_SECONDS_MAX: u64 = 60;
/// An instant in 2026, with microseconds to lose.
const RECORDED_AT: i64 = 1_767_225_600_123_457;

/// Makes one test per check, in a module of the backend's name. `$with` runs a check on an empty store. Without names of
/// checks it is all that every backend passes; `reading` are those of them that read the feed, `sealing` are those of backends
/// that keep what proves the log.
#[macro_export]
macro_rules! contract_tests {
    ($backend:ident, $with:path; $($check:ident)*) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    $with(async |store| $crate::contract::$check(store).await).await;
                }
            )*
        }
    };
    ($backend:ident, $with:path, sealing) => {
        $crate::contract_tests! {
            $backend, $with;
            differing_seals_are_refused
            seals_are_kept
        }
    };
    ($backend:ident, $with:path, reading) => {
        $crate::contract_tests! {
            $backend, $with;
            a_filter_moves_over_unwanted_events
            a_page_tells_what_stands_at_its_end
            a_read_beyond_the_end_is_empty
            bytes_are_kept_exactly
            head_wakes_readers
            no_event_is_skipped_under_concurrent_writers
            the_log_is_read_in_pages
        }
    };
    ($backend:ident, $with:path) => {
        $crate::contract_tests! {
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
            a_page_tells_what_stands_at_its_end
            a_read_beyond_the_end_is_empty
            a_repeated_command_lands_once
            a_repeated_command_lands_once_under_race
            a_secret_is_kept
            a_stream_is_read_in_pages
            a_time_has_one_position
            bytes_are_kept_exactly
            head_wakes_readers
            marks_are_noted_as_the_log_grows
            no_event_is_skipped_under_concurrent_writers
            one_of_many_racers_wins
            random_operations_are_answered_as_in_memory
            the_first_of_many_secrets_counts
            the_last_snapshot_of_a_stream_is_kept
            the_log_is_read_in_pages
            unicode_ids_are_kept
        }
    };
}

type Store = Arc<dyn EventStore>;

/// Returns how often something is done: what a variable says, else what is usual.
fn number(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().expect("a number"))
}

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).expect("the check's JSON is valid")
}

fn event(number: usize) -> NewEvent {
    NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "check.happened".to_owned(),
        event_version: "1".to_owned(),
        payload: raw(&format!(r#"{{"number":{number}}}"#)),
        metadata: raw(r#"{"actor":"contract"}"#),
    }
}

fn commit(stream: &StreamId, expected: u64, count: usize) -> Commit {
    let events = (0..count).map(event).collect();
    Commit { stream: stream.clone(), expected, events, command: None, recorded_at: RECORDED_AT, epoch: None }
}

fn with_command(mut commit: Commit, id: &str, fingerprint: &str) -> Commit {
    commit.command = Some(CommandId { id: id.to_owned(), fingerprint: fingerprint.to_owned() });
    commit
}

/// Shows the whole log, page by page.
async fn show_log(store: &Store, mut see: impl FnMut(&RecordedEvent)) {
    let mut after = Position(0);
    loop {
        let page = store.read_all(after, 1_000, &Filter::default()).await.expect("the log is read");
        page.events.iter().for_each(|event| see(event));
        if page.next == after {
            return;
        }
        after = page.next;
    }
}

async fn read_log(store: &Store) -> Vec<RecordedEvent> {
    let mut events = Vec::new();
    show_log(store, |event| events.push(event.clone())).await;
    events
}

/// Returns the position of the nth event of the log for each n; the 0th is before the first. Asserts that they rise, and
/// where the store says so that they are dense.
async fn places(store: &Store) -> Vec<Position> {
    let mut places = vec![Position(0)];
    show_log(store, |event| {
        check_next(store, places[places.len() - 1], event.position);
        places.push(event.position);
    })
    .await;
    places
}

/// Asserts that one position may follow another one.
fn check_next(store: &Store, before: Position, position: Position) {
    if store.has_dense_positions() {
        assert_eq!(position.0, before.0 + 1, "positions follow one another");
    }
    assert!(position > before, "positions rise");
}

async fn wait_for_growth(head: &mut watch::Receiver<Position>) {
    let grown = timeout(Duration::from_secs(WAIT_SECONDS_MAX), head.changed()).await;
    grown.expect("the head wakes its readers in time").expect("the store lives");
}
