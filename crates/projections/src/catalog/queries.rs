//! Questions to the catalogue.

use std::collections::HashMap;

use domain::catalog::Reduction;
use domain::values::{Currency, Locale, Localized, Money, Timestamp, VatRate};

use super::tables::{
    CATEGORIES, CATEGORY_COUNTS, CATEGORY_PRODUCTS, PRODUCT_REVIEWS, PRODUCTS, VARIANT_PRICES, VARIANT_REDUCTIONS,
    VARIANTS,
};
use crate::models::ReadModels;
use crate::rows::{Direction, Page, Query, ReadError, ReadStore, Row};
use crate::views::{Edge, Slice, localized, money, owned, page, texts, vat_rate};

/// A product with everything its page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductView {
    /// Its id.
    pub id: String,
    /// Its address in the shop.
    pub slug: String,
    /// What it is called.
    pub name: Localized,
    /// Its summary, once written.
    pub summary: Option<Localized>,
    /// Its attributes, a JSON object of texts.
    pub attributes_json: String,
    /// Whether shoppers see it.
    pub published: bool,
    /// When it was first published, microseconds since 1970; none before.
    pub published_at: Option<i64>,
    /// The ids of its categories, the main one first.
    pub categories: Vec<String>,
    /// Its variants by SKU.
    pub variants: Vec<VariantView>,
    /// Reviews of the house, newest first.
    pub reviews: Vec<ReviewView>,
    /// The version of its stream.
    pub version: i64,
}

/// A variant and its prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantView {
    /// Its SKU.
    pub sku: String,
    /// The product.
    pub product: String,
    /// What tells it from its siblings.
    pub name: Localized,
    /// Grams.
    pub weight_grams: i64,
    /// Whether it is not sold any more.
    pub discontinued: bool,
    /// Its prices, one a currency.
    pub prices: Vec<PriceView>,
    /// The version of its stream.
    pub version: i64,
}

/// A price in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceView {
    /// VAT included.
    pub price: Money,
    /// The rate inside the price.
    pub vat_rate: VatRate,
    /// The reduction that was announced last and not ended; its own end may have passed.
    pub reduction: Option<Reduction>,
}

/// A review of the house.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewView {
    /// The language, `fr` or `en`.
    pub locale: String,
    /// The pen name.
    pub author: String,
    /// The review.
    pub text: String,
    /// Microseconds since 1970.
    pub published_at: i64,
}

/// A category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryView {
    /// Its id.
    pub id: String,
    /// Its address in the shop.
    pub slug: String,
    /// What it is called.
    pub name: Localized,
    /// The category it stands in.
    pub parent: Option<String>,
    /// Its place among its siblings, lower first.
    pub rank: i64,
    /// Published products that stand in it directly.
    pub products: i64,
}

/// A product of a list.
pub type ListedProduct = Edge<ProductView>;

/// What a list of products is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductOrder {
    /// First published last.
    Newest,
    /// By name in a language, accents and case aside.
    Name(Locale),
}

/// Questions to the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct CatalogQueries<'a> {
    store: &'a ReadStore,
}

impl ReadModels {
    /// Asks the catalogue.
    pub fn catalog(&self) -> CatalogQueries<'_> {
        CatalogQueries { store: self.store() }
    }
}

impl CatalogQueries<'_> {
    /// Returns a product by its address, also one that is not published.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn product_by_slug(&self, slug: &str) -> Result<Option<ProductView>, ReadError> {
        let rows = self.store.rows(Query::of(&PRODUCTS).equals("slug", slug).limit(1)).await?;
        Ok(self.complete(rows).await?.into_iter().next())
    }

    /// Returns products in the order of their ids as given; unknown ones are left out.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn products(&self, ids: &[&str]) -> Result<Vec<ProductView>, ReadError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.store.rows(Query::of(&PRODUCTS).one_of("id", ids.iter().copied())).await?;
        let found = self.complete(rows).await?;
        let mut by_id: HashMap<String, ProductView> =
            found.into_iter().map(|product| (product.id.clone(), product)).collect();
        Ok(ids.iter().filter_map(|id| by_id.remove(*id)).collect())
    }

    /// Returns variants with their prices by SKU; unknown ones are left out.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn variants(&self, skus: &[&str]) -> Result<Vec<VariantView>, ReadError> {
        if skus.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.store.rows(Query::of(&VARIANTS).one_of("sku", skus.iter().copied())).await?;
        self.priced(rows).await
    }

    /// Lists published products of one category, or of the shop.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails or the cursor is of another list.
    pub async fn list(
        &self,
        category: Option<&str>,
        order: ProductOrder,
        slice: Slice<'_>,
    ) -> Result<Page<ListedProduct>, ReadError> {
        let (columns, direction) = match order {
            ProductOrder::Newest => (["published_at", "id"], Direction::Descending),
            ProductOrder::Name(Locale::Fr) => (["sort_fr", "id"], Direction::Ascending),
            ProductOrder::Name(Locale::En) => (["sort_en", "id"], Direction::Ascending),
        };
        let query = match category {
            Some(category) => Query::of(&CATEGORY_PRODUCTS).equals("category_id", category),
            None => Query::of(&PRODUCTS),
        };
        let found = page(self.store, query.equals("published", true), &columns, direction, slice).await?;
        let ids = found.items.iter().map(|edge| edge.node.text("id")).collect::<Result<Vec<&str>, _>>()?;
        let mut products: HashMap<String, ProductView> =
            self.products(&ids).await?.into_iter().map(|product| (product.id.clone(), product)).collect();
        let mut items = Vec::with_capacity(found.items.len());
        for edge in &found.items {
            if let Some(node) = products.remove(edge.node.text("id")?) {
                items.push(Edge { node, cursor: edge.cursor.clone() });
            }
        }
        Ok(Page { items, has_next: found.has_next })
    }

    /// Returns all categories, siblings in their order; parents are named, not nested.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn category_tree(&self) -> Result<Vec<CategoryView>, ReadError> {
        let order = ["parent_id", "rank", "id"];
        let rows = self.store.rows(Query::of(&CATEGORIES).order(&order, Direction::Ascending)).await?;
        let counts = self.store.rows(Query::of(&CATEGORY_COUNTS)).await?;
        let mut views = to_categories(&rows, &counts)?;
        // Where an empty parent stands differs between the engines.
        views.sort_by(|a, b| (&a.parent, a.rank, &a.id).cmp(&(&b.parent, b.rank, &b.id)));
        Ok(views)
    }

    /// Returns a category by its address.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn category_by_slug(&self, slug: &str) -> Result<Option<CategoryView>, ReadError> {
        let rows = self.store.rows(Query::of(&CATEGORIES).equals("slug", slug).limit(1)).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let counts = self.store.rows(Query::of(&CATEGORY_COUNTS).equals("category_id", row.text("id")?)).await?;
        Ok(to_categories(&rows, &counts)?.into_iter().next())
    }

    /// Adds variants, prices and reviews to products.
    async fn complete(&self, products: Vec<Row>) -> Result<Vec<ProductView>, ReadError> {
        if products.is_empty() {
            return Ok(Vec::new());
        }
        let ids = products.iter().map(|row| Ok(row.text("id")?.to_owned())).collect::<Result<Vec<_>, ReadError>>()?;
        let variants = Query::of(&VARIANTS).one_of("product_id", ids.iter().cloned());
        let variants = self.store.rows(variants.order(&["sku"], Direction::Ascending)).await?;
        let mut variants_of: HashMap<String, Vec<VariantView>> = HashMap::new();
        for variant in self.priced(variants).await? {
            variants_of.entry(variant.product.clone()).or_default().push(variant);
        }
        let reviews = Query::of(&PRODUCT_REVIEWS).one_of("product_id", ids);
        let reviews = reviews.order(&["published_at", "author", "locale"], Direction::Descending);
        let mut reviews_of: HashMap<String, Vec<ReviewView>> = HashMap::new();
        for row in self.store.rows(reviews).await? {
            reviews_of.entry(row.text("product_id")?.to_owned()).or_default().push(to_review(&row)?);
        }
        let mut views = Vec::with_capacity(products.len());
        for row in &products {
            let id = row.text("id")?;
            let variants = variants_of.remove(id).unwrap_or_default();
            views.push(to_product(row, variants, reviews_of.remove(id).unwrap_or_default())?);
        }
        Ok(views)
    }

    async fn priced(&self, variants: Vec<Row>) -> Result<Vec<VariantView>, ReadError> {
        if variants.is_empty() {
            return Ok(Vec::new());
        }
        let skus = variants.iter().map(|row| Ok(row.text("sku")?.to_owned())).collect::<Result<Vec<_>, ReadError>>()?;
        let mut reductions = self.reductions(&skus).await?;
        let prices = Query::of(&VARIANT_PRICES).one_of("sku", skus);
        let mut prices_of: HashMap<String, Vec<PriceView>> = HashMap::new();
        for row in self.store.rows(prices.order(&["sku", "currency"], Direction::Ascending)).await? {
            let (sku, price) = (row.text("sku")?, money(&row, "price_minor")?);
            let reduction = reductions.remove(&(sku.to_owned(), price.currency()));
            let price = PriceView { price, vat_rate: vat_rate(&row)?, reduction };
            prices_of.entry(sku.to_owned()).or_default().push(price);
        }
        let to_variant = |row: &Row| {
            let sku = row.text("sku")?;
            Ok(VariantView {
                sku: sku.to_owned(),
                product: row.text("product_id")?.to_owned(),
                name: localized(row, "name_fr", "name_en")?,
                weight_grams: row.int("weight_grams")?,
                discontinued: row.bool("discontinued")?,
                prices: prices_of.remove(sku).unwrap_or_default(),
                version: row.int("version")?,
            })
        };
        variants.iter().map(to_variant).collect()
    }

    /// Returns what is announced of variants, by SKU and currency.
    async fn reductions(&self, skus: &[String]) -> Result<HashMap<(String, Currency), Reduction>, ReadError> {
        let announced = Query::of(&VARIANT_REDUCTIONS).one_of("sku", skus.iter().cloned());
        let mut reductions = HashMap::new();
        for row in self.store.rows(announced).await? {
            let reference = money(&row, "reference_minor")?;
            let starts_at = Timestamp::from_micros(row.int("starts_at")?);
            let ends_at = row.int_or_null("ends_at")?.map(Timestamp::from_micros);
            let key = (row.text("sku")?.to_owned(), reference.currency());
            reductions.insert(key, Reduction { reference, starts_at, ends_at });
        }
        Ok(reductions)
    }
}

fn to_product(row: &Row, variants: Vec<VariantView>, reviews: Vec<ReviewView>) -> Result<ProductView, ReadError> {
    let summary = row.text_or_null("summary_fr")?;
    Ok(ProductView {
        id: row.text("id")?.to_owned(),
        slug: row.text("slug")?.to_owned(),
        name: localized(row, "name_fr", "name_en")?,
        summary: match summary {
            Some(french) => Some(Localized::new(french, owned(row.text_or_null("summary_en")?))),
            None => None,
        },
        attributes_json: row.text("attributes_json")?.to_owned(),
        published: row.bool("published")?,
        published_at: Some(row.int("published_at")?).filter(|at| *at != 0),
        categories: texts(row, "categories_json")?,
        variants,
        reviews,
        version: row.int("version")?,
    })
}

fn to_review(row: &Row) -> Result<ReviewView, ReadError> {
    Ok(ReviewView {
        locale: row.text("locale")?.to_owned(),
        author: row.text("author")?.to_owned(),
        text: row.text("text")?.to_owned(),
        published_at: row.int("published_at")?,
    })
}

fn to_categories(rows: &[Row], counts: &[Row]) -> Result<Vec<CategoryView>, ReadError> {
    let mut products: HashMap<&str, i64> = HashMap::new();
    for row in counts {
        products.insert(row.text("category_id")?, row.int("products")?);
    }
    let to_category = |row: &Row| {
        let id = row.text("id")?;
        Ok(CategoryView {
            id: id.to_owned(),
            slug: row.text("slug")?.to_owned(),
            name: localized(row, "name_fr", "name_en")?,
            parent: owned(row.text_or_null("parent_id")?),
            rank: row.int("rank")?,
            products: products.get(id).copied().unwrap_or(0),
        })
    };
    rows.iter().map(to_category).collect()
}
