//! What holds of a return after any sequence of wishes, and of the refund for any finding.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;

/// A line's units and what was paid for them, and two dice that split the units.
type Announced = (u32, i64, u32, u32);

#[derive(Clone, Debug)]
enum Wish {
    Request,
    RequestOther,
    Approve,
    Refuse,
    ShipBack(&'static str),
    Receive(&'static str),
    InspectTruly,
    InspectFalsely,
    ResolveOwed,
    ResolveOther(i64),
    Cancel,
}

fn announced() -> impl Strategy<Value = Vec<Announced>> {
    prop::collection::vec((1..=12_u32, 0..=10_000_i64, any::<u32>(), any::<u32>()), 1..=4)
}

fn any_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        4 => Just(Wish::Request),
        1 => Just(Wish::RequestOther),
        4 => Just(Wish::Approve),
        1 => Just(Wish::Refuse),
        2 => prop_oneof![Just(Wish::ShipBack("6A1")), Just(Wish::ShipBack("6A2"))],
        4 => prop_oneof![Just(Wish::Receive("paris")), Just(Wish::Receive("lyon"))],
        4 => Just(Wish::InspectTruly),
        1 => Just(Wish::InspectFalsely),
        4 => Just(Wish::ResolveOwed),
        1 => (0..=50_000_i64).prop_map(Wish::ResolveOther),
        1 => Just(Wish::Cancel),
    ]
}

fn number(index: usize) -> u128 {
    u128::try_from(index).expect("an index fits")
}

fn lines_of(announced: &[Announced]) -> Vec<ReturnLine> {
    let line_of = |(index, (units, paid, _, _)): (usize, &Announced)| {
        line(number(index), "BOOK", i64::from(*units), euros(*paid))
    };
    announced.iter().enumerate().map(line_of).collect()
}

fn items_of(announced: &[Announced]) -> Vec<Inspection> {
    let item_of = |(index, (units, _, first, second)): (usize, &Announced)| {
        let resalable = first % (units + 1);
        let damaged = second % (units - resalable + 1);
        item(number(index), resalable, damaged, units - resalable - damaged)
    };
    announced.iter().enumerate().map(item_of).collect()
}

fn command(wish: &Wish, announced: &[Announced], current: &Return) -> ReturnCommand {
    match wish {
        Wish::Request => request_of(lines_of(announced)),
        Wish::RequestOther => request_of(vec![line(99, "PEN", 1, euros(1))]),
        Wish::Approve => ReturnCommand::Approve,
        Wish::Refuse => refuse(),
        Wish::ShipBack(tracking) => ship_back(tracking),
        Wish::Receive(at) => receive(at),
        Wish::InspectTruly => inspect(items_of(announced)),
        Wish::InspectFalsely => inspect(vec![item(0, 99, 0, 0)]),
        Wish::ResolveOwed => resolve(current.refund().unwrap_or(euros(0))),
        Wish::ResolveOther(minor) => resolve(euros(*minor)),
        Wish::Cancel => cancel(),
    }
}

/// What must hold of the facts so far, whatever was wished.
fn holds(log: &[ReturnEvent], current: &Return) -> Result<(), TestCaseError> {
    let types: BTreeSet<String> = log.iter().map(DomainEvent::event_type).collect();
    prop_assert_eq!(types.len(), log.len(), "an event happened twice");
    let paid: i64 = current.lines().iter().map(|line| line.paid.minor()).sum();
    if let Some(refund) = current.refund() {
        prop_assert!((0..=paid).contains(&refund.minor()), "{} owed of {}", refund, paid);
    }
    if let Some(refunded) = current.refunded() {
        prop_assert_eq!(current.refund(), Some(refunded));
    }
    let announced: i64 = current.lines().iter().map(|line| line.quantity.units()).sum();
    let arrived = current.resalable().iter().chain(&current.damaged()).map(|(_, units)| units).sum::<i64>();
    prop_assert!(arrived <= announced);
    for last in ["return.resolved", "return.refused", "return.cancelled"] {
        let at = log.iter().position(|event| event.event_type() == last);
        prop_assert!(at.is_none_or(|at| at + 1 == log.len()), "something after {}", last);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_sequence_of_wishes_breaks_an_invariant(
        announced in announced(),
        wishes in prop::collection::vec(any_wish(), 0..40),
    ) {
        let mut current = Return::default();
        let mut log = Vec::new();
        for wish in &wishes {
            let command = command(wish, &announced, &current);
            let Ok(events) = current.decide(&command) else { continue };
            for event in events {
                current.evolve(&event);
                log.push(event);
                holds(&log, &current)?;
            }
            prop_assert_eq!(current.decide(&command), Ok(vec![]), "an accepted wish is not repeatable");
        }
        prop_assert_eq!(&folded(&log), &current);
        let json = serde_json::to_string(&current).expect("a state is JSON");
        prop_assert_eq!(serde_json::from_str::<Return>(&json).expect("its own JSON"), current);
        let json = serde_json::to_string(&log).expect("a log is JSON");
        prop_assert_eq!(serde_json::from_str::<Vec<ReturnEvent>>(&json).expect("its own JSON"), log);
    }

    #[test]
    fn what_is_owed_and_what_is_kept_sum_to_what_was_paid(announced in announced()) {
        let received = ReturnEvent::Received { location: location("paris") };
        let current = folded(&[requested_of(lines_of(&announced)), APPROVED, received]);
        let owed = |items: Vec<Inspection>| match current.decide(&inspect(items)).as_deref() {
            Ok([ReturnEvent::Inspected { refund, .. }]) => refund.minor(),
            other => panic!("an inspection was expected, not {other:?}"),
        };
        let mut expected = 0;
        for ((units, paid, _, _), item) in announced.iter().zip(items_of(&announced)) {
            // Two parts: the exact share rounded to the nearest minor unit, half up, is the largest remainder.
            let (units, returned) = (i64::from(*units), i64::from(item.resalable + item.damaged));
            expected += (2 * paid * returned + units) / (2 * units);
        }
        let paid: i64 = announced.iter().map(|line| line.1).sum();
        prop_assert_eq!(owed(items_of(&announced)), expected);
        let all_of = |came_back: bool| -> Vec<Inspection> {
            let item_of = |(index, line): (usize, &Announced)| match came_back {
                true => item(number(index), 0, line.0, 0),
                false => item(number(index), 0, 0, line.0),
            };
            announced.iter().enumerate().map(item_of).collect()
        };
        prop_assert_eq!((owed(all_of(true)), owed(all_of(false))), (paid, 0));
    }
}
