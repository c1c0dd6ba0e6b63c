//! A hundred buyers and one copy: one order, 99 clear refusals, no unit promised that is not there.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::Engine;

use super::{Stage, on_both_engines};
use crate::http::operations::buy;

const BUYERS: usize = 100;

async fn one_copy(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-RARE", 1_055, &[1]).await;
    let payloads = join_all((0..BUYERS).map(|number| {
        let (server, book) = (&stage.server, &book);
        async move { buy(&server.guest().await, &[(book, 1)], "pm_card_visa", &format!("key-{number}")).await }
    }))
    .await;
    let is_sold = |payload: &&Value| payload["errors"] == json!([]) && payload["result"]["status"] == "CONFIRMED";
    let (sold, refused): (Vec<&Value>, Vec<&Value>) = payloads.iter().partition(is_sold);
    assert_eq!((sold.len(), refused.len()), (1, BUYERS - 1), "{payloads:?}");
    for payload in refused {
        let error = &payload["errors"][0];
        assert_eq!((&payload["result"], &error["code"]), (&Value::Null, &json!("INSUFFICIENT_STOCK")), "{payload}");
        assert_eq!((&error["requested"], &error["available"]), (&json!(1), &json!(0)), "{payload}");
    }
    assert_eq!(stage.stock("LIV-RARE").await, [1, 0, 0, 1], "on hand, available, reserved, allocated");
    assert_eq!(stage.shop.simulator().ledger().len(), 1, "nobody who was refused was asked for money");
    stage.close().await;
}

on_both_engines!(one_copy);
