//! Fifty additions to one cart at once are fifty lines, and sign-ins at once bring every line of the guest along, once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::operations::{CART, create};

const ADDITIONS: usize = 50;
const SIGN_INS: usize = 8;

async fn lines_of(client: &Client, cart: &Value) -> Vec<Value> {
    let read = client.call("query($id: ID!) { cart(id: $id) { lines { id quantity } } }", json!({ "id": cart })).await;
    read["cart"]["lines"].as_array().expect("lines").clone()
}

async fn nothing_is_lost(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-1", 500, &[1]).await;
    let (guest, customer) = (stage.server.guest().await, stage.server.guest().await);
    let cart = create(&guest, &[]).await["result"]["id"].clone();
    add_at_once(&guest, &cart, &book).await;
    let ids: BTreeSet<_> = lines_of(&guest, &cart).await.iter().map(|line| line["id"].to_string()).collect();
    assert_eq!(ids.len(), ADDITIONS);

    let into = create(&customer, &[(&book, 3)]).await["result"]["id"].clone();
    sign_in_at_once(&guest, &customer, (&cart, &into)).await;
    let quantities: Vec<_> = lines_of(&customer, &into).await.iter().map(|line| line["quantity"].clone()).collect();
    assert_eq!(quantities.len(), 1 + ADDITIONS);
    assert_eq!(quantities.iter().filter_map(Value::as_i64).sum::<i64>(), 3 + 50);
    stage.close().await;
}

async fn add_at_once(guest: &Client, cart: &Value, book: &Book) {
    let query = format!(
        "mutation($i: CartLinesAddInput!) {{ cartLinesAdd(input: $i) {{ result {{ ...C }} errors {{ ...E }} }} }} {CART}"
    );
    let variables = json!({ "i": { "cartId": cart, "lines": [{ "sku": book.sku.as_str(), "quantity": 1 }] } });
    let added = join_all((0..ADDITIONS).map(|_| guest.call(&query, variables.clone()))).await;
    assert!(added.iter().all(|payload| payload["cartLinesAdd"]["errors"] == json!([])), "{added:?}");
}

/// From several devices, each under a key of its own: the guest's cart is merged by one of them.
async fn sign_in_at_once(guest: &Client, customer: &Client, (from, into): (&Value, &Value)) {
    let query = "mutation($i: CartMergeInput!, $k: String!) { cartMerge(input: $i, idempotencyKey: $k)
        { result { id } errors { code } } }";
    let input = json!({ "guestToken": guest.token, "guestCartId": from, "cartId": into });
    let merged = join_all((0..SIGN_INS).map(|device| {
        let variables = json!({ "i": input, "k": format!("device-{device}") });
        async move { customer.call(query, variables).await["cartMerge"].take() }
    }))
    .await;
    assert!(merged.iter().any(|payload| payload["errors"] == json!([])), "{merged:?}");
}

on_both_engines!(nothing_is_lost);
