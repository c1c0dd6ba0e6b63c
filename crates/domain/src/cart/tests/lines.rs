//! Lines changed, taken out and priced together.

use super::*;

#[test]
fn several_lines_change_and_go_in_one_command() {
    let changes =
        vec![(line_id(1), Some(units(5))), (line_id(2), None), (line_id(3), Some(units(2))), (line_id(4), None)];
    let then = vec![
        CartEvent::LineQuantityChanged { line: line_id(1), quantity: units(5) },
        CartEvent::LinesRemoved { lines: vec![line_id(2), line_id(4)] },
    ];
    let given = vec![opened(), added([1, 2, 3].map(line)), added([line_of(4, 2, for_line(999))])];
    accepted(given.clone(), CartCommand::ChangeLines { changes }, then.clone());
    let cart = cart_after(&[given, then].concat());
    assert_eq!(cart.lines(), [line_of(1, 5, per_unit(1_000)), line(3)]);
}

#[test]
fn of_a_line_named_twice_in_a_command_the_last_wish_counts() {
    let given = || vec![opened(), added([line(1)])];
    let changes = |wishes: [Option<i64>; 2]| CartCommand::ChangeLines {
        changes: wishes.map(|wish| (line_id(1), wish.map(units))).to_vec(),
    };
    let changed = CartEvent::LineQuantityChanged { line: line_id(1), quantity: units(5) };
    accepted(given(), changes([Some(9), Some(5)]), vec![changed.clone()]);
    accepted(given(), changes([None, Some(5)]), vec![changed]);
    accepted(given(), changes([Some(5), Some(2)]), vec![]);
    accepted(given(), changes([None, None]), vec![CartEvent::LinesRemoved { lines: vec![line_id(1)] }]);
    let repriced = CartEvent::LineRepriced { line: line_id(1), price: per_unit(900), vat_rate: rate("0.055") };
    accepted(given(), reprice([current(1, per_unit(800)), current(1, per_unit(900))]), vec![repriced]);
    accepted(given(), reprice([current(1, per_unit(900)), current(1, per_unit(1_000))]), vec![]);
}

#[test]
fn prices_follow_the_catalogue_except_where_they_were_agreed_by_hand() {
    let given = vec![opened(), added([line(1), agreed(2), line(3), line(4)])];
    let other_rate = CurrentPrice { vat_rate: rate("0.2"), ..current(4, per_unit(1_000)) };
    let prices = [current(1, per_unit(900)), current(2, per_unit(900)), current(3, per_unit(1_000)), other_rate];
    let then = vec![
        CartEvent::LineRepriced { line: line_id(1), price: per_unit(900), vat_rate: rate("0.055") },
        CartEvent::LineRepriced { line: line_id(4), price: per_unit(1_000), vat_rate: rate("0.2") },
    ];
    accepted(given.clone(), reprice(prices), then.clone());
    let cart = cart_after(&[given, then].concat());
    assert_eq!(cart.lines()[0], line_of(1, 2, per_unit(900)));
    assert_eq!(cart.lines()[3].vat_rate, rate("0.2"));
}
