//! An order that several payments pay, a part each.

use super::*;

/// What two parcels of 500 come to, cents.
const PAYABLE: i64 = 1_000;
const WEEK_SECONDS: i64 = 7 * 86_400;

/// An order of which the first payment is to hold a part.
pub(super) fn placed(first: i64) -> Input {
    let pay_until = noon().plus_seconds(1_800);
    Input::Placed {
        payment: Some(payment(1)),
        amount: Some(eur(first)),
        payable: Some(eur(PAYABLE)),
        pay_until,
        shortfall: ShortfallPolicy::Void,
        back_order_until: None,
    }
}

/// One payment holds 300, and nobody is asked for the rest.
fn until_a_part_is_held() -> Vec<Input> {
    vec![started(), reserved(), placed(300), authorised(1)]
}

/// The inputs of a checkout that two payments pay, 300 and 700, up to where two parcels are asked for.
pub(super) fn path() -> Vec<Input> {
    let paid = with(until_a_part_is_held(), &[part(2, 700), authorised(2)]);
    with(paid, &[allocated(), Input::Confirmed, parcels_of(500)])
}

fn captures(reaction: &Asked) -> Vec<(PaymentId, i64, bool)> {
    let captures = reaction.asks.iter().filter_map(|step| match step {
        CheckoutStep::Capture { payment, amount, is_part, .. } => Some((payment.clone(), amount.minor(), *is_part)),
        _ => None,
    });
    captures.collect()
}

fn refunds(reaction: &Asked) -> Vec<(PaymentId, i64, i64)> {
    let refunds = reaction.asks.iter().filter_map(|step| match step {
        CheckoutStep::RefundParcel { payment, amount, from, .. }
        | CheckoutStep::RefundLines { payment, amount, from, .. } => Some((payment.clone(), amount.minor(), *from)),
        _ => None,
    });
    refunds.collect()
}

#[test]
fn nothing_is_sold_before_the_parts_are_the_whole() {
    let part_held = until_a_part_is_held();
    assert_asks(&part_held, &["note_payment/p1/partially_authorised"]);
    assert_eq!(tell(&part_held).0.status(), CheckoutStatus::PartlyAuthorised { attempt: 1 });
    let second = with(part_held.clone(), &[part(2, 600)]);
    assert_asks(&second, &["authorise/p2"]);
    assert_eq!(tell(&second).0.status(), CheckoutStatus::Pending);
    let two_held = with(second, &[authorised(2)]);
    assert_asks(&two_held, &["note_payment/p2/partially_authorised"]);
    let third = with(two_held, &[part(3, 100), authorised(3)]);
    assert_asks(&third, &["allocate"]);
}

#[test]
fn a_part_that_is_declined_leaves_the_others_and_a_part_that_waits_is_replaced() {
    let declined = with(until_a_part_is_held(), &[part(2, 700), declined(2)]);
    assert_asks(&declined, &["note_payment/p2/declined"]);
    assert_asks(&with(declined.clone(), &[part(3, 700)]), &["authorise/p3"]);
    assert_asks(&with(declined.clone(), &[part(3, 700), authorised(3)]), &["allocate"]);
    let waiting = with(until_a_part_is_held(), &[part(2, 700), action(2)]);
    assert_asks(&with(waiting, &[part(3, 200)]), &["undo_payment/p2/1", "authorise/p3"]);
    let over = with(declined, &[Input::PaymentTimeOver]);
    assert_asks(&over, &["release_stock", "undo_payment/p1/1"]);
}

#[test]
fn what_is_held_twice_is_let_go_oldest_first() {
    let waiting = vec![started(), reserved(), placed(300), action(1)];
    let both = with(waiting.clone(), &[authorised(1), requested(2), authorised(2)]);
    assert_asks(&both, &["undo_payment/p1/1", "allocate"]);
    let twice = with(until_a_part_is_held(), &[part(2, 400), authorised(2), part(3, 500), authorised(3)]);
    assert_asks(&twice, &["undo_payment/p1/1", "note_payment/p3/partially_authorised"]);
    assert_asks(&with(waiting, &[requested(2), authorised(1)]), &[]);
    let after_a_no = with(vec![started(), reserved(), placed(300), declined(1)], &[part(2, 400), authorised(2)]);
    let twice = with(after_a_no, &[part(3, 700), authorised(3)]);
    assert_asks(&twice, &["undo_payment/p2/1", "note_payment/p3/partially_authorised"]);
}

#[test]
fn each_parcel_is_paid_by_the_first_that_holds_anything_and_the_next_takes_the_rest() {
    let (_, reaction) = tell(&with(path(), &[packed(1)]));
    assert_eq!(captures(&reaction), [(payment(1), 300, true)]);
    let first = with(path(), &[packed(1), captured(1)]);
    assert_asks(&first, &["capture/f1/2"]);
    assert_eq!(captures(&tell(&first).1), [(payment(2), 200, false)]);
    let paid = with(first, &[captured(1)]);
    assert_asks(&paid, &["release_parcel/f1"]);
    let (_, reaction) = tell(&with(paid, &[packed(2)]));
    assert_eq!(captures(&reaction), [(payment(2), 500, false)]);
}

#[test]
fn two_parcels_side_by_side_share_what_is_held() {
    let (checkout, reaction) = tell(&with(path(), &[packed(1), packed(2)]));
    assert_eq!(captures(&reaction), [(payment(2), 500, false)]);
    let taken: Vec<_> = checkout.attempts.iter().map(|attempt| attempt.taken_minor).collect();
    assert_eq!(taken, [300, 500]);
}

#[test]
fn a_part_that_cannot_be_taken_stops_the_parcel_and_is_tried_again_or_all_goes_back() {
    let failed = with(path(), &[packed(1), captured(1), capture_failed(1)]);
    assert_eq!(tell(&failed).1.task.map(|task| task.name), Some(full("capture/f1")));
    let again = with(failed.clone(), &[decided("capture/f1", "retry")]);
    assert_eq!(captures(&tell(&again).1), [(payment(2), 200, false)], "what is taken is not taken again");
    let waits = with(failed.clone(), &[line_cancellation(1)]);
    assert_asks(&waits, &[]);
    assert_asks(
        &with(waits, &[decided("capture/f1", "retry"), captured(1)]),
        &["release_parcel/f1", "cancel_lines/c1"],
    );
    let off = with(failed, &[decided("capture/f1", "cancel_order"), Input::FulfilmentsCancelled]);
    assert_asks(&off, &["release_stock", "undo_payment/p1/1", "undo_payment/p2/1"]);
}

#[test]
fn money_goes_back_through_the_payments_that_took_it_the_last_first() {
    let lost = with(path(), &[packed(1), captured(1), captured(1), handed_over(1), lost(1)]);
    let (_, reaction) = tell(&with(lost, &[decided("parcel_lost/f1", "refund")]));
    assert_eq!(refunds(&reaction), [(payment(1), 300, 0), (payment(2), 200, 300)]);
    assert_eq!(names(&reaction), ["refund_parcel/f1", "refund_parcel/f1.300"]);

    let paid = with(path(), &[packed(1), captured(1), captured(1), line_cancellation(1)]);
    let (_, reaction) = tell(&with(paid.clone(), &[lines_cancelled(1, 1, 150)]));
    assert_eq!(refunds(&reaction), [(payment(2), 150, 0)]);
    let twice = with(paid, &[lines_cancelled(1, 1, 150), line_cancellation(2), lines_cancelled(2, 1, 250)]);
    let (_, reaction) = tell(&twice);
    assert_eq!(refunds(&reaction), [(payment(2), 50, 0), (payment(1), 200, 50)]);
}

#[test]
fn a_part_that_nothing_is_taken_of_any_more_is_let_go() {
    let units = routed().into_iter().filter(|part| part.location == place(2)).collect();
    let taken = TakenOut { fulfilment: parcel(2), units, share: eur(500), is_paid: false, is_emptied: true };
    let emptied = Input::LinesCancelled { cancellation: cancellation_of(1), parcels: vec![taken], refund: eur(0) };
    let mut half_and_half = vec![started(), reserved(), placed(500), authorised(1), part(2, 500), authorised(2)];
    half_and_half.extend([allocated(), Input::Confirmed, parcels_of(500), line_cancellation(1), emptied]);
    let paid = with(half_and_half, &[packed(1), captured(1)]);
    assert_asks(&paid, &["release_parcel/f1", "undo_payment/p2/1"]);
}

fn held_for(number: u128, seconds: i64) -> Input {
    Input::Authorised { payment: payment(number), expires_at: Some(noon().plus_seconds(seconds)) }
}

/// Two parts that are held for a week, the second a minute longer.
fn path_held_for_a_week() -> Vec<Input> {
    let mut path = path();
    (path[3], path[5]) = (held_for(1, WEEK_SECONDS), held_for(2, WEEK_SECONDS + 60));
    path
}

#[test]
fn each_part_is_held_anew_for_itself() {
    let (mut checkout, _) = tell(&path_held_for_a_week());
    let renew_at = noon().plus_seconds(WEEK_SECONDS - RENEW_BEFORE_SECONDS);
    let reaction = checkout.react(&Input::HoldEnding, renew_at);
    let [CheckoutStep::RenewHold { payment: renewal, paid_by, amount }] = reaction.asks.as_slice() else {
        panic!("{reaction:?}")
    };
    assert_eq!((paid_by, *amount), (&payment(1), Some(eur(300))));
    assert_eq!(reaction.timers, [("hold".to_owned(), renew_at.plus_seconds(60))]);
    // The first one is not answered yet when the second one's time has come.
    let waits = checkout.react(&Input::HoldEnding, renew_at.plus_seconds(60));
    assert_eq!(names(&waits), Vec::<String>::new());
    assert_eq!(waits.timers, [("hold".to_owned(), renew_at.plus_seconds(60 + 600))]);
    checkout.react(&Input::PaymentRequested { payment: renewal.clone(), amount: Some(eur(300)) }, renew_at);
    let second = checkout.react(&Input::HoldEnding, renew_at.plus_seconds(660));
    assert!(
        matches!(second.asks.as_slice(), [CheckoutStep::RenewHold { paid_by, .. }] if *paid_by == payment(2)),
        "{second:?}"
    );
    let anew = Input::Authorised { payment: renewal.clone(), expires_at: Some(renew_at.plus_seconds(WEEK_SECONDS)) };
    let asked = names(&checkout.react(&anew, renew_at.plus_seconds(661)));
    assert_eq!(asked, ["undo_payment/p1/1".to_owned(), format!("note_payment/{renewal}/authorised")]);
    assert!(checkout.is_guaranteed());
}

#[test]
fn nothing_is_taken_of_the_others_while_a_part_is_held_no_longer() {
    let (mut checkout, _) = tell(&path_held_for_a_week());
    for seconds in [0, 60] {
        let renew_at = noon().plus_seconds(WEEK_SECONDS - RENEW_BEFORE_SECONDS + seconds);
        let asked = checkout.react(&Input::HoldEnding, renew_at).asks;
        let [CheckoutStep::RenewHold { payment: renewal, .. }] = asked.as_slice() else { panic!("{asked:?}") };
        checkout.react(&Input::NotRenewed { payment: renewal.clone() }, renew_at);
    }
    let ended = checkout.react(&Input::HoldEnding, noon().plus_seconds(WEEK_SECONDS));
    assert_eq!(names(&ended), ["expire_hold/p1"]);
    let task = checkout.react(&Input::HoldExpired { payment: payment(1) }, noon()).task;
    assert_eq!(task.map(|task| task.name), Some(TASK_HOLD.to_owned()));
    assert_eq!(names(&checkout.react(&packed(1), noon())), Vec::<String>::new());
    assert_eq!(names(&checkout.react(&part(3, 300), noon())), ["authorise/p3"]);
    let anew = names(&checkout.react(&held_for(3, 2 * WEEK_SECONDS), noon()));
    assert_eq!(anew, ["undo_payment/p1/1", "note_payment/p3/authorised", "capture/f1/1"]);
    assert_eq!(checkout.status(), CheckoutStatus::PaidAnew { attempt: 3 });
}

#[test]
fn of_parts_of_which_some_is_taken_each_is_held_anew_for_what_it_is_still_needed_for() {
    let mut inputs = path_held_for_a_week();
    inputs.extend([packed(1), captured(1), captured(1)]);
    let (mut checkout, _) = tell(&inputs);
    let renew_at = noon().plus_seconds(WEEK_SECONDS - RENEW_BEFORE_SECONDS);
    assert_eq!(names(&checkout.react(&Input::HoldEnding, renew_at)), Vec::<String>::new(), "all of the first is taken");
    let reaction = checkout.react(&Input::HoldEnding, renew_at.plus_seconds(60));
    let [CheckoutStep::RenewHold { payment: renewal, paid_by, amount }] = reaction.asks.as_slice() else {
        panic!("{reaction:?}")
    };
    assert_eq!((paid_by, *amount), (&payment(2), Some(eur(500))));
    checkout.react(&Input::PaymentRequested { payment: renewal.clone(), amount: *amount }, renew_at);
    let anew = Input::Authorised { payment: renewal.clone(), expires_at: None };
    let asked = names(&checkout.react(&anew, renew_at.plus_seconds(61)));
    assert_eq!(asked, ["let_go_rest/p2".to_owned(), format!("note_payment/{renewal}/authorised")]);
    assert_eq!(captures(&checkout.react(&packed(2), renew_at)), [(renewal.clone(), 500, false)]);
}
