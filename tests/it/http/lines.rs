//! Cancelling units of lines over HTTP: by the buyer before packing, by staff after it, refused to others and too late.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine, TestServer, TestShop};

use super::journey::staff_step;
use super::operations::{buy, order_when};

const CANCEL_LINES: &str = "mutation($i: OrderCancelLinesInput!, $k: String!) {
    orderCancelLines(input: $i, idempotencyKey: $k) {
        result { id lineCancellations { id status } } errors { code message path } replayed } }";

const PREVIEW: &str = "query($i: OrderCancelLinesPreviewInput!) { orderCancelLinesPreview(input: $i) {
    preview { payable { minorUnits } refund { minorUnits } isWhole vat { gross { minorUnits } taxRate } }
    errors { code } } }";

const LOOK: &str = "query($id: ID!) { order(id: $id) {
    paymentStatus fulfilmentStatus payableLeft { minorUnits } captured { minorUnits } refunded { minorUnits }
    lines { id quantity quantityCancelled quantityReturnable }
    fulfilments { status lines { quantity } share { minorUnits } }
    lineCancellations { status code reason paid { minorUnits } refund { minorUnits }
        lines { quantity quantityCancelled total { gross { minorUnits } } } }
    invoices { total { minorUnits } } creditNotes { total { minorUnits } lines { quantity } } } }";

async fn cancel(client: &Client, order: &str, lines: &[(&Value, i64)], key: &str) -> Value {
    let lines: Vec<_> = lines.iter().map(|(id, units)| json!({ "lineId": id, "quantity": units })).collect();
    let input = json!({ "orderId": order, "lines": lines, "reason": "one too many" });
    client.call(CANCEL_LINES, json!({ "i": input, "k": key })).await["orderCancelLines"].take()
}

async fn preview(client: &Client, order: &str, lines: &[(&Value, i64)]) -> Value {
    let lines: Vec<_> = lines.iter().map(|(id, units)| json!({ "lineId": id, "quantity": units })).collect();
    let input = json!({ "orderId": order, "lines": lines });
    client.call(PREVIEW, json!({ "i": input })).await["orderCancelLinesPreview"].take()
}

/// Asserts what cancelling units is said to come to: what is to be paid then, and what goes back.
async fn assert_preview(client: &Client, order: &str, lines: &[(&Value, i64)], payable: i64, refund: i64) {
    let told = preview(client, order, lines).await;
    let shown = &told["preview"];
    let amounts = (&shown["payable"]["minorUnits"], &shown["refund"]["minorUnits"]);
    assert_eq!(amounts, (&json!(payable), &json!(refund)), "{told}");
}

/// Looks at an order until it is as wanted.
async fn look_when(client: &Client, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = async {
        loop {
            let order = client.call(LOOK, json!({ "id": id })).await["order"].take();
            if wanted(&order) {
                return order;
            }
        }
    };
    tokio::time::timeout(testkit::PATIENCE, found).await.expect("the order comes to be as wanted in time")
}

fn refused_with(payload: &Value) -> Option<&str> {
    payload["errors"][0]["code"].as_str()
}

async fn lines_are_cancelled(engine: Engine) {
    let Some(mut shop) = TestShop::open(engine).await else { return };
    let miserables = Book::publish(&shop.started.shop, "LIV-MISERABLES", 1_290, &[9]).await;
    let candide = Book::publish(&shop.started.shop, "LIV-CANDIDE", 490, &[9]).await;
    let server = TestServer::start(&shop.started).await;
    let (shopper, staff, stranger) = (server.guest().await, server.of_role(Role::Staff), server.guest().await);
    let placed = buy(&shopper, &[(&miserables, 3), (&candide, 2)], "pm_card_visa", "k-1").await;
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let order = order_when(&shopper, &id, |order| order["fulfilments"][0]["id"].is_string()).await;
    let (first, second) = (order["lines"][0]["id"].clone(), order["lines"][1]["id"].clone());
    let parcel = json!({ "fulfilmentId": order["fulfilments"][0]["id"] });

    refusals((&shopper, &stranger), &id, &first).await;
    assert_preview(&shopper, &id, &[(&first, 1)], 2 * 1_290 + 2 * 490 + 390, 0).await;
    assert_preview(&shopper, &id, &[(&first, 3), (&second, 2)], 0, 0).await;
    let asked = cancel(&shopper, &id, &[(&first, 1)], "l-1").await;
    assert_eq!(asked["errors"], json!([]), "{asked}");
    let is_done = |count: usize| {
        move |order: &Value| {
            order["lineCancellations"]
                .as_array()
                .is_some_and(|all| all.len() == count && all[count - 1]["status"] == "DONE")
        }
    };
    let order = look_when(&shopper, &id, is_done(1)).await;
    assert_eq!(order["payableLeft"]["minorUnits"], json!(2 * 1_290 + 2 * 490 + 390));
    assert_eq!(order["lines"][0]["quantityCancelled"], json!(1));
    let again = cancel(&shopper, &id, &[(&first, 1)], "l-1").await;
    assert_eq!((&again["replayed"], &again["errors"]), (&json!(true), &json!([])), "{again}");

    staff_step(&staff, "fulfilmentPack", parcel.clone()).await;
    let order = look_when(&shopper, &id, |order| order["paymentStatus"] == "CAPTURED").await;
    assert_eq!(order["captured"]["minorUnits"], json!(2 * 1_290 + 2 * 490 + 390));
    look_when(&shopper, &id, |order| order["fulfilmentStatus"] == "PACKED").await;
    assert_preview(&staff, &id, &[(&first, 1), (&second, 2)], 1_290 + 390, 2_270).await;
    let asked = cancel(&staff, &id, &[(&first, 1), (&second, 2)], "l-2").await;
    assert_eq!(asked["errors"], json!([]), "{asked}");
    look_when(&shopper, &id, |order| order["fulfilments"][0]["status"] == "REQUESTED").await;
    let order = look_when(&shopper, &id, |order| order["creditNotes"][0]["total"].is_object()).await;
    let told = &order["lineCancellations"][1];
    assert_eq!((&told["paid"]["minorUnits"], &told["refund"]["minorUnits"]), (&json!(2_270), &json!(2_270)));
    assert_eq!(told["lines"][1]["total"]["gross"]["minorUnits"], json!(980));
    assert_eq!(order["refunded"]["minorUnits"], json!(2_270));
    assert_eq!(order["invoices"][0]["total"]["minorUnits"], json!(2 * 1_290 + 2 * 490 + 390));
    assert_eq!(order["creditNotes"][0]["total"]["minorUnits"], json!(2_270));
    assert_eq!(order["fulfilments"][0]["lines"], json!([{ "quantity": 1 }]));

    staff_step(&staff, "fulfilmentPack", parcel.clone()).await;
    staff_step(&staff, "fulfilmentHandOver", parcel.clone()).await;
    look_when(&shopper, &id, |order| order["fulfilmentStatus"] == "SHIPPED").await;
    let late = cancel(&shopper, &id, &[(&first, 1)], "l-3").await;
    assert_eq!(refused_with(&late), Some("ALREADY_SHIPPED"), "{late}");
    staff_step(&staff, "fulfilmentDeliver", parcel).await;
    let order = look_when(&shopper, &id, |order| order["fulfilmentStatus"] == "DELIVERED").await;
    assert_eq!(order["lines"][0]["quantityReturnable"], json!(1));
    assert_eq!(order["lines"][1]["quantityReturnable"], json!(0));
    server.stop().await;
    shop.stop().await;
}

async fn refusals((shopper, stranger): (&Client, &Client), id: &str, line: &Value) {
    let unknown = json!("line_01h455vb4pex5vsknk084sn02q");
    for (client, lines, code) in [
        (stranger, vec![(line, 1)], "NOT_FOUND"),
        (shopper, vec![(line, 4)], "NOT_CANCELLABLE"),
        (shopper, vec![(&unknown, 1)], "LINE_NOT_FOUND"),
        (shopper, vec![(line, 1), (line, 1)], "LINES_INVALID"),
        (shopper, vec![(line, 0)], "VALIDATION"),
    ] {
        let told = preview(client, id, &lines).await;
        assert_eq!((refused_with(&told), &told["preview"]), (Some(code), &Value::Null), "{told}");
        let payload = cancel(client, id, &lines, &format!("r-{code}")).await;
        assert_eq!(refused_with(&payload), Some(code), "{payload}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn units_of_lines_are_cancelled_and_money_and_documents_follow_on_sqlite() {
    lines_are_cancelled(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_of_lines_are_cancelled_and_money_and_documents_follow_on_postgres() {
    lines_are_cancelled(Engine::Postgres).await;
}
