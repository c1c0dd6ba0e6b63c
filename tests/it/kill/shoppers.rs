//! Shoppers who place orders until the server dies, and come back with the same keys.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::program::{NoAnswer, Wire};
use super::{SCARCE, SKUS};

/// Every so many journeys one of the lines is of the SKU that runs out.
const SCARCE_EVERY: usize = 5;
/// How the shoppers pay, in turn: the second bank does not answer the first time, the third tells everything twice.
const METHODS: [&str; 3] = ["pm_card_visa", "pm_card_timeout", "pm_card_webhooksTwice"];

pub const CREATE: &str =
    "mutation($i: CartCreateInput!) { cartCreate(input: $i) { result { id } errors { code message } } }";
pub const UPDATE: &str = "mutation($i: CheckoutUpdateInput!) { checkoutUpdate(input: $i)
    { result { payable { amount currency } } errors { code message } } }";
pub const COMPLETE: &str =
    "mutation($i: CheckoutCompleteInput!, $k: String!) { checkoutComplete(input: $i, idempotencyKey: $k)
    { result { id cartId status } errors { code message } warnings { code } replayed } }";

/// A checkout as it is sent, once or more often.
#[derive(Clone, Debug)]
struct Checkout {
    key: String,
    input: Value,
}

/// A checkout that has its answer.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Its key.
    pub key: String,
    /// The confirmed order; none where it was refused.
    pub order: Option<String>,
    /// How often the buyer was told that there is no answer yet.
    pub told_to_wait: usize,
    /// How long the buyer waited for it.
    pub waited: Duration,
    input: Value,
    shopper: usize,
}

struct Shopper {
    number: usize,
    token: String,
    journeys: usize,
    /// Sent and not answered.
    open: Option<Checkout>,
}

/// All shoppers.
pub struct Shoppers(Vec<Shopper>);

impl Shoppers {
    /// Begins a guest's session for each.
    pub async fn arrive(wire: &Wire, count: usize) -> Self {
        Self(join_all((0..count).map(|number| Shopper::arrive(wire, number))).await)
    }

    /// Lets everyone place orders until so many are acknowledged; then `kill` is called and everyone stops at the first
    /// call without an answer. Returns what was answered.
    pub async fn shop_until(&mut self, wire: &Wire, acknowledged: usize, kill: impl FnOnce()) -> Vec<Placed> {
        let counter = watch::Sender::new(0_usize);
        let mut counted = counter.subscribe();
        let killing = async move {
            counted.wait_for(|count| *count >= acknowledged).await.expect("the counter is there");
            kill();
        };
        let (placed, ()) = tokio::join!(self.shop(wire, &counter), killing);
        placed
    }

    /// Lets everyone place orders, which are counted, until the server is gone. Returns what was answered.
    pub async fn shop(&mut self, wire: &Wire, counter: &watch::Sender<usize>) -> Vec<Placed> {
        let shopping = join_all(self.0.iter_mut().map(|shopper| shopper.shop(wire, counter))).await;
        shopping.into_iter().flatten().collect()
    }

    /// Lets everyone place orders at one of several servers that stay, until `goal` are acknowledged; once `before` are,
    /// `kill` is called. Returns what was answered, and the longest time after the kill in which nothing was acknowledged.
    pub async fn shop_through(
        &mut self,
        wires: &[Wire],
        (before, goal): (usize, usize),
        kill: impl FnOnce(),
    ) -> (Vec<Placed>, Duration) {
        let counter = watch::Sender::new(0_usize);
        let mut counted = counter.subscribe();
        let watching = async move {
            counted.wait_for(|count| *count >= before).await.expect("the counter is there");
            kill();
            let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
            while *counted.borrow_and_update() < goal {
                counted.changed().await.expect("the counter is there");
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            longest
        };
        let shopping = self.shop_at(wires, &counter, |count| count >= goal);
        tokio::join!(shopping, watching)
    }

    /// Lets everyone place orders at one of several servers that stay, until what is counted says that it is over.
    /// Returns what was answered.
    pub async fn shop_at(
        &mut self,
        wires: &[Wire],
        counter: &watch::Sender<usize>,
        is_over: impl Fn(usize) -> bool,
    ) -> Vec<Placed> {
        let shopping = self.0.iter_mut().map(async |shopper| {
            let (wire, mut placed) = (&wires[shopper.number % wires.len()], Vec::new());
            while !is_over(*counter.borrow()) {
                match shopper.journey(wire).await {
                    Ok(answer) => {
                        counter.send_modify(|count| *count += usize::from(answer.order.is_some()));
                        placed.push(answer);
                    }
                    Err(NoAnswer::Later) => {}
                    Err(NoAnswer::Dead) => panic!("a server that stays does not answer"),
                }
            }
            placed
        });
        join_all(shopping).await.into_iter().flatten().collect()
    }

    /// Returns how many checkouts have no answer.
    pub fn unanswered(&self) -> usize {
        self.0.iter().filter(|shopper| shopper.open.is_some()).count()
    }

    /// Sends every checkout without an answer again, under its key, until it has one.
    pub async fn repeat(&mut self, wire: &Wire) -> Vec<Placed> {
        join_all(self.0.iter_mut().map(|shopper| shopper.repeat(wire))).await.into_iter().flatten().collect()
    }

    /// Sends the last order of everyone once more: the answer must be the same order, and nothing new.
    pub async fn ask_again(&self, wire: &Wire, placed: &BTreeMap<String, Placed>) {
        let mut last = BTreeMap::new();
        for placed in placed.values().filter(|placed| placed.order.is_some()) {
            last.insert(placed.shopper, placed);
        }
        let answers = last.into_iter().map(|(number, placed)| async move {
            let variables = json!({ "i": placed.input, "k": placed.key });
            let payload = wire.call(Some(&self.0[number].token), COMPLETE, variables).await["checkoutComplete"].take();
            assert_eq!(payload["result"]["id"].as_str(), placed.order.as_deref(), "{payload}");
            assert_eq!((&payload["replayed"], &payload["result"]["status"]), (&json!(true), &json!("CONFIRMED")));
        });
        join_all(answers).await;
    }
}

impl Shopper {
    async fn arrive(wire: &Wire, number: usize) -> Self {
        let started = wire.call(None, "mutation { sessionStart { result { token } } }", json!({})).await;
        let token = started["sessionStart"]["result"]["token"].as_str().expect("a token").to_owned();
        Self { number, token, journeys: 0, open: None }
    }

    /// Goes on one journey after the other until the server is gone.
    async fn shop(&mut self, wire: &Wire, counter: &watch::Sender<usize>) -> Vec<Placed> {
        let mut placed = Vec::new();
        loop {
            match self.journey(wire).await {
                Ok(answer) => {
                    counter.send_modify(|count| *count += usize::from(answer.order.is_some()));
                    placed.push(answer);
                }
                // Nothing was bought yet: the next journey begins with a new cart.
                Err(NoAnswer::Later) => {}
                Err(NoAnswer::Dead) => return placed,
            }
        }
    }

    async fn repeat(&mut self, wire: &Wire) -> Option<Placed> {
        let checkout = self.open.clone()?;
        Some(self.complete(wire, &checkout).await.expect("the server answers"))
    }

    async fn journey(&mut self, wire: &Wire) -> Result<Placed, NoAnswer> {
        self.journeys += 1;
        let turn = self.number + self.journeys;
        let second = if turn.is_multiple_of(SCARCE_EVERY) { SCARCE } else { SKUS[(turn + 1) % SKUS.len()] };
        let lines =
            json!([{ "sku": SKUS[turn % SKUS.len()], "quantity": 1 + turn % 3 }, { "sku": second, "quantity": 1 }]);
        let create = json!({ "i": { "currency": "EUR", "lines": lines } });
        let cart = wire.ask(Some(&self.token), CREATE, create).await?["cartCreate"]["result"]["id"].take();
        let address = json!({ "name": "Camille Durand", "line1": "12 rue des Martyrs", "postalCode": "75009",
            "city": "Paris", "country": "FR" });
        let details = json!({ "cartId": cart, "email": "camille@example.org", "address": address, "shipping": "standard",
            "paymentMethodToken": METHODS[turn % METHODS.len()] });
        let mut updated = wire.ask(Some(&self.token), UPDATE, json!({ "i": details })).await?["checkoutUpdate"].take();
        assert_eq!(updated["errors"], json!([]), "{updated}");
        let input = json!({ "cartId": cart, "expectedTotal": updated["result"]["payable"].take() });
        let checkout = Checkout { key: format!("{}-{}", self.number, self.journeys), input };
        self.open = Some(checkout.clone());
        self.complete(wire, &checkout).await
    }

    /// Sends a checkout until the answer is not that there is none yet.
    async fn complete(&mut self, wire: &Wire, checkout: &Checkout) -> Result<Placed, NoAnswer> {
        let variables = json!({ "i": checkout.input, "k": checkout.key });
        let (began, mut told_to_wait) = (Instant::now(), 0);
        loop {
            let answer = match wire.ask(Some(&self.token), COMPLETE, variables.clone()).await {
                Err(NoAnswer::Later) => continue,
                answer => answer?,
            };
            let payload = &answer["checkoutComplete"];
            if payload["warnings"] != json!([]) {
                told_to_wait += 1;
                continue;
            }
            let order = if payload["errors"] == json!([]) {
                assert_eq!(payload["result"]["status"], "CONFIRMED", "{payload}");
                payload["result"]["id"].as_str().map(str::to_owned)
            } else {
                // Time to pay is over at once where the clock jumps.
                let code = payload["errors"][0]["code"].as_str().unwrap_or_default();
                assert!(["INSUFFICIENT_STOCK", "PAYMENT_TIMEOUT"].contains(&code), "{payload}");
                None
            };
            self.open = None;
            let (key, input) = (checkout.key.clone(), checkout.input.clone());
            let waited = began.elapsed();
            return Ok(Placed { key, order, told_to_wait, waited, input, shopper: self.number });
        }
    }
}
