//! A lost parcel: people are asked, wait and are asked again, send its units once more, or give its money back; the order goes
//! on and ends, and the share of flows that ended by themselves says how often people were needed.

use std::sync::Arc;

use app::actor::Role;
use app::clock::ManualClock;
use domain::values::Timestamp;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::journey::{deliver, staff_step};
use crate::http::operations::{buy, first_task, order_when};

/// 2026-11-02T09:00:00+01:00, a Monday.
const MONDAY: Timestamp = Timestamp::from_micros(1_793_606_400_000_000);
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// Longer than any time to return.
const TO_THE_END_SECONDS: i64 = 31 * DAY_SECONDS;
const PAYABLE: i64 = 1_055 + 390;

/// The staff of this moment: who was signed in days ago is not any more.
fn staff(stage: &Stage) -> Client {
    stage.server.of_role(Role::Staff)
}

/// Buys a book, and lets its parcel leave and get lost; returns the order's id.
async fn lost(stage: &Stage, buyer: &Client, book: &Book, key: &str) -> String {
    let placed = buy(buyer, &[(book, 1)], "pm_card_visa", key).await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let order = order_when(buyer, &id, |order| order["fulfilments"][0]["id"].is_string()).await;
    let parcel = json!({ "fulfilmentId": order["fulfilments"][0]["id"] });
    leave(stage, buyer, &id, &parcel).await;
    let query = "mutation($i: FulfilmentDeclareLostInput!) { fulfilmentDeclareLost(input: $i) { errors { code } } }";
    let input = json!({ "fulfilmentId": parcel["fulfilmentId"], "reason": "the carrier searched" });
    let declared = staff(stage).call(query, json!({ "i": input })).await;
    assert_eq!(declared["fulfilmentDeclareLost"]["errors"], json!([]), "{declared}");
    id
}

async fn leave(stage: &Stage, buyer: &Client, id: &str, parcel: &Value) {
    staff_step(&staff(stage), "fulfilmentPack", parcel.clone()).await;
    let is_ready = |order: &Value| order["fulfilmentStatus"] == "PACKED" && order["paymentStatus"] == "CAPTURED";
    order_when(buyer, id, is_ready).await;
    staff_step(&staff(stage), "fulfilmentHandOver", parcel.clone()).await;
    order_when(buyer, id, |order| order["fulfilmentStatus"] == "SHIPPED").await;
}

/// Decides the only task there is.
async fn decide(stage: &Stage, choice: &str) {
    let task = first_task(&staff(stage)).await;
    assert_eq!(task["choices"], json!(["refund", "reship", "wait"]), "{task}");
    let query = "mutation($i: TaskDecideInput!) { taskDecide(input: $i) { errors { code message } } }";
    let input = json!({ "taskId": task["id"], "choice": choice, "reason": "as agreed" });
    let decided = staff(stage).call(query, json!({ "i": input })).await["taskDecide"]["errors"].take();
    assert_eq!(decided, json!([]), "{choice}");
}

/// Returns of how many parcels an order has invoices, and how many credit notes.
async fn documents(stage: &Stage, id: &str) -> (usize, usize) {
    let query = "query($id: ID!) { order(id: $id) { invoices { number } creditNotes { number } } }";
    let order = staff(stage).call(query, json!({ "id": id })).await["order"].take();
    let count = |of: &str| order[of].as_array().map_or(0, Vec::len);
    (count("invoices"), count("creditNotes"))
}

/// Returns what the bank has taken and given back of each payment, oldest first.
fn banked(stage: &Stage) -> Vec<(i64, i64)> {
    stage.shop.simulator().ledger().iter().map(|line| (line.captured.minor(), line.refunded.minor())).collect()
}

async fn sent_once_more(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_by(engine, clock.clone()).await else { return };
    let book = stage.book("LIV-1", 1_055, &[3]).await;
    let buyer = stage.server.guest().await;
    let id = lost(&stage, &buyer, &book, "lost").await;
    decide(&stage, "wait").await;
    assert_eq!(staff(&stage).call("{ tasks { id } }", json!({})).await["tasks"], json!([]), "it is waited for");
    clock.advance_seconds(sagas::checkout::LOST_AGAIN_SECONDS);
    decide(&stage, "reship").await;
    let is_asked = |order: &Value| order["fulfilmentStatus"] == "REQUESTED" && order["fulfilments"][1].is_object();
    let order = order_when(&buyer, &id, is_asked).await;
    let anew = order["fulfilments"].as_array().and_then(|all| all.iter().find(|one| one["status"] == "REQUESTED"));
    let anew = json!({ "fulfilmentId": anew.expect("a parcel in its place")["id"] });
    // A unit is gone, another one sold.
    stage.stock_comes_to("LIV-1", [2, 1, 0, 1]).await;
    leave(&stage, &buyer, &id, &anew).await;
    staff_step(&staff(&stage), "fulfilmentDeliver", anew).await;
    order_when(&buyer, &id, |order| order["fulfilmentStatus"] == "DELIVERED").await;
    let other = buy(&buyer, &[(&book, 1)], "pm_card_visa", "not lost").await;
    let other = other["result"]["id"].as_str().expect("an order").to_owned();
    deliver(&buyer, &staff(&stage), &other).await;
    stage.stock_comes_to("LIV-1", [0, 0, 0, 0]).await;
    assert_eq!(banked(&stage), [(PAYABLE, 0), (PAYABLE, 0)], "one parcel is paid once");

    clock.advance_seconds(TO_THE_END_SECONDS);
    let buyer = stage.server.of_role(Role::Staff);
    for order in [&id, &other] {
        order_when(&buyer, order, |order| order["status"] == "COMPLETED").await;
        assert_eq!(documents(&stage, order).await, (1, 0), "what goes in its place is invoiced already");
    }
    assert_eq!(staff(&stage).call("{ tasks { question } }", json!({})).await["tasks"], json!([]));
    assert_eq!(
        automation(&stage, 2).await,
        json!([{ "flow": "checkout", "ended": 2, "automatic": 1, "rate": "0.50" }])
    );
    stage.close().await;
}

/// Returns the figures of the year once so many checkouts ended.
async fn automation(stage: &Stage, ended: i64) -> Value {
    let query = "{ automation(from: \"2026-01-01\", to: \"2026-12-31\") { flow ended automatic rate } }";
    let found = async {
        loop {
            let analyst = stage.server.of_role(Role::Analyst);
            let figures = analyst.call(query, json!({})).await["automation"].take();
            let sum: i64 = figures.as_array().into_iter().flatten().filter_map(|day| day["ended"].as_i64()).sum();
            if sum == ended {
                return figures;
            }
        }
    };
    tokio::time::timeout(testkit::PATIENCE, found).await.expect("the figures come")
}

async fn given_back_where_no_unit_is_left(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-1", 1_055, &[1]).await;
    let buyer = stage.server.guest().await;
    let id = lost(&stage, &buyer, &book, "lost").await;
    decide(&stage, "reship").await;
    let task = first_task(&staff(&stage)).await;
    assert!(task["question"].as_str().is_some_and(|asked| asked.contains("0 of LIV-1")), "{task}");
    decide(&stage, "refund").await;
    let is_over = |order: &Value| order["paymentStatus"] == "REFUNDED" && order["status"] == "COMPLETED";
    order_when(&buyer, &id, is_over).await;
    stage.stock_comes_to("LIV-1", [0, 0, 0, 0]).await;
    assert_eq!(banked(&stage), [(PAYABLE, PAYABLE)]);
    stage.close().await;
}

mod reshipped {
    use super::*;
    on_both_engines!(sent_once_more);
}

mod refunded {
    use super::*;
    on_both_engines!(given_back_where_no_unit_is_left);
}
