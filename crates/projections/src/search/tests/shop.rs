//! A small shop to search in: a log, an index that follows it, and words for what happens.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::catalog::{CategoryEvent, ProductEvent, VariantEvent};
use domain::stock::StockEvent;
use domain::values::{CategoryId, Currency, Locale, Localized, Money, OrderId, ProductId, Quantity, Sku, Timestamp};
use event_store::memory::MemoryStore;
use event_store::{Commit, EventStore, NewEvent, PAGE_EVENTS_MAX, Position, StreamId};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::search::{SearchIndex, SearchPage, SearchRequest};

/// A shop with its log and its search.
pub(super) struct Shop {
    pub(super) store: Arc<MemoryStore>,
    pub(super) index: SearchIndex,
    log: Log,
}

/// Appends events to a log.
#[derive(Default)]
pub(super) struct Log {
    versions: HashMap<StreamId, u64>,
    events: u128,
}

impl Log {
    /// Appends one event to a stream.
    pub(super) async fn tell(&mut self, store: &MemoryStore, kind: &str, id: &str, event: &impl Serialize) -> Position {
        let stream = StreamId::new(kind, id);
        let version = self.versions.entry(stream.clone()).or_default();
        self.events += 1;
        let event = NewEvent {
            event_id: format!("{:032x}", self.events).parse().expect("32 hexadecimal digits are a UUID"),
            event_type: kind.to_owned(),
            event_version: "1".to_owned(),
            payload: serde_json::value::to_raw_value(event).expect("events become JSON"),
            metadata: RawValue::from_string("{}".to_owned()).expect("an object is JSON"),
        };
        let (events, expected) = (vec![event], *version);
        let commit = Commit { stream, expected, events, command: None, recorded_at: 0, epoch: None };
        let appended = store.append(commit).await.expect("the log in memory takes it");
        *version = appended.sequence;
        appended.position
    }

    /// Lets an older copy of a log take over, which ends here.
    pub(super) async fn rewind_to(&mut self, store: &MemoryStore, end: Position) {
        store.rewind_to(end);
        for (stream, version) in &mut self.versions {
            let left = store.read_stream(stream, 0, PAGE_EVENTS_MAX).await.expect("the log in memory is read");
            *version = left.len() as u64;
        }
    }
}

/// Names the product of a number.
pub(super) fn product(number: u128) -> ProductId {
    ProductId::from_uuid(format!("{number:032x}").parse().expect("32 hexadecimal digits are a UUID"))
}

/// Names the category of a number.
pub(super) fn category(number: u128) -> CategoryId {
    CategoryId::from_uuid(format!("{number:032x}").parse().expect("32 hexadecimal digits are a UUID"))
}

/// Asks for a text in French and euros.
pub(super) fn text(text: &str) -> SearchRequest {
    SearchRequest { text: text.to_owned(), ..SearchRequest::new(Locale::Fr, Currency::Eur) }
}

impl Shop {
    /// Opens an empty shop with an index in memory.
    pub(super) async fn new() -> Self {
        let store = Arc::new(MemoryStore::new());
        let index = SearchIndex::open(None, store.clone()).await.expect("an index in memory opens");
        Self { store, index, log: Log::default() }
    }

    /// Tells something that is not for the search.
    pub(super) async fn nobodys_event(&mut self) -> Position {
        self.log.tell(&self.store, "nobodys", "one", &serde_json::json!({})).await
    }

    /// Lets an older copy of the log take over, which ends here.
    pub(super) async fn rewind_to(&mut self, end: Position) {
        self.log.rewind_to(&self.store, end).await;
    }

    pub(super) async fn product_event(&mut self, number: u128, event: ProductEvent) -> Position {
        self.log.tell(&self.store, "product", product(number).as_str(), &event).await
    }

    pub(super) async fn variant_event(&mut self, sku: &str, event: VariantEvent) -> Position {
        self.log.tell(&self.store, "variant", sku, &event).await
    }

    pub(super) async fn stock_event(&mut self, sku: &str, event: StockEvent) -> Position {
        self.log.tell(&self.store, "stock", &format!("{sku}@paris"), &event).await
    }

    pub(super) async fn category_event(&mut self, number: u128, event: CategoryEvent) -> Position {
        self.log.tell(&self.store, "category", category(number).as_str(), &event).await
    }

    /// Makes a category, at the top when `parent` is 0.
    pub(super) async fn category(&mut self, number: u128, name: &str, parent: u128) {
        let parent = (parent != 0).then(|| category(parent));
        let name = Localized::new(name, Some(format!("{name} (en)")));
        self.category_event(number, CategoryEvent::Created { slug: format!("c{number}"), name, parent, rank: 0 }).await;
    }

    /// Makes a published book with one variant, `sku-{number}`, that has a price and no stock.
    pub(super) async fn book(&mut self, number: u128, name: &str, author: &str, cents: i64) {
        self.draft(number, Localized::new(name, None)).await;
        let attributes =
            [("author", author), ("language", "fr")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        self.product_event(number, ProductEvent::AttributesSet { attributes: BTreeMap::from(attributes) }).await;
        self.product_event(number, ProductEvent::Published {}).await;
        self.variant(number, cents).await;
    }

    pub(super) async fn draft(&mut self, number: u128, name: Localized) {
        self.product_event(number, ProductEvent::Created { slug: format!("p{number}"), name }).await;
    }

    pub(super) async fn variant(&mut self, number: u128, cents: i64) {
        let created = VariantEvent::Created { product: product(number), name: Localized::default(), weight_grams: 0 };
        self.variant_event(&format!("sku-{number}"), created).await;
        self.price(number, cents).await;
    }

    pub(super) async fn price(&mut self, number: u128, cents: i64) {
        let price = Money::new(cents, Currency::Eur);
        let vat_rate = "0.055".parse().expect("a rate");
        self.variant_event(&format!("sku-{number}"), VariantEvent::Priced { price, vat_rate, at: None }).await;
    }

    pub(super) async fn categorise(&mut self, number: u128, categories: &[u128]) {
        let categories = categories.iter().copied().map(category).collect();
        self.product_event(number, ProductEvent::Categorised { categories }).await;
    }

    pub(super) async fn receive(&mut self, number: u128, units: i64) {
        let reference = "delivery".parse().expect("a short text");
        self.stock_event(&format!("sku-{number}"), StockEvent::Received { quantity: units_of(units), reference }).await;
    }

    pub(super) async fn reserve(&mut self, number: u128, order: u128, units: i64) -> Position {
        let expires_at = Timestamp::from_micros(0);
        let event = StockEvent::Reserved { order: order_of(order), quantity: units_of(units), expires_at };
        self.stock_event(&format!("sku-{number}"), event).await
    }

    pub(super) async fn release(&mut self, number: u128, order: u128, units: i64) {
        let event = StockEvent::ReservationExpired { order: order_of(order), quantity: units_of(units) };
        self.stock_event(&format!("sku-{number}"), event).await;
    }

    /// Answers a request from everything that was told so far.
    pub(super) async fn page(&self, request: &SearchRequest) -> SearchPage {
        self.index.catch_up().await.expect("the index catches up");
        self.index.search(request).expect("the request is answered")
    }

    /// Returns the numbers of the products a request finds, in order.
    pub(super) async fn found(&self, request: &SearchRequest) -> Vec<u128> {
        numbers(&self.page(request).await)
    }
}

/// Returns the numbers of the products on a page, in order.
pub(super) fn numbers(page: &SearchPage) -> Vec<u128> {
    page.hits.iter().map(|hit| hit.product.parse::<ProductId>().expect("a product id").uuid().as_u128()).collect()
}

pub(super) fn sku(number: u128) -> Sku {
    format!("sku-{number}").parse().expect("a SKU")
}

fn units_of(units: i64) -> Quantity {
    Quantity::new(units).expect("some units")
}

fn order_of(number: u128) -> OrderId {
    OrderId::from_uuid(format!("{number:032x}").parse().expect("32 hexadecimal digits are a UUID"))
}

/// A folder that is gone when this is dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Names a folder nobody else uses.
    pub(super) fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("comptoir-search-{}-{count}", std::process::id())))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Opens the index in this folder.
    pub(super) async fn open(&self, store: &Arc<MemoryStore>) -> SearchIndex {
        SearchIndex::open(Some(self.0.clone()), store.clone()).await.expect("the index opens")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error}");
        }
    }
}
