//! Carts are priced from the catalogue, owned by one shopper, and never changed by half.

use domain::catalog::VariantCommand;
use uuid::Uuid;

use super::*;
use crate::fixture::{
    address, customer, details, eur, hidden_product, rate, sell, shop, shopper, sku, staff, text, units, variant,
};

fn wish(of: &Sku, count: i64) -> LineWish {
    LineWish { sku: of.clone(), quantity: units(count), agreed: None }
}

async fn opened(shop: &Shop, number: u128, currency: Currency, wishes: &[LineWish]) -> CartId {
    let cart = open(shop, &shopper(number), customer(number), currency, wishes).await.expect("a cart");
    cart.id.parse().expect("a cart id")
}

fn problems(error: AppError) -> Vec<(&'static str, String)> {
    match error {
        AppError::Invalid(problems) => problems.into_iter().map(|why| (why.code, why.path.join("."))).collect(),
        other => panic!("several refusals were expected, not {other:?}"),
    }
}

#[tokio::test]
async fn a_line_is_priced_and_named_from_the_catalogue() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_590).await;
    let cart = open(&shop, &shopper(1), customer(1), Currency::Eur, &[wish(&book, 2)]).await.expect("a cart");
    let line = &cart.state.lines()[0];
    assert_eq!((line.price, line.vat_rate), (LinePrice::PerUnit(eur(1_590)), rate()));
    assert_eq!(line.name.get(domain::values::Locale::Fr), "Les Misérables, poche");
    assert_eq!(cart.state.totals().expect("sums").total, eur(3_180));
}

#[tokio::test]
async fn every_line_that_cannot_be_bought_is_told_at_once_with_its_path() {
    let shop = shop();
    let (good, gone) = (sell(&shop, "livre", 1_590).await, sell(&shop, "epuise", 990).await);
    catalog::change_variant(&shop, &staff(), &gone, &[VariantCommand::Discontinue]).await.expect("it is not sold");
    let hidden = hidden_product(&shop).await;
    variant(&shop, &hidden, &sku("cache"), eur(500)).await;
    let dollars = sell(&shop, "dollars", 700).await;
    let now = shop.clock.now();
    let commands = [
        VariantCommand::SetPrice { price: domain::values::Money::new(800, Currency::Usd), vat_rate: rate(), now },
        VariantCommand::RemovePrice { currency: Currency::Eur, now },
    ];
    catalog::change_variant(&shop, &staff(), &dollars, &commands).await.expect("it is sold in dollars");
    let before = *shop.bus.store().head().borrow();
    let wishes = [good, sku("inconnu"), sku("cache"), gone, dollars].map(|of| wish(&of, 1));
    let answer = open(&shop, &shopper(1), customer(1), Currency::Eur, &wishes).await;
    let expected = [
        ("NOT_FOUND", "lines.1.sku".to_owned()),
        ("NOT_FOUND", "lines.2.sku".to_owned()),
        ("VARIANT_DISCONTINUED", "lines.3.sku".to_owned()),
        ("NO_PRICE", "lines.4.sku".to_owned()),
    ];
    assert_eq!(problems(answer.expect_err("four lines are wrong")), expected);
    assert_eq!(*shop.bus.store().head().borrow(), before);
}

#[tokio::test]
async fn a_price_agreed_by_hand_is_for_staff_to_give() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_590).await;
    let agreed = Some(AgreedPrice { price: LinePrice::ForLine(eur(2_000)), reason: text("damaged cover") });
    let wishes = [LineWish { agreed, ..wish(&book, 3) }];
    let answer = open(&shop, &shopper(1), customer(1), Currency::Eur, &wishes).await;
    assert!(matches!(answer, Err(AppError::Forbidden(_))));
    let cart = open(&shop, &staff(), customer(1), Currency::Eur, &wishes).await.expect("a cart");
    assert_eq!(cart.state.totals().expect("sums").total, eur(2_000));
    assert_eq!(current_prices(&shop, &cart.state).await.expect("prices"), []);
}

#[tokio::test]
async fn a_cart_is_its_owners_and_for_everyone_else_not_there() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_590).await;
    let cart = opened(&shop, 1, Currency::Eur, &[]).await;
    let stranger = add_lines(&shop, &shopper(2), &cart, &[wish(&book, 1)]).await;
    assert_eq!(stranger.expect_err("it is not theirs").code(), Some("NOT_FOUND"));
    add_lines(&shop, &shopper(1), &cart, &[wish(&book, 1)]).await.expect("it is theirs");
    add_lines(&shop, &staff(), &cart, &[wish(&book, 1)]).await.expect("staff may");
}

#[tokio::test]
async fn every_detail_that_is_not_valid_is_told_at_once_and_none_is_set() {
    let shop = shop();
    let cart = opened(&shop, 1, Currency::Eur, &[]).await;
    let wrong = CheckoutDetails {
        email: Some("ada".to_owned()),
        address: Some(Address { name: " ".to_owned(), country: "France".to_owned(), ..address() }),
        shipping: Some("teleport".to_owned()),
        payment_method: Some(text("pm_card_visa")),
    };
    let answer = set_details(&shop, &shopper(1), &cart, &wrong).await;
    let paths: Vec<_> =
        problems(answer.expect_err("four inputs are wrong")).into_iter().map(|(_, path)| path).collect();
    assert_eq!(paths, ["email", "address.name", "address.country", "shipping"]);
    let loaded = shop.bus.load::<Cart>(cart.as_str()).await.expect("the cart is there");
    assert_eq!(loaded.version, 1);
}

#[tokio::test]
async fn a_shipping_option_without_a_price_in_the_carts_currency_is_refused() {
    let shop = shop();
    let cart = opened(&shop, 1, Currency::Usd, &[]).await;
    let answer = set_details(&shop, &shopper(1), &cart, &details()).await;
    assert_eq!(answer.expect_err("it has no price in dollars").code(), Some("NO_PRICE"));
}

#[tokio::test]
async fn personal_data_reaches_the_log_sealed_and_can_be_opened() {
    let shop = shop();
    let cart = opened(&shop, 1, Currency::Eur, &[]).await;
    let set = set_details(&shop, &shopper(1), &cart, &details()).await.expect("all is valid");
    let stream = event_store::StreamId::new("cart", cart.as_str());
    for event in shop.bus.store().read_stream(&stream, 0, 100).await.expect("the log is there") {
        for secret in ["ada@example.org", "Lovelace", "rue de la Paix"] {
            assert!(!event.payload.get().contains(secret), "{secret} is in {}", event.event_type);
        }
    }
    let email = set.state.email().expect("it is set");
    assert_eq!(shop.vault.open(email).await.expect("the key is there").as_deref(), Some("ada@example.org"));
}

#[tokio::test]
async fn a_guests_lines_move_into_the_customers_cart_once() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_590).await;
    let from = opened(&shop, 1, Currency::Eur, &[wish(&book, 1), wish(&book, 2)]).await;
    let into = opened(&shop, 2, Currency::Eur, &[wish(&book, 4)]).await;
    let guest = shopper(1).actor;
    for _ in 0..3 {
        let merged = merge(&shop, &shopper(2), (&guest, &from), &into).await.expect("they are merged");
        let counts: i64 = merged.state.lines().iter().map(|line| line.quantity.units()).sum();
        assert_eq!((merged.state.lines().len(), counts), (3, 7));
    }
    let closed = shop.bus.load::<Cart>(from.as_str()).await.expect("the cart is there").state;
    assert_eq!(closed.status(), CartStatus::Absorbed { into });
}

#[tokio::test]
async fn a_merge_that_is_refused_leaves_the_guests_cart_open() {
    let shop = shop();
    let book = sell(&shop, "livre", 1_590).await;
    let from = opened(&shop, 1, Currency::Eur, &[wish(&book, 1)]).await;
    let guest = shopper(1).actor;
    let dollars = opened(&shop, 2, Currency::Usd, &[]).await;
    let unknown = CartId::from_uuid(Uuid::from_u128(99));
    for (into, code) in [(&dollars, "WRONG_CURRENCY"), (&unknown, "NOT_FOUND"), (&from, "NOT_FOUND")] {
        let answer = merge(&shop, &shopper(2), (&guest, &from), into).await;
        assert_eq!(answer.expect_err("it is refused").code(), Some(code));
    }
    let itself = merge(&shop, &shopper(1), (&guest, &from), &from).await;
    assert_eq!(itself.expect_err("it is refused").code(), Some("VALIDATION"));
    let stranger = merge(&shop, &shopper(2), (&shopper(2).actor, &from), &dollars).await;
    assert_eq!(stranger.expect_err("it is not theirs").code(), Some("NOT_FOUND"));
    assert!(is_open(&shop.bus.load::<Cart>(from.as_str()).await.expect("the cart is there").state));
}

#[test]
fn only_what_looks_like_an_address_is_one() {
    for (text, valid) in [
        ("ada@example.org", true),
        ("a+b.c@x.co", true),
        ("ada", false),
        ("@example.org", false),
        ("ada@localhost", false),
        ("ada@.org", false),
        ("a b@example.org", false),
        ("a@b@example.org", false),
    ] {
        assert_eq!(is_email(text), valid, "{text}");
    }
}
