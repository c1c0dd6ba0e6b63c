//! Payments: one attempt to pay one order, from the first question to the provider to the last refund.
//!
//! Stream `payment`, id a [`PaymentId`](crate::values::PaymentId). Amounts are minor units of the payment's currency.
//! The provider's answers arrive in any order and more than once; a capture or a refund is named, and the name is the
//! idempotency key at the provider, so one name always means one amount.
//!
//! Invariants, after every event: `authorised ≥ captured + captures pending`; `captured ≥ refunded + refunds pending`;
//! `captured + let go ≤ authorised`; none of them is negative; no money is held after a void that is not let go again
//! ([`Payment::late_authorisation`]).

mod commands;
mod decide;
mod error;
mod events;
mod state;
#[cfg(test)]
mod tests;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use commands::PaymentCommand;
pub use decide::MOVEMENTS_MAX;
pub use error::PaymentError;
pub use events::PaymentEvent;
pub use state::{Movement, MovementState, Payment, PaymentStatus};

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};

impl DomainEvent for PaymentEvent {
    fn event_type(&self) -> String {
        match self {
            PaymentEvent::Initiated { .. } => "payment.initiated",
            PaymentEvent::ActionRequired { .. } => "payment.action_required",
            PaymentEvent::Authorised { .. } => "payment.authorised",
            PaymentEvent::AuthorisedTooLate { .. } => "payment.authorised_too_late",
            PaymentEvent::Declined { .. } => "payment.declined",
            PaymentEvent::CaptureRequested { .. } => "payment.capture_requested",
            PaymentEvent::Captured { .. } => "payment.captured",
            PaymentEvent::CaptureFailed { .. } => "payment.capture_failed",
            PaymentEvent::VoidRequested { .. } => "payment.void_requested",
            PaymentEvent::Voided {} => "payment.voided",
            PaymentEvent::AuthorisationExpired {} => "payment.authorisation_expired",
            PaymentEvent::RefundRequested { .. } => "payment.refund_requested",
            PaymentEvent::Refunded { .. } => "payment.refunded",
            PaymentEvent::RefundFailed { .. } => "payment.refund_failed",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for PaymentEvent {}

impl Aggregate for Payment {
    const TYPE: &'static str = "payment";
    type Command = PaymentCommand;
    type Event = PaymentEvent;
    type Error = PaymentError;
    type Services = ();

    async fn handle(
        &mut self,
        command: PaymentCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), PaymentError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: PaymentEvent) {
        self.evolve(&event);
    }
}

impl Decider for Payment {
    fn decide(&self, command: &PaymentCommand) -> Result<Vec<PaymentEvent>, PaymentError> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &PaymentEvent) {
        self.move_on(event);
    }
}
