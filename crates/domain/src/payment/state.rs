//! One attempt to pay an order, folded from its stream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::events::PaymentEvent;
use crate::values::{Currency, Money, OrderId, ShortText, Timestamp};

/// Where the hold on the buyer's money stands. What was captured of it and given back is told by the amounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// Not begun.
    #[default]
    Absent,
    /// The provider is being asked.
    Initiated,
    /// The buyer must act at the bank.
    ActionRequired,
    /// The money is held.
    Authorised,
    /// The bank said no.
    Declined,
    /// What is held and not captured is to be let go.
    VoidRequested,
    /// Nothing is held any more.
    Voided,
    /// The hold ended by time.
    Expired,
}

impl PaymentStatus {
    /// Returns the status in lower case, words joined by underscores.
    pub fn name(self) -> &'static str {
        match self {
            PaymentStatus::Absent => "absent",
            PaymentStatus::Initiated => "initiated",
            PaymentStatus::ActionRequired => "action_required",
            PaymentStatus::Authorised => "authorised",
            PaymentStatus::Declined => "declined",
            PaymentStatus::VoidRequested => "void_requested",
            PaymentStatus::Voided => "voided",
            PaymentStatus::Expired => "expired",
        }
    }
}

/// How far a capture or a refund has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementState {
    /// Asked for, not answered.
    Requested,
    /// The money has moved.
    Done,
    /// The provider could not move it, or it came back.
    Failed,
}

/// A capture or a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// How much.
    pub amount: Money,
    /// How far it has come.
    pub state: MovementState,
}

/// An authorisation that arrived when nobody wanted it any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LateAuthorisation {
    provider_reference: ShortText,
    let_go: bool,
}

/// What is held, taken and given back: `authorised ≥ captured + pending` and `captured ≥ refunded + pending`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    status: PaymentStatus,
    decline_code: Option<String>,
    order: Option<OrderId>,
    amount: Option<Money>,
    method: Option<ShortText>,
    provider_reference: Option<ShortText>,
    action_url: Option<String>,
    expires_at: Option<Timestamp>,
    authorised_minor: i64,
    let_go_minor: i64,
    captured_minor: i64,
    capture_pending_minor: i64,
    refunded_minor: i64,
    refund_pending_minor: i64,
    captures: BTreeMap<String, Movement>,
    refunds: BTreeMap<String, Movement>,
    late_authorisation: Option<LateAuthorisation>,
}

impl Payment {
    /// Returns where the hold stands.
    pub fn status(&self) -> PaymentStatus {
        self.status
    }

    /// Returns the order to be paid, once begun.
    pub fn order(&self) -> Option<&OrderId> {
        self.order.as_ref()
    }

    /// Returns how much was asked for, once begun.
    pub fn amount(&self) -> Option<Money> {
        self.amount
    }

    /// Returns the provider's token of the method, once begun.
    pub fn method(&self) -> Option<&ShortText> {
        self.method.as_ref()
    }

    /// Returns the provider's name of the payment, once it told one.
    pub fn provider_reference(&self) -> Option<&ShortText> {
        self.provider_reference.as_ref()
    }

    /// Returns where the buyer goes, while the buyer must act.
    pub fn action_url(&self) -> Option<&str> {
        self.action_url.as_deref()
    }

    /// Returns the provider's code of its no, once declined.
    pub fn decline_code(&self) -> Option<&str> {
        self.decline_code.as_deref()
    }

    /// Returns when the hold ends by itself, once the money is held.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns the money ever held, captured or let go or not; zero euro before the payment is begun.
    pub fn authorised(&self) -> Money {
        self.money(self.authorised_minor)
    }

    /// Returns the held money that was let go or whose hold ended by time.
    pub fn let_go(&self) -> Money {
        self.money(self.let_go_minor)
    }

    /// Returns the money taken, refunds not taken off.
    pub fn captured(&self) -> Money {
        self.money(self.captured_minor)
    }

    /// Returns the money given back.
    pub fn refunded(&self) -> Money {
        self.money(self.refunded_minor)
    }

    /// Returns the money asked to be taken and not answered.
    pub fn capture_pending(&self) -> Money {
        self.money(self.capture_pending_minor)
    }

    /// Returns the money asked to be given back and not answered.
    pub fn refund_pending(&self) -> Money {
        self.money(self.refund_pending_minor)
    }

    /// Returns the money that can still be captured: nothing unless the hold stands.
    pub fn capturable(&self) -> Money {
        match self.status {
            PaymentStatus::Authorised => self.uncaptured(),
            PaymentStatus::Absent
            | PaymentStatus::Initiated
            | PaymentStatus::ActionRequired
            | PaymentStatus::Declined
            | PaymentStatus::VoidRequested
            | PaymentStatus::Voided
            | PaymentStatus::Expired => self.money(0),
        }
    }

    /// Returns the money that can still be given back.
    pub fn refundable(&self) -> Money {
        self.money(self.captured_minor - self.refunded_minor - self.refund_pending_minor)
    }

    /// Returns a capture by its name.
    pub fn capture(&self, capture: &str) -> Option<Movement> {
        self.captures.get(capture).copied()
    }

    /// Returns every capture that was ever asked for, with its name.
    pub fn captures(&self) -> impl Iterator<Item = (&str, Movement)> {
        self.captures.iter().map(|(name, movement)| (name.as_str(), *movement))
    }

    /// Returns a refund by its name.
    pub fn refund(&self, refund: &str) -> Option<Movement> {
        self.refunds.get(refund).copied()
    }

    /// Returns every refund that was ever asked for, with its name.
    pub fn refunds(&self) -> impl Iterator<Item = (&str, Movement)> {
        self.refunds.iter().map(|(name, movement)| (name.as_str(), *movement))
    }

    /// Returns the provider's name of an authorisation that arrived too late and is still held.
    pub fn late_authorisation(&self) -> Option<&ShortText> {
        self.late_authorisation.as_ref().filter(|late| !late.let_go).map(|late| &late.provider_reference)
    }

    /// Returns an authorisation that ever arrived too late, still held or not.
    pub(super) fn late_reference(&self) -> Option<&ShortText> {
        self.late_authorisation.as_ref().map(|late| &late.provider_reference)
    }

    /// Returns what was authorised and is neither captured nor asked to be, whether the hold stands or not.
    pub(super) fn uncaptured(&self) -> Money {
        self.money(self.authorised_minor - self.captured_minor - self.capture_pending_minor)
    }

    pub(super) fn capture_count(&self) -> usize {
        self.captures.len()
    }

    pub(super) fn refund_count(&self) -> usize {
        self.refunds.len()
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::Initiated { order, amount, method } => {
                self.status = PaymentStatus::Initiated;
                self.order = Some(order.clone());
                self.amount = Some(*amount);
                self.method = Some(method.clone());
            }
            PaymentEvent::ActionRequired { provider_reference, action_url } => {
                self.status = PaymentStatus::ActionRequired;
                self.provider_reference = Some(provider_reference.clone());
                self.action_url = Some(action_url.clone());
            }
            PaymentEvent::Authorised { provider_reference, amount, expires_at } => {
                self.leave_action(PaymentStatus::Authorised);
                self.provider_reference = Some(provider_reference.clone());
                self.authorised_minor = amount.minor();
                self.expires_at = Some(*expires_at);
            }
            PaymentEvent::AuthorisedTooLate { provider_reference, .. } => {
                let provider_reference = provider_reference.clone();
                self.late_authorisation = Some(LateAuthorisation { provider_reference, let_go: false });
            }
            PaymentEvent::Declined { code } => {
                self.leave_action(PaymentStatus::Declined);
                self.decline_code = Some(code.clone());
            }
            PaymentEvent::VoidRequested { .. } => self.leave_action(PaymentStatus::VoidRequested),
            PaymentEvent::Voided {} => {
                self.status = PaymentStatus::Voided;
                self.let_go_minor = self.uncaptured().minor();
                if let Some(late) = &mut self.late_authorisation {
                    late.let_go = true;
                }
            }
            PaymentEvent::AuthorisationExpired {} => {
                self.status = PaymentStatus::Expired;
                self.let_go_minor = self.uncaptured().minor();
            }
            PaymentEvent::CaptureRequested { capture, amount } => self.request_capture(capture, *amount),
            PaymentEvent::Captured { capture, amount } => self.finish_capture(capture, *amount),
            PaymentEvent::CaptureFailed { capture, .. } => self.fail_capture(capture),
            PaymentEvent::RefundRequested { refund, amount, .. } => self.request_refund(refund, *amount),
            PaymentEvent::Refunded { refund, amount } => self.finish_refund(refund, *amount),
            PaymentEvent::RefundFailed { refund, amount, .. } => self.fail_refund(refund, *amount),
        }
    }

    fn leave_action(&mut self, status: PaymentStatus) {
        self.status = status;
        self.action_url = None;
    }

    fn request_capture(&mut self, capture: &str, amount: Money) {
        self.captures.insert(capture.to_owned(), Movement { amount, state: MovementState::Requested });
        self.capture_pending_minor += amount.minor();
    }

    /// A capture that had failed may turn out to be done when the rest is let go already: then less was let go.
    fn finish_capture(&mut self, capture: &str, amount: Money) {
        let before = self.captures.insert(capture.to_owned(), Movement { amount, state: MovementState::Done });
        if before.is_some_and(|movement| movement.state == MovementState::Requested) {
            self.capture_pending_minor -= amount.minor();
        }
        self.captured_minor += amount.minor();
        self.let_go_minor = self.let_go_minor.min(self.uncaptured().minor());
    }

    fn fail_capture(&mut self, capture: &str) {
        if let Some(movement) = self.captures.get_mut(capture) {
            movement.state = MovementState::Failed;
            self.capture_pending_minor -= movement.amount.minor();
        }
    }

    fn request_refund(&mut self, refund: &str, amount: Money) {
        self.refunds.insert(refund.to_owned(), Movement { amount, state: MovementState::Requested });
        self.refund_pending_minor += amount.minor();
    }

    fn finish_refund(&mut self, refund: &str, amount: Money) {
        let before = self.refunds.insert(refund.to_owned(), Movement { amount, state: MovementState::Done });
        if before.is_some_and(|movement| movement.state == MovementState::Requested) {
            self.refund_pending_minor -= amount.minor();
        }
        self.refunded_minor += amount.minor();
    }

    fn fail_refund(&mut self, refund: &str, amount: Money) {
        let before = self.refunds.insert(refund.to_owned(), Movement { amount, state: MovementState::Failed });
        match before.map(|movement| movement.state) {
            Some(MovementState::Requested) => self.refund_pending_minor -= amount.minor(),
            Some(MovementState::Done) => self.refunded_minor -= amount.minor(),
            Some(MovementState::Failed) | None => {}
        }
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.amount.map_or(Currency::Eur, Money::currency))
    }
}
