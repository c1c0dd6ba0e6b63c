//! What a checkout does about a hold that ends before every parcel is paid. Nothing is taken before its parcel is packed, so
//! the money is held anew a day before the end, with the buyer's card and without the buyer, as Stripe and Adyen want it where
//! goods leave late (<https://docs.stripe.com/payments/place-a-hold-on-a-payment-method>,
//! <https://docs.adyen.com/online-payments/adjust-authorisation>). Of a hold of which some is taken only what is still to be taken
//! is held anew; what it took stays taken, and its rest is let go. Where that fails, parcels stay, people are asked, and the buyer
//! of an order of which nothing is taken may pay with another card.

use domain::values::{Money, PaymentId, Timestamp};
use uuid::Uuid;

use super::parcels::capture;
use super::react::{answer_about, note_payment};
use super::state::{Attempt, AttemptState, Checkout, Hold, ParcelState};
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

/// How much later a hold is renewed while another one of the order is being renewed, or money is being taken, seconds: ten
/// minutes.
const RENEW_AGAIN_SECONDS: i64 = 600;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Money is held by an attempt, until then.
pub(super) fn hold(checkout: &mut Checkout, payment: &PaymentId, expires_at: Option<Timestamp>, at: Timestamp) {
    let renew_at = |expires_at: Timestamp| {
        let seconds = expires_at.micros().saturating_sub(at.micros()) / MICROS_PER_SECOND;
        expires_at.plus_seconds(-RENEW_BEFORE_SECONDS).max(at.plus_seconds(seconds / 2))
    };
    if let Some(attempt) = checkout.attempt(payment) {
        attempt.state = AttemptState::Authorised;
        (attempt.expires_at, attempt.renew_at) = (expires_at, expires_at.map(renew_at));
    }
}

/// Waits for the next moment at which a hold is to be renewed, or ends.
pub(super) fn watch(checkout: &Checkout, reaction: Reaction) -> Reaction {
    let standing = checkout.paying().filter(|attempt| attempt.hold == Hold::Standing);
    match standing.filter_map(|attempt| attempt.renew_at.or(attempt.expires_at)).min() {
        Some(next) => reaction.wait(TIMER_HOLD, next),
        None => reaction,
    }
}

/// The timer of the holds has come: money is held anew, or its hold has ended.
pub(super) fn ending(checkout: &mut Checkout, at: Timestamp) -> Reaction {
    if !checkout.has_untaken_parcel() {
        return Reaction::default();
    }
    let mut reaction = Reaction::default();
    for payment in checkout.paying().map(|attempt| attempt.payment.clone()).collect::<Vec<_>>() {
        let must_wait = checkout.is_renewing() || checkout.is_capturing();
        let Some(attempt) = checkout.attempt(&payment) else { continue };
        let Some(expires_at) = attempt.expires_at.filter(|_| attempt.hold == Hold::Standing) else { continue };
        if at >= expires_at {
            attempt.hold = Hold::Ending;
            reaction.asks.push(Step::ExpireHold { payment });
        } else if attempt.renew_at.is_some_and(|renew_at| renew_at <= at) {
            // Of several parts one is held anew after the other, and none while nobody knows how much is still to be taken.
            attempt.renew_at = must_wait.then(|| at.plus_seconds(RENEW_AGAIN_SECONDS));
            reaction.asks.extend(renew(checkout, &payment).asks);
        }
    }
    watch(checkout, reaction)
}

/// Asks for another hold in the place of one, for what is still to be taken of it, where it is needed and may be had.
fn renew(checkout: &mut Checkout, renewed: &PaymentId) -> Reaction {
    let Some(first) = checkout.attempts.first() else { return Reaction::default() };
    let must_wait = checkout.is_renewing() || checkout.is_capturing();
    if !checkout.is_owed() || must_wait || !checkout.has_waiting_parcel() {
        return Reaction::default();
    }
    // Named by the first attempt, so that doing it twice names the same one.
    let name = format!("renewal/{}", checkout.renewals + 1);
    let payment = PaymentId::from_uuid(Uuid::new_v5(&first.payment.uuid(), name.as_bytes()));
    let Some(amount) = checkout.to_hold_anew(renewed) else { return Reaction::default() };
    checkout.renewals += 1;
    checkout.renewal = Some((payment.clone(), renewed.clone()));
    if let Some(attempt) = checkout.attempt(renewed) {
        attempt.is_renewal_asked = true;
    }
    Reaction::ask([Step::RenewHold { payment, paid_by: renewed.clone(), amount }])
}

/// Money is held by another attempt while the shop owes the goods: what is packed is paid with it, the holds in whose place it
/// is are let go. Where one of those was taken from meanwhile, the new one is let go instead: it holds another amount than what is
/// still to be taken.
pub(super) fn held_anew(
    checkout: &mut Checkout,
    payment: &PaymentId,
    expires_at: Option<Timestamp>,
    at: Timestamp,
) -> Reaction {
    let replaced = replaced_by(checkout, payment);
    if !replaced.is_empty() && is_outpaced(checkout, payment) {
        return let_go_and_renew_later(checkout, payment, at);
    }
    let mut reaction = Reaction::default();
    for replaced in &replaced {
        reaction.asks.extend(replace(checkout, replaced).asks);
    }
    hold(checkout, payment, expires_at, at);
    // Units may have been taken out of their parcels since it was asked for.
    checkout.is_reduced |= checkout.holds_too_much();
    let is_guaranteed = checkout.is_guaranteed();
    answer_about(checkout, payment, |attempt| match is_guaranteed {
        true => CheckoutStatus::PaidAnew { attempt },
        false => CheckoutStatus::PartlyAuthorised { attempt },
    });
    reaction.asks.push(note_payment(payment, "authorised"));
    let packed = checkout.parcels.iter().filter(|(_, parcel)| parcel.state == ParcelState::Packed);
    // Nothing is taken before all of it is held.
    let packed = packed.map(|(id, _)| id.clone()).filter(|_| is_guaranteed).collect::<Vec<_>>();
    for fulfilment in packed {
        reaction.asks.extend(capture(checkout, &fulfilment).asks);
    }
    if is_guaranteed {
        // It is paid: nobody need decide about it.
        checkout.is_asking_for_money = false;
        reaction = reaction.withdraw(TASK_HOLD);
    }
    watch(checkout, reaction)
}

/// Returns whether money was taken since an attempt was asked to hold everything, or is being taken now.
fn is_outpaced(checkout: &Checkout, payment: &PaymentId) -> bool {
    let holds_all = checkout.attempts.iter().any(|known| known.payment == *payment && known.amount.is_none());
    checkout.is_capturing() || (holds_all && checkout.is_taking())
}

/// Lets a hold go that came too late, and renews what it was to renew a little later, for what is to be taken then.
fn let_go_and_renew_later(checkout: &mut Checkout, payment: &PaymentId, at: Timestamp) -> Reaction {
    let renewed = checkout.attempt(payment).and_then(|attempt| attempt.renews.clone());
    let reaction = undo_payment(checkout, payment);
    if let Some(renewed) = renewed.and_then(|renewed| checkout.attempt(&renewed)) {
        renewed.renew_at = Some(at.plus_seconds(RENEW_AGAIN_SECONDS));
    }
    watch(checkout, reaction)
}

/// Lets a hold go in whose place another one is. What it took stays taken, and nothing more is taken of it.
fn replace(checkout: &mut Checkout, replaced: &PaymentId) -> Reaction {
    let currency = checkout.parcels.values().next().map(|parcel| parcel.share.currency());
    let Some(attempt) = checkout.attempt(replaced) else { return Reaction::default() };
    let Some(currency) = currency.filter(|_| attempt.taken_minor > 0) else { return undo_payment(checkout, replaced) };
    attempt.amount = Some(Money::new(attempt.taken_minor, currency));
    let is_held = std::mem::replace(&mut attempt.hold, Hold::Over) == Hold::Standing;
    Reaction::ask(is_held.then(|| Step::LetGoRest { payment: replaced.clone() }))
}

/// Returns the holds in whose place another one is: that which it renews, or of a part each that has ended; every other, where
/// it holds everything.
fn replaced_by(checkout: &Checkout, payment: &PaymentId) -> Vec<PaymentId> {
    let Some(newest) = checkout.attempts.iter().find(|attempt| attempt.payment == *payment) else { return Vec::new() };
    let is_replaced = |attempt: &&Attempt| match (&newest.renews, newest.amount) {
        (_, None) => true,
        (Some(renewed), Some(_)) => attempt.payment == *renewed,
        (None, Some(_)) => attempt.hold != Hold::Standing,
    };
    checkout.paying().filter(is_replaced).map(|attempt| attempt.payment.clone()).collect()
}

/// The order takes no other attempt.
pub(super) fn not_renewed(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    if checkout.is_renewing() && checkout.renewal.as_ref().is_some_and(|(renewal, _)| renewal == payment) {
        checkout.renewal = None;
    }
    ask_for_money(checkout)
}

/// A hold has ended: it is renewed now where nobody tried before, else people are asked.
pub(super) fn expired(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let Some(attempt) = checkout.attempt(payment) else { return Reaction::default() };
    attempt.hold = Hold::Over;
    // Nobody was awake in time.
    let reaction = if attempt.is_renewal_asked { Reaction::default() } else { renew(checkout, payment) };
    if reaction.is_nothing() { ask_for_money(checkout) } else { reaction }
}

/// Asks people, once, where parcels wait for money that nobody holds and no answer of a bank is awaited.
pub(super) fn ask_for_money(checkout: &mut Checkout) -> Reaction {
    let is_held = checkout.is_guaranteed();
    let is_asked = checkout.attempts.last().is_some_and(|attempt| attempt.state == AttemptState::Asked);
    let is_owed = checkout.is_owed() && checkout.has_waiting_parcel();
    if !is_owed || is_held || is_asked || checkout.is_renewing() || checkout.is_asking_for_money {
        return Reaction::default();
    }
    checkout.is_asking_for_money = true;
    let question = "the money of this order is held no longer: parcels that are not paid must not leave. Ask the buyer to pay \
        it again, or decide";
    Reaction::default().task(TASK_HOLD, question, &["renew", "cancel_order"])
}

/// People want the money to be held anew with the card that was used; where the buyer has paid meanwhile nothing is needed.
pub(super) fn renew_as_decided(checkout: &mut Checkout) -> Reaction {
    checkout.is_asking_for_money = false;
    let lost = checkout.paying().find(|attempt| attempt.hold != Hold::Standing && attempt.left_minor() > 0);
    let lost = lost.or(checkout.attempts.first().filter(|_| checkout.paying().next().is_none()));
    match lost.map(|attempt| attempt.payment.clone()) {
        Some(lost) => renew(checkout, &lost),
        None => Reaction::default(),
    }
}
