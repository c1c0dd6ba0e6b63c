//! A cart is frozen at the total its owner saw, and becomes a sale of exactly that.

use domain::cart::Coupon;

use super::*;
use crate::cart::{LineWish, apply_coupon, open, set_details};
use crate::error::AppError;
use crate::fixture::{customer, details, eur, key, reprice, sell, shop, shopper, staff, text, units};

async fn ready(shop: &Shop, lines: &[(&Sku, i64)]) -> CartId {
    let wishes: Vec<_> = lines
        .iter()
        .map(|(of, count)| LineWish { sku: (*of).clone(), quantity: units(*count), agreed: None })
        .collect();
    let cart = open(shop, &shopper(1), customer(1), Currency::Eur, &wishes).await.expect("a cart");
    let id = cart.id.parse().expect("a cart id");
    set_details(shop, &shopper(1), &id, &details()).await.expect("all is valid");
    id
}

#[tokio::test]
async fn a_cart_whose_prices_moved_follows_them_and_nobody_pays_what_they_did_not_see() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_590).await;
    let cart = ready(&shop, &[(&book, 2)]).await;
    reprice(&shop, &book, eur(1_690)).await;
    let refused = start(&shop, &shopper(1), &cart, eur(3_670)).await.expect_err("the price moved");
    assert_eq!(refused.code(), Some("PRICE_CHANGED"));
    let open = shop.bus.load::<Cart>(cart.as_str()).await.expect("the cart is there").state;
    assert!(cart::is_open(&open));
    assert_eq!(open.totals().expect("sums").payable, eur(3_870));
    let started = start(&shop, &shopper(1), &cart, eur(3_870)).await.expect("they saw it now");
    let frozen = CartStatus::CheckingOut { order: started.order, total: eur(3_870) };
    assert_eq!(started.cart.state.status(), frozen);
}

#[tokio::test]
async fn starting_again_under_the_same_key_is_the_same_order_and_under_another_is_refused() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_590).await;
    let cart = ready(&shop, &[(&book, 1)]).await;
    let request = shopper(1).keyed(key("k", "start"));
    let first = start(&shop, &request, &cart, eur(2_080)).await.expect("it starts");
    let again = start(&shop, &request, &cart, eur(2_080)).await.expect("it had started");
    assert_eq!((first.order, again.cart.replayed), (again.order, true));
    let other = start(&shop, &shopper(1).keyed(key("l", "start")), &cart, eur(2_080)).await;
    assert_eq!(other.expect_err("it is under way").code(), Some("CHECKOUT_UNDER_WAY"));
}

#[tokio::test]
async fn a_cart_that_lacks_something_is_not_frozen() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_590).await;
    let wishes = [LineWish { sku: book.clone(), quantity: units(1), agreed: None }];
    let cart = open(&shop, &shopper(1), customer(1), Currency::Eur, &wishes).await.expect("a cart");
    let id: CartId = cart.id.parse().expect("a cart id");
    let answer = start(&shop, &shopper(1), &id, eur(1_590)).await;
    assert_eq!(answer.expect_err("it lacks an address").code(), Some("CHECKOUT_INCOMPLETE"));
    let stranger = start(&shop, &shopper(2), &id, eur(1_590)).await;
    assert_eq!(stranger.expect_err("it is not theirs").code(), Some("NOT_FOUND"));
}

#[tokio::test]
async fn a_sale_has_the_carts_totals_and_every_cent_of_them_belongs_to_a_part() {
    let shop = shop();
    let (book, card) = (sell(&shop, "livre", 1_590).await, sell(&shop, "carte", 333).await);
    let id = ready(&shop, &[(&book, 2), (&card, 1)]).await;
    let coupon = Coupon { code: text("RENTREE"), campaign: text("rentree-2026"), amount: eur(1_000) };
    let cart = apply_coupon(&shop, &staff(), &id, coupon).await.expect("it is applied").state;
    let order = OrderId::from_uuid(uuid::Uuid::from_u128(7));
    let sale = sale_of(&id, &cart, &order).expect("it is complete");
    let lines: i64 = sale.lines.iter().map(|line| line.total.gross.minor()).sum();
    assert_eq!((lines, sale.shipping.total.gross), (3_513, eur(490)));
    assert_eq!((sale.total, sale.payable), (eur(4_003), eur(3_003)));
    for amount in sale.lines.iter().map(|line| line.total).chain([sale.shipping.total]) {
        assert_eq!(amount.net.plus(amount.tax), Ok(amount.gross));
    }
    let (parts, shipping) = paid_parts(&sale).expect("it is split");
    let paid: i64 = parts.iter().map(|(_, part)| part.minor()).sum();
    assert_eq!(paid + shipping.minor(), 3_003);
    assert!(parts.iter().zip(&sale.lines).all(|((id, part), line)| *id == line.line && *part < line.total.gross));
}

#[tokio::test]
async fn a_cart_that_is_not_complete_is_no_sale() {
    let order = OrderId::from_uuid(uuid::Uuid::from_u128(7));
    let id = CartId::from_uuid(uuid::Uuid::from_u128(1));
    assert!(matches!(sale_of(&id, &Cart::default(), &order), Err(AppError::Broken(_) | AppError::Refused(_))));
}

#[tokio::test]
async fn a_sku_on_two_lines_is_needed_once() {
    let shop = shop();
    let (book, card) = (sell(&shop, "livre", 1_590).await, sell(&shop, "carte", 333).await);
    let id = ready(&shop, &[(&book, 2), (&card, 1), (&book, 3)]).await;
    let cart = shop.bus.load::<Cart>(id.as_str()).await.expect("the cart is there").state;
    assert_eq!(needs(&cart).expect("sums"), [(card, units(1)), (book, units(5))]);
}

#[test]
fn an_orders_number_is_twelve_signs_in_threes_of_four() {
    let number = number_of(&OrderId::from_uuid(uuid::Uuid::from_u128(u128::MAX)));
    assert_eq!(number, "ZZZZ-ZZZZ-ZZZZ");
}
