//! A product that is renamed, repriced and withdrawn after it was sold: the order stays as it was sold, and the old page is
//! shown as it was.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::operations::{buy, order};

/// Runs a mutation of staff and returns its position in the log.
async fn change(staff: &Client, mutation: &str, kind: &str, input: Value) -> Value {
    let query = format!("mutation($i: {kind}!) {{ {mutation}(input: $i) {{ errors {{ code message }} position }} }}");
    let mut payload = staff.call(&query, json!({ "i": input })).await[mutation].take();
    assert_eq!(payload["errors"], json!([]), "{mutation}: {payload}");
    payload["position"].take()
}

async fn sold_as_it_was(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-1", 1_500, &[5]).await;
    let (buyer, staff) = (stage.server.guest().await, stage.server.of_role(Role::Staff));
    let placed = buy(&buyer, &[(&book, 2)], "pm_card_visa", "k").await;
    let (id, then) = (placed["result"]["id"].as_str().expect("an order").to_owned(), placed["position"].clone());
    let product = json!(book.product.as_str());

    let renamed = json!({ "productId": product, "name": { "fr": "Un autre titre" } });
    change(&staff, "productUpdate", "ProductUpdateInput", renamed).await;
    let price = json!({ "amount": "99.00", "currency": "EUR" });
    let repriced = json!({ "sku": book.sku.as_str(), "price": price, "vatRate": "0.20" });
    change(&staff, "variantPriceSet", "VariantPriceSetInput", repriced).await;
    change(&staff, "variantDiscontinue", "VariantInput", json!({ "sku": book.sku.as_str() })).await;
    let withdrawn = json!({ "productId": product, "published": false });
    let now = change(&staff, "productUpdate", "ProductUpdateInput", withdrawn).await;

    let sold = order(&buyer, &id).await;
    assert_eq!(sold["lines"], placed["result"]["lines"]);
    assert_eq!(sold["payable"]["minorUnits"], json!(2 * 1_500 + 390));
    let page = "query($id: ID!, $at: AsOf) { product(id: $id, asOf: $at) { name isPublished
        variants { price { gross { minorUnits } } } } }";
    let page_at =
        async |at: &Value| staff.call(page, json!({ "id": product, "at": { "position": at } })).await["product"].take();
    let variants = json!([{ "price": { "gross": { "minorUnits": 1_500 } } }]);
    assert_eq!(page_at(&then).await, json!({ "name": "Livre LIV-1", "isPublished": true, "variants": variants }));
    let today = page_at(&now).await;
    assert_eq!((&today["name"], &today["isPublished"]), (&json!("Un autre titre"), &json!(false)), "{today}");
    stage.close().await;
}

on_both_engines!(sold_as_it_was);
