//! What a checkout does about what it is told.

use domain::order::RETURN_WINDOW_DAYS;
use domain::values::{FulfilmentId, PaymentId, Timestamp};

use super::state::{Attempt, AttemptState, Checkout, Parcel, ParcelState, Stage, Why};
use super::{
    CheckoutInput as Input, CheckoutStatus, CheckoutStep as Step, TASK_CAPTURE, TASK_LOST, TASK_PARTLY_CANCELLED,
    TASK_UNDO_PAYMENT,
};
use crate::engine;

type Reaction = engine::Reaction<Step>;

/// The timer of the buyer's time to pay.
pub(super) const TIMER_PAYMENT: &str = "payment";
/// The timer of the time to return.
pub(super) const TIMER_RETURN: &str = "return";

const SECONDS_PER_DAY: i64 = 86_400;

pub(super) fn react(checkout: &mut Checkout, input: &Input, at: Timestamp) -> Reaction {
    match input {
        Input::Started { cart } => started(checkout, cart),
        Input::Reserved { .. } | Input::Short { .. } | Input::Placed { .. } => promised(checkout, input, at),
        Input::PaymentRequested { .. }
        | Input::Authorised { .. }
        | Input::AuthorisedTooLate { .. }
        | Input::ActionRequired { .. }
        | Input::Declined { .. } => paid(checkout, input),
        Input::Allocated { .. } | Input::Confirmed | Input::FulfilmentsRequested { .. } => owed(checkout, input),
        Input::Packed { fulfilment } => packed(checkout, fulfilment),
        Input::Captured { fulfilment } => captured(checkout, fulfilment),
        Input::CaptureFailed { fulfilment, code } => capture_failed(checkout, fulfilment, code),
        Input::HandedOver { fulfilment, at } => moved(checkout, fulfilment, ParcelState::HandedOver, *at),
        Input::Delivered { fulfilment, at } => moved(checkout, fulfilment, ParcelState::Delivered, *at),
        Input::Lost { fulfilment } => moved(checkout, fulfilment, ParcelState::Lost, at),
        Input::CancellationRequested { reason } => cancellation_requested(checkout, reason),
        Input::FulfilmentsCancelled => fulfilments_cancelled(checkout),
        Input::FulfilmentsLeft { cancelled } => fulfilments_left(checkout, cancelled),
        Input::PaymentUndone { payment } => payment_undone(checkout, payment),
        Input::PaymentNotUndone { payment, code } => payment_not_undone(payment, code),
        Input::StockReleased => undone(checkout),
        Input::Done => Reaction::default(),
        Input::PaymentTimeOver => payment_time_over(checkout),
        Input::ReturnTimeOver => return_time_over(checkout),
        Input::Decided { task, choice } => decided(checkout, task, choice),
        Input::GaveUp { step } => gave_up(checkout, step),
    }
}

fn started(checkout: &mut Checkout, cart: &domain::values::CartId) -> Reaction {
    if checkout.stage != Stage::New {
        return Reaction::default();
    }
    checkout.stage = Stage::Reserving;
    checkout.cart = Some(cart.clone());
    Reaction::ask([Step::Reserve { cart: cart.clone() }])
}

fn promised(checkout: &mut Checkout, input: &Input, at: Timestamp) -> Reaction {
    match (input, checkout.stage) {
        (Input::Reserved { routed }, Stage::Reserving) => {
            checkout.stage = Stage::Placing;
            checkout.routed = routed.clone();
            Reaction::ask(checkout.cart.clone().map(|cart| Step::Place { cart, placed_at: at }))
        }
        (Input::Short { shortages }, Stage::Reserving | Stage::Allocating) => {
            checkout.shortages = shortages.clone();
            undo(checkout, Why::Rejected { code: "INSUFFICIENT_STOCK".to_owned() })
        }
        (Input::Placed { payment, pay_until }, Stage::Placing) => {
            checkout.is_placed = true;
            match payment {
                Some(payment) => {
                    checkout.stage = Stage::Paying;
                    begin_attempt(checkout, payment).wait(TIMER_PAYMENT, *pay_until)
                }
                None => allocate(checkout),
            }
        }
        _ => Reaction::default(),
    }
}

fn begin_attempt(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    checkout.answer = CheckoutStatus::Pending;
    checkout.attempts.push(Attempt { payment: payment.clone(), state: AttemptState::Asked, undos: 0 });
    Reaction::ask([Step::Authorise { payment: payment.clone() }])
}

fn allocate(checkout: &mut Checkout) -> Reaction {
    checkout.stage = Stage::Allocating;
    let routed = checkout.routed.clone();
    Reaction::ask(checkout.cart.clone().map(|cart| Step::Allocate { cart, routed })).stop(TIMER_PAYMENT)
}

fn paid(checkout: &mut Checkout, input: &Input) -> Reaction {
    let number = u32::try_from(checkout.attempts.len()).unwrap_or(u32::MAX);
    let is_paying = checkout.stage == Stage::Paying;
    match input {
        Input::PaymentRequested { payment } => payment_requested(checkout, payment),
        Input::Authorised { payment } => authorised(checkout, payment),
        Input::AuthorisedTooLate { payment } => undo_payment(checkout, payment),
        Input::ActionRequired { payment, url } => {
            if !is_paying || !is_waiting_for(checkout, payment) {
                return Reaction::default();
            }
            set_attempt(checkout, payment, AttemptState::ActionRequired { url: url.clone() });
            checkout.answer = CheckoutStatus::ActionRequired { url: url.clone(), attempt: number };
            Reaction::ask([note_payment(payment, "requires_action")])
        }
        Input::Declined { payment, code } => {
            if !is_waiting_for(checkout, payment) {
                return Reaction::default();
            }
            set_attempt(checkout, payment, AttemptState::Declined { code: code.clone() });
            if !is_paying || !checkout.is_current(payment) {
                return Reaction::default();
            }
            checkout.answer = CheckoutStatus::Declined { code: code.clone(), attempt: number };
            Reaction::ask([note_payment(payment, "declined")])
        }
        _ => Reaction::default(),
    }
}

fn note_payment(payment: &PaymentId, what: &str) -> Step {
    Step::NotePayment { payment: payment.clone(), what: what.to_owned() }
}

fn is_waiting_for(checkout: &mut Checkout, payment: &PaymentId) -> bool {
    let waits = |state: &AttemptState| matches!(state, AttemptState::Asked | AttemptState::ActionRequired { .. });
    checkout.attempt(payment).is_some_and(|attempt| waits(&attempt.state))
}

fn set_attempt(checkout: &mut Checkout, payment: &PaymentId, state: AttemptState) {
    if let Some(attempt) = checkout.attempt(payment) {
        attempt.state = state;
    }
}

/// The buyer chose another method: what the one before may still hold is let go.
fn payment_requested(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let is_known = checkout.attempt(payment).is_some();
    if is_known || checkout.stage != Stage::Paying {
        return Reaction::default();
    }
    let before = checkout.attempts.last().map(|attempt| attempt.payment.clone());
    let mut reaction = match before {
        Some(before) if is_waiting_for(checkout, &before) => undo_payment(checkout, &before),
        Some(_) | None => Reaction::default(),
    };
    reaction.asks.extend(begin_attempt(checkout, payment).asks);
    reaction
}

fn authorised(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let Some(attempt) = checkout.attempt(payment) else { return Reaction::default() };
    match attempt.state {
        AttemptState::Asked | AttemptState::ActionRequired { .. } => {}
        // Undoing finds the money by itself; declined and undone cannot hold any unless it is told as too late.
        AttemptState::Authorised | AttemptState::Declined { .. } | AttemptState::Undoing | AttemptState::Undone => {
            return Reaction::default();
        }
    }
    if checkout.stage != Stage::Paying || !checkout.is_current(payment) {
        return undo_payment(checkout, payment);
    }
    set_attempt(checkout, payment, AttemptState::Authorised);
    allocate(checkout)
}

fn undo_payment(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let Some(attempt) = checkout.attempt(payment) else { return Reaction::default() };
    attempt.state = AttemptState::Undoing;
    attempt.undos += 1;
    let step = Step::UndoPayment { payment: payment.clone(), round: attempt.undos };
    Reaction::ask([step])
}

fn owed(checkout: &mut Checkout, input: &Input) -> Reaction {
    match (input, checkout.stage) {
        (Input::Allocated { routed }, Stage::Allocating) => {
            checkout.routed = routed.clone();
            if let Some(reason) = checkout.cancellation.take() {
                return undo(checkout, Why::Cancelled { reason });
            }
            checkout.stage = Stage::Confirming;
            Reaction::ask([Step::Confirm { payment: checkout.paying().cloned() }])
        }
        (Input::Confirmed, Stage::Confirming) => {
            checkout.stage = Stage::Fulfilling;
            checkout.answer = CheckoutStatus::Confirmed;
            let routed = checkout.routed.clone();
            let mut reaction = Reaction::ask([Step::RequestFulfilments { routed }]);
            reaction.asks.extend(checkout.cart.clone().map(|cart| Step::CompleteCart { cart }));
            reaction
        }
        (Input::FulfilmentsRequested { parcels }, Stage::Fulfilling) => {
            for (fulfilment, location, share) in parcels {
                let (location, share) = (location.clone(), *share);
                let parcel = Parcel { location, share, state: ParcelState::Requested, captures: 0 };
                checkout.parcels.insert(fulfilment.clone(), parcel);
            }
            match checkout.cancellation.take() {
                Some(reason) => cancel(checkout, reason),
                None => Reaction::default(),
            }
        }
        _ => Reaction::default(),
    }
}

fn packed(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    if parcel.state != ParcelState::Requested || checkout.stage != Stage::Fulfilling {
        return Reaction::default();
    }
    parcel.state = ParcelState::Packed;
    capture(checkout, fulfilment)
}

fn capture(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let payment = checkout.paying().cloned();
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    let (amount, fulfilment) = (parcel.share, fulfilment.clone());
    match payment {
        Some(payment) if amount.minor() > 0 => {
            parcel.captures += 1;
            Reaction::ask([Step::Capture { fulfilment, payment, amount, round: parcel.captures }])
        }
        // Nothing is owed for this parcel: a coupon paid for it all.
        Some(_) | None => captured(checkout, &fulfilment),
    }
}

fn captured(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    if parcel.state != ParcelState::Packed {
        return Reaction::default();
    }
    parcel.state = ParcelState::Paid;
    let parcels = checkout.parcels.keys().cloned().collect();
    Reaction::ask([Step::ReleaseParcel { fulfilment: fulfilment.clone(), parcels }])
}

fn capture_failed(checkout: &mut Checkout, fulfilment: &FulfilmentId, code: &str) -> Reaction {
    if checkout.stage != Stage::Fulfilling {
        return Reaction::default();
    }
    let question = format!("the money of parcel {fulfilment} could not be taken ({code}): it must not leave unpaid");
    Reaction::default().task(format!("{TASK_CAPTURE}/{fulfilment}"), question, &["retry", "cancel_order"])
}

fn moved(checkout: &mut Checkout, fulfilment: &FulfilmentId, state: ParcelState, at: Timestamp) -> Reaction {
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    // A parcel that was called off stays so; any other only moves forward, a lost one may still arrive.
    if parcel.state == ParcelState::Cancelled || parcel.state >= state {
        return Reaction::default();
    }
    let left_now = parcel.state < ParcelState::HandedOver;
    let location = parcel.location.clone();
    parcel.state = state;
    let mut reaction = Reaction::default();
    if left_now {
        let routed = checkout.routed.iter().filter(|part| part.location == location).cloned().collect();
        reaction.asks.push(Step::Dispatch { fulfilment: fulfilment.clone(), routed });
    }
    let parcels = checkout.parcels.keys().cloned().collect();
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
            let question = format!("parcel {fulfilment} is lost: give its money back, or wait for it to turn up?");
            reaction.task(format!("{TASK_LOST}/{fulfilment}"), question, &["refund", "wait"])
        }
        ParcelState::Delivered => {
            checkout.delivered_at = checkout.delivered_at.max(Some(at));
            let end = checkout.delivered_at.unwrap_or(at).plus_seconds(RETURN_WINDOW_DAYS * SECONDS_PER_DAY + 1);
            if checkout.is_delivered() { reaction.wait(TIMER_RETURN, end) } else { reaction }
        }
        ParcelState::Cancelled
        | ParcelState::Requested
        | ParcelState::Packed
        | ParcelState::Paid
        | ParcelState::HandedOver => reaction,
    }
}

fn cancellation_requested(checkout: &mut Checkout, reason: &str) -> Reaction {
    match checkout.stage {
        Stage::Paying => undo(checkout, Why::Cancelled { reason: reason.to_owned() }),
        Stage::Fulfilling if !checkout.parcels.is_empty() => cancel(checkout, reason.to_owned()),
        Stage::New | Stage::Undoing | Stage::Over => Reaction::default(),
        // A step is under way that is quicker finished than stopped; then it is undone.
        Stage::Reserving | Stage::Placing | Stage::Allocating | Stage::Confirming | Stage::Fulfilling => {
            checkout.cancellation = Some(reason.to_owned());
            Reaction::default()
        }
    }
}

/// Calls the parcels off first: once one has left, the order stands.
fn cancel(checkout: &mut Checkout, reason: String) -> Reaction {
    checkout.why = Some(Why::Cancelled { reason });
    let fulfilments = checkout.parcels.keys().cloned().collect();
    Reaction::ask([Step::CancelFulfilments { fulfilments }])
}

fn fulfilments_cancelled(checkout: &mut Checkout) -> Reaction {
    checkout.parcels.values_mut().for_each(|parcel| parcel.state = ParcelState::Cancelled);
    match checkout.why.clone() {
        Some(why) => undo(checkout, why),
        None => Reaction::default(),
    }
}

fn fulfilments_left(checkout: &mut Checkout, cancelled: &[FulfilmentId]) -> Reaction {
    checkout.why = None;
    for fulfilment in cancelled {
        if let Some(parcel) = checkout.parcels.get_mut(fulfilment) {
            parcel.state = ParcelState::Cancelled;
        }
    }
    let reaction = Reaction::ask([Step::KeepOrder]);
    if cancelled.is_empty() {
        return reaction;
    }
    let question =
        format!("{} parcels were called off after another had left: give their money back?", cancelled.len());
    reaction.task(TASK_PARTLY_CANCELLED, question, &["refund"])
}

/// Undoes everything that was asked for: stock and money side by side, then the order and the cart.
fn undo(checkout: &mut Checkout, why: Why) -> Reaction {
    checkout.stage = Stage::Undoing;
    checkout.why = Some(why);
    let mut reaction = Reaction::default().stop(TIMER_PAYMENT);
    reaction.asks.extend(checkout.cart.clone().map(|cart| Step::ReleaseStock { cart }));
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
    checkout.undos_open = u32::try_from(reaction.asks.len()).unwrap_or(u32::MAX);
    reaction
}

fn payment_undone(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    set_attempt(checkout, payment, AttemptState::Undone);
    undone(checkout)
}

fn payment_not_undone(payment: &PaymentId, code: &str) -> Reaction {
    let question =
        format!("the money of payment {payment} could not be given back ({code}): try again, or paid by hand?");
    Reaction::default().task(format!("{TASK_UNDO_PAYMENT}/{payment}"), question, &["retry", "paid_by_hand"])
}

/// One undo is done; after the last one the order and the cart are told.
fn undone(checkout: &mut Checkout) -> Reaction {
    if checkout.stage != Stage::Undoing {
        return Reaction::default();
    }
    checkout.undos_open = checkout.undos_open.saturating_sub(1);
    if checkout.undos_open > 0 {
        return Reaction::default();
    }
    finish_undo(checkout)
}

fn finish_undo(checkout: &mut Checkout) -> Reaction {
    checkout.stage = Stage::Over;
    let reopen = |code: &str| checkout.cart.clone().map(|cart| Step::ReopenCart { cart, code: code.to_owned() });
    match checkout.why.clone() {
        Some(Why::Rejected { code }) => {
            let mut reaction = Reaction::ask(reopen(&code));
            if checkout.is_placed {
                reaction.asks.push(Step::RejectOrder { code: code.clone() });
            }
            checkout.answer = if checkout.shortages.is_empty() {
                CheckoutStatus::Rejected { code }
            } else {
                CheckoutStatus::OutOfStock { shortages: checkout.shortages.clone() }
            };
            reaction.end("rejected")
        }
        Some(Why::Cancelled { reason }) => {
            checkout.answer = CheckoutStatus::Cancelled;
            let mut reaction = Reaction::ask([Step::CancelOrder { reason }]);
            if checkout.parcels.is_empty() {
                reaction.asks.extend(reopen("ORDER_CANCELLED"));
            }
            reaction.end("cancelled")
        }
        None => Reaction::default(),
    }
}

fn payment_time_over(checkout: &mut Checkout) -> Reaction {
    if checkout.stage != Stage::Paying {
        return Reaction::default();
    }
    let code = match checkout.attempts.last().map(|attempt| &attempt.state) {
        Some(AttemptState::Declined { .. }) => "PAYMENT_DECLINED",
        Some(_) | None => "PAYMENT_TIMEOUT",
    };
    undo(checkout, Why::Rejected { code: code.to_owned() })
}

fn return_time_over(checkout: &mut Checkout) -> Reaction {
    if checkout.stage != Stage::Fulfilling {
        return Reaction::default();
    }
    checkout.stage = Stage::Over;
    Reaction::ask([Step::CompleteOrder]).end("completed")
}

fn decided(checkout: &mut Checkout, task: &str, choice: &str) -> Reaction {
    let (name, subject) = task.split_once('/').unwrap_or((task, ""));
    match (name, choice) {
        (TASK_CAPTURE, "retry") => subject.parse().map_or_else(|_| Reaction::default(), |id| capture(checkout, &id)),
        (TASK_CAPTURE, _) => cancel(checkout, "the money could not be taken".to_owned()),
        (TASK_LOST, "refund") => subject.parse().map_or_else(|_| Reaction::default(), |id| refund(checkout, &[id])),
        (TASK_PARTLY_CANCELLED, "refund") => {
            let cancelled = checkout.parcels.iter().filter(|(_, parcel)| parcel.state == ParcelState::Cancelled);
            let cancelled: Vec<_> = cancelled.map(|(id, _)| id.clone()).collect();
            refund(checkout, &cancelled)
        }
        (TASK_UNDO_PAYMENT, "retry") => {
            subject.parse().map_or_else(|_| Reaction::default(), |id| undo_payment(checkout, &id))
        }
        (TASK_UNDO_PAYMENT, _) => {
            subject.parse().map_or_else(|_| Reaction::default(), |id| payment_undone(checkout, &id))
        }
        _ => Reaction::default(),
    }
}

fn refund(checkout: &Checkout, fulfilments: &[FulfilmentId]) -> Reaction {
    let Some(payment) = checkout.paying() else { return Reaction::default() };
    Reaction::ask(fulfilments.iter().filter_map(|fulfilment| {
        let amount = checkout.parcels.get(fulfilment)?.share;
        let (fulfilment, payment) = (fulfilment.clone(), payment.clone());
        (amount.minor() > 0).then_some(Step::RefundParcel { fulfilment, payment, amount })
    }))
}

/// A human gave a step up. Before the order is owed everything is undone; an undo that is given up counts as done by
/// hand; anything else was done by hand.
fn gave_up(checkout: &mut Checkout, step: &str) -> Reaction {
    match checkout.stage {
        Stage::Reserving | Stage::Placing | Stage::Paying | Stage::Allocating | Stage::Confirming => {
            undo(checkout, Why::Rejected { code: "GIVEN_UP".to_owned() })
        }
        Stage::Undoing if step.starts_with("undo_payment") || step.starts_with("release_stock") => undone(checkout),
        Stage::New | Stage::Fulfilling | Stage::Undoing | Stage::Over => Reaction::default(),
    }
}
