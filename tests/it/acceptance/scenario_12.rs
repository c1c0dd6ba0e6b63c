//! Two parcels that arrive on different days: the period of withdrawal begins with the second. Who withdraws at 23:59 of its last
//! day is in time, is told the moment, and gets back everything with standard delivery.

use std::sync::Arc;

use app::actor::Role;
use app::clock::ManualClock;
use domain::values::Timestamp;
use serde_json::{Value, json};
use testkit::{Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::journey::staff_step;
use crate::http::operations::{buy, order_when};

/// 2026-11-02T09:00:00+01:00, a Monday.
const MONDAY: Timestamp = Timestamp::from_micros(1_793_606_400_000_000);
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// From 09:00 to 23:59.
const TO_LAST_MINUTE_SECONDS: i64 = 14 * 60 * 60 + 59 * 60;

const DECLARE: &str = "mutation($i: WithdrawalDeclareInput!, $k: String!) {
    withdrawalDeclare(input: $i, idempotencyKey: $k) { result { id lines { quantity } declaredAt confirmBy }
        errors { code message } replayed } }";
const CONFIRM: &str = "mutation($i: WithdrawalConfirmInput!) { withdrawalConfirm(input: $i, idempotencyKey: \"c\")
    { result { id status withdrawal { declaredAt acknowledgedAt declaredInParis delivery { minorUnits } } }
      errors { code message } replayed } }";

/// Lets a parcel go and arrive.
async fn deliver(staff: &Client, buyer: &Client, order: &str, nth: usize) {
    let parcel = async |wanted: &str| {
        let order = order_when(buyer, order, |order| {
            wanted.is_empty()
                || order["fulfilments"][nth]["status"] == wanted && order["fulfilments"][nth]["tracking"].is_string()
        });
        json!({ "fulfilmentId": order.await["fulfilments"][nth]["id"] })
    };
    staff_step(staff, "fulfilmentPack", parcel("").await).await;
    staff_step(staff, "fulfilmentHandOver", parcel("PACKED").await).await;
    staff_step(staff, "fulfilmentDeliver", parcel("").await).await;
}

async fn withdrawn_in_the_last_minute(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_by(engine, clock.clone()).await else { return };
    let book = stage.book("LIV-1", 1_055, &[1, 1]).await;
    let buyer = stage.server.guest().await;
    let placed = buy(&buyer, &[(&book, 2)], "pm_card_visa", "k").await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    order_when(&buyer, &id, |order| order["fulfilments"].as_array().is_some_and(|parcels| parcels.len() == 2)).await;
    deliver(&stage.server.of_role(Role::Staff), &buyer, &id, 0).await;
    clock.advance_seconds(2 * DAY_SECONDS);
    deliver(&stage.server.of_role(Role::Staff), &buyer, &id, 1).await;
    order_when(&buyer, &id, |order| order["fulfilmentStatus"] == "DELIVERED").await;
    let period = "query($id: ID!) { order(id: $id) { withdrawalEndsAt } }";
    let ends_at = buyer.call(period, json!({ "id": id })).await["order"]["withdrawalEndsAt"].take();
    assert_eq!(ends_at, json!("2026-11-18T23:00:00.000000Z"), "midnight in Paris, a fortnight after Wednesday");

    clock.advance_seconds(14 * DAY_SECONDS + TO_LAST_MINUTE_SECONDS);
    let declare = async |key: &str| {
        let variables = json!({ "i": { "orderId": id }, "k": key });
        buyer.call(DECLARE, variables).await["withdrawalDeclare"].take()
    };
    let declared = declare("d").await;
    assert_eq!(declared["errors"], json!([]), "{declared}");
    assert_eq!(declared["result"]["declaredAt"], json!("2026-11-18T22:59:00.000000Z"), "{declared}");
    clock.advance_seconds(120);
    assert_eq!(declare("too late").await["errors"][0]["code"], json!("WITHDRAWAL_PERIOD_OVER"));
    assert_eq!(declare("d").await["result"], declared["result"], "the same key, the same answer");
    confirmed_and_given_back(&stage, &buyer, &id, &declared["result"]["id"]).await;
    stage.close().await;
}

async fn confirmed_and_given_back(stage: &Stage, buyer: &Client, id: &str, withdrawal: &Value) {
    let staff = stage.server.of_role(Role::Staff);
    let input = json!({ "i": { "orderId": id, "withdrawalId": withdrawal } });
    let confirmed = buyer.call(CONFIRM, input.clone()).await["withdrawalConfirm"].take();
    assert_eq!((&confirmed["errors"], &confirmed["result"]["status"]), (&json!([]), &json!("APPROVED")), "{confirmed}");
    let acknowledged = json!({ "declaredAt": "2026-11-18T22:59:00.000000Z", "acknowledgedAt": "2026-11-18T23:01:00.000000Z",
        "declaredInParis": "2026-11-18T23:59:00+01:00", "delivery": { "minorUnits": 390 } });
    assert_eq!(confirmed["result"]["withdrawal"], acknowledged);
    assert_eq!(buyer.call(CONFIRM, input).await["withdrawalConfirm"]["replayed"], json!(true));

    let refuse =
        "mutation($i: ReturnReasonInput!) { returnRefuse(input: $i, idempotencyKey: \"no\") { errors { code } } }";
    let refused = staff.call(refuse, json!({ "i": { "returnId": withdrawal, "reason": "it was read" } })).await;
    assert!(refused["returnRefuse"]["errors"][0]["code"].is_string(), "{refused}");
    staff_step(&staff, "returnReceive", json!({ "returnId": withdrawal, "location": "paris" })).await;
    let order = order_when(buyer, id, |_| true).await;
    let items = json!([{ "lineId": order["lines"][0]["id"], "resalable": 2, "damaged": 0, "missing": 0 }]);
    let inspected = staff_step(&staff, "returnInspect", json!({ "returnId": withdrawal, "items": items })).await;
    assert_eq!(inspected["refund"]["minorUnits"], json!(2 * 1_055 + 390));
    let is_done = |order: &Value| order["paymentStatus"] == "REFUNDED" && order["returns"][0]["status"] == "RESOLVED";
    order_when(buyer, id, is_done).await;
    let left: Vec<_> =
        stage.shop.simulator().ledger().iter().map(|line| line.captured.minor() - line.refunded.minor()).collect();
    assert_eq!(left, [0]);
}

on_both_engines!(withdrawn_in_the_last_minute);
