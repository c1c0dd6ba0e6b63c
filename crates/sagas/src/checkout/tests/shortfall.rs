//! A paid order of which units are missing.

use super::super::shortfall::{TIMER_BACK_ORDER, TIMER_SHORTFALL};
use super::*;

fn until_short(policy: ShortfallPolicy) -> Vec<Input> {
    vec![started(), reserved(), placed_under(policy), authorised(1), short()]
}

fn back_ordered() -> Input {
    Input::BackOrdered { shortages: shortages() }
}

fn filled() -> Input {
    Input::BackOrderFilled { routed: routed() }
}

fn waiting() -> Vec<Input> {
    with(until_short(ShortfallPolicy::BackOrder), &[back_ordered(), Input::Confirmed])
}

/// An order that waited for its units, up to where its parcels are asked for.
pub(super) fn path() -> Vec<Input> {
    with(waiting(), &[Input::StillWaiting, Input::UnitsCame, filled(), parcels_of(500)])
}

#[test]
fn it_is_voided_unless_the_shop_promised_otherwise_when_it_was_placed() {
    let voided = until_short(ShortfallPolicy::Void);
    assert_asks(&voided, &["release_stock", "undo_payment/p1/1"]);
    let (checkout, reaction) = tell(&with(voided, &[Input::StockReleased, undone(1)]));
    assert_eq!(
        (reaction.end, checkout.answer),
        (Some("rejected"), CheckoutStatus::OutOfStock { shortages: shortages() })
    );
    let called_off = Input::Short { shortages: Vec::new() };
    let inputs = [&until_short(ShortfallPolicy::BackOrder)[..4], &[called_off]].concat();
    assert_asks(&inputs, &["release_stock", "undo_payment/p1/1"]);
}

#[test]
fn it_is_owed_and_waits_and_goes_to_the_warehouses_once_every_unit_is_there() {
    let (_, reaction) = tell(&until_short(ShortfallPolicy::BackOrder));
    assert_eq!(reaction.asks, [CheckoutStep::BackOrder { cart: cart(), since: noon() }]);
    let (_, reaction) = tell(&with(until_short(ShortfallPolicy::BackOrder), &[back_ordered()]));
    let back_order = Some(Awaited { shortages: shortages(), until: three_weeks_later() });
    assert_eq!(reaction.asks, [CheckoutStep::Confirm { payment: Some(payment(1)), back_order }]);
    let (checkout, reaction) = tell(&waiting());
    assert_eq!(names(&reaction), ["settle_back_order/1", "complete_cart"]);
    assert_eq!(reaction.timers, [(TIMER_BACK_ORDER.to_owned(), three_weeks_later())]);
    assert_eq!(checkout.answer, CheckoutStatus::Confirmed);
    assert_asks(&with(waiting(), &[Input::StillWaiting]), &[]);
    assert_asks(&with(waiting(), &[Input::UnitsCame]), &["settle_back_order/2"]);
    let (_, reaction) = tell(&with(waiting(), &[Input::UnitsCame, filled()]));
    assert_eq!(reaction.asks, [CheckoutStep::RequestFulfilments { routed: routed() }]);
    assert_eq!(
        (reaction.stops, reaction.withdraws),
        (vec![TIMER_BACK_ORDER.to_owned()], vec![TASK_BACK_ORDER.to_owned()])
    );
    assert_asks(&with(path(), &[packed(1)]), &["capture/f1/1"]);
}

#[test]
fn units_that_come_before_it_is_confirmed_are_found_when_it_is() {
    let early = with(until_short(ShortfallPolicy::BackOrder), &[Input::UnitsCame, back_ordered(), Input::UnitsCame]);
    assert_asks(&early, &[]);
    assert_asks(&with(early, &[Input::Confirmed]), &["settle_back_order/1", "complete_cart"]);
    assert_asks(&with(path(), &[Input::UnitsCame]), &[]);
    assert_asks(&with(path(), &[filled()]), &[]);
}

#[test]
fn what_is_all_there_meanwhile_is_waited_for_by_nobody() {
    let none = Input::BackOrdered { shortages: Vec::new() };
    let (_, reaction) = tell(&with(until_short(ShortfallPolicy::BackOrder), &[none]));
    assert_eq!(reaction.asks, [CheckoutStep::Confirm { payment: Some(payment(1)), back_order: None }]);
}

#[test]
fn an_order_that_may_not_wait_is_voided() {
    let refused = Input::Short { shortages: Vec::new() };
    assert_asks(&with(until_short(ShortfallPolicy::BackOrder), &[refused]), &["release_stock", "undo_payment/p1/1"]);
    let given_up = with(until_short(ShortfallPolicy::BackOrder), &[gave_up("back_order")]);
    assert_asks(&given_up, &["release_stock", "undo_payment/p1/1"]);
}

#[test]
fn it_is_called_off_at_any_time_and_its_cart_stays_closed() {
    let undoing = &["release_stock", "undo_payment/p1/1"];
    assert_asks(&with(waiting(), &[cancellation()]), undoing);
    assert_asks(&with(until_short(ShortfallPolicy::BackOrder), &[cancellation(), back_ordered()]), undoing);
    let confirming = with(until_short(ShortfallPolicy::BackOrder), &[back_ordered(), cancellation(), Input::Confirmed]);
    assert_asks(&confirming, &["release_stock", "undo_payment/p1/1", "complete_cart"]);
    let late = with(waiting(), &[cancellation(), filled(), Input::UnitsCame, Input::StockReleased, undone(1)]);
    let (checkout, reaction) = tell(&late);
    assert_eq!(names(&reaction), ["cancel_order"], "no warehouse was asked, and the cart became a sale");
    assert_eq!((reaction.end, checkout.answer), (Some("cancelled"), CheckoutStatus::Cancelled));
}

#[test]
fn people_are_asked_about_late_units_again_and_again() {
    let late = with(waiting(), &[Input::BackOrderLate]);
    let task = tell(&late).1.task.expect("people are asked");
    assert_eq!(
        (task.name.as_str(), task.choices),
        (TASK_BACK_ORDER, vec!["wait".to_owned(), "cancel_order".to_owned()])
    );
    let (_, reaction) = tell(&with(late.clone(), &[decided(TASK_BACK_ORDER, "wait")]));
    let again = noon().plus_seconds(BACK_ORDER_AGAIN_SECONDS);
    assert_eq!(
        (names(&reaction), reaction.timers),
        (vec!["settle_back_order/2".to_owned()], vec![(TIMER_BACK_ORDER.to_owned(), again)])
    );
    let called_off = with(late.clone(), &[decided(TASK_BACK_ORDER, "cancel_order")]);
    assert_asks(&called_off, &["release_stock", "undo_payment/p1/1"]);
    let cancelled = tell(&with(late.clone(), &[cancellation()])).1;
    assert_eq!(cancelled.withdraws, [TASK_BACK_ORDER], "nobody need decide it");
    let in_time = with(late, &[filled()]);
    for choice in ["wait", "cancel_order"] {
        assert_eq!(tell(&with(in_time.clone(), &[decided(TASK_BACK_ORDER, choice)])).1, Asked::default(), "{choice}");
    }
    assert_eq!(tell(&with(path(), &[Input::BackOrderLate])).1, Asked::default());
    let given_up = tell(&with(waiting(), &[gave_up("settle_back_order/1")])).1;
    assert!(given_up.task.is_some(), "nobody would look again");
}

#[test]
fn people_choose_where_the_shop_promised_nothing() {
    let asked = until_short(ShortfallPolicy::Ask);
    let (checkout, reaction) = tell(&asked);
    let task = reaction.task.expect("people are asked");
    assert_eq!((task.name.as_str(), task.choices), (TASK_SHORTFALL, vec!["back_order".to_owned(), "void".to_owned()]));
    assert!(task.question.contains("1 of 2 livre"), "{}", task.question);
    assert_eq!(reaction.timers, [(TIMER_SHORTFALL.to_owned(), noon().plus_seconds(SHORTFALL_DECIDE_SECONDS))]);
    assert_eq!(checkout.answer, CheckoutStatus::Pending);
    assert_asks(&with(asked.clone(), &[decided(TASK_SHORTFALL, "back_order")]), &["back_order"]);
    let undoing = &["release_stock", "undo_payment/p1/1"];
    assert_asks(&with(asked.clone(), &[decided(TASK_SHORTFALL, "void")]), undoing);
    assert_asks(&with(asked.clone(), &[Input::ShortfallUndecided]), undoing);
    assert_asks(&with(asked.clone(), &[cancellation()]), undoing);
    for settled in [Input::ShortfallUndecided, cancellation()] {
        let reaction = tell(&with(asked.clone(), &[settled])).1;
        assert!(reaction.stops.contains(&TIMER_SHORTFALL.to_owned()), "{reaction:?}");
        assert_eq!(reaction.withdraws, [TASK_SHORTFALL]);
    }
    let too_late = with(asked, &[cancellation(), decided(TASK_SHORTFALL, "back_order")]);
    assert_asks(&too_late, &[]);
}

#[test]
fn money_is_held_anew_while_it_waits() {
    let hold = Input::Authorised { payment: payment(1), expires_at: Some(noon().plus_seconds(RENEW_BEFORE_SECONDS)) };
    let mut inputs = waiting();
    inputs[3] = hold;
    let (mut checkout, _) = tell(&inputs);
    let reaction = checkout.react(&Input::HoldEnding, noon().plus_seconds(RENEW_BEFORE_SECONDS / 2));
    assert!(matches!(reaction.asks.as_slice(), [CheckoutStep::RenewHold { .. }]), "{reaction:?}");
}
