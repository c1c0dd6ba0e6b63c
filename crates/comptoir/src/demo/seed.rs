//! Fills a shop with the demo's books.

use std::collections::BTreeMap;

use anyhow::Context;
use app::Shop;
use app::actor::Actor;
use app::bus::{Cause, CommandKey, Outcome, Request};
use domain::catalog::{Category, CategoryCommand, ProductCommand, VariantCommand};
use domain::stock::StockCommand;
use domain::values::{
    CategoryId, Currency, Locale, LocationId, Money, ProductId, Quantity, ShortText, Timestamp, VatRate,
};
use event_store::{EventStore, Filter, Position, StreamId};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::bookshop::{Book, BookVariant, Bookshop};
use super::covers;

/// The French reduced rate of VAT, which books carry (CGI art. 278-0 bis).
const VAT_FR_BOOKS: &str = "0.055";
/// What the demo's ids are derived under (UUID version 5, RFC 9562).
const NAMESPACE: Uuid = Uuid::from_u128(0x5d9c_2f6e_73b1_4c05_9a48_e1f0_6b27_d384);
/// Left in the store when everything is there: how many books.
const SEEDED: &str = "demo/seeded";
/// Who fills the shop, in every event's metadata.
const ACTOR: &str = "demo";
/// The delivery note of all units.
const REFERENCE: &str = "demo opening stock";
/// How many books are under way at the same time: enough to fill the batches of the store's writer.
const BOOKS_AT_ONCE: usize = 64;

/// When the first review was published: Monday 2024-01-08, 08:00 UTC.
const FIRST_REVIEW: Timestamp = Timestamp::from_micros(1_704_700_800_000_000);
/// One review a week.
const REVIEW_INTERVAL_SECONDS: i64 = 7 * 86_400;

/// What the demo shop holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeedReport {
    /// Categories.
    pub categories: usize,
    /// Products, all published.
    pub books: usize,
    /// Variants, all priced.
    pub variants: usize,
    /// Units received in all warehouses.
    pub units: i64,
    /// Commits that this run added; the others were there from a run before.
    pub commits_added: usize,
}

/// Says whether the shop wants filling: nothing was ever stored in it, or filling it was begun and not finished.
///
/// # Errors
/// When the store cannot be read.
pub async fn is_needed(store: &dyn EventStore) -> anyhow::Result<bool> {
    if store.mark(SEEDED).await?.is_some() {
        return Ok(false);
    }
    if store.read_all(Position(0), 1, &Filter::default()).await?.head == Position(0) {
        return Ok(true);
    }
    // The first category is stored before anything else, under an id that is ours alone: no mark is as durable.
    let data = Bookshop::read()?;
    let first = data.categories.first().context("the demo has no category")?;
    let stream = StreamId::new("category", category_id(&first.slug).as_str());
    Ok(!store.read_stream(&stream, 0, 1).await?.is_empty())
}

/// Fills a shop, or goes on where an earlier run stopped; what is there already stays as it is. `progress` hears how
/// many books of how many are there.
///
/// # Errors
/// When the store fails; then another run goes on.
pub async fn seed(shop: &Shop, progress: &(dyn Fn(usize, usize) + Sync)) -> anyhow::Result<SeedReport> {
    let data = Bookshop::read()?;
    let seeding = Seeding::begin(shop, &data)?;
    let mut commits_added = 0;
    for (rank, category) in (1_u32..).zip(&data.categories) {
        let command = CategoryCommand::Create {
            slug: category.slug.clone(),
            name: category.name(),
            parent: category.parent.as_deref().map(category_id),
            rank,
        };
        let id = category_id(&category.slug);
        let request = Seeding::request("category", &category.slug);
        commits_added += added(&shop.bus.execute::<Category>(id.as_str(), &request, command).await?);
    }
    let books: Vec<_> = data.books.iter().map(|book| seeding.book(book)).collect();
    let (mut books, mut done) = (stream::iter(books).buffer_unordered(BOOKS_AT_ONCE), 0);
    while let Some(commits) = books.try_next().await? {
        commits_added += commits;
        done += 1;
        progress(done, data.books.len());
    }
    shop.bus.store().set_mark(SEEDED, u64::try_from(data.books.len())?).await?;
    let variants = || data.books.iter().flat_map(|book| &book.variants);
    Ok(SeedReport {
        categories: data.categories.len(),
        books: data.books.len(),
        variants: variants().count(),
        units: variants().map(|variant| i64::from(variant.stock_paris) + i64::from(variant.stock_lyon)).sum(),
        commits_added,
    })
}

/// Returns the id of a category of the demo.
pub(super) fn category_id(slug: &str) -> CategoryId {
    CategoryId::from_uuid(Uuid::new_v5(&NAMESPACE, format!("category/{slug}").as_bytes()))
}

/// Returns the id of a book of the demo.
pub(super) fn product_id(slug: &str) -> ProductId {
    ProductId::from_uuid(Uuid::new_v5(&NAMESPACE, format!("product/{slug}").as_bytes()))
}

fn added<D>(outcome: &Outcome<D>) -> usize {
    usize::from(outcome.position.is_some() && !outcome.replayed)
}

/// One run.
struct Seeding<'a> {
    shop: &'a Shop,
    vat_rate: VatRate,
    reference: ShortText,
    paris: LocationId,
    lyon: LocationId,
    /// When a book's review was published, by slug.
    review_dates: BTreeMap<&'a str, Timestamp>,
}

impl<'a> Seeding<'a> {
    fn begin(shop: &'a Shop, data: &'a Bookshop) -> anyhow::Result<Self> {
        let reviewed = data.books.iter().filter(|book| book.review().is_some());
        let review_dates = reviewed
            .zip(0_i64..)
            .map(|(book, week)| (book.slug.as_str(), FIRST_REVIEW.plus_seconds(week * REVIEW_INTERVAL_SECONDS)))
            .collect();
        Ok(Self {
            shop,
            vat_rate: VAT_FR_BOOKS.parse()?,
            reference: REFERENCE.parse()?,
            paris: "paris".parse()?,
            lyon: "lyon".parse()?,
            review_dates,
        })
    }

    /// A step happens once for ever, whatever became of the thing since, so its key is its name and nothing else.
    fn request(step: &str, name: &str) -> Request {
        let key = format!("seed/{step}/{name}");
        // One conversation for all commands of all runs.
        let cause = Cause::of(key.clone(), NAMESPACE.to_string());
        let fingerprint = step.to_owned();
        Request::new(Actor::system(ACTOR), cause).keyed(Some(CommandKey { key, fingerprint }))
    }

    /// Takes a book in, with its variants and their stock, and shows it last: nobody sees one that cannot be bought.
    async fn book(&self, book: &Book) -> anyhow::Result<usize> {
        let id = product_id(&book.slug);
        let request = Self::request("product", &book.slug);
        let commands = self.product_commands(book);
        let mut commits = added(&app::catalog::change_product(self.shop, &request, &id, &commands).await?);
        for variant in &book.variants {
            commits += self.variant(&id, variant).await?;
        }
        let request = Self::request("publish", &book.slug);
        commits += added(&app::catalog::change_product(self.shop, &request, &id, &[ProductCommand::Publish]).await?);
        Ok(commits)
    }

    fn product_commands(&self, book: &Book) -> Vec<ProductCommand> {
        let mut commands = vec![
            ProductCommand::Create { slug: book.slug.clone(), name: book.title() },
            ProductCommand::Summarise { summary: book.summary() },
            ProductCommand::Categorise { categories: book.categories().map(category_id).collect() },
            ProductCommand::SetAttributes { attributes: attributes(book) },
        ];
        if let Some((review, published_at)) = book.review().zip(self.review_dates.get(book.slug.as_str())) {
            for (locale, text) in [(Locale::Fr, review.french), (Locale::En, review.english)] {
                commands.push(ProductCommand::AddEditorialReview {
                    locale,
                    author: review.author.clone(),
                    text: text.to_owned(),
                    published_at: *published_at,
                });
            }
        }
        commands
    }

    async fn variant(&self, product: &ProductId, variant: &BookVariant) -> anyhow::Result<usize> {
        let BookVariant { sku, weight_grams, .. } = variant;
        let price = Money::new(i64::from(variant.price_cents), Currency::Eur);
        let commands = [
            VariantCommand::Create { product: product.clone(), name: variant.name(), weight_grams: *weight_grams },
            VariantCommand::SetPrice { price, vat_rate: self.vat_rate, now: self.shop.clock.now() },
        ];
        let request = Self::request("variant", sku.as_str());
        let mut commits = added(&app::catalog::change_variant(self.shop, &request, sku, &commands).await?);
        for (location, units) in [(&self.paris, variant.stock_paris), (&self.lyon, variant.stock_lyon)] {
            if units == 0 {
                continue;
            }
            let command =
                StockCommand::Receive { quantity: Quantity::new(i64::from(units))?, reference: self.reference.clone() };
            let request = Self::request("stock", &domain::stock::stream_id(sku, location));
            commits += added(&app::stock::change(self.shop, &request, (sku, location), command).await?);
        }
        Ok(commits)
    }
}

fn attributes(book: &Book) -> BTreeMap<String, String> {
    [
        ("author", book.author.clone()),
        ("author_sort", book.author_sort.clone()),
        ("year", book.year.to_string()),
        ("language", book.language.clone()),
        ("original_title", book.original_title.clone()),
        ("cover", covers::path(&book.slug)),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
