//! Given, when, then for stock: what the tests share, its stored names and its limits.

mod back_orders;
mod properties;
mod recounts;
mod reductions;
mod refusals;
mod repeats;

use std::collections::BTreeSet;

use cqrs_es::DomainEvent;
use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::decider::Refusal;
use crate::values::{LineCancellationId, OrderId, Quantity, ReturnId, ShortText, Timestamp};

fn order(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

fn return_id(number: u128) -> ReturnId {
    ReturnId::from_uuid(Uuid::from_u128(number))
}

fn cancellation(number: u128) -> LineCancellationId {
    LineCancellationId::from_uuid(Uuid::from_u128(number))
}

fn allocation_reduced(count: i64) -> StockEvent {
    StockEvent::AllocationReduced { order: order(1), cancellation: cancellation(1), quantity: units(count) }
}

fn reduce_allocation(number: u128, count: i64) -> StockCommand {
    StockCommand::ReduceAllocation { order: order(1), cancellation: cancellation(number), quantity: units(count) }
}

fn units(count: i64) -> Quantity {
    Quantity::new(count).expect("a count from 1 to 1000000")
}

fn text(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn received(count: i64) -> StockEvent {
    StockEvent::Received { quantity: units(count), reference: text("delivery note 7") }
}

fn reserved(count: i64) -> StockEvent {
    StockEvent::Reserved { order: order(1), quantity: units(count), expires_at: at(100) }
}

fn released(count: i64) -> StockEvent {
    StockEvent::ReservationReleased { order: order(1), quantity: units(count), reason: text("changed mind") }
}

fn expired(count: i64) -> StockEvent {
    StockEvent::ReservationExpired { order: order(1), quantity: units(count) }
}

fn barred() -> StockEvent {
    StockEvent::ReservationBarred { order: order(1) }
}

fn allocated(count: i64) -> StockEvent {
    StockEvent::Allocated { order: order(1), quantity: units(count) }
}

fn allocation_released(count: i64) -> StockEvent {
    StockEvent::AllocationReleased { order: order(1), quantity: units(count), reason: text("changed mind") }
}

fn dispatched(count: i64) -> StockEvent {
    StockEvent::Dispatched { order: order(1), quantity: units(count) }
}

fn receive(count: i64) -> StockCommand {
    StockCommand::Receive { quantity: units(count), reference: text("delivery note 7") }
}

fn reserve(count: i64) -> StockCommand {
    StockCommand::Reserve { order: order(1), quantity: units(count), expires_at: at(100) }
}

fn extend(micros: i64) -> StockCommand {
    StockCommand::Extend { order: order(1), expires_at: at(micros) }
}

fn release() -> StockCommand {
    StockCommand::Release { order: order(1), reason: text("changed mind") }
}

fn expire(micros: i64) -> StockCommand {
    StockCommand::Expire { order: order(1), now: at(micros) }
}

fn allocate() -> StockCommand {
    StockCommand::Allocate { order: order(1) }
}

fn release_allocation() -> StockCommand {
    StockCommand::ReleaseAllocation { order: order(1), reason: text("changed mind") }
}

fn dispatch() -> StockCommand {
    StockCommand::Dispatch { order: order(1) }
}

fn restock(count: i64) -> StockCommand {
    StockCommand::Restock { return_id: return_id(1), quantity: units(count) }
}

fn restocked(count: i64) -> StockEvent {
    StockEvent::Restocked { return_id: return_id(1), quantity: units(count) }
}

fn write_off(count: i64) -> StockCommand {
    StockCommand::WriteOff { quantity: units(count), reason: text("water damage") }
}

fn written_off(count: i64) -> StockEvent {
    StockEvent::WrittenOff { quantity: units(count), reason: text("water damage") }
}

fn accepted(given: Vec<StockEvent>, when: StockCommand, then: Vec<StockEvent>) {
    TestFramework::<Stock>::with(()).given(given).when(when).then_expect_events(then);
}

fn refused(given: Vec<StockEvent>, when: StockCommand, then: StockError) {
    TestFramework::<Stock>::with(()).given(given).when(when).then_expect_error(then);
}

fn stock_after(events: &[StockEvent]) -> Stock {
    let mut stock = Stock::default();
    for event in events {
        stock.evolve(event);
    }
    stock
}

/// The name under which serde stores an event: the only key of its object.
fn stored_name(event: &StockEvent) -> String {
    let json = serde_json::to_value(event).expect("an event is JSON");
    let object = json.as_object().expect("an event is a JSON object");
    assert_eq!(object.len(), 1, "{json}");
    object.keys().next().expect("one key").clone()
}

#[test]
fn every_event_is_stored_under_its_type_and_reads_back() {
    let extended = StockEvent::ReservationExtended { order: order(1), expires_at: at(200) };
    let events = [
        received(9),
        reserved(4),
        extended,
        released(4),
        expired(4),
        barred(),
        allocated(4),
        allocation_released(4),
        allocation_reduced(1),
        dispatched(4),
        restocked(1),
        written_off(1),
        recounts::shortfall(1, 4, 2),
        back_orders::back_ordered(1, 4, Some(2), 100),
        back_orders::filled(1, 2),
        back_orders::closed(1, (Some(1), Some(2), None)),
    ];
    let names: BTreeSet<String> = events.iter().map(stored_name).collect();
    assert_eq!(names.len(), events.len());
    for event in events {
        assert_eq!((event.event_type(), event.event_version()), (stored_name(&event), "1".to_owned()));
        let json = serde_json::to_string(&event).expect("an event is JSON");
        assert_eq!(serde_json::from_str::<StockEvent>(&json).expect("its own JSON"), event);
    }
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let refusals = [
        StockError::Insufficient { requested: 2, available: 1 },
        StockError::ReservationOver { order: order(1) },
        StockError::ReservationUnknown { order: order(1) },
        StockError::ReservationDiffers { order: order(1), reserved: 1, requested: 2 },
        StockError::NotExpired { order: order(1), expires_at: at(100) },
        StockError::AllocationUnknown { order: order(1) },
        StockError::AlreadyDispatched { order: order(1) },
        StockError::AllocationExceeded { order: order(1), allocated: 1, requested: 2 },
        StockError::SoldUnitsMissing { counted: 1, sold: 2 },
        StockError::CountImplausible { counted: 0, on_hand: 2_000_000, max: 1_000_000 },
        StockError::BackOrderUnknown { order: order(1) },
        StockError::BackOrderSettled { order: order(1), kept: 1, requested: 2 },
        StockError::TooManyBackOrders { max: BACK_ORDERS_MAX },
        StockError::TooMany { max: UNITS_MAX },
    ];
    let codes: BTreeSet<&str> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}

#[test]
fn a_shortfall_tells_what_was_asked_for_and_what_is_left() {
    let facts = StockError::Insufficient { requested: 2, available: 1 }.facts();
    assert_eq!(facts, [("requested", "2".to_owned()), ("available", "1".to_owned())]);
    assert!(StockError::ReservationOver { order: order(1) }.facts().is_empty());
}

#[test]
fn a_stream_id_names_the_sku_and_the_location_and_reads_back() {
    let (sku, location) = ("LIVRE-7".parse().expect("a sku"), "paris-1".parse().expect("a location"));
    let id = stream_id(&sku, &location);
    assert_eq!(id, "LIVRE-7@paris-1");
    assert_eq!(parse_stream_id(&id), Some((sku, location)));
    for foreign in ["LIVRE-7", "@paris-1", "LIVRE-7@", "LIVRE-7@PARIS", "LIVRE-7@paris@1"] {
        assert_eq!(parse_stream_id(foreign), None, "{foreign}");
    }
}

#[test]
fn a_reservation_becomes_a_sale_that_leaves() {
    let mut events = vec![received(9)];
    accepted(vec![], receive(9), vec![received(9)]);
    for (when, then) in [(reserve(4), reserved(4)), (allocate(), allocated(4)), (dispatch(), dispatched(4))] {
        accepted(events.clone(), when, vec![then.clone()]);
        events.push(then);
    }
    let stock = stock_after(&events);
    assert_eq!((stock.on_hand(), stock.reserved(), stock.allocated(), stock.available()), (5, 0, 0, 5));
    assert_eq!(stock.finish(&order(1)), Some(Finish::Dispatched));
}

#[test]
fn units_come_back_by_return_and_go_for_good_by_write_off() {
    accepted(vec![received(9)], restock(1), vec![restocked(1)]);
    accepted(vec![received(9), restocked(1)], write_off(10), vec![written_off(10)]);
    assert_eq!(stock_after(&[received(9), restocked(1), written_off(10)]).on_hand(), 0);
}

#[test]
fn a_release_frees_what_is_reserved_or_sold_and_bars_what_has_not_arrived() {
    accepted(vec![received(9), reserved(4)], release(), vec![released(4)]);
    accepted(vec![received(9), reserved(4), allocated(4)], release(), vec![allocation_released(4)]);
    accepted(vec![received(9), reserved(4), allocated(4)], release_allocation(), vec![allocation_released(4)]);
    accepted(vec![], release(), vec![barred()]);
}

#[test]
fn all_that_is_available_can_be_reserved_and_written_off() {
    accepted(vec![received(9)], reserve(9), vec![reserved(9)]);
    accepted(vec![received(9), reserved(4)], write_off(5), vec![written_off(5)]);
}

#[test]
fn a_reservation_expires_at_its_end_and_not_before() {
    let given = || vec![received(9), reserved(4)];
    refused(given(), expire(99), StockError::NotExpired { order: order(1), expires_at: at(100) });
    accepted(given(), expire(100), vec![expired(4)]);
}

#[test]
fn an_extension_only_lengthens() {
    let extended = StockEvent::ReservationExtended { order: order(1), expires_at: at(101) };
    accepted(vec![received(9), reserved(4)], extend(101), vec![extended.clone()]);
    refused(
        vec![received(9), reserved(4), extended],
        expire(100),
        StockError::NotExpired { order: order(1), expires_at: at(101) },
    );
}

#[test]
fn a_stream_counts_up_to_its_limit() {
    let full_receipt = received(i64::from(Quantity::MAX));
    let mut stock = Stock::default();
    for _ in 0..UNITS_MAX / i64::from(Quantity::MAX) - 1 {
        stock.evolve(&full_receipt);
    }
    stock.evolve(&received(i64::from(Quantity::MAX) - 1));
    assert_eq!(stock.on_hand(), UNITS_MAX - 1);
    let mut with_room = stock.clone();
    with_room.evolve(&written_off(2));
    assert_eq!(with_room.decide(&receive(3)), Ok(vec![received(3)]));
    assert_eq!(stock.decide(&receive(2)), Err(StockError::TooMany { max: UNITS_MAX }));
    assert_eq!(stock.decide(&restock(2)), Err(StockError::TooMany { max: UNITS_MAX }));
    assert_eq!(stock.decide(&receive(1)), Ok(vec![received(1)]));
    assert_eq!(stock.decide(&restock(1)), Ok(vec![restocked(1)]));
}

#[test]
fn the_oldest_finished_reservation_and_return_are_forgotten_beyond_the_limit() {
    let mut stock = Stock::default();
    for number in 0..FINISHED_REMEMBERED_MAX as u128 {
        stock.evolve(&StockEvent::ReservationBarred { order: order(number) });
        stock.evolve(&StockEvent::Restocked { return_id: return_id(number), quantity: units(1) });
    }
    assert_eq!((stock.finish(&order(0)), stock.restock_of(&return_id(0))), (Some(Finish::Over), Some(units(1))));
    let next = FINISHED_REMEMBERED_MAX as u128;
    stock.evolve(&StockEvent::ReservationBarred { order: order(next) });
    stock.evolve(&StockEvent::Restocked { return_id: return_id(next), quantity: units(1) });
    assert_eq!((stock.finish(&order(0)), stock.restock_of(&return_id(0))), (None, None));
    assert_eq!((stock.finish(&order(1)), stock.restock_of(&return_id(1))), (Some(Finish::Over), Some(units(1))));
    assert_eq!(stock.finish(&order(next)), Some(Finish::Over));
}
