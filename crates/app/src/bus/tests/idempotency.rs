//! A command with a key happens at most once.

use domain::cart::{Cart, CartCommand};
use domain::values::Currency;
use tokio::task::JoinSet;

use super::*;
use crate::fixture::customer;

#[tokio::test]
async fn the_same_key_and_input_are_answered_with_the_state_as_of_then() {
    let (store, bus) = bus();
    let request = staff().keyed(key("k", "receive 5"));
    let first = bus.execute::<Stock>(SHELF, &request, receive(5)).await.expect("units come in");
    bus.execute::<Stock>(SHELF, &staff(), receive(10)).await.expect("units come in");
    let again = bus.execute::<Stock>(SHELF, &request, receive(5)).await.expect("it is replayed");
    assert_eq!((again.version, again.state.on_hand(), again.replayed), (1, 5, true));
    assert_eq!((again.position, first.replayed), (first.position, false));
    assert_eq!((store.length(), on_hand(&bus).await), (2, 15));
}

#[tokio::test]
async fn the_same_key_with_another_input_is_refused() {
    let (store, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff().keyed(key("k", "receive 5")), receive(5)).await.expect("units come in");
    let why = refused(bus.execute::<Stock>(SHELF, &staff().keyed(key("k", "receive 6")), receive(6)).await);
    assert_eq!((why.code, why.path), ("IDEMPOTENCY_KEY_REUSED", vec!["idempotencyKey".to_owned()]));
    assert_eq!(store.length(), 1);
}

#[tokio::test]
async fn the_same_key_on_another_kind_of_thing_is_refused() {
    let (_, bus) = bus();
    let request = staff().keyed(key("k", "f"));
    bus.execute::<Stock>(SHELF, &request, receive(5)).await.expect("units come in");
    let open = CartCommand::Open { owner: customer(1), currency: Currency::Eur };
    let answer = bus.execute::<Cart>("cart_1", &request, open).await;
    assert_eq!(answer.err().and_then(|error| error.code()), Some("IDEMPOTENCY_KEY_REUSED"));
}

#[tokio::test]
async fn a_refused_command_is_not_remembered_under_its_key() {
    let (_, bus) = bus();
    let request = staff().keyed(key("k", "reserve 5"));
    assert_eq!(refused(bus.execute::<Stock>(SHELF, &request, reserve(1, 5)).await).code, "INSUFFICIENT_STOCK");
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    let now = bus.execute::<Stock>(SHELF, &request, reserve(1, 5)).await.expect("now there are units");
    assert_eq!((now.replayed, now.state.reserved()), (false, 5));
}

#[tokio::test]
async fn a_replay_comes_before_a_refusal() {
    let (_, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    let request = staff().keyed(key("k", "write off")).expecting(Some(1));
    let off = write_off(5);
    bus.execute::<Stock>(SHELF, &request, off.clone()).await.expect("they are written off");
    let again = bus.execute::<Stock>(SHELF, &request, off).await.expect("it is replayed, not refused");
    assert_eq!((again.version, again.replayed), (2, true));
}

#[tokio::test]
async fn the_same_key_in_parallel_has_one_effect() {
    let (store, bus) = bus();
    let request = staff().keyed(key("k", "receive 5"));
    let mut senders = JoinSet::new();
    for _ in 0..20 {
        let (bus, request) = (bus.clone(), request.clone());
        senders.spawn(async move { bus.execute::<Stock>(SHELF, &request, receive(5)).await });
    }
    let answers = senders.join_all().await;
    let mut first = 0;
    for answer in answers {
        let outcome = answer.expect("every sender is answered");
        assert_eq!((outcome.version, outcome.state.on_hand()), (1, 5));
        first += usize::from(!outcome.replayed);
    }
    assert_eq!((first, store.length()), (1, 1));
}

#[tokio::test]
async fn the_same_key_in_two_processes_has_one_effect() {
    let (store, bus) = bus();
    let other = bus_over(store.clone());
    let request = staff().keyed(key("k", "receive 5"));
    let (left, right) = tokio::join!(
        bus.execute::<Stock>(SHELF, &request, receive(5)),
        other.execute::<Stock>(SHELF, &request, receive(5))
    );
    let replayed = [left, right].map(|answer| answer.expect("both are answered").replayed);
    assert_eq!((replayed.iter().filter(|replayed| **replayed).count(), store.length()), (1, 1));
}

#[tokio::test]
async fn two_shoppers_with_the_same_key_do_not_meet() {
    let (store, bus) = bus();
    for number in [1, 2] {
        let request = shopper(number).keyed(key("k", "f"));
        let outcome = bus.execute::<Stock>(SHELF, &request, receive(1)).await.expect("units come in");
        assert!(!outcome.replayed);
    }
    assert_eq!(store.length(), 2);
}

#[tokio::test]
async fn a_replayed_creation_under_a_new_id_returns_the_first_id() {
    let (store, bus) = bus();
    let request = shopper(1).keyed(key("k", "open"));
    let open = CartCommand::Open { owner: customer(1), currency: Currency::Eur };
    let first = bus.execute::<Cart>("cart_1", &request, open.clone()).await.expect("a cart");
    let again = bus.execute::<Cart>("cart_2", &request, open).await.expect("the same cart");
    assert_eq!((first.id.as_str(), again.id.as_str(), again.replayed), ("cart_1", "cart_1", true));
    assert_eq!(store.length(), 1);
}

fn write_off(count: i64) -> domain::stock::StockCommand {
    domain::stock::StockCommand::WriteOff { quantity: units(count), reason: crate::fixture::text("damaged") }
}
