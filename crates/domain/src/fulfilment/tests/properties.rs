//! What holds of a fulfilment after any sequence of wishes.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;

fn any_wish() -> impl Strategy<Value = FulfilmentCommand> {
    let moment = (0..1_000_i64).prop_map(Timestamp::from_micros);
    let number = prop_oneof![Just("6A1"), Just("6A2")];
    prop_oneof![
        4 => prop_oneof![3 => Just(request()), 1 => Just(request_of(vec![line(1, 3)])), 1 => Just(request_of(vec![]))],
        4 => moment.clone().prop_map(|packed_at| FulfilmentCommand::Pack { packed_at }),
        4 => Just(FulfilmentCommand::ReleaseForShipping),
        4 => number.prop_map(|number| hand_over("colissimo", number)),
        3 => moment.prop_map(|delivered_at| FulfilmentCommand::Deliver { delivered_at }),
        3 => Just(lose()),
        3 => (1..4_u128, 1..3_i64, 0..900_i64, any::<bool>())
            .prop_map(|(number, units, share, is_paid)| take_out(number, vec![line(1, units)], share, is_paid)),
        1 => Just(cancel()),
    ]
}

fn position_of(log: &[FulfilmentEvent], event_type: &str) -> Option<usize> {
    log.iter().position(|event| event.event_type() == event_type)
}

/// What must hold of the facts so far, whatever was wished.
fn holds(log: &[FulfilmentEvent]) -> Result<(), TestCaseError> {
    let types: Vec<String> = log.iter().map(DomainEvent::event_type).collect();
    let reductions = types.iter().filter(|one| *one == "fulfilment.reduced").count();
    for once in types.iter().collect::<BTreeSet<_>>() {
        let times = types.iter().filter(|one| *one == once).count();
        let times_max = match once.as_str() {
            "fulfilment.reduced" => 3,
            "fulfilment.packed" => 1 + reductions,
            _ => 1,
        };
        prop_assert!(times <= times_max, "{} happened {} times", once, times);
    }
    let parcel = folded(log);
    let taken: i64 = parcel.reductions().iter().map(|reduction| reduction.units_of(&line(1, 1).line)).sum();
    let asked: i64 = parcel.requested_lines().iter().map(|part| part.quantity.units()).sum();
    prop_assert_eq!(parcel.units_of(&line(1, 1).line) + taken, asked, "units are lost or made");
    prop_assert!(parcel.share().is_none_or(|share| share.minor() >= 0));
    if let Some(left) = position_of(log, "fulfilment.handed_over") {
        let changed = types[..left].iter().rposition(|one| one == "fulfilment.reduced");
        let packed = types[..left].iter().rposition(|one| one == "fulfilment.packed");
        prop_assert!(changed <= packed, "it left as it was packed before units were taken out");
    }
    let steps = ["fulfilment.requested", "fulfilment.packed", "fulfilment.released_for_shipping"];
    if let Some(left) = position_of(log, "fulfilment.handed_over") {
        for step in steps {
            prop_assert!(position_of(log, step).is_some_and(|before| before < left), "left before {}", step);
        }
        prop_assert_eq!(position_of(log, "fulfilment.cancelled"), None, "left and cancelled");
    } else {
        prop_assert_eq!(position_of(log, "fulfilment.delivered"), None, "delivered without having left");
        prop_assert_eq!(position_of(log, "fulfilment.lost"), None, "lost without having left");
    }
    for last in ["fulfilment.delivered", "fulfilment.cancelled"] {
        prop_assert!(position_of(log, last).is_none_or(|at| at + 1 == log.len()), "something after {}", last);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_sequence_of_wishes_breaks_an_invariant(sequence in prop::collection::vec(any_wish(), 0..40)) {
        let mut fulfilment = Fulfilment::default();
        let mut log = Vec::new();
        for wish in &sequence {
            let Ok(events) = fulfilment.decide(wish) else { continue };
            for event in events {
                fulfilment.evolve(&event);
                log.push(event);
                holds(&log)?;
            }
            prop_assert_eq!(fulfilment.decide(wish), Ok(vec![]), "an accepted wish is not repeatable");
        }
        prop_assert_eq!(&folded(&log), &fulfilment);
        let json = serde_json::to_string(&fulfilment).expect("a state is JSON");
        prop_assert_eq!(serde_json::from_str::<Fulfilment>(&json).expect("its own JSON"), fulfilment);
        let json = serde_json::to_string(&log).expect("a log is JSON");
        prop_assert_eq!(serde_json::from_str::<Vec<FulfilmentEvent>>(&json).expect("its own JSON"), log);
    }

    #[test]
    fn an_end_is_final(ending in prop_oneof![Just("delivered"), Just("found"), Just("cancelled"), Just("barred")],
                       sequence in prop::collection::vec(any_wish(), 0..40)) {
        let ended = folded(&situation(ending));
        for wish in sequence.iter().chain(&wishes()) {
            prop_assert!(ended.decide(wish).map_or(true, |events| events.is_empty()));
        }
    }
}
