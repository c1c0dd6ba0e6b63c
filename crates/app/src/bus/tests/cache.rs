//! The state at hand is never ahead of the log.

use futures_util::FutureExt;

use super::*;
use crate::fixture::Fault;

#[tokio::test]
async fn a_failed_append_shows_nowhere() {
    let (store, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    store.next([Fault::Fails]);
    let answer = bus.execute::<Stock>(SHELF, &staff(), receive(100)).await;
    assert!(matches!(answer, Err(AppError::Unavailable { in_doubt: false, .. })), "{answer:?}");
    assert_eq!(on_hand(&bus).await, 5);
    let next = bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    assert_eq!((next.version, next.state.on_hand()), (2, 6));
}

#[tokio::test]
async fn an_append_in_doubt_shows_as_the_log_has_it_and_its_key_tells() {
    let (store, bus) = bus();
    let request = staff().keyed(key("k", "receive 5"));
    store.next([Fault::InDoubt]);
    let answer = bus.execute::<Stock>(SHELF, &request, receive(5)).await;
    assert!(matches!(answer, Err(AppError::Unavailable { in_doubt: true, .. })), "{answer:?}");
    assert_eq!(on_hand(&bus).await, 5);
    let again = bus.execute::<Stock>(SHELF, &request, receive(5)).await.expect("it had happened");
    assert_eq!((again.replayed, again.version, store.length()), (true, 1, 1));
}

#[tokio::test]
async fn a_conflict_is_decided_again_and_stored_once() {
    let (store, bus) = bus();
    store.next([Fault::Raced, Fault::Raced]);
    let outcome = bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("the third try lands");
    assert_eq!((outcome.version, outcome.state.on_hand(), store.length()), (1, 5, 1));
}

#[tokio::test]
async fn what_is_being_stored_shows_nowhere_and_a_sender_who_leaves_frees_the_turn() {
    let (store, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    store.next([Fault::Hangs]);
    let request = staff();
    let mut hanging = Box::pin(bus.execute::<Stock>(SHELF, &request, receive(100)));
    for _ in 0..3 {
        assert!(hanging.as_mut().now_or_never().is_none());
    }
    assert_eq!(on_hand(&bus).await, 5);
    drop(hanging);
    let next = bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("the turn is free");
    assert_eq!((next.version, next.state.on_hand()), (2, 6));
}

#[tokio::test]
async fn a_reader_keeps_what_it_read_while_others_move_on() {
    let (_, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    let read = bus.load::<Stock>(SHELF).await.expect("the shelf is there");
    bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    assert_eq!((read.version, read.state.on_hand(), on_hand(&bus).await), (1, 5, 6));
}

#[tokio::test]
async fn an_aggregate_without_events_is_empty_and_not_kept() {
    let (_, bus) = bus();
    let loaded = bus.load::<Stock>("nobody@paris").await.expect("the log is there");
    assert_eq!((loaded.version, loaded.state.on_hand()), (0, 0));
    assert!(bus.turns.cached::<Stock>(&StreamId::new("stock", "nobody@paris"), 0).is_none());
}

#[tokio::test]
async fn a_state_at_hand_is_trusted_in_the_tenure_it_was_known_in() {
    let (store, bus) = bus();
    let other = bus_over(store.clone());
    store.set_tenure(Some(1));
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    other.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("nobody may, and this log does not care");
    assert_eq!(on_hand(&bus).await, 5, "the log is not asked");
    store.set_tenure(None);
    assert_eq!(on_hand(&bus).await, 6, "others may be writing");
    other.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    store.set_tenure(Some(2));
    assert_eq!(on_hand(&bus).await, 7, "they have written before the new tenure");
    other.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("nobody may, and this log does not care");
    assert_eq!(on_hand(&bus).await, 7, "the log is not asked again");
}

#[tokio::test]
async fn a_refusal_stands_without_a_look_only_in_the_tenure_of_its_state() {
    let (store, bus) = bus();
    store.set_tenure(Some(1));
    bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    bus_over(store.clone()).execute::<Stock>(SHELF, &staff(), receive(10)).await.expect("units come in elsewhere");
    let why = refused(bus.execute::<Stock>(SHELF, &staff(), reserve(1, 5)).await);
    assert_eq!(why.facts, [("requested", "5".to_owned()), ("available", "1".to_owned())]);
    store.set_tenure(Some(2));
    let outcome = bus.execute::<Stock>(SHELF, &staff(), reserve(1, 5)).await.expect("there are eleven");
    assert_eq!((outcome.version, outcome.state.available()), (3, 6));
}

#[tokio::test]
async fn what_lands_after_its_sender_has_left_is_seen() {
    let (store, bus) = bus();
    store.set_tenure(Some(1));
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    store.next([Fault::Late]);
    let request = staff();
    let mut leaving = Box::pin(bus.execute::<Stock>(SHELF, &request, receive(100)));
    for _ in 0..3 {
        assert!(leaving.as_mut().now_or_never().is_none());
    }
    drop(leaving);
    assert_eq!(on_hand(&bus).await, 5, "it has not landed yet");
    store.land().await;
    assert_eq!(on_hand(&bus).await, 105, "no state is certain until the log has answered");
    let outcome = bus.execute::<Stock>(SHELF, &staff(), reserve(1, 50)).await.expect("there are as many");
    assert_eq!((outcome.version, outcome.state.available()), (3, 55));
    bus_over(store.clone()).execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in elsewhere");
    assert_eq!(on_hand(&bus).await, 105, "the log has answered, and is not asked any more");
}

#[tokio::test]
async fn what_an_older_copy_of_the_log_never_had_is_not_at_hand() {
    let (store, bus) = bus();
    let other = bus_over(store.clone());
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    let end = *store.head().borrow();
    bus.execute::<Stock>(SHELF, &staff(), receive(100)).await.expect("units come in");
    store.rewind_to(end);
    other.execute::<Stock>(SHELF, &staff(), receive(7)).await.expect("units come in");
    assert_eq!(on_hand(&bus).await, 12, "the other one has taken the place of what is gone");
    bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    assert_eq!((on_hand(&bus).await, store.length()), (13, 3));
}

#[tokio::test]
async fn what_was_read_before_an_older_copy_took_over_is_decided_again() {
    let (store, bus) = bus();
    let other = bus_over(store.clone());
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    let end = *store.head().borrow();
    bus.execute::<Stock>(SHELF, &staff(), receive(100)).await.expect("units come in");
    // Decided on what is gone, and handed over only when something else stands there.
    store.next([Fault::Held]);
    let request = staff();
    let mut deciding = Box::pin(bus.execute::<Stock>(SHELF, &request, receive(1)));
    assert!(deciding.as_mut().now_or_never().is_none());
    assert!(deciding.as_mut().now_or_never().is_none());
    store.rewind_to(end);
    other.execute::<Stock>(SHELF, &staff(), receive(7)).await.expect("units come in");
    store.let_go();
    let outcome = deciding.await.expect("it is decided again");
    assert_eq!((outcome.version, outcome.state.on_hand()), (3, 13));
}
