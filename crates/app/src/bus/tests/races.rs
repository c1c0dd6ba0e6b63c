//! Many at once, in one process and in two.

use domain::stock::StockCommand;
use tokio::task::JoinSet;

use super::*;
use crate::fixture::{Fault, text};

#[tokio::test]
async fn fifty_commands_at_once_on_one_aggregate_all_land() {
    let (store, bus) = bus();
    let mut senders = JoinSet::new();
    for _ in 0..50 {
        let bus = bus.clone();
        senders.spawn(async move { bus.execute::<Stock>(SHELF, &staff(), receive(1)).await });
    }
    let mut versions: Vec<_> =
        senders.join_all().await.into_iter().map(|answer| answer.expect("units come in").version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=50).collect::<Vec<_>>());
    assert_eq!((store.length(), on_hand(&bus).await), (50, 50));
}

#[tokio::test(start_paused = true)]
async fn two_processes_on_one_aggregate_lose_nothing() {
    let (store, bus) = bus();
    let other = Arc::new(bus_over(store.clone()));
    let mut senders = JoinSet::new();
    for bus in [&bus, &other].into_iter().cycle().take(50) {
        let bus = bus.clone();
        senders.spawn(async move { bus.execute::<Stock>(SHELF, &staff(), receive(1)).await });
    }
    senders.join_all().await.into_iter().for_each(|answer| _ = answer.expect("units come in"));
    let (ours, theirs) = (bus.load::<Stock>(SHELF).await, other.load::<Stock>(SHELF).await);
    for loaded in [ours, theirs] {
        let loaded = loaded.expect("the shelf is there");
        assert_eq!((loaded.version, loaded.state.on_hand()), (50, 50));
    }
    assert_eq!(store.length(), 50);
}

#[tokio::test]
async fn a_lost_race_is_decided_again_on_what_is_so_now() {
    let (store, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    let other = bus_over(store);
    other.execute::<Stock>(SHELF, &staff(), reserve(1, 5)).await.expect("they are promised");
    let why = refused(bus.execute::<Stock>(SHELF, &staff(), reserve(2, 5)).await);
    assert_eq!(why.facts, [("requested", "5".to_owned()), ("available", "0".to_owned())]);
}

#[tokio::test]
async fn a_refusal_is_not_taken_from_a_state_that_another_process_has_moved_on() {
    let (store, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    bus_over(store).execute::<Stock>(SHELF, &staff(), receive(10)).await.expect("units come in elsewhere");
    let outcome = bus.execute::<Stock>(SHELF, &staff(), reserve(1, 5)).await.expect("there are eleven");
    assert_eq!((outcome.version, outcome.state.available()), (3, 6));
}

#[tokio::test]
async fn already_so_is_not_taken_from_a_state_that_another_process_has_moved_on() {
    let (store, bus) = bus();
    bus.execute_all::<Stock>(SHELF, &staff(), &[receive(5), reserve(1, 5)]).await.expect("they are promised");
    let release = StockCommand::Release { order: order(1), reason: text("called off") };
    bus_over(store).execute::<Stock>(SHELF, &staff(), release).await.expect("they are free again");
    let why = refused(bus.execute::<Stock>(SHELF, &staff(), reserve(1, 5)).await);
    assert_eq!(why.code, "RESERVATION_OVER");
}

#[tokio::test(start_paused = true)]
async fn races_that_are_lost_all_the_time_are_told() {
    let (store, bus) = bus();
    store.next(std::iter::repeat_n(Fault::Raced, 16));
    let answer = bus.execute::<Stock>(SHELF, &staff(), receive(1)).await;
    assert!(matches!(answer, Err(AppError::Contended)), "{answer:?}");
    assert_eq!(store.length(), 0);
    bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("the next one lands");
}

#[tokio::test]
async fn what_is_taken_for_new_and_is_not_is_decided_on_what_there_is() {
    let (store, bus) = bus();
    bus_over(store.clone()).execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in elsewhere");
    let more = bus.begin_all::<Stock>(SHELF, &staff(), &[receive(2)]).await.expect("units come in");
    assert_eq!((more.version, more.state.on_hand()), (2, 7));
    let held = bus_over(store).begin_all::<Stock>(SHELF, &staff(), &[reserve(1, 7)]).await;
    assert_eq!(held.expect("nothing is refused for a guess").state.available(), 0);
}
