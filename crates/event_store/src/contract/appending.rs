//! Checks of `append`: versions, races, command ids, and what is malformed.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Store, commit, places, read_log, with_command};
use crate::{AppendError, Appended, COMMIT_EVENTS_MAX, CommandRecord, Commit, StreamId};

/// A first commit lands at sequence 1 as the first of the log, and the next one follows it.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_commit_creates_a_stream(store: Store) {
    let stream = StreamId::new("check", "created");
    let first = store.append(commit(&stream, 0, 2)).await.expect("the first commit is stored");
    let second = store.append(commit(&stream, 2, 1)).await.expect("the second commit is stored");
    let other = store.append(commit(&StreamId::new("other", "created"), 0, 1)).await.expect("another kind, same id");
    let places = places(&store).await;
    assert_eq!(places.len(), 1 + 4, "the log holds four events");
    assert_eq!(first, Appended { sequence: 2, position: places[2] });
    assert_eq!(second, Appended { sequence: 3, position: places[3] });
    assert_eq!(other, Appended { sequence: 1, position: places[4] });
    let events = store.read_stream(&stream, 0, 10).await.expect("the stream is read");
    let found: Vec<_> = events.iter().map(|event| (event.sequence, event.position)).collect();
    assert_eq!(found, [(1, places[1]), (2, places[2]), (3, places[3])]);
    assert!(events.iter().all(|event| event.stream == stream), "every event names its stream");
}

/// A commit at another version than the stream's is refused, told the version, and leaves nothing behind.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_commit_at_a_wrong_version_is_refused(store: Store) {
    let stream = StreamId::new("check", "conflict");
    store.append(commit(&stream, 0, 3)).await.expect("the first commit is stored");
    for wrong in [0, 2, 4, u64::MAX] {
        let refused = store.append(with_command(commit(&stream, wrong, 1), "lost", "f")).await;
        let Err(AppendError::WrongVersion { expected, actual }) = refused else {
            panic!("version {wrong} of 3 answered {refused:?}");
        };
        assert_eq!((expected, actual), (wrong, 3));
    }
    assert_eq!(store.find_command("lost").await.expect("commands are read"), None, "a loser's command is not recorded");
    let next = store.append(commit(&stream, 3, 1)).await.expect("the right version is stored");
    let places = places(&store).await;
    assert_eq!(places.len(), 1 + 4, "a loser leaves nothing in the log");
    assert_eq!(next, Appended { sequence: 4, position: places[4] }, "a loser leaves no gap");
}

/// Of 32 commits at the same version exactly one is stored.
///
/// # Panics
/// When the store does otherwise.
pub async fn one_of_many_racers_wins(store: Store) {
    let stream = StreamId::new("check", "race");
    let racers = (0..32).map(|_| commit(&stream, 0, 2)).collect();
    let (won, lost) = split(race(&store, racers).await);
    assert_eq!(won.len(), 1, "exactly one racer wins");
    for error in lost {
        assert!(matches!(error, AppendError::WrongVersion { expected: 0, actual: 2 }), "a loser was told {error:?}");
    }
    assert_eq!(read_log(&store).await.len(), 2, "only the winner's events are in the log");
}

/// The second append under a command id stores nothing and is told where the first one landed.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_repeated_command_lands_once(store: Store) {
    let stream = StreamId::new("check", "repeated");
    store.append(commit(&stream, 0, 1)).await.expect("the stream is there");
    let stored =
        store.append(with_command(commit(&stream, 1, 2), "key", "print")).await.expect("the command is stored");
    assert_eq!(stored.position, places(&store).await[3]);
    let record = CommandRecord {
        fingerprint: "print".to_owned(),
        stream: stream.clone(),
        sequence_first: 2,
        sequence_last: 3,
        position: stored.position,
    };
    // With another fingerprint and for another stream too: the caller tells a retry from a reused key.
    for (other, fingerprint) in [(&stream, "print"), (&StreamId::new("check", "elsewhere"), "forged")] {
        let repeated = store.append(with_command(commit(other, 0, 1), "key", fingerprint)).await;
        let Err(AppendError::DuplicateCommand(found)) = repeated else {
            panic!("a repeated command answered {repeated:?}");
        };
        assert_eq!(found, record);
    }
    assert_eq!(store.find_command("key").await.expect("commands are read"), Some(record));
    assert_eq!(store.find_command("unknown").await.expect("commands are read"), None);
    assert_eq!(read_log(&store).await.len(), 3, "a repeated command stores nothing");
}

/// A retry that is also at an outdated version is told that it is a retry.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_duplicate_is_told_before_a_wrong_version(store: Store) {
    let stream = StreamId::new("check", "retry");
    let first = with_command(commit(&stream, 0, 1), "key", "print");
    store.append(first.clone()).await.expect("the command is stored");
    let retry = store.append(first).await;
    assert!(matches!(retry, Err(AppendError::DuplicateCommand(_))), "the retry answered {retry:?}");
}

/// One of 32 concurrent appends under one command id is stored, on whichever stream; all others learn where.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_repeated_command_lands_once_under_race(store: Store) {
    let streams = (0..32).map(|number| StreamId::new("check", &format!("race-{}", number % 4)));
    let racers = streams.map(|stream| with_command(commit(&stream, 0, 1), "key", "print")).collect();
    let (won, lost) = split(race(&store, racers).await);
    assert_eq!(won.len(), 1, "the command lands once");
    let record = store.find_command("key").await.expect("commands are read").expect("the command is recorded");
    for error in lost {
        match error {
            AppendError::DuplicateCommand(found) => assert_eq!(found, record),
            other => panic!("a repeated command was told {other:?}"),
        }
    }
    assert_eq!(read_log(&store).await.len(), 1, "the command's event is stored once");
}

/// Commits without events, with too many, with an impossible name, time or metadata are refused; nothing is stored.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_malformed_commit_is_refused(store: Store) {
    let stream = StreamId::new("check", "malformed");
    let named = |kind: &str, id: &str| commit(&StreamId::new(kind, id), 0, 1);
    let with_metadata = |json: &str| {
        let mut malformed = commit(&stream, 0, 2);
        malformed.events[1].metadata = super::raw(json);
        malformed
    };
    let mut untyped = commit(&stream, 0, 1);
    untyped.events[0].event_type.clear();
    let malformed = [
        commit(&stream, 0, 0),
        commit(&stream, 0, COMMIT_EVENTS_MAX + 1),
        named("", "id"),
        named("kind", ""),
        named("kind", "nul\0"),
        named("kind", &"long".repeat(1_000)),
        with_metadata("[]"),
        with_metadata(r#"{"depth":{"two":"2"}}"#),
        with_metadata(r#"{"number":1}"#),
        with_command(commit(&stream, 0, 1), "", "print"),
        Commit { recorded_at: -1, ..commit(&stream, 0, 1) },
        Commit { recorded_at: i64::MAX, ..commit(&stream, 0, 1) },
        untyped,
    ];
    for (number, case) in malformed.into_iter().enumerate() {
        let refused = store.append(case).await;
        assert!(matches!(refused, Err(AppendError::Malformed(_))), "malformed commit {number} answered {refused:?}");
    }
    assert!(read_log(&store).await.is_empty(), "nothing malformed is stored");
}

/// Ids in any script are kept, and ids that differ only in normalisation or case are different streams.
///
/// # Panics
/// When the store does otherwise.
pub async fn unicode_ids_are_kept(store: Store) {
    let ids = ["crème brûlée", "cre\u{300}me", "crème", "CRÈME", "注文-1", "🛒", " ", "a'b\"c\\d;--", "%_"];
    for id in ids {
        let stream = StreamId::new("vérif", id);
        let record = with_command(commit(&stream, 0, 1), id, id);
        store.append(record).await.unwrap_or_else(|error| panic!("{id:?} is stored: {error}"));
    }
    for id in ids {
        let stream = StreamId::new("vérif", id);
        let events = store.read_stream(&stream, 0, 10).await.expect("the stream is read");
        assert_eq!(events.len(), 1, "{id:?} is a stream of its own");
        assert_eq!(&*events[0].stream.id, id);
        let record = store.find_command(id).await.expect("commands are read").expect("the command is recorded");
        assert_eq!((record.stream, &*record.fingerprint), (stream, id));
    }
    assert!(store.read_stream(&StreamId::new("vérif", "Crème"), 0, 10).await.expect("is read").is_empty());
}

/// A commit of the largest size is stored whole, and so is a large payload.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_big_commit_is_stored_whole(store: Store) {
    let stream = StreamId::new("check", "big");
    let mut big = commit(&stream, 0, COMMIT_EVENTS_MAX);
    let text = format!(r#"{{"text":"{}"}}"#, "é".repeat(1 << 20));
    big.events[7].payload = super::raw(&text);
    let count = u64::try_from(COMMIT_EVENTS_MAX).expect("the limit is small");
    let appended = store.append(big).await.expect("the largest commit is stored");
    let events = store.read_stream(&stream, 0, COMMIT_EVENTS_MAX).await.expect("the stream is read");
    assert_eq!(events.len(), COMMIT_EVENTS_MAX);
    assert_eq!(appended, Appended { sequence: count, position: events[COMMIT_EVENTS_MAX - 1].position });
    assert_eq!(places(&store).await.len(), 1 + COMMIT_EVENTS_MAX);
    assert_eq!(events[7].payload.get(), text);
    for (number, event) in events.iter().enumerate().filter(|(number, _)| *number != 7) {
        assert_eq!(event.payload.get(), format!(r#"{{"number":{number}}}"#), "events keep their order");
    }
    let ids: HashSet<_> = events.iter().map(|event| event.event_id).collect();
    assert_eq!(ids.len(), COMMIT_EVENTS_MAX, "events keep their ids");
}

/// Appends all at once, each from a task of its own.
async fn race(store: &Store, commits: Vec<Commit>) -> Vec<Result<Appended, AppendError>> {
    let tasks: Vec<_> = commits
        .into_iter()
        .map(|commit| {
            let store = Arc::clone(store);
            tokio::spawn(async move { store.append(commit).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("a racer does not panic"));
    }
    answers
}

fn split(answers: Vec<Result<Appended, AppendError>>) -> (Vec<Appended>, Vec<AppendError>) {
    let (mut won, mut lost) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(appended) => won.push(appended),
            Err(error) => lost.push(error),
        }
    }
    (won, lost)
}
