//! Checks of secrets, marks, closing and opening again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;

use super::{RECORDED_AT, Store, WAIT_SECONDS_MAX, commit, places, raw, read_log, with_command};
use crate::{AppendError, StoreError, StreamId};

/// A lease has one owner, who may renew it; others have it once its time is over or it was given back.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_lease_has_one_owner(store: Store) {
    let [first, second] = [1, 2].map(Uuid::from_u128);
    let (long, short) = (Duration::from_secs(3_600), Duration::from_millis(1));
    assert!(store.lease_take("work", first, long).await.expect("is asked"));
    assert!(!store.lease_take("work", second, long).await.expect("is asked"), "another one holds it");
    assert!(store.lease_take("other", second, long).await.expect("is asked"), "every name is a lease of its own");
    store.lease_return("work", second).await.expect("is asked");
    assert!(!store.lease_take("work", second, long).await.expect("is asked"), "only the holder gives it back");
    assert!(store.lease_take("work", first, long).await.expect("is asked"), "the holder renews");
    store.lease_return("work", first).await.expect("is asked");
    assert!(store.lease_take("work", second, short).await.expect("is asked"), "it was given back");
    let ended = async { while !store.lease_take("work", first, long).await.expect("is asked") {} };
    timeout(Duration::from_secs(WAIT_SECONDS_MAX), ended).await.expect("its time is over");
    assert!(!store.lease_take("work", second, long).await.expect("is asked"), "it has a new holder");
}

/// A secret is inserted once and returned ever after; bytes of any value are kept.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_secret_is_kept(store: Store) {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(store.secret("key").await.expect("is read"), None);
    assert_eq!(store.secret_or_insert("key", &bytes).await.expect("is stored").as_deref(), Some(&bytes[..]));
    assert_eq!(store.secret_or_insert("key", b"other").await.expect("is read").as_deref(), Some(&bytes[..]));
    assert_eq!(store.secret("key").await.expect("is read").as_deref(), Some(&bytes[..]));
    assert_eq!(store.secret_or_insert("empty", b"").await.expect("is stored").as_deref(), Some(&b""[..]));
    assert_eq!(store.secret("empty").await.expect("is read").as_deref(), Some(&b""[..]));
}

/// Of 16 concurrent inserts of one secret all are told the same value.
///
/// # Panics
/// When the store does otherwise.
pub async fn the_first_of_many_secrets_counts(store: Store) {
    let tasks: Vec<_> = (0..16u8)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.secret_or_insert("key", &[number; 32]).await })
        })
        .collect();
    let counts = {
        let mut told = Vec::new();
        for task in tasks {
            told.push(task.await.expect("an insert does not panic").expect("is stored").expect("is not destroyed"));
        }
        told
    };
    let stored = store.secret("key").await.expect("is read").expect("is there");
    assert!(counts.iter().all(|value| *value == stored), "all are told the value that counts");
}

/// A destroyed secret has no value and takes none, even when it was destroyed before it was inserted.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_destroyed_secret_never_comes_back(store: Store) {
    store.secret_or_insert("key", b"value").await.expect("is stored");
    store.secret_or_insert("other", b"stays").await.expect("is stored");
    assert!(store.secret_destroy("key").await.expect("is destroyed"), "there was a value");
    assert!(!store.secret_destroy("key").await.expect("is destroyed"), "there is none any more");
    assert!(!store.secret_destroy("unknown").await.expect("is destroyed"), "there never was one");
    for name in ["key", "unknown"] {
        assert_eq!(store.secret(name).await.expect("is read"), None);
        assert_eq!(store.secret_or_insert(name, b"again").await.expect("is read"), None, "{name} stays destroyed");
        assert_eq!(store.secret(name).await.expect("is read"), None);
    }
    assert_eq!(store.secret("other").await.expect("is read").as_deref(), Some(&b"stays"[..]));
}

/// A mark is the number last left, for each name its own.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_mark_is_kept(store: Store) {
    assert_eq!(store.mark("reader").await.expect("is read"), None);
    for value in [7, 0, 1 << 40] {
        store.set_mark("reader", value).await.expect("is stored");
        assert_eq!(store.mark("reader").await.expect("is read"), Some(value));
    }
    assert_eq!(store.mark("other").await.expect("is read"), None);
}

/// What was accepted before `close` is answered; a later commit is refused without doubt.
///
/// # Panics
/// When the store does otherwise.
pub async fn a_closed_store_refuses_commits(store: Store) {
    let tasks: Vec<_> = (0..32)
        .map(|number| {
            let store = Arc::clone(&store);
            let stream = StreamId::new("check", &format!("closing-{number}"));
            tokio::spawn(async move { store.append(commit(&stream, 0, 1)).await })
        })
        .collect();
    store.close().await;
    for task in tasks {
        match task.await.expect("an append does not panic") {
            Ok(_) | Err(AppendError::Unavailable { in_doubt: false, .. }) => {}
            Err(error) => panic!("an append while closing answered {error:?}"),
        }
    }
    let late = store.append(commit(&StreamId::new("check", "late"), 0, 1)).await;
    assert!(matches!(late, Err(AppendError::Unavailable { in_doubt: false, .. })), "a late append answered {late:?}");
    let secret = store.secret_or_insert("late", b"value").await;
    assert!(matches!(secret, Err(StoreError::Unavailable(_))), "a late secret answered {secret:?}");
    store.close().await;
}

/// Events, commands, secrets, tombstones and marks are there after the store was closed and opened again, and the log
/// goes on where it ended. `open` opens the same store each time.
///
/// # Panics
/// When the store does otherwise.
pub async fn reopening_keeps_everything(open: impl AsyncFn() -> Store) {
    let stream = StreamId::new("check", "kept");
    {
        let store = open().await;
        let mut first = with_command(commit(&stream, 0, 3), "command", "print");
        first.events[1].payload = raw(r#"{ "kept" : "é" }"#);
        store.append(first).await.expect("the commit is stored");
        store.secret_or_insert("secret", b"value").await.expect("is stored");
        store.secret_or_insert("destroyed", b"value").await.expect("is stored");
        store.secret_destroy("destroyed").await.expect("is destroyed");
        store.set_mark("mark", 3).await.expect("is stored");
        store.close().await;
    }
    let store = open().await;
    let head = *store.head().borrow();
    assert_eq!(head, places(&store).await[3], "the head is known from the start");
    let events = read_log(&store).await;
    assert_eq!(events.len(), 3);
    assert_eq!((events[1].payload.get(), events[1].recorded_at), (r#"{ "kept" : "é" }"#, RECORDED_AT));
    let record = store.find_command("command").await.expect("commands are read").expect("the command is recorded");
    assert_eq!((record.stream, record.sequence_first, record.sequence_last), (stream.clone(), 1, 3));
    assert_eq!(store.secret("secret").await.expect("is read").as_deref(), Some(&b"value"[..]));
    assert_eq!(store.secret_or_insert("destroyed", b"again").await.expect("is read"), None);
    assert_eq!(store.mark("mark").await.expect("is read"), Some(3));
    let stale = store.append(commit(&stream, 0, 1)).await;
    assert!(matches!(stale, Err(AppendError::WrongVersion { actual: 3, .. })), "a stale append answered {stale:?}");
    let next = store.append(commit(&stream, 3, 1)).await.expect("the log goes on");
    assert_eq!((next.sequence, next.position), (4, places(&store).await[4]));
    store.close().await;
}
