//! Paid orders that wait for units. Who has waited longest is served first, by the decision that makes units free; while somebody
//! waits none is free to promise. An order waits at every location for all its units of the SKU: once it has them in all
//! locations together its waiting is settled, location by location, and what it has too many is free again.

use serde::{Deserialize, Serialize};

use super::error::StockError;
use super::events::StockEvent;
use super::state::Stock;
use crate::values::{OrderId, Quantity, Timestamp};

/// The most orders that wait for the units of one stream, because one delivery may serve them all in one commit.
pub const BACK_ORDERS_MAX: usize = 256;

/// That an order waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackOrder {
    /// Units it waits for here; zero once it has all that it wanted here.
    pub missing: i64,
    /// Since when it waits.
    pub since: Timestamp,
}

impl BackOrder {
    pub(super) fn begun(missing: Option<Quantity>, since: Timestamp) -> Self {
        Self { missing: missing.map_or(0, Quantity::units), since }
    }
}

type Decision = Result<Vec<StockEvent>, StockError>;

pub(super) fn back_order(stock: &Stock, order: &OrderId, quantity: Quantity, since: Timestamp) -> Decision {
    if stock.back_order(order).is_some() || stock.settled(order).is_some() {
        return Ok(vec![]);
    }
    if stock.finish(order).is_some() {
        return Err(StockError::ReservationOver { order: order.clone() });
    }
    if stock.back_orders().len() >= BACK_ORDERS_MAX {
        return Err(StockError::TooManyBackOrders { max: BACK_ORDERS_MAX });
    }
    let mut events = Vec::new();
    let promised = stock.reservation(order).map(|held| held.quantity);
    if let Some(quantity) = promised {
        events.push(StockEvent::Allocated { order: order.clone(), quantity });
    }
    let held = promised.or(stock.allocation(order)).map_or(0, Quantity::units);
    let missing = Quantity::new(quantity.units() - held).ok();
    events.push(StockEvent::BackOrdered { order: order.clone(), quantity, missing, since });
    Ok(events)
}

pub(super) fn settle(stock: &Stock, order: &OrderId, keep: Option<Quantity>) -> Decision {
    let requested = keep.map_or(0, Quantity::units);
    if let Some(kept) = stock.settled(order) {
        if kept == requested {
            return Ok(vec![]);
        }
        return Err(StockError::BackOrderSettled { order: order.clone(), kept, requested });
    }
    let Some(waits) = stock.back_order(order) else {
        return Err(StockError::BackOrderUnknown { order: order.clone() });
    };
    let allocated = stock.allocation(order).map_or(0, Quantity::units);
    if requested > allocated {
        return Err(StockError::AllocationExceeded { order: order.clone(), allocated, requested });
    }
    Ok(vec![closed(stock, order, (waits, keep))])
}

/// Says that an order waits no longer, and what it keeps.
pub(super) fn closed(stock: &Stock, order: &OrderId, (waits, kept): (BackOrder, Option<Quantity>)) -> StockEvent {
    let held = stock.allocation(order).map_or(0, Quantity::units);
    StockEvent::BackOrderClosed {
        order: order.clone(),
        kept,
        freed: Quantity::new(held - kept.map_or(0, Quantity::units)).ok(),
        unfilled: Quantity::new(waits.missing).ok(),
    }
}

/// Sells what is free after some facts to the orders that wait, the oldest first.
pub(super) fn fills_after(stock: &Stock, events: &[StockEvent]) -> Vec<StockEvent> {
    let begins_to_wait = events.iter().any(|event| matches!(event, StockEvent::BackOrdered { .. }));
    if events.is_empty() || (stock.back_orders().is_empty() && !begins_to_wait) {
        return Vec::new();
    }
    let mut after = stock.clone();
    events.iter().for_each(|event| after.move_on(event));
    let mut waiting: Vec<_> = after.back_orders().iter().collect();
    waiting.sort_by_key(|(order, waits)| (waits.since, *order));
    let (mut free, mut fills) = (after.available(), Vec::new());
    for (order, waits) in waiting {
        if let Ok(quantity) = Quantity::new(free.min(waits.missing)) {
            free -= quantity.units();
            fills.push(StockEvent::BackOrderFilled { order: order.clone(), quantity });
        }
    }
    fills
}
