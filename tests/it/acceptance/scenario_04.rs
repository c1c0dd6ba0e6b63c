//! A checkout that is sent twenty times with one key, and through a crash after it was stored, is one order and one answer.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use test_postgres::TestPostgres;
use testkit::{Engine, TempFolder};

use super::on_both_engines;
use crate::kill::program::{NoAnswer, Program, Wire};
use crate::kill::shoppers::{COMPLETE, CREATE, UPDATE};
use crate::kill::stock_up;

const TIMES: usize = 20;
async fn one_order(engine: Engine) {
    let cluster = if engine == Engine::Postgres { TestPostgres::shared() } else { None };
    if engine == Engine::Postgres && cluster.is_none() {
        return;
    }
    let (folder, database) = (TempFolder::new(), cluster.map(TestPostgres::create_database));
    let mut program = Program::open(&folder.path().join("shop"), database.as_deref()).await;
    let (wire, staff) = (program.wire.clone(), program.staff_token());
    stock_up(&wire, &staff).await;
    let session = wire.call(None, "mutation { sessionStart { result { token } } }", json!({})).await;
    let token = session["sessionStart"]["result"]["token"].as_str().expect("a token").to_owned();
    let variables = ready_to_buy(&wire, &token).await;

    let stored_then_killed = async {
        while wire.call(Some(&staff), "{ orders(first: 1) { nodes { id } } }", json!({})).await["orders"]["nodes"]
            == json!([])
        {}
        program.kill();
    };
    let (first, ()) = tokio::join!(wire.ask(Some(&token), COMPLETE, variables.clone()), stored_then_killed);
    let program = program.open_again().await;
    let wire = &program.wire;
    let answers = join_all((0..TIMES).map(|_| confirmed(wire, &token, &variables))).await;
    let orders: BTreeSet<String> = answers.iter().map(|result| result.to_string()).collect();
    assert_eq!(orders.len(), 1, "{orders:?}");
    if let Ok(answer) = first
        && answer["checkoutComplete"]["warnings"] == json!([])
    {
        assert_eq!(answer["checkoutComplete"]["result"], answers[0], "what was answered before the crash");
    }
    let listed = wire.call(Some(&staff), "{ orders(first: 5) { nodes { id } } }", json!({})).await;
    assert_eq!(listed["orders"]["nodes"], json!([{ "id": answers[0]["id"] }]));
    program.stop().await;
}

/// Fills a cart and says everything that checkout asks for; returns the checkout's variables.
async fn ready_to_buy(wire: &Wire, token: &str) -> Value {
    let lines = json!([{ "sku": "LIV-1", "quantity": 2 }]);
    let created = wire.call(Some(token), CREATE, json!({ "i": { "currency": "EUR", "lines": lines } })).await;
    let address = json!({ "name": "Camille Durand", "line1": "12 rue des Martyrs", "postalCode": "75009",
        "city": "Paris", "country": "FR" });
    let details = json!({ "cartId": created["cartCreate"]["result"]["id"], "email": "camille@example.org",
        "address": address, "shipping": "standard", "paymentMethodToken": "pm_card_visa" });
    let updated = wire.call(Some(token), UPDATE, json!({ "i": details })).await;
    let payable = &updated["checkoutUpdate"]["result"]["payable"];
    json!({ "k": "once", "i": { "cartId": details["cartId"], "expectedTotal": payable } })
}

/// Sends the checkout until the answer is not that there is none yet.
async fn confirmed(wire: &Wire, token: &str, variables: &Value) -> Value {
    loop {
        match wire.ask(Some(token), COMPLETE, variables.clone()).await {
            Err(NoAnswer::Later) => {}
            Err(NoAnswer::Dead) => panic!("a server that stays does not answer"),
            Ok(mut answer) => {
                let payload = &mut answer["checkoutComplete"];
                assert_eq!(payload["errors"], json!([]), "{payload}");
                if payload["warnings"] == json!([]) {
                    assert_eq!(
                        (&payload["result"]["status"], &payload["replayed"]),
                        (&json!("CONFIRMED"), &json!(true))
                    );
                    return payload["result"].take();
                }
            }
        }
    }
}

on_both_engines!(one_order);
