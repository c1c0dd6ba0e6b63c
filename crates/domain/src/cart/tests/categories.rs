//! Promotions of categories: a cart is told where the products of its lines stand, and lowers the lines that stand in them.

use super::*;

/// A tenth off what stands in these categories.
fn of_categories(number: u128, categories: &[u128]) -> CartPromotion {
    let categories = categories.iter().map(|number| category(*number)).collect();
    let reach = PromotionReach::Lines { skus: vec![], products: vec![], categories };
    let promotion = promotion(number, percent("0.1"));
    CartPromotion { terms: PromotionTerms { reach, ..promotion.terms }, ..promotion }
}

/// Lines 1, 2 and 3 of 20.00 each, and these events.
fn three_lines_and(events: impl IntoIterator<Item = CartEvent>) -> Vec<CartEvent> {
    [opened(), added([1, 2, 3].map(line))].into_iter().chain(events).collect()
}

fn discounts_of(events: &[CartEvent]) -> Vec<(i64, Option<String>)> {
    let totals = cart_after(events).totals().expect("a cart within its range");
    totals.discounts.into_iter().map(|discount| (discount.amount.minor(), discount.withheld)).collect()
}

#[test]
fn what_stands_in_a_category_is_lowered_and_nothing_else() {
    let held = || promotion_added(of_categories(1, &[7, 8]));
    let nothing = vec![(0, Some(NOTHING_REDUCED.to_owned()))];
    assert_eq!(discounts_of(&three_lines_and([held()])), nothing, "nobody said where anything stands");
    let told = categorised([(1, vec![7]), (2, vec![9]), (3, vec![8, 9])]);
    let given = three_lines_and([held(), told.clone()]);
    let totals = cart_after(&given).totals().expect("a cart within its range");
    let shares = vec![(line_id(1), euros(200)), (line_id(3), euros(200))];
    assert_eq!((totals.discount, &totals.discounts[0].shares), (euros(400), &shares));
    let moved = categorised([(1, vec![]), (3, vec![9])]);
    assert_eq!(discounts_of(&three_lines_and([held(), told, moved])), nothing, "they stand elsewhere now");
}

#[test]
fn an_amount_off_a_category_is_at_most_what_stands_in_it() {
    let amount = |minor| {
        let promotion = of_categories(1, &[7]);
        CartPromotion {
            terms: PromotionTerms { reduction: Reduction::Amount(euros(minor)), ..promotion.terms },
            ..promotion
        }
    };
    let told = || categorised([(1, vec![7]), (2, vec![7])]);
    let off = |minor| discounts_of(&three_lines_and([promotion_added(amount(minor)), told()]));
    assert_eq!((off(999), off(9_999)), (vec![(999, None)], vec![(4_000, None)]));
}

#[test]
fn a_promotion_may_name_skus_products_and_categories_and_reaches_a_line_once() {
    let promotion = promotion(1, percent("0.1"));
    let reach = PromotionReach::Lines {
        skus: vec![sku(1)],
        products: vec![product(1), product(2)],
        categories: vec![category(7)],
    };
    let promotion = CartPromotion { terms: PromotionTerms { reach, ..promotion.terms }, ..promotion };
    let told = categorised([(1, vec![7]), (3, vec![7])]);
    assert_eq!(discounts_of(&three_lines_and([promotion_added(promotion), told])), [(600, None)]);
}

#[test]
fn a_cart_is_told_only_what_it_does_not_know() {
    let given = || three_lines_and([categorised([(1, vec![7])])]);
    accepted(given(), categorise([(1, vec![7]), (2, vec![])]), vec![]);
    accepted(given(), categorise([]), vec![]);
    accepted(given(), categorise([(1, vec![7]), (2, vec![8])]), vec![categorised([(2, vec![8])])]);
    accepted(given(), categorise([(1, vec![])]), vec![categorised([(1, vec![])])]);
    accepted(given(), categorise([(1, vec![9]), (1, vec![7])]), vec![]);
    accepted(given(), categorise([(9, vec![7])]), vec![]);
}

#[test]
fn what_is_known_of_a_line_goes_with_it() {
    let removed = CartEvent::LinesRemoved { lines: vec![line_id(1)] };
    let cart = cart_after(&three_lines_and([categorised([(1, vec![7]), (2, vec![8])]), removed, added([line(1)])]));
    assert_eq!(cart.categories_of(&line_id(1)), []);
    assert_eq!(cart.categories_of(&line_id(2)), [category(8)]);
}
