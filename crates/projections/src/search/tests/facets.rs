//! The counts beside the hits.

use std::collections::BTreeMap;

use domain::values::{Currency, Locale};

use super::shop::{Shop, category, text};
use crate::search::{Filters, SearchPage, SearchRequest};

async fn shelf() -> Shop {
    let mut shop = Shop::new().await;
    shop.category(10, "Livres", 0).await;
    shop.category(11, "Poésie", 10).await;
    shop.category(12, "Roman", 10).await;
    for (number, name, author, cents, places) in [
        (1, "Les Fleurs du mal", "Baudelaire", 450, &[11][..]),
        (2, "Le Spleen de Paris", "Baudelaire", 950, &[11, 12][..]),
        (3, "Notre-Dame de Paris", "Hugo", 1250, &[12][..]),
        (4, "Les Contemplations", "Hugo", 1990, &[11][..]),
    ] {
        shop.book(number, name, author, cents).await;
        shop.categorise(number, places).await;
    }
    shop.receive(1, 3).await;
    shop.index.catch_up().await.expect("the index catches up");
    shop
}

fn counts(page: &SearchPage, key: &str) -> Vec<(String, usize, bool)> {
    let facet = page.facets.iter().find(|facet| facet.key == key);
    let values = facet.map(|facet| facet.values.as_slice()).unwrap_or_default();
    values.iter().map(|value| (value.label.clone(), value.count, value.selected)).collect()
}

fn is(label: &str, count: usize, selected: bool) -> (String, usize, bool) {
    (label.to_owned(), count, selected)
}

#[tokio::test]
async fn everything_is_counted_when_asked() {
    let shop = shelf().await;
    let page = shop.page(&SearchRequest { facets: true, ..text("") }).await;
    assert_eq!(counts(&page, "category"), [is("Livres", 4, false), is("Poésie", 3, false), is("Roman", 2, false)]);
    assert_eq!(counts(&page, "author"), [is("Baudelaire", 2, false), is("Hugo", 2, false)]);
    assert_eq!(counts(&page, "language"), [is("fr", 4, false)]);
    assert_eq!(
        counts(&page, "price"),
        [is("Moins de 5 EUR", 1, false), is("5 à 10 EUR", 1, false), is("10 à 20 EUR", 2, false)]
    );
    assert_eq!(counts(&page, "availability"), [is("En stock", 1, false), is("Épuisé", 3, false)]);
    assert_eq!(counts(&page, "brand"), [], "an attribute nobody has is no facet");
    let plain = shop.page(&text("")).await;
    assert!(plain.facets.is_empty());
}

#[tokio::test]
async fn a_selection_lowers_all_counts_but_its_own() {
    let shop = shelf().await;
    let attributes = BTreeMap::from([("author".to_owned(), vec!["Hugo".to_owned()])]);
    let filters = Filters { attributes, ..Filters::default() };
    let page = shop.page(&SearchRequest { facets: true, filters, ..text("") }).await;
    assert_eq!(page.total, 2);
    assert_eq!(counts(&page, "author"), [is("Baudelaire", 2, false), is("Hugo", 2, true)]);
    assert_eq!(counts(&page, "category"), [is("Livres", 2, false), is("Poésie", 1, false), is("Roman", 1, false)]);
    assert_eq!(counts(&page, "price"), [is("10 à 20 EUR", 2, false)]);
    assert_eq!(counts(&page, "availability"), [is("Épuisé", 2, false)]);
}

#[tokio::test]
async fn two_selections_each_keep_their_own_counts() {
    let shop = shelf().await;
    let filters = Filters {
        attributes: BTreeMap::from([("author".to_owned(), vec!["Hugo".to_owned()])]),
        categories: vec![category(11)],
        price_min: Some(1_000),
        price_max: Some(1_999),
        in_stock: Some(false),
    };
    let page = shop.page(&SearchRequest { facets: true, filters, ..text("") }).await;
    assert_eq!(page.total, 1);
    assert_eq!(counts(&page, "author"), [is("Hugo", 1, true)]);
    assert_eq!(counts(&page, "category"), [is("Livres", 2, false), is("Poésie", 1, true), is("Roman", 1, false)]);
    assert_eq!(counts(&page, "price"), [is("10 à 20 EUR", 1, true)]);
    assert_eq!(counts(&page, "availability"), [is("Épuisé", 1, true)]);
}

#[tokio::test]
async fn a_text_narrows_the_counts_and_a_chosen_value_stays_at_nought() {
    let shop = shelf().await;
    let attributes = BTreeMap::from([("author".to_owned(), vec!["Nobody".to_owned()])]);
    let filters = Filters { attributes, ..Filters::default() };
    let page = shop.page(&SearchRequest { facets: true, filters, ..text("paris") }).await;
    assert_eq!(page.total, 0);
    assert_eq!(counts(&page, "author"), [is("Baudelaire", 1, false), is("Hugo", 1, false), is("Nobody", 0, true)]);
}

#[tokio::test]
async fn labels_speak_the_asked_language() {
    let shop = shelf().await;
    let request = SearchRequest { facets: true, ..SearchRequest::new(Locale::En, Currency::Eur) };
    let page = shop.page(&request).await;
    assert_eq!(counts(&page, "category")[0].0, "Livres (en)");
    assert_eq!(counts(&page, "price")[0].0, "Under 5 EUR");
    let labels: Vec<&str> = page.facets.iter().map(|facet| facet.label.as_str()).collect();
    assert_eq!(labels, ["Category", "Author", "Language", "Price", "Availability"]);
}
