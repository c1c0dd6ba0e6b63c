//! A count sets the units right, and ends the youngest promises where they cannot all be kept.

use super::*;

pub(super) fn shortfall(order_number: u128, quantity: i64, lacking: i64) -> StockEvent {
    StockEvent::ShortfallDetected {
        order: order(order_number),
        quantity: units(quantity),
        lacking: units(lacking),
        reason: text("stocktaking"),
    }
}

fn recount(counted: u64) -> StockCommand {
    StockCommand::Recount { counted, reason: text("stocktaking") }
}

fn lost(count: i64) -> StockEvent {
    StockEvent::WrittenOff { quantity: units(count), reason: text("stocktaking") }
}

fn found(count: i64) -> StockEvent {
    StockEvent::Received { quantity: units(count), reference: text("stocktaking") }
}

fn promised(order_number: u128, quantity: i64, expires_at: i64) -> StockEvent {
    StockEvent::Reserved { order: order(order_number), quantity: units(quantity), expires_at: at(expires_at) }
}

/// Nine units, of which the first order has two, the second four, the third one; two are free.
fn three_promises() -> Vec<StockEvent> {
    vec![received(9), promised(1, 2, 100), promised(2, 4, 300), promised(3, 1, 200)]
}

#[test]
fn a_count_finds_units_or_lacks_them_and_repeats_change_nothing() {
    accepted(vec![received(9)], recount(9), vec![]);
    accepted(vec![], recount(0), vec![]);
    accepted(vec![received(9)], recount(11), vec![found(2)]);
    accepted(vec![received(9)], recount(0), vec![lost(9)]);
    accepted(three_promises(), recount(7), vec![lost(2)]);
}

#[test]
fn where_promises_cannot_be_kept_the_youngest_end_until_enough_is_free() {
    accepted(three_promises(), recount(6), vec![shortfall(2, 4, 1), lost(3)]);
    accepted(three_promises(), recount(3), vec![shortfall(2, 4, 4), lost(6)]);
    let then = vec![shortfall(2, 4, 5), shortfall(3, 1, 1), lost(7)];
    accepted(three_promises(), recount(2), then);
    let all = vec![shortfall(2, 4, 7), shortfall(3, 1, 3), shortfall(1, 2, 2), lost(9)];
    accepted(three_promises(), recount(0), all);
    let alike = vec![received(2), promised(1, 1, 100), promised(2, 1, 100)];
    accepted(alike, recount(1), vec![shortfall(2, 1, 1), lost(1)]);
}

#[test]
fn an_order_of_a_shortfall_may_be_promised_units_again_and_cannot_be_sold_any_before() {
    let given = || vec![received(9), reserved(4), shortfall(1, 4, 4), lost(9)];
    refused(given(), allocate(), StockError::ReservationUnknown { order: order(1) });
    refused(given(), reserve(4), StockError::Insufficient { requested: 4, available: 0 });
    let again = || [given(), vec![received(5)]].concat();
    accepted(again(), reserve(4), vec![reserved(4)]);
    accepted(again(), release(), vec![barred()]);
    let stock = stock_after(&[again(), vec![reserved(4), allocated(4)]].concat());
    assert_eq!((stock.on_hand(), stock.reserved(), stock.allocated(), stock.available()), (5, 0, 4, 1));
}

#[test]
fn sold_units_are_not_counted_away() {
    let given = || vec![received(9), reserved(4), allocated(4), promised(2, 3, 100)];
    accepted(given(), recount(4), vec![shortfall(2, 3, 3), lost(5)]);
    refused(given(), recount(3), StockError::SoldUnitsMissing { counted: 3, sold: 4 });
}

#[test]
fn a_count_far_from_what_is_known_is_refused() {
    let max = i64::from(Quantity::MAX);
    accepted(vec![], recount(1_000_000), vec![found(max)]);
    for counted in [1_000_001, u64::MAX] {
        refused(vec![], recount(counted), StockError::CountImplausible { counted, on_hand: 0, max });
    }
    let given = vec![received(max), received(1)];
    refused(given, recount(0), StockError::CountImplausible { counted: 0, on_hand: max + 1, max });
}
