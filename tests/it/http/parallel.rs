//! Many clients at once.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Book, Engine, TestServer, TestShop};

use super::operations::{buy, complete, create, fill};

async fn fifty_buyers(engine: Engine) {
    let Some(mut shop) = TestShop::open(engine).await else { return };
    let book = Book::publish(&shop.started.shop, "LIV-RARE", 1_055, &[5]).await;
    let server = TestServer::start(&shop.started).await;
    let payloads = join_all((0..50).map(|number| {
        let (server, book) = (&server, &book);
        async move {
            let client = server.guest().await;
            buy(&client, &[(book, 1)], "pm_card_visa", &format!("key-{number}")).await
        }
    }))
    .await;
    let is_sold = |payload: &&Value| payload["result"]["status"] == "CONFIRMED" && payload["errors"] == json!([]);
    assert_eq!(payloads.iter().filter(is_sold).count(), 5, "{payloads:?}");
    let refused: Vec<_> = payloads.iter().filter(|payload| !is_sold(payload)).collect();
    for payload in &refused {
        let error = &payload["errors"][0];
        assert_eq!((&payload["result"], &error["code"]), (&Value::Null, &json!("INSUFFICIENT_STOCK")), "{payload}");
        assert_eq!((&error["sku"], &error["requested"]), (&json!("LIV-RARE"), &json!(1)), "{payload}");
        assert!(error["available"].as_i64().is_some_and(|left| left < 5), "{payload}");
    }
    assert_eq!((refused.len(), shop.simulator().ledger().len()), (45, 5), "no payment of the refused");
    server.stop().await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_units_make_five_orders_of_fifty_on_sqlite() {
    fifty_buyers(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_units_make_five_orders_of_fifty_on_postgres() {
    fifty_buyers(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_sent_twenty_times_is_one_order() {
    let shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 500, &[50]).await;
    let server = TestServer::start(&shop.started).await;
    let client = server.guest().await;
    let id = create(&client, &[(&book, 1)]).await["result"]["id"].as_str().expect("a cart").to_owned();
    let cart = fill(&client, &id, "pm_card_visa").await;
    let payloads = join_all((0..20).map(|_| complete(&client, &cart, "once"))).await;
    let orders: std::collections::BTreeSet<_> =
        payloads.iter().map(|payload| payload["result"]["id"].to_string()).collect();
    assert_eq!(orders.len(), 1, "{payloads:?}");
    assert!(payloads.iter().all(|payload| payload["result"]["status"] == "CONFIRMED"), "{payloads:?}");
    assert_eq!(payloads.iter().filter(|payload| payload["replayed"] == json!(false)).count(), 1);
    assert_eq!(shop.simulator().ledger().len(), 1);
}
