//! A process dies at each place where it can, one by one: before what it was about to do there, or right after it.
//! `COMPTOIR_PLACES` says at how many places of each journey (some, evenly spread, unless told otherwise).

use simulator::{Bug, Fault, Profile, Scenario, Simulator, WorldReport};

use crate::{assert_right, number, simulator};

/// A buyer who sends something back, one who calls the order off, and one to whom a parcel comes.
const JOURNEYS: [u64; 3] = [5, 1, 3];
/// At how many places of each journey a process dies, unless told otherwise.
const PLACES: u64 = 12;

fn journey(seed: u64) -> Scenario {
    Scenario::new(seed, 1, Profile::None)
}

/// Runs a journey in which a process dies once.
fn run(simulator: &Simulator, journey: &Scenario, place: u64, crash: Fault) -> (Scenario, WorldReport) {
    let scenario = Scenario { once: Some((place, crash)), ..journey.clone() };
    let world = simulator.run(&scenario).expect("it runs");
    (scenario, world)
}

#[test]
fn a_process_may_die_at_any_place_of_a_journey() {
    let (simulator, mut died) = (simulator(), 0);
    let most = number("COMPTOIR_PLACES").unwrap_or(PLACES);
    for seed in JOURNEYS {
        let whole = simulator.run(&journey(seed)).expect("it runs");
        assert_right(&journey(seed), &whole);
        let places = &whole.deadly;
        let tried = usize::try_from(most).expect("a small number").min(places.len());
        for chosen in 0..tried {
            let place = places[chosen * places.len() / tried];
            for crash in [Fault::CrashBefore, Fault::CrashAfter] {
                let (scenario, world) = run(&simulator, &journey(seed), place, crash);
                assert_right(&scenario, &world);
                died += world.crashes;
            }
        }
        eprintln!("journey {seed}: {} places, {died} processes have died", places.len());
    }
    assert!(died > 0, "processes died");
}

/// The control: a shop that holds money without a key holds it twice where it dies before it learns of the first.
#[test]
fn a_place_where_dying_would_cost_money_is_found() {
    let simulator = simulator();
    let mistaken = Scenario { bug: Some(Bug::HoldWithoutKey), ..journey(JOURNEYS[0]) };
    let places = simulator.run(&mistaken).expect("it runs").deadly;
    let found = places.iter().find(|place| {
        let (_, world) = run(&simulator, &mistaken, **place, Fault::CrashAfter);
        !world.violations.is_empty()
    });
    assert!(found.is_some(), "at none of {} places", places.len());
}
