//! Several cards pay one order, a part each: it is owed once they hold everything; a part that is declined leaves the others; each
//! parcel is paid by both and invoiced once; what comes back goes back to the cards that paid it; an order that is called off, or
//! whose rest is never paid, gives every part back.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::journey::{deliver, return_units};
use crate::http::operations::{ORDER, create, fill, order_when};

const MONEY: &str =
    "paymentDue { minorUnits } authorised { minorUnits } captured { minorUnits } refunded { minorUnits }
    invoices { payable { minorUnits } } creditNotes { total { minorUnits } }";

fn euros(cents: i64) -> Value {
    json!({ "amount": format!("{}.{:02}", cents / 100, cents % 100), "currency": "EUR" })
}

/// Checks a cart of three books out, 29.55 with its delivery; the first card is to hold so much. Returns the payload.
async fn check_out(stage: &Stage, buyer: &Client, sku: &str, first: i64) -> Value {
    let book = stage.book(sku, 855, &[3, 3]).await;
    let created = create(buyer, &[(&book, 3)]).await;
    let cart = fill(buyer, created["result"]["id"].as_str().expect("a cart"), "pm_card_visa").await;
    let query = format!(
        "mutation($i: CheckoutCompleteInput!, $k: String!) {{ checkoutComplete(input: $i, idempotencyKey: $k)
           {{ result {{ ...O {MONEY} }} errors {{ ...E }} }} }} {ORDER}"
    );
    let total = json!({ "amount": cart["payable"]["amount"], "currency": "EUR" });
    let input = json!({ "cartId": cart["id"], "expectedTotal": total, "paymentAmount": euros(first) });
    buyer.call(&query, json!({ "i": input, "k": sku })).await["checkoutComplete"].take()
}

/// Pays an order with a card: so much of what is due, or all of it. Returns the payload.
async fn pay(buyer: &Client, order: &Value, card: &str, cents: Option<i64>) -> Value {
    let query = format!(
        "mutation($i: OrderPayInput!, $k: String!) {{ orderPay(input: $i, idempotencyKey: $k)
           {{ result {{ ...O {MONEY} }} errors {{ ...E }} }} }} {ORDER}"
    );
    let input = json!({ "orderId": order["id"], "paymentMethodToken": card, "amount": cents.map(euros) });
    let key = uuid::Uuid::new_v4().to_string();
    buyer.call(&query, json!({ "i": input, "k": key })).await["orderPay"].take()
}

fn minor(order: &Value, what: &str) -> i64 {
    order[what]["minorUnits"].as_i64().expect("an amount")
}

/// Asks until the money of an order is as wanted.
async fn money_when(client: &Client, id: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    let query = format!("query($id: ID!) {{ order(id: $id) {{ status paymentStatus {MONEY} }} }}");
    let found = async {
        loop {
            let order = client.call(&query, json!({ "id": id })).await["order"].take();
            if wanted(&order) {
                return order;
            }
        }
    };
    tokio::time::timeout(testkit::PATIENCE, found).await.expect("the money comes to be as wanted in time")
}

/// What the bank holds, has taken and has given back of each payment of an order.
fn at_the_bank(stage: &Stage, order: &Value) -> Vec<[i64; 3]> {
    let lines = stage.shop.simulator().ledger().into_iter().filter(|line| order["id"] == json!(line.order));
    lines.map(|line| [line.held.minor(), line.captured.minor(), line.refunded.minor()]).collect()
}

fn amounts(list: &Value, field: &str) -> Vec<i64> {
    list.as_array().expect("documents").iter().map(|document| minor(document, field)).collect()
}

async fn two_cards_pay(stage: &Stage, buyer: &Client, staff: &Client) -> Value {
    let refused = check_out(stage, buyer, "LIV-0", 2_956).await;
    assert_eq!(refused["errors"][0]["code"], json!("PAYMENT_AMOUNT_INVALID"), "{refused}");
    let placed = check_out(stage, buyer, "LIV-1", 1_000).await;
    assert_eq!(placed["errors"], json!([]), "{placed}");
    let order = &placed["result"];
    assert_eq!((&order["status"], &order["paymentStatus"]), (&json!("PLACED"), &json!("PARTIALLY_AUTHORISED")));
    assert_eq!((minor(order, "paymentDue"), minor(order, "authorised")), (1_955, 1_000));

    let too_much = pay(buyer, order, "pm_card_visa", Some(1_956)).await;
    assert_eq!(too_much["errors"][0]["code"], json!("PAYMENT_AMOUNT_INVALID"), "{too_much}");
    let declined = pay(buyer, order, "pm_card_chargeDeclined", None).await;
    assert_eq!(declined["errors"][0]["code"], json!("PAYMENT_DECLINED"), "{declined}");
    assert_eq!((minor(&declined["result"], "paymentDue"), minor(&declined["result"], "authorised")), (1_955, 1_000));
    let stranger = pay(&stage.server.guest().await, order, "pm_card_visa", None).await;
    assert_eq!(stranger["errors"][0]["code"], json!("NOT_FOUND"), "{stranger}");
    let paid = pay(buyer, order, "pm_card_visa", None).await;
    assert_eq!(paid["errors"], json!([]), "{paid}");
    let id = order["id"].as_str().expect("an order");
    let confirmed = order_when(buyer, id, |order| order["status"] == "CONFIRMED").await;
    assert_eq!(confirmed["paymentStatus"], json!("AUTHORISED"));
    assert_eq!(minor(&paid["result"], "paymentDue"), 0);
    let statuses: Vec<_> =
        confirmed["payments"].as_array().expect("payments").iter().map(|paid| &paid["status"]).collect();
    assert_eq!(statuses, [&json!("AUTHORISED"), &json!("DECLINED"), &json!("AUTHORISED")]);
    assert_eq!(at_the_bank(stage, order).iter().map(|[held, ..]| *held).sum::<i64>(), 2_955);
    deliver(buyer, staff, id).await
}

async fn several_cards(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let (buyer, staff) = (stage.server.guest().await, stage.server.of_role(Role::Staff));
    let order = two_cards_pay(&stage, &buyer, &staff).await;
    let sent = money_when(&staff, &order["id"], |order| amounts(&order["invoices"], "payable").len() == 1).await;
    assert_eq!((amounts(&sent["invoices"], "payable"), minor(&sent, "captured")), (vec![2_955], 2_955));
    let taken: Vec<_> = at_the_bank(&stage, &order).into_iter().filter(|[_, captured, _]| *captured > 0).collect();
    assert_eq!(taken, [[0, 1_000, 0], [0, 1_955, 0]]);

    return_units((&buyer, &staff), &order, &order["lines"][0]["id"], (2, 0)).await;
    let credited = |order: &Value| amounts(&order["creditNotes"], "total").iter().sum::<i64>() == 1_710;
    let back = money_when(&staff, &order["id"], credited).await;
    assert_eq!(amounts(&back["creditNotes"], "total"), [1_000, 710], "a note for each card");
    assert_eq!((&back["paymentStatus"], minor(&back, "refunded")), (&json!("PARTIALLY_REFUNDED"), 1_710));
    let taken: Vec<_> = at_the_bank(&stage, &order).into_iter().filter(|[_, captured, _]| *captured > 0).collect();
    assert_eq!(taken, [[0, 1_000, 1_000], [0, 1_955, 710]]);

    let placed = check_out(&stage, &buyer, "LIV-2", 1_000).await;
    let cancel = "mutation($i: OrderCancelInput!) { orderCancel(input: $i) { errors { code message } } }";
    let input = json!({ "orderId": placed["result"]["id"], "reason": "changed my mind" });
    assert_eq!(buyer.call(cancel, json!({ "i": input })).await["orderCancel"]["errors"], json!([]));
    money_when(&buyer, &placed["result"]["id"], |order| order["status"] == "CANCELLED").await;
    assert_eq!(at_the_bank(&stage, &placed["result"]), [[0, 0, 0]]);
    stage.close().await;
}

on_both_engines!(several_cards);
