//! A count finds fewer units than are promised to buyers who are at their banks: the youngest promise ends. Such an order gets units
//! of another location once it is paid, or it is rejected and its money is let go.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::Engine;

use super::scenario_05::{approve_at, sent_to_the_bank};
use super::{Stage, on_both_engines};
use crate::http::operations::order_when;

/// Counts a book in Paris; returns the payload.
pub(super) async fn count(stage: &Stage, sku: &str, counted: i64, key: &str) -> Value {
    let query = "mutation($i: StockRecountInput!, $k: String!) { stockRecount(input: $i, idempotencyKey: $k)
        { result { onHand available reserved allocated } errors { code } replayed } }";
    let input = json!({ "sku": sku, "location": "paris", "counted": counted, "reason": "stocktaking" });
    let staff = stage.server.of_role(Role::Staff);
    staff.call(query, json!({ "i": input, "k": key })).await["stockRecount"].take()
}

/// Reads the orders whose promises shortfalls ended.
async fn shortfalls(stage: &Stage) -> Vec<Value> {
    let query = "{ events(types: [\"stock.shortfall_detected\"], first: 10) { nodes { data reason actorKind } } }";
    let mut found = stage.server.of_role(Role::Auditor).call(query, json!({})).await;
    found["events"]["nodes"].take().as_array().cloned().unwrap_or_default()
}

pub(super) async fn held(stage: &Stage, order: &Value) -> i64 {
    let ledger = stage.shop.simulator().ledger();
    ledger.iter().filter(|line| json!(line.order) == *order).map(|line| line.held.minor()).sum()
}

async fn the_youngest_goes_without(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-1", 1_055, &[2]).await;
    let (first, second) = (stage.server.guest().await, stage.server.guest().await);
    let (early, early_page) = sent_to_the_bank(&first, &book, "first").await;
    let (late, late_page) = sent_to_the_bank(&second, &book, "second").await;
    let counted = count(&stage, "LIV-1", 1, "count").await;
    assert_eq!(counted["result"], json!({ "onHand": 1, "available": 0, "reserved": 1, "allocated": 0 }), "{counted}");
    assert_eq!(count(&stage, "LIV-1", 1, "count").await["replayed"], json!(true));
    let found = shortfalls(&stage).await;
    let data = &found[0]["data"]["stock.shortfall_detected"];
    let told = (&data["order"], &data["lacking"], &found[0]["reason"], &found[0]["actorKind"]);
    assert_eq!(told, (&late, &json!(1), &json!("stocktaking"), &json!("staff")), "{found:?}");
    assert_eq!(found.len(), 1, "{found:?}");

    approve_at(&stage, &late_page).await;
    let rejected = order_when(&second, late.as_str().expect("an order"), |order| order["status"] == "REJECTED").await;
    assert_eq!(held(&stage, &late).await, 0, "the money is let go: {rejected}");
    approve_at(&stage, &early_page).await;
    order_when(&first, early.as_str().expect("an order"), |order| order["status"] == "CONFIRMED").await;
    assert_eq!(held(&stage, &early).await, 1_055 + 390);
    stage.stock_comes_to("LIV-1", [1, 0, 0, 1]).await;
    let refused = count(&stage, "LIV-1", 0, "again").await;
    assert_eq!(refused["errors"][0]["code"], json!("SOLD_UNITS_MISSING"), "{refused}");
    stage.close().await;
}

async fn another_location_sends_it(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-2", 1_055, &[1, 1]).await;
    let buyer = stage.server.guest().await;
    let (order, page) = sent_to_the_bank(&buyer, &book, "only").await;
    let counted = count(&stage, "LIV-2", 0, "count").await;
    assert_eq!(counted["result"]["onHand"], json!(0), "{counted}");
    assert_eq!(shortfalls(&stage).await.len(), 1);
    approve_at(&stage, &page).await;
    order_when(&buyer, order.as_str().expect("an order"), |order| order["status"] == "CONFIRMED").await;
    // The unit of Lyon is sold.
    stage.stock_comes_to("LIV-2", [1, 0, 0, 1]).await;
    stage.close().await;
}

mod youngest {
    super::on_both_engines!(super::the_youngest_goes_without);
}

mod elsewhere {
    super::on_both_engines!(super::another_location_sends_it);
}
