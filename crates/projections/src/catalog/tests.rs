use domain::catalog::{CategoryEvent, ProductEvent, Reduction, VariantEvent};
use domain::values::{Currency, Locale, Localized, Timestamp};

use super::fold::sort_key;
use super::{CatalogProjection, ProductOrder};
use crate::testing::{Story, category, euro, product, value};
use crate::tests::models_of;
use crate::views::Slice;

fn created(slug: &str, french: &str, english: Option<&str>) -> ProductEvent {
    ProductEvent::Created { slug: slug.into(), name: Localized::new(french, english.map(str::to_owned)) }
}

fn standing_in(numbers: &[u128]) -> ProductEvent {
    ProductEvent::Categorised { categories: numbers.iter().map(|number| category(*number)).collect() }
}

#[tokio::test]
async fn a_product_page_shows_variants_prices_and_reviews() {
    let mut story = Story::new();
    let review = |text: &str, author: &str| ProductEvent::EditorialReviewAdded {
        locale: Locale::Fr,
        author: value(author),
        text: text.into(),
        published_at: Timestamp::from_micros(5),
    };
    let events = [
        created("germinal", "Germinal", None),
        ProductEvent::Summarised { summary: Localized::new("Mine", Some("Mine (en)".into())) },
        ProductEvent::AttributesSet { attributes: [("author".to_owned(), "Zola".to_owned())].into() },
        review("Long.", "Nana"),
        review("Grand.", "Nana"),
        standing_in(&[1, 2]),
        ProductEvent::Renamed { name: Localized::new("Germinal !", Some("Germinal".into())) },
    ];
    story.add("product", product(1).as_str(), &events).await;
    let events = [
        VariantEvent::Created { product: product(1), name: Localized::new("Poche", None), weight_grams: 200 },
        VariantEvent::Priced { price: euro(900), vat_rate: value("0.055"), at: None },
        VariantEvent::Priced { price: euro(950), vat_rate: value("0.055"), at: None },
        VariantEvent::Discontinued {},
    ];
    story.add("variant", "GERM-1", &events).await;

    let models = models_of(&story, CatalogProjection).await;
    let page = models.catalog().product_by_slug("germinal").await.expect("the store answers").expect("it is there");

    assert_eq!(
        models.catalog().products(&[product(1).as_str()]).await.expect("the store answers"),
        std::slice::from_ref(&page)
    );
    assert_eq!((page.name.get(Locale::Fr), page.name.get(Locale::En)), ("Germinal !", "Germinal"));
    assert_eq!(page.summary.map(|summary| summary.get(Locale::En).to_owned()), Some("Mine (en)".to_owned()));
    assert_eq!(page.attributes_json, r#"{"author":"Zola"}"#);
    assert_eq!(page.categories, [category(1).to_string(), category(2).to_string()]);
    assert_eq!((page.published, page.published_at, page.version), (false, None, 7));
    assert_eq!(page.reviews.iter().map(|review| review.text.as_str()).collect::<Vec<_>>(), ["Grand."]);
    let variant = &page.variants[0];
    assert_eq!((variant.sku.as_str(), variant.discontinued, variant.weight_grams), ("GERM-1", true, 200));
    assert_eq!(variant.prices.iter().map(|price| price.price).collect::<Vec<_>>(), [euro(950)]);
}

#[tokio::test]
async fn a_price_that_is_removed_is_gone() {
    let mut story = Story::new();
    let events = [
        VariantEvent::Created { product: product(1), name: Localized::default(), weight_grams: 0 },
        VariantEvent::Priced { price: euro(900), vat_rate: value("0.055"), at: None },
        VariantEvent::PriceRemoved { currency: Currency::Eur, at: None },
    ];
    story.add("variant", "V", &events).await;
    let models = models_of(&story, CatalogProjection).await;
    assert!(models.catalog().variants(&["V"]).await.expect("the store answers")[0].prices.is_empty());
}

#[tokio::test]
async fn what_is_announced_of_a_price_is_shown_until_it_is_ended() {
    let mut story = Story::new();
    let announced = |reference, ends_at| VariantEvent::ReductionAnnounced {
        price: euro(800),
        reference: euro(reference),
        starts_at: Timestamp::from_micros(5),
        ends_at,
    };
    let priced = |minor| VariantEvent::Priced { price: euro(minor), vat_rate: value("0.055"), at: None };
    let created = VariantEvent::Created { product: product(1), name: Localized::default(), weight_grams: 0 };
    let end = Some(Timestamp::from_micros(9));
    let ended = VariantEvent::ReductionEnded { currency: Currency::Eur, at: Timestamp::from_micros(7) };
    let kept = [created.clone(), priced(800), announced(900, None), announced(900, end), priced(700)];
    story.add("variant", "KEPT", &kept).await;
    story.add("variant", "ENDED", &[created, priced(800), announced(900, end), ended]).await;
    let models = models_of(&story, CatalogProjection).await;
    let variants = models.catalog().variants(&["KEPT", "ENDED"]).await.expect("the store answers");
    let shown: Vec<_> = variants
        .iter()
        .map(|variant| (variant.sku.as_str(), variant.prices[0].price, variant.prices[0].reduction))
        .collect();
    let reduction = Reduction { reference: euro(900), starts_at: Timestamp::from_micros(5), ends_at: end };
    assert!(shown.contains(&("KEPT", euro(700), Some(reduction))), "{shown:?}");
    assert!(shown.contains(&("ENDED", euro(800), None)), "{shown:?}");
}

#[tokio::test]
async fn a_category_counts_the_published_products_that_stand_in_it() {
    let mut story = Story::new();
    for (number, parent) in [(1, None), (2, Some(category(1)))] {
        let name = Localized::new(format!("Rayon {number}"), None);
        let made = CategoryEvent::Created { slug: format!("rayon-{number}"), name, parent, rank: 3 };
        story.add("category", category(number).as_str(), &[made]).await;
    }
    let shown = [created("a", "A", None), standing_in(&[1, 2]), ProductEvent::Published {}, standing_in(&[2])];
    story.add("product", product(1).as_str(), &shown).await;
    let hidden =
        [created("b", "B", None), standing_in(&[1, 2]), ProductEvent::Published {}, ProductEvent::Unpublished {}];
    story.add("product", product(2).as_str(), &hidden).await;
    let moved = CategoryEvent::Moved { parent: None, rank: 1 };
    story.add("category", category(2).as_str(), &[moved]).await;

    let models = models_of(&story, CatalogProjection).await;
    let tree = models.catalog().category_tree().await.expect("the store answers");

    let seen: Vec<_> = tree.iter().map(|category| (category.slug.as_str(), category.rank, category.products)).collect();
    assert_eq!(seen, [("rayon-2", 1, 1), ("rayon-1", 3, 0)]);
    let one = models.catalog().category_by_slug("rayon-2").await.expect("the store answers").expect("it is there");
    assert_eq!((one.parent, one.products), (None, 1));
}

#[tokio::test]
async fn lists_are_paged_by_name_and_by_age_and_hide_what_is_not_published() {
    let mut story = Story::new();
    for (number, name) in (1..).zip(["Zola", "Émile", "Œuvre", "abc", "Caché"]) {
        story.now += 1;
        let mut events = vec![created(&format!("p{number}"), name, None), standing_in(&[1])];
        if name != "Caché" {
            events.push(ProductEvent::Published {});
        }
        story.add("product", product(number).as_str(), &events).await;
    }
    let models = models_of(&story, CatalogProjection).await;
    let catalog = models.catalog();
    for category in [None, Some(category(1).to_string())] {
        let (mut names, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let slice = Slice { after: cursor.as_deref(), first: 3 };
            let page = catalog.list(category.as_deref(), ProductOrder::Name(Locale::Fr), slice).await;
            let page = page.expect("the store answers");
            names.extend(page.items.iter().map(|edge| edge.node.name.get(Locale::Fr).to_owned()));
            cursor = page.items.last().map(|edge| edge.cursor.clone());
            if !page.has_next {
                break;
            }
        }
        assert_eq!(names, ["abc", "Émile", "Œuvre", "Zola"]);
        let newest = catalog.list(category.as_deref(), ProductOrder::Newest, Slice::first(1)).await;
        let newest = newest.expect("the store answers");
        assert_eq!((newest.items[0].node.slug.as_str(), newest.has_next), ("p4", true));
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let mut story = Story::new();
    story.add("product", product(1).as_str(), &[created("a", "A", None)]).await;
    let models = models_of(&story, CatalogProjection).await;
    for cursor in ["", "[]", r#"["text", "id"]"#, r#"[1.5, "id"]"#, r#"[null, "id"]"#, "[1, 2]"] {
        let asked = models.catalog().list(None, ProductOrder::Newest, Slice::first(1).after(cursor)).await;
        assert!(matches!(asked, Err(crate::ReadError::CursorMalformed(_))), "{cursor}");
    }
}

#[test]
fn names_are_ordered_without_accents_and_case() {
    assert_eq!(sort_key("L'Œuvre à ÇA"), "l'oeuvre a ca");
}

#[tokio::test]
async fn a_character_that_one_engine_cannot_store_is_replaced() {
    let mut story = Story::new();
    story.add("product", product(1).as_str(), &[created("a", "A\0B", None)]).await;
    let models = models_of(&story, CatalogProjection).await;
    let page = models.catalog().products(&[product(1).as_str()]).await.expect("the store answers").remove(0);
    assert_eq!(page.name.get(Locale::Fr), "A\u{fffd}B");
}
