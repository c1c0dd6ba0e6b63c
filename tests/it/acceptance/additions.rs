//! More is added to an order after it was placed: an order of its own that goes along and pays no shipping. Someone else's order is not
//! there; a declined card leaves the first as it was; the addition is cancelled before its order; once a parcel has left nothing is
//! added, and the cart may go its own way.

use app::actor::Role;
use serde_json::{Value, json};
use testkit::{Book, Client, Engine};

use super::{Stage, on_both_engines};
use crate::http::journey::deliver;
use crate::http::operations::{CART, buy, complete, fill, order_when};

const BOOK: i64 = 855;
const SHIPPING: i64 = 390;

/// Takes a cart of one book that adds to an order; returns the payload.
async fn cart_to(buyer: &Client, order: &Value, book: &Book) -> Value {
    let query = format!(
        "mutation($i: CartCreateInput!) {{ cartCreate(input: $i)
           {{ result {{ ...C addsToOrderId }} errors {{ ...E }} }} }} {CART}"
    );
    let lines = json!([{ "sku": book.sku.as_str(), "quantity": 1 }]);
    let input = json!({ "currency": "EUR", "lines": lines, "addTo": order });
    buyer.call(&query, json!({ "i": input })).await["cartCreate"].take()
}

async fn update(buyer: &Client, cart: &Value, mut change: Value) -> Value {
    let query = format!(
        "mutation($i: CheckoutUpdateInput!) {{ checkoutUpdate(input: $i) {{ result {{ ...C }} errors {{ ...E }} }} }} {CART}"
    );
    change["cartId"] = cart["id"].clone();
    buyer.call(&query, json!({ "i": change })).await["checkoutUpdate"].take()
}

/// Adds a book to an order and pays with a card; returns the payload.
async fn add(buyer: &Client, order: &Value, book: &Book, card: &str) -> Value {
    let created = cart_to(buyer, order, book).await;
    assert_eq!(created["errors"], json!([]), "{created}");
    let cart = &created["result"];
    assert_eq!((&cart["addsToOrderId"], &cart["missing"]), (order, &json!(["PAYMENT_METHOD"])));
    let paying = update(buyer, cart, json!({ "paymentMethodToken": card })).await;
    assert_eq!(paying["result"]["missing"], json!([]), "{paying}");
    complete(buyer, &paying["result"], &uuid::Uuid::new_v4().to_string()).await
}

async fn cancel(buyer: &Client, order: &Value) -> Value {
    let query = "mutation($i: OrderCancelInput!) { orderCancel(input: $i) { errors { code message } } }";
    let input = json!({ "orderId": order, "reason": "changed my mind" });
    buyer.call(query, json!({ "i": input })).await["orderCancel"]["errors"].take()
}

/// What an order goes along with, and what goes along with it.
async fn along(client: &Client, order: &Value) -> Value {
    let query = "query($id: ID!) { order(id: $id) { addsTo { id } additions { id }
        fulfilments { shipsWithOrderIds } shipping { total { gross { minorUnits } } } } }";
    client.call(query, json!({ "id": order })).await["order"].take()
}

fn id(order: &Value) -> &str {
    order.as_str().expect("an id")
}

async fn is_confirmed(client: &Client, order: &Value) -> Value {
    let has_parcel = |order: &Value| order["status"] == "CONFIRMED" && order["fulfilments"][0]["id"].is_string();
    order_when(client, id(order), has_parcel).await
}

async fn is_cancelled(client: &Client, order: &Value) {
    order_when(client, id(order), |order| order["status"] == "CANCELLED").await;
}

/// Waits until what a parcel of an order says that it goes along with is as wanted.
async fn ships_with(client: &Client, order: &Value, wanted: Value) {
    let found = async { while along(client, order).await["fulfilments"][0]["shipsWithOrderIds"] != wanted {} };
    tokio::time::timeout(testkit::PATIENCE, found).await.unwrap_or_else(|_| panic!("it never ships with {wanted}"));
}

/// It is added to, and sent for nothing; the addition is cancelled first.
async fn goes_along(buyer: &Client, book: &Book) {
    let first = buy(buyer, &[(book, 1)], "pm_card_visa", "first").await["result"]["id"].take();
    is_confirmed(buyer, &first).await;
    let added = add(buyer, &first, book, "pm_card_visa").await;
    assert_eq!(added["errors"], json!([]), "{added}");
    let addition = &added["result"]["id"];
    assert_eq!(added["result"]["payable"]["minorUnits"], json!(BOOK), "it is sent for nothing");
    is_confirmed(buyer, addition).await;
    let told = along(buyer, addition).await;
    assert_eq!((&told["addsTo"]["id"], &told["additions"]), (&first, &json!([])));
    assert_eq!(told["shipping"]["total"]["gross"]["minorUnits"], json!(0));
    assert_eq!(along(buyer, &first).await["additions"], json!([{ "id": addition }]));
    ships_with(buyer, addition, json!([first])).await;
    ships_with(buyer, &first, json!([addition])).await;

    let errors = cancel(buyer, &first).await;
    assert_eq!(errors[0]["code"], json!("ORDER_HAS_ADDITIONS"), "{errors}");
    assert_eq!(cancel(buyer, addition).await, json!([]));
    is_cancelled(buyer, addition).await;
    ships_with(buyer, &first, json!([])).await;
    assert_eq!(cancel(buyer, &first).await, json!([]));
    is_cancelled(buyer, &first).await;
}

/// Nobody adds to someone else's order, and nobody sends an addition elsewhere.
async fn is_refused(stage: &Stage, buyer: &Client, first: &Value, book: &Book) {
    let stranger = cart_to(&stage.server.guest().await, first, book).await;
    assert_eq!(stranger["errors"][0]["code"], json!("NOT_FOUND"), "{stranger}");
    assert_eq!(stranger["errors"][0]["path"], json!(["addTo"]), "{stranger}");
    let created = cart_to(buyer, first, book).await;
    for change in [json!({ "email": "else@example.org" }), json!({ "shipping": "standard" })] {
        let refused = update(buyer, &created["result"], change).await;
        assert_eq!(refused["errors"][0]["code"], json!("CART_GOES_ALONG"), "{refused}");
    }
}

/// A parcel of the order leaves while its cart is being filled: the checkout says no, and the cart goes its own way.
async fn comes_too_late((buyer, staff): (&Client, &Client), first: &Value, book: &Book) {
    let created = cart_to(buyer, first, book).await;
    let paying = update(buyer, &created["result"], json!({ "paymentMethodToken": "pm_card_visa" })).await;
    deliver(buyer, staff, id(first)).await;
    let refused = complete(buyer, &paying["result"], "too-late").await;
    assert_eq!(refused["errors"][0]["code"], json!("ORDER_CANNOT_BE_ADDED_TO"), "{refused}");
    assert_eq!(refused["result"], json!(null), "it was never placed");
    let early = cart_to(buyer, first, book).await;
    assert_eq!(early["errors"][0]["code"], json!("ORDER_CANNOT_BE_ADDED_TO"), "{early}");

    let cart = &created["result"]["id"];
    let query =
        format!("query($id: ID!) {{ cart(id: $id) {{ ...C }} }} {}", CART.split("fragment E").next().unwrap_or(""));
    let reopened = async {
        loop {
            let mut found = buyer.call(&query, json!({ "id": cart })).await["cart"].take();
            if found["status"] == "OPEN" {
                return found["missing"].take();
            }
        }
    };
    let missing = tokio::time::timeout(testkit::PATIENCE, reopened).await.expect("the cart opens in time");
    assert_eq!(missing, json!(["OPEN_ORDER"]));
    let end = format!(
        "mutation($i: CartAdditionEndInput!) {{ cartAdditionEnd(input: $i) {{ result {{ ...C }} errors {{ ...E }} }} }} {CART}"
    );
    let ended = buyer.call(&end, json!({ "i": { "cartId": cart } })).await["cartAdditionEnd"].take();
    assert_eq!(ended["result"]["missing"], json!(["SHIPPING"]), "{ended}");
    let filled = fill(buyer, id(cart), "pm_card_visa").await;
    let usual = complete(buyer, &filled, "usual").await;
    assert_eq!(usual["errors"], json!([]), "{usual}");
    assert_eq!(usual["result"]["payable"]["minorUnits"], json!(BOOK + SHIPPING));
}

async fn additions(engine: Engine) {
    let Some(stage) = Stage::open(engine).await else { return };
    let (buyer, staff) = (stage.server.guest().await, stage.server.of_role(Role::Staff));
    let book = stage.book("LIV-1", BOOK, &[9]).await;
    goes_along(&buyer, &book).await;
    stage.stock_comes_to("LIV-1", [9, 9, 0, 0]).await;

    let placed = buy(&buyer, &[(&book, 1)], "pm_card_visa", "second").await["result"]["id"].take();
    is_confirmed(&buyer, &placed).await;
    is_refused(&stage, &buyer, &placed, &book).await;
    let declined = add(&buyer, &placed, &book, "pm_card_chargeDeclined").await;
    assert_eq!(declined["errors"][0]["code"], json!("PAYMENT_DECLINED"), "{declined}");
    let untouched = is_confirmed(&buyer, &placed).await;
    assert_eq!(untouched["payable"]["minorUnits"], json!(BOOK + SHIPPING));
    assert_eq!(untouched["paymentStatus"], json!("AUTHORISED"));
    assert_eq!(cancel(&buyer, &declined["result"]["id"]).await, json!([]));
    is_cancelled(&buyer, &declined["result"]["id"]).await;
    comes_too_late((&buyer, &staff), &placed, &book).await;
    stage.close().await;
}

on_both_engines!(additions);
