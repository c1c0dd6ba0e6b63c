//! What promotions take off a cart, line by line, and why one takes off nothing.

use super::*;

fn totals_after(events: impl IntoIterator<Item = CartEvent>) -> CartTotals {
    let events: Vec<CartEvent> = events.into_iter().collect();
    cart_after(&events).totals().expect("a cart within its range")
}

/// A cart of lines of 10.00, 20.00 and 30.00.
fn three_lines() -> Vec<CartEvent> {
    let lines = [(1, 1_000), (2, 2_000), (3, 3_000)];
    vec![opened(), added(lines.map(|(number, minor)| line_of(number, 1, per_unit(minor))))]
}

fn of_lines(number: u128, reduction: Reduction, lines: &[u128]) -> CartPromotion {
    let skus = lines.iter().map(|line| sku(*line)).collect();
    let reach = PromotionReach::Lines { skus, products: vec![], categories: vec![] };
    let promotion = promotion(number, reduction);
    CartPromotion { terms: PromotionTerms { reach, ..promotion.terms }, ..promotion }
}

fn alone(number: u128, reduction: Reduction) -> CartPromotion {
    let promotion = promotion(number, reduction);
    CartPromotion { terms: PromotionTerms { combines: false, ..promotion.terms }, ..promotion }
}

fn with(promotions: impl IntoIterator<Item = CartPromotion>) -> CartTotals {
    totals_after(three_lines().into_iter().chain(promotions.into_iter().map(promotion_added)))
}

/// Returns each promotion's shares by line number, or its code.
fn told(totals: &CartTotals) -> Vec<Result<Vec<(u128, i64)>, String>> {
    let share = |(line, share): &(LineId, Money)| (line.uuid().as_u128(), share.minor());
    let told = |discount: &CartDiscount| match &discount.withheld {
        Some(code) => Err(code.clone()),
        None => Ok(discount.shares.iter().map(share).collect()),
    };
    totals.discounts.iter().map(told).collect()
}

#[test]
fn ten_of_a_kind_with_six_point_two_percent_off_agree_to_the_cent() {
    let line = CartLine { vat_rate: rate("0.2"), ..line_of(1, 10, per_unit(3_823)) };
    let totals = totals_after([opened(), added([line]), promotion_added(promotion(1, percent("0.062")))]);
    assert_eq!((totals.subtotal.minor(), totals.discount.minor(), totals.total.minor()), (38_230, 2_370, 35_860));
    let (_, amount) = totals.lines[0];
    assert_eq!((amount.gross.minor(), amount.net.minor(), amount.tax.minor()), (35_860, 29_883, 5_977));
}

#[test]
fn an_amount_is_shared_by_the_largest_remainder_and_ties_go_to_the_earlier_line() {
    let totals = with([promotion(1, Reduction::Amount(euros(100)))]);
    assert_eq!(told(&totals), [Ok(vec![(1, 17), (2, 33), (3, 50)])]);
    let alike = [opened(), added([1, 2, 3].map(|number| line_of(number, 1, per_unit(1_000))))];
    let totals = totals_after(alike.into_iter().chain([promotion_added(promotion(1, Reduction::Amount(euros(100))))]));
    assert_eq!(told(&totals), [Ok(vec![(1, 34), (2, 33), (3, 33)])]);
}

#[test]
fn promotions_of_lines_come_before_those_of_the_order_and_each_counts_on_what_is_left() {
    let totals = with([promotion(1, percent("0.5")), of_lines(2, Reduction::Amount(euros(1_000)), &[1, 9])]);
    assert_eq!(told(&totals), [Ok(vec![(2, 1_000), (3, 1_500)]), Ok(vec![(1, 1_000)])]);
    assert_eq!((totals.discount.minor(), totals.total.minor()), (3_500, 2_500));
}

#[test]
fn one_that_does_not_combine_goes_alone_where_it_gives_more() {
    let combining = [promotion(1, percent("0.1")), of_lines(2, percent("0.1"), &[1])];
    let totals = with(combining.clone().into_iter().chain([alone(3, percent("0.12"))]));
    let out = || Err(NOT_COMBINABLE.to_owned());
    assert_eq!(told(&totals), [out(), out(), Ok(vec![(1, 120), (2, 240), (3, 360)])]);
    let totals = with(combining.into_iter().chain([alone(3, percent("0.11"))]));
    assert_eq!(totals.discount.minor(), 690, "the two together give more");
    assert_eq!(told(&totals)[2], out());
}

#[test]
fn a_promotion_never_takes_off_more_than_its_lines_cost() {
    let totals = with([of_lines(1, Reduction::Amount(euros(9_999)), &[1]), promotion(2, percent("1"))]);
    assert_eq!(told(&totals), [Ok(vec![(1, 1_000)]), Ok(vec![(2, 2_000), (3, 3_000)])]);
    assert_eq!(totals.payable.minor(), 0);
    let nothing_left = with([promotion(1, percent("1")), alone(2, percent("1")), promotion(3, percent("0.5"))]);
    let said = [Err(NOT_COMBINABLE.to_owned()), Err(NOTHING_REDUCED.to_owned())];
    assert_eq!(told(&nothing_left)[1..], said);
}

#[test]
fn each_says_why_it_gives_nothing() {
    let minimum = |minor, number| {
        let promotion = promotion(number, percent("0.1"));
        CartPromotion { terms: PromotionTerms { minimum: Some(euros(minor)), ..promotion.terms }, ..promotion }
    };
    let totals =
        with([minimum(6_001, 1), of_lines(2, percent("0.1"), &[9]), promotion(3, Reduction::Amount(dollars(1)))]);
    let said = [MINIMUM_NOT_REACHED, NOTHING_REDUCED, WRONG_CURRENCY].map(|code| Err(code.to_owned()));
    assert_eq!(told(&totals), said);
    assert_eq!(with([minimum(6_000, 1)]).discount.minor(), 600, "reached to the cent");
    let used_up = three_lines()
        .into_iter()
        .chain([promotion_added(promotion(1, percent("0.1"))), withheld(1, "PROMOTION_USED_UP")]);
    assert_eq!(told(&totals_after(used_up)), [Err("PROMOTION_USED_UP".to_owned())]);
    let of_a_cent = [opened(), added([line_of(1, 1, per_unit(1))]), promotion_added(alone(1, percent("0.1")))];
    assert_eq!(told(&totals_after(of_a_cent)), [Err(NOTHING_REDUCED.to_owned())]);
}

#[test]
fn a_promotion_is_added_withheld_added_again_and_removed() {
    let ten = || promotion(1, percent("0.1"));
    accepted(ready(), add_promotion(ten()), vec![promotion_added(ten())]);
    let held = || ready_and([promotion_added(ten())]);
    accepted(held(), add_promotion(ten()), vec![]);
    accepted(held(), withhold(1, "PROMOTION_USED_UP"), vec![withheld(1, "PROMOTION_USED_UP")]);
    accepted(ready(), withhold(1, "PROMOTION_USED_UP"), vec![]);
    let out = || ready_and([promotion_added(ten()), withheld(1, "PROMOTION_USED_UP")]);
    accepted(out(), withhold(1, "PROMOTION_USED_UP"), vec![]);
    accepted(out(), withhold(1, "PROMOTION_PAUSED"), vec![withheld(1, "PROMOTION_PAUSED")]);
    accepted(out(), add_promotion(ten()), vec![promotion_added(ten())]);
    let remove = || CartCommand::RemovePromotion { promotion: promotion_id(1) };
    accepted(held(), remove(), vec![CartEvent::PromotionRemoved { promotion: promotion_id(1) }]);
    refused(ready(), remove(), CartError::CouponUnknown);
    let full = ready_and((2..).take(PROMOTIONS_MAX).map(|number| promotion_added(promotion(number, percent("0.1")))));
    refused(full, add_promotion(ten()), CartError::TooManyPromotions { max: PROMOTIONS_MAX });
    let cart = cart_after(&out());
    assert_eq!(cart.promotion_of(&"code-1".parse().expect("a code")), Some(&promotion_id(1)));
}

#[test]
fn a_checkout_names_the_promotions_that_give_something() {
    let given = ready_and([
        promotion_added(promotion(1, percent("0.1"))),
        promotion_added(promotion(2, percent("0.1"))),
        withheld(2, "PROMOTION_USED_UP"),
    ]);
    let promotions = vec![promotion_id(1)];
    let then =
        CartEvent::CheckoutStarted { order: order(1), total: euros(2_300), promotions, pay_first: None, adds_to: None };
    accepted(given, start(1, 2_300), vec![then]);
}
