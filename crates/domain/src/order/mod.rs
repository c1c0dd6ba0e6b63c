//! Orders: what was agreed at the moment of sale, and how far it has come.
//!
//! Stream `order`, id an [`OrderId`](crate::values::OrderId). Amounts are minor units of the sale's currency, units are
//! whole pieces.
//!
//! Invariants, after every event: the sale never changes once placed; `Σ lines + shipping = total` and
//! `payable = max(0, total − Σ coupons)`; the shares of promotions sum to the discount of each line and to what each
//! promotion took off; `authorised ≥ captured ≥ refunded ≥ 0`; an attempt to pay is begun for no more than is due; no more
//! units of a line are in returns and cancelled than were sold; an order that is rejected, cancelled or completed stays so.

mod additions;
mod back_order;
mod commands;
mod decide;
mod error;
mod events;
mod line_cancellation;
mod sound;
mod state;
#[cfg(test)]
mod tests;
mod withdrawal;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use additions::ADDITIONS_MAX;
pub use back_order::BackOrder;
pub use commands::OrderCommand;
pub use decide::{PAYMENTS_MAX, RETURN_WINDOW_DAYS, RETURNS_MAX};
pub use error::OrderError;
pub use events::{
    AdditionEnd, CancelledLine, FulfilmentStatus, LineUnits, OrderCoupon, OrderEvent, OrderLine, OrderPromotion,
    OrderShipping, PaymentStatus, PromotionShare, ReturnedLine, Sale, Withdrawal,
};
pub use line_cancellation::{LINE_CANCELLATIONS_MAX, LineCancellation, LineCancellationOutcome};
pub use state::{DeclaredWithdrawal, Order, OrderStatus};
pub use withdrawal::{WITHDRAWAL_CONFIRM_SECONDS, WITHDRAWAL_DAYS, withdrawal_ends_at};

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};

impl DomainEvent for OrderEvent {
    fn event_type(&self) -> String {
        match self {
            OrderEvent::Placed { .. } => "order.placed",
            OrderEvent::PaymentRequested { .. } => "order.payment_requested",
            OrderEvent::Confirmed {} => "order.confirmed",
            OrderEvent::Rejected { .. } => "order.rejected",
            OrderEvent::CancellationRequested { .. } => "order.cancellation_requested",
            OrderEvent::CancellationRefused { .. } => "order.cancellation_refused",
            OrderEvent::Cancelled { .. } => "order.cancelled",
            OrderEvent::LineCancellationRequested { .. } => "order.line_cancellation_requested",
            OrderEvent::LineCancellationRefused { .. } => "order.line_cancellation_refused",
            OrderEvent::LinesCancelled { .. } => "order.lines_cancelled",
            OrderEvent::AdditionAccepted { .. } => "order.addition_accepted",
            OrderEvent::AdditionReleased { .. } => "order.addition_released",
            OrderEvent::BackOrdered { .. } => "order.back_ordered",
            OrderEvent::BackOrderFilled {} => "order.back_order_filled",
            OrderEvent::PaymentRecorded { .. } => "order.payment_recorded",
            OrderEvent::FulfilmentRecorded { .. } => "order.fulfilment_recorded",
            OrderEvent::WithdrawalDeclared { .. } => "order.withdrawal_declared",
            OrderEvent::ReturnOpened { .. } => "order.return_opened",
            OrderEvent::ReturnWithdrawn { .. } => "order.return_withdrawn",
            OrderEvent::Completed {} => "order.completed",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for OrderEvent {}

impl Aggregate for Order {
    const TYPE: &'static str = "order";
    type Command = OrderCommand;
    type Event = OrderEvent;
    type Error = OrderError;
    type Services = ();

    async fn handle(
        &mut self,
        command: OrderCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), OrderError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: OrderEvent) {
        self.evolve(&event);
    }
}

impl Decider for Order {
    fn decide(&self, command: &OrderCommand) -> Result<Vec<OrderEvent>, OrderError> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &OrderEvent) {
        self.move_on(event);
    }
}
