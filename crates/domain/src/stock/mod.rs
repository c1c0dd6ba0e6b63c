//! Stock: the units of one SKU at one location.
//!
//! Stream `stock`, id `{sku}@{location}` ([`stream_id`]). Units are whole pieces.
//!
//! Invariants, after every event: `on hand = available + reserved + allocated`; none of the four is negative;
//! `received + restocked = on hand + dispatched + written off`; a reservation ends exactly once, and only one that a
//! shortfall ended may be made again; nothing is free to promise while somebody waits. All lines of one
//! order that name the same SKU are summed into one reservation, so a race is decided by one stream.

mod back_order;
mod commands;
mod decide;
mod error;
mod events;
mod state;
#[cfg(test)]
mod tests;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use back_order::{BACK_ORDERS_MAX, BackOrder};
pub use commands::StockCommand;
pub use decide::UNITS_MAX;
pub use error::StockError;
pub use events::StockEvent;
pub use state::{FINISHED_REMEMBERED_MAX, Finish, Reservation, Stock};

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};
use crate::values::{LocationId, Sku};

/// Returns the id of the stream that counts a SKU at a location.
pub fn stream_id(sku: &Sku, location: &LocationId) -> String {
    format!("{sku}@{location}")
}

/// Returns the SKU and the location that a stream counts, if the id is one of ours.
pub fn parse_stream_id(id: &str) -> Option<(Sku, LocationId)> {
    let (sku, location) = id.split_once('@')?;
    Some((sku.parse().ok()?, location.parse().ok()?))
}

impl DomainEvent for StockEvent {
    fn event_type(&self) -> String {
        match self {
            StockEvent::Received { .. } => "stock.received",
            StockEvent::Reserved { .. } => "stock.reserved",
            StockEvent::ReservationExtended { .. } => "stock.reservation_extended",
            StockEvent::ReservationReleased { .. } => "stock.reservation_released",
            StockEvent::ReservationExpired { .. } => "stock.reservation_expired",
            StockEvent::ReservationBarred { .. } => "stock.reservation_barred",
            StockEvent::Allocated { .. } => "stock.allocated",
            StockEvent::AllocationReleased { .. } => "stock.allocation_released",
            StockEvent::AllocationReduced { .. } => "stock.allocation_reduced",
            StockEvent::Dispatched { .. } => "stock.dispatched",
            StockEvent::BackOrdered { .. } => "stock.back_ordered",
            StockEvent::BackOrderFilled { .. } => "stock.back_order_filled",
            StockEvent::BackOrderClosed { .. } => "stock.back_order_closed",
            StockEvent::Restocked { .. } => "stock.restocked",
            StockEvent::ShortfallDetected { .. } => "stock.shortfall_detected",
            StockEvent::WrittenOff { .. } => "stock.written_off",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for StockEvent {}

impl Aggregate for Stock {
    const TYPE: &'static str = "stock";
    type Command = StockCommand;
    type Event = StockEvent;
    type Error = StockError;
    type Services = ();

    async fn handle(
        &mut self,
        command: StockCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), StockError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: StockEvent) {
        self.evolve(&event);
    }
}

impl Decider for Stock {
    fn decide(&self, command: &StockCommand) -> Result<Vec<StockEvent>, StockError> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &StockEvent) {
        self.move_on(event);
    }
}
