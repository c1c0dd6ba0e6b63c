//! A cart that adds to an order.

use super::*;

fn to(number: u128) -> AddedTo {
    let CartEvent::AdditionBegun { to } = addition_begun(number) else { unreachable!("it begins") };
    *to
}

fn begin(to: AddedTo) -> CartCommand {
    CartCommand::BeginAddition { to: Box::new(to) }
}

fn goes_along(number: u128) -> CartError {
    CartError::GoesAlong { order: order(number) }
}

/// 20.00 that go along.
fn ready_to_add() -> Vec<CartEvent> {
    vec![opened(), addition_begun(1), added([line(1)]), payment_method_chosen()]
}

#[test]
fn it_has_the_orders_address_and_way_of_sending_for_nothing() {
    accepted(vec![opened()], begin(to(1)), vec![addition_begun(1)]);
    let cart = cart_after(&ready_to_add());
    assert_eq!((cart.adds_to(), cart.missing()), (Some(&order(1)), vec![]));
    assert_eq!((cart.email(), cart.address()), (Some(&sealed("e-mail")), Some(&sealed("address"))));
    assert_eq!((cart.country(), cart.shipping()), (Some("FR"), Some(&shipping(0))));
    assert_eq!(cart.totals().expect("totals").payable, euros(2_000));
    let started = CartEvent::CheckoutStarted {
        order: order(2),
        total: euros(2_000),
        promotions: vec![],
        pay_first: None,
        adds_to: Some(order(1)),
    };
    accepted(ready_to_add(), start(2, 2_000), vec![started]);
}

#[test]
fn who_receives_it_and_where_and_how_is_not_changed() {
    for when in [set_contact(), set_address("BE"), choose_shipping(euros(700)), begin(to(2))] {
        refused(ready_to_add(), when, goes_along(1));
    }
    accepted(ready_to_add(), begin(to(1)), vec![]);
    accepted(ready_to_add(), choose_payment_method("pm_1"), vec![]);
}

#[test]
fn sending_it_costs_nothing_in_its_own_currency() {
    let priced = AddedTo { shipping: shipping(1), ..to(1) };
    refused(vec![opened()], begin(priced), CartError::AmountOutOfRange { min: 0, max: 0 });
    let in_dollars = AddedTo { shipping: ShippingChoice { price: dollars(0), ..shipping(0) }, ..to(1) };
    let wrong = CartError::WrongCurrency { cart: Currency::Eur, found: Currency::Usd };
    refused(vec![opened()], begin(in_dollars), wrong);
}

#[test]
fn taken_off_the_order_it_is_a_usual_cart_that_pays_for_its_shipping() {
    let ended = CartEvent::AdditionEnded { order: order(1) };
    accepted(ready_to_add(), CartCommand::EndAddition, vec![ended.clone()]);
    let given: Vec<_> = ready_to_add().into_iter().chain([ended]).collect();
    let cart = cart_after(&given);
    assert_eq!((cart.adds_to(), cart.shipping(), cart.missing()), (None, None, vec!["shipping"]));
    assert_eq!((cart.email(), cart.country()), (Some(&sealed("e-mail")), Some("FR")), "it is the buyer's own");
    accepted(given.clone(), CartCommand::EndAddition, vec![]);
    accepted(given, choose_shipping(euros(500)), vec![shipping_chosen(500)]);
}

#[test]
fn while_it_is_checked_out_it_stays_with_its_order() {
    let given: Vec<_> = ready_to_add().into_iter().chain([started(2)]).collect();
    refused(given.clone(), CartCommand::EndAddition, CartError::CheckoutUnderWay { order: order(2) });
    refused(given, begin(to(3)), CartError::CheckoutUnderWay { order: order(2) });
    refused(vec![], begin(to(1)), CartError::Unknown);
}
