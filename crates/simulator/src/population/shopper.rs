//! Buyers and their habits.

use std::sync::Arc;
use std::time::Duration;

use app::ids::Ids;
use domain::values::CustomerId;
use serde_json::{Value, json};

use super::wire::{Client, Mutation, code, key, mutation};
use super::{BUYER, BUYER_EMAIL, CODES, DAYS_OPEN, SHELF};
use crate::clock::{BEGIN, DAY, HOUR};
use crate::ids::SeededIds;
use crate::world::{World, count};

const CREATE: Mutation = mutation!("cartCreate", "CartCreateInput", "id lines { id sku }");
const ADD: Mutation = mutation!("cartLinesAdd", "CartLinesAddInput", "id lines { id sku }");
const COUPON: Mutation = mutation!("cartCouponAdd", "CartCouponAddInput", "id");
const CHANGE: Mutation = mutation!("cartLinesChange", "CartLinesChangeInput", "id lines { id sku }");
const DETAILS: Mutation = mutation!("checkoutUpdate", "CheckoutUpdateInput", "payable { amount currency }");
const COMPLETE: Mutation =
    mutation!("checkoutComplete", "CheckoutCompleteInput", "id status paymentStatus paymentDue { amount currency }");
const PAY: Mutation = mutation!("orderPay", "OrderPayInput", "id status paymentStatus paymentDue { amount currency }");
const CANCEL: Mutation = mutation!("orderCancel", "OrderCancelInput", "id status");
const CART: &str = "query($id: ID!) { cart(id: $id) { status payable { amount currency } lines { id sku } } }";
const BROWSE: &str = "query($sku: String!) { variant(sku: $sku) { sku } }";
const REFRESH: &str = "mutation($i: OrderPaymentRefreshInput!) { orderPaymentRefresh(input: $i)
    { result { id status paymentStatus paymentDue { amount currency } }
      errors { code message ... on PaymentError { actionUrl } } } }";

/// Cards, by how often they are used.
const CARDS: [(u64, &str); 14] = [
    (42, "pm_card_visa"),
    (12, "pm_card_threeDSecure2Required"),
    (7, "pm_card_chargeDeclined"),
    (3, "pm_card_chargeDeclinedInsufficientFunds"),
    (5, "pm_card_timeout"),
    (3, "pm_card_timeoutBefore"),
    (3, "pm_card_unavailable"),
    (3, "pm_card_renewalFails"),
    (4, "pm_card_captureFails"),
    (4, "pm_card_refundFails"),
    (4, "pm_card_refundPending"),
    (5, "pm_card_webhooksTwice"),
    (4, "pm_card_webhooksLate"),
    (4, "pm_card_webhooksReordered"),
];

/// What a buyer is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Straight,
    PaysInParts,
    Browses,
    Abandons,
    Hoards,
    PaysLate,
    PaysTwice,
    ClosesBrowser,
    TwoDevices,
    SameKeyAgain,
    NewKeyAgain,
    Cancels,
}

const HABITS: [(u64, Habit); 12] = [
    (27, Habit::Straight),
    (7, Habit::PaysInParts),
    (5, Habit::Browses),
    (5, Habit::Abandons),
    (5, Habit::Hoards),
    (7, Habit::PaysLate),
    (6, Habit::PaysTwice),
    (8, Habit::ClosesBrowser),
    (7, Habit::TwoDevices),
    (8, Habit::SameKeyAgain),
    (7, Habit::NewKeyAgain),
    (8, Habit::Cancels),
];

struct Shopper {
    client: Client,
    habit: Habit,
    cart: String,
    keys: u64,
}

/// Lets one buyer come, buy or not, and leave.
pub(crate) async fn shop(world: Arc<World>, number: u64) {
    let mut dice = world.dice("shopper", number);
    // Buyers come in waves, so that they meet.
    let day = dice.between(0, DAYS_OPEN - 1);
    let hour = dice.one_of(&[1, 4, 9, 13]);
    world.clock.sleep_until(BEGIN.plus_seconds(day * DAY + hour * HOUR)).await;
    world.pause(Duration::from_millis(dice.below(2_500))).await;
    let customer = CustomerId::from_uuid(SeededIds::new(world.seed, (1 << 32) + number).uuid());
    let habit = dice.weighted(&HABITS);
    world.note(|| format!("shopper {number} comes: {habit:?}"));
    let client = Client::buyer(&world, format!("shopper {number}"), dice, &customer).await;
    let mut shopper = Shopper { client, habit, cart: String::new(), keys: 0 };
    // Whoever gets no answer at all has said so.
    _ = shopper.visit().await;
}

impl Shopper {
    async fn visit(&mut self) -> Option<()> {
        for _ in 0..self.client.dice.below(3) {
            let sku = self.any_sku();
            self.client.insist(BROWSE, json!({ "sku": sku })).await?;
        }
        if self.habit == Habit::Browses {
            return Some(());
        }
        self.fill().await?;
        if self.habit == Habit::Abandons {
            return Some(());
        }
        if self.client.dice.percent(25) {
            self.add_coupons().await?;
        }
        let payable = self.prepare().await?;
        self.think(4_000).await;
        count(&self.client.world.counts.checkouts);
        self.check_out(payable).await
    }

    fn any_sku(&mut self) -> &'static str {
        let (sku, ..) = self.client.dice.weighted(&[
            (30, SHELF[0]),
            (25, SHELF[1]),
            (20, SHELF[2]),
            (8, SHELF[3]),
            (7, SHELF[4]),
            (10, SHELF[5]),
        ]);
        sku
    }

    fn next_key(&mut self, what: &str) -> String {
        self.keys += 1;
        key(&self.client, &format!("{what}/{}", self.keys))
    }

    async fn think(&mut self, milliseconds_max: u64) {
        let pause = Duration::from_millis(self.client.dice.below(milliseconds_max + 1));
        self.client.world.pause(pause).await;
    }

    async fn fill(&mut self) -> Option<()> {
        let count = self.client.dice.below(3) + 1;
        let lines: Vec<Value> = (0..count).map(|_| self.line()).collect();
        let key = self.next_key("cart");
        let input = json!({ "currency": "EUR", "lines": lines });
        let made = self.client.mutate(&CREATE, input, &key).await?;
        // What is not sold any more cannot be bought: another time then.
        self.cart = made["result"]["id"].as_str()?.to_owned();
        if self.client.dice.percent(30) {
            let (line, key) = (self.line(), self.next_key("add"));
            self.client.mutate(&ADD, json!({ "cartId": self.cart, "lines": [line] }), &key).await?;
        }
        if self.client.dice.percent(20)
            && let Some(line) = made["result"]["lines"][0]["id"].as_str()
        {
            let (key, quantity) = (self.next_key("change"), self.client.dice.between(1, 12));
            let lines = json!([{ "lineId": line, "quantity": quantity }]);
            self.client.mutate(&CHANGE, json!({ "cartId": self.cart, "lines": lines }), &key).await?;
        }
        Some(())
    }

    /// Types a code or two, in small letters as people do. What is refused is not had.
    async fn add_coupons(&mut self) -> Option<()> {
        for code in CODES {
            if self.client.dice.percent(70) {
                let key = self.next_key("coupon");
                let input = json!({ "cartId": self.cart, "code": code.to_lowercase() });
                self.client.mutate(&COUPON, input, &key).await?;
            }
        }
        Some(())
    }

    fn line(&mut self) -> Value {
        let sku = self.any_sku();
        let quantity = match self.habit {
            Habit::Hoards => self.client.dice.between(20, 300),
            _ => self.client.dice.weighted(&[(60, 1), (20, 2), (10, 3), (8, 10), (2, 45)]),
        };
        json!({ "sku": sku, "quantity": quantity })
    }

    fn card(&mut self) -> &'static str {
        match self.habit {
            Habit::ClosesBrowser => "pm_card_threeDSecure2Required",
            Habit::PaysLate | Habit::PaysTwice => {
                self.client.dice.one_of(&["pm_card_chargeDeclined", "pm_card_threeDSecure2Required"])
            }
            _ => self.client.dice.weighted(&CARDS),
        }
    }

    /// Says everything that checkout asks for and returns what is to be paid.
    async fn prepare(&mut self) -> Option<Value> {
        let address = json!({ "name": BUYER, "line1": "12 rue des Martyrs", "postalCode": "75009", "city": "Paris",
            "country": "FR" });
        let shipping = self.client.dice.one_of(&["standard", "express", "pickup"]);
        let (card, key) = (self.card(), self.next_key("details"));
        let input = json!({ "cartId": self.cart, "email": BUYER_EMAIL, "address": address, "shipping": shipping,
            "paymentMethodToken": card });
        let mut said = self.client.mutate(&DETAILS, input, &key).await?;
        Some(said["result"]["payable"].take()).filter(Value::is_object)
    }

    /// Goes to the till until there is an answer to live with.
    async fn check_out(&mut self, mut payable: Value) -> Option<()> {
        let mut key = self.next_key("checkout");
        for _ in 0..12 {
            let payload = self.complete(&payable, &key).await?;
            match code(&payload) {
                None if payload["warnings"] != json!([]) => self.think(3_000).await,
                None if is_partly_paid(&payload) => return self.settle(&payload).await,
                None => return self.bought(&payload).await,
                Some("PRICE_CHANGED" | "PROMOTION_USED_UP") => {
                    let mut cart = self.client.insist(CART, json!({ "id": self.cart })).await?;
                    payable = cart["cart"]["payable"].take();
                    key = self.next_key("checkout");
                }
                Some("PAYMENT_DECLINED" | "PAYMENT_ACTION_REQUIRED") => return self.settle(&payload).await,
                Some("INSUFFICIENT_STOCK") if self.client.dice.percent(50) => {
                    self.take_less().await?;
                    payable = self.prepare().await?;
                    key = self.next_key("checkout");
                }
                Some(_) => return Some(()),
            }
        }
        Some(())
    }

    /// Sends the checkout, as this buyer does it.
    async fn complete(&mut self, payable: &Value, key: &str) -> Option<Value> {
        let mut input = json!({ "cartId": self.cart, "expectedTotal": payable });
        if self.habit == Habit::PaysInParts {
            input["paymentAmount"] = part_of(payable, 40)?;
        }
        match self.habit {
            Habit::SameKeyAgain => {
                // The first answer is not waited for.
                self.send_and_leave(&input, key).await;
            }
            Habit::NewKeyAgain | Habit::TwoDevices => {
                let other = self.next_key("checkout");
                self.send_and_leave(&input, &other).await;
            }
            _ => {}
        }
        self.client.mutate(&COMPLETE, input, key).await
    }

    /// Sends a checkout from another window, and does not wait for its answer.
    async fn send_and_leave(&mut self, input: &Value, key: &str) {
        let variables = json!({ "i": input, "k": key });
        let patience = Duration::from_millis(self.client.dice.below(400));
        // Whether an answer came in time is all the same to this buyer.
        _ = tokio::time::timeout(patience, self.client.ask(COMPLETE.document, variables)).await;
    }

    async fn take_less(&mut self) -> Option<()> {
        let mut cart = self.client.insist(CART, json!({ "id": self.cart })).await?;
        let lines: Vec<Value> =
            cart["cart"]["lines"].as_array_mut()?.iter_mut().map(|line| line["id"].take()).collect();
        let lines: Vec<Value> = lines.into_iter().map(|id| json!({ "lineId": id, "quantity": 1 })).collect();
        let key = self.next_key("less");
        self.client.mutate(&CHANGE, json!({ "cartId": self.cart, "lines": lines }), &key).await?;
        Some(())
    }

    /// Pays another time, or at the bank, until it is paid or this buyer has had enough.
    async fn settle(&mut self, payload: &Value) -> Option<()> {
        let mut payload = payload.clone();
        let order = payload["result"]["id"].as_str()?.to_owned();
        for _ in 0..6 {
            match (code(&payload), payload["errors"][0]["actionUrl"].as_str()) {
                (Some("PAYMENT_ACTION_REQUIRED"), Some(url)) => {
                    let intent = url.rsplit('/').next()?.to_owned();
                    self.at_the_bank(&intent).await;
                    if self.habit == Habit::ClosesBrowser {
                        return Some(());
                    }
                    let input = json!({ "i": { "orderId": order } });
                    payload = self.client.insist(REFRESH, input).await?["orderPaymentRefresh"].take();
                }
                (Some("PAYMENT_DECLINED"), _) if self.client.dice.percent(75) => {
                    payload = self.pay(&order, &payload["result"]["paymentDue"]).await?;
                }
                // Few forget the rest: then the order runs out of time.
                (None, _) if is_partly_paid(&payload) && self.client.dice.percent(90) => {
                    payload = self.pay(&order, &payload["result"]["paymentDue"]).await?;
                }
                (None, _) if is_partly_paid(&payload) => return Some(()),
                (None, _) if payload["warnings"] == json!([]) || payload["warnings"].is_null() => {
                    return self.bought(&payload).await;
                }
                _ => return Some(()),
            }
        }
        Some(())
    }

    async fn at_the_bank(&mut self, intent: &str) {
        match self.habit {
            Habit::PaysLate => {
                // Some in the last minutes that they have, some after them.
                let seconds = self.client.dice.one_of(&[20 * 60, 29 * 60 + 58, 30 * 60 + 1, 50 * 60]);
                let world = self.client.world.clone();
                world.clock.sleep_until(world.now().plus_seconds(seconds)).await;
            }
            _ => self.think(5_000).await,
        }
        let bank = &self.client.world.provider.simulator;
        // Whoever comes too late is told so by the bank.
        let answered = match self.client.dice.below(10) {
            0 => return,
            1 => bank.decline_challenge(intent),
            _ => bank.approve_challenge(intent),
        };
        self.client.world.note(|| format!("{} at the bank: {answered:?}", self.client.name));
    }

    /// Pays what is due, or half of it.
    async fn pay(&mut self, order: &str, due: &Value) -> Option<Value> {
        let key = self.next_key("pay");
        let card = self.client.dice.weighted(&CARDS);
        let mut input = json!({ "orderId": order, "paymentMethodToken": card });
        if self.habit == Habit::PaysInParts && self.client.dice.percent(30) {
            input["amount"] = part_of(due, 50).unwrap_or(Value::Null);
        }
        if self.habit == Habit::PaysTwice {
            let (other, card) = (self.next_key("pay"), self.client.dice.weighted(&CARDS));
            let variables = json!({ "i": { "orderId": order, "paymentMethodToken": card }, "k": other });
            let patience = Duration::from_millis(self.client.dice.below(300));
            // As on another device: its answer is not waited for.
            _ = tokio::time::timeout(patience, self.client.ask(PAY.document, variables)).await;
        }
        self.client.mutate(&PAY, input, &key).await
    }

    async fn bought(&mut self, payload: &Value) -> Option<()> {
        let order = payload["result"]["id"].as_str()?.to_owned();
        if payload["result"]["status"] == "CONFIRMED" {
            self.client.world.acknowledged(&order);
        }
        if self.habit != Habit::Cancels {
            return Some(());
        }
        let world = self.client.world.clone();
        match self.client.dice.below(3) {
            0 => {}
            1 => self.think(5_000).await,
            _ => world.clock.sleep_until(world.now().plus_seconds(self.client.dice.between(1, 30) * HOUR)).await,
        }
        let key = self.next_key("cancel");
        let input = json!({ "orderId": order, "reason": "changed my mind" });
        self.client.mutate(&CANCEL, input, &key).await?;
        Some(())
    }
}

fn is_partly_paid(payload: &Value) -> bool {
    payload["result"]["paymentStatus"] == "PARTIALLY_AUTHORISED"
}

/// Returns so many percent of an amount, at least a cent.
fn part_of(amount: &Value, percent: i64) -> Option<Value> {
    let cents: i64 = amount["amount"].as_str()?.replace('.', "").parse().ok()?;
    let part = (cents * percent / 100).max(1);
    let amount_of_part = format!("{}.{:02}", part / 100, part % 100);
    Some(json!({ "amount": amount_of_part, "currency": amount["currency"] }))
}
