//! A price that goes 80 → 100 → 90 is no reduction: the prior price is 80, and the announcement is refused. Once 100 was asked
//! for 30 days, it is one; while reductions follow each other 100 stays the prior price, until the end or until the price rises.

use std::sync::{Arc, Mutex};

use app::actor::Role;
use app::clock::ManualClock;
use domain::values::Timestamp;
use serde_json::{Value, json};
use testkit::{Book, Engine};

use super::{Stage, on_both_engines};
use crate::http::operations::create;

/// 2026-11-02T09:00:00+01:00, a Monday.
const MONDAY: Timestamp = Timestamp::from_micros(1_793_606_400_000_000);
/// How often a read model that is behind is asked again; each time it is waited for.
const TRIES_MAX: usize = 60;
const DAY_SECONDS: i64 = 24 * 60 * 60;

const SHOWN: &str = "price { gross { minorUnits } }
    reduction { priorPrice { minorUnits } percentage startsAt endsAt } dollars: reduction(currency: USD) { percentage }";
const ERRORS: &str =
    "errors { code message ... on PriceNotReducedError { price { minorUnits } priorPrice { minorUnits } } }";

/// A shop with one book, and the clock on its wall.
struct Prices {
    stage: Stage,
    clock: Arc<ManualClock>,
    book: Book,
    /// The position of the last change.
    written: Mutex<String>,
}

impl Prices {
    fn pass_days(&self, days: i64) {
        self.clock.advance_seconds(days * DAY_SECONDS);
    }

    /// Runs a mutation of staff on the book and returns its payload.
    async fn change(&self, mutation: &str, kind: &str, more: Value) -> Value {
        let mut input = json!({ "sku": self.book.sku.as_str() });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let query = format!(
            "mutation($i: {kind}!) {{ {mutation}(input: $i) {{ result {{ version {SHOWN} }} {ERRORS} position }} }}"
        );
        let payload = self.stage.server.of_role(Role::Staff).call(&query, json!({ "i": input })).await[mutation].take();
        if let Some(position) = payload["position"].as_str() {
            *self.written.lock().expect("no panic") = position.to_owned();
        }
        payload
    }

    async fn cost(&self, euros: &str) {
        let price = json!({ "price": { "amount": euros, "currency": "EUR" }, "vatRate": "0.055" });
        let changed = self.change("variantPriceSet", "VariantPriceSetInput", price).await;
        assert_eq!(changed["errors"], json!([]), "{changed}");
    }

    async fn announce(&self, ends_at: Option<&str>) -> Value {
        let more = json!({ "endsAt": ends_at });
        self.change("variantReductionAnnounce", "VariantReductionAnnounceInput", more).await
    }

    /// Returns what shoppers see on the product's page: the price, the prior price and the percentage.
    async fn page(&self, as_of: Value) -> (i64, Option<(i64, i64)>) {
        let query =
            format!("query($id: ID!, $at: AsOf) {{ product(id: $id, asOf: $at) {{ variants {{ {SHOWN} }} }} }}");
        let variables = json!({ "id": self.book.product.as_str(), "at": as_of });
        let (shopper, written) = (self.stage.server.guest().await, self.written.lock().expect("no panic").clone());
        let headers = [("After-Position", written.as_str()), ("Consistency", "strict")];
        let mut answer = shopper.ask_with(&headers, &query, variables.clone()).await;
        for _ in 0..TRIES_MAX {
            if answer["errors"][0]["extensions"]["code"] != "PROJECTION_BEHIND" {
                break;
            }
            answer = shopper.ask_with(&headers, &query, variables.clone()).await;
        }
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        let variant = answer["data"]["product"]["variants"][0].take();
        assert_eq!(variant["dollars"], Value::Null, "{variant}");
        shown(&variant)
    }
}

fn shown(variant: &Value) -> (i64, Option<(i64, i64)>) {
    let reduction = &variant["reduction"];
    let prior = reduction["priorPrice"]["minorUnits"].as_i64();
    let price = variant["price"]["gross"]["minorUnits"].as_i64().expect("a price");
    (price, prior.map(|prior| (prior, reduction["percentage"].as_i64().expect("a percentage"))))
}

/// Announces 90 after 80 and 100, at once and once it may be; returns the position of what was announced.
async fn from_eighty_to_ninety(prices: &Prices) -> Value {
    prices.pass_days(1);
    prices.cost("100.00").await;
    prices.pass_days(1);
    prices.cost("90.00").await;
    let refused = prices.announce(None).await;
    let error = &refused["errors"][0];
    assert_eq!(error["code"], json!("PRICE_NOT_REDUCED"), "{refused}");
    let amounts = (&error["price"]["minorUnits"], &error["priorPrice"]["minorUnits"]);
    assert_eq!(amounts, (&json!(9_000), &json!(8_000)), "{refused}");
    assert_eq!(refused["result"], Value::Null, "nothing was announced: {refused}");
    assert_eq!(prices.page(Value::Null).await, (9_000, None));

    prices.cost("100.00").await;
    prices.pass_days(30);
    prices.cost("90.00").await;
    let announced = prices.announce(Some("2026-12-11T09:00:00+01:00")).await;
    assert_eq!(announced["errors"], json!([]), "{announced}");
    assert_eq!(shown(&announced["result"]), (9_000, Some((10_000, 10))), "{announced}");
    let again = prices.announce(Some("2026-12-11T09:00:00+01:00")).await;
    assert_eq!(again["result"]["version"], announced["result"]["version"], "a repeat changes nothing");
    announced["position"].clone()
}

/// Lets another reduction follow, and sells at its price.
async fn to_seventy(prices: &Prices, announced: &Value) {
    prices.pass_days(2);
    prices.cost("70.00").await;
    assert_eq!(prices.page(Value::Null).await, (7_000, Some((10_000, 30))));
    assert_eq!(prices.page(json!({ "position": announced })).await, (9_000, Some((10_000, 10))));
    let shopper = prices.stage.server.guest().await;
    let cart = create(&shopper, &[(&prices.book, 2)]).await;
    assert_eq!(cart["result"]["payable"]["minorUnits"], json!(14_000), "the present price is paid: {cart}");
}

async fn told_honestly(engine: Engine) {
    let clock = Arc::new(ManualClock::starting_at(MONDAY));
    let Some(stage) = Stage::open_by(engine, clock.clone()).await else { return };
    let book = stage.book("LIV-80", 8_000, &[5]).await;
    let prices = Prices { stage, clock, book, written: Mutex::default() };
    let announced = from_eighty_to_ninety(&prices).await;
    to_seventy(&prices, &announced).await;

    prices.pass_days(4);
    assert_eq!(prices.page(Value::Null).await, (7_000, Some((10_000, 30))), "until its end");
    prices.pass_days(1);
    assert_eq!(prices.page(Value::Null).await, (7_000, None), "its end has come");
    let before = json!({ "time": "2026-12-11T08:59:59+01:00" });
    assert_eq!(prices.page(before).await, (7_000, Some((10_000, 30))), "as it was a second before");

    let anew = prices.announce(None).await;
    assert_eq!(shown(&anew["result"]), (7_000, Some((9_000, 22))), "the lowest before 70 was asked: {anew}");
    prices.cost("70.01").await;
    assert_eq!(prices.page(Value::Null).await, (7_001, None), "the price rises");
    prices.cost("65.00").await;
    assert_eq!(prices.announce(None).await["result"]["reduction"]["priorPrice"]["minorUnits"], json!(7_000));
    let ended = prices.change("variantReductionEnd", "VariantReductionEndInput", json!({})).await;
    assert_eq!(shown(&ended["result"]), (6_500, None), "{ended}");

    let history = "query($sku: String!) { variant(sku: $sku) { history(first: 50) { nodes { type actorKind } } } }";
    let auditor = prices.stage.server.of_role(Role::Auditor);
    let told = auditor.call(history, json!({ "sku": prices.book.sku.as_str() })).await;
    let events = told["variant"]["history"]["nodes"].as_array().expect("events").iter();
    let of = |name: &str| events.clone().filter(|event| event["type"] == name && event["actorKind"] == "staff").count();
    assert_eq!(of("catalog.variant_reduction_announced"), 3, "{told}");
    assert_eq!(of("catalog.variant_reduction_ended"), 2, "{told}");
    prices.stage.close().await;
}

on_both_engines!(told_honestly);
