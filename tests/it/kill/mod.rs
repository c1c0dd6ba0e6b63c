//! `kill -9` in the middle of many shoppers checking out: the real binary, over HTTP, on both durable engines.
//!
//! A round: shoppers fill carts and place orders, each under a key of its own; once so many orders are acknowledged the
//! server is killed, opened again on the same data, and every shopper sends what had no answer once more, under the same
//! key, until it is answered. Then the books must agree: orders, money and stock. `COMPTOIR_KILLS` says how many rounds
//! an engine goes through (2 unless told otherwise, 10 for a release), `COMPTOIR_BINARY` which binary to kill.

pub mod books;
pub mod program;
mod rest;
pub mod shoppers;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use test_postgres::TestPostgres;
use testkit::TempFolder;

use books::Sums;
use program::{Program, Wire};
use shoppers::{Placed, Shoppers};

/// How many shoppers check out at once.
pub const SHOPPERS: usize = 32;
/// How often the server is killed unless `COMPTOIR_KILLS` says otherwise.
const KILLS: usize = 2;
/// How long the shop may take to finish or undo everything after a restart.
pub const SETTLE_SECONDS_MAX: u64 = 60;
/// How long shoppers may take to be served, before and after a kill.
pub const ROUND_SECONDS_MAX: u64 = 120;
/// Where the provider keeps its books.
pub const JOURNAL: &str = "payments.jsonl";
/// What is for sale.
const SKUS: [&str; 4] = ["LIV-1", "LIV-2", "LIV-3", "LIV-4"];
/// How many units of each SKU stand at each of the two locations.
const UNITS: i64 = 100_000;
/// How many units of [`SCARCE`] stand at one location: some checkouts are refused.
const UNITS_SCARCE: i64 = 20;
/// The SKU that runs out.
const SCARCE: &str = "LIV-RARE";

pub fn kills() -> usize {
    std::env::var("COMPTOIR_KILLS").ok().map_or(KILLS, |text| text.parse().expect("COMPTOIR_KILLS is a number"))
}

/// Runs a mutation of staff, under a key, and returns what is wanted of its result.
async fn mutate(wire: &Wire, staff: &str, (name, kind, wanted): (&str, &str, &str), input: Value) -> Value {
    let query = format!(
        "mutation($i: {kind}!, $k: String!) {{ {name}(input: $i, idempotencyKey: $k)
            {{ result {{ {wanted} }} errors {{ code message }} }} }}"
    );
    let variables = json!({ "i": input, "k": format!("{name}-{}", uuid::Uuid::new_v4().simple()) });
    let mut payload = wire.call(Some(staff), &query, variables).await[name].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["result"].take()
}

/// Puts the books on the shelves, as staff does.
pub async fn stock_up(wire: &Wire, staff: &str) {
    let category = json!({ "slug": "livres", "name": { "fr": "Livres" } });
    let category = mutate(wire, staff, ("categoryCreate", "CategoryCreateInput", "id"), category).await["id"].take();
    for sku in SKUS.iter().chain([&SCARCE]) {
        let product = json!({ "name": { "fr": sku }, "categories": [category], "publish": true });
        let product = mutate(wire, staff, ("productCreate", "ProductCreateInput", "id"), product).await["id"].take();
        let price = json!({ "price": { "amount": "10.55", "currency": "EUR" }, "vatRate": "0.055" });
        let variant = json!({ "productId": product, "sku": sku, "prices": [price] });
        mutate(wire, staff, ("variantCreate", "VariantCreateInput", "sku"), variant).await;
        let shelves: &[(&str, i64)] =
            if *sku == SCARCE { &[("paris", UNITS_SCARCE)] } else { &[("paris", UNITS), ("lyon", UNITS)] };
        for (location, units) in shelves {
            let received = json!({ "sku": sku, "location": location, "quantity": units, "reference": "test" });
            mutate(wire, staff, ("stockReceive", "StockReceiveInput", "version"), received).await;
        }
    }
}

/// Says after how many acknowledged orders the server is killed: another moment each round, within one wave of shoppers
/// and beyond it.
fn moment(round: usize) -> usize {
    1 + round * 29 % 61
}

async fn kill_and_open_again(database_url: Option<String>, engine: &str) {
    let folder = TempFolder::new();
    let mut program = Program::open(folder.path(), database_url.as_deref()).await;
    let staff = program.staff_token();
    stock_up(&program.wire, &staff).await;
    let mut shoppers = Shoppers::arrive(&program.wire, SHOPPERS).await;
    let mut placed = BTreeMap::<String, Placed>::new();
    let limit = Duration::from_secs(ROUND_SECONDS_MAX);
    let rounds = kills();
    for round in 0..rounds {
        let wire = program.wire.clone();
        let acknowledged = shoppers.shop_until(&wire, moment(round), || program.kill());
        let acknowledged = tokio::time::timeout(limit, acknowledged).await.expect("the shoppers are served in time");
        let count = acknowledged.len();
        remember(&mut placed, acknowledged);
        program = program.open_again().await;
        let unanswered = shoppers.unanswered();
        let answered = tokio::time::timeout(limit, shoppers.repeat(&program.wire)).await;
        let repeated = answered.expect("every repeat is answered in time");
        remember(&mut placed, repeated);
        shoppers.ask_again(&program.wire, &placed).await;
        let sums =
            books::check(&program, &program.data(JOURNAL), &placed, Duration::from_secs(SETTLE_SECONDS_MAX)).await;
        let refused = placed.values().filter(|placed| placed.order.is_none()).count();
        tell(engine, round, (count, unanswered, refused), &sums);
    }
    program.stop().await;
}

/// Adds what was answered. The second answer under a key must be the first one.
pub fn remember(placed: &mut BTreeMap<String, Placed>, answered: Vec<Placed>) {
    for answer in answered {
        if let Some(before) = placed.insert(answer.key.clone(), answer.clone()) {
            assert_eq!(before.order, answer.order, "one key, one order");
        }
    }
}

fn tell(engine: &str, round: usize, (acknowledged, unanswered, refused): (usize, usize, usize), sums: &Sums) {
    eprintln!(
        "{engine}, kill {}: {acknowledged} acknowledged before it, {unanswered} checkouts without an answer; \
         now {} orders confirmed, {refused} checkouts refused, {} orders called off, {} payments held, {} units sold",
        round + 1,
        sums.confirmed,
        sums.called_off,
        sums.held,
        sums.units,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_shop_keeps_its_word_on_sqlite() {
    Box::pin(kill_and_open_again(None, "SQLite")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_shop_keeps_its_word_on_postgres() {
    let Some(cluster) = TestPostgres::start_durable() else { return };
    Box::pin(kill_and_open_again(Some(cluster.create_database()), "PostgreSQL")).await;
}
