//! What is asked for at each stage of a checkout that goes its way.

use domain::order::RETURN_WINDOW_DAYS;

use super::super::react::{TIMER_PAYMENT, TIMER_RETURN};
use super::*;

fn parcels_after(more: &[Input]) -> Vec<Input> {
    with(path(), more)
}

#[test]
fn each_input_asks_for_the_next_step() {
    let cases: Vec<(Vec<Input>, &[&str])> = vec![
        (until_reserving(), &["reserve"]),
        (until_placing(), &["place"]),
        (until_paying(), &["authorise/p1"]),
        (until_allocating(), &["allocate"]),
        (until_confirming(), &["confirm"]),
        (with(until_confirming(), &[Input::Confirmed]), &["request_fulfilments", "complete_cart"]),
        (path(), &[]),
        (parcels_after(&[packed(1)]), &["capture/f1/1"]),
        (parcels_after(&[packed(1), captured(1)]), &["release_parcel/f1"]),
        (parcels_after(&[packed(1), captured(1), handed_over(1)]), &["dispatch/f1", "note/f1/handed_over"]),
        (parcels_after(&[packed(1), captured(1), handed_over(1), delivered(1)]), &["note/f1/delivered"]),
        (parcels_after(&[packed(1), captured(1), handed_over(1), lost(1)]), &["note/f1/lost"]),
        (parcels_after(&[Input::ReturnTimeOver]), &["complete_order"]),
    ];
    for (inputs, expected) in cases {
        assert_asks(&inputs, expected);
    }
}

#[test]
fn a_use_of_every_promotion_is_promised_before_the_order_is_placed_and_counted_with_it() {
    let path = path_with_promotion();
    for (told, expected) in [
        (1, &["reserve"][..]),
        (2, &["reserve_promotions"]),
        (3, &["place"]),
        (7, &["request_fulfilments", "complete_cart", "confirm_promotions"]),
    ] {
        assert_asks(&path[..told], expected);
    }
    assert_asks(&with(path[..3].to_vec(), &[Input::PromotionsReserved]), &[]);
}

#[test]
fn an_order_that_costs_nothing_is_allocated_and_confirmed_without_a_payment() {
    let free = [started(), reserved(), placed_for_nothing()];
    assert_asks(&free, &["allocate"]);
    let (_, reaction) = tell(&with(free.to_vec(), &[allocated()]));
    assert_eq!(reaction.asks, [CheckoutStep::Confirm { payment: None, back_order: None }]);
    let packed_free = with(free.to_vec(), &[allocated(), Input::Confirmed, parcels_of(0), packed(1)]);
    assert_asks(&packed_free, &["release_parcel/f1"]);
}

#[test]
fn a_parcel_that_a_coupon_paid_for_leaves_without_a_capture() {
    let free_parcels = with(until_confirming(), &[Input::Confirmed, parcels_of(0), packed(2)]);
    assert_asks(&free_parcels, &["release_parcel/f2"]);
}

#[test]
fn the_buyers_time_to_pay_is_waited_for_until_the_money_is_held() {
    let (_, reaction) = tell(&until_paying());
    assert_eq!(reaction.timers, [(TIMER_PAYMENT.to_owned(), noon().plus_seconds(1_800))]);
    let (_, reaction) = tell(&until_allocating());
    assert_eq!(reaction.stops, [TIMER_PAYMENT]);
}

#[test]
fn the_time_to_return_is_waited_for_once_every_parcel_arrived() {
    let arrived = [packed(1), captured(1), packed(2), captured(2), handed_over(1), delivered(1), handed_over(2)];
    let (_, reaction) = tell(&parcels_after(&arrived[..6]));
    assert_eq!(reaction.timers, []);
    let later = Input::Delivered { fulfilment: parcel(2), at: noon().plus_seconds(60) };
    let (_, reaction) = tell(&with(parcels_after(&arrived), &[later]));
    let end = noon().plus_seconds(60 + RETURN_WINDOW_DAYS * 86_400 + 1);
    assert_eq!(reaction.timers, [(TIMER_RETURN.to_owned(), end)]);
}

#[test]
fn the_buyer_learns_where_a_checkout_stands() {
    let url = "https://bank.example/3ds".to_owned();
    let code = "insufficient_funds".to_owned();
    let cases = [
        (until_placing(), CheckoutStatus::Pending),
        (until_paying(), CheckoutStatus::Pending),
        (with(until_paying(), &[action(1)]), CheckoutStatus::ActionRequired { url, attempt: 1 }),
        (with(until_paying(), &[declined(1)]), CheckoutStatus::Declined { code: code.clone(), attempt: 1 }),
        (with(until_paying(), &[declined(1), requested(2)]), CheckoutStatus::Pending),
        (
            with(until_paying(), &[declined(1), requested(2), declined(2)]),
            CheckoutStatus::Declined { code, attempt: 2 },
        ),
        (path(), CheckoutStatus::Confirmed),
    ];
    for (inputs, expected) in cases {
        assert_eq!(tell(&inputs).0.status(), expected, "{inputs:?}");
    }
}

#[test]
fn an_attempt_that_needs_the_buyer_or_is_declined_is_noted() {
    assert_asks(&with(until_paying(), &[action(1)]), &["note_payment/p1/requires_action"]);
    assert_asks(&with(until_paying(), &[declined(1)]), &["note_payment/p1/declined"]);
    assert_asks(&with(until_paying(), &[action(1), authorised(1)]), &["allocate"]);
}

#[test]
fn another_attempt_lets_go_of_the_one_before_unless_it_was_declined() {
    assert_asks(&with(until_paying(), &[requested(2)]), &["undo_payment/p1/1", "authorise/p2"]);
    assert_asks(&with(until_paying(), &[action(1), requested(2)]), &["undo_payment/p1/1", "authorise/p2"]);
    assert_asks(&with(until_paying(), &[declined(1), requested(2)]), &["authorise/p2"]);
}

#[test]
fn an_attempt_that_was_replaced_never_pays() {
    let replaced = with(until_paying(), &[requested(2)]);
    assert_asks(&with(replaced.clone(), &[authorised(1)]), &[]);
    assert_asks(&with(replaced.clone(), &[too_late(1)]), &["undo_payment/p1/2"]);
    assert_asks(&with(replaced.clone(), &[undone(1), too_late(1)]), &["undo_payment/p1/2"]);
    let (_, reaction) = tell(&with(replaced, &[authorised(2), undone(1), allocated()]));
    assert_eq!(reaction.asks, [CheckoutStep::Confirm { payment: Some(payment(2)), back_order: None }]);
}

#[test]
fn a_declined_attempt_that_holds_money_after_all_is_undone() {
    assert_asks(&with(until_paying(), &[declined(1), too_late(1)]), &["undo_payment/p1/1"]);
}

#[test]
fn a_warehouse_that_is_quicker_than_the_answer_that_names_its_parcel_is_heard() {
    let early = with(until_confirming(), &[Input::Confirmed, packed(2)]);
    assert_asks(&early, &[]);
    assert_asks(&with(early, &[parcels_of(500)]), &["capture/f2/1"]);
}

#[test]
fn a_buyer_who_is_quicker_than_the_answer_that_the_order_is_placed_is_heard() {
    let early = with(until_placing(), &[requested(1)]);
    assert_asks(&with(early.clone(), &[placed()]), &["authorise/p1"]);
    let other = with(early, &[requested(2), placed()]);
    assert_asks(&other, &["authorise/p1", "undo_payment/p1/1", "authorise/p2"]);
}

#[test]
fn a_capture_that_failed_is_a_question_and_the_parcel_stays() {
    let failed = parcels_after(&[packed(1), capture_failed(1)]);
    let (_, reaction) = tell(&failed);
    let task = reaction.task.expect("a question");
    assert_eq!(
        (named(&task.name).as_str(), task.choices),
        ("capture/f1", vec!["retry".to_owned(), "cancel_order".to_owned()])
    );
    assert_asks(&with(failed.clone(), &[handed_over(1)]), &[]);
    assert_asks(&with(failed.clone(), &[decided("capture/f1", "retry")]), &["capture/f1/2"]);
    assert_asks(&with(failed, &[decided("capture/f1", "cancel_order")]), &["cancel_fulfilments"]);
}

#[test]
fn a_lost_parcel_is_a_question_and_may_still_arrive() {
    let gone = parcels_after(&[packed(1), captured(1), handed_over(1), lost(1)]);
    let (_, reaction) = tell(&gone);
    assert_eq!(reaction.task.map(|task| named(&task.name)), Some("parcel_lost/f1".to_owned()));
    assert_asks(&with(gone.clone(), &[decided("parcel_lost/f1", "refund")]), &["refund_parcel/f1"]);
    assert_asks(&with(gone.clone(), &[decided("parcel_lost/f1", "wait")]), &[]);
    assert_asks(&with(gone, &[delivered(1)]), &["note/f1/delivered"]);
}

#[test]
fn an_order_does_not_wait_for_a_parcel_that_was_given_up() {
    let gone = parcels_after(&[packed(1), captured(1), handed_over(1), lost(1), decided("parcel_lost/f1", "refund")]);
    let (_, reaction) = tell(&gone);
    assert_eq!(reaction.timers, [], "the other parcel is on its way");
    let (_, reaction) = tell(&with(gone.clone(), &[packed(2), captured(2), handed_over(2), delivered(2)]));
    assert_eq!(reaction.timers.len(), 1, "what arrived may be sent back for a while");
    let both = with(gone, &[packed(2), captured(2), handed_over(2), lost(2), decided("parcel_lost/f2", "refund")]);
    let (_, reaction) = tell(&both);
    assert_eq!(reaction.timers, [("return".to_owned(), noon())], "nothing arrived that could be sent back");
}

#[test]
fn an_order_is_completed_when_the_time_to_return_is_over() {
    let (checkout, reaction) = tell(&parcels_after(&[Input::ReturnTimeOver]));
    assert_eq!((checkout.stage, reaction.end), (Stage::Over, Some("completed")));
    assert_asks(&parcels_after(&[Input::ReturnTimeOver, Input::ReturnTimeOver]), &[]);
}
