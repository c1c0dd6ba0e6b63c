//! The journey of an order is one tree, from the first click to the refund.

use std::collections::HashSet;

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine, TestServer, TestShop};

use crate::http::journey::{send_back, staff_step};
use crate::http::operations::{buy, order_when};

const CAUSALITY: &str = "query($id: ID!) { order(id: $id) { causality { isComplete mermaid
    nodes { parentId link depth childIds event { id type streamKind position correlationId causationId } } } } }";

/// What such a journey holds, from the first click to the refund.
const PARTS: [&str; 14] = [
    "cart.checkout_started",
    "order.placed",
    "stock.reserved",
    "stock.allocated",
    "payment.authorised",
    "fulfilment.delivered",
    "stock.dispatched",
    "payment.captured",
    "order.return_opened",
    "return.requested",
    "stock.restocked",
    "payment.refunded",
    "return.resolved",
    "process.asked",
];

/// Buys, delivers and sends back a part; returns the order's id.
async fn there_and_back(server: &TestServer, books: &[&Book]) -> String {
    let (shopper, staff) = (server.guest().await, server.of_role(Role::Staff));
    let wishes: Vec<(&Book, i64)> = books.iter().map(|book| (*book, 2)).collect();
    let placed = buy(&shopper, &wishes, "pm_card_visa", "k-1").await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let requested = |order: &Value| order["fulfilments"].as_array().is_some_and(|all| !all.is_empty());
    let parcel = order_when(&shopper, &id, requested).await["fulfilments"][0]["id"].clone();
    staff_step(&staff, "fulfilmentPack", json!({ "fulfilmentId": parcel })).await;
    let is_ready = |order: &Value| order["fulfilmentStatus"] == "PACKED" && order["paymentStatus"] == "CAPTURED";
    let is_booked = |order: &Value| is_ready(order) && order["fulfilments"][0]["tracking"].is_string();
    order_when(&shopper, &id, is_booked).await;
    staff_step(&staff, "fulfilmentHandOver", json!({ "fulfilmentId": parcel })).await;
    staff_step(&staff, "fulfilmentDeliver", json!({ "fulfilmentId": parcel })).await;
    let order = order_when(&shopper, &id, |order| order["fulfilmentStatus"] == "DELIVERED").await;
    send_back(&shopper, &staff, &order).await;
    order_when(&shopper, &id, |order| order["paymentStatus"] == "PARTIALLY_REFUNDED").await;
    id
}

async fn ask(auditor: &Client, id: &str) -> Value {
    auditor.call(CAUSALITY, json!({ "id": id })).await["order"]["causality"].take()
}

/// Every event stands once behind the one it stands under, which all of them but one do.
fn check_tree(causality: &Value) {
    assert_eq!(causality["isComplete"], json!(true));
    let nodes = causality["nodes"].as_array().expect("a tree");
    let beginnings: Vec<_> = nodes.iter().filter(|node| node["parentId"].is_null()).collect();
    assert_eq!(beginnings.len(), 1, "no orphans: {beginnings:?}");
    assert_eq!(nodes[0]["event"]["type"], json!("cart.opened"));
    let mut known = HashSet::new();
    for node in nodes {
        let event = &node["event"];
        assert!(node["parentId"].is_null() || known.contains(&node["parentId"]), "behind its parent: {node}");
        assert!(known.insert(event["id"].clone()), "every event once: {node}");
        assert_eq!(event["correlationId"], nodes[0]["event"]["correlationId"], "one conversation: {node}");
        let is_ours = event["streamKind"] == "stock" || event["streamKind"] == "checkout";
        assert!(!is_ours || node["link"] == "CAUSE" || event["type"] == "process.timer_fired", "{node}");
    }
    let types: HashSet<_> = nodes.iter().filter_map(|node| node["event"]["type"].as_str()).collect();
    for part in PARTS {
        assert!(types.contains(part), "{part} is in the tree of {types:?}");
    }
    let drawn = causality["mermaid"].as_str().expect("a text");
    assert_eq!(drawn.matches("<br/>").count(), nodes.len(), "every event is drawn");
    assert_eq!(drawn.matches("-> e").count(), nodes.len() - 1, "and joined to one other");
}

async fn one_tree(engine: Engine) {
    let Some(mut shop) = TestShop::open(engine).await else { return };
    let write = &shop.started.shop;
    let books = [Book::publish(write, "LIV-1", 1_290, &[9]).await, Book::publish(write, "LIV-2", 490, &[9]).await];
    let server = TestServer::start(&shop.started).await;
    let (here, stranger) = ([&books[0], &books[1]], server.guest().await);
    let wishes = [(&books[1], 1), (&books[0], 2)];
    let (id, _) = tokio::join!(there_and_back(&server, &here), buy(&stranger, &wishes, "pm_card_visa", "k-2"));
    let auditor = server.of_role(Role::Auditor);
    let causality = ask(&auditor, &id).await;
    check_tree(&causality);
    let staff = server.of_role(Role::Staff).ask(CAUSALITY, json!({ "id": id })).await;
    assert_eq!(staff["errors"][0]["extensions"]["code"], json!("FORBIDDEN"), "{staff}");
    server.stop().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_of_an_order_is_one_tree_without_orphans_on_sqlite() {
    one_tree(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journey_of_an_order_is_one_tree_without_orphans_on_postgres() {
    one_tree(Engine::Postgres).await;
}
