//! A checkout that goes along with an order.

use domain::order::AdditionEnd;

use super::*;

pub(super) fn refused() -> Input {
    Input::AdditionRefused { code: "ORDER_CANNOT_BE_ADDED_TO".to_owned() }
}

pub(super) fn first() -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(41))
}

pub(super) fn started_to_add(promotions: Vec<PromotionId>) -> Input {
    Input::Started { cart: cart(), promotions, adds_to: Some(first()) }
}

/// As [`super::path`], of a checkout that adds to an order.
pub(super) fn path() -> Vec<Input> {
    let mut inputs = super::path();
    inputs[0] = started_to_add(Vec::new());
    inputs.insert(2, Input::AdditionAccepted);
    inputs
}

fn until(told: usize, more: &[Input]) -> Vec<Input> {
    with(path()[..told].to_vec(), more)
}

fn released(inputs: &[Input]) -> Vec<AdditionEnd> {
    let ends = tell(inputs).1.asks.into_iter().filter_map(|step| match step {
        CheckoutStep::ReleaseAddition { to, end } if to == first() => Some(end),
        _ => None,
    });
    ends.collect()
}

#[test]
fn the_order_is_asked_once_the_units_are_promised_and_before_this_one_is_placed() {
    assert_asks(&until(1, &[]), &["reserve"]);
    assert_asks(&until(2, &[]), &["accept_addition"]);
    assert_asks(&until(2, &[reserved()]), &[]);
    assert_asks(&until(3, &[]), &["place"]);
    assert_asks(&until(3, &[Input::AdditionAccepted]), &[]);
    let with_promotion = [started_to_add(vec![promotion()]), reserved(), Input::AdditionAccepted];
    assert_asks(&with_promotion, &["reserve_promotions"]);
}

#[test]
fn a_usual_checkout_asks_no_order() {
    assert_asks(&until_placing(), &["place"]);
    assert_asks(&with(until_placing(), &[Input::AdditionAccepted]), &[]);
    assert_asks(&with(until_paying(), &[Input::PaymentTimeOver]), &["release_stock", "undo_payment/p1/1"]);
}

#[test]
fn an_order_that_takes_nothing_along_ends_it_and_opens_the_cart() {
    let no = until(2, &[refused()]);
    assert_asks(&no, &["release_stock"]);
    let over = with(no, &[Input::StockReleased]);
    assert_asks(&over, &["reopen_cart"]);
    let code = "ORDER_CANNOT_BE_ADDED_TO".to_owned();
    let (checkout, reaction) = tell(&over);
    assert_eq!((reaction.end, checkout.status()), (Some("rejected"), CheckoutStatus::Rejected { code }));
}

#[test]
fn every_undo_tells_the_order_and_waits_for_it() {
    assert_asks(&until(1, &[short()]), &["release_stock"]);
    assert_asks(&until(2, &[gave_up("accept_addition")]), &["release_stock", "release_addition"]);
    assert_asks(&until(3, &[gave_up("place")]), &["release_stock", "release_addition"]);
    let all: &[&str] = &["release_stock", "release_addition", "undo_payment/p1/1"];
    assert_asks(&until(4, &[Input::PaymentTimeOver]), all);
    assert_asks(&until(4, &[cancellation()]), all);
    let cancelled = with(path(), &[cancellation(), Input::FulfilmentsCancelled]);
    assert_asks(&cancelled, all);
    assert_eq!(released(&cancelled), [AdditionEnd::CalledOff]);
    let nearly = with(cancelled, &[Input::StockReleased, undone(1)]);
    assert_asks(&nearly, &[]);
    for told in [Input::AdditionReleased, gave_up("release_addition")] {
        assert_asks(&with(nearly.clone(), &[told]), &["cancel_order"]);
    }
}

#[test]
fn with_its_first_parcel_it_goes_along_no_longer() {
    let paid = |number| [packed(number), captured(number)];
    let packed = with(with(path(), &paid(1)), &paid(2));
    let left = with(packed, &[handed_over(1)]);
    assert_eq!(released(&left), [AdditionEnd::HandedOver]);
    assert_eq!(released(&with(left.clone(), &[handed_over(1)])), []);
    assert_eq!(released(&with(left, &[handed_over(2)])), [], "it is told once");
}

#[test]
fn a_wish_to_cancel_while_the_order_is_asked_waits_for_it() {
    let wished = until(2, &[cancellation()]);
    assert_asks(&wished, &[]);
    let placed = with(wished, &[Input::AdditionAccepted, placed()]);
    assert_asks(&placed, &["release_stock", "release_addition"]);
}
