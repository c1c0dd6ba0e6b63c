//! Checks of `read_on`: a reader learns that what it saw last is gone.

use super::{Store, commit, read_log};
use crate::{Cursor, Filter, Position, StoreError, StreamId};

/// Pages tell which event stands where they end, wanted or not; read on from there, nothing is missing.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_page_tells_what_stands_at_its_end(store: Store) {
    for (number, kind) in ["a", "b", "c", "a", "b", "c"].into_iter().enumerate() {
        let stream = StreamId::new(kind, &number.to_string());
        store.append(commit(&stream, 0, 1)).await.expect("the commit is stored");
    }
    let log = read_log(&store).await;
    for kinds in [&[][..], &["a"], &["b"], &["unknown"]] {
        let filter = Filter { kinds: kinds.iter().map(|&kind| kind.to_owned()).collect() };
        for limit in 0..8 {
            let (mut cursor, mut seen) = (Cursor::default(), Vec::new());
            for _page in 0..=log.len() {
                let page = store.read_on(cursor, limit, &filter).await.expect("nothing was taken back");
                seen.extend(page.events.iter().map(|event| event.event_id));
                cursor = page.cursor();
                let there = log.iter().find(|event| event.position == cursor.position).map(|event| event.event_id);
                let is_told = cursor.event == there || (!store.has_dense_positions() && cursor.event.is_none());
                assert!(is_told, "{kinds:?}, at most {limit}: {cursor:?}, and {there:?} is there");
            }
            let wanted = log.iter().filter(|event| filter.wants(event)).map(|event| event.event_id);
            assert_eq!(seen, if limit == 0 { Vec::new() } else { wanted.collect() }, "{kinds:?}, at most {limit}");
        }
    }
}

/// When the end of the log is taken back and another one follows, whoever stood there is told with the first read, wanted or
/// not; whoever stood before it reads on. `rewind` takes back what is behind a position, as only the owner of a log or a
/// failover can, and opens the log anew.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_log_that_was_rewound_is_noticed(store: Store, rewind: impl AsyncFnOnce(Store, Position) -> Store) {
    let (kept, gone, other) = (StreamId::new("a", "kept"), StreamId::new("b", "gone"), StreamId::new("c", "other"));
    store.append(commit(&kept, 0, 3)).await.expect("the commit is stored");
    store.append(commit(&gone, 0, 2)).await.expect("the commit is stored");
    let (log, all, some) = (read_log(&store).await, Filter::default(), Filter { kinds: vec!["a".to_owned()] });
    let page = store.read_on(Cursor::default(), 10, &some).await.expect("the log is read");
    let (last, end) = (Cursor::of(&log[2]), Cursor::of(&log[4]));
    assert_eq!(page.cursor(), end, "it has moved over what it did not want");

    let store = rewind(store, last.position).await;
    let refused = |read: Result<crate::Page, StoreError>| match read {
        Err(StoreError::LogRewound { position, seen, found }) => (position, Some(seen), found),
        other => panic!("what it saw last is gone: {other:?}"),
    };
    for filter in [&all, &some] {
        let read = store.read_on(end, 10, filter).await;
        assert_eq!(refused(read), (end.position, end.event, None), "the log ends before it");
    }
    assert!(store.read_on(last, 10, &all).await.expect("it stands").events.is_empty());

    store.append(commit(&other, 0, 2)).await.expect("the commit is stored");
    let log = read_log(&store).await;
    for filter in [&all, &some] {
        let read = store.read_on(end, 10, filter).await;
        assert_eq!(refused(read), (end.position, end.event, Some(log[4].event_id)), "another one stands there");
    }
    let page = store.read_on(last, 10, &all).await.expect("it stands");
    assert_eq!((page.events.len(), page.cursor()), (2, Cursor::of(&log[4])));
    let page = store.read_on(Cursor::at(end.position), 10, &all).await.expect("whoever saw nothing is told nothing");
    assert_eq!(page.cursor(), Cursor::of(&log[4]), "and knows from then on what stands there");
}
