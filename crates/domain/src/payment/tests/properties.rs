//! What holds whatever is asked and answered, in whatever order.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;

const COMMANDS_MAX: usize = 80;
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(NAMES.to_vec())
}

fn reference() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["pi_1", "pi_1", "pi_1", "pi_2"])
}

fn amount() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![-1, 0, 1, 10, 20, 20, 40, 60, 100, 101])
}

fn command() -> impl Strategy<Value = PaymentCommand> {
    prop_oneof![
        3 => Just(initiate()),
        1 => amount().prop_map(|minor| {
            PaymentCommand::Initiate { order: order_id(), amount: eur(minor), method: text("pm_card") }
        }),
        2 => reference().prop_map(action_required),
        4 => reference().prop_map(|reference| authorise(reference, eur(100))),
        1 => (reference(), amount()).prop_map(|(reference, minor)| authorise(reference, eur(minor))),
        1 => Just(decline()),
        12 => (name(), amount()).prop_map(|(name, minor)| request_capture(name, minor)),
        12 => name().prop_map(record_capture),
        6 => name().prop_map(fail_capture),
        1 => Just(request_void()),
        1 => Just(PaymentCommand::RecordVoid),
        1 => (-1_i64..2).prop_map(|seconds| expire(EXPIRES_AT.plus_seconds(seconds))),
        12 => (name(), amount()).prop_map(|(name, minor)| request_refund(name, minor)),
        12 => name().prop_map(record_refund),
        8 => name().prop_map(fail_refund),
    ]
}

/// Starts at every depth, because a random walk seldom gets to a refund by itself.
fn beginning() -> impl Strategy<Value = Payment> {
    let captured = [request_capture("a", 40), record_capture("a")];
    prop::sample::select(vec![Payment::default(), authorised_and(&[]), authorised_and(&captured)])
}

/// Sums the movements of one state.
fn moved(find: impl Fn(&str) -> Option<Movement>, state: MovementState) -> i64 {
    let movements = NAMES.into_iter().filter_map(find);
    movements.filter(|movement| movement.state == state).map(|movement| movement.amount.minor()).sum()
}

fn holds(before: &Payment, after: &Payment) {
    let authorised = after.authorised().minor();
    let (captured, capture_pending) = (after.captured().minor(), after.capture_pending().minor());
    let (refunded, refund_pending) = (after.refunded().minor(), after.refund_pending().minor());
    assert!(authorised >= captured + capture_pending);
    assert!(captured >= refunded + refund_pending);
    assert!(captured + capture_pending + after.let_go().minor() <= authorised);
    for minor in [captured, capture_pending, refunded, refund_pending, after.let_go().minor()] {
        assert!(minor >= 0);
    }
    assert_eq!(captured, moved(|name| after.capture(name), MovementState::Done));
    assert_eq!(capture_pending, moved(|name| after.capture(name), MovementState::Requested));
    assert_eq!(refunded, moved(|name| after.refund(name), MovementState::Done));
    assert_eq!(refund_pending, moved(|name| after.refund(name), MovementState::Requested));
    assert!(after.capturable().minor() + captured + capture_pending <= authorised);
    assert!(authorised == 0 || after.amount() == Some(after.authorised()));
    assert_eq!(after.action_url().is_some(), after.status() == PaymentStatus::ActionRequired);
    assert!(before.captured() <= after.captured());
    assert!(before.authorised() <= after.authorised());
}

fn survives_json(event: &PaymentEvent) {
    let json = serde_json::to_value(event).expect("an event becomes JSON");
    assert!(json.get(event.event_type()).is_some());
    assert_eq!(&serde_json::from_value::<PaymentEvent>(json).expect("JSON becomes an event"), event);
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_invariant_holds_after_every_event(
        commands in prop::collection::vec(command(), 1..COMMANDS_MAX),
        beginning in beginning(),
    ) {
        let mut payment = beginning;
        for command in commands {
            let Ok(events) = payment.decide(&command) else { continue };
            for event in &events {
                let before = payment.clone();
                payment.evolve(event);
                holds(&before, &payment);
                survives_json(event);
            }
            prop_assert_eq!(payment.decide(&command), Ok(vec![]), "a repeat of {:?}", command);
        }
        let json = serde_json::to_string(&payment).expect("a payment becomes JSON");
        prop_assert_eq!(serde_json::from_str::<Payment>(&json).expect("JSON becomes a payment"), payment);
    }
}
