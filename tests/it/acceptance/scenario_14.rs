//! A refund that the provider refuses becomes a task; it is paid another way, and the books agree at each step.

use app::actor::Role;
use serde_json::json;
use testkit::{Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::journey::{deliver, return_units};
use crate::http::operations::{buy, first_task, order_when};

/// Sells a book, delivers it and lets it come back; returns the order.
async fn bought_and_sent_back(stage: &Stage, buyer: &Client, staff: &Client) -> String {
    let book = stage.book("LIV-1", 1_055, &[1]).await;
    let placed = buy(buyer, &[(&book, 1)], "pm_card_refundFails", "k").await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let order = deliver(buyer, staff, &id).await;
    return_units((buyer, staff), &order, &order["lines"][0]["id"], (1, 0)).await;
    id
}

async fn another_way(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let (buyer, staff) = (stage.server.guest().await, stage.server.of_role(Role::Staff));
    let id = bought_and_sent_back(&stage, &buyer, &staff).await;
    let task = first_task(&staff).await;
    assert!(task["choices"].as_array().is_some_and(|choices| choices.contains(&json!("paid_by_hand"))), "{task}");
    let books = stage.shop.simulator().ledger();
    assert_eq!((books[0].captured.minor(), books[0].refunded.minor()), (1_055 + 390, 0), "nothing went back yet");
    let decide = "mutation($i: TaskDecideInput!) { taskDecide(input: $i) { errors { code message } } }";
    let input = json!({ "taskId": task["id"], "choice": "paid_by_hand", "reason": "a cheque was sent" });
    let decided = staff.call(decide, json!({ "i": input })).await["taskDecide"]["errors"].take();
    assert_eq!(decided, json!([]));
    let order = order_when(&buyer, &id, |order| order["returns"][0]["status"] == "RESOLVED").await;
    assert_eq!(order["paymentStatus"], json!("CAPTURED"), "the card got nothing back: {order}");
    assert_eq!(stage.shop.simulator().ledger(), books, "the provider was asked for nothing else");
    assert_eq!(staff.call("{ tasks { id } }", json!({})).await["tasks"], json!([]));
    stage.close().await;
}

on_both_engines!(another_way);
