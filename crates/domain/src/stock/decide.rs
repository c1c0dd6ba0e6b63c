//! The rules of stock.

use std::cmp::Reverse;

use super::back_order;
use super::commands::StockCommand;
use super::error::StockError;
use super::events::StockEvent;
use super::state::{Finish, Stock};
use crate::values::{LineCancellationId, OrderId, Quantity, ReturnId, ShortText, Timestamp};

/// The most units one SKU may have at one location.
pub const UNITS_MAX: i64 = 1_000_000_000_000;

type Decision = Result<Vec<StockEvent>, StockError>;

/// Decides, and sells what is free then to whoever waits for it.
pub(super) fn decide(stock: &Stock, command: &StockCommand) -> Decision {
    let mut events = decide_alone(stock, command)?;
    let fills = back_order::fills_after(stock, &events);
    events.extend(fills);
    Ok(events)
}

fn decide_alone(stock: &Stock, command: &StockCommand) -> Decision {
    match command {
        StockCommand::Receive { quantity, reference } => {
            has_room(stock, *quantity)?;
            Ok(vec![StockEvent::Received { quantity: *quantity, reference: reference.clone() }])
        }
        StockCommand::Reserve { order, quantity, expires_at } => reserve(stock, order, *quantity, *expires_at),
        StockCommand::Extend { order, expires_at } => extend(stock, order, *expires_at),
        StockCommand::Release { order, reason } => release(stock, order, reason),
        StockCommand::Expire { order, now } => expire(stock, order, *now),
        StockCommand::Allocate { order } => allocate(stock, order),
        StockCommand::ReleaseAllocation { order, reason } => release_allocation(stock, order, reason),
        StockCommand::ReduceAllocation { order, cancellation, quantity } => {
            reduce_allocation(stock, order, cancellation, *quantity)
        }
        StockCommand::Dispatch { order } => dispatch(stock, order),
        StockCommand::BackOrder { order, quantity, since } => back_order::back_order(stock, order, *quantity, *since),
        StockCommand::SettleBackOrder { order, keep } => back_order::settle(stock, order, *keep),
        StockCommand::Restock { return_id, quantity } => restock(stock, return_id, *quantity),
        StockCommand::Recount { counted, reason } => recount(stock, *counted, reason),
        StockCommand::WriteOff { quantity, reason } => {
            has_available(stock, *quantity)?;
            Ok(vec![StockEvent::WrittenOff { quantity: *quantity, reason: reason.clone() }])
        }
    }
}

fn reserve(stock: &Stock, order: &OrderId, quantity: Quantity, expires_at: Timestamp) -> Decision {
    let already = stock.reservation(order).map(|held| held.quantity).or(stock.allocation(order));
    match already {
        Some(held) if held == quantity => return Ok(vec![]),
        Some(held) => {
            return Err(StockError::ReservationDiffers {
                order: order.clone(),
                reserved: held.units(),
                requested: quantity.units(),
            });
        }
        None => {}
    }
    if stock.finish(order).is_some() {
        return Err(StockError::ReservationOver { order: order.clone() });
    }
    has_available(stock, quantity)?;
    Ok(vec![StockEvent::Reserved { order: order.clone(), quantity, expires_at }])
}

fn extend(stock: &Stock, order: &OrderId, expires_at: Timestamp) -> Decision {
    let held = reservation_of(stock, order)?;
    if expires_at <= held.expires_at {
        return Ok(vec![]);
    }
    Ok(vec![StockEvent::ReservationExtended { order: order.clone(), expires_at }])
}

fn release(stock: &Stock, order: &OrderId, reason: &ShortText) -> Decision {
    if let Some(held) = stock.reservation(order) {
        let (order, quantity, reason) = (order.clone(), held.quantity, reason.clone());
        return Ok(vec![StockEvent::ReservationReleased { order, quantity, reason }]);
    }
    if stock.back_order(order).is_some() || stock.allocation(order).is_some() {
        return release_allocation(stock, order, reason);
    }
    match stock.finish(order) {
        Some(Finish::Over) => Ok(vec![]),
        Some(Finish::Dispatched) => Err(StockError::AlreadyDispatched { order: order.clone() }),
        None => Ok(vec![StockEvent::ReservationBarred { order: order.clone() }]),
    }
}

fn expire(stock: &Stock, order: &OrderId, now: Timestamp) -> Decision {
    let Some(held) = stock.reservation(order) else {
        return Ok(vec![]);
    };
    if now < held.expires_at {
        return Err(StockError::NotExpired { order: order.clone(), expires_at: held.expires_at });
    }
    Ok(vec![StockEvent::ReservationExpired { order: order.clone(), quantity: held.quantity }])
}

fn allocate(stock: &Stock, order: &OrderId) -> Decision {
    if stock.allocation(order).is_some() || stock.finish(order) == Some(Finish::Dispatched) {
        return Ok(vec![]);
    }
    let held = reservation_of(stock, order)?;
    Ok(vec![StockEvent::Allocated { order: order.clone(), quantity: held.quantity }])
}

fn release_allocation(stock: &Stock, order: &OrderId, reason: &ShortText) -> Decision {
    if let Some(waits) = stock.back_order(order) {
        return Ok(vec![back_order::closed(stock, order, (waits, None))]);
    }
    match (stock.allocation(order), stock.finish(order)) {
        (Some(quantity), _) => {
            let (order, reason) = (order.clone(), reason.clone());
            Ok(vec![StockEvent::AllocationReleased { order, quantity, reason }])
        }
        (None, Some(Finish::Over)) => Ok(vec![]),
        (None, Some(Finish::Dispatched)) => Err(StockError::AlreadyDispatched { order: order.clone() }),
        (None, None) => Err(StockError::AllocationUnknown { order: order.clone() }),
    }
}

fn reduce_allocation(
    stock: &Stock,
    order: &OrderId,
    cancellation: &LineCancellationId,
    quantity: Quantity,
) -> Decision {
    if stock.reduction_of(cancellation).is_some() {
        return Ok(vec![]);
    }
    match (stock.allocation(order), stock.finish(order)) {
        (Some(held), _) if quantity > held => Err(StockError::AllocationExceeded {
            order: order.clone(),
            allocated: held.units(),
            requested: quantity.units(),
        }),
        (Some(_), _) => {
            let (order, cancellation) = (order.clone(), cancellation.clone());
            Ok(vec![StockEvent::AllocationReduced { order, cancellation, quantity }])
        }
        (None, Some(Finish::Over)) => Ok(vec![]),
        (None, Some(Finish::Dispatched)) => Err(StockError::AlreadyDispatched { order: order.clone() }),
        (None, None) => Err(StockError::AllocationUnknown { order: order.clone() }),
    }
}

fn dispatch(stock: &Stock, order: &OrderId) -> Decision {
    match (stock.allocation(order), stock.finish(order)) {
        (Some(quantity), _) => Ok(vec![StockEvent::Dispatched { order: order.clone(), quantity }]),
        (None, Some(Finish::Dispatched)) => Ok(vec![]),
        (None, Some(Finish::Over) | None) => Err(StockError::AllocationUnknown { order: order.clone() }),
    }
}

fn restock(stock: &Stock, return_id: &ReturnId, quantity: Quantity) -> Decision {
    if stock.restock_of(return_id).is_some() {
        return Ok(vec![]);
    }
    has_room(stock, quantity)?;
    Ok(vec![StockEvent::Restocked { return_id: return_id.clone(), quantity }])
}

/// Sets the units right. What was found is received, what lacks is written off; where free units do not suffice, the promises that
/// end last end first: who came first is served first. What is sold is not taken back here.
fn recount(stock: &Stock, counted: u64, reason: &ShortText) -> Decision {
    let on_hand = stock.on_hand();
    let implausible = || StockError::CountImplausible { counted, on_hand, max: i64::from(Quantity::MAX) };
    let difference = i64::try_from(counted).map_err(|_| implausible())? - on_hand;
    if difference == 0 {
        return Ok(vec![]);
    }
    let quantity = Quantity::new(difference.abs()).map_err(|_| implausible())?;
    let reason = reason.clone();
    if difference > 0 {
        has_room(stock, quantity)?;
        return Ok(vec![StockEvent::Received { quantity, reference: reason }]);
    }
    if on_hand + difference < stock.allocated() {
        return Err(StockError::SoldUnitsMissing { counted, sold: stock.allocated() });
    }
    let mut events = shortfalls(stock, quantity, &reason);
    events.push(StockEvent::WrittenOff { quantity, reason });
    Ok(events)
}

/// Ends promises, the youngest first, until as many units are free as lack.
fn shortfalls(stock: &Stock, lack: Quantity, reason: &ShortText) -> Vec<StockEvent> {
    let mut promises: Vec<_> = stock.reservations().iter().collect();
    promises.sort_by_key(|(order, held)| (Reverse(held.expires_at), Reverse(*order)));
    let (mut lacking, mut events) = (lack.units() - stock.available(), Vec::new());
    for (order, held) in promises {
        let Ok(lacking_before) = Quantity::new(lacking) else { break };
        let (order, quantity, reason) = (order.clone(), held.quantity, reason.clone());
        events.push(StockEvent::ShortfallDetected { order, quantity, lacking: lacking_before, reason });
        lacking -= quantity.units();
    }
    events
}

fn reservation_of(stock: &Stock, order: &OrderId) -> Result<super::state::Reservation, StockError> {
    match (stock.reservation(order), stock.finish(order)) {
        (Some(held), _) => Ok(held),
        (None, Some(_)) => Err(StockError::ReservationOver { order: order.clone() }),
        (None, None) => Err(StockError::ReservationUnknown { order: order.clone() }),
    }
}

fn has_available(stock: &Stock, quantity: Quantity) -> Result<(), StockError> {
    if quantity.units() > stock.available() {
        return Err(StockError::Insufficient { requested: quantity.units(), available: stock.available() });
    }
    Ok(())
}

fn has_room(stock: &Stock, quantity: Quantity) -> Result<(), StockError> {
    if stock.on_hand() > UNITS_MAX - quantity.units() {
        return Err(StockError::TooMany { max: UNITS_MAX });
    }
    Ok(())
}
