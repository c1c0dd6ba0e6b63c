//! Every refusal of stock.

use super::*;

/// The ways a reservation of four out of nine units can be over.
fn over() -> [Vec<StockEvent>; 4] {
    [
        vec![received(9), reserved(4), released(4)],
        vec![received(9), reserved(4), expired(4)],
        vec![received(9), barred()],
        vec![received(9), reserved(4), allocated(4), allocation_released(4)],
    ]
}

fn gone() -> Vec<StockEvent> {
    vec![received(9), reserved(4), allocated(4), dispatched(4)]
}

#[test]
fn more_than_is_available_cannot_be_reserved() {
    refused(vec![], reserve(1), StockError::Insufficient { requested: 1, available: 0 });
    refused(vec![received(9)], reserve(10), StockError::Insufficient { requested: 10, available: 9 });
}

#[test]
fn units_promised_or_sold_to_one_order_cannot_be_reserved_by_another() {
    let wanted = || StockCommand::Reserve { order: order(2), quantity: units(6), expires_at: at(100) };
    let refusal = || StockError::Insufficient { requested: 6, available: 5 };
    refused(vec![received(9), reserved(4)], wanted(), refusal());
    refused(vec![received(9), reserved(4), allocated(4)], wanted(), refusal());
    refused(gone(), wanted(), refusal());
}

#[test]
fn more_than_is_available_cannot_be_written_off() {
    refused(vec![received(9), reserved(4)], write_off(6), StockError::Insufficient { requested: 6, available: 5 });
}

#[test]
fn a_reservation_that_is_over_cannot_be_made_extended_or_sold() {
    for given in over() {
        for when in [reserve(4), extend(200), allocate()] {
            refused(given.clone(), when, StockError::ReservationOver { order: order(1) });
        }
    }
}

#[test]
fn an_order_whose_units_have_left_reserves_no_more() {
    refused(gone(), reserve(4), StockError::ReservationOver { order: order(1) });
    refused(gone(), extend(200), StockError::ReservationOver { order: order(1) });
}

#[test]
fn a_reservation_that_never_was_cannot_be_extended_or_sold() {
    for when in [extend(200), allocate()] {
        refused(vec![received(9)], when, StockError::ReservationUnknown { order: order(1) });
    }
}

#[test]
fn a_sale_has_no_reservation_to_extend() {
    let given = vec![received(9), reserved(4), allocated(4)];
    refused(given, extend(200), StockError::ReservationUnknown { order: order(1) });
}

#[test]
fn an_order_cannot_reserve_another_number_of_units() {
    let refusal = || StockError::ReservationDiffers { order: order(1), reserved: 4, requested: 5 };
    refused(vec![received(9), reserved(4)], reserve(5), refusal());
    refused(vec![received(9), reserved(4), allocated(4)], reserve(5), refusal());
}

#[test]
fn units_that_are_not_sold_to_an_order_cannot_leave_with_it() {
    refused(vec![received(9)], dispatch(), StockError::AllocationUnknown { order: order(1) });
    refused(vec![received(9), reserved(4)], dispatch(), StockError::AllocationUnknown { order: order(1) });
    for given in over() {
        refused(given, dispatch(), StockError::AllocationUnknown { order: order(1) });
    }
}

#[test]
fn an_allocation_that_never_was_cannot_be_released() {
    for given in [vec![received(9)], vec![received(9), reserved(4)]] {
        refused(given, release_allocation(), StockError::AllocationUnknown { order: order(1) });
    }
}

#[test]
fn units_that_have_left_cannot_be_released() {
    for when in [release(), release_allocation()] {
        refused(gone(), when, StockError::AlreadyDispatched { order: order(1) });
    }
}
