//! Filters, sorts and pages.

use std::collections::BTreeMap;

use domain::catalog::VariantEvent;
use domain::values::{Currency, Locale};

use super::shop::{Shop, category, numbers, text};
use crate::search::{Cursor, FILTER_VALUES_MAX, Filters, PAGE_HITS_MAX, SearchError, SearchRequest, Sort};

fn sorted(sort: Sort) -> SearchRequest {
    SearchRequest { sort, ..text("") }
}

fn filtered(filters: Filters) -> SearchRequest {
    SearchRequest { filters, sort: Sort::PriceAsc, ..text("") }
}

async fn shelf() -> Shop {
    let mut shop = Shop::new().await;
    shop.book(1, "Été", "Camus", 900).await;
    shop.book(2, "automne", "Verlaine", 400).await;
    shop.book(3, "Hiver", "Camus", 1500).await;
    shop.book(4, "l'Éclair", "Hugo", 700).await;
    shop
}

#[tokio::test]
async fn every_sort_has_its_order() {
    let shop = shelf().await;
    assert_eq!(shop.found(&sorted(Sort::PriceAsc)).await, [2, 4, 1, 3]);
    assert_eq!(shop.found(&sorted(Sort::PriceDesc)).await, [3, 1, 4, 2]);
    assert_eq!(shop.found(&sorted(Sort::Name(Locale::Fr))).await, [2, 4, 1, 3]);
    assert_eq!(shop.found(&sorted(Sort::Name(Locale::En))).await, [2, 4, 1, 3]);
    assert_eq!(shop.found(&sorted(Sort::Newest)).await, [4, 3, 2, 1]);
    assert_eq!(shop.found(&sorted(Sort::Relevance)).await, [4, 3, 2, 1]);
    let by_price = SearchRequest { sort: Sort::PriceAsc, ..text("camus") };
    assert_eq!(shop.found(&by_price).await, [1, 3], "a text can be sorted by price too");
}

#[tokio::test]
async fn a_product_without_a_price_comes_last_in_both_price_orders() {
    let mut shop = shelf().await;
    shop.variant_event("sku-2", VariantEvent::PriceRemoved { currency: Currency::Eur, at: None }).await;
    assert_eq!(shop.found(&sorted(Sort::PriceAsc)).await, [4, 1, 3, 2]);
    assert_eq!(shop.found(&sorted(Sort::PriceDesc)).await, [3, 1, 4, 2]);
}

#[tokio::test]
async fn a_new_price_moves_the_product() {
    let mut shop = shelf().await;
    assert_eq!(shop.found(&sorted(Sort::PriceAsc)).await, [2, 4, 1, 3]);
    shop.price(3, 100).await;
    assert_eq!(shop.found(&sorted(Sort::PriceAsc)).await, [3, 2, 4, 1]);
}

#[tokio::test]
async fn the_lowest_price_of_the_variants_on_sale_counts() {
    let mut shop = shelf().await;
    let created = |number| VariantEvent::Created {
        product: super::shop::product(number),
        name: domain::values::Localized::default(),
        weight_grams: 0,
    };
    shop.variant_event("pocket", created(3)).await;
    let price = domain::values::Money::new(300, Currency::Eur);
    let vat_rate = "0.055".parse().expect("a rate");
    shop.variant_event("pocket", VariantEvent::Priced { price, vat_rate, at: None }).await;
    assert_eq!(shop.found(&sorted(Sort::PriceAsc)).await, [3, 2, 4, 1]);
    shop.variant_event("pocket", VariantEvent::Discontinued {}).await;
    assert_eq!(shop.found(&sorted(Sort::PriceAsc)).await, [2, 4, 1, 3]);
}

#[tokio::test]
async fn filters_narrow_and_alternatives_widen() {
    let mut shop = shelf().await;
    shop.receive(4, 2).await;
    let authors = |names: &[&str]| Filters {
        attributes: BTreeMap::from([("author".to_owned(), names.iter().map(|name| (*name).to_owned()).collect())]),
        ..Filters::default()
    };
    assert_eq!(shop.found(&filtered(authors(&["Camus"]))).await, [1, 3]);
    assert_eq!(shop.found(&filtered(authors(&["Camus", "Hugo"]))).await, [4, 1, 3]);
    assert_eq!(shop.found(&filtered(authors(&["Nobody"]))).await, []);
    assert_eq!(shop.found(&filtered(authors(&[]))).await, [2, 4, 1, 3], "a filter without values does not count");
    let cheap = Filters { price_min: Some(700), price_max: Some(900), ..Filters::default() };
    assert_eq!(shop.found(&filtered(cheap.clone())).await, [4, 1], "both bounds are included");
    let both = Filters { attributes: authors(&["Camus"]).attributes, ..cheap };
    assert_eq!(shop.found(&filtered(both)).await, [1]);
    let upside_down = Filters { price_min: Some(900), price_max: Some(100), ..Filters::default() };
    assert_eq!(shop.found(&filtered(upside_down)).await, []);
    assert_eq!(shop.found(&filtered(Filters { in_stock: Some(true), ..Filters::default() })).await, [4]);
    assert_eq!(shop.found(&filtered(Filters { in_stock: Some(false), ..Filters::default() })).await, [2, 1, 3]);
}

#[tokio::test]
async fn a_category_holds_what_is_below_it_wherever_it_moves() {
    let mut shop = shelf().await;
    shop.category(10, "Livres", 0).await;
    shop.category(11, "Poésie", 10).await;
    shop.category(12, "Musique", 0).await;
    shop.categorise(2, &[11]).await;
    shop.categorise(1, &[10]).await;
    let of = |number| filtered(Filters { categories: vec![category(number)], ..Filters::default() });
    assert_eq!(shop.found(&of(10)).await, [2, 1]);
    assert_eq!(shop.found(&of(11)).await, [2]);
    assert_eq!(shop.found(&of(12)).await, []);
    let moved = domain::catalog::CategoryEvent::Moved { parent: Some(category(12)), rank: 0 };
    shop.category_event(11, moved).await;
    assert_eq!(shop.found(&of(10)).await, [1]);
    assert_eq!(shop.found(&of(12)).await, [2]);
    let any = Filters { categories: vec![category(10), category(12)], ..Filters::default() };
    assert_eq!(shop.found(&filtered(any)).await, [2, 1]);
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat() {
    const PRODUCTS: u128 = 57;
    let mut shop = Shop::new().await;
    for number in 1..=PRODUCTS {
        // Few prices and names, so that equals cross the pages; several commits, so that segments do.
        shop.book(number, &format!("Livre {}", number % 3), "Camus", 500 + i64::try_from(number % 4).expect("small"))
            .await;
        if number % 20 == 0 {
            shop.index.catch_up().await.expect("the index catches up");
        }
    }
    let sorts = [
        Sort::Relevance,
        Sort::PriceAsc,
        Sort::PriceDesc,
        Sort::Name(Locale::Fr),
        Sort::Name(Locale::En),
        Sort::Newest,
    ];
    for words in ["", "livre", "camus"] {
        for sort in sorts {
            let whole = shop.found(&SearchRequest { first: PAGE_HITS_MAX, sort, ..text(words) }).await;
            let mut request = SearchRequest { first: 5, sort, ..text(words) };
            let mut seen = Vec::new();
            loop {
                let page = shop.page(&request).await;
                assert_eq!(page.total, 57);
                seen.extend(numbers(&page));
                let Some(last) = page.hits.last() else { break };
                // As text, the way a client sends it.
                request.after = Some(last.cursor.to_string().parse().expect("own cursor"));
                assert_eq!(page.has_next, seen.len() < 57);
                if !page.has_next {
                    break;
                }
            }
            assert_eq!(seen, whole, "{words} by {sort:?}");
            let mut distinct = seen.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 57);
        }
    }
}

#[tokio::test]
async fn a_cursor_holds_its_place_when_the_catalogue_changes() {
    let mut shop = shelf().await;
    let first = shop.page(&SearchRequest { first: 2, ..sorted(Sort::PriceAsc) }).await;
    assert_eq!(numbers(&first), [2, 4]);
    shop.book(5, "Printemps", "Colette", 100).await;
    let after = first.hits.last().map(|hit| hit.cursor.clone());
    assert_eq!(shop.found(&SearchRequest { after, ..sorted(Sort::PriceAsc) }).await, [1, 3]);
}

#[tokio::test]
async fn a_cursor_of_another_sort_and_too_many_values_are_refused() {
    let shop = shelf().await;
    let page = shop.page(&sorted(Sort::PriceAsc)).await;
    let cursor: Cursor = page.hits[0].cursor.clone();
    let request = SearchRequest { after: Some(cursor), ..sorted(Sort::Newest) };
    assert!(matches!(shop.index.search(&request), Err(SearchError::InvalidCursor)));
    let categories = vec![category(1); FILTER_VALUES_MAX + 1];
    let request = filtered(Filters { categories, ..Filters::default() });
    assert!(matches!(shop.index.search(&request), Err(SearchError::TooManyFilterValues)));
}

#[tokio::test]
async fn a_page_has_at_most_as_many_hits_as_asked_for() {
    let shop = shelf().await;
    let none = shop.page(&SearchRequest { first: 0, ..sorted(Sort::Newest) }).await;
    assert_eq!((none.hits.len(), none.total, none.has_next), (0, 4, true));
    let many = shop.page(&SearchRequest { first: usize::MAX, ..sorted(Sort::Newest) }).await;
    assert_eq!((many.hits.len(), many.has_next), (4, false));
}
