//! From cart to doorstep and back: each step's payload and each status, on every engine.

use app::actor::Role;
use serde_json::{Value, json};
use test_kurrentdb::TestKurrentDb;
use testkit::{Book, Client, Engine, TestServer, TestShop};

use super::operations::{buy, order_when};

pub async fn staff_step(staff: &Client, mutation: &str, input: Value) -> Value {
    let input_type = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let fields = if mutation.starts_with("return") {
        "id status refund { minorUnits }"
    } else {
        "id status isReleased carrier tracking"
    };
    let (argument, key) = match mutation.starts_with("return") {
        true => (", $k: String!", ", idempotencyKey: $k"),
        false => ("", ""),
    };
    let query = format!(
        "mutation($i: {input_type}!{argument}) {{ {mutation}(input: $i{key})
           {{ result {{ {fields} }} errors {{ code message }} position replayed }} }}"
    );
    let variables = json!({ "i": input, "k": format!("{mutation}-{}", uuid::Uuid::new_v4().simple()) });
    let mut payload = staff.call(&query, variables).await[mutation].take();
    assert_eq!(payload["errors"], json!([]), "{mutation}: {payload}");
    assert!(payload["position"].is_string(), "{mutation}: {payload}");
    payload["result"].take()
}

async fn journey(engine: Engine) {
    if let Some(shop) = TestShop::open(engine).await {
        journey_in(shop).await;
    }
}

async fn journey_in(mut shop: TestShop) {
    let miserables = Book::publish(&shop.started.shop, "LIV-MISERABLES", 1_290, &[5]).await;
    let candide = Book::publish(&shop.started.shop, "LIV-CANDIDE", 490, &[5]).await;
    let server = TestServer::start(&shop.started).await;
    let (shopper, staff) = (server.guest().await, server.of_role(Role::Staff));

    let placed = buy(&shopper, &[(&miserables, 1), (&candide, 2)], "pm_card_visa", "k-1").await;
    assert_eq!(placed["errors"], json!([]), "{placed}");
    let order = &placed["result"];
    assert_eq!((&order["status"], &order["paymentStatus"]), (&json!("CONFIRMED"), &json!("AUTHORISED")));
    assert_eq!(order["payable"]["minorUnits"], json!(1_290 + 2 * 490 + 390));
    let id = order["id"].as_str().expect("an order").to_owned();

    let order =
        order_when(&shopper, &id, |order| order["fulfilments"].as_array().is_some_and(|all| !all.is_empty())).await;
    let parcel = order["fulfilments"][0]["id"].clone();
    let packed = staff_step(&staff, "fulfilmentPack", json!({ "fulfilmentId": parcel })).await;
    assert_eq!(packed["status"], json!("PACKED"));
    let is_ready = |order: &Value| order["fulfilmentStatus"] == "PACKED" && order["paymentStatus"] == "CAPTURED";
    let order = order_when(&shopper, &id, is_ready).await;
    assert!(order["fulfilments"][0]["tracking"].is_string(), "{order}");
    let left = staff_step(&staff, "fulfilmentHandOver", json!({ "fulfilmentId": parcel })).await;
    assert_eq!(left["status"], json!("HANDED_OVER"));
    order_when(&shopper, &id, |order| order["fulfilmentStatus"] == "SHIPPED").await;
    let arrived = staff_step(&staff, "fulfilmentDeliver", json!({ "fulfilmentId": parcel })).await;
    assert_eq!(arrived["status"], json!("DELIVERED"));
    let order = order_when(&shopper, &id, |order| order["fulfilmentStatus"] == "DELIVERED").await;

    send_back(&shopper, &staff, &order).await;
    let order = order_when(&shopper, &id, |order| order["paymentStatus"] == "PARTIALLY_REFUNDED").await;
    assert_eq!(order["status"], json!("CONFIRMED"));
    assert_eq!(order["lines"][1]["quantityReturnable"], json!(0));
    read_models_agree(&server, &staff, &id).await;
    server.stop().await;
    shop.stop().await;
}

/// Lets the only parcel of a new order go and arrive; returns the order.
pub async fn deliver(shopper: &Client, staff: &Client, id: &str) -> Value {
    let order = order_when(shopper, id, |order| order["fulfilments"][0]["id"].is_string()).await;
    let parcel = json!({ "fulfilmentId": order["fulfilments"][0]["id"] });
    staff_step(staff, "fulfilmentPack", parcel.clone()).await;
    let is_paid = |order: &Value| order["fulfilmentStatus"] == "PACKED" && order["paymentStatus"] == "CAPTURED";
    order_when(shopper, id, is_paid).await;
    staff_step(staff, "fulfilmentHandOver", parcel.clone()).await;
    order_when(shopper, id, |order| order["fulfilmentStatus"] == "SHIPPED").await;
    staff_step(staff, "fulfilmentDeliver", parcel).await;
    order_when(shopper, id, |order| order["fulfilmentStatus"] == "DELIVERED").await
}

/// Sends units of a line back, resalable and damaged ones; returns the return once the box was looked into.
pub async fn return_units(
    (shopper, staff): (&Client, &Client),
    order: &Value,
    line: &Value,
    (resalable, damaged): (i64, i64),
) -> Value {
    let query = "mutation($i: ReturnRequestInput!, $k: String!) { returnRequest(input: $i, idempotencyKey: $k)
        { result { id status } errors { code message } } }";
    let lines = json!([{ "lineId": line, "quantity": resalable + damaged }]);
    let input = json!({ "orderId": order["id"], "reason": "offered twice", "lines": lines });
    let key = uuid::Uuid::new_v4().to_string();
    let asked = shopper.call(query, json!({ "i": input, "k": key })).await["returnRequest"].take();
    assert_eq!((&asked["errors"], &asked["result"]["status"]), (&json!([]), &json!("REQUESTED")), "{asked}");
    let id = asked["result"]["id"].clone();
    assert_eq!(staff_step(staff, "returnApprove", json!({ "returnId": id })).await["status"], json!("APPROVED"));
    let received = staff_step(staff, "returnReceive", json!({ "returnId": id, "location": "paris" })).await;
    assert_eq!(received["status"], json!("RECEIVED"));
    let items = json!([{ "lineId": line, "resalable": resalable, "damaged": damaged, "missing": 0 }]);
    let inspected = staff_step(staff, "returnInspect", json!({ "returnId": id, "items": items })).await;
    assert_eq!(inspected["status"], json!("INSPECTED"), "{inspected}");
    inspected
}

/// Returns the second line: two units of 490.
pub async fn send_back(shopper: &Client, staff: &Client, order: &Value) {
    let inspected = return_units((shopper, staff), order, &order["lines"][1]["id"], (1, 1)).await;
    assert_eq!(inspected["refund"]["minorUnits"], json!(980));
    order_when(shopper, order["id"].as_str().expect("an id"), |order| order["returns"][0]["status"] == "RESOLVED")
        .await;
}

/// The read models tell the same story as the write side.
async fn read_models_agree(server: &TestServer, staff: &Client, id: &str) {
    let wait = "query { orders(first: 5) { nodes { id status paymentStatus fulfilmentStatus } } }";
    let found = async {
        loop {
            let listed = staff.call(wait, json!({})).await["orders"]["nodes"][0].take();
            if listed["paymentStatus"] == "PARTIALLY_REFUNDED" {
                return listed;
            }
        }
    };
    let limit = std::time::Duration::from_secs(20);
    let listed = tokio::time::timeout(limit, found).await.expect("the read model catches up");
    assert_eq!((&listed["id"], &listed["fulfilmentStatus"]), (&json!(id), &json!("DELIVERED")));
    let analyst = server.of_role(Role::Analyst);
    let shown = analyst.call("query { projections { name state } }", json!({})).await;
    let stalled = shown["projections"].as_array().expect("a list").iter().any(|one| one["state"] == "STALLED");
    assert!(!stalled, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_from_cart_to_doorstep_and_back_on_sqlite() {
    journey(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_from_cart_to_doorstep_and_back_on_postgres() {
    journey(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_goes_from_cart_to_doorstep_and_back_on_kurrentdb() {
    let server = TestKurrentDb::start().await;
    journey_in(TestShop::on_kurrentdb(server.url()).await).await;
}
