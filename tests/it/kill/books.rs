//! What must be true after every kill: orders, money and stock agree, and nothing is half done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::program::{Program, Wire};
use super::rest::Rest;
use super::shoppers::Placed;
use super::{SCARCE, SKUS, UNITS, UNITS_SCARCE};

const ORDERS: &str = "query($after: String) { orders(first: 25, after: $after) { nodes {
    id cartId status paymentStatus fulfilmentStatus payable { minorUnits } authorised { minorUnits }
    lines { sku quantity } fulfilments { status } payments { status authorised { minorUnits } amount { minorUnits } } }
    pageInfo { hasNextPage endCursor } } }";
const HEALTH: &str = "{ projections { name lagEvents state } tasks { id question } }";
const STOCK: &str = "query($sku: String!) { stock(sku: $sku) { onHand available reserved allocated } }";

/// What the shop's books sum to.
pub struct Sums {
    /// Orders that the shop owes.
    pub confirmed: usize,
    /// Orders that never became a sale or were called off.
    pub called_off: usize,
    /// Payments that hold money.
    pub held: usize,
    /// Units sold.
    pub units: i64,
}

/// Waits until nothing is under way, then compares the books, the shop's and those in the provider's journal: the shop owes
/// what was acknowledged.
pub async fn check(program: &Program, journal: &Path, placed: &BTreeMap<String, Placed>, limit: Duration) -> Sums {
    let acknowledged: BTreeSet<String> = placed.values().filter_map(|placed| placed.order.clone()).collect();
    check_owed(program, journal, limit, |owed| {
        assert_eq!(acknowledged, *owed, "orders that were acknowledged, and orders that the shop owes");
    })
    .await
}

/// As [`check`], where the shop may also owe what nobody could be told any more.
pub async fn check_beyond(program: &Program, journal: &Path, acknowledged: &BTreeSet<String>, limit: Duration) -> Sums {
    check_owed(program, journal, limit, |owed| {
        let lost: Vec<_> = acknowledged.difference(owed).collect();
        assert!(lost.is_empty(), "orders that were acknowledged and that the shop does not owe: {lost:?}");
    })
    .await
}

/// As [`check`], of a shop that was put back to where it was: it owes a part of what was acknowledged and what nobody could
/// be told, and the provider may hold money for orders that are not known any more.
pub async fn check_restored(
    program: &Program,
    journal: &Path,
    placed: &BTreeMap<String, Placed>,
    limit: Duration,
) -> Sums {
    let staff = program.staff_token();
    let orders = settled(program, &staff, limit).await;
    let confirmed: Vec<&Value> = orders.iter().filter(|order| order["status"] == "CONFIRMED").collect();
    let owed: BTreeSet<&str> = confirmed.iter().filter_map(|order| order["id"].as_str()).collect();
    assert!(placed.values().filter_map(|placed| placed.order.as_deref()).any(|order| owed.contains(order)));
    check_carts(&confirmed);
    let known: BTreeSet<&str> = orders.iter().filter_map(|order| order["id"].as_str()).collect();
    let held = held_money(journal).into_iter().filter(|(order, _)| known.contains(order.as_str())).collect();
    let held = check_money(held, &confirmed);
    let units = check_stock(&program.wire, &staff, &confirmed).await;
    Sums { confirmed: confirmed.len(), called_off: orders.len() - confirmed.len(), held, units }
}

/// Waits until nothing is under way, and returns all orders.
async fn settled(program: &Program, staff: &str, limit: Duration) -> Vec<Value> {
    let mut rest = Rest::of(program).await;
    let settled = async {
        loop {
            // Once nothing is under way nothing more will be, and what is read after it stays.
            if rest.under_way().await.is_empty() && caught_up(&program.wire, staff).await {
                let orders = orders(&program.wire, staff).await;
                if !orders.iter().any(is_under_way) && reserved(&program.wire, staff).await == 0 {
                    return orders;
                }
            }
        }
    };
    let outcome = tokio::time::timeout(limit, settled).await;
    let Ok(orders) = outcome else {
        let under_way = rest.under_way().await;
        panic!("something is half done after {limit:?}: {under_way:?}, {}", half_done(&program.wire, staff).await);
    };
    orders
}

async fn check_owed(
    program: &Program,
    journal: &Path,
    limit: Duration,
    compare: impl FnOnce(&BTreeSet<String>),
) -> Sums {
    let staff = program.staff_token();
    let orders = settled(program, &staff, limit).await;
    let (confirmed, called_off): (Vec<&Value>, Vec<&Value>) =
        orders.iter().partition(|order| order["status"] == "CONFIRMED");
    compare(&confirmed.iter().filter_map(|order| order["id"].as_str()).map(str::to_owned).collect());
    check_carts(&confirmed);
    let held = check_money(held_money(journal), &confirmed);
    let units = check_stock(&program.wire, &staff, &confirmed).await;
    Sums { confirmed: confirmed.len(), called_off: called_off.len(), held, units }
}

/// Says whether every read model has told all of the log; nothing may stand still or wait for a human.
async fn caught_up(wire: &Wire, staff: &str) -> bool {
    let health = wire.call(Some(staff), HEALTH, json!({})).await;
    assert_eq!(health["tasks"], json!([]), "nothing waits for a human");
    let projections = health["projections"].as_array().expect("projections");
    assert!(projections.iter().all(|one| one["state"] != "STALLED"), "{health}");
    projections.iter().all(|one| one["lagEvents"] == 0)
}

/// An order is done where the warehouse was asked and the money is held, or where it was called off and nothing is.
fn is_under_way(order: &Value) -> bool {
    let payments = order["payments"].as_array().expect("payments");
    match order["status"].as_str() {
        Some("CONFIRMED") => {
            order["fulfilmentStatus"] != "REQUESTED"
                || order["paymentStatus"] != "AUTHORISED"
                || order["fulfilments"].as_array().is_none_or(Vec::is_empty)
        }
        Some("REJECTED" | "CANCELLED") => {
            payments.iter().any(|payment| payment["status"] != "VOIDED" && payment["status"] != "DECLINED")
        }
        _ => true,
    }
}

async fn orders(wire: &Wire, staff: &str) -> Vec<Value> {
    let (mut orders, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut page = wire.call(Some(staff), ORDERS, json!({ "after": after })).await["orders"].take();
        orders.append(page["nodes"].as_array_mut().expect("orders"));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            return orders;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
}

async fn levels(wire: &Wire, staff: &str, sku: &str) -> Vec<Value> {
    let mut stock = wire.call(Some(staff), STOCK, json!({ "sku": sku })).await;
    stock["stock"].as_array_mut().expect("levels").drain(..).collect()
}

async fn reserved(wire: &Wire, staff: &str) -> i64 {
    let mut sum = 0;
    for sku in SKUS.iter().chain([&SCARCE]) {
        sum += sum_of(&levels(wire, staff, sku).await, "reserved");
    }
    sum
}

fn sum_of(levels: &[Value], what: &str) -> i64 {
    levels.iter().map(|level| level[what].as_i64().expect("a number")).sum()
}

async fn half_done(wire: &Wire, staff: &str) -> String {
    let health = wire.call(Some(staff), HEALTH, json!({})).await;
    let open: Vec<Value> = orders(wire, staff).await.into_iter().filter(is_under_way).collect();
    format!("{} units reserved, orders {open:?}, {health}", reserved(wire, staff).await)
}

/// No cart became two orders.
fn check_carts(confirmed: &[&Value]) {
    let carts: BTreeSet<&str> = confirmed.iter().filter_map(|order| order["cartId"].as_str()).collect();
    assert_eq!(carts.len(), confirmed.len(), "no cart became two orders");
}

#[derive(Deserialize)]
struct JournalLine {
    intent: Option<Intent>,
}

#[derive(Deserialize)]
struct Intent {
    id: String,
    capturable: i64,
    received: i64,
    metadata: BTreeMap<String, String>,
}

/// Returns the provider's own books: the orders that money is held for, and how much.
fn held_money(journal: &Path) -> Vec<(String, i64)> {
    let text = std::fs::read_to_string(journal).expect("the provider keeps a journal");
    let mut intents = BTreeMap::new();
    for line in text.lines() {
        let line: JournalLine = serde_json::from_str(line).expect("a line of the journal");
        if let Some(intent) = line.intent {
            intents.insert(intent.id.clone(), intent);
        }
    }
    let mut held: Vec<(String, i64)> = Vec::new();
    for intent in intents.into_values().filter(|intent| intent.capturable > 0 || intent.received > 0) {
        held.push((intent.metadata.get("order").cloned().unwrap_or_default(), intent.capturable + intent.received));
    }
    held
}

/// Exactly the owed orders hold money, once, and what they cost. Returns how many do.
fn check_money(mut held: Vec<(String, i64)>, confirmed: &[&Value]) -> usize {
    let amount = |value: &Value| value["minorUnits"].as_i64().expect("an amount");
    let mut owed: Vec<(String, i64)> = confirmed
        .iter()
        .map(|order| (order["id"].as_str().unwrap_or_default().to_owned(), amount(&order["payable"])))
        .collect();
    held.sort();
    owed.sort();
    assert_eq!(held, owed, "money that the provider holds, and orders that it was held for");
    for order in confirmed {
        let payments = order["payments"].as_array().expect("payments");
        let authorised: i64 = payments.iter().map(|payment| amount(&payment["authorised"])).sum();
        let expected = (1, amount(&order["payable"]), amount(&order["payable"]));
        assert_eq!((payments.len(), authorised, amount(&order["authorised"])), expected, "{order}");
    }
    held.len()
}

/// No unit is lost, made or sold twice. Returns how many are sold.
async fn check_stock(wire: &Wire, staff: &str, confirmed: &[&Value]) -> i64 {
    let mut sold = BTreeMap::<String, i64>::new();
    for line in confirmed.iter().flat_map(|order| order["lines"].as_array().into_iter().flatten()) {
        let sku = line["sku"].as_str().expect("a SKU").to_owned();
        *sold.entry(sku).or_default() += line["quantity"].as_i64().expect("a quantity");
    }
    for sku in SKUS.iter().chain([&SCARCE]) {
        let levels = levels(wire, staff, sku).await;
        let received = if *sku == SCARCE { UNITS_SCARCE } else { 2 * UNITS };
        for level in &levels {
            let parts = ["available", "reserved", "allocated"].map(|part| level[part].as_i64().expect("a number"));
            assert_eq!(level["onHand"].as_i64(), Some(parts.iter().sum()), "{sku}: {level}");
        }
        assert_eq!(sum_of(&levels, "onHand"), received, "{sku}: no unit came or went");
        let allocated = sold.get(*sku).copied().unwrap_or_default();
        assert_eq!(sum_of(&levels, "allocated"), allocated, "{sku}: units sold, and units of owed orders");
    }
    sold.values().sum()
}
