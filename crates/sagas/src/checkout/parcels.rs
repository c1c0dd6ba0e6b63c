//! What a checkout does about its parcels: each is paid before it leaves, and called off before one has left.

use std::collections::BTreeSet;

use app::stock::Routed;
use domain::order::{AdditionEnd, RETURN_WINDOW_DAYS};
use domain::values::{FulfilmentId, LocationId, Money, OrderId, Timestamp};

use super::addition;
use super::hold::{TIMER_HOLD, ask_for_money};
use super::lost;
use super::money::{by_payment, let_go_of_idle};
use super::react::TIMER_RETURN;
use super::shortfall::TIMER_BACK_ORDER;
use super::state::{Checkout, Parcel, ParcelState, Reshipped, Stage, Why};
use super::undo::undo;
use super::{CheckoutStatus, CheckoutStep as Step, TASK_CAPTURE, TASK_PARTLY_CANCELLED, Taking};
use crate::SECONDS_PER_DAY;
use crate::engine;

type Reaction = engine::Reaction<Step>;

pub(super) fn fulfilments_requested(
    checkout: &mut Checkout,
    parcels: &[(FulfilmentId, LocationId, Money)],
) -> Reaction {
    if !checkout.parcels.is_empty() {
        return Reaction::default();
    }
    for (fulfilment, location, share) in parcels {
        checkout.parcels.insert(fulfilment.clone(), Parcel::new(location.clone(), *share));
    }
    if let Some(reason) = checkout.cancellation.take() {
        return cancel(checkout, reason);
    }
    packed_early(checkout, Reaction::default())
}

/// Goes on with the parcels that were packed before the answer that names them.
pub(super) fn packed_early(checkout: &mut Checkout, mut reaction: Reaction) -> Reaction {
    let early = std::mem::take(&mut checkout.early_packed);
    let (named, others): (BTreeSet<_>, _) = early.into_iter().partition(|id| checkout.parcels.contains_key(id));
    checkout.early_packed = others;
    for fulfilment in named {
        let packed = packed(checkout, &fulfilment);
        reaction.asks.extend(packed.asks);
        reaction.task = reaction.task.or(packed.task);
    }
    reaction
}

pub(super) fn packed(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    // The warehouse may be quicker than the answer that names its parcel.
    if checkout.stage == Stage::Fulfilling && !checkout.parcels.contains_key(fulfilment) {
        checkout.early_packed.insert(fulfilment.clone());
        return Reaction::default();
    }
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    if parcel.state != ParcelState::Requested || checkout.stage != Stage::Fulfilling {
        return Reaction::default();
    }
    parcel.state = ParcelState::Packed;
    capture(checkout, fulfilment)
}

pub(super) fn capture(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let Some(parcel) = checkout.parcels.get(fulfilment) else { return Reaction::default() };
    let may_take = parcel.state == ParcelState::Packed || parcel.is_emptied;
    // While lines are being cancelled nobody knows how much it is; it is taken after that.
    if !may_take
        || checkout.stage != Stage::Fulfilling
        || parcel.capturing.is_some()
        || checkout.lines_under_way.is_some()
    {
        return Reaction::default();
    }
    let owed = Money::new(parcel.owed_minor(), parcel.share.currency());
    if owed.minor() <= 0 {
        if parcel.is_emptied {
            return Reaction::default();
        }
        // Nothing is owed for this parcel: a coupon paid for it all, or it goes in the place of one that was paid.
        return release_parcel(checkout, fulfilment);
    }
    // Where a part of the money is held no longer nothing is taken of the others.
    let Some(taking) = checkout.next_taking(owed).filter(|_| checkout.is_guaranteed()) else {
        return ask_for_money(checkout);
    };
    checkout.book(&taking);
    let is_part = taking.amount < owed;
    let is_last = checkout.is_reduced && !is_part && !checkout.has_other_untaken(fulfilment);
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    parcel.captures += 1;
    parcel.capturing = Some(taking.clone());
    let (fulfilment, round, Taking { payment, amount }) = (fulfilment.clone(), parcel.captures, taking);
    Reaction::ask([Step::Capture { fulfilment, payment, amount, round, is_last, is_part }])
}

/// Nothing is being taken of a parcel's share: what was asked for was not taken, or nobody knows.
fn stop_taking(checkout: &mut Checkout, fulfilment: &FulfilmentId) {
    let taking = checkout.parcels.get_mut(fulfilment).and_then(|parcel| parcel.capturing.take());
    if let Some(taking) = taking {
        checkout.unbook(&taking);
    }
}

/// A human gave a capture up, and did it by hand.
pub(super) fn capture_given_up(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    stop_taking(checkout, fulfilment);
    Reaction::default()
}

pub(super) fn captured(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let is_fulfilling = checkout.stage == Stage::Fulfilling;
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    let Some(taking) = parcel.capturing.take() else { return Reaction::default() };
    parcel.takings.push(taking);
    parcel.is_captured = parcel.owed_minor() <= 0;
    if !parcel.is_captured && (parcel.state == ParcelState::Packed || parcel.is_emptied) {
        return capture(checkout, fulfilment);
    }
    match parcel.state {
        ParcelState::Packed => {
            let mut reaction = release_parcel(checkout, fulfilment);
            if checkout.has_untaken_parcel() {
                return reaction;
            }
            reaction.asks.extend(let_go_of_idle(checkout).asks);
            reaction.stop(TIMER_HOLD)
        }
        // The money was on its way while the parcel was called off and the order stands.
        ParcelState::Cancelled if is_fulfilling && !parcel.is_emptied => ask_about_cancelled(1),
        ParcelState::Cancelled
        | ParcelState::Requested
        | ParcelState::Paid
        | ParcelState::HandedOver
        | ParcelState::Lost
        | ParcelState::Delivered => Reaction::default(),
    }
}

fn release_parcel(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    parcel.state = ParcelState::Paid;
    let parcels = checkout.noted_parcels();
    Reaction::ask([Step::ReleaseParcel { fulfilment: fulfilment.clone(), parcels }])
}

pub(super) fn capture_failed(checkout: &mut Checkout, fulfilment: &FulfilmentId, code: &str) -> Reaction {
    stop_taking(checkout, fulfilment);
    if checkout.stage != Stage::Fulfilling {
        return Reaction::default();
    }
    let question = format!("the money of parcel {fulfilment} could not be taken ({code}): it must not leave unpaid");
    Reaction::default().task(format!("{TASK_CAPTURE}/{fulfilment}"), question, &["retry", "cancel_order"])
}

pub(super) fn moved(checkout: &mut Checkout, fulfilment: &FulfilmentId, state: ParcelState, at: Timestamp) -> Reaction {
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    // A parcel that was called off stays so; any other only moves forward, a lost one may still arrive.
    // None leaves before it is paid: the fulfilment itself refuses that.
    if parcel.state < ParcelState::Paid || parcel.state >= state {
        return Reaction::default();
    }
    let left_now = parcel.state < ParcelState::HandedOver;
    let was_lost = std::mem::replace(&mut parcel.state, state) == ParcelState::Lost;
    let mut reaction = Reaction::default();
    if left_now && checkout.lines_under_way.is_some() {
        // Which of its units leave the stock is known when the lines are cancelled, or not.
        checkout.dispatches_waiting.push(fulfilment.clone());
    } else if left_now {
        let (routed, holder) = units_of(checkout, fulfilment);
        reaction.asks.push(Step::Dispatch { fulfilment: fulfilment.clone(), routed, holder });
    }
    if left_now {
        reaction.asks.extend(addition::leave(checkout, AdditionEnd::HandedOver));
    }
    let parcels = checkout.noted_parcels();
    let what = match state {
        ParcelState::Lost => "lost",
        ParcelState::Delivered => "delivered",
        ParcelState::Cancelled
        | ParcelState::Requested
        | ParcelState::Packed
        | ParcelState::Paid
        | ParcelState::HandedOver => "handed_over",
    };
    reaction.asks.push(Step::NoteFulfilment { fulfilment: fulfilment.clone(), what: what.to_owned(), parcels });
    match state {
        ParcelState::Lost => {
            let task = lost::question(fulfilment, "what of it?").task;
            Reaction { task, ..reaction }
        }
        ParcelState::Delivered => {
            checkout.delivered_at = checkout.delivered_at.max(Some(at));
            let reaction = if was_lost { lost::turned_up(reaction, fulfilment) } else { reaction };
            wait_for_returns(checkout, reaction, at)
        }
        ParcelState::Cancelled
        | ParcelState::Requested
        | ParcelState::Packed
        | ParcelState::Paid
        | ParcelState::HandedOver => reaction,
    }
}

/// Returns the units that a parcel is made of, and who they are sold to where that is not the order.
pub(super) fn units_of(checkout: &Checkout, fulfilment: &FulfilmentId) -> (Vec<Routed>, Option<OrderId>) {
    let Some(parcel) = checkout.parcels.get(fulfilment) else { return (Vec::new(), None) };
    match &parcel.reshipped {
        Some(Reshipped { holder, routed, .. }) => (routed.clone(), Some(holder.clone())),
        None => (checkout.routed.iter().filter(|part| part.location == parcel.location).cloned().collect(), None),
    }
}

/// Calls the parcels off first: once one has left, the order stands.
pub(super) fn cancel(checkout: &mut Checkout, reason: String) -> Reaction {
    if checkout.stage != Stage::Fulfilling || checkout.why.is_some() {
        return Reaction::default();
    }
    if checkout.lines_under_way.is_some() {
        checkout.cancellation = Some(reason);
        return Reaction::default();
    }
    if std::mem::take(&mut checkout.is_waiting) {
        // No warehouse has anything of it.
        return undo(checkout, Why::Cancelled { reason }).stop(TIMER_BACK_ORDER).withdraw(super::TASK_BACK_ORDER);
    }
    checkout.why = Some(Why::Cancelled { reason });
    let fulfilments = checkout.parcels.keys().cloned().collect();
    Reaction::ask([Step::CancelFulfilments { fulfilments }])
}

pub(super) fn fulfilments_cancelled(checkout: &mut Checkout) -> Reaction {
    if checkout.stage != Stage::Fulfilling || checkout.why.is_none() {
        return Reaction::default();
    }
    checkout.parcels.values_mut().for_each(|parcel| parcel.state = ParcelState::Cancelled);
    match checkout.why.clone() {
        Some(why) => undo(checkout, why),
        None => Reaction::default(),
    }
}

/// A parcel had left: the order stands, without those that were called off before it was seen.
pub(super) fn fulfilments_left(checkout: &mut Checkout, cancelled: &[FulfilmentId], at: Timestamp) -> Reaction {
    if checkout.stage != Stage::Fulfilling || checkout.why.take().is_none() {
        return Reaction::default();
    }
    let (mut taken, mut releases) = (0, Vec::new());
    for fulfilment in cancelled {
        let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { continue };
        let was_called_off = std::mem::replace(&mut parcel.state, ParcelState::Cancelled) == ParcelState::Cancelled;
        taken += usize::from(!parcel.takings.is_empty() && !parcel.is_emptied);
        if !was_called_off {
            let (routed, holder) = units_of(checkout, fulfilment);
            releases.push(Step::ReleaseParcelStock { fulfilment: fulfilment.clone(), routed, holder });
        }
    }
    let mut reaction = if taken > 0 { ask_about_cancelled(taken) } else { Reaction::default() };
    reaction.asks.push(Step::KeepOrder);
    reaction.asks.extend(releases);
    wait_for_returns(checkout, reaction, at)
}

/// Money that was never taken needs no going back: what is still held of it lapses.
fn ask_about_cancelled(parcels: usize) -> Reaction {
    let question = format!("{parcels} paid parcels were called off after another had left: give their money back?");
    Reaction::default().task(TASK_PARTLY_CANCELLED, question, &["refund"])
}

/// A lost parcel's money goes back. The order no longer waits for it.
pub(super) fn give_up(checkout: &mut Checkout, fulfilment: &FulfilmentId, at: Timestamp) -> Reaction {
    if let Some(parcel) = checkout.parcels.get_mut(fulfilment) {
        parcel.is_given_up = true;
    }
    let reaction = refund(checkout, std::slice::from_ref(fulfilment));
    wait_for_returns(checkout, reaction, at)
}

/// Waits for the end of the time to return, once every parcel that was sent has arrived or was given up. Where none has
/// arrived nothing can come back.
pub(super) fn wait_for_returns(checkout: &Checkout, reaction: Reaction, at: Timestamp) -> Reaction {
    if checkout.stage != Stage::Fulfilling || !checkout.is_settled() {
        return reaction;
    }
    let window = RETURN_WINDOW_DAYS * SECONDS_PER_DAY + 1;
    reaction.wait(TIMER_RETURN, checkout.delivered_at.map_or(at, |delivered_at| delivered_at.plus_seconds(window)))
}

pub(super) fn return_time_over(checkout: &mut Checkout) -> Reaction {
    if checkout.stage != Stage::Fulfilling {
        return Reaction::default();
    }
    checkout.stage = Stage::Over;
    // Of parcels that were called off the money may have been asked for in vain.
    checkout.answer = CheckoutStatus::Confirmed;
    Reaction::ask([Step::CompleteOrder]).end("completed")
}

/// Gives the money of parcels back, each under the name it was taken and invoiced for, through the payments that took it.
pub(super) fn refund(checkout: &Checkout, fulfilments: &[FulfilmentId]) -> Reaction {
    let parcels = fulfilments.iter().filter_map(|fulfilment| {
        let parcel = checkout.parcels.get(fulfilment)?;
        Some((parcel.reshipped.as_ref().map_or(fulfilment, |reshipped| &reshipped.paid_as), parcel))
    });
    let refunds =
        parcels.flat_map(|(fulfilment, parcel)| {
            by_payment(parcel.takings.clone()).into_iter().map(|(from, Taking { payment, amount })| {
                Step::RefundParcel { fulfilment: fulfilment.clone(), payment, amount, from }
            })
        });
    Reaction::ask(refunds)
}
