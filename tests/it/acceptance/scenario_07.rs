//! A hold that ends before the parcel leaves is renewed a day before; where that fails the parcel stays until another card
//! pays, and nothing leaves unguaranteed.

use std::sync::Arc;

use app::actor::Role;
use app::clock::ManualClock;
use domain::values::Timestamp;
use serde_json::{Value, json};
use testkit::{Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::journey::staff_step;
use crate::http::operations::{ORDER, buy, first_task, order_when};

/// 2026-11-02T09:00:00+01:00, a Monday.
const MONDAY: Timestamp = Timestamp::from_micros(1_793_606_400_000_000);
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// The simulated bank holds money for seven days; the shop looks a day before.
const TO_RENEWAL_SECONDS: i64 = 6 * DAY_SECONDS;
const PAYABLE: i64 = 1_055 + 390;

/// Returns what the bank holds and has taken of each payment of the order, oldest first.
fn banked(stage: &Stage) -> Vec<(i64, i64)> {
    stage.shop.simulator().ledger().iter().map(|line| (line.held.minor(), line.captured.minor())).collect()
}

async fn bought(stage: &Stage, buyer: &Client, method: &str) -> (String, Value) {
    let book = stage.book("LIV-1", 1_055, &[1]).await;
    let placed = buy(buyer, &[(&book, 1)], method, "k").await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let order = order_when(buyer, &id, |order| order["fulfilments"][0]["id"].is_string()).await;
    (id, json!({ "fulfilmentId": order["fulfilments"][0]["id"] }))
}

async fn leaves_paid(buyer: &Client, staff: &Client, (id, parcel): (&str, &Value)) {
    let is_paid = |order: &Value| order["paymentStatus"] == "CAPTURED" && order["fulfilmentStatus"] == "PACKED";
    order_when(buyer, id, is_paid).await;
    staff_step(staff, "fulfilmentHandOver", parcel.clone()).await;
    order_when(buyer, id, |order| order["fulfilmentStatus"] == "SHIPPED").await;
}

async fn renewed(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_by(engine, clock.clone()).await else { return };
    let buyer = stage.server.guest().await;
    let (id, parcel) = bought(&stage, &buyer, "pm_card_visa").await;
    for renewals in 1..=2 {
        clock.advance_seconds(TO_RENEWAL_SECONDS);
        let is_renewed = |order: &Value| {
            order["payments"].as_array().is_some_and(|all| {
                all.len() == renewals + 1
                    && all[renewals]["status"] == "AUTHORISED"
                    && all[..renewals].iter().all(|before| before["status"] == "VOIDED")
            })
        };
        let order = order_when(&buyer, &id, is_renewed).await;
        assert_eq!((&order["status"], &order["paymentStatus"]), (&json!("CONFIRMED"), &json!("AUTHORISED")));
    }
    assert_eq!(banked(&stage), [(0, 0), (0, 0), (PAYABLE, 0)], "held once, twelve days after a hold of seven");
    let staff = stage.server.of_role(Role::Staff);
    staff_step(&staff, "fulfilmentPack", parcel.clone()).await;
    leaves_paid(&buyer, &staff, (&id, &parcel)).await;
    assert_eq!(banked(&stage), [(0, 0), (0, 0), (0, PAYABLE)]);
    assert_eq!(staff.call("{ tasks { id } }", json!({})).await["tasks"], json!([]), "nobody was asked");
    stage.close().await;
}

async fn kept_until_another_card_pays(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_by(engine, clock.clone()).await else { return };
    let buyer = stage.server.guest().await;
    let (id, parcel) = bought(&stage, &buyer, "pm_card_renewalFails").await;
    clock.advance_seconds(TO_RENEWAL_SECONDS);
    let order = order_when(&buyer, &id, |order| order["payments"][1]["status"] == "DECLINED").await;
    assert_eq!(order["paymentStatus"], json!("AUTHORISED"), "the first hold stands for a day: {order}");
    clock.advance_seconds(DAY_SECONDS);
    let staff = stage.server.of_role(Role::Staff);
    let task = first_task(&staff).await;
    assert_eq!(task["choices"], json!(["renew", "cancel_order"]), "{task}");
    order_when(&buyer, &id, |order| order["payments"][0]["status"] == "EXPIRED").await;

    staff_step(&staff, "fulfilmentPack", parcel.clone()).await;
    let hand_over = "mutation($i: FulfilmentHandOverInput!) { fulfilmentHandOver(input: $i) { errors { code } } }";
    let own_label =
        json!({ "fulfilmentId": parcel["fulfilmentId"], "label": { "carrier": "coursier", "tracking": "C-1" } });
    let refused = staff.call(hand_over, json!({ "i": own_label })).await["fulfilmentHandOver"]["errors"][0].take();
    assert_eq!(refused["code"], json!("PARCEL_NOT_PAID"));
    let pay = format!(
        "mutation($i: OrderPayInput!) {{ orderPay(input: $i, idempotencyKey: \"again\")
           {{ result {{ ...O }} errors {{ ...E }} }} }} {ORDER}"
    );
    let input = json!({ "orderId": id, "paymentMethodToken": "pm_card_mastercard" });
    let paid = buyer.call(&pay, json!({ "i": input })).await["orderPay"].take();
    assert_eq!(paid["errors"], json!([]), "{paid}");
    leaves_paid(&buyer, &staff, (&id, &parcel)).await;
    let taken: Vec<_> = banked(&stage).iter().map(|(_, captured)| *captured).collect();
    assert_eq!(taken, [0, 0, PAYABLE], "nothing is taken from a hold that has ended");
    stage.close().await;
}

/// One parcel has left, the other waits: only its share is held anew, and the first payment keeps what it took.
async fn the_rest_is_renewed(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_by(engine, clock.clone()).await else { return };
    let (buyer, staff) = (stage.server.guest().await, stage.server.of_role(Role::Staff));
    let book = stage.book("LIV-1", 1_055, &[1, 1]).await;
    let placed = buy(&buyer, &[(&book, 2)], "pm_card_visa", "k").await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let order = order_when(&buyer, &id, |order| order["fulfilments"][1]["id"].is_string()).await;
    let parcels = [0, 1].map(|index| json!({ "fulfilmentId": order["fulfilments"][index]["id"] }));
    staff_step(&staff, "fulfilmentPack", parcels[0].clone()).await;
    let half = order_when(&buyer, &id, |order| order["paymentStatus"] == "PARTIALLY_CAPTURED").await;
    let taken = half["payments"][0]["captured"]["minorUnits"].as_i64().expect("an amount");
    let (total, rest) = (2 * 1_055 + 390, 2 * 1_055 + 390 - taken);
    order_when(&buyer, &id, |order| {
        order["fulfilments"][0]["status"] == "PACKED" && order["fulfilments"][0]["tracking"].is_string()
    })
    .await;
    staff_step(&staff, "fulfilmentHandOver", parcels[0].clone()).await;

    clock.advance_seconds(TO_RENEWAL_SECONDS);
    let is_renewed =
        |order: &Value| order["payments"][1]["status"] == "AUTHORISED" && order["payments"][0]["status"] == "VOIDED";
    let renewed = order_when(&buyer, &id, is_renewed).await;
    assert_eq!(renewed["payments"][1]["authorised"]["minorUnits"], json!(rest), "{renewed}");
    assert_eq!(renewed["paymentStatus"], json!("PARTIALLY_CAPTURED"));
    assert_eq!(banked(&stage), [(0, taken), (rest, 0)]);
    clock.advance_seconds(DAY_SECONDS);
    // Who packs comes to work anew: what let them in on Monday has run out.
    let staff = stage.server.of_role(Role::Staff);
    staff_step(&staff, "fulfilmentPack", parcels[1].clone()).await;
    order_when(&buyer, &id, |order| order["paymentStatus"] == "CAPTURED").await;
    assert_eq!(banked(&stage), [(0, taken), (0, rest)], "{total} in all, none of it twice");
    assert_eq!(staff.call("{ tasks { id } }", json!({})).await["tasks"], json!([]), "nobody was asked");
    stage.close().await;
}

mod renewal {
    use super::*;
    on_both_engines!(renewed);
}

mod another_card {
    use super::*;
    on_both_engines!(kept_until_another_card_pays);
}

mod rest {
    use super::*;
    on_both_engines!(the_rest_is_renewed);
}
