//! Orders that go along with another: units that its buyer adds after it was placed are an order of their own, which is sent for
//! nothing because this one is sent anyway. This order says whether it takes one more, and knows which of them stand.

use serde::{Deserialize, Serialize};

use super::decide::{is_cancellable, request_cancellation};
use super::error::OrderError;
use super::events::{AdditionEnd, OrderEvent};
use super::state::{Order, OrderStatus};
use crate::values::{OrderId, ShortText};

/// The most additions one order may ever have, those that came to nothing included, because each is remembered.
pub const ADDITIONS_MAX: usize = 100;

type Decision = Result<Vec<OrderEvent>, OrderError>;

/// An order that was to go along, and why it does not any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Addition {
    pub(super) order: OrderId,
    /// Whether it was ever accepted: one that was given up first is remembered so that it is not accepted late.
    pub(super) was_accepted: bool,
    pub(super) end: Option<AdditionEnd>,
}

impl Order {
    /// Returns the order that it goes along with, where it was added to one.
    pub fn adds_to(&self) -> Option<&OrderId> {
        self.sale().and_then(|sale| sale.adds_to.as_ref())
    }

    /// Returns the orders that were accepted to go along with it, in that order, those that were called off since included.
    pub fn additions(&self) -> impl Iterator<Item = &OrderId> {
        self.additions_known().iter().filter(|addition| addition.was_accepted).map(|addition| &addition.order)
    }

    /// Returns the orders that go along with it: accepted, not called off, and with no carrier yet.
    pub fn additions_standing(&self) -> impl Iterator<Item = &OrderId> {
        let standing = self.additions_known().iter().filter(|addition| addition.end.is_none());
        standing.map(|addition| &addition.order)
    }

    /// Returns whether it is owed and no carrier has a part of it, so that what goes along can be packed with it.
    pub fn may_be_sent(&self) -> bool {
        self.status() == OrderStatus::Confirmed && is_cancellable(self).is_ok()
    }

    /// Says whether one more order may go along with it.
    ///
    /// # Errors
    /// [`OrderError::Unknown`] before it is placed; [`OrderError::NotAddedTo`] where it is not owed and paid, is or may be called
    /// off, was itself added to another, was added to too often, or where a carrier has a part of it.
    pub fn may_be_added_to(&self) -> Result<(), OrderError> {
        let no = |why| Err(OrderError::NotAddedTo { why });
        match self.status() {
            OrderStatus::Absent => return Err(OrderError::Unknown),
            OrderStatus::Placed => return no("it is not paid yet"),
            OrderStatus::Rejected | OrderStatus::Cancelled => return no("it was called off"),
            OrderStatus::Completed => return no("it is completed"),
            OrderStatus::Confirmed => {}
        }
        if self.adds_to().is_some() {
            return no("it was itself added to another order, which may be added to");
        }
        if self.cancellation_requested() {
            return no("someone asked to cancel it");
        }
        if self.payment_due().minor() > 0 {
            return no("it is not paid any more");
        }
        if is_cancellable(self).is_err() {
            return no("a carrier has a part of it");
        }
        if self.additions_known().len() >= ADDITIONS_MAX {
            return no("it was added to as often as an order can be");
        }
        Ok(())
    }

    pub(super) fn addition(&self, addition: &OrderId) -> Option<&Addition> {
        self.additions_known().iter().find(|known| known.order == *addition)
    }
}

pub(super) fn accept(order: &Order, addition: &OrderId) -> Decision {
    match order.addition(addition) {
        Some(known) if known.end.is_none() => return Ok(vec![]),
        Some(_) => return Err(OrderError::NotAddedTo { why: "this addition was given up" }),
        None => order.may_be_added_to()?,
    }
    Ok(vec![OrderEvent::AdditionAccepted { addition: addition.clone() }])
}

/// An addition that was never accepted is barred: whoever is still about to ask for it comes too late.
pub(super) fn release(order: &Order, addition: &OrderId, end: AdditionEnd) -> Decision {
    if order.status() == OrderStatus::Absent {
        return Err(OrderError::Unknown);
    }
    if order.addition(addition).is_some_and(|known| known.end.is_some()) {
        return Ok(vec![]);
    }
    Ok(vec![OrderEvent::AdditionReleased { addition: addition.clone(), end }])
}

/// What goes along was sent for nothing because this order is sent: its buyer cancels that first.
pub(super) fn request_cancellation_by_buyer(order: &Order, reason: &ShortText) -> Decision {
    let events = request_cancellation(order, reason)?;
    if !events.is_empty() {
        goes_alone(order)?;
    }
    Ok(events)
}

/// Checks that no other order goes along with it.
pub(super) fn goes_alone(order: &Order) -> Result<(), OrderError> {
    match order.additions_standing().next() {
        Some(addition) => Err(OrderError::HasAdditions { addition: addition.clone() }),
        None => Ok(()),
    }
}
