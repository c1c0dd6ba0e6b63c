//! Every refusal of a cart before checkout, and the limits of its lists.

use super::*;

fn wrong_currency() -> CartError {
    CartError::WrongCurrency { cart: Currency::Eur, found: Currency::Usd }
}

fn too_many_lines() -> CartError {
    CartError::TooManyLines { max: LINES_MAX }
}

fn many(count: usize) -> impl Iterator<Item = CartLine> {
    (1..=count as u128).map(line)
}

fn in_dollars(number: u128) -> CartLine {
    CartLine { price: LinePrice::PerUnit(dollars(1_000)), ..line(number) }
}

#[test]
fn nothing_happens_to_a_cart_that_was_never_opened() {
    for when in every_change().into_iter().chain([abandon(1), complete(1)]) {
        refused(vec![], when, CartError::Unknown);
    }
    assert_eq!(Cart::default().totals(), Err(CartError::Unknown));
}

#[test]
fn a_cart_cannot_be_opened_for_another_owner_or_in_another_currency() {
    let open_as = |number, currency| CartCommand::Open { owner: customer(number), currency };
    refused(vec![opened()], open_as(2, Currency::Eur), CartError::AlreadyExists);
    refused(vec![opened()], open_as(1, Currency::Usd), CartError::AlreadyExists);
}

#[test]
fn a_completed_or_absorbed_cart_is_closed() {
    for given in [ready_and([started(1), completed(1)]), vec![opened(), absorbed(2)]] {
        for when in every_change().into_iter().chain([abandon(2), complete(2)]) {
            refused(given.clone(), when, CartError::Closed);
        }
    }
}

#[test]
fn a_command_without_a_line_is_refused() {
    refused(vec![opened()], add([]), CartError::NothingAsked);
    refused(vec![opened()], remove([]), CartError::NothingAsked);
}

#[test]
fn a_line_that_is_not_there_cannot_be_changed_taken_out_or_priced() {
    for when in [change(2, 3), remove([2]), remove([1, 2]), reprice([current(2, per_unit(900))])] {
        refused(vec![opened(), added([line(1)])], when, CartError::LineUnknown { line: line_id(2) });
    }
}

#[test]
fn a_line_id_cannot_stand_for_two_lines() {
    let other = || line_of(1, 3, per_unit(1_000));
    let refusal = || CartError::LineExists { line: line_id(1) };
    refused(vec![opened(), added([line(1)])], add([line(2), other()]), refusal());
    refused(vec![opened()], add([line(1), other()]), refusal());
    refused(vec![opened(), added([line(1)])], merge(2, [other()]), refusal());
}

#[test]
fn a_cart_holds_five_hundred_lines_and_no_more() {
    accepted(vec![opened()], add(many(LINES_MAX)), vec![added(many(LINES_MAX))]);
    accepted(vec![opened(), added(many(LINES_MAX - 1))], add([line(999)]), vec![added([line(999)])]);
    refused(vec![opened()], add(many(LINES_MAX + 1)), too_many_lines());
    refused(vec![opened(), added(many(LINES_MAX))], add([line(999)]), too_many_lines());
    refused(vec![opened(), added(many(LINES_MAX))], merge(2, [line(999)]), too_many_lines());
    accepted(vec![opened(), added(many(LINES_MAX - 1))], merge(2, [line(999)]), vec![merged(2, [line(999)])]);
}

#[test]
fn a_command_names_five_hundred_lines_and_no_more() {
    let given = || vec![opened(), added(many(LINES_MAX))];
    let changes = |count| CartCommand::ChangeLines { changes: vec![(line_id(1), Some(units(2))); count] };
    accepted(given(), changes(LINES_MAX), vec![]);
    refused(given(), changes(LINES_MAX + 1), too_many_lines());
    let prices = |count| CartCommand::Reprice { prices: vec![current(1, per_unit(1_000)); count] };
    accepted(given(), prices(LINES_MAX), vec![]);
    refused(given(), prices(LINES_MAX + 1), too_many_lines());
}

#[test]
fn a_line_priced_as_a_whole_keeps_its_quantity_but_can_go() {
    let given = || vec![opened(), added([line_of(1, 3, for_line(1_000))])];
    refused(given(), change(1, 2), CartError::LinePriceFixed { line: line_id(1) });
    accepted(given(), change(1, 3), vec![]);
    accepted(given(), remove([1]), vec![CartEvent::LinesRemoved { lines: vec![line_id(1)] }]);
}

#[test]
fn a_command_holds_as_a_whole_or_not_at_all() {
    let changes = vec![(line_id(1), Some(units(5))), (line_id(9), None)];
    let refusal = CartError::LineUnknown { line: line_id(9) };
    refused(vec![opened(), added([line(1)])], CartCommand::ChangeLines { changes }, refusal);
    refused(vec![opened()], add([line(1), in_dollars(2)]), wrong_currency());
}

#[test]
fn another_currency_is_refused_everywhere() {
    let guest = merge_all(GuestCart { currency: Currency::Usd, ..guest(2, []) });
    let whole = CartLine { price: LinePrice::ForLine(dollars(1)), ..line(2) };
    for when in [
        add([in_dollars(2)]),
        add([whole]),
        guest,
        merge(2, [in_dollars(2)]),
        reprice([current(1, LinePrice::PerUnit(dollars(900)))]),
        choose_shipping(dollars(500)),
        apply_coupon("TEN", dollars(1_000)),
    ] {
        refused(vec![opened(), added([line(1)])], when, wrong_currency());
    }
}

#[test]
fn a_country_is_two_capital_letters() {
    for country in ["", "F", "fr", "FRA", "F1", "É", "F "] {
        refused(vec![opened()], set_address(country), CartError::InvalidCountry);
    }
    accepted(vec![opened()], set_address("FR"), vec![address_set()]);
}

#[test]
fn a_coupon_counts_once() {
    let given = || vec![opened(), coupon_applied("TEN", 1_000)];
    refused(given(), apply_coupon("TEN", euros(1_000)), CartError::CouponApplied);
    refused(given(), apply_coupon("TEN", euros(500)), CartError::CouponApplied);
    accepted(given(), apply_coupon("FIVE", euros(500)), vec![coupon_applied("FIVE", 500)]);
}

#[test]
fn a_cart_holds_twenty_coupons_and_no_more() {
    let mut given = vec![opened()];
    given.extend((1..COUPONS_MAX).map(|number| coupon_applied(&format!("C{number}"), 1)));
    accepted(given.clone(), apply_coupon("LAST", euros(1)), vec![coupon_applied("LAST", 1)]);
    given.push(coupon_applied("LAST", 1));
    refused(given, apply_coupon("MORE", euros(1)), CartError::TooManyCoupons { max: COUPONS_MAX });
}

#[test]
fn a_coupon_that_is_not_applied_cannot_be_taken_back() {
    refused(vec![opened()], remove_coupon("TEN"), CartError::CouponUnknown);
    let then = vec![CartEvent::CouponRemoved { code: text("TEN") }];
    accepted(vec![opened(), coupon_applied("TEN", 1)], remove_coupon("TEN"), then);
}
