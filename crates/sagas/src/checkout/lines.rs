//! What a checkout does about wishes to cancel units of lines: they are taken out of their parcels one wish at a time, never
//! while money of a parcel is being taken, so that each parcel is paid for exactly what is in it. What was not taken is never
//! taken; what was taken goes back. Shipping stays owed.

use app::order::{PaidParcel, TakenOut};
use app::stock::Routed;
use domain::values::{FulfilmentId, LineCancellationId, Money, Quantity, Timestamp};

use super::money::{by_payment, take_back};
use super::parcels::{cancel, capture, units_of, wait_for_returns};
use super::react::note_payment;
use super::state::{Checkout, Parcel, ParcelState, Stage};
use super::{CheckoutStep as Step, Taking};
use crate::engine;

type Reaction = engine::Reaction<Step>;

pub(super) fn asked(checkout: &mut Checkout, cancellation: &LineCancellationId) -> Reaction {
    if checkout.lines_known.insert(cancellation.clone()) {
        checkout.lines_asked.push_back(cancellation.clone());
    }
    Reaction::default()
}

/// After each reaction: the next wish has its turn once nothing is in its way, and shipping is paid that belongs to no parcel.
pub(super) fn go_on(checkout: &mut Checkout, mut reaction: Reaction) -> Reaction {
    if checkout.stage == Stage::Over {
        let late = checkout.lines_asked.drain(..).map(|cancellation| Step::RefuseLines { cancellation });
        reaction.asks.extend(late);
        return reaction;
    }
    if !checkout.is_owed() || checkout.parcels.is_empty() || checkout.lines_under_way.is_some() {
        return reaction;
    }
    // A share of which one payment took its part and another has not is settled first: by another try, or by calling it all off.
    let is_capturing = checkout.parcels.values().any(Parcel::is_being_paid);
    if !is_capturing && let Some(cancellation) = checkout.lines_asked.pop_front() {
        checkout.lines_under_way = Some(cancellation.clone());
        let first = checkout.parcels.iter().filter(|(_, parcel)| parcel.reshipped.is_none());
        let parcels = first.map(|(fulfilment, parcel)| PaidParcel {
            fulfilment: fulfilment.clone(),
            location: parcel.location.clone(),
            is_paid: parcel.is_captured,
        });
        let parcels = parcels.collect();
        reaction.asks.push(Step::CancelLines { cancellation, parcels });
        return reaction;
    }
    reaction.asks.extend(take_shipping(checkout).asks);
    reaction
}

/// Takes what is owed for shipping that no parcel bears any more, once another parcel is paid: nothing is taken before goods
/// are packed.
fn take_shipping(checkout: &mut Checkout) -> Reaction {
    let is_sent = |parcel: &Parcel| parcel.state >= ParcelState::Paid;
    if !checkout.parcels.values().any(is_sent) {
        return Reaction::default();
    }
    let owes =
        |parcel: &Parcel| parcel.is_emptied && parcel.captures == 0 && parcel.share.minor() > 0 && !parcel.is_captured;
    let owing = checkout.parcels.iter().find(|(_, parcel)| owes(parcel)).map(|(id, _)| id.clone());
    owing.map_or_else(Reaction::default, |fulfilment| capture(checkout, &fulfilment))
}

pub(super) fn cancelled(
    checkout: &mut Checkout,
    cancellation: &LineCancellationId,
    parcels: &[TakenOut],
    at: Timestamp,
) -> Reaction {
    if checkout.lines_under_way.as_ref() != Some(cancellation) {
        return Reaction::default();
    }
    let mut back = Vec::new();
    for taken in parcels {
        back.extend(take_out(checkout, taken));
    }
    let mut reaction = Reaction::default();
    let refunds = by_payment(back).into_iter().map(|(from, Taking { payment, amount })| {
        let cancellation = cancellation.clone();
        Step::RefundLines { cancellation, payment, amount, from }
    });
    reaction.asks.extend(refunds);
    if let Some(payment) = checkout.first_paying().filter(|_| reaction.is_nothing() && !parcels.is_empty()) {
        reaction.asks.push(note_payment(payment, &format!("lines/{cancellation}")));
    }
    if let Some(first) = parcels.first() {
        let (fulfilment, what) = (first.fulfilment.clone(), cancellation.to_string());
        reaction.asks.push(Step::NoteFulfilment { fulfilment, what, parcels: checkout.noted_parcels() });
    }
    finish(checkout, reaction, at)
}

/// A human gave the step up: the order keeps what it has, and people see to the rest.
pub(super) fn given_up(checkout: &mut Checkout, cancellation: &LineCancellationId, at: Timestamp) -> Reaction {
    if checkout.lines_under_way.as_ref() != Some(cancellation) {
        return Reaction::default();
    }
    finish(checkout, Reaction::ask([Step::RefuseLines { cancellation: cancellation.clone() }]), at)
}

/// Takes units out of their parcel. Returns what of its money goes back.
fn take_out(checkout: &mut Checkout, taken: &TakenOut) -> Vec<Taking> {
    checkout.is_reduced |= !taken.is_paid;
    for units in &taken.units {
        checkout.routed = without(std::mem::take(&mut checkout.routed), units);
    }
    let Some(parcel) = checkout.parcels.get_mut(&taken.fulfilment) else { return Vec::new() };
    let back = if taken.is_paid { take_back(parcel, taken.share) } else { Vec::new() };
    let left = parcel.share.minor() - taken.share.minor();
    parcel.share = Money::new(left, parcel.share.currency());
    if taken.is_emptied {
        parcel.state = ParcelState::Cancelled;
        parcel.is_emptied = true;
    }
    back
}

fn without(routed: Vec<Routed>, freed: &Routed) -> Vec<Routed> {
    let is_of = |part: &Routed| part.sku == freed.sku && part.location == freed.location;
    let left = routed.into_iter().filter_map(|part| {
        if !is_of(&part) {
            return Some(part);
        }
        let quantity = Quantity::new(part.quantity.units() - freed.quantity.units()).ok()?;
        Some(Routed { quantity, ..part })
    });
    left.collect()
}

/// Does what had to wait: units leave the stock, the order is called off, or money is taken.
fn finish(checkout: &mut Checkout, mut reaction: Reaction, at: Timestamp) -> Reaction {
    checkout.lines_under_way = None;
    for fulfilment in std::mem::take(&mut checkout.dispatches_waiting) {
        let (routed, holder) = units_of(checkout, &fulfilment);
        reaction.asks.push(Step::Dispatch { fulfilment, routed, holder });
    }
    if let Some(reason) = checkout.cancellation.take() {
        reaction.asks.extend(cancel(checkout, reason).asks);
        return reaction;
    }
    let packed = checkout.parcels.iter().filter(|(_, parcel)| parcel.state == ParcelState::Packed);
    for fulfilment in packed.map(|(id, _)| id.clone()).collect::<Vec<FulfilmentId>>() {
        let captured = capture(checkout, &fulfilment);
        reaction.asks.extend(captured.asks);
        reaction.task = reaction.task.or(captured.task);
    }
    wait_for_returns(checkout, reaction, at)
}
