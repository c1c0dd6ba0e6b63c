//! From events of the catalogue to rows.

use domain::catalog::{CategoryEvent, ProductEvent, VariantEvent};
use domain::values::{CategoryId, Locale, Localized, Timestamp};

use super::tables::{
    ALL, CATEGORIES, CATEGORY_COUNTS, CATEGORY_PRODUCTS, PRODUCT_REVIEWS, PRODUCTS, VARIANT_PRICES, VARIANT_REDUCTIONS,
    VARIANTS,
};
use crate::event::{Body, Event};
use crate::projection::Projection;
use crate::rows::{Table, Value, key};
use crate::views::texts;
use crate::working::{FoldError, Working};

/// The read model of the catalogue.
#[derive(Clone, Copy, Debug, Default)]
pub struct CatalogProjection;

impl Projection for CatalogProjection {
    fn name(&self) -> &'static str {
        "catalog"
    }

    fn version(&self) -> i64 {
        2
    }

    fn tables(&self) -> &'static [&'static Table] {
        &ALL
    }

    fn kinds(&self) -> &'static [&'static str] {
        &["product", "variant", "category"]
    }

    fn keys(&self, events: &[&Event], rows: &mut Working) -> Result<(), FoldError> {
        for event in events {
            match event.body()? {
                Body::Product(product) => product_keys(event, product, rows)?,
                Body::Variant(_) => want_own(&VARIANTS, event, rows)?,
                Body::Category(_) => want_own(&CATEGORIES, event, rows)?,
                Body::Stock(_)
                | Body::Cart(_)
                | Body::Order(_)
                | Body::Payment(_)
                | Body::Fulfilment(_)
                | Body::Return(_)
                | Body::Documents(_)
                | Body::Promotion(_) => {}
            }
        }
        Ok(())
    }

    fn apply(&self, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
        match event.body()? {
            Body::Product(product) => apply_product(event, product, rows),
            Body::Variant(variant) => apply_variant(event, variant, rows),
            Body::Category(category) => apply_category(event, category, rows),
            Body::Stock(_)
            | Body::Cart(_)
            | Body::Order(_)
            | Body::Payment(_)
            | Body::Fulfilment(_)
            | Body::Return(_)
            | Body::Documents(_)
            | Body::Promotion(_) => Ok(()),
        }
    }
}

fn want_own(table: &'static Table, event: &Event, rows: &mut Working) -> Result<(), FoldError> {
    if event.is_first() { rows.expect_none(table, key([event.id()])) } else { rows.want(table, key([event.id()])) }
}

fn product_keys(event: &Event, product: &ProductEvent, rows: &mut Working) -> Result<(), FoldError> {
    want_own(&PRODUCTS, event, rows)?;
    let mut categories = Vec::new();
    match product {
        ProductEvent::Categorised { categories: new } => {
            categories.extend(new.iter().map(ToString::to_string));
        }
        ProductEvent::Renamed { .. } | ProductEvent::Published {} | ProductEvent::Unpublished {} => {}
        ProductEvent::Created { .. }
        | ProductEvent::Summarised { .. }
        | ProductEvent::AttributesSet { .. }
        | ProductEvent::EditorialReviewAdded { .. } => return Ok(()),
    }
    // The categories it stood in before the batch; those it gets within the batch are named by their own event.
    if let Some(row) = rows.peek(&PRODUCTS, &key([event.id()])) {
        categories.extend(texts(row, "categories_json")?);
    }
    for category in categories {
        rows.want(&CATEGORY_COUNTS, key([&category]))?;
    }
    Ok(())
}

fn apply_product(event: &Event, product: &ProductEvent, rows: &mut Working) -> Result<(), FoldError> {
    let own = key([event.id()]);
    if let ProductEvent::Created { slug, name } = product {
        return create_product(event, slug, name, rows);
    }
    let row = rows.update(&PRODUCTS, &own)?;
    row.set("updated_at", event.at())?;
    row.set("version", event.sequence())?;
    match product {
        ProductEvent::Created { .. } => Ok(()),
        ProductEvent::Renamed { name } => {
            row.set("name_fr", name.get(Locale::Fr))?;
            row.set("name_en", name.english())?;
            row.set("sort_fr", sort_key(name.get(Locale::Fr)))?;
            row.set("sort_en", sort_key(name.get(Locale::En)))?;
            list_in_categories(event.id(), rows)
        }
        ProductEvent::Summarised { summary } => {
            row.set("summary_fr", summary.get(Locale::Fr))?;
            Ok(row.set("summary_en", summary.english())?)
        }
        ProductEvent::Categorised { categories } => categorise(event.id(), categories, rows),
        ProductEvent::AttributesSet { attributes } => {
            Ok(row.set("attributes_json", serde_json::to_string(attributes)?)?)
        }
        ProductEvent::EditorialReviewAdded { locale, author, text, published_at } => {
            let fields = [
                ("product_id", event.id().into()),
                ("author", author.as_str().into()),
                ("locale", locale_code(*locale).into()),
                ("text", text.as_str().into()),
                ("published_at", published_at.micros().into()),
            ];
            rows.insert(&PRODUCT_REVIEWS, fields).map(|_row| ())
        }
        ProductEvent::Published {} => {
            // Once published it keeps its place among the newest, also after it was hidden for a while.
            if row.int("published_at")? == 0 {
                row.set("published_at", event.at())?;
            }
            show(event.id(), true, rows)
        }
        ProductEvent::Unpublished {} => show(event.id(), false, rows),
    }
}

fn create_product(event: &Event, slug: &str, name: &Localized, rows: &mut Working) -> Result<(), FoldError> {
    let fields = [
        ("id", event.id().into()),
        ("slug", slug.into()),
        ("name_fr", name.get(Locale::Fr).into()),
        ("name_en", name.english().into()),
        ("attributes_json", "{}".into()),
        ("categories_json", "[]".into()),
        ("published", false.into()),
        ("published_at", Value::Int(0)),
        ("sort_fr", sort_key(name.get(Locale::Fr)).into()),
        ("sort_en", sort_key(name.get(Locale::En)).into()),
        ("created_at", event.at().into()),
        ("updated_at", event.at().into()),
        ("version", event.sequence().into()),
    ];
    rows.insert(&PRODUCTS, fields).map(|_row| ())
}

fn show(product: &str, published: bool, rows: &mut Working) -> Result<(), FoldError> {
    let row = rows.update(&PRODUCTS, &key([product]))?;
    if row.bool("published")? == published {
        return Ok(());
    }
    row.set("published", published)?;
    let categories = texts(row, "categories_json")?;
    for category in &categories {
        count(category, if published { 1 } else { -1 }, rows)?;
    }
    list_in_categories(product, rows)
}

fn categorise(product: &str, categories: &[CategoryId], rows: &mut Working) -> Result<(), FoldError> {
    let row = rows.update(&PRODUCTS, &key([product]))?;
    let (old, published) = (texts(row, "categories_json")?, row.bool("published")?);
    let new: Vec<&str> = categories.iter().map(CategoryId::as_str).collect();
    row.set("categories_json", serde_json::to_string(&new)?)?;
    for gone in old.iter().filter(|old| !new.contains(&old.as_str())) {
        rows.delete(&CATEGORY_PRODUCTS, key([gone, product]))?;
        count(gone, if published { -1 } else { 0 }, rows)?;
    }
    for added in new.iter().filter(|new| !old.iter().any(|old| old == *new)) {
        count(added, if published { 1 } else { 0 }, rows)?;
    }
    list_in_categories(product, rows)
}

fn count(category: &str, change: i64, rows: &mut Working) -> Result<(), FoldError> {
    match rows.update_if_any(&CATEGORY_COUNTS, &key([category]))? {
        Some(row) => Ok(row.add("products", change)?),
        None => {
            let fields = [("category_id", category.into()), ("products", change.into())];
            rows.insert(&CATEGORY_COUNTS, fields).map(|_row| ())
        }
    }
}

/// Writes what lists are ordered by beside every category of a product.
fn list_in_categories(product: &str, rows: &mut Working) -> Result<(), FoldError> {
    let row = rows.update(&PRODUCTS, &key([product]))?;
    let (published, published_at) = (row.value("published")?.clone(), row.value("published_at")?.clone());
    let (sort_fr, sort_en) = (row.value("sort_fr")?.clone(), row.value("sort_en")?.clone());
    for (rank, category) in (0_i64..).zip(texts(row, "categories_json")?) {
        let fields = [
            ("category_id", category.into()),
            ("id", product.into()),
            ("rank", rank.into()),
            ("published", published.clone()),
            ("published_at", published_at.clone()),
            ("sort_fr", sort_fr.clone()),
            ("sort_en", sort_en.clone()),
        ];
        rows.insert(&CATEGORY_PRODUCTS, fields)?;
    }
    Ok(())
}

fn apply_variant(event: &Event, variant: &VariantEvent, rows: &mut Working) -> Result<(), FoldError> {
    if let VariantEvent::Created { product, name, weight_grams } = variant {
        let fields = [
            ("sku", event.id().into()),
            ("product_id", product.as_str().into()),
            ("name_fr", name.get(Locale::Fr).into()),
            ("name_en", name.english().into()),
            ("weight_grams", i64::from(*weight_grams).into()),
            ("discontinued", false.into()),
            ("created_at", event.at().into()),
            ("version", event.sequence().into()),
        ];
        return rows.insert(&VARIANTS, fields).map(|_row| ());
    }
    let row = rows.update(&VARIANTS, &key([event.id()]))?;
    row.set("version", event.sequence())?;
    match variant {
        VariantEvent::Created { .. } => Ok(()),
        VariantEvent::Priced { price, vat_rate, at: _ } => {
            let fields = [
                ("sku", event.id().into()),
                ("currency", price.currency().code().into()),
                ("price_minor", price.minor().into()),
                ("vat_rate", String::from(*vat_rate).into()),
                ("priced_at", event.at().into()),
            ];
            rows.insert(&VARIANT_PRICES, fields).map(|_row| ())
        }
        VariantEvent::PriceRemoved { currency, at: _ } => {
            rows.delete(&VARIANT_PRICES, key([event.id(), currency.code()]))
        }
        VariantEvent::ReductionAnnounced { price: _, reference, starts_at, ends_at } => {
            let fields = [
                ("sku", event.id().into()),
                ("currency", reference.currency().code().into()),
                ("reference_minor", reference.minor().into()),
                ("starts_at", starts_at.micros().into()),
                ("ends_at", ends_at.map(Timestamp::micros).into()),
            ];
            rows.insert(&VARIANT_REDUCTIONS, fields).map(|_row| ())
        }
        VariantEvent::ReductionEnded { currency, at: _ } => {
            rows.delete(&VARIANT_REDUCTIONS, key([event.id(), currency.code()]))
        }
        VariantEvent::Discontinued {} => Ok(row.set("discontinued", true)?),
        VariantEvent::Reinstated {} => Ok(row.set("discontinued", false)?),
    }
}

fn apply_category(event: &Event, category: &CategoryEvent, rows: &mut Working) -> Result<(), FoldError> {
    match category {
        CategoryEvent::Created { slug, name, parent, rank } => {
            let fields = [
                ("id", event.id().into()),
                ("slug", slug.as_str().into()),
                ("name_fr", name.get(Locale::Fr).into()),
                ("name_en", name.english().into()),
                ("parent_id", parent.as_ref().map(CategoryId::as_str).into()),
                ("rank", i64::from(*rank).into()),
                ("version", event.sequence().into()),
            ];
            rows.insert(&CATEGORIES, fields).map(|_row| ())
        }
        CategoryEvent::Renamed { name } => {
            let row = rows.update(&CATEGORIES, &key([event.id()]))?;
            row.set("version", event.sequence())?;
            row.set("name_fr", name.get(Locale::Fr))?;
            Ok(row.set("name_en", name.english())?)
        }
        CategoryEvent::Moved { parent, rank } => {
            let row = rows.update(&CATEGORIES, &key([event.id()]))?;
            row.set("version", event.sequence())?;
            row.set("parent_id", parent.as_ref().map(CategoryId::as_str))?;
            Ok(row.set("rank", i64::from(*rank))?)
        }
    }
}

/// Returns the code of a language, as texts are stored with it.
fn locale_code(locale: Locale) -> &'static str {
    match locale {
        Locale::Fr => "fr",
        Locale::En => "en",
    }
}

/// Turns a name into what it is ordered by: lower case and, for the letters of western European languages, without
/// accents, so that `Émile` stands before `Zola` on engines that order by bytes.
pub(super) fn sort_key(name: &str) -> String {
    let mut sorted = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        match letter {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => sorted.push('a'),
            'æ' => sorted.push_str("ae"),
            'ç' => sorted.push('c'),
            'è' | 'é' | 'ê' | 'ë' => sorted.push('e'),
            'ì' | 'í' | 'î' | 'ï' => sorted.push('i'),
            'ñ' => sorted.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => sorted.push('o'),
            'œ' => sorted.push_str("oe"),
            'ù' | 'ú' | 'û' | 'ü' => sorted.push('u'),
            'ý' | 'ÿ' => sorted.push('y'),
            'ß' => sorted.push_str("ss"),
            other => sorted.push(other),
        }
    }
    sorted
}
