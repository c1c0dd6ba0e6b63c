//! The operations that the tests send, as a front-end would write them.

use serde_json::{Value, json};
use testkit::{Book, Client, PATIENCE};

pub const CART: &str = "fragment C on Cart { id version status lines { id sku quantity total { gross { minorUnits } } }
  missing payable { amount currency minorUnits } }
  fragment E on DomainError { __typename code message path
    ... on InsufficientStockError { sku requested available }
    ... on VersionConflictError { expected actual }
    ... on PaymentError { declineCode actionUrl } }";

pub const ORDER: &str = "fragment O on Order { id number version status paymentStatus fulfilmentStatus
  total { amount currency minorUnits } payable { minorUnits }
  lines { id sku name quantity quantityReturnable total { gross { minorUnits } } }
  fulfilments { id status carrier tracking } payments { status authorised { minorUnits } captured { minorUnits } }
  returns { id status } }
  fragment E on DomainError { __typename code message path
    ... on InsufficientStockError { sku requested available }
    ... on PaymentError { declineCode actionUrl } }";

/// Opens a cart with lines; returns the payload.
pub async fn create(client: &Client, lines: &[(&Book, i64)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(book, n)| json!({ "sku": book.sku.as_str(), "quantity": n })).collect();
    let query = format!(
        "mutation($i: CartCreateInput!) {{ cartCreate(input: $i) {{ result {{ ...C }} errors {{ ...E }} position }} }} {CART}"
    );
    client.call(&query, json!({ "i": { "currency": "EUR", "lines": lines } })).await["cartCreate"].take()
}

/// Says everything that checkout asks for; returns the cart.
pub async fn fill(client: &Client, cart: &str, method: &str) -> Value {
    let query = format!(
        "mutation($i: CheckoutUpdateInput!) {{ checkoutUpdate(input: $i) {{ result {{ ...C }} errors {{ ...E }} }} }} {CART}"
    );
    let address = json!({ "name": "Camille Durand", "line1": "12 rue des Martyrs", "postalCode": "75009", "city": "Paris",
        "country": "FR" });
    let input = json!({ "cartId": cart, "email": "camille@example.org", "address": address, "shipping": "standard",
        "paymentMethodToken": method });
    let mut payload = client.call(&query, json!({ "i": input })).await["checkoutUpdate"].take();
    assert_eq!(payload["errors"], json!([]), "{payload}");
    payload["result"].take()
}

/// Places an order at what the cart costs; returns the payload.
pub async fn complete(client: &Client, cart: &Value, key: &str) -> Value {
    let query = format!(
        "mutation($i: CheckoutCompleteInput!, $k: String!) {{ checkoutComplete(input: $i, idempotencyKey: $k)
           {{ result {{ ...O }} errors {{ ...E }} warnings {{ code }} position replayed }} }} {ORDER}"
    );
    let total = json!({ "amount": cart["payable"]["amount"], "currency": cart["payable"]["currency"] });
    let input = json!({ "cartId": cart["id"], "expectedTotal": total });
    client.call(&query, json!({ "i": input, "k": key })).await["checkoutComplete"].take()
}

/// Fills a cart and places its order; returns the payload.
pub async fn buy(client: &Client, lines: &[(&Book, i64)], method: &str, key: &str) -> Value {
    let created = create(client, lines).await;
    let id = created["result"]["id"].as_str().expect("a cart").to_owned();
    let cart = fill(client, &id, method).await;
    complete(client, &cart, key).await
}

/// Reads an order as someone.
pub async fn order(client: &Client, id: &str) -> Value {
    let query = format!(
        "query($id: ID!) {{ order(id: $id) {{ ...O }} }} {}",
        ORDER.split("fragment E").next().unwrap_or_default()
    );
    client.call(&query, json!({ "id": id })).await["order"].take()
}

/// Reads an order until it is as wanted.
pub async fn order_when(client: &Client, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = async {
        loop {
            let order = order(client, id).await;
            if wanted(&order) {
                return order;
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the order comes to be as wanted in time")
}

/// Reads the first task that waits for a human, once there is one.
pub async fn first_task(staff: &Client) -> Value {
    let found = async {
        loop {
            let mut listed = staff.call("{ tasks { id question choices } }", json!({})).await["tasks"].take();
            if listed[0].is_object() {
                return listed[0].take();
            }
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the task opens in time")
}
