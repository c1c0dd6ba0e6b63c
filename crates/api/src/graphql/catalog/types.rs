//! Products, variants, categories.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use app::as_of::AsOf;
use app::bus::Outcome;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use domain::catalog::{Product as ProductState, Variant as VariantState};
use domain::values::{Currency, Timestamp};
use projections::catalog::{PriceView, ProductView, ReviewView, VariantView};

pub use super::categories::Category;
use super::categories::category_tree;
use super::past::{available_as_of, categories_as_of};
use super::reductions::PriceReduction;
use crate::graphql::as_of::{AsOfInput, moment};
use crate::graphql::audit::types::Event;
use crate::graphql::call::{request, state};
use crate::graphql::connection::Connection;
use crate::graphql::consistency::reads;
use crate::graphql::errors::internal;
use crate::graphql::history::history;
use crate::graphql::inputs::text_in;
use crate::graphql::localized::{LocaleCode, Translations};
use crate::graphql::money::{CurrencyCode, Money, TaxedMoney};
use crate::graphql::reading::read_failure;
use crate::graphql::scalars::{DateTime, SafeInt};
use crate::graphql::stock::types::Availability;

/// Free units by SKU, read at once for everything a list shows.
pub(crate) type Stocks = Arc<HashMap<String, i64>>;

/// A product and its variants.
#[derive(Clone, Debug)]
pub struct Product {
    pub(crate) view: Arc<ProductView>,
    /// Whether the variants are in the view: the write side does not know them.
    pub(crate) has_variants: bool,
    pub(crate) stocks: Option<Stocks>,
    as_of: AsOf,
    asked: Option<AsOfInput>,
}

impl Product {
    /// Shows what a read model holds.
    pub(crate) fn shown(view: Arc<ProductView>, stocks: Option<Stocks>) -> Self {
        Self { view, has_variants: true, stocks, as_of: AsOf::Now, asked: None }
    }

    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<ProductState>) -> Self {
        let view = product_view(&outcome.id, outcome.version, &outcome.state);
        Self { view: Arc::new(view), has_variants: false, stocks: None, as_of: AsOf::Now, asked: None }
    }

    /// Shows what was folded from the log, with its variants.
    pub(super) fn past(view: ProductView, as_of: AsOf, asked: Option<AsOfInput>) -> Self {
        Self { view: Arc::new(view), has_variants: true, stocks: None, as_of, asked }
    }
}

/// Views a product of the write side, which does not know the variants.
pub(super) fn product_view(id: &str, version: u64, state: &ProductState) -> ProductView {
    let reviews = state.editorial_reviews().iter().map(|review| ReviewView {
        locale: LocaleCode::from(review.locale).stored_name().to_owned(),
        author: review.author.to_string(),
        text: review.text.clone(),
        published_at: review.published_at.micros(),
    });
    ProductView {
        id: id.to_owned(),
        slug: state.slug().to_owned(),
        name: state.name().clone(),
        summary: Some(state.summary().clone()),
        // A map of texts always serialises.
        attributes_json: serde_json::to_string(state.attributes()).unwrap_or_default(),
        published: state.is_published(),
        published_at: None,
        categories: state.categories().iter().map(ToString::to_string).collect(),
        variants: Vec::new(),
        reviews: reviews.collect(),
        version: i64::try_from(version).unwrap_or(i64::MAX),
    }
}

/// Views a variant of the write side.
pub(super) fn variant_view(sku: &str, version: u64, state: &VariantState) -> VariantView {
    let prices = state.prices().values().map(|(price, vat_rate)| {
        let reduction = state.reduction(price.currency());
        PriceView { price: *price, vat_rate: *vat_rate, reduction }
    });
    VariantView {
        sku: sku.to_owned(),
        product: state.product().map(ToString::to_string).unwrap_or_default(),
        name: state.name().clone(),
        weight_grams: i64::from(state.weight_grams()),
        discontinued: state.is_discontinued(),
        prices: prices.collect(),
        version: i64::try_from(version).unwrap_or(i64::MAX),
    }
}

/// What is told about a product.
#[derive(Clone, Debug, SimpleObject)]
pub struct ProductTranslations {
    /// What it is called.
    pub name: Translations,
    /// Its summary, once written.
    pub summary: Option<Translations>,
}

/// Something known about a product, such as its author.
#[derive(Clone, Debug, SimpleObject)]
pub struct Attribute {
    /// What, such as `author`.
    pub key: String,
    /// The value.
    pub value: String,
}

/// What someone of the house wrote about a product.
#[derive(Clone, Debug, SimpleObject)]
pub struct EditorialReview {
    /// The language, `fr` or `en`.
    pub locale: String,
    /// Who wrote it.
    pub author: String,
    /// The review.
    pub text: String,
    /// When it was published.
    pub published_at: DateTime,
}

/// What a product's variants cost, from and to.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct PriceRange {
    /// The cheapest, VAT included.
    pub min: Money,
    /// The dearest, VAT included.
    pub max: Money,
}

/// A product: a book, a game.
#[Object]
impl Product {
    /// Its id.
    pub async fn id(&self) -> ID {
        ID(self.view.id.clone())
    }

    /// How many events it has.
    async fn version(&self) -> i64 {
        self.view.version
    }

    /// Its address in the shop; it never changes.
    async fn slug(&self) -> &str {
        &self.view.slug
    }

    /// What it is called, in the language of the request or in another.
    async fn name(&self, ctx: &Context<'_>, locale: Option<LocaleCode>) -> Result<&str> {
        Ok(self.view.name.get(locale.map_or(request(ctx)?.locale, Into::into)))
    }

    /// Its summary, once written.
    async fn summary(&self, ctx: &Context<'_>, locale: Option<LocaleCode>) -> Result<Option<&str>> {
        let locale = locale.map_or(request(ctx)?.locale, Into::into);
        Ok(self.view.summary.as_ref().and_then(|summary| text_in(summary, locale)))
    }

    /// Its texts in every language.
    async fn translations(&self) -> ProductTranslations {
        ProductTranslations { name: (&self.view.name).into(), summary: self.view.summary.as_ref().map(Into::into) }
    }

    /// Whether shoppers see it.
    async fn is_published(&self) -> bool {
        self.view.published
    }

    /// When it was first published, where a read model knows.
    async fn published_at(&self) -> Option<DateTime> {
        self.view.published_at.map(|micros| Timestamp::from_micros(micros).into())
    }

    /// What is known about it, by key.
    async fn attributes(&self) -> Result<Vec<Attribute>> {
        let attributes: BTreeMap<String, String> =
            serde_json::from_str(&self.view.attributes_json).map_err(internal)?;
        Ok(attributes.into_iter().map(|(key, value)| Attribute { key, value }).collect())
    }

    /// The categories it stands in, the main one first.
    async fn categories(&self, ctx: &Context<'_>) -> Result<Vec<Category>> {
        if self.as_of != AsOf::Now {
            return categories_as_of(ctx, &self.view.categories, self.as_of).await;
        }
        let tree = category_tree(ctx).await?;
        Ok(self.view.categories.iter().filter_map(|id| tree.by_id(id)).collect())
    }

    /// Reviews of the house, the newest first.
    async fn editorial_reviews(&self) -> Vec<EditorialReview> {
        let reviews = self.view.reviews.iter();
        reviews
            .map(|review| EditorialReview {
                locale: review.locale.clone(),
                author: review.author.clone(),
                text: review.text.clone(),
                published_at: Timestamp::from_micros(review.published_at).into(),
            })
            .collect()
    }

    /// What of it is sold, by SKU.
    async fn variants(&self, ctx: &Context<'_>) -> Result<Vec<Variant>> {
        let view = self.with_variants(ctx).await?;
        let variants = 0..view.variants.len();
        Ok(variants.map(|index| Variant::within(view.clone(), index, self)).collect())
    }

    /// What its variants cost in a currency; null where none is sold in it.
    async fn price_range(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "CurrencyCode::Eur")] currency: CurrencyCode,
    ) -> Result<Option<PriceRange>> {
        let (view, currency) = (self.with_variants(ctx).await?, Currency::from(currency));
        let sold = view.variants.iter().filter(|variant| !variant.discontinued);
        let prices = sold.filter_map(|variant| price_in(variant, currency)).map(|price| price.price);
        let range = prices.fold(None, |range: Option<(_, _)>, price| match range {
            Some((min, max)) => Some((min_of(min, price), max_of(max, price))),
            None => Some((price, price)),
        });
        Ok(range.map(|(min, max)| PriceRange { min: min.into(), max: max.into() }))
    }

    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        history::<ProductState>(ctx, &self.view.id, self.as_of, (first, after)).await
    }
}

type Amount = domain::values::Money;

fn min_of(left: Amount, right: Amount) -> Amount {
    if right.minor() < left.minor() { right } else { left }
}

fn max_of(left: Amount, right: Amount) -> Amount {
    if right.minor() > left.minor() { right } else { left }
}

impl Product {
    async fn with_variants(&self, ctx: &Context<'_>) -> Result<Arc<ProductView>> {
        if self.has_variants {
            return Ok(self.view.clone());
        }
        let state = state(ctx)?;
        let found = state.catalog.get(&state.reads, &[&self.view.id]).await.map_err(read_failure)?;
        Ok(found.into_iter().next().unwrap_or_else(|| self.view.clone()))
    }
}

fn price_in(variant: &VariantView, currency: Currency) -> Option<PriceView> {
    variant.prices.iter().find(|price| price.price.currency() == currency).copied()
}

#[derive(Clone, Debug)]
enum Source {
    /// One of a product's variants.
    Within(Arc<ProductView>, usize),
    /// What a command led to.
    Alone(Arc<VariantView>),
}

/// What is priced, stocked and sold.
#[derive(Clone, Debug)]
pub struct Variant {
    source: Source,
    stocks: Option<Stocks>,
    as_of: AsOf,
    asked: Option<AsOfInput>,
}

impl Variant {
    fn within(view: Arc<ProductView>, index: usize, product: &Product) -> Self {
        let (as_of, asked) = (product.as_of, product.asked);
        Self { source: Source::Within(view, index), stocks: product.stocks.clone(), as_of, asked }
    }

    /// Shows what was folded from the log.
    pub(super) fn past(view: VariantView, as_of: AsOf, asked: Option<AsOfInput>) -> Self {
        Self { source: Source::Alone(Arc::new(view)), stocks: None, as_of, asked }
    }

    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<VariantState>) -> Self {
        Self::past(variant_view(&outcome.id, outcome.version, &outcome.state), AsOf::Now, None)
    }

    fn view(&self) -> &VariantView {
        match &self.source {
            Source::Within(product, index) => &product.variants[*index],
            Source::Alone(view) => view,
        }
    }
}

/// What is priced, stocked and sold.
#[Object]
impl Variant {
    /// What it is called on shelves and invoices; its id.
    async fn sku(&self) -> &str {
        &self.view().sku
    }

    /// How many events it has.
    async fn version(&self) -> i64 {
        self.view().version
    }

    /// The product.
    async fn product_id(&self) -> ID {
        ID(self.view().product.clone())
    }

    /// What tells it from its siblings; empty for an only child.
    async fn name(&self, ctx: &Context<'_>, locale: Option<LocaleCode>) -> Result<&str> {
        Ok(self.view().name.get(locale.map_or(request(ctx)?.locale, Into::into)))
    }

    /// Grams, 0 when unknown.
    async fn weight_grams(&self) -> SafeInt {
        SafeInt(self.view().weight_grams)
    }

    /// Whether it is not sold any more.
    async fn is_discontinued(&self) -> bool {
        self.view().discontinued
    }

    /// What a unit costs in a currency; null where it is not sold in it.
    async fn price(
        &self,
        #[graphql(default_with = "CurrencyCode::Eur")] currency: CurrencyCode,
    ) -> Result<Option<TaxedMoney>> {
        price_in(self.view(), currency.into()).map(taxed).transpose()
    }

    /// What is announced of its price in a currency: the prior price and how much lower it is; null where nothing is.
    async fn reduction(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "CurrencyCode::Eur")] currency: CurrencyCode,
    ) -> Result<Option<PriceReduction>> {
        let Some(PriceView { price, reduction: Some(reduction), .. }) = price_in(self.view(), currency.into()) else {
            return Ok(None);
        };
        let moment = moment(state(ctx)?, self.asked).await?;
        Ok(reduction.runs_at(moment).then(|| PriceReduction::of(price, reduction)))
    }

    /// What a unit costs in every currency it is sold in.
    async fn prices(&self) -> Result<Vec<TaxedMoney>> {
        self.view().prices.iter().copied().map(taxed).collect()
    }

    /// What is free to sell, over all locations.
    async fn availability(&self, ctx: &Context<'_>) -> Result<Availability> {
        let sku = &self.view().sku;
        if self.as_of != AsOf::Now {
            return Ok(Availability::of(available_as_of(ctx, sku, self.as_of).await?));
        }
        if let Some(stocks) = &self.stocks {
            return Ok(Availability::of(stocks.get(sku).copied().unwrap_or_default()));
        }
        let totals = reads(ctx)?.availability().totals(&[sku]).await.map_err(read_failure)?;
        Ok(Availability::of(totals.first().map_or(0, |total| total.available)))
    }

    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        history::<VariantState>(ctx, &self.view().sku, self.as_of, (first, after)).await
    }
}

fn taxed(price: PriceView) -> Result<TaxedMoney> {
    price.vat_rate.split_gross(price.price).map(Into::into).map_err(internal)
}
