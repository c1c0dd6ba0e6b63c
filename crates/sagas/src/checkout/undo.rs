//! How a checkout undoes what it asked for: stock, uses of promotions and money side by side, then the order and the cart are
//! told.

use domain::order::AdditionEnd;
use domain::values::PaymentId;

use super::addition;
use super::react::TIMER_PAYMENT;
use super::state::{AttemptState, Checkout, Stage, Why};
use super::{CheckoutStatus, CheckoutStep as Step, TASK_UNDO_PAYMENT};
use crate::engine;

type Reaction = engine::Reaction<Step>;

/// A payment is authorised too late once; the feed and the answer of the step both tell it.
pub(super) fn authorised_too_late(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let Some(attempt) = checkout.attempt(payment) else { return Reaction::default() };
    // An attempt that pays is not given up for it: that would give back what the parcels are paid with.
    if attempt.state == AttemptState::Authorised || std::mem::replace(&mut attempt.is_late, true) {
        return Reaction::default();
    }
    undo_payment(checkout, payment)
}

pub(super) fn undo_payment(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let reaction = ask_undo(checkout, payment);
    checkout.undos_open += u32::from(!reaction.asks.is_empty());
    reaction
}

/// An undo that failed is tried again: it is counted as open already.
pub(super) fn undo_again(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    match checkout.attempt(payment).map(|attempt| &attempt.state) {
        Some(AttemptState::Undoing | AttemptState::Undone) => ask_undo(checkout, payment),
        Some(
            AttemptState::Asked
            | AttemptState::ActionRequired { .. }
            | AttemptState::Declined { .. }
            | AttemptState::Authorised,
        )
        | None => Reaction::default(),
    }
}

fn ask_undo(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let Some(attempt) = checkout.attempt(payment) else { return Reaction::default() };
    attempt.state = AttemptState::Undoing;
    attempt.undos += 1;
    let step = Step::UndoPayment { payment: payment.clone(), round: attempt.undos };
    Reaction::ask([step])
}

/// Undoes everything that was asked for: stock, uses of promotions and money side by side, then the order and the cart.
pub(super) fn undo(checkout: &mut Checkout, why: Why) -> Reaction {
    checkout.stage = Stage::Undoing;
    checkout.why = Some(why);
    let mut reaction = Reaction::default().stop(TIMER_PAYMENT);
    reaction.asks.extend(checkout.cart.clone().map(|cart| Step::ReleaseStock { cart }));
    if checkout.is_redeeming {
        reaction.asks.push(Step::ReleasePromotions { promotions: checkout.promotions.clone() });
    }
    reaction.asks.extend(addition::leave(checkout, AdditionEnd::CalledOff));
    // An attempt that was replaced may be undone already and not have answered yet: it counts too.
    checkout.undos_open += u32::try_from(reaction.asks.len()).unwrap_or(u32::MAX);
    let owing: Vec<_> = checkout
        .attempts
        .iter()
        .filter(|attempt| match attempt.state {
            AttemptState::Asked | AttemptState::ActionRequired { .. } | AttemptState::Authorised => true,
            AttemptState::Declined { .. } | AttemptState::Undoing | AttemptState::Undone => false,
        })
        .map(|attempt| attempt.payment.clone())
        .collect();
    for payment in owing {
        reaction.asks.extend(undo_payment(checkout, &payment).asks);
    }
    reaction
}

pub(super) fn payment_undone(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    if let Some(attempt) = checkout.attempt(payment)
        && attempt.state == AttemptState::Undoing
    {
        attempt.state = AttemptState::Undone;
    }
    undone(checkout)
}

pub(super) fn payment_not_undone(payment: &PaymentId, code: &str) -> Reaction {
    let question =
        format!("the money of payment {payment} could not be given back ({code}): try again, or paid by hand?");
    Reaction::default().task(format!("{TASK_UNDO_PAYMENT}/{payment}"), question, &["retry", "paid_by_hand"])
}

/// One undo is done; after the last one the order and the cart are told.
pub(super) fn undone(checkout: &mut Checkout) -> Reaction {
    checkout.undos_open = checkout.undos_open.saturating_sub(1);
    if checkout.stage != Stage::Undoing || checkout.undos_open > 0 {
        return Reaction::default();
    }
    finish_undo(checkout)
}

fn finish_undo(checkout: &mut Checkout) -> Reaction {
    checkout.stage = Stage::Over;
    let reopen = |code: &str| {
        let (code, withheld) = (code.to_owned(), checkout.refusals.clone());
        checkout.cart.clone().map(|cart| Step::ReopenCart { cart, code, withheld })
    };
    match checkout.why.clone() {
        Some(Why::Rejected { code }) => {
            let mut reaction = Reaction::ask(reopen(&code));
            if checkout.is_placed {
                reaction.asks.push(Step::RejectOrder { code: code.clone() });
            }
            checkout.answer = if !checkout.shortages.is_empty() {
                CheckoutStatus::OutOfStock { shortages: checkout.shortages.clone() }
            } else if !checkout.refusals.is_empty() {
                CheckoutStatus::PromotionRefused { refusals: checkout.refusals.clone() }
            } else {
                CheckoutStatus::Rejected { code }
            };
            reaction.end("rejected")
        }
        Some(Why::Cancelled { reason }) => {
            checkout.answer = CheckoutStatus::Cancelled;
            let mut reaction = Reaction::ask([Step::CancelOrder { reason }]);
            if !checkout.was_confirmed {
                reaction.asks.extend(reopen("ORDER_CANCELLED"));
            }
            reaction.end("cancelled")
        }
        None => Reaction::default(),
    }
}
