//! How the index keeps step with the log.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use domain::catalog::{ProductEvent, VariantEvent};
use domain::stock::StockEvent;
use domain::values::{Currency, Localized, Money};
use event_store::memory::MemoryStore;
use event_store::{EventStore, Position};
use tokio::sync::oneshot;

use super::shop::{Folder, Log, Shop, numbers, product, sku, text};
use crate::search::{Filters, SearchError, SearchIndex, SearchRequest, VERSION, analysis};

fn in_stock() -> SearchRequest {
    SearchRequest { filters: Filters { in_stock: Some(true), ..Filters::default() }, ..text("") }
}

#[tokio::test]
async fn only_what_is_published_is_found() {
    let mut shop = Shop::new().await;
    shop.draft(1, Localized::new("Nana", None)).await;
    assert_eq!(shop.found(&text("nana")).await, []);
    shop.product_event(1, ProductEvent::Published {}).await;
    assert_eq!(shop.found(&text("nana")).await, [1]);
    shop.product_event(1, ProductEvent::Unpublished {}).await;
    assert_eq!(shop.found(&text("nana")).await, []);
    assert_eq!(shop.page(&text("")).await.total, 0);
    shop.product_event(1, ProductEvent::Renamed { name: Localized::new("Germinal", None) }).await;
    shop.product_event(1, ProductEvent::Published {}).await;
    assert_eq!(shop.found(&text("germinal")).await, [1]);
    assert_eq!(shop.found(&text("nana")).await, []);
}

#[tokio::test]
async fn what_was_told_while_hidden_is_there_when_shown() {
    let mut shop = Shop::new().await;
    shop.draft(1, Localized::new("Nana", None)).await;
    shop.index.catch_up().await.expect("the index catches up");
    shop.variant(1, 800).await;
    shop.receive(1, 1).await;
    shop.index.catch_up().await.expect("the index catches up");
    shop.product_event(1, ProductEvent::Published {}).await;
    assert_eq!(shop.found(&in_stock()).await, [1]);
}

#[tokio::test]
async fn stock_moves_the_flag() {
    let mut shop = Shop::new().await;
    shop.book(1, "Nana", "Zola", 800).await;
    assert_eq!(shop.found(&in_stock()).await, []);
    shop.receive(1, 2).await;
    assert_eq!(shop.found(&in_stock()).await, [1]);
    shop.reserve(1, 1, 2).await;
    assert_eq!(shop.found(&in_stock()).await, []);
    shop.release(1, 1, 2).await;
    assert_eq!(shop.found(&in_stock()).await, [1]);
    shop.variant_event("sku-1", VariantEvent::Discontinued {}).await;
    assert_eq!(shop.found(&in_stock()).await, []);
    shop.variant_event("sku-1", VariantEvent::Reinstated {}).await;
    let quantity = domain::values::Quantity::new(2).expect("some units");
    let reason = "water".parse().expect("a short text");
    shop.stock_event("sku-1", StockEvent::WrittenOff { quantity, reason }).await;
    assert_eq!(shop.found(&in_stock()).await, []);
}

#[tokio::test]
async fn stock_and_price_of_a_sku_wait_for_its_product() {
    for commit_between in [false, true] {
        let mut shop = Shop::new().await;
        shop.receive(1, 2).await;
        let price = Money::new(500, Currency::Eur);
        let vat_rate = "0.055".parse().expect("a rate");
        shop.variant_event(sku(1).as_str(), VariantEvent::Priced { price, vat_rate, at: None }).await;
        if commit_between {
            shop.index.catch_up().await.expect("the index catches up");
        }
        shop.draft(1, Localized::new("Nana", None)).await;
        shop.product_event(1, ProductEvent::Published {}).await;
        let created = VariantEvent::Created { product: product(1), name: Localized::default(), weight_grams: 0 };
        shop.variant_event(sku(1).as_str(), created).await;
        let filters = Filters { in_stock: Some(true), price_max: Some(500), ..Filters::default() };
        assert_eq!(shop.found(&SearchRequest { filters, ..text("") }).await, [1]);
    }
}

#[tokio::test]
async fn an_index_in_a_folder_goes_on_where_it_was() {
    let mut shop = Shop::new().await;
    let folder = Folder::new();
    shop.category(10, "Livres", 0).await;
    shop.book(1, "Nana", "Zola", 800).await;
    let index = folder.open(&shop.store).await;
    let reached = index.catch_up().await.expect("the index catches up");
    drop(index);
    shop.book(2, "Germinal", "Zola", 900).await;
    let index = folder.open(&shop.store).await;
    assert_eq!(*index.position().borrow(), reached, "what the commit reached is remembered");
    assert_eq!(numbers(&index.search(&text("zola")).expect("answered")), [1], "answers before it has caught up");
    index.catch_up().await.expect("the index catches up");
    let page = index.search(&text("zola")).expect("answered");
    assert_eq!((page.total, page.position), (2, *shop.store.head().borrow()));
}

#[tokio::test]
async fn an_index_of_another_fold_is_built_anew() {
    let mut shop = Shop::new().await;
    let folder = Folder::new();
    shop.book(1, "Nana", "Zola", 800).await;
    let index = folder.open(&shop.store).await;
    let reached = index.catch_up().await.expect("the index catches up");
    drop(index);
    pretend(&folder, &format!(r#"{{"version":{},"position":2,"last":null}}"#, VERSION + 1));
    let index = folder.open(&shop.store).await;
    assert_eq!(*index.position().borrow(), reached);
    assert_eq!(numbers(&index.search(&text("nana")).expect("answered")), [1]);
    let mut name = folder.path().as_os_str().to_owned();
    name.push(".new");
    assert!(!fs::exists(name).expect("the folder can be looked at"), "nothing is left behind");
}

#[tokio::test]
async fn an_index_that_cannot_be_read_is_built_anew() {
    let mut shop = Shop::new().await;
    let folder = Folder::new();
    shop.book(1, "Nana", "Zola", 800).await;
    drop(folder.open(&shop.store).await);
    fs::write(folder.path().join("meta.json"), "nonsense").expect("the folder can be written");
    let index = folder.open(&shop.store).await;
    assert_eq!(numbers(&index.search(&text("nana")).expect("answered")), [1]);
}

#[tokio::test]
async fn an_index_of_another_log_is_built_anew() {
    let mut shop = Shop::new().await;
    let folder = Folder::new();
    shop.book(1, "Nana", "Zola", 800).await;
    folder.open(&shop.store).await.catch_up().await.expect("the index catches up");
    let other = Arc::new(MemoryStore::new());
    let index = folder.open(&other).await;
    assert_eq!(*index.position().borrow(), Position(0));
    assert_eq!(index.search(&text("")).expect("answered").total, 0);
}

/// Commits to an index what another program would have.
fn pretend(folder: &Folder, payload: &str) {
    let index = tantivy::Index::open_in_dir(folder.path()).expect("an index is there");
    analysis::register(index.tokenizers());
    let mut writer: tantivy::IndexWriter = index.writer_with_num_threads(1, 15_000_000).expect("nobody writes");
    let mut commit = writer.prepare_commit().expect("a commit can be prepared");
    commit.set_payload(payload);
    commit.commit().expect("a commit can be made");
}

#[tokio::test]
async fn an_event_that_cannot_be_folded_stops_the_index_and_is_named() {
    let store = Arc::new(MemoryStore::new());
    let mut log = Log::default();
    log.tell(&store, "product", product(1).as_str(), &serde_json::json!({"catalog.product_published": {}})).await;
    let bad = log.tell(&store, "product", product(1).as_str(), &serde_json::json!({"catalog.unheard_of": {}})).await;
    let index = SearchIndex::open(None, store).await.expect("an index in memory opens");
    for _attempt in 0..2 {
        let error = index.catch_up().await.expect_err("it cannot be folded");
        assert!(matches!(error, SearchError::Event { position, .. } if position == bad), "{error}");
    }
    assert_eq!(*index.position().borrow(), Position(0));
}

#[tokio::test]
async fn a_running_index_follows_and_stops_when_told() {
    let mut shop = Shop::new().await;
    let folder = Folder::new();
    let index = folder.open(&shop.store).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let runner = index.clone();
    let running = tokio::spawn(async move {
        let told = async {
            assert!(stopped.await.is_ok(), "told before the test ends");
        };
        runner.run(told).await
    });
    shop.book(1, "Nana", "Zola", 800).await;
    shop.receive(1, 5).await;
    reached(&index, &shop).await;
    assert_eq!(numbers(&index.search(&in_stock()).expect("answered")), [1]);
    // Units move and the flag does not: the position moves on, the commit waits for the end.
    let last = shop.reserve(1, 1, 1).await;
    reached(&index, &shop).await;
    assert!(stop.send(()).is_ok(), "it still runs");
    running.await.expect("it does not panic").expect("it does not fail");
    drop(index);
    let index = folder.open(&shop.store).await;
    assert_eq!(*index.position().borrow(), last, "what was pending is committed at the end");
}

async fn reached(index: &SearchIndex, shop: &Shop) {
    const LIMIT: Duration = Duration::from_secs(30);
    let head = *shop.store.head().borrow();
    let mut position = index.position();
    let waited = tokio::time::timeout(LIMIT, position.wait_for(|position| *position >= head)).await;
    waited.expect("within the limit").expect("the index lives");
}

#[tokio::test]
async fn what_stands_where_something_is_gone_is_found() {
    let mut shop = Shop::new().await;
    shop.book(1, "Nana", "Zola", 800).await;
    let end = *shop.store.head().borrow();
    shop.nobodys_event().await;
    shop.nobodys_event().await;
    assert_eq!(shop.found(&text("")).await, [1]);
    shop.rewind_to(end).await;
    shop.book(2, "Germinal", "Zola", 900).await;
    assert_eq!(shop.found(&text("zola")).await.len(), 2, "nothing of it was missed");

    let end = *shop.store.head().borrow();
    shop.book(3, "La Terre", "Zola", 700).await;
    assert_eq!(shop.found(&text("zola")).await.len(), 3);
    shop.rewind_to(end).await;
    shop.book(4, "La Curée", "Zola", 600).await;
    assert_eq!(shop.found(&text("terre")).await, [], "it is gone");
    assert_eq!(shop.found(&text("zola")).await.len(), 3);
    assert_eq!(*shop.index.position().borrow(), *shop.store.head().borrow());
}
