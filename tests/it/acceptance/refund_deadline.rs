//! The refund of a withdrawal is late after the fourteenth day from its declaration, once the goods are back or proved to be on
//! their way: then staff are asked, until it went.

use std::sync::Arc;

use app::actor::Role;
use app::clock::ManualClock;
use domain::values::Timestamp;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine, PATIENCE};

use super::{Stage, on_both_engines};
use crate::http::journey::{deliver, staff_step};
use crate::http::operations::{buy, order_when};

/// 2026-11-02T09:00:00+01:00, a Monday.
const MONDAY: Timestamp = Timestamp::from_micros(1_793_606_400_000_000);
/// The fourteenth day after it ends here, in Paris.
const DUE_AT: &str = "2026-11-16T23:00:00.000000Z";
const DAY_SECONDS: i64 = 24 * 60 * 60;

const DECLARE: &str = "mutation($i: WithdrawalDeclareInput!, $k: String!) {
    withdrawalDeclare(input: $i, idempotencyKey: $k) { result { id } errors { code message } } }";
const CONFIRM: &str = "mutation($i: WithdrawalConfirmInput!, $k: String!) {
    withdrawalConfirm(input: $i, idempotencyKey: $k) { result { refundDueAt } errors { code message } } }";
const SHIP_BACK: &str =
    "mutation($i: ReturnShipBackInput!, $k: String!) { returnShipBack(input: $i, idempotencyKey: $k)
    { result { status shipment { carrier tracking } } errors { code message } } }";

/// Sends a mutation and returns what it led to.
async fn call(client: &Client, query: &str, mutation: &str, input: Value) -> Value {
    let key = uuid::Uuid::new_v4().to_string();
    let mut payload = client.call(query, json!({ "i": input, "k": key })).await[mutation].take();
    assert_eq!(payload["errors"], json!([]), "{mutation}: {payload}");
    payload["result"].take()
}

/// Buys a book, lets it arrive and goes back on the contract. Returns the order's line and the return.
async fn withdrawn(stage: &Stage, buyer: &Client, book: &Book, key: &str) -> (Value, Value) {
    let placed = buy(buyer, &[(book, 1)], "pm_card_visa", key).await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let order = deliver(buyer, &signed_in(stage), &id).await;
    let declared = call(buyer, DECLARE, "withdrawalDeclare", json!({ "orderId": id })).await;
    let input = json!({ "orderId": id, "withdrawalId": declared["id"] });
    let confirmed = call(buyer, CONFIRM, "withdrawalConfirm", input).await;
    assert_eq!(confirmed["refundDueAt"], json!(DUE_AT));
    (order["lines"][0]["id"].clone(), declared["id"].clone())
}

/// Returns the open tasks once there are so many.
async fn tasks_when(staff: &Client, count: usize) -> Vec<Value> {
    let query = "{ tasks { id kind processId name question choices dueAt } }";
    let found = async {
        loop {
            let listed = staff.call(query, json!({})).await["tasks"].take();
            let listed = listed.as_array().expect("tasks").clone();
            if listed.len() == count {
                return listed;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("as many tasks come to be open")
}

/// Decides a task and returns the errors.
async fn decided(staff: &Client, task: &Value, choice: &str) -> Value {
    let query = "mutation($i: TaskDecideInput!) { taskDecide(input: $i) { errors { code message } } }";
    let input = json!({ "taskId": task["id"], "choice": choice, "reason": "seen" });
    staff.call(query, json!({ "i": input })).await["taskDecide"]["errors"].take()
}

async fn decide(staff: &Client, task: &Value, choice: &str) {
    assert_eq!(decided(staff, task, choice).await, json!([]));
}

async fn refunded(staff: &Client, line: &Value, return_id: &Value) {
    let items = json!([{ "lineId": line, "resalable": 1, "damaged": 0, "missing": 0 }]);
    let inspected = staff_step(staff, "returnInspect", json!({ "returnId": return_id, "items": items })).await;
    assert_eq!(inspected["refund"]["minorUnits"], json!(1_055 + 390));
}

/// Someone of the staff who has just signed in: a token lives for a shorter time than passes here.
fn signed_in(stage: &Stage) -> Client {
    stage.server.of_role(Role::Staff)
}

async fn late_refunds_are_asked_about(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_by(engine, clock.clone()).await else { return };
    let (buyer, staff) = (stage.server.guest().await, signed_in(&stage));
    let book = stage.book("LIV-1", 1_055, &[3]).await;
    let (in_time_line, in_time) = withdrawn(&stage, &buyer, &book, "in time").await;
    let (lying_line, lying) = withdrawn(&stage, &buyer, &book, "lies").await;
    let (kept_line, kept) = withdrawn(&stage, &buyer, &book, "kept").await;
    for return_id in [&in_time, &lying] {
        staff_step(&staff, "returnReceive", json!({ "returnId": return_id, "location": "paris" })).await;
    }
    refunded(&staff, &in_time_line, &in_time).await;
    let resolved = "query($id: ID!) { return(id: $id) { status } }";
    let is_over = async {
        while staff.call(resolved, json!({ "id": in_time })).await["return"]["status"] != json!("RESOLVED") {}
    };
    tokio::time::timeout(PATIENCE, is_over).await.expect("the refund goes back in time");

    clock.advance_seconds(15 * DAY_SECONDS);
    let staff = signed_in(&stage);
    let late = tasks_when(&staff, 1).await.remove(0);
    assert_eq!(
        (&late["name"], &late["kind"], &late["processId"], &late["dueAt"]),
        (&json!("refund_due"), &json!("return_to_refund"), &lying, &json!(DUE_AT))
    );
    assert!(late["question"].as_str().is_some_and(|question| question.contains("L221-24")), "{late}");
    decide(&staff, &late, "ask_tomorrow").await;
    tasks_when(&staff, 0).await;
    clock.advance_seconds(DAY_SECONDS);
    let staff = signed_in(&stage);
    let late = tasks_when(&staff, 1).await.remove(0);
    refunded(&staff, &lying_line, &lying).await;
    tasks_when(&staff, 0).await;
    assert_eq!(decided(&staff, &late, "settled").await[0]["code"], json!("NOT_FOUND"), "nobody need decide it");

    let stranger = stage.server.guest().await;
    let input = json!({ "returnId": kept, "carrier": "colissimo", "tracking": "8R00012345678" });
    let refused = stranger.call(SHIP_BACK, json!({ "i": input, "k": "k" })).await["returnShipBack"].take();
    assert_eq!(refused["errors"][0]["code"], json!("NOT_FOUND"));
    let proved = call(&buyer, SHIP_BACK, "returnShipBack", input).await;
    let shipment = json!({ "carrier": "colissimo", "tracking": "8R00012345678" });
    assert_eq!((&proved["status"], &proved["shipment"]), (&json!("APPROVED"), &shipment));
    let late = tasks_when(&staff, 1).await.remove(0);
    assert_eq!((&late["processId"], &late["dueAt"]), (&kept, &json!(DUE_AT)));
    staff_step(&staff, "returnReceive", json!({ "returnId": kept, "location": "paris" })).await;
    decide(&staff, &late, "settled").await;
    refunded(&staff, &kept_line, &kept).await;
    let order = staff.call("query($id: ID!) { return(id: $id) { orderId } }", json!({ "id": kept })).await;
    let order = order["return"]["orderId"].as_str().expect("an order").to_owned();
    order_when(&buyer, &order, |order| order["paymentStatus"] == "REFUNDED").await;
    tasks_when(&staff, 0).await;
    stage.close().await;
}

on_both_engines!(late_refunds_are_asked_about);
