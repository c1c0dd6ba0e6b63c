//! One shopper's journey, from the product list to the placed order: ten calls, one after the other, without a pause.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::lists::{self, Shelf};

/// The calls of a journey, in their order.
pub const CALLS: [&str; 10] = [
    "product list",
    "product page",
    "cartCreate",
    "cartLinesAdd 1",
    "cartLinesAdd 2",
    "e-mail",
    "address",
    "shipping",
    "payment method",
    "checkoutComplete",
];

const DETAIL: &str = "query($id: ID!) { product(id: $id) { id slug name summary attributes { key value }
    categories { id name } editorialReviews { author text }
    variants { sku name price { gross { amount currency } } availability { status quantity } } } }";
const CREATE: &str =
    "mutation($i: CartCreateInput!) { cartCreate(input: $i) { result { id version } errors { code message } } }";
const ADD: &str = "mutation($i: CartLinesAddInput!) { cartLinesAdd(input: $i) { result { id version
    lines { id sku name quantity total { gross { amount } } } total { amount } } errors { code message } } }";
const UPDATE: &str = "mutation($i: CheckoutUpdateInput!) { checkoutUpdate(input: $i) { result { id version missing
    payable { amount currency } } errors { code message } } }";
const COMPLETE: &str =
    "mutation($i: CheckoutCompleteInput!, $k: String!) { checkoutComplete(input: $i, idempotencyKey: $k)
    { result { id number status paymentStatus total { amount } } errors { code message } warnings { code } } }";

/// A shopper on a connection of their own, with one guest's session for all journeys.
pub struct Shopper {
    connection: Connection,
    shelves: Arc<Vec<Shelf>>,
    /// Tells this shopper's choices and keys from others'.
    number: usize,
    journeys: usize,
}

/// What a journey took.
pub struct Journey {
    /// The cart, which every event of the journey names as its conversation.
    pub cart: String,
    /// How long each of the ten calls took.
    pub calls: [Duration; CALLS.len()],
}

impl Journey {
    /// Returns how long the whole journey took.
    pub fn whole(&self) -> Duration {
        self.calls.iter().sum()
    }

    /// Returns how long placing the order took.
    pub fn placing(&self) -> Duration {
        self.calls[CALLS.len() - 1]
    }
}

impl Shopper {
    /// Makes a shopper.
    pub fn new(connection: Connection, shelves: Arc<Vec<Shelf>>, number: usize) -> Self {
        Self { connection, shelves, number, journeys: 0 }
    }

    /// Goes on one journey.
    ///
    /// # Errors
    /// When a call fails or is refused, or the order is not confirmed.
    pub async fn journey(&mut self) -> anyhow::Result<Journey> {
        self.journeys += 1;
        let mut watch = Stopwatch { begun: Instant::now(), calls: [Duration::ZERO; CALLS.len()], nth: 0 };
        let (first, second) = self.look(&mut watch).await?;
        let create = json!({ "i": { "currency": "EUR" } });
        let mut payload = self.connection.mutate("cartCreate", CREATE, create).await?;
        watch.lap();
        let cart = payload["result"]["id"].take();
        for sku in [first, second] {
            let add = json!({ "i": { "cartId": cart, "lines": [{ "sku": sku, "quantity": 1 }] } });
            self.connection.mutate("cartLinesAdd", ADD, add).await?;
            watch.lap();
        }
        let payable = self.tell(&cart, &mut watch).await?;
        let key = format!("bench-{}-{}", self.number, self.journeys);
        let complete = json!({ "i": { "cartId": cart, "expectedTotal": payable }, "k": key });
        let payload = self.connection.mutate("checkoutComplete", COMPLETE, complete).await?;
        watch.lap();
        ensure!(payload["result"]["status"] == "CONFIRMED", "the order is not confirmed: {payload}");
        Ok(Journey { cart: cart.as_str().context("a cart has an id")?.to_owned(), calls: watch.calls })
    }

    /// Looks at a list and at a book of it. Returns what to buy: that book, and another of the same shelf.
    async fn look(&mut self, watch: &mut Stopwatch) -> anyhow::Result<(String, String)> {
        let turn = self.number + self.journeys;
        let shelf = &self.shelves[turn % self.shelves.len()];
        let list = self.connection.call(lists::QUERY, json!({ "category": [shelf.id] })).await?;
        watch.lap();
        let nodes = list["products"]["nodes"].as_array().context("a list without products")?;
        let book = nodes.get(turn % nodes.len().max(1)).context("an empty list")?;
        let page = self.connection.call(DETAIL, json!({ "id": book["id"] })).await?;
        watch.lap();
        let first = page["product"]["variants"][0]["sku"].as_str().context("a book without a variant")?;
        Ok((first.to_owned(), shelf.skus[(turn + 1) % shelf.skus.len()].clone()))
    }

    /// Says, one by one, who buys, where to send it, how, and how to pay. Returns what there is to pay.
    async fn tell(&mut self, cart: &Value, watch: &mut Stopwatch) -> anyhow::Result<Value> {
        let address = json!({ "name": "Camille Durand", "line1": "12 rue des Martyrs", "postalCode": "75009",
            "city": "Paris", "country": "FR" });
        let mut payable = Value::Null;
        for (what, value) in [
            ("email", json!("camille@example.org")),
            ("address", address),
            ("shipping", json!("standard")),
            ("paymentMethodToken", json!("pm_card_visa")),
        ] {
            let update = json!({ "i": { "cartId": cart, what: value } });
            let mut payload = self.connection.mutate("checkoutUpdate", UPDATE, update).await?;
            watch.lap();
            payable = payload["result"]["payable"].take();
        }
        Ok(payable)
    }
}

/// Times the calls of a journey without a gap: what the client does with an answer counts to the next call.
struct Stopwatch {
    begun: Instant,
    calls: [Duration; CALLS.len()],
    nth: usize,
}

impl Stopwatch {
    fn lap(&mut self) {
        let now = Instant::now();
        self.calls[self.nth] = now - self.begun;
        self.begun = now;
        self.nth += 1;
    }
}
