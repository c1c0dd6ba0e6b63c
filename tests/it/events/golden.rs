//! Golden pairs, and that what breaks an old event is found.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::clock::ManualClock;
use domain::upcast::{Fields, StoredEvent, Upcaster};
use event_store::{Filter, PAGE_EVENTS_MAX, Position};
use serde::{Deserialize, Serialize};
use serde_json::json;
use testkit::events::golden::{Files, files_in, problems};
use testkit::events::{Choice, Family, families, variants_of};
use testkit::{TestShop, journey};

use super::folder;

#[test]
fn every_stored_name_of_every_version_has_a_golden_pair_and_is_read_as_expected() {
    let found = problems(&families(), &files_in(&folder("schema/events")));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn the_journey_stores_every_event_there_is() {
    let clock = Arc::new(ManualClock::starting_at(journey::BEGIN));
    let mut shop = TestShop::repeatable(clock.clone()).await;
    journey::play(&shop, &clock).await;
    let page = shop.started.store.read_all(Position(0), PAGE_EVENTS_MAX, &Filter::default()).await.expect("reads");
    assert_eq!(page.next, page.head, "the journey fits into one page");
    let stored = |event: &event_store::RecordedEvent| (event.event_type.clone(), event.event_version.clone());
    let stored: BTreeSet<_> = page.events.iter().map(|event| stored(event)).collect();
    for family in families() {
        for name in family.names {
            let version = domain::upcast::version_of(family.upcasters, name).to_string();
            assert!(stored.contains(&(name.to_owned(), version.clone())), "{name} version {version} never happened");
        }
    }
    shop.stop().await;
}

/// A lamp as it was released, with the pairs it was released with.
fn lamp_files() -> Files {
    let files = [
        ("lamp/lamp.lit.v1.json", r#"{ "lamp.lit": { "watts": 40 } }"#),
        ("lamp/lamp.lit.v1.expected.json", "{\n  \"lamp.lit\": {\n    \"watts\": 40\n  }\n}\n"),
    ];
    files.map(|(path, text)| (path.to_owned(), text.to_owned())).into()
}

fn problems_of(families: &[Family], files: &Files) -> String {
    problems(families, files).join("\n")
}

#[derive(Serialize, Deserialize)]
enum Lamp {
    #[serde(rename = "lamp.lit")]
    Lit { watts: u32 },
}

impl StoredEvent for Lamp {}

#[derive(Serialize, Deserialize)]
enum LampWithColour {
    #[serde(rename = "lamp.lit")]
    Lit { watts: u32, colour: String },
}

impl StoredEvent for LampWithColour {}

#[derive(Serialize, Deserialize)]
enum LampLifted {
    #[serde(rename = "lamp.lit")]
    Lit { watts: u32, colour: String },
}

fn lamps_were_white(fields: &mut Fields) {
    fields.insert("colour".to_owned(), json!("white"));
}

impl StoredEvent for LampLifted {
    const UPCASTERS: &'static [Upcaster] = &[Upcaster { event_type: "lamp.lit", from: 1, lift: lamps_were_white }];
}

#[test]
fn a_released_event_that_did_not_change_has_no_problem() {
    assert_eq!(problems_of(&[Family::of::<Lamp>("lamp", "lamp")], &lamp_files()), "");
}

#[test]
fn an_event_without_a_golden_pair_is_found() {
    let found = problems_of(&[Family::of::<Lamp>("lamp", "lamp")], &Files::new());
    assert_eq!(found, "lamp.lit version 1 has no golden pair lamp/lamp.lit.v1.json");
}

#[test]
fn a_new_required_field_without_an_upcaster_is_found() {
    let found = problems_of(&[Family::of::<LampWithColour>("lamp", "lamp")], &lamp_files());
    assert!(found.contains("lamp/lamp.lit.v1.json: stored events cannot be read any more: missing field"), "{found}");
    assert!(found.contains("colour"), "{found}");
}

#[test]
fn with_its_upcaster_the_old_pair_shows_what_becomes_of_it_and_the_new_version_wants_its_own() {
    let (lamp, mut files) = ([Family::of::<LampLifted>("lamp", "lamp")], lamp_files());
    let found = problems_of(&lamp, &files);
    assert!(found.contains("lamp.lit version 2 has no golden pair"), "{found}");
    assert!(found.contains(r#""colour": "white""#), "{found}");
    let white = "{\n  \"lamp.lit\": {\n    \"watts\": 40,\n    \"colour\": \"white\"\n  }\n}\n";
    for path in ["lamp/lamp.lit.v1.expected.json", "lamp/lamp.lit.v2.json", "lamp/lamp.lit.v2.expected.json"] {
        files.insert(path.to_owned(), white.to_owned());
    }
    assert_eq!(problems_of(&lamp, &files), "");
}

#[derive(Serialize, Deserialize)]
enum Thief {
    #[serde(rename = "thief.came")]
    Came {},
    #[serde(rename = "stock.reserved")]
    Reserved { by: String },
}

impl StoredEvent for Thief {}

#[test]
fn a_new_event_under_a_name_that_is_taken_is_found() {
    let mut all = families();
    all.push(Family::of::<Thief>("thief", "thief"));
    let found = problems_of(&all, &files_in(&folder("schema/events")));
    assert!(found.contains("stock.reserved of thief is a stored name of stock already"), "{found}");
    assert!(found.contains("thief.came version 1 has no golden pair"), "{found}");
}

#[derive(Serialize, Deserialize)]
enum Colour {
    #[serde(rename = "white")]
    White,
    #[serde(rename = "red")]
    Red,
}

#[test]
fn a_choice_within_an_event_that_stands_in_no_pair_is_found() {
    let choice = Choice { of: &["lamp.lit"], at: "/colour", variants: variants_of::<Colour>().to_vec() };
    let mut files = lamp_files();
    files.insert("lamp/lamp.lit.v2.json".to_owned(), r#"{ "lamp.lit": { "watts": 1, "colour": "white" } }"#.to_owned());
    let found = problems_of(&[Family::of::<LampLifted>("lamp", "lamp").with(vec![choice])], &files);
    assert!(found.contains("red at /colour of lamp.lit has no golden pair in lamp"), "{found}");
    assert!(!found.contains("white at"), "{found}");
}

#[derive(Serialize, Deserialize)]
enum Gone {
    #[serde(rename = "lamp.bought")]
    Bought {},
}

impl StoredEvent for Gone {
    const UPCASTERS: &'static [Upcaster] = &[
        Upcaster { event_type: "lamp.bought", from: 2, lift: lamps_were_white },
        Upcaster { event_type: "lamp.sold", from: 1, lift: lamps_were_white },
    ];
}

#[test]
fn an_event_that_was_taken_away_and_a_chain_with_a_gap_are_found() {
    let found = problems_of(&[Family::of::<Gone>("lamp", "lamp")], &lamp_files());
    assert!(found.contains("lamp.lit.v1.json: no event of this name and version is known any more"), "{found}");
    assert!(found.contains("lamp.bought has 0 upcasters from version 1, it needs one"), "{found}");
    assert!(found.contains("lifts lamp.sold, which is no event of it"), "{found}");
}
