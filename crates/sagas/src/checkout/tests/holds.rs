//! A hold that ends before its parcels are paid.

use super::super::hold::{RENEW_BEFORE_SECONDS, TIMER_HOLD};
use super::super::state::AttemptState;
use super::*;

const WEEK_SECONDS: i64 = 7 * 86_400;

fn held_for(number: u128, seconds: i64) -> Input {
    Input::Authorised { payment: payment(number), expires_at: Some(noon().plus_seconds(seconds)) }
}

/// A confirmed order whose money is held for so many seconds.
fn path_held_for(seconds: i64) -> Vec<Input> {
    let mut inputs = path();
    inputs[3] = held_for(1, seconds);
    inputs
}

/// Tells everything at noon, and the timer of the hold that many seconds later.
fn at_the_timer(inputs: &[Input], seconds: i64) -> (Checkout, Asked) {
    let (mut checkout, _) = tell(inputs);
    let reaction = checkout.react(&Input::HoldEnding, noon().plus_seconds(seconds));
    (checkout, reaction)
}

/// Returns the attempt that a checkout asks to renew its hold with, and what it is to hold.
fn renewal_for(reaction: &Asked) -> (PaymentId, Option<Money>) {
    let [CheckoutStep::RenewHold { payment: renewal, paid_by, amount }] = reaction.asks.as_slice() else {
        panic!("no renewal: {reaction:?}")
    };
    assert_eq!(*paid_by, payment(1));
    (renewal.clone(), *amount)
}

/// Returns the attempt that a checkout asks to hold everything anew with.
fn renewal_of(reaction: &Asked) -> PaymentId {
    let (renewal, amount) = renewal_for(reaction);
    assert_eq!(amount, None);
    renewal
}

/// A checkout whose hold is being renewed, and the attempt that renews it.
fn renewing(inputs: &[Input]) -> (Checkout, PaymentId) {
    let (mut checkout, reaction) = at_the_timer(inputs, WEEK_SECONDS - RENEW_BEFORE_SECONDS);
    assert_eq!(reaction.timers, [(TIMER_HOLD.to_owned(), noon().plus_seconds(WEEK_SECONDS))]);
    let renewal = renewal_of(&reaction);
    for _ in 0..2 {
        let asked = checkout.react(&Input::PaymentRequested { payment: renewal.clone(), amount: None }, noon()).asks;
        let wanted = CheckoutStep::Authorise { payment: renewal.clone(), is_renewal: true };
        assert!(asked.is_empty() || asked == [wanted], "the answer and the feed ask once: {asked:?}");
    }
    assert!(checkout.attempt(&renewal).is_some_and(|attempt| attempt.state == AttemptState::Asked));
    (checkout, renewal)
}

#[test]
fn a_hold_is_watched_from_the_day_before_its_end_and_a_short_one_from_its_middle() {
    for (seconds, watched) in [(WEEK_SECONDS, WEEK_SECONDS - RENEW_BEFORE_SECONDS), (3_600, 1_800)] {
        let (_, reaction) = tell(&path_held_for(seconds)[..4]);
        assert_eq!(reaction.timers, [(TIMER_HOLD.to_owned(), noon().plus_seconds(watched))]);
    }
}

#[test]
fn money_that_is_all_taken_is_watched_no_longer() {
    let taken = with(path_held_for(WEEK_SECONDS), &[packed(1), captured(1), packed(2)]);
    assert!(tell(&taken).1.stops.is_empty());
    assert_eq!(tell(&with(taken, &[captured(2)])).1.stops, [TIMER_HOLD]);
}

#[test]
fn a_hold_that_nears_its_end_is_renewed_and_the_one_before_it_let_go() {
    let (mut checkout, renewal) = renewing(&with(path_held_for(WEEK_SECONDS), &[]));
    assert_eq!(checkout.status(), CheckoutStatus::Confirmed, "the buyer knows nothing of it");
    let anew = Input::Authorised { payment: renewal.clone(), expires_at: Some(noon().plus_seconds(2 * WEEK_SECONDS)) };
    let reaction = checkout.react(&anew, noon().plus_seconds(WEEK_SECONDS - RENEW_BEFORE_SECONDS));
    assert_eq!(names(&reaction), ["undo_payment/p1/1".to_owned(), format!("note_payment/{renewal}/authorised")]);
    let next = noon().plus_seconds(2 * WEEK_SECONDS - RENEW_BEFORE_SECONDS);
    assert_eq!(reaction.timers, [(TIMER_HOLD.to_owned(), next)]);
    let asked = checkout.react(&packed(1), noon()).asks;
    let pays = |step: &CheckoutStep| matches!(step, CheckoutStep::Capture { payment, .. } if *payment == renewal);
    assert!(asked.iter().any(pays), "the parcel is paid with the new one: {asked:?}");
    assert!(!checkout.is_reduced, "no more is held than is owed");
}

#[test]
fn a_parcel_that_was_packed_while_the_hold_was_renewed_keeps_its_money_and_what_is_left_is_held_anew_later() {
    let (mut checkout, renewal) = renewing(&path_held_for(WEEK_SECONDS));
    assert_eq!(names(&checkout.react(&packed(1), noon())), ["capture/f1/1"]);
    let now = noon().plus_seconds(WEEK_SECONDS - RENEW_BEFORE_SECONDS);
    let reaction = checkout.react(&Input::Authorised { payment: renewal.clone(), expires_at: None }, now);
    assert_eq!(names(&reaction), [format!("undo_payment/{renewal}/1")]);
    assert_eq!(checkout.first_paying(), Some(&payment(1)));
    let later = now.plus_seconds(600);
    assert_eq!(reaction.timers, [(TIMER_HOLD.to_owned(), later)]);
    let waits = checkout.react(&Input::HoldEnding, later);
    assert_eq!((names(&waits), waits.timers), (vec![], vec![(TIMER_HOLD.to_owned(), later.plus_seconds(600))]));
    checkout.react(&captured(1), later);
    let reaction = checkout.react(&Input::HoldEnding, later.plus_seconds(600));
    assert_eq!(renewal_for(&reaction).1, Some(eur(500)));
}

/// A checkout of which the first parcel is paid and the rest of whose hold is being renewed, and the attempt that renews it.
fn renewing_the_rest() -> (Checkout, PaymentId) {
    let part = with(path_held_for(WEEK_SECONDS), &[packed(1), captured(1)]);
    let (mut checkout, reaction) = at_the_timer(&part, WEEK_SECONDS - RENEW_BEFORE_SECONDS);
    let (renewal, amount) = renewal_for(&reaction);
    assert_eq!(amount, Some(eur(500)), "what is still to be taken");
    let asked = checkout.react(&Input::PaymentRequested { payment: renewal.clone(), amount }, noon());
    assert_eq!(names(&asked), [format!("authorise/{renewal}")]);
    (checkout, renewal)
}

fn anew(renewal: &PaymentId) -> Input {
    Input::Authorised { payment: renewal.clone(), expires_at: Some(noon().plus_seconds(2 * WEEK_SECONDS)) }
}

fn assert_called_off_undoes_both(mut checkout: Checkout, renewal: &PaymentId) {
    checkout.react(&cancellation(), noon());
    let undoing = names(&checkout.react(&Input::FulfilmentsCancelled, noon()));
    assert_eq!(
        undoing,
        ["release_stock".to_owned(), "undo_payment/p1/1".to_owned(), format!("undo_payment/{renewal}/1")]
    );
}

#[test]
fn of_money_that_is_taken_in_part_the_rest_is_held_anew_and_what_was_taken_stays_taken() {
    let (mut checkout, renewal) = renewing_the_rest();
    let reaction = checkout.react(&anew(&renewal), noon());
    assert_eq!(names(&reaction), ["let_go_rest/p1".to_owned(), format!("note_payment/{renewal}/authorised")]);
    assert_eq!(checkout.status(), CheckoutStatus::Confirmed, "the buyer knows nothing of it");
    let reaction = checkout.react(&packed(2), noon());
    let [CheckoutStep::Capture { payment: pays, amount, is_last: false, .. }] = reaction.asks.as_slice() else {
        panic!("{reaction:?}")
    };
    assert_eq!((pays, *amount), (&renewal, eur(500)));
    assert_eq!(names(&checkout.react(&captured(2), noon())), ["release_parcel/f2"]);
    assert_called_off_undoes_both(checkout, &renewal);
}

#[test]
fn a_parcel_that_is_lost_goes_back_through_the_payment_that_took_its_money() {
    let (mut checkout, renewal) = renewing_the_rest();
    checkout.react(&anew(&renewal), noon());
    for input in [handed_over(1), lost(1)] {
        checkout.react(&input, noon());
    }
    let reaction = checkout.react(&decided("parcel_lost/f1", "refund"), noon());
    let [CheckoutStep::RefundParcel { payment: from, amount, .. }] = reaction.asks.as_slice() else {
        panic!("{reaction:?}")
    };
    assert_eq!((from, *amount), (&payment(1), eur(500)));
}

#[test]
fn where_units_were_cancelled_while_the_rest_was_held_anew_the_last_capture_lets_the_excess_go() {
    let (mut checkout, renewal) = renewing_the_rest();
    checkout.react(&line_cancellation(1), noon());
    checkout.react(&lines_cancelled(1, 2, 0), noon());
    checkout.is_reduced = false;
    checkout.react(&anew(&renewal), noon());
    let reaction = checkout.react(&packed(2), noon());
    let [CheckoutStep::Capture { amount, is_last: true, .. }] = reaction.asks.as_slice() else {
        panic!("{reaction:?}")
    };
    assert_eq!(*amount, eur(480));
}

#[test]
fn the_rest_of_money_that_is_held_no_longer_is_held_anew_late_or_by_people() {
    let part = with(path_held_for(WEEK_SECONDS), &[packed(1), captured(1)]);
    let (mut checkout, reaction) = at_the_timer(&part, WEEK_SECONDS);
    assert_eq!(names(&reaction), ["expire_hold/p1"]);
    let (renewal, amount) = renewal_for(&checkout.react(&Input::HoldExpired { payment: payment(1) }, noon()));
    assert_eq!(amount, Some(eur(500)));
    let task = checkout.react(&Input::NotRenewed { payment: renewal }, noon()).task.expect("people are asked");
    assert_eq!(
        (task.name.as_str(), task.choices.as_slice()),
        (TASK_HOLD, &["renew", "cancel_order"].map(str::to_owned)[..])
    );
    assert_eq!(checkout.react(&packed(2), noon()), Asked::default(), "it is not paid, and nobody is asked twice");
    let mut renewed = checkout.clone();
    let (renewal, amount) = renewal_for(&renewed.react(&decided(TASK_HOLD, "renew"), noon()));
    renewed.react(&Input::PaymentRequested { payment: renewal.clone(), amount }, noon());
    let asked = names(&renewed.react(&anew(&renewal), noon()));
    assert_eq!(
        asked,
        [format!("note_payment/{renewal}/authorised"), "capture/f2/1".to_owned()],
        "none is held any more"
    );
    let cancelled = checkout.react(&decided(TASK_HOLD, "cancel_order"), noon());
    assert_eq!(names(&cancelled), ["cancel_fulfilments"]);
}

/// A checkout whose renewal was declined and whose hold has ended.
fn without_money() -> Checkout {
    let (mut checkout, renewal) = renewing(&path_held_for(WEEK_SECONDS));
    let no = Input::Declined { payment: renewal, code: "expired_card".to_owned() };
    assert_eq!(checkout.react(&no, noon()).task, None, "it is held yet");
    let ended = checkout.react(&Input::HoldEnding, noon().plus_seconds(WEEK_SECONDS));
    assert_eq!(names(&ended), ["expire_hold/p1"]);
    assert_eq!(checkout.react(&packed(1), noon()), Asked::default(), "its end is being recorded");
    let task = checkout.react(&Input::HoldExpired { payment: payment(1) }, noon()).task.expect("people are asked");
    assert_eq!(task.choices, ["renew", "cancel_order"]);
    checkout
}

#[test]
fn another_card_pays_what_is_packed_where_the_hold_was_lost() {
    let mut checkout = without_money();
    assert_eq!(names(&checkout.react(&requested(2), noon())), ["authorise/p2"]);
    assert_eq!(checkout.status(), CheckoutStatus::Pending);
    let reaction = checkout.react(&held_for(2, WEEK_SECONDS), noon());
    assert_eq!(names(&reaction), ["undo_payment/p1/1", "note_payment/p2/authorised", "capture/f1/1"]);
    assert_eq!(reaction.withdraws, [TASK_HOLD], "nobody need decide about it");
    assert_eq!(checkout.status(), CheckoutStatus::PaidAnew { attempt: 3 });
    assert_eq!(checkout.react(&decided(TASK_HOLD, "renew"), noon()), Asked::default(), "it is held again");
}

#[test]
fn a_decision_to_hold_the_money_anew_asks_no_bank_where_the_buyer_has_paid_meanwhile() {
    let (mut checkout, _) = at_the_timer(&path_held_for(WEEK_SECONDS), WEEK_SECONDS);
    let renewal = renewal_of(&checkout.react(&Input::HoldExpired { payment: payment(1) }, noon()));
    checkout.react(&Input::PaymentRequested { payment: renewal.clone(), amount: None }, noon());
    let refused = checkout.react(&Input::Declined { payment: renewal, code: "expired_card".to_owned() }, noon());
    assert_eq!(refused.task.map(|task| task.name), Some(TASK_HOLD.to_owned()));
    checkout.react(&requested(2), noon());
    checkout.react(&held_for(2, WEEK_SECONDS), noon());
    assert_eq!(checkout.react(&decided(TASK_HOLD, "renew"), noon()), Asked::default());
}

#[test]
fn another_card_that_is_declined_or_waits_for_its_bank_leaves_the_parcels_where_they_are() {
    for (answer, what) in [(declined(2), "declined"), (action(2), "requires_action")] {
        let mut checkout = without_money();
        checkout.react(&decided(TASK_HOLD, "renew"), noon());
        checkout.renewal = None;
        checkout.react(&requested(2), noon());
        let reaction = checkout.react(&answer, noon());
        assert_eq!(names(&reaction), [format!("note_payment/p2/{what}")]);
        assert_eq!(reaction.task.map(|task| task.name), Some(TASK_HOLD.to_owned()), "people are asked again");
    }
}

#[test]
fn a_hold_that_cannot_be_renewed_is_renewed_once_more_when_people_decide_so() {
    let mut checkout = without_money();
    let reaction = checkout.react(&decided(TASK_HOLD, "renew"), noon());
    let again = renewal_of(&reaction);
    let refused = checkout.react(&Input::NotRenewed { payment: again }, noon());
    assert_eq!(refused.task.map(|task| task.name), Some(TASK_HOLD.to_owned()));
}

#[test]
fn an_order_that_is_called_off_while_its_hold_is_renewed_lets_both_go() {
    let (checkout, renewal) = renewing(&path_held_for(WEEK_SECONDS));
    assert_called_off_undoes_both(checkout, &renewal);
}

#[test]
fn money_of_an_order_that_is_being_called_off_is_not_held_anew() {
    let (mut checkout, _) = tell(&path_held_for(WEEK_SECONDS));
    checkout.react(&cancellation(), noon());
    let nears = checkout.react(&Input::HoldEnding, noon().plus_seconds(WEEK_SECONDS - RENEW_BEFORE_SECONDS));
    assert_eq!(names(&nears), [""; 0]);
}

#[test]
fn a_hold_that_ended_while_nobody_was_awake_is_renewed_late() {
    let (mut checkout, reaction) = at_the_timer(&path_held_for(WEEK_SECONDS), WEEK_SECONDS);
    assert_eq!(names(&reaction), ["expire_hold/p1"]);
    let reaction = checkout.react(&Input::HoldExpired { payment: payment(1) }, noon());
    let renewal = renewal_of(&reaction);
    checkout.react(&Input::PaymentRequested { payment: renewal.clone(), amount: None }, noon());
    assert_eq!(checkout.react(&packed(1), noon()), Asked::default(), "the bank is asked");
    let reaction = checkout.react(&Input::Declined { payment: renewal, code: "expired_card".to_owned() }, noon());
    assert_eq!(reaction.task.map(|task| task.name), Some(TASK_HOLD.to_owned()));
}
