//! The whole log of a release stays readable for ever: every aggregate folds, every read model folds to what it was, every
//! process knows where it stood and has nothing to do.

use std::collections::BTreeMap;
use std::sync::Arc;

use app::Shop;
use app::clock::ManualClock;
use app::ids::SystemIds;
use comptoir::config::{Config, StoreKind};
use comptoir::open::OpenShop;
use domain::cart::Cart;
use domain::catalog::{Category, Product, Variant};
use domain::decider::{Decider, Refusal};
use domain::fulfilment::Fulfilment;
use domain::invoicing::{OrderDocuments, Series};
use domain::order::Order;
use domain::payment::Payment;
use domain::promotion::{Promotion, PromotionBoard};
use domain::returns::Return;
use domain::stock::Stock;
use domain::values::Timestamp;
use event_store::{Filter, PAGE_EVENTS_MAX, Position};
use serde_json::{Value, json};
use testkit::events::{families, log};

use super::folder;

/// A day after the journey: nothing is due that was not due before.
const AFTERWARDS: Timestamp = Timestamp::from_micros(1_777_600_000_000_000);

/// A process that came after a release, and what it writes when it finds what the release left: every parcel that was
/// paid is invoiced, also one from before there were invoices.
const CAME_LATER: [&str; 3] = ["order_to_invoice", "invoicing", "document_series"];

/// Returns the logs of all releases by their names.
pub(super) fn releases() -> Vec<(String, String)> {
    let logs = folder("schema/events/logs");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&logs).expect("the logs are there") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        if let Some(release) = name.strip_suffix(".jsonl") {
            let text = std::fs::read_to_string(logs.join(&name)).expect("the log can be read");
            found.push((release.to_owned(), text));
        }
    }
    assert!(!found.is_empty(), "there is no log in {}", logs.display());
    found
}

/// Returns what was written down of a release's log when it was recorded.
fn written_down(release: &str, what: &str) -> Value {
    let path = folder(&format!("schema/events/logs/{release}.expected.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str::<Value>(&text).expect("JSON")[what].clone()
}

async fn open(text: &str) -> OpenShop {
    let config = Config { store: StoreKind::Memory, demo: false, ..Config::default() };
    let clock = Arc::new(ManualClock::starting_at(AFTERWARDS));
    let open = OpenShop::open(&config, clock, Arc::new(SystemIds)).await.expect("the shop opens");
    log::append_lines(&*open.store, text).await;
    open
}

/// Folds every stream of a kind and returns how many, and the sum of their versions.
async fn folded<D>(shop: &Shop, ids: &BTreeMap<(String, String), u64>) -> usize
where
    D: Decider,
    D::Error: Refusal,
{
    let mut count = 0;
    for ((_, id), length) in ids.iter().filter(|((kind, _), _)| kind == D::TYPE) {
        let loaded = shop.bus.load::<D>(id).await.expect("an old stream folds");
        assert_eq!(loaded.version, *length, "{}-{id}", D::TYPE);
        count += 1;
    }
    count
}

#[tokio::test]
async fn every_aggregate_of_every_release_folds() {
    for (release, text) in releases() {
        let open = open(&text).await;
        let page = open.store.read_all(Position(0), PAGE_EVENTS_MAX, &Filter::default()).await.expect("reads");
        assert_eq!(page.next, page.head, "the log fits into one page");
        let (mut streams, families) = (BTreeMap::new(), families());
        for event in &page.events {
            let key = (event.stream.kind.to_string(), event.stream.id.to_string());
            streams.insert(key, event.sequence);
            let family = families.iter().find(|family| *family.kind == *event.stream.kind).expect("a known kind");
            let read = family.read(&event.event_type, &event.event_version, event.payload.get());
            read.unwrap_or_else(|error| panic!("{release}, position {}: {error}", event.position));
        }
        let shop = &open.shop;
        let aggregates = folded::<Product>(shop, &streams).await
            + folded::<Variant>(shop, &streams).await
            + folded::<Category>(shop, &streams).await
            + folded::<Stock>(shop, &streams).await
            + folded::<Cart>(shop, &streams).await
            + folded::<Order>(shop, &streams).await
            + folded::<Payment>(shop, &streams).await
            + folded::<Fulfilment>(shop, &streams).await
            + folded::<Return>(shop, &streams).await
            + folded::<OrderDocuments>(shop, &streams).await
            + folded::<Series>(shop, &streams).await
            + folded::<Promotion>(shop, &streams).await
            + folded::<PromotionBoard>(shop, &streams).await;
        let processes = families.iter().filter(|family| family.is_process).map(|family| family.kind);
        let processes: Vec<_> = processes.collect();
        let of_processes = streams.keys().filter(|(kind, _)| processes.contains(&kind.as_str())).count();
        assert_eq!(aggregates + of_processes, streams.len(), "every stream is somebody's");
    }
}

/// What a release's log means, as it was written down when it was released. A read model of another version may say
/// something else: then what it says is written down anew, on purpose.
#[tokio::test]
async fn every_read_model_of_every_release_folds_to_what_was_written_down() {
    for (release, text) in releases() {
        let mut open = open(&text).await;
        open.runner.catch_up().await.expect("the read models fold");
        let mut read = BTreeMap::new();
        for projection in projections::all() {
            let digest = open.models.digest(projection.name()).await.expect("a digest");
            read.insert(projection.name(), json!({ "version": projection.version(), "sha256": digest.sha256 }));
        }
        let expected = written_down(&release, "read_models");
        assert_eq!(json!(read), expected, "{release}: raise version() and write down anew what is meant to change");
    }
}

#[tokio::test]
async fn every_process_of_every_release_knows_where_it_stood_and_hears_nothing_new() {
    for (release, text) in releases() {
        let open = open(&text).await;
        let head = *open.store.head().borrow();
        open.processes.recover().await.expect("the processes recover");
        open.processes.catch_up().await.expect("the processes hear the log again");
        let new = open.store.read_all(head, PAGE_EVENTS_MAX, &Filter::default()).await.expect("reads");
        let is_late = |kind: &str| !text.contains(CAME_LATER[0]) && CAME_LATER.contains(&kind);
        let new: Vec<_> = new.events.iter().filter(|event| !is_late(&event.stream.kind)).collect();
        assert!(new.is_empty(), "{release}: what was told is known, what was done is done: {new:?}");
        let status = open.processes.status();
        let status = status.iter().map(|one| (one.kind.to_owned(), json!({ "open": one.open, "tasks": one.tasks })));
        assert_eq!(Value::Object(status.collect()), written_down(&release, "processes"), "{release}");
    }
}
