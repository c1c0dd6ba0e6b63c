//! The demo shop is whole, is filled once, and goes on where it stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use app::Shop;
use app::clock::ManualClock;
use app::ids::CountingIds;
use async_trait::async_trait;
use domain::catalog::{Category, Product, ProductCommand, Variant};
use domain::stock::Stock;
use domain::values::{Currency, Locale, Money, Timestamp};
use event_store::memory::MemoryStore;
use event_store::{
    AppendError, Appended, CommandRecord, Commit, Cursor, EventStore, Filter, Page, Position, RecordedEvent,
    StoreError, StreamId,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::bookshop::Bookshop;
use super::seed::{category_id, product_id};
use super::{is_needed, seed};
use crate::defaults::shop_settings;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn unheard(_done: usize, _total: usize) {}

fn shop_over(store: Arc<dyn EventStore>) -> Shop {
    Shop::new(store, Arc::new(ManualClock::starting_at(NOW)), Arc::new(CountingIds::default()), shop_settings())
}

fn head(store: &dyn EventStore) -> Position {
    *store.head().borrow()
}

/// What a log says, whatever the order of its streams.
async fn facts(store: &dyn EventStore) -> Vec<String> {
    let page = store.read_all(Position(0), usize::MAX, &Filter::default()).await.expect("the log is read");
    assert_eq!(page.next, page.head, "one page holds the demo");
    let fact = |event: &RecordedEvent| format!("{} {} {}", event.stream, event.sequence, event.payload.get());
    let mut facts: Vec<_> = page.events.iter().map(|event| fact(event)).collect();
    facts.sort();
    facts
}

#[test]
fn the_data_holds_a_whole_bookshop_of_valid_values() {
    let data = Bookshop::read().expect("the data is valid");
    assert!(data.books.len() >= 120, "{} books", data.books.len());
    let reviews = data.books.iter().filter(|book| book.review().is_some()).count();
    assert!(reviews >= 30, "{reviews} reviews");
    for book in &data.books {
        assert!(!book.summary().get(Locale::Fr).is_empty() && book.summary().english().is_some(), "{}", book.slug);
        assert!(book.variants.iter().all(|variant| variant.stock_paris + variant.stock_lyon > 0), "{}", book.slug);
    }
    let empty = |slug: &str| !data.books.iter().any(|book| book.categories().any(|category| category == slug));
    let childless = |slug: &str| !data.categories.iter().any(|child| child.parent.as_deref() == Some(slug));
    for category in &data.categories {
        assert!(!(empty(&category.slug) && childless(&category.slug)), "{} has no book", category.slug);
    }
}

#[tokio::test]
async fn every_book_of_a_filled_shop_is_published_priced_and_stocked() {
    let store = Arc::new(MemoryStore::new());
    assert!(is_needed(&*store).await.expect("the store answers"), "an empty shop wants filling");
    let shop = shop_over(store.clone());
    let heard = std::sync::Mutex::new(Vec::new());
    let hear = |done, total| heard.lock().expect("nobody broke it").push((done, total));
    let report = seed(&shop, &hear).await.expect("the shop is filled");
    assert!(
        heard
            .into_inner()
            .expect("nobody broke it")
            .into_iter()
            .eq((1..=report.books).map(|done| (done, report.books)))
    );
    assert!(!is_needed(&*store).await.expect("the store answers"), "a filled shop wants nothing");

    let data = Bookshop::read().expect("the data is valid");
    let (mut variants, mut units) = (0, 0);
    for category in &data.categories {
        let id = category_id(&category.slug);
        let state = shop.bus.load::<Category>(id.as_str()).await.expect("it is read").state;
        assert_eq!((state.slug(), state.name()), (category.slug.as_str(), &category.name()));
        assert_eq!(state.parent(), category.parent.as_deref().map(category_id).as_ref());
    }
    for book in &data.books {
        let id = product_id(&book.slug);
        let product = shop.bus.load::<Product>(id.as_str()).await.expect("it is read").state;
        assert!(product.is_published(), "{}", book.slug);
        assert_eq!(product.categories().first(), Some(&category_id(&book.category)));
        assert_eq!(product.editorial_reviews().len(), if book.review().is_some() { 2 } else { 0 });
        assert!(product.editorial_reviews().iter().all(|review| review.published_at < NOW));
        assert_eq!(product.attributes().get("cover"), Some(&format!("/covers/{}.svg", book.slug)));
        for variant in &book.variants {
            let offer = app::catalog::offer(&shop, &variant.sku, Currency::Eur).await.expect("it is for sale");
            assert_eq!(offer.price, Money::new(i64::from(variant.price_cents), Currency::Eur));
            assert_eq!((offer.product, String::from(offer.vat_rate)), (id.clone(), "0.055".to_owned()));
            let state = shop.bus.load::<Variant>(variant.sku.as_str()).await.expect("it is read").state;
            assert_eq!((state.weight_grams(), state.prices().len()), (variant.weight_grams, 1));
            for (location, count) in [("paris", variant.stock_paris), ("lyon", variant.stock_lyon)] {
                let place = domain::stock::stream_id(&variant.sku, &location.parse().expect("a location"));
                let stock = shop.bus.load::<Stock>(&place).await.expect("it is read").state;
                assert_eq!(stock.available(), i64::from(count), "{place}");
                units += stock.available();
            }
            variants += 1;
        }
    }
    assert_eq!((report.categories, report.books), (data.categories.len(), data.books.len()));
    assert_eq!((report.variants, report.units), (variants, units));
}

#[tokio::test]
async fn a_second_run_adds_nothing_and_undoes_nothing() {
    let store = Arc::new(MemoryStore::new());
    let shop = shop_over(store.clone());
    let first = seed(&shop, &unheard).await.expect("the shop is filled");
    assert!(first.commits_added > first.books * 3);
    let staff = app::actor::Actor::of_role(app::actor::Role::Staff, "ada");
    let request = app::bus::Request::new(staff, app::bus::Cause::of("hide", "hide"));
    let id = product_id("les-miserables");
    let hidden = app::catalog::change_product(&shop, &request, &id, &[ProductCommand::Unpublish]).await;
    assert!(!hidden.expect("staff hide a book").state.is_published());
    let before = head(&*store);
    // The state at hand is another process's: it knows nothing of the first run.
    let shop = shop_over(store.clone());
    let second = seed(&shop, &unheard).await.expect("the shop is filled");
    assert_eq!((second.commits_added, head(&*store)), (0, before));
    let product = shop.bus.load::<Product>(id.as_str()).await.expect("it is read").state;
    assert!(!product.is_published(), "what staff did since stays");
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_completed_by_the_next() {
    let whole = Arc::new(MemoryStore::new());
    let first = seed(&shop_over(whole.clone()), &unheard).await.expect("the shop is filled");
    let expected = facts(&*whole).await;
    for appends in [1, 20, 21, 85, 700, first.commits_added - 1] {
        let inner = Arc::new(MemoryStore::new());
        let cut = Arc::new(CutStore { inner: inner.clone(), left: AtomicUsize::new(appends) });
        seed(&shop_over(cut), &unheard).await.expect_err("the store is gone");
        assert!(is_needed(&*inner).await.expect("the store answers"), "cut after {appends}");
        let report = seed(&shop_over(inner.clone()), &unheard).await.expect("the next run completes it");
        assert_eq!(report.commits_added, first.commits_added - appends, "cut after {appends}");
        assert!(facts(&*inner).await == expected, "cut after {appends}");
        assert!(!is_needed(&*inner).await.expect("the store answers"), "cut after {appends}");
    }
}

#[tokio::test]
async fn a_shop_with_goods_of_its_own_is_left_alone() {
    let store = Arc::new(MemoryStore::new());
    let shop = shop_over(store.clone());
    let request =
        app::bus::Request::new(app::actor::Actor::system("test"), app::bus::Cause::of("a category", "a category"));
    let name = domain::values::Localized::new("Disques", None);
    let made = app::catalog::create_category(&shop, &request, "disques".to_owned(), name, (None, 1)).await;
    made.expect("a category is made");
    assert!(!is_needed(&*store).await.expect("the store answers"));
}

/// A store that stores so many commits and then is gone: the last one is stored and nobody is told.
struct CutStore {
    inner: Arc<MemoryStore>,
    left: AtomicUsize,
}

fn gone() -> AppendError {
    AppendError::Unavailable { in_doubt: true, source: "the process was killed".into() }
}

#[async_trait]
impl EventStore for CutStore {
    async fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        let taken = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let left = taken.map_err(|_| gone())?;
        let appended = self.inner.append(commit).await?;
        if left == 1 { Err(gone()) } else { Ok(appended) }
    }

    async fn read_stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.inner.read_stream(stream, after, limit).await
    }

    async fn read_on(&self, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        self.inner.read_on(after, limit, filter).await
    }

    async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError> {
        self.inner.find_command(id).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.inner.head()
    }

    async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.secret(name).await
    }

    async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.secret_or_insert(name, value).await
    }

    async fn secret_destroy(&self, name: &str) -> Result<bool, StoreError> {
        self.inner.secret_destroy(name).await
    }

    async fn mark(&self, name: &str) -> Result<Option<u64>, StoreError> {
        self.inner.mark(name).await
    }

    async fn set_mark(&self, name: &str, value: u64) -> Result<(), StoreError> {
        self.inner.set_mark(name, value).await
    }

    async fn lease_take(&self, name: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        self.inner.lease_take(name, owner, time).await
    }

    async fn lease_return(&self, name: &str, owner: Uuid) -> Result<(), StoreError> {
        self.inner.lease_return(name, owner).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
