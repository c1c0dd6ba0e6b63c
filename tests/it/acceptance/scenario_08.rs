//! A coupon of one use and thirty checkouts at once: one confirmed use, and a cancelled order gives it back.

use app::actor::Role;
use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::Engine;

use super::promotions::{add_code, open_cart, promise, promotion_when};
use super::{Stage, on_both_engines};
use crate::http::operations::{complete, create, fill, order_when};

const BUYERS: usize = 30;

async fn one_use(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-1", 2_000, &[50]).await;
    let staff = stage.server.of_role(Role::Staff);
    let input = json!({ "label": "Un seul", "code": "unique", "percentage": "0.25", "usesMax": 1 });
    let promotion = promise(&staff, input).await;
    let buyers = join_all((0..BUYERS).map(|_| stage.server.guest())).await;
    let carts = join_all(buyers.iter().map(|buyer| async {
        let created = create(buyer, &[(&book, 1)]).await;
        let cart = fill(buyer, created["result"]["id"].as_str().expect("a cart"), "pm_card_visa").await;
        let mut added = add_code(buyer, &cart, "Unique").await;
        assert_eq!((&added["errors"], &added["result"]["payable"]["minorUnits"]), (&json!([]), &json!(1_890)));
        added["result"].take()
    }))
    .await;

    let payloads = join_all(buyers.iter().zip(&carts).map(|(buyer, cart)| complete(buyer, cart, "now"))).await;
    let is_sold = |payload: &Value| payload["result"]["status"] == "CONFIRMED" && payload["errors"] == json!([]);
    let winners: Vec<usize> = (0..BUYERS).filter(|nth| is_sold(&payloads[*nth])).collect();
    assert_eq!(winners.len(), 1, "{payloads:?}");
    let losers: Vec<usize> = (0..BUYERS).filter(|nth| *nth != winners[0]).collect();
    for nth in &losers {
        let payload = &payloads[*nth];
        let told = (&payload["result"], &payload["errors"][0]["code"]);
        assert_eq!(told, (&Value::Null, &json!("PROMOTION_USED_UP")), "{payload}");
        let cart = open_cart(&buyers[*nth], &carts[*nth]["id"]).await;
        let discount = &cart["discounts"][0];
        assert_eq!((&discount["code"], &discount["withheld"]), (&json!("UNIQUE"), &json!("PROMOTION_USED_UP")));
        assert_eq!(cart["payable"]["minorUnits"], json!(2_390), "the cart costs what it costs without it");
    }
    let used = promotion_when(&staff, &promotion["id"], |seen| seen["totals"][0]["uses"] == 1).await;
    assert_eq!((&used["usesReserved"], &used["usesConfirmed"]), (&json!(0), &json!(1)), "{used}");
    assert_eq!(stage.stock("LIV-1").await, [50, 49, 0, 1], "nothing is held for the others");
    assert_eq!(stage.shop.simulator().ledger().len(), 1, "no bank was asked for the others");

    let (winner, order) = (&buyers[winners[0]], payloads[winners[0]]["result"]["id"].clone());
    let cancel = "mutation($i: OrderCancelInput!) { orderCancel(input: $i) { errors { code } } }";
    // Until the warehouse is asked nothing is to be called off: the order says when it is.
    let id = order.as_str().expect("an order");
    order_when(winner, id, |order| order["fulfilments"][0]["id"].is_string()).await;
    let asked = winner.call(cancel, json!({ "i": { "orderId": order, "reason": "changed my mind" } })).await;
    assert_eq!(asked["orderCancel"]["errors"], json!([]));
    promotion_when(&staff, &promotion["id"], |seen| seen["usesConfirmed"] == 0 && seen["totals"][0]["uses"] == 0).await;

    let (next, cart) = (&buyers[losers[0]], &carts[losers[0]]);
    let added = add_code(next, cart, "UNIQUE").await;
    assert_eq!(added["result"]["payable"]["minorUnits"], json!(1_890), "{added}");
    let sold = complete(next, &added["result"], "again").await;
    assert!(is_sold(&sold), "{sold}");
    stage.close().await;
}

on_both_engines!(one_use);
