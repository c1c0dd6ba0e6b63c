//! A part of a promoted order comes back, one item of it damaged: what would be refunded is told before it is decided, line by
//! line by what was sold; it is what is refunded; the credit note agrees per rate of VAT; units are counted in and written off.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Client, Engine, PATIENCE};

use super::promotions::{add_code, promise};
use super::{Stage, on_both_engines};
use crate::http::journey::{deliver, staff_step};
use crate::http::operations::{complete, create, fill, order_when};

const EXPLAINED: &str = "fragment X on RefundExplained {
    lines { sku quantity price { minorUnits } promotions { minorUnits } coupons { minorUnits } paid { minorUnits }
      missing { minorUnits } deduction { amount { minorUnits } reason } refund { minorUnits } taxRate }
    delivery { minorUnits } refund { minorUnits } vat { net { minorUnits } tax { minorUnits } gross { minorUnits } taxRate } }";
const WHY: &str = "the cover is torn";

/// Two novels at 5.5 % and an atlas at 20 %, less a tenth, are bought and delivered. Returns the order.
async fn bought_and_delivered(stage: &Stage, buyer: &Client, staff: &Client) -> Value {
    let novel = stage.book("LIV-55", 1_055, &[5]).await;
    let atlas = stage.book("LIV-200", 1_299, &[5]).await;
    let price = "mutation($i: VariantPriceSetInput!) { variantPriceSet(input: $i) { errors { code message } } }";
    let input = json!({ "sku": "LIV-200", "price": { "amount": "12.99", "currency": "EUR" }, "vatRate": "0.2" });
    assert_eq!(staff.call(price, json!({ "i": input })).await["variantPriceSet"]["errors"], json!([]));
    promise(staff, json!({ "label": "Dix", "code": "DIX", "percentage": "0.1" })).await;
    let created = create(buyer, &[(&novel, 3), (&atlas, 2)]).await;
    let cart = fill(buyer, created["result"]["id"].as_str().expect("a cart"), "pm_card_visa").await;
    let cart = add_code(buyer, &cart, "dix").await["result"].take();
    let placed = complete(buyer, &cart, "k").await;
    assert_eq!(placed["errors"], json!([]), "{placed}");
    deliver(buyer, staff, placed["result"]["id"].as_str().expect("an order")).await
}

/// Asks to send two novels and an atlas back, and lets it be approved. Returns the return's id.
async fn asked(buyer: &Client, staff: &Client, order: &Value) -> Value {
    let query = "mutation($i: ReturnRequestInput!) { returnRequest(input: $i, idempotencyKey: \"r\")
        { result { id } errors { code message } } }";
    let line = |nth: usize, quantity| json!({ "lineId": order["lines"][nth]["id"], "quantity": quantity });
    let input = json!({ "orderId": order["id"], "reason": "too many", "lines": [line(0, 2), line(1, 1)] });
    let asked = buyer.call(query, json!({ "i": input })).await["returnRequest"].take();
    assert_eq!(asked["errors"], json!([]), "{asked}");
    let id = asked["result"]["id"].clone();
    staff_step(staff, "returnApprove", json!({ "returnId": id })).await;
    id
}

/// What is in the box: one novel of two is damaged.
fn found(order: &Value, deducted: &str) -> Value {
    let deduction = json!({ "amount": { "amount": deducted, "currency": "EUR" }, "reason": WHY });
    json!([
        { "lineId": order["lines"][0]["id"], "resalable": 1, "damaged": 1, "deduction": deduction },
        { "lineId": order["lines"][1]["id"], "resalable": 1 },
    ])
}

async fn preview(client: &Client, return_id: &Value, items: &Value) -> Value {
    let query = format!(
        "query($i: ReturnRefundPreviewInput!) {{ returnRefundPreview(input: $i)
           {{ result {{ ...X }} errors {{ code }} }} }} {EXPLAINED}"
    );
    let input = json!({ "i": { "returnId": return_id, "items": items } });
    client.call(&query, input).await["returnRefundPreview"].take()
}

/// Asks as someone until the answer is as wanted.
async fn answer_when(client: &Client, query: &str, id: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = async {
        loop {
            let answer = client.call(query, json!({ "id": id })).await;
            if wanted(&answer) {
                return answer;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the answer comes to be as wanted in time")
}

/// 1,055 × 3 and 1,299 × 2 less a tenth of 5,763, split as 316 and 260: 2,849 and 2,338 were paid for the lines.
fn expected() -> Value {
    let money = |minor: i64| json!({ "minorUnits": minor });
    json!({
        "lines": [
            { "sku": "LIV-55", "quantity": 2, "price": money(2_110), "promotions": money(211), "coupons": money(0),
              "paid": money(1_899), "missing": money(0), "deduction": { "amount": money(200), "reason": WHY },
              "refund": money(1_699), "taxRate": "0.055" },
            { "sku": "LIV-200", "quantity": 1, "price": money(1_299), "promotions": money(130), "coupons": money(0),
              "paid": money(1_169), "missing": money(0), "deduction": null, "refund": money(1_169), "taxRate": "0.2" },
        ],
        "delivery": money(0),
        "refund": money(2_868),
        "vat": [
            { "net": money(1_611), "tax": money(88), "gross": money(1_699), "taxRate": "0.055" },
            { "net": money(974), "tax": money(195), "gross": money(1_169), "taxRate": "0.2" },
        ],
    })
}

async fn explained(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let (buyer, staff) = (stage.server.guest().await, stage.server.of_role(Role::Staff));
    let order = bought_and_delivered(&stage, &buyer, &staff).await;
    let invoiced = "query($id: ID!) { order(id: $id) { invoices { number } } }";
    answer_when(&buyer, invoiced, &order["id"], |answer| answer["order"]["invoices"][0].is_object()).await;

    let return_id = asked(&buyer, &staff, &order).await;
    let too_much = preview(&staff, &return_id, &found(&order, "9.51")).await;
    assert_eq!(
        too_much,
        json!({ "result": null, "errors": [{ "code": "DEDUCTION_INVALID" }] }),
        "one of two was damaged"
    );
    let items = found(&order, "2.00");
    let told = preview(&buyer, &return_id, &items).await;
    assert_eq!(told, json!({ "result": expected(), "errors": [] }), "before the box arrived");
    let stranger = preview(&stage.server.guest().await, &return_id, &items).await;
    assert_eq!(stranger["errors"][0]["code"], json!("NOT_FOUND"));

    staff_step(&staff, "returnReceive", json!({ "returnId": return_id, "location": "paris" })).await;
    let inspected = staff_step(&staff, "returnInspect", json!({ "returnId": return_id, "items": items })).await;
    assert_eq!(inspected["refund"]["minorUnits"], told["result"]["refund"]["minorUnits"]);
    refunded_and_credited(&stage, &buyer, &order, &return_id).await;
    let (novels, atlases) = (5 - 3 + 1, 5 - 2 + 1);
    stage.stock_comes_to("LIV-55", [novels, novels, 0, 0]).await; // The damaged one is not on the shelf.
    stage.stock_comes_to("LIV-200", [atlases, atlases, 0, 0]).await;
    let moved = "query($id: String!) { stock(sku: $id) { history(first: 100) { nodes { type data } } } }";
    let auditor = stage.server.of_role(Role::Auditor);
    let history = auditor.call(moved, json!({ "id": "LIV-55" })).await["stock"][0]["history"]["nodes"].take();
    let units = |kind: &str| {
        let events = history.as_array().into_iter().flatten().filter(|event| event["type"] == kind);
        events.filter_map(|event| event["data"][kind]["quantity"].as_i64()).collect::<Vec<_>>()
    };
    assert_eq!((units("stock.restocked"), units("stock.written_off")), (vec![2], vec![1]), "{history}");
    stage.close().await;
}

/// The bank, the return, its explanation and the credit note say the same.
async fn refunded_and_credited(stage: &Stage, buyer: &Client, order: &Value, return_id: &Value) {
    let id = order["id"].as_str().expect("an order");
    order_when(buyer, id, |order| order["returns"][0]["status"] == "RESOLVED").await;
    let refunded: i64 = stage.shop.simulator().ledger().iter().map(|line| line.refunded.minor()).sum();
    assert_eq!(refunded, 2_868);
    let credited = "query($id: ID!) { order(id: $id) { creditNotes { reason total { minorUnits }
        vat { net { minorUnits } tax { minorUnits } gross { minorUnits } taxRate } } } }";
    let is_there = |answer: &Value| answer["order"]["creditNotes"][0].is_object();
    let note = answer_when(buyer, credited, &order["id"], is_there).await["order"]["creditNotes"][0].take();
    let expected = expected();
    assert_eq!(note, json!({ "reason": "RETURN", "total": expected["refund"], "vat": expected["vat"] }));
    let why = format!(
        "query($id: ID!) {{ return(id: $id) {{ refunded {{ minorUnits }} refundExplained {{ ...X }} }} }} {EXPLAINED}"
    );
    let shown = buyer.call(&why, json!({ "id": return_id })).await["return"].take();
    assert_eq!(shown, json!({ "refunded": expected["refund"], "refundExplained": expected }));
}

on_both_engines!(explained);
