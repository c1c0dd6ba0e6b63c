//! The cart: what a shopper means to buy, until it becomes an order.
//!
//! Stream `cart`, id [`CartId`](crate::values::CartId). Amounts are minor units of the cart's one currency, VAT included;
//! quantities are whole pieces. VAT is taken out of each line's gross total, half away from zero, never per unit.
//!
//! Invariants: `subtotal = Σ lines before promotions`, `discount = Σ shares of the lines`, no share is more than its line,
//! `total = subtotal − discount + shipping`, `payable = max(0, total − coupons)`, the VAT rows sum to the total, and none of them
//! passes [`AMOUNT_MINOR_MAX`]; a line id stands once; while checkout is under way nothing changes; a completed or absorbed cart
//! is closed for ever; a cart that adds to an order has that order's e-mail and address, and its shipping for nothing. A repeat that arrives right away changes nothing; one that arrives after its effect was undone, such as a
//! line added, removed and added again, is caught by its command id.

mod addition;
mod card_number;
mod commands;
mod decide;
mod discounts;
mod error;
mod events;
mod lines;
mod state;
mod totals;

#[cfg(test)]
mod tests;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use addition::AddedTo;
pub use commands::{CartCommand, CurrentPrice, GuestCart};
pub use decide::{COUPONS_MAX, PROMOTIONS_MAX};
pub use discounts::{CartDiscount, MINIMUM_NOT_REACHED, NOT_COMBINABLE, NOTHING_REDUCED, WRONG_CURRENCY};
pub use error::CartError;
pub use events::{CartEvent, CartLine, CartPromotion, Coupon, LineCategories, LinePrice, ShippingChoice};
pub use lines::LINES_MAX;
pub use state::{Cart, CartStatus, HeldPromotion, MERGES_REMEMBERED_MAX};
pub use totals::{AMOUNT_MINOR_MAX, CartTotals};

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};

impl DomainEvent for CartEvent {
    fn event_type(&self) -> String {
        match self {
            CartEvent::Opened { .. } => "cart.opened",
            CartEvent::LinesAdded { .. } => "cart.lines_added",
            CartEvent::LineQuantityChanged { .. } => "cart.line_quantity_changed",
            CartEvent::LinesRemoved { .. } => "cart.lines_removed",
            CartEvent::LineRepriced { .. } => "cart.line_repriced",
            CartEvent::LinesCategorised { .. } => "cart.lines_categorised",
            CartEvent::ContactSet { .. } => "cart.contact_set",
            CartEvent::AddressSet { .. } => "cart.address_set",
            CartEvent::ShippingChosen { .. } => "cart.shipping_chosen",
            CartEvent::AdditionBegun { .. } => "cart.addition_begun",
            CartEvent::AdditionEnded { .. } => "cart.addition_ended",
            CartEvent::PaymentMethodChosen { .. } => "cart.payment_method_chosen",
            CartEvent::CouponApplied { .. } => "cart.coupon_applied",
            CartEvent::CouponRemoved { .. } => "cart.coupon_removed",
            CartEvent::PromotionAdded { .. } => "cart.promotion_added",
            CartEvent::PromotionWithheld { .. } => "cart.promotion_withheld",
            CartEvent::PromotionRemoved { .. } => "cart.promotion_removed",
            CartEvent::Merged { .. } => "cart.merged",
            CartEvent::Absorbed { .. } => "cart.absorbed",
            CartEvent::CheckoutStarted { .. } => "cart.checkout_started",
            CartEvent::CheckoutAbandoned { .. } => "cart.checkout_abandoned",
            CartEvent::Completed { .. } => "cart.completed",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for CartEvent {}

impl Aggregate for Cart {
    const TYPE: &'static str = "cart";
    type Command = CartCommand;
    type Event = CartEvent;
    type Error = CartError;
    type Services = ();

    async fn handle(&mut self, command: CartCommand, _services: &(), sink: &EventSink<Self>) -> Result<(), CartError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: CartEvent) {
        self.evolve(&event);
    }
}

impl Decider for Cart {
    fn decide(&self, command: &CartCommand) -> Result<Vec<CartEvent>, CartError> {
        decide::decide(self, command)
    }

    fn evolve(&mut self, event: &CartEvent) {
        self.move_on(event);
    }
}
