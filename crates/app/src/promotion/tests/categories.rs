//! Promotions of categories follow the catalogue: what stands in one or below it is reached, as the tree is now.

use domain::cart::NOTHING_REDUCED;
use domain::catalog::{Category, CategoryCommand, ProductCommand, Variant};
use domain::values::{CategoryId, ProductId};

use super::*;
use crate::cart::add_lines;
use crate::catalog;
use crate::fixture::{name, request_of};

async fn category(shop: &Shop, slug: &str, parent: Option<&CategoryId>) -> CategoryId {
    let place = (parent.cloned(), 0);
    let made = catalog::create_category(shop, &staff(), slug.to_owned(), name("Livres"), place).await;
    made.expect("a category").id.parse().expect("a category id")
}

async fn product_of(shop: &Shop, book: &Sku) -> ProductId {
    let variant = shop.bus.load::<Variant>(book.as_str()).await.expect("the variant is there").state;
    variant.product().expect("it is of a product").clone()
}

async fn stands_in(shop: &Shop, book: &Sku, categories: &[&CategoryId]) {
    let categories = categories.iter().map(|category| (*category).clone()).collect();
    let product = product_of(shop, book).await;
    let moved = catalog::change_product(shop, &staff(), &product, &[ProductCommand::Categorise { categories }]).await;
    moved.expect("it stands there");
}

fn of_category(code: &str, category: &CategoryId) -> PromotionTerms {
    let reach = PromotionReach::Lines { skus: vec![], products: vec![], categories: vec![category.clone()] };
    PromotionTerms { reach, ..ten_percent(code) }
}

fn two(book: &Sku) -> [LineWish; 1] {
    [LineWish { sku: book.clone(), quantity: units(2), agreed: None }]
}

async fn version(shop: &Shop, cart: &CartId) -> u64 {
    shop.bus.load::<Cart>(cart.as_str()).await.expect("the cart is there").version
}

async fn discount(shop: &Shop, cart: &CartId) -> Money {
    state(shop, cart).await.totals().expect("sums").discount
}

#[tokio::test]
async fn a_code_of_a_category_reaches_what_stands_in_it_and_below_it() {
    let shop = shop();
    let (novel, atlas) = (sell(&shop, "roman", 1_000).await, sell(&shop, "atlas", 3_000).await);
    let books = category(&shop, "livres", None).await;
    let novels = category(&shop, "romans", Some(&books)).await;
    let maps = category(&shop, "cartes", None).await;
    stands_in(&shop, &novel, &[&novels, &maps]).await;
    stands_in(&shop, &atlas, &[&maps]).await;
    made(&shop, of_category("LIVRES", &books), PromotionLimits::default()).await;
    let cart = ready(&shop, &novel, 1, "ada@example.org").await;
    add_lines(&shop, &shopper(1), &cart, &two(&atlas)).await.expect("it fits");
    add_to_cart(&shop, &shopper(1), &cart, &code("LIVRES")).await.expect("it holds");
    assert_eq!(discount(&shop, &cart).await, eur(200), "two novels, and no atlas");
    add_lines(&shop, &shopper(1), &cart, &two(&novel)).await.expect("it fits");
    assert_eq!(discount(&shop, &cart).await, eur(400), "a line that comes later is reached as well");
    let seen = payable(&shop, &cart).await;
    let started = start(&shop, &shopper(1), &cart, seen).await.expect("nothing has moved");
    let sale = sale_of(&cart, &started.cart.state, &started.order).expect("a sale");
    let discounts: Vec<_> = sale.lines.iter().map(|line| line.discount).collect();
    assert_eq!(discounts, [Some(eur(200)), None, Some(eur(200))]);
}

#[tokio::test]
async fn nobody_pays_less_or_more_than_they_saw_because_a_product_or_a_category_moved() {
    let shop = shop();
    let novel = sell(&shop, "roman", 1_000).await;
    let books = category(&shop, "livres", None).await;
    let novels = category(&shop, "romans", None).await;
    stands_in(&shop, &novel, &[&novels]).await;
    made(&shop, of_category("LIVRES", &books), PromotionLimits::default()).await;
    let cart = ready(&shop, &novel, 1, "ada@example.org").await;
    let added = add_to_cart(&shop, &shopper(1), &cart, &code("LIVRES")).await.expect("the cart may still grow");
    assert_eq!(added.state.totals().expect("sums").discounts[0].withheld.as_deref(), Some(NOTHING_REDUCED));
    let seen = payable(&shop, &cart).await;
    catalog::move_category(&shop, &staff(), &novels, (Some(books.clone()), 0)).await.expect("it moves");
    let refused = start(&shop, &shopper(1), &cart, seen).await.expect_err("it became cheaper");
    assert_eq!(refused.code(), Some("PRICE_CHANGED"));
    let cheaper = payable(&shop, &cart).await;
    assert_eq!((seen.minor() - cheaper.minor(), discount(&shop, &cart).await), (200, eur(200)));
    stands_in(&shop, &novel, &[&category(&shop, "ailleurs", None).await]).await;
    let refused = start(&shop, &shopper(1), &cart, cheaper).await.expect_err("it is dearer again");
    assert_eq!(refused.code(), Some("PRICE_CHANGED"));
    start(&shop, &shopper(1), &cart, seen).await.expect("what it costs");
}

#[tokio::test]
async fn one_without_a_code_reaches_carts_by_itself() {
    let shop = shop();
    let novel = sell(&shop, "roman", 1_000).await;
    let books = category(&shop, "livres", None).await;
    stands_in(&shop, &novel, &[&books]).await;
    let terms = PromotionTerms { code: None, ..of_category("NONE", &books) };
    made(&shop, terms, PromotionLimits::default()).await;
    let cart = ready(&shop, &novel, 1, "ada@example.org").await;
    assert_eq!(discount(&shop, &cart).await, eur(200));
}

#[tokio::test]
async fn a_cart_is_told_of_categories_only_where_a_promotion_asks_and_only_what_is_new() {
    let shop = shop();
    let novel = sell(&shop, "roman", 1_000).await;
    let books = category(&shop, "livres", None).await;
    stands_in(&shop, &novel, &[&books]).await;
    made(&shop, ten_percent("ALL"), PromotionLimits::default()).await;
    made(&shop, of_category("LIVRES", &books), PromotionLimits::default()).await;
    let cart = ready(&shop, &novel, 1, "ada@example.org").await;
    let before = version(&shop, &cart).await;
    add_to_cart(&shop, &shopper(1), &cart, &code("ALL")).await.expect("it holds");
    assert_eq!(version(&shop, &cart).await, before + 1, "nobody asks where anything stands");
    add_to_cart(&shop, &shopper(1), &cart, &code("LIVRES")).await.expect("it holds");
    assert_eq!(version(&shop, &cart).await, before + 3, "the code, and where the line stands");
    start(&shop, &shopper(1), &cart, payable(&shop, &cart).await).await.expect("it starts");
    assert_eq!(version(&shop, &cart).await, before + 4, "it knows already");
}

#[tokio::test]
async fn categories_that_there_are_not_are_told_at_once() {
    let shop = shop();
    let books = category(&shop, "livres", None).await;
    let unknown = |number| CategoryId::from_uuid(Uuid::from_u128(number));
    let categories = vec![unknown(98), books, unknown(99)];
    let reach = PromotionReach::Lines { skus: vec![], products: vec![], categories };
    let terms = PromotionTerms { reach, ..ten_percent("LIVRES") };
    let refused = create(&shop, &staff(), terms, PromotionLimits::default()).await;
    let Err(AppError::Invalid(refused)) = refused else { panic!("two are unknown: {refused:?}") };
    let told: Vec<_> = refused.iter().map(|refused| (refused.code, refused.path.join("."))).collect();
    assert_eq!(told, ["categoryIds.0", "categoryIds.2"].map(|path| ("NOT_FOUND", path.to_owned())));
    let free = create(&shop, &staff(), ten_percent("LIVRES"), PromotionLimits::default()).await;
    assert!(free.is_ok(), "the code is not taken: {free:?}");
}

#[tokio::test]
async fn categories_in_a_circle_are_looked_up_once() {
    let shop = shop();
    let novel = sell(&shop, "roman", 1_000).await;
    let (one, two) = (category(&shop, "un", None).await, category(&shop, "deux", None).await);
    // Two moves that do not know of each other.
    for (category, parent) in [(&one, &two), (&two, &one)] {
        let (own, parent) = (category.clone(), Some(parent.clone()));
        let command = CategoryCommand::Move { category: own, parent, ancestors: vec![], rank: 1 };
        let request = request_of(Actor::system("test"));
        shop.bus.execute::<Category>(category.as_str(), &request, command).await.expect("it knows no better");
    }
    stands_in(&shop, &novel, &[&one]).await;
    let found = catalog::categories_of(&shop, &product_of(&shop, &novel).await).await.expect("it ends");
    assert_eq!(found, [one, two].into_iter().collect());
}
