//! Freeing some of the units that are sold to an order.

use super::*;

fn sold() -> Vec<StockEvent> {
    vec![received(9), reserved(4), allocated(4)]
}

#[test]
fn some_of_the_sold_units_become_free_once_per_cancellation() {
    accepted(sold(), reduce_allocation(1, 3), vec![allocation_reduced(3)]);
    let given = [sold(), vec![allocation_reduced(3)]].concat();
    let stock = stock_after(&given);
    assert_eq!((stock.available(), stock.allocated(), stock.allocation(&order(1))), (8, 1, Some(units(1))));
    accepted(given.clone(), reduce_allocation(1, 3), vec![]);
    accepted(given, dispatch(), vec![dispatched(1)]);
}

#[test]
fn an_allocation_that_has_nothing_left_is_over() {
    let given = [sold(), vec![allocation_reduced(4)]].concat();
    let stock = stock_after(&given);
    assert_eq!(
        (stock.available(), stock.allocation(&order(1)), stock.finish(&order(1))),
        (9, None, Some(Finish::Over))
    );
    accepted(given.clone(), reduce_allocation(1, 4), vec![]);
    accepted(given.clone(), reduce_allocation(2, 1), vec![]);
    accepted(given.clone(), release_allocation(), vec![]);
    refused(given, dispatch(), StockError::AllocationUnknown { order: order(1) });
}

#[test]
fn no_more_is_freed_than_is_sold_and_here() {
    let exceeded = StockError::AllocationExceeded { order: order(1), allocated: 4, requested: 5 };
    refused(sold(), reduce_allocation(1, 5), exceeded);
    refused(vec![received(9)], reduce_allocation(1, 1), StockError::AllocationUnknown { order: order(1) });
    let gone = [sold(), vec![dispatched(4)]].concat();
    refused(gone, reduce_allocation(1, 1), StockError::AlreadyDispatched { order: order(1) });
    let reduced_and_gone = [sold(), vec![allocation_reduced(3), dispatched(1)]].concat();
    accepted(reduced_and_gone, reduce_allocation(1, 3), vec![]);
}
