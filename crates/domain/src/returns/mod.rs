//! Returns: units of one order that come back, and the money that follows them.
//!
//! Stream `return`, id [`crate::values::ReturnId`]; the folder is called `returns` because `return` is a keyword.
//! Units are whole pieces, amounts minor units of one currency per return.
//!
//! Invariants, after every event: each kind of event happens at most once; `resalable + damaged + missing` is the
//! announced quantity of every line; `0 <= refund <= Σ paid + delivery of a withdrawal`; what is refunded is exactly the
//! refund, once; of refused, cancelled and resolved at most one happens, and nothing after it.

mod commands;
mod decide;
mod error;
mod events;
mod refund;
mod state;
#[cfg(test)]
mod tests;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use commands::ReturnCommand;
pub use error::ReturnError;
pub use events::{Deduction, Inspection, LegalWithdrawal, ReturnEvent, ReturnLine};
pub use refund::RefundLine;
pub use state::{REFUND_DAYS, Return, ReturnStatus, refund_due_at};

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};

impl DomainEvent for ReturnEvent {
    fn event_type(&self) -> String {
        match self {
            ReturnEvent::Requested { .. } => "return.requested",
            ReturnEvent::Approved {} => "return.approved",
            ReturnEvent::Refused { .. } => "return.refused",
            ReturnEvent::ShippedBack { .. } => "return.shipped_back",
            ReturnEvent::Received { .. } => "return.received",
            ReturnEvent::Inspected { .. } => "return.inspected",
            ReturnEvent::Resolved { .. } => "return.resolved",
            ReturnEvent::Cancelled { .. } => "return.cancelled",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for ReturnEvent {}

impl Aggregate for Return {
    const TYPE: &'static str = "return";
    type Command = ReturnCommand;
    type Event = ReturnEvent;
    type Error = ReturnError;
    type Services = ();

    async fn handle(
        &mut self,
        command: ReturnCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), ReturnError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: ReturnEvent) {
        self.evolve(&event);
    }
}

impl Decider for Return {
    fn decide(&self, command: &ReturnCommand) -> Result<Vec<ReturnEvent>, ReturnError> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &ReturnEvent) {
        self.move_on(event);
    }
}
