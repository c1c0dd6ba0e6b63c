//! What a cart comes to, how it is rounded and how far it goes.

use super::*;
use crate::values::TaxedAmount;

fn out_of_range(min: i64) -> CartError {
    CartError::AmountOutOfRange { min, max: AMOUNT_MINOR_MAX }
}

fn taxed(net: i64, tax: i64, vat_rate: &str) -> TaxedAmount {
    TaxedAmount { net: euros(net), tax: euros(tax), gross: euros(net + tax), rate: rate(vat_rate) }
}

fn totals_after(events: &[CartEvent]) -> CartTotals {
    cart_after(events).totals().expect("a cart within its range")
}

#[test]
fn an_empty_cart_comes_to_nothing() {
    let totals = totals_after(&[opened()]);
    assert_eq!((totals.subtotal, totals.total, totals.payable), (euros(0), euros(0), euros(0)));
    assert_eq!((totals.lines.len(), totals.shipping, totals.vat.len()), (0, None, 0));
}

#[test]
fn lines_shipping_coupons_and_vat_are_summed() {
    let toy = CartLine { vat_rate: rate("0.2"), ..line_of(2, 1, for_line(1_200)) };
    let totals = totals_after(&ready_and([added([toy]), coupon_applied("TEN", 1_000)]));
    assert_eq!(totals.lines, [(line_id(1), taxed(1_896, 104, "0.055")), (line_id(2), taxed(1_000, 200, "0.2"))]);
    assert_eq!((totals.subtotal, totals.shipping), (euros(3_200), Some(taxed(417, 83, "0.2"))));
    assert_eq!((totals.total, totals.coupons, totals.payable), (euros(3_700), euros(1_000), euros(2_700)));
    assert_eq!(totals.vat, [taxed(1_896, 104, "0.055"), taxed(1_417, 283, "0.2")]);
}

#[test]
fn vat_is_rounded_once_a_line_and_half_away_from_zero() {
    let halves = |number, count| CartLine { vat_rate: rate("1"), ..line_of(number, count, per_unit(1)) };
    let totals = totals_after(&[opened(), added([halves(1, 1), halves(2, 3), halves(3, 2)])]);
    let nets: Vec<i64> = totals.lines.iter().map(|(_, amount)| amount.net.minor()).collect();
    assert_eq!(nets, [1, 2, 1]);
}

#[test]
fn coupons_pay_no_more_than_there_is_to_pay() {
    for (coupons, payable) in [(2_499, 1), (2_500, 0), (2_501, 0)] {
        let totals = totals_after(&ready_and([coupon_applied("MUCH", coupons)]));
        assert_eq!((totals.total, totals.payable), (euros(2_500), euros(payable)));
    }
}

#[test]
fn a_price_is_from_nothing_to_the_limit() {
    for price in [per_unit(0), per_unit(AMOUNT_MINOR_MAX), for_line(0), for_line(AMOUNT_MINOR_MAX)] {
        accepted(vec![opened()], add([line_of(1, 1, price)]), vec![added([line_of(1, 1, price)])]);
    }
    for minor in [-1, AMOUNT_MINOR_MAX + 1, i64::MIN, i64::MAX] {
        for price in [per_unit(minor), for_line(minor)] {
            refused(vec![opened()], add([line_of(1, 1, price)]), out_of_range(0));
            refused(vec![opened()], merge(2, [line_of(1, 1, price)]), out_of_range(0));
            refused(vec![opened(), added([line(1)])], reprice([current(1, price)]), out_of_range(0));
        }
        refused(vec![opened()], choose_shipping(euros(minor)), out_of_range(0));
    }
    for minor in [0, AMOUNT_MINOR_MAX] {
        accepted(vec![opened()], choose_shipping(euros(minor)), vec![shipping_chosen(minor)]);
    }
}

#[test]
fn lines_that_pass_the_limit_together_are_refused() {
    let half = |number| line_of(number, 1, per_unit(AMOUNT_MINOR_MAX / 2));
    let cent = || line_of(3, 1, per_unit(1));
    accepted(vec![opened(), added([half(1)])], add([half(2)]), vec![added([half(2)])]);
    refused(vec![opened(), added([half(1)])], add([half(2), cent()]), out_of_range(0));
    refused(vec![opened(), added([half(1), half(2)])], merge(2, [cent()]), out_of_range(0));
}

#[test]
fn a_quantity_or_price_that_passes_the_limit_is_refused() {
    let dear = || line_of(1, 1, per_unit(AMOUNT_MINOR_MAX / 1_000));
    let changed = CartEvent::LineQuantityChanged { line: line_id(1), quantity: units(1_000) };
    accepted(vec![opened(), added([dear()])], change(1, 1_000), vec![changed]);
    refused(vec![opened(), added([dear()])], change(1, 1_001), out_of_range(0));
    let most = line_of(1, i64::from(Quantity::MAX), per_unit(1));
    refused(vec![opened(), added([most])], reprice([current(1, per_unit(AMOUNT_MINOR_MAX))]), out_of_range(0));
    refused(vec![opened()], add([line_of(1, 1_000_000, per_unit(AMOUNT_MINOR_MAX))]), out_of_range(0));
}

#[test]
fn lines_may_trade_places_at_the_limit_in_one_command() {
    let line_at = |number, count| line_of(number, count, per_unit(AMOUNT_MINOR_MAX / 10));
    let changes = vec![(line_id(1), Some(units(9))), (line_id(2), Some(units(1)))];
    let cart = cart_after(&[opened(), added([line_at(1, 1), line_at(2, 9)])]);
    let events = cart.decide(&CartCommand::ChangeLines { changes });
    assert_eq!(events.map(|events| events.len()), Ok(2));
}

#[test]
fn shipping_that_lifts_the_total_over_the_limit_is_refused() {
    let given = || vec![opened(), added([line_of(1, 1, for_line(AMOUNT_MINOR_MAX - 500))])];
    accepted(given(), choose_shipping(euros(500)), vec![shipping_chosen(500)]);
    refused(given(), choose_shipping(euros(501)), out_of_range(0));
}

#[test]
fn a_coupon_is_worth_one_cent_to_the_limit_and_so_are_all_of_them() {
    for minor in [0, -1, i64::MIN, AMOUNT_MINOR_MAX + 1, i64::MAX] {
        refused(vec![opened()], apply_coupon("TEN", euros(minor)), out_of_range(1));
    }
    for minor in [1, AMOUNT_MINOR_MAX] {
        accepted(vec![opened()], apply_coupon("TEN", euros(minor)), vec![coupon_applied("TEN", minor)]);
    }
    let given = vec![opened(), coupon_applied("ALL", AMOUNT_MINOR_MAX)];
    refused(given, apply_coupon("CENT", euros(1)), out_of_range(0));
}
