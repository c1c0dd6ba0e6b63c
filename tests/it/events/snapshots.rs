//! A state that was written down and read again goes on as if nothing had happened: of every aggregate, at every cut.

use std::collections::BTreeMap;
use std::fmt::Debug;

use domain::cart::Cart;
use domain::catalog::{Category, Product, Variant};
use domain::decider::{Decider, Refusal};
use domain::fulfilment::Fulfilment;
use domain::order::Order;
use domain::payment::Payment;
use domain::returns::Return;
use domain::stock::Stock;
use domain::upcast;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::releases::releases;

/// How many histories are drawn of each aggregate.
const CASES: u32 = 1_000;
/// How long they are at most.
const EVENTS_MAX: usize = 60;
/// What the journey said about a person, none of which may stand in a state.
const PERSONAL: [&str; 4] = ["camille@", "Camille", "Durand", "Martyrs"];

#[derive(Deserialize)]
struct Line {
    stream_kind: String,
    stream_id: String,
    event_type: String,
    event_version: String,
    payload: Box<RawValue>,
}

/// Returns the streams of one kind of aggregate in all releases.
fn streams<D>() -> Vec<Vec<D::Event>>
where
    D: Decider,
    D::Error: Refusal,
{
    let mut streams = BTreeMap::<_, Vec<D::Event>>::new();
    for (release, text) in releases() {
        for line in text.lines() {
            let line: Line = serde_json::from_str(line).expect("a line of a log");
            if line.stream_kind == D::TYPE {
                let event = upcast::read(&line.event_type, &line.event_version, line.payload.get());
                streams.entry((release.clone(), line.stream_id)).or_default().push(event.expect("can be read"));
            }
        }
    }
    assert!(!streams.is_empty(), "there is no {}", D::TYPE);
    streams.into_values().collect()
}

fn folded<D>(mut state: D, events: &[D::Event]) -> D
where
    D: Decider,
    D::Error: Refusal,
{
    events.iter().for_each(|event| state.evolve(event));
    state
}

/// Cuts every history at every place: what is folded from the snapshot there is what is folded from the beginning.
fn hold<D>()
where
    D: Decider + PartialEq + Debug,
    D::Error: Refusal,
{
    for events in streams::<D>() {
        let whole = folded(D::default(), &events);
        for cut in 0..=events.len() {
            let before = folded(D::default(), &events[..cut]);
            let snapshot = serde_json::to_string(&before).expect("a state is JSON");
            for personal in PERSONAL {
                assert!(!snapshot.contains(personal), "{personal} is in a snapshot of {}", D::TYPE);
            }
            let read: D = serde_json::from_str(&snapshot).expect("a snapshot is a state");
            assert_eq!(read, before, "{} after {cut} events", D::TYPE);
            assert_eq!(folded(read, &events[cut..]), whole, "{} cut at {cut}", D::TYPE);
        }
    }
}

/// Draws histories that never happened: any facts in any order, since `evolve` refuses none, cut anywhere.
fn hold_at_random<D>()
where
    D: Decider + PartialEq + Debug,
    D::Error: Refusal,
{
    let facts: Vec<D::Event> = streams::<D>().into_iter().flatten().collect();
    let drawn = proptest::collection::vec(0..facts.len(), 0..EVENTS_MAX);
    let outcome = TestRunner::new_with_rng(Config::with_cases(CASES), rng()).run(&(drawn, 0..EVENTS_MAX), |case| {
        let (drawn, cut) = case;
        let events: Vec<D::Event> = drawn.iter().map(|index| facts[*index].clone()).collect();
        let (begin, rest) = events.split_at(cut.min(events.len()));
        let snapshot = serde_json::to_vec(&folded(D::default(), begin)).expect("a state is JSON");
        let read: D = serde_json::from_slice(&snapshot).expect("a snapshot is a state");
        proptest::prop_assert_eq!(folded(read, rest), folded(D::default(), &events));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{}: {error}", D::TYPE));
}

/// The same histories in every run.
fn rng() -> TestRng {
    TestRng::deterministic_rng(RngAlgorithm::ChaCha)
}

#[test]
fn a_snapshot_and_the_rest_of_a_random_history_are_the_whole_of_it() {
    hold_at_random::<Product>();
    hold_at_random::<Variant>();
    hold_at_random::<Category>();
    hold_at_random::<Stock>();
    hold_at_random::<Cart>();
    hold_at_random::<Order>();
    hold_at_random::<Payment>();
    hold_at_random::<Fulfilment>();
    hold_at_random::<Return>();
}

#[test]
fn a_snapshot_and_the_rest_of_any_history_are_the_whole_of_it() {
    hold::<Product>();
    hold::<Variant>();
    hold::<Category>();
    hold::<Stock>();
    hold::<Cart>();
    hold::<Order>();
    hold::<Payment>();
    hold::<Fulfilment>();
    hold::<Return>();
}
