//! Ten times 38.23 € with 20 % VAT and 6.2 % off: cart, order, bank and refunds agree to the cent.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Client, Engine};

use super::promotions::{add_code, promise};
use super::{Stage, on_both_engines};
use crate::http::journey::{deliver, return_units};
use crate::http::operations::{complete, create, fill, order_when};

const LINE: i64 = 35_860;
const SHIPPING: i64 = 390;

/// Sends units of the one line back and returns what is refunded.
async fn send_back(buyer: &Client, staff: &Client, order: &Value, units: i64) -> i64 {
    let inspected = return_units((buyer, staff), order, &order["lines"][0]["id"], (units, 0)).await;
    inspected["refund"]["minorUnits"].as_i64().expect("a refund")
}

async fn to_the_cent(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-38", 3_823, &[10]).await;
    let (buyer, staff) = (stage.server.guest().await, stage.server.of_role(Role::Staff));
    let price = "mutation($i: VariantPriceSetInput!) { variantPriceSet(input: $i) { errors { code message } } }";
    let input = json!({ "sku": "LIV-38", "price": { "amount": "38.23", "currency": "EUR" }, "vatRate": "0.2" });
    assert_eq!(staff.call(price, json!({ "i": input })).await["variantPriceSet"]["errors"], json!([]));
    promise(&staff, json!({ "label": "Six virgule deux", "code": "SIX-DEUX", "percentage": "0.062" })).await;

    let created = create(&buyer, &[(&book, 10)]).await;
    let cart = fill(&buyer, created["result"]["id"].as_str().expect("a cart"), "pm_card_visa").await;
    let cart = add_code(&buyer, &cart, "six-deux").await["result"].take();
    let sums = ["subtotal", "discount", "total", "payable"].map(|sum| cart[sum]["minorUnits"].as_i64());
    assert_eq!(sums, [38_230, 2_370, LINE + SHIPPING, LINE + SHIPPING].map(Some), "{cart}");
    let total = ["net", "tax", "gross"].map(|part| cart["lines"][0]["total"][part]["minorUnits"].as_i64());
    assert_eq!(total, [29_883, 5_977, LINE].map(Some), "{cart}");
    assert_eq!(cart["discounts"][0]["shares"][0]["amount"]["minorUnits"], json!(2_370));

    let placed = complete(&buyer, &cart, "k").await;
    assert_eq!(placed["errors"], json!([]), "{placed}");
    let id = placed["result"]["id"].as_str().expect("an order").to_owned();
    let query = "query($id: ID!) { order(id: $id) { payable { minorUnits } discounts { code amount { minorUnits } }
        lines { discount { minorUnits } total { net { minorUnits } tax { minorUnits } gross { minorUnits } } } } }";
    let order = buyer.call(query, json!({ "id": id })).await["order"].take();
    let total = ["net", "tax", "gross"].map(|part| order["lines"][0]["total"][part]["minorUnits"].as_i64());
    assert_eq!(total, [29_883, 5_977, LINE].map(Some), "{order}");
    assert_eq!(order["lines"][0]["discount"]["minorUnits"], json!(2_370));
    assert_eq!(order["discounts"], json!([{ "code": "SIX-DEUX", "amount": { "minorUnits": 2_370 } }]));
    let books = stage.shop.simulator().ledger();
    assert_eq!(books[0].amount.minor(), LINE + SHIPPING, "the bank is asked for what the cart came to");

    let order = deliver(&buyer, &staff, &id).await;
    let first = send_back(&buyer, &staff, &order, 3).await;
    assert_eq!(first, 10_758, "three tenths of what the line cost, not of its price");
    order_when(&buyer, &id, |order| order["returns"][0]["status"] == "RESOLVED").await;
    let second = send_back(&buyer, &staff, &order, 7).await;
    assert_eq!(first + second, LINE, "the refunds sum to what was paid for the line");
    order_when(&buyer, &id, |order| order["returns"][1]["status"] == "RESOLVED").await;
    let books = stage.shop.simulator().ledger();
    assert_eq!((books[0].captured.minor(), books[0].refunded.minor()), (LINE + SHIPPING, LINE));
    stage.close().await;
}

on_both_engines!(to_the_cent);
