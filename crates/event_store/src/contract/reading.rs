//! Checks of `read_stream`, `read_all` and `head`: order, density, pages and bytes.

use std::collections::HashMap;
use std::sync::Arc;

use super::{RECORDED_AT, Store, check_next, commit, number, places, raw, read_log, wait_for_growth};
use crate::{AppendError, Filter, Position, StreamId};

/// How many events are appended by how many at once, unless `COMPTOIR_FEED_EVENTS` and `COMPTOIR_FEED_WRITERS` say otherwise.
const EVENTS: usize = 20_000;
const WRITERS: usize = 8;
const COMMIT_EVENTS: usize = 2;
/// Every tenth commit goes to a stream that all writers fight for.
const CONTENDED_EVERY: usize = 10;

/// While several writers append thousands of events, some to the same stream, a reader at the end of the log sees every event
/// once, in order, and every stream without a gap; and where positions are dense, every position.
///
/// # Panics
/// When the store does otherwise.
pub async fn no_event_is_skipped_under_concurrent_writers(store: Store) {
    no_event_is_skipped_under_writers_of(vec![store]).await;
}

/// The same with writers that share several stores of one log, each as of a process of its own. The first one is read.
///
/// # Panics
/// When a store does otherwise.
pub async fn no_event_is_skipped_under_writers_of(stores: Vec<Store>) {
    let (events, writers) = (number("COMPTOIR_FEED_EVENTS", EVENTS), number("COMPTOIR_FEED_WRITERS", WRITERS));
    let commits = events / writers / COMMIT_EVENTS;
    let events = writers * commits * COMMIT_EVENTS;
    let store = Arc::clone(&stores[0]);
    let reader = tokio::spawn(async move { tail(&store, events).await });
    let writers: Vec<_> = (0..writers)
        .map(|writer| {
            let store = Arc::clone(&stores[writer % stores.len()]);
            tokio::spawn(async move { write(&store, writer, commits).await })
        })
        .collect();
    for writer in writers {
        writer.await.expect("a writer stores all its commits");
    }
    reader.await.expect("the reader sees every event in order");
    let places = places(&stores[0]).await;
    assert_eq!(places.len() - 1, events, "the log holds what was stored, no more");
}

async fn write(store: &Store, writer: usize, commits: usize) {
    let (own, contended) = (StreamId::new("own", &writer.to_string()), StreamId::new("contended", "one"));
    let (mut own_version, mut contended_version) = (0, 0);
    for number in 0..commits {
        if number % CONTENDED_EVERY != 0 {
            let stored = store.append(commit(&own, own_version, COMMIT_EVENTS)).await;
            own_version = stored.expect("nobody else writes to this stream").sequence;
            continue;
        }
        loop {
            match store.append(commit(&contended, contended_version, COMMIT_EVENTS)).await {
                Ok(appended) => break contended_version = appended.sequence,
                Err(AppendError::WrongVersion { actual, .. }) => contended_version = actual,
                Err(error) => panic!("a contended append answered {error:?}"),
            }
        }
    }
}

async fn tail(store: &Store, wanted: usize) {
    let mut head = store.head();
    let (mut after, mut seen) = (Position(0), 0);
    let mut sequences: HashMap<StreamId, u64> = HashMap::new();
    while seen < wanted {
        head.borrow_and_update();
        let page = store.read_all(after, 500, &Filter::default()).await.expect("the log is read");
        for event in &page.events {
            check_next(store, after, event.position);
            after = event.position;
            let sequence = sequences.entry(event.stream.clone()).or_default();
            assert_eq!(event.sequence, *sequence + 1, "stream {} is in order", event.stream);
            *sequence = event.sequence;
        }
        assert_eq!(page.next, after, "an unfiltered page ends with its last event");
        seen += page.events.len();
        if page.events.is_empty() {
            wait_for_growth(&mut head).await;
        }
    }
}

/// A stream is read from any sequence on, in pages of any size, and no more than asked for.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_stream_is_read_in_pages(store: Store) {
    let (stream, other) = (StreamId::new("check", "pages"), StreamId::new("check", "pages-2"));
    for version in 0..7 {
        store.append(commit(&stream, version, 1)).await.expect("the commit is stored");
        store.append(commit(&other, version, 1)).await.expect("the commit is stored");
    }
    for (after, limit, expected) in [(0, 3, vec![1, 2, 3]), (3, 3, vec![4, 5, 6]), (6, 3, vec![7]), (2, 0, vec![])] {
        let events = store.read_stream(&stream, after, limit).await.expect("the stream is read");
        let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
        assert_eq!(sequences, expected, "after {after}, at most {limit}");
    }
    let all = store.read_stream(&stream, 0, usize::MAX).await.expect("a limit beyond the maximum is lowered");
    assert_eq!(all.len(), 7);
}

/// Reads beyond the end of a stream or of the log answer nothing and stay where they were.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_read_beyond_the_end_is_empty(store: Store) {
    let empty = store.read_all(Position(0), 10, &Filter::default()).await.expect("an empty log is read");
    assert!(empty.events.is_empty());
    assert_eq!((empty.next, empty.head), (Position(0), Position(0)));
    let stream = StreamId::new("check", "end");
    assert!(store.read_stream(&stream, 0, 10).await.expect("an unknown stream is read").is_empty());
    store.append(commit(&stream, 0, 2)).await.expect("the commit is stored");
    let end = places(&store).await[2];
    for after in [2, 3, u64::MAX] {
        assert!(store.read_stream(&stream, after, 10).await.expect("the stream is read").is_empty());
    }
    for after in [end, Position(end.0 + 1), Position(u64::MAX)] {
        let page = store.read_all(after, 10, &Filter::default()).await.expect("the log is read");
        assert!(page.events.is_empty());
        assert_eq!((page.next, page.head), (after, end), "a page never goes back");
    }
}

/// The log is read from any position on; `next` leads from page to page to the end.
///
/// # Panics
/// When the store does otherwise.
pub async fn the_log_is_read_in_pages(store: Store) {
    for number in 0..10 {
        let stream = StreamId::new("check", &format!("{}", number % 3));
        store.append(commit(&stream, count(number / 3), 1)).await.expect("the commit is stored");
    }
    let places = places(&store).await;
    let (mut after, mut pages) = (Position(0), Vec::new());
    loop {
        let page = store.read_all(after, 4, &Filter::default()).await.expect("the log is read");
        assert_eq!(page.head, places[10]);
        if page.events.is_empty() {
            assert_eq!(page.next, after);
            break;
        }
        pages.push(page.events.iter().map(|event| event.position).collect::<Vec<_>>());
        after = page.next;
    }
    assert_eq!(pages, [&places[1..=4], &places[5..=8], &places[9..=10]]);
    let nothing = store.read_all(places[3], 0, &Filter::default()).await.expect("a limit of nothing is read");
    assert!(nothing.events.is_empty());
    assert_eq!(nothing.next, places[3], "a limit of nothing moves nowhere");
}

/// A filtered page holds wanted events only, and its `next` has moved over unwanted ones.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_filter_moves_over_unwanted_events(store: Store) {
    for (number, kind) in ["a", "b", "c", "a", "b", "b", "c", "c", "c"].into_iter().enumerate() {
        let stream = StreamId::new(kind, &number.to_string());
        store.append(commit(&stream, 0, 1)).await.expect("the commit is stored");
    }
    let filter = |kinds: &[&str]| Filter { kinds: kinds.iter().map(|&kind| kind.to_owned()).collect() };
    let cases = [
        (&["a"][..], 0, 10, &[1, 4][..], 9),
        (&["a"], 0, 1, &[1], 1),
        (&["a"], 1, 1, &[4], 4),
        (&["a"], 4, 1, &[], 9),
        (&["a", "b"], 1, 3, &[2, 4, 5], 5),
        (&["A", "unknown", "'"], 0, 10, &[], 9),
    ];
    let places = places(&store).await;
    for (kinds, after, limit, expected, next) in cases {
        let page = store.read_all(places[after], limit, &filter(kinds)).await.expect("the log is read");
        let positions: Vec<_> = page.events.iter().map(|event| event.position).collect();
        let expected: Vec<_> = expected.iter().map(|nth| places[*nth]).collect();
        assert_eq!(positions, expected, "{kinds:?} after {after}, at most {limit}");
        assert_eq!((page.next, page.head), (places[next], places[9]), "{kinds:?} after {after}, at most {limit}");
    }
}

/// Payload and metadata come back byte for byte: spaces, order, repeated keys, escapes and long numbers.
///
/// # Panics
/// When the store does otherwise.
pub async fn bytes_are_kept_exactly(store: Store) {
    let payloads = [
        r#"{ "b" : 1,  "a":2 }"#,
        r#"{"same":1,"same":2}"#,
        r#"{"number":123456789012345678901234567890.10,"exponent":1E+2,"zero":-0.0}"#,
        r#"{"escapes":"\u00e9\u0000\ud83d\ude00\/\n é 🛒"}"#,
        "[1,\n\t2]",
        r#""text""#,
        "null",
        "{}",
    ];
    let metadata = r#"{ "why":"caf\u00e9 é" , "actor" : "" }"#;
    let stream = StreamId::new("check", "bytes");
    let mut sent = commit(&stream, 0, payloads.len());
    for (event, payload) in sent.events.iter_mut().zip(payloads) {
        event.payload = raw(payload);
        event.metadata = raw(metadata);
        event.event_version = "1.0".to_owned();
    }
    store.append(sent.clone()).await.expect("the commit is stored");
    let read = store.read_stream(&stream, 0, 100).await.expect("the stream is read");
    for events in [read, read_log(&store).await] {
        assert_eq!(events.len(), payloads.len());
        for (event, expected) in events.iter().zip(&sent.events) {
            assert_eq!(event.payload.get(), expected.payload.get());
            assert_eq!(event.metadata.get(), metadata);
            assert_eq!(event.event_id, expected.event_id);
            assert_eq!((&*event.event_type, &*event.event_version), ("check.happened", "1.0"));
            assert_eq!(event.recorded_at, RECORDED_AT, "microseconds are kept");
        }
    }
}

/// The head tells the end of the log, and wakes whoever waits for it to grow.
///
/// # Panics
/// When the store does otherwise.
pub async fn head_wakes_readers(store: Store) {
    let mut head = store.head();
    assert_eq!(*head.borrow_and_update(), Position(0));
    let appending = Arc::clone(&store);
    let task = tokio::spawn(async move { appending.append(commit(&StreamId::new("check", "head"), 0, 3)).await });
    wait_for_growth(&mut head).await;
    let appended = task.await.expect("the append does not panic").expect("the commit is stored");
    while *head.borrow_and_update() < appended.position {
        wait_for_growth(&mut head).await;
    }
    assert_eq!(*head.borrow(), appended.position);
    let mut later = store.head();
    assert_eq!(*later.borrow_and_update(), appended.position, "a new reader learns the end at once");
}

fn count(number: usize) -> u64 {
    u64::try_from(number).expect("the check's numbers are small")
}
