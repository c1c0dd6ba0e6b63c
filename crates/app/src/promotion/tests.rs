//! Codes are found in any case, uses are promised within their limits, and a cart says why it is given nothing.

mod categories;
mod merges;

use domain::cart::MINIMUM_NOT_REACHED;
use domain::promotion::PromotionStatus;
use domain::values::{Currency, Money, PromotionReach, Reduction, Sku};

use super::*;
use crate::cart::{CheckoutDetails, LineWish, open, set_details};
use crate::checkout::{sale_of, start};
use crate::fixture::{customer, details, eur, noon, order, sell, shop, shopper, staff, text, units};

fn code(text: &str) -> CouponCode {
    text.parse().expect("a code")
}

fn ten_percent(code: &str) -> PromotionTerms {
    PromotionTerms {
        label: text("Dix pour cent"),
        code: Some(code.parse().expect("a code")),
        reduction: Reduction::Percentage("0.1".parse().expect("a rate")),
        reach: PromotionReach::Order,
        minimum: None,
        combines: true,
    }
}

fn once() -> PromotionLimits {
    PromotionLimits { uses_max: Some(1), ..PromotionLimits::default() }
}

async fn made(shop: &Shop, terms: PromotionTerms, limits: PromotionLimits) -> PromotionId {
    let outcome = create(shop, &staff(), terms, limits).await.expect("a promotion");
    outcome.id.parse().expect("a promotion id")
}

/// Fills a cart of someone and says all that checkout asks for, with this address.
async fn ready(shop: &Shop, book: &Sku, number: u128, email: &str) -> CartId {
    let wishes = [LineWish { sku: book.clone(), quantity: units(2), agreed: None }];
    let cart = open(shop, &shopper(number), customer(number), Currency::Eur, &wishes).await.expect("a cart");
    let id = cart.id.parse().expect("a cart id");
    let details = CheckoutDetails { email: Some(email.to_owned()), ..details() };
    set_details(shop, &shopper(number), &id, &details).await.expect("all is valid");
    id
}

async fn state(shop: &Shop, cart: &CartId) -> std::sync::Arc<Cart> {
    shop.bus.load::<Cart>(cart.as_str()).await.expect("the cart is there").state
}

async fn payable(shop: &Shop, cart: &CartId) -> Money {
    state(shop, cart).await.totals().expect("sums").payable
}

#[tokio::test]
async fn a_code_is_taken_once_whatever_its_case() {
    let shop = shop();
    let first = made(&shop, ten_percent("Welcome"), once()).await;
    let again = create(&shop, &staff(), ten_percent("WELCOME"), PromotionLimits::default()).await;
    assert_eq!(again.expect_err("the code is taken").code(), Some("ALREADY_EXISTS"));
    assert_eq!(made(&shop, ten_percent("welcome"), once()).await, first, "the same again changes nothing");
    let refused = create(&shop, &shopper(1), ten_percent("MINE"), once()).await;
    assert!(matches!(refused, Err(AppError::Forbidden(_))), "shoppers make no promotions");
}

#[tokio::test]
async fn a_code_lowers_the_cart_and_the_sale_keeps_the_shares() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_595).await;
    let id = made(&shop, ten_percent("WELCOME"), once()).await;
    let cart = ready(&shop, &book, 1, "ada@example.org").await;
    add_to_cart(&shop, &shopper(1), &cart, &code(" welcome")).await.expect("it holds");
    assert_eq!(payable(&shop, &cart).await, eur(3_190 - 319 + 490));
    let started = start(&shop, &shopper(1), &cart, eur(3_361)).await.expect("it starts");
    let sale = sale_of(&cart, &started.cart.state, &started.order).expect("a sale");
    assert_eq!((sale.lines[0].discount, sale.lines[0].total.gross), (Some(eur(319)), eur(2_871)));
    let told = (sale.promotions[0].promotion.clone(), sale.promotions[0].amount, sale.payable);
    assert_eq!(told, (id, eur(319), eur(3_361)));
}

#[tokio::test]
async fn a_code_that_gives_nothing_is_refused_with_its_reason() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_595).await;
    let cart = ready(&shop, &book, 1, "ada@example.org").await;
    let later = PromotionLimits { begins_at: Some(noon().plus_seconds(1)), ..PromotionLimits::default() };
    let over = PromotionLimits { ends_at: Some(noon()), ..PromotionLimits::default() };
    made(&shop, ten_percent("LATER"), later).await;
    made(&shop, ten_percent("OVER"), over).await;
    let paused = made(&shop, ten_percent("PAUSED"), PromotionLimits::default()).await;
    let pause = PromotionCommand::Pause { reason: text("a mistake") };
    change(&shop, &staff(), &paused, pause).await.expect("it rests");
    for (typed, expected) in [
        ("NEVER-MADE", "COUPON_UNKNOWN"),
        ("LATER", "PROMOTION_NOT_BEGUN"),
        ("OVER", "PROMOTION_EXPIRED"),
        ("PAUSED", "PROMOTION_PAUSED"),
    ] {
        let refused = add_to_cart(&shop, &shopper(1), &cart, &code(typed)).await.expect_err(typed);
        assert_eq!(refused.code(), Some(expected), "{typed}");
    }
    let costly = PromotionTerms { minimum: Some(eur(10_000)), ..ten_percent("COSTLY") };
    made(&shop, costly, once()).await;
    let added = add_to_cart(&shop, &shopper(1), &cart, &code("COSTLY")).await.expect("the cart may still grow");
    let discounts = added.state.totals().expect("sums").discounts;
    assert_eq!(discounts[0].withheld.as_deref(), Some(MINIMUM_NOT_REACHED));
    remove_from_cart(&shop, &shopper(1), &cart, &code("costly")).await.expect("it goes");
    let gone = remove_from_cart(&shop, &shopper(1), &cart, &code("costly")).await.expect_err("it is gone");
    assert_eq!(gone.code(), Some("COUPON_UNKNOWN"));
}

#[tokio::test]
async fn a_promotion_that_ends_meanwhile_is_withheld_before_checkout_and_comes_back_when_it_holds_again() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_595).await;
    let id = made(&shop, ten_percent("WELCOME"), once()).await;
    let cart = ready(&shop, &book, 1, "ada@example.org").await;
    add_to_cart(&shop, &shopper(1), &cart, &code("WELCOME")).await.expect("it holds");
    let seen = payable(&shop, &cart).await;
    change(&shop, &staff(), &id, PromotionCommand::Pause { reason: text("a mistake") }).await.expect("it rests");
    let refused = start(&shop, &shopper(1), &cart, seen).await.expect_err("the total moved");
    assert_eq!(refused.code(), Some("PROMOTION_PAUSED"), "it says why");
    let refused = start(&shop, &shopper(1), &cart, seen).await.expect_err("the total is another one");
    assert_eq!(refused.code(), Some("PRICE_CHANGED"), "they were told");
    let told = state(&shop, &cart).await.totals().expect("sums").discounts;
    assert_eq!(told[0].withheld.as_deref(), Some("PROMOTION_PAUSED"));
    let resumed = change(&shop, &staff(), &id, PromotionCommand::Resume).await.expect("it holds");
    assert_eq!(resumed.state.status(), PromotionStatus::Active);
    let refused = start(&shop, &shopper(1), &cart, eur(3_680)).await.expect_err("it is cheaper again");
    assert_eq!(refused.code(), Some("PRICE_CHANGED"));
    start(&shop, &shopper(1), &cart, seen).await.expect("what they saw");
}

#[tokio::test]
async fn a_use_is_promised_once_and_the_others_are_told_why_not() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_595).await;
    let ids = [made(&shop, ten_percent("WELCOME"), once()).await];
    let cart = state(&shop, &ready(&shop, &book, 1, "ada@example.org").await).await;
    for _ in 0..2 {
        let reserved = reserve_all(&shop, &staff(), &order(1), &cart, &ids).await.expect("it answers");
        assert_eq!(reserved, Ok(()), "asking twice is asking once");
    }
    let used_up = Err(vec![Withheld { promotion: ids[0].clone(), code: "PROMOTION_USED_UP".to_owned() }]);
    assert_eq!(reserve_all(&shop, &staff(), &order(2), &cart, &ids).await.expect("it answers"), used_up);
    confirm_all(&shop, &staff(), &order(1), &ids).await.expect("it is a sale");
    release_all(&shop, &staff(), &order(1), &ids, &text("cancelled")).await.expect("it is none any more");
    confirm_all(&shop, &staff(), &order(1), &ids).await.expect("a late word changes nothing");
    assert_eq!(reserve_all(&shop, &staff(), &order(3), &cart, &ids).await.expect("it answers"), Ok(()));
}

#[tokio::test]
async fn a_limit_per_customer_is_one_of_the_address_whoever_the_guest_says_to_be() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_595).await;
    let each_once = PromotionLimits { uses_per_customer_max: Some(1), ..PromotionLimits::default() };
    let ids = [made(&shop, ten_percent("WELCOME"), each_once).await];
    let mut answers = Vec::new();
    for (number, email) in [(1, "ada@example.org"), (2, " Ada@Example.ORG "), (3, "bob@example.org")] {
        let cart = state(&shop, &ready(&shop, &book, number, email).await).await;
        let answer = reserve_all(&shop, &staff(), &order(number), &cart, &ids).await.expect("it answers");
        answers.push(answer.err().map(|refused| refused[0].code.clone()));
    }
    assert_eq!(answers, [None, Some("PROMOTION_USED_BY_CUSTOMER".to_owned()), None]);
    let again = ready(&shop, &book, 4, "ada@example.org").await;
    let refused = add_to_cart(&shop, &shopper(4), &again, &code("WELCOME")).await.expect_err("they had theirs");
    assert_eq!(refused.code(), Some("PROMOTION_USED_BY_CUSTOMER"));
}

#[tokio::test]
async fn an_unlimited_promotion_is_nobody_s_bottleneck() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_595).await;
    let ids = [made(&shop, ten_percent("ALWAYS"), PromotionLimits::default()).await];
    let cart = state(&shop, &ready(&shop, &book, 1, "ada@example.org").await).await;
    let before = *shop.bus.store().head().borrow();
    assert_eq!(reserve_all(&shop, &staff(), &order(1), &cart, &ids).await.expect("it answers"), Ok(()));
    confirm_all(&shop, &staff(), &order(1), &ids).await.expect("nothing to count");
    release_all(&shop, &staff(), &order(1), &ids, &text("cancelled")).await.expect("nothing to give back");
    assert_eq!(*shop.bus.store().head().borrow(), before, "no word of it in the log");
    let end = PromotionCommand::End { reason: text("the summer is over") };
    change(&shop, &staff(), &ids[0], end).await.expect("it ends");
    let answer = reserve_all(&shop, &staff(), &order(2), &cart, &ids).await.expect("it answers");
    assert_eq!(answer.expect_err("it is over")[0].code, "PROMOTION_EXPIRED");
}

#[tokio::test]
async fn a_promotion_without_a_code_comes_by_itself_and_goes_by_itself() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_595).await;
    let before = ready(&shop, &book, 1, "ada@example.org").await;
    let seen = payable(&shop, &before).await;
    let terms = PromotionTerms { code: None, minimum: Some(eur(3_000)), ..ten_percent("NONE") };
    let id = made(&shop, terms.clone(), PromotionLimits::default()).await;
    let cart = ready(&shop, &book, 2, "bob@example.org").await;
    assert_eq!(payable(&shop, &cart).await, eur(3_361), "a cart that is taken now has it");
    let refused = start(&shop, &shopper(1), &before, seen).await.expect_err("it became cheaper");
    assert_eq!(refused.code(), Some("PRICE_CHANGED"));
    assert_eq!(payable(&shop, &before).await, eur(3_361), "and one that was taken before gets it at the latest now");
    let end = PromotionCommand::End { reason: text("the summer is over") };
    change(&shop, &staff(), &id, end).await.expect("it ends");
    let refused = start(&shop, &shopper(2), &cart, eur(3_361)).await.expect_err("it is over");
    assert_eq!(refused.code(), Some("PROMOTION_EXPIRED"));
    assert!(state(&shop, &cart).await.promotions().is_empty(), "nobody asked for it");
    assert!(state(&shop, &ready(&shop, &book, 3, "eve@example.org").await).await.promotions().is_empty());
    for _ in 0..domain::promotion::POSTED_MAX {
        made(&shop, terms.clone(), PromotionLimits::default()).await;
    }
    let one_more = create(&shop, &staff(), terms, PromotionLimits::default()).await;
    assert_eq!(one_more.expect_err("the board is full").code(), Some("PROMOTION_BOARD_FULL"));
}
