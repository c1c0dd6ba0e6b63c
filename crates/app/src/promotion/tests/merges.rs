//! The codes of a guest who signs in are not lost, and say why where they give the customer nothing.

use domain::cart::Coupon;

use super::*;
use crate::cart::{apply_coupon, merge};

/// A guest's cart with two codes and a coupon, and the cart of a customer who had one of the codes before.
async fn carts(shop: &Shop) -> (CartId, CartId) {
    let book = sell(shop, "livre", 1_000).await;
    let each_once = PromotionLimits { uses_per_customer_max: Some(1), ..PromotionLimits::default() };
    let once_each = made(shop, ten_percent("WELCOME"), each_once).await;
    made(shop, ten_percent("SUMMER"), PromotionLimits::default()).await;
    let into = ready(shop, &book, 2, "bob@example.org").await;
    let bob = state(shop, &into).await;
    let used = reserve_all(shop, &staff(), &order(1), &bob, &[once_each]).await.expect("it answers");
    assert_eq!(used, Ok(()), "an order of before");
    let from = ready(shop, &book, 1, "guest@example.org").await;
    for typed in ["WELCOME", "SUMMER"] {
        add_to_cart(shop, &shopper(1), &from, &code(typed)).await.expect("nobody knows who it is");
    }
    let coupon = Coupon { code: text("MERCI"), campaign: text("rentrée"), amount: eur(100) };
    apply_coupon(shop, &staff(), &from, coupon).await.expect("a coupon");
    (from, into)
}

#[tokio::test]
async fn a_guest_s_codes_come_along_and_one_that_the_customer_had_says_so() {
    let shop = shop();
    let (from, into) = carts(&shop).await;
    let guest = shopper(1).actor;
    for _ in 0..2 {
        let merged = merge(&shop, &shopper(2), (&guest, &from), &into).await.expect("they are merged").state;
        let held: Vec<_> = merged.promotions().iter().map(|held| held.withheld.as_deref()).collect();
        assert_eq!(held, [Some("PROMOTION_USED_BY_CUSTOMER"), None]);
        let totals = merged.totals().expect("sums");
        assert_eq!((totals.subtotal, totals.discount, totals.coupons), (eur(4_000), eur(400), eur(100)));
    }
    let seen = payable(&shop, &into).await;
    start(&shop, &shopper(2), &into, seen).await.expect("the total is the one that was shown");
}

#[tokio::test]
async fn a_code_that_rests_comes_along_too_and_gives_something_when_it_holds_again() {
    let shop = shop();
    let (from, into) = carts(&shop).await;
    let id = id_of(&code("SUMMER"));
    change(&shop, &staff(), &id, PromotionCommand::Pause { reason: text("a mistake") }).await.expect("it rests");
    let guest = shopper(1).actor;
    let merged = merge(&shop, &shopper(2), (&guest, &from), &into).await.expect("they are merged").state;
    let held: Vec<_> = merged.promotions().iter().map(|held| held.withheld.as_deref()).collect();
    assert_eq!(held, [Some("PROMOTION_USED_BY_CUSTOMER"), Some("PROMOTION_PAUSED")]);
    change(&shop, &staff(), &id, PromotionCommand::Resume).await.expect("it holds");
    let refused = start(&shop, &shopper(2), &into, payable(&shop, &into).await).await.expect_err("it is cheaper");
    assert_eq!(refused.code(), Some("PRICE_CHANGED"));
    assert_eq!(state(&shop, &into).await.totals().expect("sums").discount, eur(400));
}

#[tokio::test]
async fn a_merge_for_whose_codes_there_is_no_room_leaves_the_guest_s_cart_open() {
    let shop = shop();
    let (from, into) = carts(&shop).await;
    for number in 0..PROMOTIONS_MAX - 1 {
        let typed = format!("CODE-{number}");
        made(&shop, ten_percent(&typed), PromotionLimits::default()).await;
        add_to_cart(&shop, &shopper(2), &into, &code(&typed)).await.expect("there is room");
    }
    let guest = shopper(1).actor;
    let refused = merge(&shop, &shopper(2), (&guest, &from), &into).await.expect_err("there is room for one");
    assert_eq!(refused.code(), Some("TOO_MANY_PROMOTIONS"));
    assert!(cart::is_open(&*state(&shop, &from).await), "nothing is lost");
    remove_from_cart(&shop, &shopper(1), &from, &code("WELCOME")).await.expect("the guest gives one up");
    merge(&shop, &shopper(2), (&guest, &from), &into).await.expect("they are merged");
}
