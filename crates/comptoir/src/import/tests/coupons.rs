//! Which redemption belongs to which basket.

use std::collections::BTreeMap;

use crate::import::coupons::{CouponCounts, DiscountCount, RedemptionOutcome as Outcome};
use crate::import::files::{Basket, Line, Product, Recorded, Redemption};
use crate::import::plan::Plan;

const DAY: &str = "2017-01-01";

fn basket(id: u64, household: u64, lines: &[(i64, i64)]) -> Basket {
    let line = |(sales_cents, coupon_cents): &(i64, i64)| {
        let quantity = if *sales_cents < 0 { 0 } else { 1 };
        Line { product: 1, quantity, sales_cents: *sales_cents, coupon_cents: *coupon_cents }
    };
    let lines = lines.iter().map(line).collect();
    Basket { id, household, store: 300, sold_at: format!("{DAY}T08:00:00Z"), lines }
}

fn redemption(household: u64, code: &str, day: &str) -> Redemption {
    Redemption { household, code: code.to_owned(), campaign: "26".to_owned(), date: format!("{day} 00:00:00") }
}

fn plan(baskets: Vec<Basket>, redemptions: Vec<Redemption>) -> Plan {
    let text = String::new;
    let product = Product {
        id: 1,
        manufacturer: text(),
        department: "GROCERY".to_owned(),
        brand: text(),
        category: text(),
        kind: text(),
        package_size: text(),
    };
    Plan::of(&Recorded { products: vec![product], baskets, redemptions })
}

fn cents(plan: &Plan) -> Vec<Vec<i64>> {
    plan.baskets.iter().map(|basket| basket.coupons.iter().map(|coupon| coupon.cents).collect()).collect()
}

#[test]
fn an_amount_is_split_over_its_redemptions_by_largest_remainder() {
    let baskets = vec![basket(10, 7, &[(1_000, 60), (500, 40)])];
    let redemptions = ["51", "52", "53"].map(|code| redemption(7, code, DAY)).to_vec();
    let plan = plan(baskets, redemptions);
    assert_eq!(cents(&plan), [[34, 33, 33]]);
    assert_eq!(plan.baskets[0].payable_cents(), 1_400);
    assert_eq!(plan.coupons.applied, DiscountCount { baskets: 1, cents: 100 });
}

#[test]
fn the_first_basket_of_a_day_with_a_discount_takes_the_redemptions() {
    let baskets = vec![basket(10, 7, &[(500, 0)]), basket(11, 7, &[(500, 50)]), basket(12, 7, &[(500, 30)])];
    let plan = plan(baskets, vec![redemption(7, "51", DAY)]);
    assert_eq!(cents(&plan), [vec![], vec![50], vec![]]);
    assert_eq!(plan.coupons.without_redemption, DiscountCount { baskets: 1, cents: 30 });
}

#[test]
fn a_coupon_is_never_worth_more_than_its_basket() {
    let plan = plan(vec![basket(10, 7, &[(80, 100)])], vec![redemption(7, "51", DAY)]);
    assert_eq!((cents(&plan), plan.baskets[0].payable_cents()), (vec![vec![80]], 0));
    assert_eq!(plan.coupons.above_total, DiscountCount { baskets: 1, cents: 20 });
}

#[test]
fn every_redemption_ends_in_a_named_outcome() {
    let baskets = vec![
        basket(10, 1, &[(500, 1)]),
        basket(11, 2, &[(500, 0)]),
        basket(12, 3, &[(-1, 50)]),
        basket(13, 4, &[(0, 50)]),
    ];
    let redemptions = vec![
        redemption(1, "51", DAY),
        redemption(1, "51", DAY),
        redemption(1, "52", DAY),
        redemption(1, " ", DAY),
        redemption(1, "53", "2016-12-31"),
        redemption(1, "54", "2017-01-02"),
        redemption(2, "51", DAY),
        redemption(3, "51", DAY),
        redemption(4, "51", DAY),
    ];
    let counts = plan(baskets, redemptions).coupons;
    let one = |outcome| (outcome, 1);
    let expected = [
        Outcome::Applied,
        Outcome::AfterTheLastBasket,
        Outcome::NoBasketThatDay,
        Outcome::BasketWithoutCouponDiscount,
        Outcome::BasketNotSold,
        Outcome::BasketWithoutAmount,
        Outcome::Duplicate,
        Outcome::CodeNotValid,
        Outcome::ShareBelowOneCent,
    ];
    assert_eq!(counts.redemptions, BTreeMap::from(expected.map(one)));
    let count = |baskets, cents| DiscountCount { baskets, cents };
    let expected = CouponCounts {
        applied: count(1, 1),
        without_redemption: count(1, 50),
        not_sold: count(1, 50),
        ..counts.clone()
    };
    assert_eq!(counts, expected);
}

#[test]
fn a_cart_takes_twenty_coupons_and_the_others_are_counted() {
    let redemptions = (0..23).map(|code| redemption(7, &format!("5{code}"), DAY)).collect();
    let plan = plan(vec![basket(10, 7, &[(500, 100)])], redemptions);
    assert_eq!(cents(&plan), [[5; 20]]);
    assert_eq!(plan.coupons.redemptions[&Outcome::TooManyCoupons], 3);
}

#[test]
fn a_longer_import_decides_the_same_for_the_baskets_that_both_have() {
    let baskets = vec![basket(10, 7, &[(500, 50)]), basket(11, 7, &[(500, 90)]), basket(12, 7, &[(500, 10)])];
    let redemptions = vec![redemption(7, "51", DAY), redemption(7, "52", DAY)];
    let short = plan(baskets[..1].to_vec(), redemptions.clone());
    let long = plan(baskets, redemptions);
    assert_eq!(short.baskets[0], long.baskets[0]);
}
