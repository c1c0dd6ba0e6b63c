//! Paid orders that wait for units are served in their order, by whatever makes units free.

use super::*;

pub(super) fn back_ordered(number: u128, quantity: i64, missing: Option<i64>, since: i64) -> StockEvent {
    StockEvent::BackOrdered {
        order: order(number),
        quantity: units(quantity),
        missing: missing.map(units),
        since: at(since),
    }
}

pub(super) fn filled(number: u128, quantity: i64) -> StockEvent {
    StockEvent::BackOrderFilled { order: order(number), quantity: units(quantity) }
}

type Closing = (Option<i64>, Option<i64>, Option<i64>);

pub(super) fn closed(number: u128, (kept, freed, unfilled): Closing) -> StockEvent {
    let [kept, freed, unfilled] = [kept, freed, unfilled].map(|count| count.map(units));
    StockEvent::BackOrderClosed { order: order(number), kept, freed, unfilled }
}

fn back_order(number: u128, quantity: i64, since: i64) -> StockCommand {
    StockCommand::BackOrder { order: order(number), quantity: units(quantity), since: at(since) }
}

fn settle(number: u128, keep: Option<i64>) -> StockCommand {
    StockCommand::SettleBackOrder { order: order(number), keep: keep.map(units) }
}

/// Two units came in; the first order had three promised in vain, and waits for four in all.
fn waiting() -> Vec<StockEvent> {
    vec![received(2), back_ordered(1, 4, Some(4), 100), filled(1, 2)]
}

#[test]
fn what_is_promised_or_free_is_sold_at_once_and_the_rest_is_waited_for() {
    accepted(vec![received(2)], back_order(1, 4, 100), vec![back_ordered(1, 4, Some(4), 100), filled(1, 2)]);
    let promised = vec![received(3), reserved(2)];
    let then = vec![allocated(2), back_ordered(1, 4, Some(2), 100), filled(1, 1)];
    accepted(promised, back_order(1, 4, 100), then);
    let sold = vec![received(4), reserved(4), allocated(4)];
    accepted(sold, back_order(1, 4, 100), vec![back_ordered(1, 4, None, 100)]);
    let stock = stock_after(&waiting());
    assert_eq!((stock.on_hand(), stock.allocated(), stock.available(), stock.back_ordered()), (2, 2, 0, 2));
    accepted(waiting(), back_order(1, 4, 100), vec![]);
}

#[test]
fn units_that_come_in_go_to_who_has_waited_longest() {
    let given = || [waiting(), vec![back_ordered(2, 1, Some(1), 50), back_ordered(3, 5, Some(5), 300)]].concat();
    accepted(given(), receive(1), vec![received(1), filled(2, 1)]);
    accepted(given(), receive(5), vec![received(5), filled(2, 1), filled(1, 2), filled(3, 2)]);
    accepted(given(), receive(9), vec![received(9), filled(2, 1), filled(1, 2), filled(3, 5)]);
    accepted(given(), restock(1), vec![restocked(1), filled(2, 1)]);
    let counted = StockCommand::Recount { counted: 3, reason: text("they stood on another shelf") };
    let found = StockEvent::Received { quantity: units(1), reference: text("they stood on another shelf") };
    accepted(given(), counted, vec![found, filled(2, 1)]);
    let alike = vec![back_ordered(2, 1, Some(1), 100), back_ordered(1, 1, Some(1), 100)];
    accepted(alike, receive(1), vec![received(1), filled(1, 1)]);
}

#[test]
fn whatever_makes_units_free_serves_who_waits_and_nobody_else_is_promised_any() {
    let promised = StockEvent::Reserved { order: order(2), quantity: units(3), expires_at: at(100) };
    let given = || vec![received(3), promised.clone(), back_ordered(1, 4, Some(4), 100)];
    let expire = StockCommand::Expire { order: order(2), now: at(100) };
    let expired = StockEvent::ReservationExpired { order: order(2), quantity: units(3) };
    accepted(given(), expire, vec![expired, filled(1, 3)]);
    let counted = StockCommand::Recount { counted: 1, reason: text("stocktaking") };
    let lost = StockEvent::WrittenOff { quantity: units(2), reason: text("stocktaking") };
    accepted(given(), counted, vec![recounts::shortfall(2, 3, 2), lost, filled(1, 1)]);
    let reserve = StockCommand::Reserve { order: order(3), quantity: units(1), expires_at: at(100) };
    refused(given(), reserve, StockError::Insufficient { requested: 1, available: 0 });
}

#[test]
fn an_order_that_has_its_units_keeps_what_it_needs_and_the_next_is_served() {
    let given = || [waiting(), vec![back_ordered(2, 1, Some(1), 200)]].concat();
    accepted(given(), settle(1, Some(2)), vec![closed(1, (Some(2), None, Some(2)))]);
    accepted(given(), settle(1, Some(1)), vec![closed(1, (Some(1), Some(1), Some(2))), filled(2, 1)]);
    accepted(given(), settle(1, None), vec![closed(1, (None, Some(2), Some(2))), filled(2, 1)]);
    let exceeded = StockError::AllocationExceeded { order: order(1), allocated: 2, requested: 3 };
    refused(given(), settle(1, Some(3)), exceeded);
    refused(given(), settle(3, Some(1)), StockError::BackOrderUnknown { order: order(3) });
    let settled = || [waiting(), vec![closed(1, (Some(1), Some(1), Some(2)))]].concat();
    let stock = stock_after(&settled());
    assert_eq!((stock.allocation(&order(1)), stock.available(), stock.back_ordered()), (Some(units(1)), 1, 0));
    accepted(settled(), settle(1, Some(1)), vec![]);
    accepted(settled(), back_order(1, 4, 100), vec![]);
    let differs = StockError::BackOrderSettled { order: order(1), kept: 1, requested: 2 };
    refused(settled(), settle(1, Some(2)), differs);
    accepted(settled(), dispatch(), vec![dispatched(1)]);
    let nothing_kept = [waiting(), vec![closed(1, (None, Some(2), Some(2)))]].concat();
    assert_eq!(stock_after(&nothing_kept).finish(&order(1)), Some(Finish::Over));
}

#[test]
fn an_order_that_is_called_off_waits_no_longer_and_never_again() {
    let given = || [waiting(), vec![back_ordered(2, 1, Some(1), 200)]].concat();
    accepted(given(), release(), vec![closed(1, (None, Some(2), Some(2))), filled(2, 1)]);
    accepted(given(), release_allocation(), vec![closed(1, (None, Some(2), Some(2))), filled(2, 1)]);
    let over = || [waiting(), vec![closed(1, (None, Some(2), Some(2)))]].concat();
    accepted(over(), release(), vec![]);
    accepted(over(), back_order(1, 4, 100), vec![]);
    refused(vec![barred()], back_order(1, 4, 100), StockError::ReservationOver { order: order(1) });
    assert_eq!(stock_after(&over()).back_order(&order(1)), None);
}

#[test]
fn only_so_many_orders_wait_here() {
    let mut stock = Stock::default();
    for number in 0..BACK_ORDERS_MAX as u128 {
        stock.evolve(&back_ordered(number, 1, Some(1), 100));
    }
    let next = BACK_ORDERS_MAX as u128;
    assert_eq!(stock.decide(&back_order(next, 1, 100)), Err(StockError::TooManyBackOrders { max: BACK_ORDERS_MAX }));
    assert_eq!(stock.decide(&back_order(0, 1, 100)), Ok(vec![]));
    let fills = stock.decide(&receive(1_000)).expect("they fit");
    assert_eq!(fills.len(), 1 + BACK_ORDERS_MAX, "one delivery serves them all");
}
