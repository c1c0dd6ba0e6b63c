//! What a checkout does about what it is told.

use std::str::FromStr;

use domain::values::{CartId, Money, OrderId, PaymentId, PromotionId, Timestamp};

use super::addition;
use super::hold::{self, ask_for_money};
use super::lines;
use super::lost;
use super::money::{let_go_of_excess, undo_all};
use super::parcels::{
    cancel, capture, capture_failed, capture_given_up, captured, fulfilments_cancelled, fulfilments_left,
    fulfilments_requested, give_up, moved, packed, refund, return_time_over,
};
use super::shortfall;
use super::state::{Attempt, AttemptState, Checkout, Hold, ParcelState, Stage, Why};
use super::undo::{authorised_too_late, payment_not_undone, payment_undone, undo, undo_again, undo_payment, undone};
use super::{
    CheckoutInput as Input, CheckoutStatus, CheckoutStep as Step, TASK_BACK_ORDER, TASK_CAPTURE, TASK_HOLD, TASK_LOST,
    TASK_PARTLY_CANCELLED, TASK_SHORTFALL, TASK_UNDO_PAYMENT,
};
use crate::engine;

type Reaction = engine::Reaction<Step>;

/// The timer of the buyer's time to pay.
pub(super) const TIMER_PAYMENT: &str = "payment";
/// The timer of the time to return.
pub(super) const TIMER_RETURN: &str = "return";

pub(super) fn react(checkout: &mut Checkout, input: &Input, at: Timestamp) -> Reaction {
    match input {
        Input::Started { cart, promotions, adds_to } => started(checkout, cart, promotions, adds_to.as_ref()),
        Input::Reserved { .. }
        | Input::Short { .. }
        | Input::AdditionAccepted
        | Input::AdditionRefused { .. }
        | Input::PromotionsReserved
        | Input::PromotionsRefused { .. }
        | Input::Placed { .. } => promised(checkout, input, at),
        Input::PaymentRequested { .. }
        | Input::Authorised { .. }
        | Input::AuthorisedTooLate { .. }
        | Input::ActionRequired { .. }
        | Input::Declined { .. } => paid(checkout, input, at),
        Input::NotRenewed { payment } => hold::not_renewed(checkout, payment),
        Input::HoldExpired { payment } => hold::expired(checkout, payment),
        Input::HoldEnding => hold::ending(checkout, at),
        Input::Allocated { .. } | Input::Confirmed | Input::FulfilmentsRequested { .. } => owed(checkout, input),
        Input::BackOrdered { shortages } => shortfall::back_ordered(checkout, shortages),
        Input::UnitsCame => shortfall::look(checkout),
        Input::BackOrderFilled { routed } => shortfall::filled(checkout, routed),
        Input::ShortfallUndecided => shortfall::void(checkout),
        Input::BackOrderLate => shortfall::late(checkout),
        Input::Packed { fulfilment } => packed(checkout, fulfilment),
        Input::Captured { fulfilment } => captured(checkout, fulfilment),
        Input::CaptureFailed { fulfilment, code } => capture_failed(checkout, fulfilment, code),
        Input::HandedOver { fulfilment, at } => moved(checkout, fulfilment, ParcelState::HandedOver, *at),
        Input::Delivered { fulfilment, at } => moved(checkout, fulfilment, ParcelState::Delivered, *at),
        Input::Lost { fulfilment } => moved(checkout, fulfilment, ParcelState::Lost, at),
        Input::Reshipped { fulfilment, holder, parcels } => lost::reshipped(checkout, fulfilment, holder, parcels),
        Input::NotReshipped { fulfilment, shortages } => lost::not_reshipped(checkout, fulfilment, shortages),
        Input::LostForLong { fulfilment } => lost::for_long(checkout, fulfilment),
        Input::CancellationRequested { reason } => cancellation_requested(checkout, reason),
        Input::LineCancellationRequested { cancellation } => lines::asked(checkout, cancellation),
        Input::LinesCancelled { cancellation, parcels, .. } => lines::cancelled(checkout, cancellation, parcels, at),
        Input::FulfilmentsCancelled => fulfilments_cancelled(checkout),
        Input::FulfilmentsLeft { cancelled } => fulfilments_left(checkout, cancelled, at),
        Input::PaymentUndone { payment } => payment_undone(checkout, payment),
        Input::PaymentNotUndone { payment, code } => payment_not_undone(payment, code),
        Input::StockReleased | Input::PromotionsReleased | Input::AdditionReleased => undone(checkout),
        Input::Done | Input::StillWaiting => Reaction::default(),
        Input::PaymentTimeOver => payment_time_over(checkout),
        Input::ReturnTimeOver => return_time_over(checkout),
        Input::Decided { task, choice } => decided(checkout, (task, choice), at),
        Input::GaveUp { step } => gave_up(checkout, step, at),
    }
}

fn started(checkout: &mut Checkout, cart: &CartId, promotions: &[PromotionId], adds_to: Option<&OrderId>) -> Reaction {
    if checkout.stage != Stage::New {
        return Reaction::default();
    }
    checkout.stage = Stage::Reserving;
    (checkout.promotions, checkout.adds_to) = (promotions.to_vec(), adds_to.cloned());
    checkout.cart = Some(cart.clone());
    Reaction::ask([Step::Reserve { cart: cart.clone() }])
}

fn promised(checkout: &mut Checkout, input: &Input, at: Timestamp) -> Reaction {
    match (input, checkout.stage) {
        (Input::Reserved { routed }, Stage::Reserving) => {
            checkout.routed = routed.clone();
            addition::join(checkout).unwrap_or_else(|| redeem(checkout, at))
        }
        (Input::AdditionAccepted, Stage::Joining) => redeem(checkout, at),
        (Input::AdditionRefused { code }, Stage::Joining) => addition::refused(checkout, code),
        (Input::PromotionsReserved, Stage::Redeeming) => place(checkout, at),
        (Input::PromotionsRefused { refusals }, Stage::Redeeming) => {
            checkout.refusals = refusals.clone();
            let code = refusals.first().map_or("GIVEN_UP", |refused| refused.code.as_str());
            undo(checkout, Why::Rejected { code: code.to_owned() })
        }
        (Input::Short { shortages }, Stage::Reserving | Stage::BackOrdering) => {
            checkout.shortages = shortages.clone();
            undo(checkout, Why::Rejected { code: "INSUFFICIENT_STOCK".to_owned() })
        }
        (Input::Short { shortages }, Stage::Allocating) => shortfall::short(checkout, shortages, at),
        (Input::Placed { payment, amount, payable, pay_until, shortfall, back_order_until }, Stage::Placing) => {
            (checkout.is_placed, checkout.payable) = (true, *payable);
            (checkout.shortfall, checkout.back_order_until) = (*shortfall, *back_order_until);
            match (checkout.cancellation.take(), payment) {
                (Some(reason), _) => undo(checkout, Why::Cancelled { reason }),
                (None, Some(payment)) => pay(checkout, (payment, *amount)).wait(TIMER_PAYMENT, *pay_until),
                (None, None) => allocate(checkout),
            }
        }
        _ => Reaction::default(),
    }
}

/// Asks for a use of every promotion, where there is one; else goes on.
fn redeem(checkout: &mut Checkout, at: Timestamp) -> Reaction {
    if checkout.promotions.is_empty() {
        return place(checkout, at);
    }
    checkout.stage = Stage::Redeeming;
    checkout.is_redeeming = true;
    let promotions = checkout.promotions.clone();
    Reaction::ask(checkout.cart.clone().map(|cart| Step::ReservePromotions { cart, promotions }))
}

fn place(checkout: &mut Checkout, at: Timestamp) -> Reaction {
    checkout.stage = Stage::Placing;
    checkout.placed_at = Some(at);
    Reaction::ask(checkout.cart.clone().map(|cart| Step::Place { cart, placed_at: at }))
}

fn pay(checkout: &mut Checkout, attempt: (&PaymentId, Option<Money>)) -> Reaction {
    checkout.stage = Stage::Paying;
    checkout.answer = CheckoutStatus::Pending;
    let mut reaction = begin_attempt(checkout, attempt, None);
    if let Some((early, amount)) = checkout.early_payment.take() {
        reaction.asks.extend(payment_requested(checkout, &early, amount).asks);
    }
    reaction
}

fn begin_attempt(
    checkout: &mut Checkout,
    (payment, amount): (&PaymentId, Option<Money>),
    renews: Option<PaymentId>,
) -> Reaction {
    let (payment, is_renewal) = (payment.clone(), renews.is_some());
    checkout.attempts.push(Attempt {
        payment: payment.clone(),
        amount,
        taken_minor: 0,
        state: AttemptState::Asked,
        undos: 0,
        is_late: false,
        expires_at: None,
        renew_at: None,
        hold: Hold::Standing,
        renews,
        is_renewal_asked: false,
    });
    Reaction::ask([Step::Authorise { payment, is_renewal }])
}

fn allocate(checkout: &mut Checkout) -> Reaction {
    checkout.stage = Stage::Allocating;
    let routed = checkout.routed.clone();
    Reaction::ask(checkout.cart.clone().map(|cart| Step::Allocate { cart, routed })).stop(TIMER_PAYMENT)
}

fn paid(checkout: &mut Checkout, input: &Input, at: Timestamp) -> Reaction {
    let is_paying = matches!(checkout.stage, Stage::Paying | Stage::Fulfilling);
    match input {
        Input::PaymentRequested { payment, amount } => payment_requested(checkout, payment, *amount),
        Input::Authorised { payment, expires_at } => authorised(checkout, payment, *expires_at, at),
        Input::AuthorisedTooLate { payment } => authorised_too_late(checkout, payment),
        Input::ActionRequired { payment, url } => {
            let state = AttemptState::ActionRequired { url: url.clone() };
            let is_known = checkout.attempt(payment).is_some_and(|attempt| attempt.state == state);
            if !is_paying || is_known || !is_waiting_for(checkout, payment) {
                return Reaction::default();
            }
            set_attempt(checkout, payment, state);
            answer_about(checkout, payment, |attempt| CheckoutStatus::ActionRequired { url: url.clone(), attempt });
            and_ask_for_money(checkout, Reaction::ask([note_payment(payment, "requires_action")]))
        }
        Input::Declined { payment, code } => {
            if !is_waiting_for(checkout, payment) {
                return Reaction::default();
            }
            set_attempt(checkout, payment, AttemptState::Declined { code: code.clone() });
            if !is_paying || !checkout.is_current(payment) {
                return Reaction::default();
            }
            answer_about(checkout, payment, |attempt| CheckoutStatus::Declined { code: code.clone(), attempt });
            and_ask_for_money(checkout, Reaction::ask([note_payment(payment, "declined")]))
        }
        _ => Reaction::default(),
    }
}

/// Answers the buyer, who knows nothing of an attempt that renews a hold.
pub(super) fn answer_about(checkout: &mut Checkout, payment: &PaymentId, answer: impl FnOnce(u32) -> CheckoutStatus) {
    let number = u32::try_from(checkout.attempts.len()).unwrap_or(u32::MAX);
    if checkout.attempt(payment).is_some_and(|attempt| attempt.renews.is_none()) {
        checkout.answer = answer(number);
    }
}

fn and_ask_for_money(checkout: &mut Checkout, reaction: Reaction) -> Reaction {
    Reaction { task: ask_for_money(checkout).task, ..reaction }
}

pub(super) fn note_payment(payment: &PaymentId, what: &str) -> Step {
    Step::NotePayment { payment: payment.clone(), what: what.to_owned() }
}

fn is_waiting_for(checkout: &mut Checkout, payment: &PaymentId) -> bool {
    checkout.attempt(payment).is_some_and(|attempt| attempt.waits())
}

fn set_attempt(checkout: &mut Checkout, payment: &PaymentId, state: AttemptState) {
    if let Some(attempt) = checkout.attempt(payment) {
        attempt.state = state;
    }
}

/// The buyer chose another method: what one that is waited for may still hold is let go. Parts that are held stay.
fn payment_requested(checkout: &mut Checkout, payment: &PaymentId, amount: Option<Money>) -> Reaction {
    let is_known = checkout.attempt(payment).is_some();
    if checkout.stage == Stage::Placing {
        checkout.early_payment = Some((payment.clone(), amount));
    }
    if is_known || !(checkout.is_owed() || checkout.stage == Stage::Paying) {
        return Reaction::default();
    }
    let renews = checkout.renewal.clone().filter(|(renewal, _)| renewal == payment).map(|(_, renews)| renews);
    if renews.is_none() {
        checkout.answer = CheckoutStatus::Pending;
    }
    // Of several parts each is renewed by itself.
    let is_of_another = |attempt: &Attempt| amount.is_some() && renews.is_some() && attempt.renews != renews;
    let waiting = checkout.attempts.iter().filter(|attempt| attempt.waits() && !is_of_another(attempt));
    let replaced: Vec<_> = waiting.map(|attempt| attempt.payment.clone()).collect();
    let mut reaction = undo_all(checkout, &replaced);
    reaction.asks.extend(begin_attempt(checkout, (payment, amount), renews).asks);
    reaction
}

fn authorised(checkout: &mut Checkout, payment: &PaymentId, expires_at: Option<Timestamp>, at: Timestamp) -> Reaction {
    let Some(attempt) = checkout.attempt(payment) else { return Reaction::default() };
    match attempt.state {
        AttemptState::Asked | AttemptState::ActionRequired { .. } => {}
        // Undoing finds the money by itself; declined and undone cannot hold any unless it is told as too late.
        AttemptState::Authorised | AttemptState::Declined { .. } | AttemptState::Undoing | AttemptState::Undone => {
            return Reaction::default();
        }
    }
    if checkout.stage == Stage::Fulfilling && checkout.is_current(payment) {
        return hold::held_anew(checkout, payment, expires_at, at);
    }
    if checkout.stage != Stage::Paying || !checkout.is_current(payment) {
        return undo_payment(checkout, payment);
    }
    hold::hold(checkout, payment, expires_at, at);
    let mut reaction = let_go_of_excess(checkout, payment);
    if checkout.is_guaranteed() {
        let allocate = allocate(checkout);
        reaction.asks.extend(allocate.asks);
        return hold::watch(checkout, Reaction { asks: reaction.asks, ..allocate });
    }
    answer_about(checkout, payment, |attempt| CheckoutStatus::PartlyAuthorised { attempt });
    reaction.asks.push(note_payment(payment, "partially_authorised"));
    hold::watch(checkout, reaction)
}

fn owed(checkout: &mut Checkout, input: &Input) -> Reaction {
    match (input, checkout.stage) {
        (Input::Allocated { routed }, Stage::Allocating) => {
            checkout.routed = routed.clone();
            if let Some(reason) = checkout.cancellation.take() {
                return undo(checkout, Why::Cancelled { reason });
            }
            checkout.stage = Stage::Confirming;
            Reaction::ask([Step::Confirm { payment: checkout.first_paying().cloned(), back_order: None }])
        }
        (Input::Confirmed, Stage::Confirming) => {
            checkout.stage = Stage::Fulfilling;
            checkout.was_confirmed = true;
            checkout.answer = CheckoutStatus::Confirmed;
            let mut reaction = shortfall::request_or_wait(checkout);
            reaction.asks.extend(checkout.cart.clone().map(|cart| Step::CompleteCart { cart }));
            if checkout.is_redeeming {
                let promotions = checkout.promotions.clone();
                reaction.asks.push(Step::ConfirmPromotions { promotions });
            }
            reaction
        }
        (Input::FulfilmentsRequested { parcels }, Stage::Fulfilling) => fulfilments_requested(checkout, parcels),
        _ => Reaction::default(),
    }
}

fn cancellation_requested(checkout: &mut Checkout, reason: &str) -> Reaction {
    match checkout.stage {
        Stage::Paying => undo(checkout, Why::Cancelled { reason: reason.to_owned() }),
        Stage::Short => shortfall::cancelled(checkout, reason),
        Stage::Fulfilling if (!checkout.parcels.is_empty() || checkout.is_waiting) && checkout.why.is_none() => {
            cancel(checkout, reason.to_owned())
        }
        Stage::New | Stage::Undoing | Stage::Over => Reaction::default(),
        Stage::Fulfilling if checkout.why.is_some() => Reaction::default(),
        // A step is under way that is quicker finished than stopped; then it is undone.
        Stage::Reserving
        | Stage::Joining
        | Stage::Redeeming
        | Stage::Placing
        | Stage::Allocating
        | Stage::BackOrdering
        | Stage::Confirming
        | Stage::Fulfilling => {
            checkout.cancellation = Some(reason.to_owned());
            Reaction::default()
        }
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

fn decided(checkout: &mut Checkout, (task, choice): (&str, &str), at: Timestamp) -> Reaction {
    let (name, subject) = task.split_once('/').unwrap_or((task, ""));
    match (name, choice) {
        (TASK_CAPTURE, "retry") => about(subject, |id| capture(checkout, &id)),
        (TASK_CAPTURE, _) => cancel(checkout, "the money could not be taken".to_owned()),
        (TASK_HOLD, "renew") => hold::renew_as_decided(checkout),
        (TASK_HOLD, _) => {
            checkout.is_asking_for_money = false;
            cancel(checkout, "the money is held no longer".to_owned())
        }
        // What its share of the money is will be known when its units are out of it, or not.
        (TASK_LOST, "refund" | "reship") if checkout.lines_under_way.is_some() => {
            about(subject, |id| lost::question(&id, "lines of the order are being cancelled"))
        }
        (TASK_LOST, "refund") => about(subject, |id| give_up(checkout, &id, at)),
        (TASK_LOST, "reship") => about(subject, |id| lost::reship(checkout, &id)),
        (TASK_LOST, _) => about(subject, |id| lost::wait(checkout, &id, at)),
        (TASK_PARTLY_CANCELLED, "refund") => {
            let cancelled = checkout.parcels.iter().filter(|(_, parcel)| {
                parcel.state == ParcelState::Cancelled && !parcel.takings.is_empty() && !parcel.is_emptied
            });
            let cancelled: Vec<_> = cancelled.map(|(id, _)| id.clone()).collect();
            refund(checkout, &cancelled)
        }
        (TASK_SHORTFALL, "back_order") => shortfall::back_order(checkout),
        (TASK_SHORTFALL, _) => shortfall::void(checkout),
        (TASK_BACK_ORDER, "wait") => shortfall::wait_longer(checkout, at),
        (TASK_BACK_ORDER, _) => shortfall::call_off(checkout),
        (TASK_UNDO_PAYMENT, "retry") => about(subject, |id| undo_again(checkout, &id)),
        (TASK_UNDO_PAYMENT, _) => about(subject, |id| payment_undone(checkout, &id)),
        _ => Reaction::default(),
    }
}

/// Reacts to what a task is about, where its name says so.
fn about<T: FromStr>(subject: &str, act: impl FnOnce(T) -> Reaction) -> Reaction {
    subject.parse().map_or_else(|_| Reaction::default(), act)
}

/// A human gave a step up. A step that the order hangs on undoes everything; an undo that is given up counts as done by
/// hand; anything else was done by hand.
fn gave_up(checkout: &mut Checkout, step: &str, at: Timestamp) -> Reaction {
    let (name, subject) = step.split_once('/').unwrap_or((step, ""));
    let payment = subject.split('/').next().and_then(|id| id.parse::<PaymentId>().ok());
    let is_vital = match (name, checkout.stage) {
        ("reserve", Stage::Reserving) | ("reserve_promotions", Stage::Redeeming) | ("place", Stage::Placing) => true,
        ("accept_addition", Stage::Joining) => true,
        ("allocate", Stage::Allocating) | ("confirm", Stage::Confirming) => true,
        ("back_order", Stage::BackOrdering) => true,
        ("authorise", Stage::Paying) => payment.as_ref().is_some_and(|id| checkout.is_current(id)),
        _ => false,
    };
    // Whether the order was placed all the same nobody knows: whoever rejects it looks.
    checkout.is_placed |= name == "place" && is_vital;
    match (name, payment) {
        _ if is_vital => undo(checkout, Why::Rejected { code: "GIVEN_UP".to_owned() }),
        ("undo_payment", Some(payment)) => payment_undone(checkout, &payment),
        ("renew_hold", Some(payment)) => hold::not_renewed(checkout, &payment),
        ("reship", _) => {
            let fulfilment = subject.split('/').next().unwrap_or_default();
            lost::for_long(checkout, fulfilment)
        }
        ("settle_back_order", _) => shortfall::late(checkout),
        ("expire_hold", Some(payment)) => hold::expired(checkout, &payment),
        ("authorise", Some(payment)) if is_waiting_for(checkout, &payment) => {
            let reaction = undo_payment(checkout, &payment);
            and_ask_for_money(checkout, reaction)
        }
        ("release_stock" | "release_promotions", _) => undone(checkout),
        ("release_addition", _) if checkout.stage == Stage::Undoing => undone(checkout),
        ("capture", _) => about(subject.split('/').next().unwrap_or_default(), |id| capture_given_up(checkout, &id)),
        ("cancel_lines", _) => about(subject, |id| lines::given_up(checkout, &id, at)),
        ("cancel_fulfilments", _) => fulfilments_left(checkout, &[], at),
        _ => Reaction::default(),
    }
}
