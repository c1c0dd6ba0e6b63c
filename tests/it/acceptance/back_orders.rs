//! A shop that lets paid orders wait: units that were promised to buyers who are at their banks are not found. Such an order is owed
//! all the same, goes to no warehouse, and is served before anybody else once units come in; the oldest first. People are asked about
//! late units, or, where the shop promised nothing, at once.

use std::sync::Arc;

use app::actor::Role;
use app::clock::ManualClock;
use app::stock::ShortfallPolicy;
use domain::values::Timestamp;
use serde_json::{Value, json};
use testkit::{Client, Engine};

use super::scenario_05::{approve_at, sent_to_the_bank};
use super::shortfall::{count, held};
use super::{Stage, on_both_engines};
use crate::http::journey::deliver;
use crate::http::operations::{buy, order_when};

/// 2026-11-02T09:00:00+01:00, a Monday.
const MONDAY: Timestamp = Timestamp::from_micros(1_793_606_400_000_000);
/// Three weeks after it, and after the seconds in which the orders were placed.
const UNTIL: &str = "2026-11-23T08:00:0";
const WEEK_SECONDS: i64 = 7 * 24 * 60 * 60;
const PAYABLE: i64 = 1_055 + 390;

fn staff(stage: &Stage) -> Client {
    stage.server.of_role(Role::Staff)
}

/// Reads what an order waits for, as its buyer or staff see it: the units of its first line, and until when.
async fn awaited(client: &Client, order: &str) -> (Value, Value) {
    let query = "query($id: ID!) { order(id: $id) { backOrderedUntil lines { quantityBackOrdered } } }";
    let mut found = client.call(query, json!({ "id": order })).await["order"].take();
    (found["lines"][0]["quantityBackOrdered"].take(), found["backOrderedUntil"].take())
}

async fn receive(stage: &Stage, location: &str, quantity: i64) {
    let query = "mutation($i: StockReceiveInput!, $k: String!) { stockReceive(input: $i, idempotencyKey: $k) { errors { code } } }";
    let input = json!({ "sku": "LIV-1", "location": location, "quantity": quantity, "reference": "delivery" });
    let received = staff(stage).call(query, json!({ "i": input, "k": location })).await;
    assert_eq!(received["stockReceive"]["errors"], json!([]), "{received}");
}

/// Buyers go to their banks for one unit each, in this order; none of the units is found; then all pay, the last one first.
/// Returns who they are and their orders.
async fn paid_in_vain(stage: &Stage, clock: &ManualClock, buyers: usize) -> Vec<(Client, String)> {
    let book = stage.book("LIV-1", 1_055, &[i64::try_from(buyers).expect("a few")]).await;
    let (mut orders, mut pages) = (Vec::new(), Vec::new());
    for number in 0..buyers {
        let buyer = stage.server.guest().await;
        let (order, page) = sent_to_the_bank(&buyer, &book, &number.to_string()).await;
        orders.push((buyer, order.as_str().expect("an order").to_owned()));
        pages.push(page);
        clock.advance_seconds(1);
    }
    let counted = count(stage, "LIV-1", 0, "count").await;
    assert_eq!(counted["result"]["onHand"], json!(0), "{counted}");
    for page in pages.iter().rev() {
        approve_at(stage, page).await;
    }
    orders
}

/// Decides a task of a name once it is open.
async fn decide(stage: &Stage, name: &str, choices: &[&str], choice: &str) {
    let found = async {
        loop {
            let listed = staff(stage).call("{ tasks { id name choices } }", json!({})).await["tasks"].take();
            let task = listed.as_array().and_then(|all| all.iter().find(|task| task["name"] == name)).cloned();
            if let Some(task) = task {
                return task;
            }
        }
    };
    let task = tokio::time::timeout(testkit::PATIENCE, found).await.unwrap_or_else(|_| panic!("{name} is not asked"));
    assert_eq!(task["choices"], json!(choices), "{task}");
    let query = "mutation($i: TaskDecideInput!) { taskDecide(input: $i) { errors { code message } } }";
    let input = json!({ "taskId": task["id"], "choice": choice, "reason": "as agreed with the buyer" });
    let decided = staff(stage).call(query, json!({ "i": input })).await["taskDecide"]["errors"].take();
    assert_eq!(decided, json!([]), "{choice}");
}

async fn waits(client: &Client, order: &str) {
    let shown = order_when(client, order, |order| order["status"] == "CONFIRMED").await;
    assert_eq!((&shown["fulfilmentStatus"], &shown["fulfilments"]), (&json!("UNFULFILLED"), &json!([])), "{shown}");
    let (units, until) = awaited(client, order).await;
    assert!(units == json!(1) && until.as_str().is_some_and(|until| until.starts_with(UNTIL)), "{units} until {until}");
}

async fn is_served(client: &Client, order: &str) {
    order_when(client, order, |order| order["fulfilmentStatus"] == "REQUESTED").await;
    assert_eq!(awaited(client, order).await, (json!(0), Value::Null));
}

/// Waits until staff see that so many units of the book are waited for in Lyon and in Paris: what they see follows the log.
async fn waited_for_comes_to(stage: &Stage, wanted: [i64; 2]) {
    let query = "{ stock(sku: \"LIV-1\") { location backOrdered } }";
    let wanted = json!([
        { "location": "lyon", "backOrdered": wanted[0] },
        { "location": "paris", "backOrdered": wanted[1] }
    ]);
    let found = async { while staff(stage).call(query, json!({})).await["stock"] != wanted {} };
    tokio::time::timeout(testkit::PATIENCE, found).await.unwrap_or_else(|_| panic!("it never is {wanted}"));
}

/// Returns of which orders people are told that their units are late, once there are so many.
async fn asked_about(stage: &Stage, count: usize) -> Vec<Value> {
    let found = async {
        loop {
            let listed = staff(stage).call("{ tasks { name processId } }", json!({})).await["tasks"].take();
            let late = listed.as_array().expect("tasks").iter().filter(|task| task["name"] == "back_order");
            let late: Vec<_> = late.map(|task| task["processId"].clone()).collect();
            if late.len() == count {
                return late;
            }
        }
    };
    tokio::time::timeout(testkit::PATIENCE, found).await.expect("as many tasks come to be open")
}

async fn the_oldest_is_served_first(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_under(engine, clock.clone(), ShortfallPolicy::BackOrder).await else { return };
    let orders = paid_in_vain(&stage, &clock, 3).await;
    for (buyer, order) in &orders {
        waits(buyer, order).await;
        assert_eq!(held(&stage, &json!(order)).await, PAYABLE, "nothing is taken before a parcel is packed");
    }
    let [(first, oldest), (second, middle), (third, youngest)] = orders.as_slice() else { panic!("three orders") };
    waited_for_comes_to(&stage, [3, 3]).await;

    // One is found where it was not looked for, and one is delivered elsewhere.
    let found = count(&stage, "LIV-1", 1, "found").await;
    assert_eq!(found["result"], json!({ "onHand": 1, "available": 0, "reserved": 0, "allocated": 1 }), "{found}");
    is_served(first, oldest).await;
    waits(second, middle).await;
    waited_for_comes_to(&stage, [2, 2]).await;
    receive(&stage, "lyon", 1).await;
    is_served(second, middle).await;
    waits(third, youngest).await;
    stage.stock_comes_to("LIV-1", [2, 0, 0, 2]).await;

    let lines = "mutation($i: OrderCancelLinesInput!, $k: String!)
        { orderCancelLines(input: $i, idempotencyKey: $k) { errors { code } } }";
    let line = order_when(third, youngest, |_| true).await["lines"][0]["id"].take();
    let input = json!({ "orderId": youngest, "lines": [{ "lineId": line, "quantity": 1 }], "reason": "too late" });
    let called_off = third.call(lines, json!({ "i": input, "k": "too late" })).await;
    assert_eq!(called_off["orderCancelLines"]["errors"], json!([]), "its last unit calls it off");
    order_when(third, youngest, |order| order["status"] == "CANCELLED").await;
    assert_eq!(held(&stage, &json!(youngest)).await, 0, "the money is let go");
    waited_for_comes_to(&stage, [0, 0]).await;
    receive(&stage, "paris", 1).await;
    stage.stock_comes_to("LIV-1", [3, 1, 0, 2]).await;
    deliver(first, &staff(&stage), oldest).await;
    deliver(second, &staff(&stage), middle).await;
    stage.stock_comes_to("LIV-1", [1, 1, 0, 0]).await;
    let banked: Vec<_> = stage.shop.simulator().ledger().iter().map(|line| line.captured.minor()).collect();
    assert_eq!(banked, [PAYABLE, PAYABLE, 0], "each is paid once, when it is packed");
    stage.close().await;
}

async fn late_units_are_a_question(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_under(engine, clock.clone(), ShortfallPolicy::BackOrder).await else { return };
    let orders = paid_in_vain(&stage, &clock, 2).await;
    for (buyer, order) in &orders {
        waits(buyer, order).await;
    }
    let (served, order) = (&orders[0].1, &orders[1].1);
    let choices = ["wait", "cancel_order"];
    clock.advance_seconds(3 * WEEK_SECONDS);
    asked_about(&stage, 2).await;
    receive(&stage, "lyon", 1).await;
    is_served(&staff(&stage), served).await;
    assert_eq!(asked_about(&stage, 1).await, [json!(order)], "nobody need decide about units that came");
    decide(&stage, "back_order", &choices, "wait").await;
    clock.advance_seconds(WEEK_SECONDS);
    decide(&stage, "back_order", &choices, "cancel_order").await;
    order_when(&staff(&stage), order, |order| order["status"] == "CANCELLED").await;
    assert_eq!(held(&stage, &json!(order)).await, 0);
    receive(&stage, "paris", 1).await;
    stage.stock_comes_to("LIV-1", [2, 1, 0, 1]).await;
    stage.close().await;
}

async fn people_choose_where_the_shop_promised_nothing(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_under(engine, clock.clone(), ShortfallPolicy::Ask).await else { return };
    let orders = paid_in_vain(&stage, &clock, 1).await;
    let (buyer, waiting) = &orders[0];
    let choices = ["back_order", "void"];
    decide(&stage, "shortfall", &choices, "back_order").await;
    waits(buyer, waiting).await;
    receive(&stage, "lyon", 1).await;
    is_served(buyer, waiting).await;
    stage.stock_comes_to("LIV-1", [1, 0, 0, 1]).await;

    let other = stage.book("LIV-2", 1_055, &[1]).await;
    let (voided, page) = sent_to_the_bank(buyer, &other, "other").await;
    count(&stage, "LIV-2", 0, "count again").await;
    approve_at(&stage, &page).await;
    decide(&stage, "shortfall", &choices, "void").await;
    order_when(buyer, voided.as_str().expect("an order"), |order| order["status"] == "REJECTED").await;
    assert_eq!(held(&stage, &voided).await, 0);
    // Nobody is asked about an order that was short before it was placed.
    let refused = buy(buyer, &[(&other, 1)], "pm_card_visa", "none left").await;
    assert_eq!(refused["errors"][0]["code"], json!("INSUFFICIENT_STOCK"), "{refused}");
    stage.close().await;
}

mod oldest {
    super::on_both_engines!(super::the_oldest_is_served_first);
}

mod late {
    super::on_both_engines!(super::late_units_are_a_question);
}

mod asked {
    super::on_both_engines!(super::people_choose_where_the_shop_promised_nothing);
}
