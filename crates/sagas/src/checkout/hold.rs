//! What a checkout does about a hold that ends before every parcel is paid. Nothing is taken before its parcel is packed, so
//! the money is held anew a day before the end, with the buyer's card and without the buyer, as Stripe and Adyen want it where
//! goods leave late (<https://docs.stripe.com/payments/place-a-hold-on-a-payment-method>,
//! <https://docs.adyen.com/online-payments/adjust-authorisation>). Where that fails, parcels stay, people are asked, and the
//! buyer may pay with another card. Of an order that is paid in part nothing is held anew: one payment takes all its money.

use domain::values::{PaymentId, Timestamp};
use uuid::Uuid;

use super::parcels::capture;
use super::react::note_payment;
use super::state::{AttemptState, Checkout, Hold, ParcelState};
use super::undo::undo_payment;
use super::{CheckoutStatus, CheckoutStep as Step, TASK_HOLD};
use crate::SECONDS_PER_DAY;
use crate::engine;

type Reaction = engine::Reaction<Step>;

/// The timer of a hold: first when it is to be renewed, then its end.
pub(super) const TIMER_HOLD: &str = "hold";

/// How long before its end a hold is renewed, seconds: a day, so that people have time where it cannot be. The shortest hold
/// of a card that pays without its buyer is 4 days and 18 hours
/// (<https://docs.stripe.com/payments/place-a-hold-on-a-payment-method>). One that is shorter than two days is renewed when
/// half of it is over.
pub const RENEW_BEFORE_SECONDS: i64 = SECONDS_PER_DAY;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Waits for the moment at which a hold is to be renewed.
pub(super) fn watch(reaction: Reaction, expires_at: Option<Timestamp>, at: Timestamp) -> Reaction {
    let Some(expires_at) = expires_at else { return reaction };
    let seconds = expires_at.micros().saturating_sub(at.micros()) / MICROS_PER_SECOND;
    let renew_at = expires_at.plus_seconds(-RENEW_BEFORE_SECONDS).max(at.plus_seconds(seconds / 2));
    reaction.wait(TIMER_HOLD, renew_at)
}

/// The timer of the hold has come: its money is held anew, or it has ended.
pub(super) fn ending(checkout: &mut Checkout, at: Timestamp) -> Reaction {
    let waits = checkout.has_untaken_parcel();
    let Some(attempt) = checkout.paying_attempt() else { return Reaction::default() };
    let Some(expires_at) = attempt.expires_at.filter(|_| waits && attempt.hold == Hold::Standing) else {
        return Reaction::default();
    };
    if at < expires_at {
        return renew(checkout).wait(TIMER_HOLD, expires_at);
    }
    attempt.hold = Hold::Ending;
    Reaction::ask([Step::ExpireHold { payment: attempt.payment.clone() }])
}

/// Asks for another hold, where one is needed and may be had.
fn renew(checkout: &mut Checkout) -> Reaction {
    let Some(first) = checkout.attempts.first() else { return Reaction::default() };
    if !checkout.is_owed() || checkout.is_renewing() || checkout.is_taking() || !checkout.has_waiting_parcel() {
        return Reaction::default();
    }
    checkout.renewals += 1;
    // Named by the first attempt, so that doing it twice names the same one.
    let name = format!("renewal/{}", checkout.renewals);
    let payment = PaymentId::from_uuid(Uuid::new_v5(&first.payment.uuid(), name.as_bytes()));
    let paid_by = checkout.paying().unwrap_or(&first.payment).clone();
    checkout.renewal = Some(payment.clone());
    if let Some(attempt) = checkout.paying_attempt() {
        attempt.is_renewal_asked = true;
    }
    Reaction::ask([Step::RenewHold { payment, paid_by }])
}

/// Money is held by another attempt while the shop owes the goods: what is packed is paid with it, the hold before it is let
/// go. Where the hold before it pays a parcel by now, the new one is let go instead.
pub(super) fn held_anew(
    checkout: &mut Checkout,
    payment: &PaymentId,
    expires_at: Option<Timestamp>,
    at: Timestamp,
) -> Reaction {
    let before = checkout.paying().cloned();
    if before.is_some() && checkout.is_taking() {
        return undo_payment(checkout, payment);
    }
    let mut reaction = before.map_or_else(Reaction::default, |before| undo_payment(checkout, &before));
    let number = u32::try_from(checkout.attempts.len()).unwrap_or(u32::MAX);
    if let Some(attempt) = checkout.attempt(payment) {
        (attempt.state, attempt.expires_at) = (AttemptState::Authorised, expires_at);
        if !attempt.is_renewal {
            checkout.answer = CheckoutStatus::PaidAnew { attempt: number };
        }
    }
    reaction.asks.push(note_payment(payment, "authorised"));
    let packed = checkout.parcels.iter().filter(|(_, parcel)| parcel.state == ParcelState::Packed);
    for fulfilment in packed.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
        reaction.asks.extend(capture(checkout, &fulfilment).asks);
    }
    watch(reaction, expires_at, at)
}

/// The order takes no other attempt.
pub(super) fn not_renewed(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    if checkout.renewal.as_ref() == Some(payment) && checkout.is_renewing() {
        checkout.renewal = None;
    }
    ask_for_money(checkout)
}

/// A hold has ended: it is renewed now where nobody tried before, else people are asked.
pub(super) fn expired(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let Some(attempt) = checkout.attempt(payment) else { return Reaction::default() };
    attempt.hold = Hold::Over;
    // Nobody was awake in time, or its money was being taken just then.
    let reaction = if attempt.is_renewal_asked { Reaction::default() } else { renew(checkout) };
    if reaction.is_nothing() { ask_for_money(checkout) } else { reaction }
}

/// Asks people, once, where parcels wait for money that nobody holds and no answer of a bank is awaited.
pub(super) fn ask_for_money(checkout: &mut Checkout) -> Reaction {
    let is_held = checkout.paying_attempt().is_some_and(|attempt| attempt.hold != Hold::Over);
    let is_asked = checkout.attempts.last().is_some_and(|attempt| attempt.state == AttemptState::Asked);
    let is_owed = checkout.is_owed() && checkout.has_waiting_parcel();
    if !is_owed || is_held || is_asked || checkout.is_renewing() || checkout.is_asking_for_money {
        return Reaction::default();
    }
    checkout.is_asking_for_money = true;
    let question = "the money of this order is held no longer: parcels that are not paid must not leave. Ask the buyer to pay \
        it again, or decide";
    let may_renew: &[&str] = if checkout.is_taking() { &[] } else { &["renew"] };
    Reaction::default().task(TASK_HOLD, question, &[may_renew, &["cancel_order"]].concat())
}

/// People want the money to be held anew with the card that was used; where the buyer has paid meanwhile nothing is needed.
pub(super) fn renew_as_decided(checkout: &mut Checkout) -> Reaction {
    checkout.is_asking_for_money = false;
    match checkout.paying_attempt() {
        Some(attempt) if attempt.hold == Hold::Standing => Reaction::default(),
        Some(_) | None => renew(checkout),
    }
}
