//! Every way back: from each stage everything that was asked for is undone, then the order and the cart are told.

use super::*;

const STOCK_RELEASED: Input = Input::StockReleased;

/// Tells everything and returns how the last reaction ended it.
fn end_of(inputs: &[Input]) -> Option<&'static str> {
    tell(inputs).1.end
}

fn rejection(inputs: &[Input]) -> String {
    let (_, reaction) = tell(inputs);
    let code = reaction.asks.iter().find_map(|step| match step {
        CheckoutStep::RejectOrder { code } => Some(code.clone()),
        _ => None,
    });
    code.expect("the order is rejected")
}

#[test]
fn units_that_are_not_there_end_it_before_an_order_exists() {
    let lacking = with(until_reserving(), &[short()]);
    assert_asks(&lacking, &["release_stock"]);
    let over = with(lacking, &[STOCK_RELEASED]);
    assert_asks(&over, &["reopen_cart"]);
    let (checkout, reaction) = tell(&over);
    assert_eq!(reaction.end, Some("rejected"));
    assert!(matches!(checkout.status(), CheckoutStatus::OutOfStock { shortages } if shortages.len() == 1));
}

#[test]
fn a_promotion_without_a_use_left_ends_it_before_an_order_exists_and_the_cart_is_told() {
    let refused = with(path_with_promotion()[..2].to_vec(), &[promotion_refused()]);
    assert_asks(&refused, &["release_stock", "release_promotions"]);
    for answers in [[STOCK_RELEASED, Input::PromotionsReleased], [Input::PromotionsReleased, STOCK_RELEASED]] {
        assert_asks(&with(refused.clone(), &answers[..1]), &[]);
        let (checkout, reaction) = tell(&with(refused.clone(), &answers));
        let withheld = vec![Withheld { promotion: promotion(), code: "PROMOTION_USED_UP".to_owned() }];
        let (code, told) = ("PROMOTION_USED_UP".to_owned(), withheld.clone());
        assert_eq!(reaction.asks, [CheckoutStep::ReopenCart { cart: cart(), code, withheld }]);
        assert_eq!(checkout.status(), CheckoutStatus::PromotionRefused { refusals: told });
    }
}

#[test]
fn every_undo_gives_the_uses_of_promotions_back() {
    let path = path_with_promotion();
    let until = |told: usize, input: Input| with(path[..told].to_vec(), &[input]);
    assert_asks(&until(1, short()), &["release_stock"]);
    assert_asks(&until(2, gave_up("reserve_promotions")), &["release_stock", "release_promotions"]);
    assert_asks(&until(3, gave_up("place")), &["release_stock", "release_promotions"]);
    let all: &[&str] = &["release_stock", "release_promotions", "undo_payment/p1/1"];
    assert_asks(&until(4, Input::PaymentTimeOver), all);
    assert_asks(&until(4, cancellation()), all);
    let cancelled = with(path, &[cancellation(), Input::FulfilmentsCancelled]);
    assert_asks(&cancelled, all);
    let by_hand = with(cancelled, &[STOCK_RELEASED, undone(1), gave_up("release_promotions")]);
    assert_asks(&by_hand, &["cancel_order"]);
}

#[test]
fn an_order_that_is_not_paid_in_time_is_rejected_once_all_is_let_go() {
    let over = with(until_paying(), &[Input::PaymentTimeOver]);
    assert_asks(&over, &["release_stock", "undo_payment/p1/1"]);
    for answers in [[STOCK_RELEASED, undone(1)], [undone(1), STOCK_RELEASED]] {
        assert_asks(&with(over.clone(), &answers[..1]), &[]);
        let all = with(over.clone(), &answers);
        assert_asks(&all, &["reopen_cart", "reject_order"]);
        assert_eq!((rejection(&all).as_str(), end_of(&all)), ("PAYMENT_TIMEOUT", Some("rejected")));
    }
}

#[test]
fn an_order_whose_last_attempt_was_declined_is_rejected_for_that() {
    let over = with(until_paying(), &[declined(1), Input::PaymentTimeOver]);
    assert_asks(&over, &["release_stock"]);
    let all = with(over, &[STOCK_RELEASED]);
    assert_eq!(rejection(&all), "PAYMENT_DECLINED");
    let status = CheckoutStatus::Rejected { code: "PAYMENT_DECLINED".to_owned() };
    assert_eq!(tell(&all).0.status(), status);
}

#[test]
fn the_time_to_pay_ends_nothing_once_the_money_is_held() {
    assert_asks(&with(until_allocating(), &[Input::PaymentTimeOver]), &[]);
    assert_asks(&with(path(), &[Input::PaymentTimeOver]), &[]);
}

#[test]
fn units_that_ran_out_after_the_payment_give_the_money_back() {
    let lacking = with(until_allocating(), &[short()]);
    assert_asks(&lacking, &["release_stock", "undo_payment/p1/1"]);
    let all = with(lacking, &[STOCK_RELEASED, undone(1)]);
    assert_asks(&all, &["reopen_cart", "reject_order"]);
    assert_eq!(rejection(&all), "INSUFFICIENT_STOCK");
}

#[test]
fn a_cancellation_undoes_what_was_done_from_any_stage() {
    let undo_all: &[&str] = &["release_stock", "undo_payment/p1/1"];
    let cases: Vec<(Vec<Input>, Vec<Input>, &[&str])> = vec![
        (until_placing(), vec![cancellation(), placed()], &["release_stock"]),
        (until_paying(), vec![cancellation()], undo_all),
        (until_allocating(), vec![cancellation(), allocated()], undo_all),
        (until_confirming(), vec![cancellation(), Input::Confirmed, parcels_of(500)], &["cancel_fulfilments"]),
        (path(), vec![cancellation()], &["cancel_fulfilments"]),
        (path(), vec![cancellation(), Input::FulfilmentsCancelled], undo_all),
    ];
    for (stage, more, expected) in cases {
        assert_asks(&with(stage, &more), expected);
    }
}

#[test]
fn a_cancelled_order_opens_its_cart_again_only_while_nothing_was_packed_for_it() {
    let unpaid = with(until_paying(), &[cancellation(), STOCK_RELEASED, undone(1)]);
    assert_asks(&unpaid, &["cancel_order", "reopen_cart"]);
    let owed = with(path(), &[cancellation(), Input::FulfilmentsCancelled, undone(1), STOCK_RELEASED]);
    assert_asks(&owed, &["cancel_order"]);
    for inputs in [unpaid, owed] {
        let (checkout, reaction) = tell(&inputs);
        assert_eq!((reaction.end, checkout.status()), (Some("cancelled"), CheckoutStatus::Cancelled));
    }
}

#[test]
fn an_order_of_which_a_parcel_has_left_stands() {
    let shipped = with(path(), &[packed(1), captured(1), handed_over(1), cancellation()]);
    let kept = with(shipped, &[left(&[])]);
    assert_asks(&kept, &["keep_order"]);
    assert_eq!(tell(&kept).1.task, None);
    assert_asks(&with(kept.clone(), &[packed(2)]), &["capture/f2/1"]);
    assert_asks(&with(kept, &[cancellation()]), &["cancel_fulfilments"]);
}

#[test]
fn money_of_a_parcel_that_was_called_off_beside_one_that_left_goes_back_if_it_was_taken() {
    let taken =
        with(path(), &[packed(1), captured(1), packed(2), captured(2), handed_over(2), cancellation(), left(&[1])]);
    let (_, reaction) = tell(&taken);
    assert_eq!(reaction.task.map(|task| task.name), Some(TASK_PARTLY_CANCELLED.to_owned()));
    assert_asks(&with(taken, &[decided("partly_cancelled", "refund")]), &["refund_parcel/f1"]);
    let untaken = with(path(), &[packed(2), captured(2), handed_over(2), cancellation(), left(&[1])]);
    assert_eq!(tell(&untaken).1.task, None);
    assert_asks(&with(untaken, &[decided("partly_cancelled", "refund")]), &[]);
}

#[test]
fn money_that_arrives_for_a_parcel_that_was_called_off_is_a_question() {
    let on_its_way = with(path(), &[packed(1), packed(2), captured(2), handed_over(2), cancellation(), left(&[1])]);
    let (_, reaction) = tell(&with(on_its_way.clone(), &[captured(1)]));
    assert_eq!((names(&reaction), reaction.task.map(|task| task.name)), (vec![], Some("partly_cancelled".to_owned())));
    assert_eq!(tell(&with(on_its_way, &[captured(1), captured(1)])).1, Asked::default());
}

#[test]
fn a_capture_that_is_tried_again_takes_no_money_for_a_parcel_that_was_called_off() {
    let more = [packed(1), capture_failed(1), packed(2), captured(2), handed_over(2), cancellation(), left(&[1])];
    assert_asks(&with(with(path(), &more), &[decided("capture/f1", "retry")]), &[]);
}

#[test]
fn an_order_whose_last_open_parcel_is_called_off_waits_for_returns() {
    let more = [packed(1), captured(1), handed_over(1), delivered(1), cancellation(), left(&[2])];
    assert_eq!(tell(&with(path(), &more)).1.timers.len(), 1);
}

#[test]
fn nothing_is_told_to_order_and_cart_before_every_undo_is_done_whenever_it_was_asked_for() {
    let replaced = with(until_paying(), &[requested(2), cancellation()]);
    assert_asks(&replaced, &["release_stock", "undo_payment/p2/1"]);
    assert_asks(&with(replaced.clone(), &[undone(1), STOCK_RELEASED]), &[]);
    assert_asks(&with(replaced, &[undone(1), STOCK_RELEASED, undone(2)]), &["cancel_order", "reopen_cart"]);
    let late = with(until_paying(), &[cancellation(), too_late(1)]);
    assert_asks(&late, &["undo_payment/p1/2"]);
    assert_asks(&with(late.clone(), &[undone(1), STOCK_RELEASED]), &[]);
    assert_asks(&with(late, &[undone(1), STOCK_RELEASED, undone(1)]), &["cancel_order", "reopen_cart"]);
}

#[test]
fn money_that_is_held_after_the_end_is_let_go() {
    let over = with(until_paying(), &[Input::PaymentTimeOver, STOCK_RELEASED, undone(1)]);
    assert_asks(&with(over.clone(), &[too_late(1)]), &["undo_payment/p1/2"]);
    assert_asks(&with(over.clone(), &[too_late(1), undone(1)]), &[]);
    assert_asks(&with(over, &[authorised(1)]), &[]);
}

#[test]
fn money_that_does_not_go_back_is_a_question_and_the_undo_stays_open() {
    let stuck = with(until_allocating(), &[short(), STOCK_RELEASED, not_undone(1)]);
    let (_, reaction) = tell(&stuck);
    assert_eq!(reaction.task.map(|task| named(&task.name)), Some("undo_payment/p1".to_owned()));
    let again = with(stuck.clone(), &[decided("undo_payment/p1", "retry")]);
    assert_asks(&again, &["undo_payment/p1/2"]);
    assert_asks(&with(again, &[undone(1)]), &["reopen_cart", "reject_order"]);
    assert_asks(&with(stuck, &[decided("undo_payment/p1", "paid_by_hand")]), &["reopen_cart", "reject_order"]);
}

#[test]
fn a_vital_step_that_is_given_up_undoes_everything() {
    let cases: Vec<(Vec<Input>, &str, &[&str])> = vec![
        (until_reserving(), "reserve", &["release_stock"]),
        (until_placing(), "place", &["release_stock"]),
        (until_paying(), "authorise/p1", &["release_stock", "undo_payment/p1/1"]),
        (until_allocating(), "allocate", &["release_stock", "undo_payment/p1/1"]),
        (until_confirming(), "confirm", &["release_stock", "undo_payment/p1/1"]),
    ];
    for (stage, step, expected) in cases {
        assert_asks(&with(stage, &[gave_up(step)]), expected);
    }
}

#[test]
fn an_order_whose_placing_is_given_up_is_rejected_in_case_it_was_placed() {
    let inputs = with(until_placing(), &[gave_up("place"), STOCK_RELEASED]);
    assert_asks(&inputs, &["reopen_cart", "reject_order"]);
    let inputs = with(until_reserving(), &[gave_up("reserve"), STOCK_RELEASED]);
    assert_asks(&inputs, &["reopen_cart"]);
}

#[test]
fn a_step_that_the_order_does_not_hang_on_is_given_up_without_harm() {
    for step in ["note_payment/p1/declined", "undo_payment/p1/1", "authorise/p1"] {
        let inputs = with(until_paying(), &[requested(2), gave_up(step)]);
        assert_asks(&inputs, &[]);
        assert_asks(&with(inputs, &[authorised(2)]), &["allocate"]);
    }
    assert_asks(&with(path(), &[gave_up("note/f1/delivered")]), &[]);
}

#[test]
fn an_undo_that_is_given_up_counts_as_done_by_hand() {
    let over = with(until_paying(), &[Input::PaymentTimeOver]);
    assert_asks(&with(over.clone(), &[gave_up("release_stock"), undone(1)]), &["reopen_cart", "reject_order"]);
    let by_hand = [STOCK_RELEASED, gave_up("undo_payment/p1/1")];
    assert_asks(&with(over, &by_hand), &["reopen_cart", "reject_order"]);
}

#[test]
fn the_units_of_a_parcel_that_is_called_off_beside_one_that_left_are_given_back() {
    let half = with(path(), &[packed(2), captured(2), handed_over(2), cancellation(), left(&[1])]);
    assert_asks(&half, &["keep_order", "release_parcel_stock/f1"]);
    let (_, reaction) = tell(&half);
    let Some(CheckoutStep::ReleaseParcelStock { routed, .. }) = reaction.asks.last() else { panic!("{reaction:?}") };
    assert!(!routed.is_empty() && routed.iter().all(|part| part.location == place(1)), "{routed:?}");
}

#[test]
fn a_cancellation_that_is_given_up_keeps_the_order() {
    let kept = with(path(), &[cancellation(), gave_up("cancel_fulfilments")]);
    assert_asks(&kept, &["keep_order"]);
    assert_asks(&with(kept, &[packed(1)]), &["capture/f1/1"]);
}

#[test]
fn a_decision_or_an_answer_that_nothing_was_asked_for_does_not_let_go_of_the_money_that_pays() {
    for stray in
        [decided("undo_payment/p1", "retry"), decided("undo_payment/p1", "paid_by_hand"), undone(1), too_late(1)]
    {
        let (_, reaction) = tell(&with(until_allocating(), &[stray, allocated()]));
        assert_eq!(reaction.asks, [CheckoutStep::Confirm { payment: Some(payment(1)), back_order: None }]);
    }
    assert_asks(&with(path(), &[decided("parcel_lost/f1", "refund")]), &[]);
}
