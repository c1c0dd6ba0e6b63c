//! The provider's answer to a capture gets lost: what became of it is asked for, and money is taken once.

use app::actor::Role;
use serde_json::json;
use testkit::Engine;

use super::{Stage, on_both_engines};
use crate::http::journey::staff_step;
use crate::http::operations::{buy, order_when};

async fn one_capture(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let book = stage.book("LIV-1", 1_055, &[5]).await;
    let (buyer, staff) = (stage.server.guest().await, stage.server.of_role(Role::Staff));
    for (nth, method) in ["pm_card_timeout", "pm_card_unavailable"].into_iter().enumerate() {
        let placed = buy(&buyer, &[(&book, 1)], method, method).await;
        let id = placed["result"]["id"].as_str().expect("an order").to_owned();
        let order = order_when(&buyer, &id, |order| order["fulfilments"][0]["id"].is_string()).await;
        staff_step(&staff, "fulfilmentPack", json!({ "fulfilmentId": order["fulfilments"][0]["id"] })).await;
        let order = order_when(&buyer, &id, |order| order["paymentStatus"] == "CAPTURED").await;
        let captured = &order["payments"][0]["captured"]["minorUnits"];
        assert_eq!((captured, order["payments"].as_array().map(Vec::len)), (&json!(1_055 + 390), Some(1)), "{order}");
        let books = stage.shop.simulator().ledger();
        let taken: Vec<_> = books.iter().map(|line| (line.captured.minor(), line.held.minor())).collect();
        assert_eq!(taken, vec![(1_055 + 390, 0); nth + 1], "{books:?}");
    }
    stage.close().await;
}

on_both_engines!(one_capture);
