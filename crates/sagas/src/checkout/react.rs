//! What a checkout does about what it is told.

use domain::order::RETURN_WINDOW_DAYS;
use domain::values::{FulfilmentId, LocationId, Money, PaymentId, Timestamp};

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
            match (checkout.cancellation.take(), payment) {
                (Some(reason), _) => undo(checkout, Why::Cancelled { reason }),
                (None, Some(payment)) => pay(checkout, payment).wait(TIMER_PAYMENT, *pay_until),
                (None, None) => allocate(checkout),
            }
        }
        _ => Reaction::default(),
    }
}

fn pay(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    checkout.stage = Stage::Paying;
    let mut reaction = begin_attempt(checkout, payment);
    if let Some(early) = checkout.early_payment.take() {
        reaction.asks.extend(payment_requested(checkout, &early).asks);
    }
    reaction
}

fn begin_attempt(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    checkout.answer = CheckoutStatus::Pending;
    let (payment, state) = (payment.clone(), AttemptState::Asked);
    checkout.attempts.push(Attempt { payment: payment.clone(), state, undos: 0, is_late: false });
    Reaction::ask([Step::Authorise { payment }])
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
        Input::AuthorisedTooLate { payment } => authorised_too_late(checkout, payment),
        Input::ActionRequired { payment, url } => {
            let state = AttemptState::ActionRequired { url: url.clone() };
            let is_known = checkout.attempt(payment).is_some_and(|attempt| attempt.state == state);
            if !is_paying || is_known || !is_waiting_for(checkout, payment) {
                return Reaction::default();
            }
            set_attempt(checkout, payment, state);
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
    if checkout.stage == Stage::Placing {
        checkout.early_payment = Some(payment.clone());
    }
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

/// A payment is authorised too late once; the feed and the answer of the step both tell it.
fn authorised_too_late(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let Some(attempt) = checkout.attempt(payment) else { return Reaction::default() };
    // An attempt that pays is not given up for it: that would give back what the parcels are paid with.
    if attempt.state == AttemptState::Authorised || std::mem::replace(&mut attempt.is_late, true) {
        return Reaction::default();
    }
    undo_payment(checkout, payment)
}

fn undo_payment(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
    let reaction = ask_undo(checkout, payment);
    checkout.undos_open += u32::from(!reaction.asks.is_empty());
    reaction
}

fn ask_undo(checkout: &mut Checkout, payment: &PaymentId) -> Reaction {
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
        (Input::FulfilmentsRequested { parcels }, Stage::Fulfilling) => fulfilments_requested(checkout, parcels),
        _ => Reaction::default(),
    }
}

fn fulfilments_requested(checkout: &mut Checkout, parcels: &[(FulfilmentId, LocationId, Money)]) -> Reaction {
    if !checkout.parcels.is_empty() {
        return Reaction::default();
    }
    for (fulfilment, location, share) in parcels {
        let (location, share, state) = (location.clone(), *share, ParcelState::Requested);
        let parcel = Parcel { location, share, state, captures: 0, is_captured: false };
        checkout.parcels.insert(fulfilment.clone(), parcel);
    }
    if let Some(reason) = checkout.cancellation.take() {
        return cancel(checkout, reason);
    }
    let mut reaction = Reaction::default();
    for fulfilment in std::mem::take(&mut checkout.early_packed) {
        reaction.asks.extend(packed(checkout, &fulfilment).asks);
    }
    reaction
}

fn packed(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    // The warehouse may be quicker than the answer that names its parcel.
    if matches!(checkout.stage, Stage::Fulfilling) && checkout.parcels.is_empty() {
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

fn capture(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let payment = checkout.paying().cloned();
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    if parcel.state != ParcelState::Packed || checkout.stage != Stage::Fulfilling {
        return Reaction::default();
    }
    let (amount, fulfilment) = (parcel.share, fulfilment.clone());
    if amount.minor() == 0 {
        // Nothing is owed for this parcel: a coupon paid for it all.
        return release_parcel(checkout, &fulfilment);
    }
    let Some(payment) = payment else {
        return capture_failed(checkout, &fulfilment, "no money is held");
    };
    parcel.captures += 1;
    Reaction::ask([Step::Capture { fulfilment, payment, amount, round: parcel.captures }])
}

fn captured(checkout: &mut Checkout, fulfilment: &FulfilmentId) -> Reaction {
    let is_fulfilling = checkout.stage == Stage::Fulfilling;
    let Some(parcel) = checkout.parcels.get_mut(fulfilment) else { return Reaction::default() };
    let is_repeat = std::mem::replace(&mut parcel.is_captured, true);
    match parcel.state {
        ParcelState::Packed => release_parcel(checkout, fulfilment),
        // The money was on its way while the parcel was called off and the order stands.
        ParcelState::Cancelled if is_fulfilling && !is_repeat => ask_about_cancelled(1),
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
    // None leaves before it is paid: the fulfilment itself refuses that.
    if parcel.state < ParcelState::Paid || parcel.state >= state {
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
            wait_for_returns(checkout, reaction)
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
        Stage::Fulfilling if !checkout.parcels.is_empty() && checkout.why.is_none() => {
            cancel(checkout, reason.to_owned())
        }
        Stage::New | Stage::Undoing | Stage::Over => Reaction::default(),
        Stage::Fulfilling if checkout.why.is_some() => Reaction::default(),
        // A step is under way that is quicker finished than stopped; then it is undone.
        Stage::Reserving | Stage::Placing | Stage::Allocating | Stage::Confirming | Stage::Fulfilling => {
            checkout.cancellation = Some(reason.to_owned());
            Reaction::default()
        }
    }
}

/// Calls the parcels off first: once one has left, the order stands.
fn cancel(checkout: &mut Checkout, reason: String) -> Reaction {
    if checkout.stage != Stage::Fulfilling || checkout.why.is_some() {
        return Reaction::default();
    }
    checkout.why = Some(Why::Cancelled { reason });
    let fulfilments = checkout.parcels.keys().cloned().collect();
    Reaction::ask([Step::CancelFulfilments { fulfilments }])
}

fn fulfilments_cancelled(checkout: &mut Checkout) -> Reaction {
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
fn fulfilments_left(checkout: &mut Checkout, cancelled: &[FulfilmentId]) -> Reaction {
    if checkout.stage != Stage::Fulfilling || checkout.why.take().is_none() {
        return Reaction::default();
    }
    let mut taken = 0;
    for fulfilment in cancelled {
        if let Some(parcel) = checkout.parcels.get_mut(fulfilment) {
            parcel.state = ParcelState::Cancelled;
            taken += usize::from(parcel.is_captured);
        }
    }
    let mut reaction = if taken > 0 { ask_about_cancelled(taken) } else { Reaction::default() };
    reaction.asks.push(Step::KeepOrder);
    wait_for_returns(checkout, reaction)
}

/// Money that was never taken needs no going back: what is still held of it lapses.
fn ask_about_cancelled(parcels: usize) -> Reaction {
    let question = format!("{parcels} paid parcels were called off after another had left: give their money back?");
    Reaction::default().task(TASK_PARTLY_CANCELLED, question, &["refund"])
}

/// Waits for the end of the time to return, once every parcel that was sent has arrived.
fn wait_for_returns(checkout: &Checkout, reaction: Reaction) -> Reaction {
    match checkout.delivered_at {
        Some(delivered_at) if checkout.is_delivered() => {
            reaction.wait(TIMER_RETURN, delivered_at.plus_seconds(RETURN_WINDOW_DAYS * SECONDS_PER_DAY + 1))
        }
        Some(_) | None => reaction,
    }
}

/// Undoes everything that was asked for: stock and money side by side, then the order and the cart.
fn undo(checkout: &mut Checkout, why: Why) -> Reaction {
    checkout.stage = Stage::Undoing;
    checkout.why = Some(why);
    let mut reaction = Reaction::default().stop(TIMER_PAYMENT);
    reaction.asks.extend(checkout.cart.clone().map(|cart| Step::ReleaseStock { cart }));
    // An attempt that was replaced may be undone already and not have answered yet: it counts too.
    checkout.undos_open += u32::from(!reaction.asks.is_empty());
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
    checkout.undos_open = checkout.undos_open.saturating_sub(1);
    if checkout.stage != Stage::Undoing || checkout.undos_open > 0 {
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
            let cancelled = checkout
                .parcels
                .iter()
                .filter(|(_, parcel)| parcel.state == ParcelState::Cancelled && parcel.is_captured);
            let cancelled: Vec<_> = cancelled.map(|(id, _)| id.clone()).collect();
            refund(checkout, &cancelled)
        }
        (TASK_UNDO_PAYMENT, "retry") => {
            subject.parse().map_or_else(|_| Reaction::default(), |id| ask_undo(checkout, &id))
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

/// A human gave a step up. A step that the order hangs on undoes everything; an undo that is given up counts as done by
/// hand; anything else was done by hand.
fn gave_up(checkout: &mut Checkout, step: &str) -> Reaction {
    let (name, subject) = step.split_once('/').unwrap_or((step, ""));
    let payment = subject.split('/').next().and_then(|id| id.parse::<PaymentId>().ok());
    let is_vital = match (name, checkout.stage) {
        ("reserve", Stage::Reserving) | ("place", Stage::Placing) => true,
        ("allocate", Stage::Allocating) | ("confirm", Stage::Confirming) => true,
        ("authorise", Stage::Paying) => payment.as_ref().is_some_and(|id| checkout.is_current(id)),
        _ => false,
    };
    match (name, payment) {
        _ if is_vital => undo(checkout, Why::Rejected { code: "GIVEN_UP".to_owned() }),
        ("undo_payment", Some(payment)) => payment_undone(checkout, &payment),
        ("release_stock", _) => undone(checkout),
        ("cancel_fulfilments", _) => fulfilments_left(checkout, &[]),
        _ => Reaction::default(),
    }
}
