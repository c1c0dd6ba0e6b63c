//! Every repeat: a command that arrives twice has one effect.

use super::*;

#[test]
fn opening_again_changes_nothing_in_any_state() {
    for given in [vec![opened()], ready_and([started(1)]), vec![opened(), absorbed(2)]] {
        accepted(given, open(), vec![]);
    }
}

#[test]
fn lines_added_again_change_nothing() {
    accepted(vec![opened(), added([line(1), line(2)])], add([line(1), line(2)]), vec![]);
    accepted(vec![opened(), added([line(1)])], add([line(1), line(2)]), vec![added([line(2)])]);
    accepted(vec![opened()], add([line(1), line(1)]), vec![added([line(1)])]);
}

#[test]
fn a_quantity_asked_again_changes_nothing() {
    accepted(vec![opened(), added([line(1)])], change(1, 2), vec![]);
}

#[test]
fn lines_taken_out_again_are_unknown() {
    let given = vec![opened(), added([line(1)]), CartEvent::LinesRemoved { lines: vec![line_id(1)] }];
    refused(given, remove([1]), CartError::LineUnknown { line: line_id(1) });
}

#[test]
fn prices_told_again_change_nothing() {
    accepted(vec![opened(), added([line(1)])], reprice([current(1, per_unit(1_000))]), vec![]);
    accepted(vec![opened(), added([agreed(1)])], reprice([current(1, per_unit(900))]), vec![]);
    accepted(vec![opened()], reprice([]), vec![]);
}

#[test]
fn a_choice_made_again_changes_nothing() {
    for when in [set_contact(), set_address("FR"), choose_shipping(euros(500)), choose_payment_method("pm_1")] {
        accepted(ready(), when, vec![]);
    }
}

#[test]
fn another_choice_replaces_the_former() {
    let email = sealed("another");
    accepted(ready(), CartCommand::SetContact { email: email.clone() }, vec![CartEvent::ContactSet { email }]);
    let (address, country) = (sealed("address"), "BE".to_owned());
    accepted(ready(), set_address("BE"), vec![CartEvent::AddressSet { address, country }]);
    accepted(ready(), choose_shipping(euros(700)), vec![shipping_chosen(700)]);
    let method = text("pm_2");
    accepted(ready(), choose_payment_method("pm_2"), vec![CartEvent::PaymentMethodChosen { method }]);
}

#[test]
fn a_merge_of_the_same_cart_changes_nothing_in_any_state() {
    let given = || ready_and([merged(2, [line(2)])]);
    let closed = [started(1), completed(1)];
    for count in 0..=closed.len() {
        let given = given().into_iter().chain(closed[..count].to_vec()).collect();
        accepted(given, merge(2, [line(3)]), vec![]);
    }
}

#[test]
fn a_merge_that_repeats_lines_brings_in_the_others_only() {
    accepted(vec![opened(), added([line(1)])], merge(2, [line(1), line(2)]), vec![merged(2, [line(2)])]);
}

#[test]
fn the_oldest_merge_is_forgotten_beyond_the_limit_and_its_lines_still_come_in_once() {
    let mut events = vec![opened(), merged(1, [line(1)])];
    events.extend((2..=MERGES_REMEMBERED_MAX as u128).map(|number| merged(number, [])));
    accepted(events.clone(), merge(1, [line(1)]), vec![]);
    events.push(merged(0, []));
    accepted(events, merge(1, [line(1)]), vec![merged(1, [])]);
}

#[test]
fn a_cart_is_absorbed_once() {
    accepted(vec![opened(), absorbed(2)], absorb(2), vec![]);
    refused(vec![opened(), absorbed(2)], absorb(3), CartError::Closed);
}

#[test]
fn a_checkout_of_the_same_order_starts_once() {
    accepted(ready_and([started(1)]), start(1, 2_500), vec![]);
    accepted(ready_and([started(1)]), start(1, 1), vec![]);
}

#[test]
fn a_checkout_is_abandoned_once() {
    accepted(ready_and([started(1), abandoned(1)]), abandon(1), vec![]);
}

#[test]
fn a_late_repeat_of_an_abandonment_leaves_the_next_checkout_alone() {
    let next = || ready_and([started(1), abandoned(1), started(2)]);
    accepted(next(), abandon(1), vec![]);
    accepted([next(), vec![completed(2)]].concat(), abandon(1), vec![]);
}

#[test]
fn a_cart_is_completed_once() {
    accepted(ready_and([started(1), completed(1)]), complete(1), vec![]);
}
