//! The same SKU on two lines, of which there is one unit: refused at the reservation, and nothing stays reserved.

use serde_json::json;
use testkit::Engine;

use super::{Stage, on_both_engines};
use crate::http::operations::buy;

async fn two_lines(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-RARE", 1_055, &[1]).await;
    let buyer = stage.server.guest().await;
    let refused = buy(&buyer, &[(&book, 1), (&book, 1)], "pm_card_visa", "both").await;
    let error = &refused["errors"][0];
    assert_eq!(error["code"], json!("INSUFFICIENT_STOCK"), "{refused}");
    assert_eq!((&error["requested"], &error["available"]), (&json!(2), &json!(1)), "{refused}");
    assert_eq!(stage.stock("LIV-RARE").await, [1, 1, 0, 0], "on hand, available, reserved, allocated");
    let bought = buy(&buyer, &[(&book, 1)], "pm_card_visa", "one").await;
    assert_eq!(bought["result"]["status"], json!("CONFIRMED"), "{bought}");
    stage.close().await;
}

on_both_engines!(two_lines);
