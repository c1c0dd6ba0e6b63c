//! The buyer's browser and the bank's notices tell of one payment: either, both, twice, late or in any order, it is one order.

use reqwest::redirect::Policy;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::operations::{ORDER, buy, order_when};

/// How the provider's notices come: as they are made, each twice, each after the next one, none before they are let go.
const NOTICES: [&str; 4] =
    ["pm_card_visa", "pm_card_webhooksTwice", "pm_card_webhooksReordered", "pm_card_webhooksLate"];

/// Buys with the bank's check and approves at the bank's page; the browser goes nowhere afterwards.
async fn approve(stage: &Stage, buyer: &Client, book: &Book, key: &str) -> Value {
    let (order, page) = sent_to_the_bank(buyer, book, key).await;
    approve_at(stage, &page).await;
    order
}

/// Buys with the bank's check; returns the order and the bank's page.
pub(super) async fn sent_to_the_bank(buyer: &Client, book: &Book, key: &str) -> (Value, String) {
    let mut placed = buy(buyer, &[(book, 1)], "pm_card_threeDSecure2Required", key).await;
    let error = &placed["errors"][0];
    assert_eq!(error["code"], json!("PAYMENT_ACTION_REQUIRED"), "{placed}");
    let url = error["actionUrl"].as_str().expect("an address");
    let path = url[url.find("/simulator").expect("the simulated bank")..].to_owned();
    (placed["result"]["id"].take(), path)
}

/// Approves at the bank's page.
pub(super) async fn approve_at(stage: &Stage, path: &str) {
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().expect("a browser");
    let approved = browser.post(stage.server.url(&format!("{path}/approve"))).send().await.expect("the bank answers");
    assert!(!approved.status().is_client_error() && !approved.status().is_server_error(), "{approved:?}");
}

/// Comes back from the bank; returns the order.
async fn come_back(buyer: &Client, order: &Value) -> Value {
    let query = format!(
        "mutation($i: OrderPaymentRefreshInput!) {{ orderPaymentRefresh(input: $i)
           {{ result {{ ...O }} errors {{ ...E }} }} }} {ORDER}"
    );
    let mut payload = buyer.call(&query, json!({ "i": { "orderId": order } })).await["orderPaymentRefresh"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["result"].take()
}

async fn is_confirmed_once(stage: &Stage, buyer: &Client, order: &Value) {
    let id = order.as_str().expect("an order");
    let order = order_when(buyer, id, |order| order["status"] == "CONFIRMED").await;
    assert_eq!(order["paymentStatus"], json!("AUTHORISED"), "{order}");
    assert_eq!(order["payments"].as_array().map(Vec::len), Some(1), "{order}");
    let held: Vec<_> = stage.shop.simulator().ledger().into_iter().filter(|line| line.order == id).collect();
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(json!(held[0].held.minor()), order["payable"]["minorUnits"]);
}

async fn one_order_however_it_is_told(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-1", 1_055, &[50]).await;
    let buyer = stage.server.guest().await;

    let order = approve(&stage, &buyer, &book, "only the notice").await;
    is_confirmed_once(&stage, &buyer, &order).await;

    let order = approve(&stage, &buyer, &book, "the notice, then the browser").await;
    is_confirmed_once(&stage, &buyer, &order).await;
    come_back(&buyer, &order).await;
    is_confirmed_once(&stage, &buyer, &order).await;

    let order = approve(&stage, &buyer, &book, "the browser at once").await;
    come_back(&buyer, &order).await;
    is_confirmed_once(&stage, &buyer, &order).await;

    for notices in NOTICES {
        let placed = buy(&buyer, &[(&book, 1)], notices, notices).await;
        is_confirmed_once(&stage, &buyer, &placed["result"]["id"]).await;
        stage.shop.simulator().release_webhooks();
        come_back(&buyer, &placed["result"]["id"]).await;
        is_confirmed_once(&stage, &buyer, &placed["result"]["id"]).await;
    }
    stage.close().await;
}

on_both_engines!(one_order_however_it_is_told);
