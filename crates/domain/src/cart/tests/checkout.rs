//! Checkout: what it needs, what it freezes, how it ends.

use super::*;

#[test]
fn all_that_is_missing_is_listed_at_once() {
    let missing = vec!["lines", "email", "address", "shipping", "payment_method"];
    assert_eq!(cart_after(&[opened()]).missing(), missing);
    refused(vec![opened()], start(1, 0), CartError::CheckoutIncomplete { missing });
}

#[test]
fn each_thing_that_is_missing_is_named() {
    for (without, name) in [(1, "lines"), (2, "email"), (3, "address"), (4, "shipping"), (5, "payment_method")] {
        let mut given = ready();
        given.remove(without);
        refused(given, start(1, 2_500), CartError::CheckoutIncomplete { missing: vec![name] });
    }
    assert_eq!(cart_after(&ready()).missing(), Vec::<&str>::new());
}

#[test]
fn a_cart_that_costs_nothing_needs_no_payment_method() {
    let mut given = ready();
    given.pop();
    given.push(coupon_applied("ALL", 2_499));
    refused(given.clone(), start(1, 1), CartError::CheckoutIncomplete { missing: vec!["payment_method"] });
    given.push(coupon_applied("CENT", 1));
    let then = CartEvent::CheckoutStarted {
        order: order(1),
        total: euros(0),
        promotions: vec![],
        pay_first: None,
        adds_to: None,
    };
    accepted(given, start(1, 0), vec![then]);
}

#[test]
fn a_cart_of_free_lines_needs_a_payment_method_until_shipping_is_known_to_be_free() {
    let given = vec![opened(), added([line_of(1, 1, per_unit(0))]), contact_set(), address_set()];
    assert_eq!(cart_after(&given).missing(), ["shipping", "payment_method"]);
    assert_eq!(cart_after(&[given, vec![shipping_chosen(0)]].concat()).missing(), Vec::<&str>::new());
}

#[test]
fn a_total_that_is_not_what_the_shopper_saw_is_refused() {
    for minor in [2_499, 2_501, 0] {
        let refusal = CartError::TotalChanged { expected: euros(minor), actual: euros(2_500) };
        refused(ready(), start(1, minor), refusal);
    }
    let in_dollars = CartCommand::StartCheckout { order: order(1), expected_total: dollars(2_500), pay_first: None };
    refused(ready(), in_dollars, CartError::TotalChanged { expected: dollars(2_500), actual: euros(2_500) });
}

#[test]
fn the_shopper_agrees_to_the_total_less_the_coupons() {
    let given = ready_and([coupon_applied("TEN", 1_000)]);
    refused(given.clone(), start(1, 2_500), CartError::TotalChanged { expected: euros(2_500), actual: euros(1_500) });
    accepted(
        given,
        start(1, 1_500),
        vec![CartEvent::CheckoutStarted {
            order: order(1),
            total: euros(1_500),
            promotions: vec![],
            pay_first: None,
            adds_to: None,
        }],
    );
}

#[test]
fn nothing_changes_while_checkout_is_under_way() {
    let given = ready_and([started(1)]);
    assert_eq!(cart_after(&given).status(), CartStatus::CheckingOut { order: order(1), total: euros(2_500) });
    for when in every_change() {
        refused(given.clone(), when, CartError::CheckoutUnderWay { order: order(1) });
    }
}

#[test]
fn an_abandoned_checkout_opens_the_cart_again() {
    accepted(ready_and([started(1)]), abandon(1), vec![abandoned(1)]);
    let given = ready_and([started(1), abandoned(1)]);
    let cart = cart_after(&given);
    assert_eq!((cart.status(), cart.last_abandoned()), (CartStatus::Open, Some(&order(1))));
    accepted(
        given.clone(),
        set_address("BE"),
        vec![CartEvent::AddressSet { address: sealed("address"), country: "BE".to_owned() }],
    );
    accepted(given, start(2, 2_500), vec![started(2)]);
}

#[test]
fn an_abandoned_checkout_does_not_start_again_when_its_start_arrives_late() {
    let given = ready_and([started(1), abandoned(1)]);
    refused(given, start(1, 2_500), CartError::CheckoutOver { order: order(1) });
}

#[test]
fn only_the_checkout_under_way_can_be_abandoned_or_completed() {
    for given in [ready(), ready_and([started(1)]), ready_and([started(1), abandoned(1)])] {
        for when in [abandon(2), complete(2)] {
            refused(given.clone(), when, CartError::CheckoutUnknown { order: order(2) });
        }
    }
    refused(ready_and([started(1), abandoned(1)]), complete(1), CartError::CheckoutUnknown { order: order(1) });
}

#[test]
fn a_completed_checkout_cannot_be_abandoned() {
    refused(ready_and([started(1), completed(1)]), abandon(1), CartError::Closed);
}

#[test]
fn the_chosen_method_may_be_to_hold_a_part_of_the_total_only() {
    let paying = |first| CartCommand::StartCheckout { order: order(1), expected_total: euros(2_500), pay_first: first };
    let started = |first| CartEvent::CheckoutStarted {
        order: order(1),
        total: euros(2_500),
        promotions: vec![],
        pay_first: first,
        adds_to: None,
    };
    accepted(ready(), paying(Some(euros(1))), vec![started(Some(euros(1)))]);
    accepted(ready(), paying(Some(euros(2_500))), vec![started(None)]);
    for first in [euros(0), euros(-1), euros(2_501), dollars(1)] {
        refused(ready(), paying(Some(first)), CartError::PaymentAmountInvalid { requested: first, due: euros(2_500) });
    }
    let frozen = ready_and([started(Some(euros(1)))]);
    assert_eq!(cart_after(&frozen).pay_first(), Some(euros(1)));
}
