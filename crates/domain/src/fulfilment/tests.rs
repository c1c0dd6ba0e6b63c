//! Every refusal, every repeat and every boundary of fulfilment.

use std::collections::BTreeSet;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use cqrs_es::{Aggregate, DomainEvent};
use uuid::Uuid;

use super::*;
use crate::decider::Refusal;
use crate::values::{
    Currency, CustomerId, LineCancellationId, LineId, LocationId, Money, OrderId, Quantity, Sealed, ShortText,
    Timestamp,
};

mod properties;
mod taking_out;

const NOON: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const LATER: Timestamp = Timestamp::from_micros(1_700_000_060_000_000);

fn text(of: &str) -> ShortText {
    of.parse().expect("a short text")
}

fn line(number: u128, units: i64) -> FulfilmentLine {
    FulfilmentLine {
        line: LineId::from_uuid(Uuid::from_u128(number)),
        sku: format!("BOOK-{number}").parse().expect("a sku"),
        quantity: Quantity::new(units).expect("a quantity"),
    }
}

fn request_of(lines: Vec<FulfilmentLine>) -> FulfilmentCommand {
    FulfilmentCommand::Request {
        order: OrderId::from_uuid(Uuid::from_u128(1)),
        location: "paris".parse().expect("a location"),
        lines,
        address: Sealed::new(CustomerId::from_uuid(Uuid::from_u128(2)), "c2VhbGVk".to_owned()),
        share: Money::new(1_990, Currency::Eur),
    }
}

fn request() -> FulfilmentCommand {
    request_of(vec![line(1, 2)])
}

fn pack() -> FulfilmentCommand {
    FulfilmentCommand::Pack { packed_at: NOON }
}

fn hand_over(carrier: &str, tracking: &str) -> FulfilmentCommand {
    FulfilmentCommand::HandOver { carrier: text(carrier), tracking: text(tracking), handed_over_at: NOON }
}

fn deliver() -> FulfilmentCommand {
    FulfilmentCommand::Deliver { delivered_at: LATER }
}

fn lose() -> FulfilmentCommand {
    FulfilmentCommand::DeclareLost { reason: text("search ended") }
}

fn cancel() -> FulfilmentCommand {
    FulfilmentCommand::Cancel { reason: text("order cancelled") }
}

fn take_out(number: u128, lines: Vec<FulfilmentLine>, share: i64, is_paid: bool) -> FulfilmentCommand {
    let (cancellation, share) = (cancellation(number), Money::new(share, Currency::Eur));
    FulfilmentCommand::TakeOut { cancellation, lines, share, is_paid }
}

fn cancellation(number: u128) -> LineCancellationId {
    LineCancellationId::from_uuid(Uuid::from_u128(number))
}

fn reduced(number: u128, lines: Vec<FulfilmentLine>, share: i64, is_paid: bool) -> FulfilmentEvent {
    let (cancellation, share) = (cancellation(number), Money::new(share, Currency::Eur));
    FulfilmentEvent::Reduced { cancellation, lines, share, is_paid }
}

fn wishes() -> [FulfilmentCommand; 7] {
    let release = FulfilmentCommand::ReleaseForShipping;
    [request(), pack(), release, hand_over("colissimo", "6A1"), deliver(), lose(), cancel()]
}

fn requested() -> FulfilmentEvent {
    FulfilmentEvent::Requested {
        order: OrderId::from_uuid(Uuid::from_u128(1)),
        location: "paris".parse().expect("a location"),
        lines: vec![line(1, 2)],
        address: Sealed::new(CustomerId::from_uuid(Uuid::from_u128(2)), "c2VhbGVk".to_owned()),
        share: Money::new(1_990, Currency::Eur),
    }
}

const RELEASED: FulfilmentEvent = FulfilmentEvent::ReleasedForShipping {};
const PACKED: FulfilmentEvent = FulfilmentEvent::Packed { packed_at: NOON };
const DELIVERED: FulfilmentEvent = FulfilmentEvent::Delivered { delivered_at: LATER };

fn handed_over() -> FulfilmentEvent {
    FulfilmentEvent::HandedOver { carrier: text("colissimo"), tracking: text("6A1"), handed_over_at: NOON }
}

fn lost() -> FulfilmentEvent {
    FulfilmentEvent::Lost { reason: text("search ended") }
}

fn cancelled() -> FulfilmentEvent {
    FulfilmentEvent::Cancelled { reason: text("order cancelled") }
}

fn labelled() -> FulfilmentEvent {
    FulfilmentEvent::LabelBooked { carrier: text("colissimo"), tracking: text("6A1") }
}

fn every_event() -> [FulfilmentEvent; 9] {
    [
        requested(),
        reduced(1, vec![line(1, 1)], 995, false),
        PACKED,
        labelled(),
        RELEASED,
        handed_over(),
        DELIVERED,
        lost(),
        cancelled(),
    ]
}

/// Every situation a fulfilment can be in, by the facts that lead there.
fn situation(name: &str) -> Vec<FulfilmentEvent> {
    match name {
        "absent" => vec![],
        "requested" => vec![requested()],
        "packed" => vec![requested(), PACKED],
        "released" => vec![requested(), PACKED, RELEASED],
        "handed_over" => vec![requested(), PACKED, RELEASED, handed_over()],
        "delivered" => vec![requested(), PACKED, RELEASED, handed_over(), DELIVERED],
        "lost" => vec![requested(), PACKED, RELEASED, handed_over(), lost()],
        "found" => vec![requested(), PACKED, RELEASED, handed_over(), lost(), DELIVERED],
        "cancelled" => vec![requested(), cancelled()],
        "cancelled_released" => vec![requested(), PACKED, RELEASED, cancelled()],
        "barred" => vec![cancelled()],
        other => panic!("no situation is called {other}"),
    }
}

fn given(name: &str) -> AggregateTestExecutor<Fulfilment> {
    TestFramework::with(()).given(situation(name))
}

fn folded(events: &[FulfilmentEvent]) -> Fulfilment {
    let mut fulfilment = Fulfilment::default();
    for event in events {
        fulfilment.evolve(event);
    }
    fulfilment
}

fn illegal(status: &'static str, wish: &'static str) -> FulfilmentError {
    FulfilmentError::IllegalTransition { status, wish }
}

#[test]
fn a_parcel_goes_the_whole_way() {
    given("absent").when(request()).then_expect_events(vec![requested()]);
    given("requested").when(pack()).then_expect_events(vec![PACKED]);
    given("packed").when(FulfilmentCommand::ReleaseForShipping).then_expect_events(vec![RELEASED]);
    given("released").when(hand_over("colissimo", "6A1")).then_expect_events(vec![handed_over()]);
    given("handed_over").when(deliver()).then_expect_events(vec![DELIVERED]);
}

#[test]
fn a_request_without_lines_is_refused() {
    given("absent").when(request_of(vec![])).then_expect_error(FulfilmentError::NoLines);
}

#[test]
fn a_repeated_request_changes_nothing_however_far_the_parcel_is() {
    for name in ["requested", "packed", "released", "handed_over", "delivered", "lost", "found"] {
        given(name).when(request()).then_expect_events(vec![]);
    }
}

#[test]
fn a_request_with_other_content_is_refused() {
    for lines in [vec![], vec![line(1, 3)], vec![line(2, 2)], vec![line(1, 2), line(2, 1)]] {
        given("requested").when(request_of(lines)).then_expect_error(FulfilmentError::AlreadyExists);
    }
    let (order, location) = (OrderId::from_uuid(Uuid::from_u128(9)), "lyon".parse::<LocationId>().expect("a location"));
    let address = Sealed::new(CustomerId::from_uuid(Uuid::from_u128(2)), "b3RoZXI=".to_owned());
    let share = Money::new(1_991, Currency::Eur);
    for changed in 0..4 {
        let mut other = request();
        if let FulfilmentCommand::Request { order: o, location: l, address: a, share: s, .. } = &mut other {
            match changed {
                0 => *o = order.clone(),
                1 => *l = location.clone(),
                2 => *a = address.clone(),
                _ => *s = share,
            }
        }
        given("delivered").when(other).then_expect_error(FulfilmentError::AlreadyExists);
    }
}

#[test]
fn a_cancellation_that_overtakes_its_request_bars_it() {
    given("absent").when(cancel()).then_expect_events(vec![cancelled()]);
    given("barred").when(request()).then_expect_error(illegal("cancelled", "requested"));
    assert_eq!(folded(&situation("barred")).order(), None);
}

#[test]
fn a_request_of_a_cancelled_work_is_refused_even_when_it_is_a_repeat() {
    for name in ["cancelled", "cancelled_released"] {
        given(name).when(request()).then_expect_error(illegal("cancelled", "requested"));
    }
}

#[test]
fn nothing_but_a_request_or_a_cancellation_is_possible_before_the_request() {
    let release = FulfilmentCommand::ReleaseForShipping;
    for wish in [pack(), release, hand_over("colissimo", "6A1"), deliver(), lose()] {
        given("absent").when(wish).then_expect_error(FulfilmentError::Unknown);
    }
}

#[test]
fn packing_again_changes_nothing_and_a_cancelled_work_is_not_packed() {
    for name in ["packed", "released", "handed_over", "delivered", "lost", "found"] {
        given(name).when(FulfilmentCommand::Pack { packed_at: LATER }).then_expect_events(vec![]);
    }
    for name in ["cancelled", "cancelled_released", "barred"] {
        given(name).when(pack()).then_expect_error(illegal("cancelled", "packed"));
    }
}

#[test]
fn only_a_packed_parcel_is_released_for_shipping_and_once() {
    for name in ["released", "handed_over", "delivered", "lost", "found"] {
        given(name).when(FulfilmentCommand::ReleaseForShipping).then_expect_events(vec![]);
    }
    for (name, status) in [
        ("requested", "requested"),
        ("cancelled", "cancelled"),
        ("cancelled_released", "cancelled"),
        ("barred", "cancelled"),
    ] {
        let wish = FulfilmentCommand::ReleaseForShipping;
        given(name).when(wish).then_expect_error(illegal(status, "released for shipping"));
    }
}

#[test]
fn a_parcel_that_is_not_paid_does_not_leave() {
    given("packed").when(hand_over("colissimo", "6A1")).then_expect_error(FulfilmentError::NotPaid);
}

#[test]
fn a_parcel_that_is_not_packed_is_not_handed_over() {
    for (name, status) in [("requested", "requested"), ("cancelled_released", "cancelled"), ("barred", "cancelled")] {
        given(name).when(hand_over("colissimo", "6A1")).then_expect_error(illegal(status, "handed over"));
    }
}

#[test]
fn a_repeated_hand_over_changes_nothing_and_another_number_is_refused() {
    for name in ["handed_over", "delivered", "lost", "found"] {
        let status = folded(&situation(name)).state().name();
        given(name).when(hand_over("colissimo", "6A1")).then_expect_events(vec![]);
        given(name).when(hand_over("colissimo", "6A2")).then_expect_error(illegal(status, "handed over"));
        given(name).when(hand_over("chronopost", "6A1")).then_expect_error(illegal(status, "handed over"));
    }
}

#[test]
fn only_a_parcel_that_left_is_delivered_and_once() {
    for name in ["delivered", "found"] {
        given(name).when(FulfilmentCommand::Deliver { delivered_at: NOON }).then_expect_events(vec![]);
    }
    for (name, status) in
        [("requested", "requested"), ("packed", "packed"), ("released", "packed"), ("cancelled", "cancelled")]
    {
        given(name).when(deliver()).then_expect_error(illegal(status, "delivered"));
    }
}

#[test]
fn only_a_parcel_under_way_is_declared_lost_and_once() {
    given("handed_over").when(lose()).then_expect_events(vec![lost()]);
    given("lost").when(lose()).then_expect_events(vec![]);
    for name in ["requested", "packed", "released", "delivered", "found", "cancelled", "barred"] {
        let status = folded(&situation(name)).state().name();
        given(name).when(lose()).then_expect_error(illegal(status, "declared lost"));
    }
}

#[test]
fn a_lost_parcel_that_turns_up_is_delivered() {
    given("lost").when(deliver()).then_expect_events(vec![DELIVERED]);
    assert_eq!(folded(&situation("found")).delivered_at(), Some(LATER));
}

#[test]
fn a_parcel_is_called_off_until_a_carrier_has_it() {
    for name in ["requested", "packed", "released"] {
        given(name).when(cancel()).then_expect_events(vec![cancelled()]);
    }
    for name in ["cancelled", "cancelled_released", "barred"] {
        given(name).when(cancel()).then_expect_events(vec![]);
    }
    for name in ["handed_over", "delivered", "lost", "found"] {
        let status = folded(&situation(name)).state().name();
        given(name).when(cancel()).then_expect_error(illegal(status, "cancelled"));
    }
}

#[test]
fn the_state_tells_what_was_asked_and_what_happened() {
    let absent = Fulfilment::default();
    assert_eq!((absent.location(), absent.address(), absent.share()), (None, None, None));
    assert!(absent.lines().is_empty());
    let fulfilment = folded(&situation("delivered"));
    assert_eq!(fulfilment.order(), Some(&OrderId::from_uuid(Uuid::from_u128(1))));
    assert_eq!(fulfilment.location().map(LocationId::as_str), Some("paris"));
    assert_eq!(fulfilment.lines(), [line(1, 2)]);
    assert_eq!(fulfilment.address().map(Sealed::ciphertext), Some("c2VhbGVk"));
    assert_eq!(fulfilment.share(), Some(Money::new(1_990, Currency::Eur)));
    assert_eq!(fulfilment.carrier(), Some(&text("colissimo")));
    assert_eq!(fulfilment.tracking(), Some(&text("6A1")));
    assert_eq!((fulfilment.handed_over_at(), fulfilment.delivered_at()), (Some(NOON), Some(LATER)));
    assert!(folded(&situation("cancelled_released")).is_released());
    assert!(!folded(&situation("packed")).is_released());
}

#[test]
fn an_event_is_stored_under_its_own_name_and_comes_back_whole() {
    assert_eq!(Fulfilment::TYPE, "fulfilment");
    for event in every_event() {
        let json = serde_json::to_value(&event).expect("an event is JSON");
        let tags: Vec<&String> = json.as_object().expect("an object with one tag").keys().collect();
        assert_eq!(tags, [&event.event_type()]);
        assert_eq!(event.event_version(), "1");
        assert_eq!(serde_json::from_value::<FulfilmentEvent>(json).expect("its own JSON"), event);
    }
}

#[test]
fn a_packed_parcel_gets_one_label() {
    let book = |tracking| FulfilmentCommand::BookLabel { carrier: text("colissimo"), tracking: text(tracking) };
    assert_eq!(folded(&situation("packed")).decide(&book("6A1")), Ok(vec![labelled()]));
    let mut history = situation("packed");
    history.push(labelled());
    assert_eq!(folded(&history).label(), Some((&text("colissimo"), &text("6A1"))));
    assert_eq!(folded(&history).decide(&book("6A1")), Ok(vec![]), "a repeat");
    assert_eq!(folded(&history).decide(&book("6A2")), Err(illegal("packed", "labelled")));
    assert_eq!(folded(&[]).decide(&book("6A1")), Err(FulfilmentError::Unknown));
    assert_eq!(folded(&situation("requested")).decide(&book("6A1")), Err(illegal("requested", "labelled")));
    assert_eq!(folded(&situation("handed_over")).decide(&book("6A1")), Err(illegal("handed_over", "labelled")));
}

#[test]
fn names_and_codes_are_unique() {
    let names: BTreeSet<&str> = FulfilmentState::ALL.iter().map(|state| state.name()).collect();
    assert_eq!(names.len(), FulfilmentState::ALL.len());
    let types: BTreeSet<String> = every_event().iter().map(DomainEvent::event_type).collect();
    assert_eq!(types.len(), every_event().len());
    let refusals = [
        FulfilmentError::Unknown,
        FulfilmentError::AlreadyExists,
        FulfilmentError::NoLines,
        FulfilmentError::NotPaid,
        FulfilmentError::NotInParcel { line: line(1, 1).line, requested: 2, left: 1 },
        FulfilmentError::ShareExceeded,
        illegal("lost", "cancelled"),
    ];
    let codes: BTreeSet<&str> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}
