//! Promotions: what is taken off whose price, until when, and how often.
//!
//! Stream `promotion`, id a [`PromotionId`](crate::values::PromotionId); that of a coupon follows from its code, so a code
//! is unique because a stream is. Which apply without a code stands on the [`PromotionBoard`]. Amounts are minor units, VAT
//! included.
//!
//! Invariants, after every event: the terms never change; promised and counted uses together are no more than the limit in
//! all, and of each customer no more than theirs; a use ends at most once, and an order whose use ended has no further one
//! while it is remembered; what is ended stays ended.

mod board;
mod commands;
mod decide;
mod error;
mod events;
mod state;
#[cfg(test)]
mod tests;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use board::{BOARD, BoardCommand, BoardEvent, POSTED_MAX, PromotionBoard};
pub use commands::PromotionCommand;
pub use decide::{LIMIT_MAX, REACHED_MAX};
pub use error::PromotionError;
pub use events::{PromotionEvent, PromotionLimits};
pub use state::{Promotion, PromotionStatus, RELEASED_REMEMBERED_MAX};

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};

impl DomainEvent for PromotionEvent {
    fn event_type(&self) -> String {
        match self {
            PromotionEvent::Created { .. } => "promotion.created",
            PromotionEvent::Paused { .. } => "promotion.paused",
            PromotionEvent::Resumed {} => "promotion.resumed",
            PromotionEvent::Ended { .. } => "promotion.ended",
            PromotionEvent::UseReserved { .. } => "promotion.use_reserved",
            PromotionEvent::UseConfirmed { .. } => "promotion.use_confirmed",
            PromotionEvent::UseReleased { .. } => "promotion.use_released",
            PromotionEvent::UseBarred { .. } => "promotion.use_barred",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for PromotionEvent {}

impl Aggregate for Promotion {
    const TYPE: &'static str = "promotion";
    type Command = PromotionCommand;
    type Event = PromotionEvent;
    type Error = PromotionError;
    type Services = ();

    async fn handle(
        &mut self,
        command: PromotionCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), PromotionError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: PromotionEvent) {
        self.evolve(&event);
    }
}

impl Decider for Promotion {
    fn decide(&self, command: &PromotionCommand) -> Result<Vec<PromotionEvent>, PromotionError> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &PromotionEvent) {
        self.move_on(event);
    }
}
