//! The units of one SKU at one location, folded from its stream.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::back_order::BackOrder;
use super::events::StockEvent;
use crate::values::{LineCancellationId, OrderId, Quantity, ReturnId, Timestamp};

/// How many finished reservations, returns, line cancellations and settled back-orders a stream remembers, to refuse one that
/// arrives late. A command that arrives later still is caught by its command id.
pub const FINISHED_REMEMBERED_MAX: usize = 4_096;

/// A promise to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Units promised.
    pub quantity: Quantity,
    /// When the promise ends.
    pub expires_at: Timestamp,
}

/// How a reservation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Finish {
    /// Given back, expired, barred, or its allocation released.
    Over,
    /// The units left.
    Dispatched,
}

/// What is here: `on hand = available + reserved + allocated`, none of them negative.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    on_hand: i64,
    reserved: i64,
    allocated: i64,
    reservations: BTreeMap<OrderId, Reservation>,
    allocations: BTreeMap<OrderId, Quantity>,
    finished: BTreeMap<OrderId, Finish>,
    finished_order: VecDeque<OrderId>,
    restocked: BTreeMap<ReturnId, Quantity>,
    restocked_order: VecDeque<ReturnId>,
    reduced: BTreeMap<LineCancellationId, Quantity>,
    reduced_order: VecDeque<LineCancellationId>,
    back_orders: BTreeMap<OrderId, BackOrder>,
    settled: BTreeMap<OrderId, i64>,
    settled_order: VecDeque<OrderId>,
}

impl Stock {
    /// Returns the units in the building.
    pub fn on_hand(&self) -> i64 {
        self.on_hand
    }

    /// Returns the units promised to orders that are not paid yet.
    pub fn reserved(&self) -> i64 {
        self.reserved
    }

    /// Returns the units sold and not yet gone.
    pub fn allocated(&self) -> i64 {
        self.allocated
    }

    /// Returns the units free to promise.
    pub fn available(&self) -> i64 {
        self.on_hand - self.reserved - self.allocated
    }

    /// Returns what is promised to an order.
    pub fn reservation(&self, order: &OrderId) -> Option<Reservation> {
        self.reservations.get(order).copied()
    }

    /// Returns all promises that stand.
    pub(super) fn reservations(&self) -> &BTreeMap<OrderId, Reservation> {
        &self.reservations
    }

    /// Returns what is sold to an order and has not left.
    pub fn allocation(&self, order: &OrderId) -> Option<Quantity> {
        self.allocations.get(order).copied()
    }

    /// Returns how the reservation of an order ended, if it did and is remembered.
    pub fn finish(&self, order: &OrderId) -> Option<Finish> {
        self.finished.get(order).copied()
    }

    /// Returns what a return brought back, if it did and is remembered.
    pub fn restock_of(&self, return_id: &ReturnId) -> Option<Quantity> {
        self.restocked.get(return_id).copied()
    }

    /// Returns what a line cancellation freed here, if it did and is remembered.
    pub fn reduction_of(&self, cancellation: &LineCancellationId) -> Option<Quantity> {
        self.reduced.get(cancellation).copied()
    }

    /// Returns what an order waits for here, while it does.
    pub fn back_order(&self, order: &OrderId) -> Option<BackOrder> {
        self.back_orders.get(order).copied()
    }

    /// Returns the units that orders wait for here.
    pub fn back_ordered(&self) -> i64 {
        self.back_orders.values().map(|waits| waits.missing).sum()
    }

    /// Returns every order that waits here.
    pub(super) fn back_orders(&self) -> &BTreeMap<OrderId, BackOrder> {
        &self.back_orders
    }

    /// Returns the units an order kept when its waiting ended, be they gone since, if it did and is remembered.
    pub fn settled(&self, order: &OrderId) -> Option<i64> {
        self.settled.get(order).copied()
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &StockEvent) {
        match event {
            StockEvent::Received { quantity, .. } => self.on_hand += quantity.units(),
            StockEvent::Reserved { order, quantity, expires_at } => {
                self.reserved += quantity.units();
                self.reservations.insert(order.clone(), Reservation { quantity: *quantity, expires_at: *expires_at });
            }
            StockEvent::ReservationExtended { order, expires_at } => {
                if let Some(reservation) = self.reservations.get_mut(order) {
                    reservation.expires_at = *expires_at;
                }
            }
            StockEvent::ReservationReleased { order, quantity, .. }
            | StockEvent::ReservationExpired { order, quantity } => {
                self.reserved -= quantity.units();
                self.reservations.remove(order);
                self.finish_with(order, Finish::Over);
            }
            StockEvent::ReservationBarred { order } => self.finish_with(order, Finish::Over),
            StockEvent::Allocated { order, quantity } => {
                self.reserved -= quantity.units();
                self.allocated += quantity.units();
                self.reservations.remove(order);
                self.allocations.insert(order.clone(), *quantity);
            }
            StockEvent::AllocationReleased { order, quantity, .. } => {
                self.allocated -= quantity.units();
                self.allocations.remove(order);
                self.finish_with(order, Finish::Over);
            }
            StockEvent::AllocationReduced { order, cancellation, quantity } => {
                self.allocated -= quantity.units();
                self.reduce(order, *quantity);
                remember(&mut self.reduced, &mut self.reduced_order, cancellation, *quantity);
            }
            StockEvent::Dispatched { order, quantity } => {
                self.allocated -= quantity.units();
                self.on_hand -= quantity.units();
                self.allocations.remove(order);
                self.finish_with(order, Finish::Dispatched);
            }
            StockEvent::Restocked { return_id, quantity } => {
                self.on_hand += quantity.units();
                remember(&mut self.restocked, &mut self.restocked_order, return_id, *quantity);
            }
            // Not remembered as finished: the order may be promised units again.
            StockEvent::ShortfallDetected { order, quantity, .. } => {
                self.reserved -= quantity.units();
                self.reservations.remove(order);
            }
            StockEvent::BackOrdered { order, missing, since, .. } => {
                self.back_orders.insert(order.clone(), BackOrder::begun(*missing, *since));
            }
            StockEvent::BackOrderFilled { order, quantity } => self.fill(order, *quantity),
            StockEvent::BackOrderClosed { order, kept, freed, .. } => self.close(order, *kept, *freed),
            StockEvent::WrittenOff { quantity, .. } => self.on_hand -= quantity.units(),
        }
    }

    /// Sells units to an order that waits. The sum fits: it is at most what the order wants.
    fn fill(&mut self, order: &OrderId, quantity: Quantity) {
        self.allocated += quantity.units();
        if let Some(waits) = self.back_orders.get_mut(order) {
            waits.missing -= quantity.units();
        }
        let held = self.allocations.get(order).map_or(0, |held| held.units());
        if let Ok(sum) = Quantity::new(held + quantity.units()) {
            self.allocations.insert(order.clone(), sum);
        }
    }

    /// Ends the waiting of an order; one that keeps nothing is over.
    fn close(&mut self, order: &OrderId, kept: Option<Quantity>, freed: Option<Quantity>) {
        self.allocated -= freed.map_or(0, Quantity::units);
        self.back_orders.remove(order);
        remember(&mut self.settled, &mut self.settled_order, order, kept.map_or(0, Quantity::units));
        if let Some(kept) = kept {
            self.allocations.insert(order.clone(), kept);
        } else {
            self.allocations.remove(order);
            self.finish_with(order, Finish::Over);
        }
    }

    /// Takes units off an allocation; one that has none left is over.
    fn reduce(&mut self, order: &OrderId, by: Quantity) {
        let held = self.allocations.remove(order).map_or(0, Quantity::units);
        match Quantity::new(held - by.units()) {
            Ok(left) => _ = self.allocations.insert(order.clone(), left),
            Err(_) => self.finish_with(order, Finish::Over),
        }
    }

    fn finish_with(&mut self, order: &OrderId, finish: Finish) {
        self.back_orders.remove(order);
        remember(&mut self.finished, &mut self.finished_order, order, finish);
    }
}

fn remember<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, order: &mut VecDeque<K>, key: &K, value: V) {
    if map.insert(key.clone(), value).is_none() {
        order.push_back(key.clone());
    }
    if order.len() > FINISHED_REMEMBERED_MAX
        && let Some(oldest) = order.pop_front()
    {
        map.remove(&oldest);
    }
}
