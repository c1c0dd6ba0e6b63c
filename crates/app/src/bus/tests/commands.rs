//! One command, or several as one.

use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn a_refusal_tells_its_code_and_facts_and_stores_nothing() {
    let (store, bus) = bus();
    let why = refused(bus.execute::<Stock>(SHELF, &staff(), reserve(1, 5)).await);
    assert_eq!(why.code, "INSUFFICIENT_STOCK");
    assert_eq!(why.facts, [("requested", "5".to_owned()), ("available", "0".to_owned())]);
    assert_eq!(store.length(), 0);
}

#[tokio::test]
async fn what_is_so_already_is_answered_and_not_stored() {
    let (store, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    bus.execute::<Stock>(SHELF, &staff(), reserve(1, 2)).await.expect("they are promised");
    let again = bus.execute::<Stock>(SHELF, &staff(), reserve(1, 2)).await.expect("they are promised");
    assert_eq!((again.version, again.position, again.replayed), (2, None, false));
    assert_eq!(store.length(), 2);
}

#[tokio::test]
async fn a_newer_version_than_the_sender_saw_is_a_refusal() {
    let (_, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    let why = refused(bus.execute::<Stock>(SHELF, &staff().expecting(Some(0)), receive(1)).await);
    assert_eq!((why.code, why.path), ("VERSION_CONFLICT", vec!["expectedVersion".to_owned()]));
    assert_eq!(why.facts, [("expected", "0".to_owned()), ("actual", "1".to_owned())]);
    let seen = bus.execute::<Stock>(SHELF, &staff().expecting(Some(1)), receive(1)).await.expect("units come in");
    assert_eq!((seen.version, seen.state.on_hand()), (2, 6));
}

#[tokio::test]
async fn a_follow_up_carries_neither_the_key_nor_the_expected_version() {
    let follow_up = staff().keyed(key("k", "f")).expecting(Some(3)).follow_up();
    assert_eq!((follow_up.key, follow_up.expected_version), (None, None));
}

#[tokio::test]
async fn several_commands_are_decided_on_each_other_and_stored_as_one() {
    let (store, bus) = bus();
    let both = bus.execute_all::<Stock>(SHELF, &staff(), &[receive(5), reserve(1, 5)]).await.expect("both happen");
    assert_eq!((both.version, both.state.available(), store.length()), (2, 0, 2));
}

#[tokio::test]
async fn several_commands_of_which_one_is_refused_leave_no_trace() {
    let (store, bus) = bus();
    bus.execute::<Stock>(SHELF, &staff(), receive(5)).await.expect("units come in");
    let why = refused(bus.execute_all::<Stock>(SHELF, &staff(), &[receive(1), reserve(1, 100)]).await);
    assert_eq!(why.facts, [("requested", "100".to_owned()), ("available", "6".to_owned())]);
    assert_eq!((store.length(), on_hand(&bus).await), (1, 5));
    let next = bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    assert_eq!((next.version, next.state.on_hand()), (2, 6));
}

#[tokio::test]
async fn an_aggregate_is_loaded_as_it_was_at_a_version() {
    let (_, bus) = bus();
    for count in [1, 2, 4] {
        bus.execute::<Stock>(SHELF, &staff(), receive(count)).await.expect("units come in");
    }
    for (version, units, found) in [(0, 0, 0), (1, 1, 1), (2, 3, 2), (3, 7, 3), (9, 7, 3)] {
        let loaded = bus.load_at::<Stock>(SHELF, version).await.expect("the shelf is there");
        assert_eq!((loaded.state.on_hand(), loaded.version), (units, found), "at version {version}");
    }
}

#[tokio::test]
async fn every_event_says_who_and_why_and_nothing_else() {
    let (store, bus) = bus();
    let cause = Cause::of("command-1", "conversation-1");
    let caused = Request::new(staff().actor, cause.clone().because_of("event-1"));
    bus.execute::<Stock>(SHELF, &Request::new(staff().actor, cause), receive(1)).await.expect("units come in");
    bus.execute::<Stock>(SHELF, &caused, receive(1)).await.expect("units come in");
    let events = store.read_stream(&stream(), 0, 10).await.expect("the log is there");
    let metadata: Vec<Value> =
        events.iter().map(|event| serde_json::from_str(event.metadata.get()).expect("metadata is JSON")).collect();
    let mut expected = json!({
        "actor_kind": "staff", "actor_id": "ada", "correlation_id": "conversation-1", "command_id": "command-1",
    });
    assert_eq!(metadata[0], expected);
    expected["causation_id"] = "event-1".into();
    assert_eq!(metadata[1], expected);
}
