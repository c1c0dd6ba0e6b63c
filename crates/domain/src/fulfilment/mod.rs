//! Fulfilment: the work of one warehouse for one order, one parcel.
//!
//! Stream `fulfilment`, id [`crate::values::FulfilmentId`]. Moments are microseconds since 1970, amounts minor units.
//!
//! Invariants, after every event: each kind of event happens at most once, but that units may be taken out and what is left
//! be packed anew; units that are left and units that were taken out are what was asked for; a carrier has the parcel only after it was
//! packed and its money taken; a parcel a carrier had is never cancelled and a cancelled one never moves again; once
//! delivered it stays delivered. A cancellation that overtakes its request bars it.

mod commands;
mod decide;
mod error;
mod events;
mod state;
#[cfg(test)]
mod tests;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use commands::FulfilmentCommand;
pub use error::FulfilmentError;
pub use events::{FulfilmentEvent, FulfilmentLine};
pub use state::{Fulfilment, FulfilmentState, Reduction};

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};

impl DomainEvent for FulfilmentEvent {
    fn event_type(&self) -> String {
        match self {
            FulfilmentEvent::Requested { .. } => "fulfilment.requested",
            FulfilmentEvent::Reduced { .. } => "fulfilment.reduced",
            FulfilmentEvent::Packed { .. } => "fulfilment.packed",
            FulfilmentEvent::LabelBooked { .. } => "fulfilment.label_booked",
            FulfilmentEvent::ReleasedForShipping {} => "fulfilment.released_for_shipping",
            FulfilmentEvent::HandedOver { .. } => "fulfilment.handed_over",
            FulfilmentEvent::Delivered { .. } => "fulfilment.delivered",
            FulfilmentEvent::Lost { .. } => "fulfilment.lost",
            FulfilmentEvent::Cancelled { .. } => "fulfilment.cancelled",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for FulfilmentEvent {}

impl Aggregate for Fulfilment {
    const TYPE: &'static str = "fulfilment";
    type Command = FulfilmentCommand;
    type Event = FulfilmentEvent;
    type Error = FulfilmentError;
    type Services = ();

    async fn handle(
        &mut self,
        command: FulfilmentCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), FulfilmentError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: FulfilmentEvent) {
        self.evolve(&event);
    }
}

impl Decider for Fulfilment {
    fn decide(&self, command: &FulfilmentCommand) -> Result<Vec<FulfilmentEvent>, FulfilmentError> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &FulfilmentEvent) {
        self.move_on(event);
    }
}
