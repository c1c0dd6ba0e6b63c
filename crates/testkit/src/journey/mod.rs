//! Months in the life of a shop: everything that may happen in one happens here at least once, so that every event there
//! is gets stored. Played on a shop of [`TestShop::repeatable`] it writes the same log each time.

mod additions;
mod buying;
mod catalogue;
mod parts;
mod promotions;
mod returning;
mod undoing;
mod waiting;

use std::time::Duration;

use app::Shop;
use app::clock::ManualClock;
use domain::decider::{Decider, Refusal};
use domain::fulfilment::FulfilmentCommand;
use domain::order::{Order, RETURN_WINDOW_DAYS};
use domain::stock::StockCommand;
use domain::values::{FulfilmentId, OrderId, PaymentId, Quantity, ShortText, Timestamp};
use sagas::checkout::CheckoutStatus;
use sagas::engine::OpenTask;

use crate::shelves::request;
use crate::{Book, Shopper, TestShop, parcels_of, staff};

/// When the journey begins: 1 March 2026, 08:00 UTC.
pub const BEGIN: Timestamp = Timestamp::from_micros(1_772_352_000_000_000);

/// Within it everything that can happen by itself has happened: nothing in a shop pauses longer, but for its own clock.
const REST: Duration = Duration::from_secs(2);
const SECONDS_PER_DAY: i64 = 86_400;

/// A shop and its clock while the journey goes on.
struct Journey<'a> {
    shop: &'a TestShop,
    clock: &'a ManualClock,
}

/// Plays it. The runtime's own clock should stand still (`start_paused`), or this takes minutes.
///
/// # Panics
/// When the shop refuses what it should not.
pub async fn play(shop: &TestShop, clock: &ManualClock) {
    let journey = Journey { shop, clock };
    journey.catalogue().await;
    let book = Book::publish(journey.write(), "LIV-1", 1_055, &[40, 60]).await;
    journey.rest().await;
    journey.stock(&book).await;
    journey.buying(&book).await;
    journey.undoing(&book).await;
    journey.returning(&book).await;
    journey.promotions(&book).await;
    journey.waiting().await;
    journey.pass((RETURN_WINDOW_DAYS + 1) * SECONDS_PER_DAY).await;
    journey.in_parts(&book).await;
    journey.additions(&book).await;
    // What is under way at the end: a cart, a parcel that waits, a question that nobody has answered.
    let (shopper, parcels) = journey.bought(&book, 1, "pm_card_captureFails").await;
    journey.pack(&parcels.1[0]).await;
    shopper.fill(&[(&book.sku, 1)]).await;
    journey.bought(&book, 2, "pm_card_visa").await;
}

fn words(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

fn units(units: i64) -> Quantity {
    Quantity::new(units).expect("a quantity")
}

impl Journey<'_> {
    fn write(&self) -> &Shop {
        &self.shop.started.shop
    }

    /// Lets everything happen that can.
    async fn rest(&self) {
        tokio::time::sleep(REST).await;
    }

    /// Lets time pass and everything happen that is due.
    async fn pass(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
        self.rest().await;
    }

    /// Runs a command of the shop itself and lets follow what follows.
    async fn run<D>(&self, id: &str, command: D::Command)
    where
        D: Decider,
        D::Command: Send + Sync,
        D::Error: Refusal,
    {
        self.write().bus.execute::<D>(id, &request(), command).await.expect("the shop allows it");
        self.rest().await;
    }

    async fn state<D>(&self, id: &str) -> std::sync::Arc<D>
    where
        D: Decider,
        D::Error: Refusal,
    {
        self.write().bus.load::<D>(id).await.expect("loads").state
    }

    async fn payment(&self, order: &OrderId) -> PaymentId {
        self.state::<Order>(order.as_str()).await.payments().last().expect("an attempt").clone()
    }

    /// Buys units and returns who bought, the order and its parcels.
    async fn bought(&self, book: &Book, count: i64, method: &str) -> (Shopper, (OrderId, Vec<FulfilmentId>)) {
        let shopper = Shopper::of(self.shop);
        let cart = shopper.cart(&[(&book.sku, count)], method).await;
        let (order, answer) = shopper.check_out(self.shop, &cart).await;
        assert_eq!(answer, CheckoutStatus::Confirmed, "{method}");
        self.rest().await;
        let parcels = parcels_of(self.shop, &order).await;
        (shopper, (order, parcels))
    }

    async fn parcel(&self, parcel: &FulfilmentId, command: FulfilmentCommand) {
        app::fulfilment::change(self.write(), &staff(), parcel, command).await.expect("the parcel goes on");
        self.rest().await;
    }

    async fn pack(&self, parcel: &FulfilmentId) {
        self.parcel(parcel, FulfilmentCommand::Pack { packed_at: self.write().clock.now() }).await;
    }

    async fn hand_over(&self, parcel: &FulfilmentId) {
        app::fulfilment::hand_over(self.write(), &staff(), parcel, None).await.expect("the parcel leaves");
    }

    async fn deliver(&self, parcel: &FulfilmentId) {
        self.pack(parcel).await;
        self.hand_over(parcel).await;
        self.pass(SECONDS_PER_DAY).await;
        self.parcel(parcel, FulfilmentCommand::Deliver { delivered_at: self.write().clock.now() }).await;
    }

    /// Decides every open task whose name begins like this.
    async fn decide(&self, name: &str, choice: &str) {
        let tasks = self.shop.started.processes.tasks();
        let tasks: Vec<OpenTask> = tasks.into_iter().filter(|open| open.task.name.starts_with(name)).collect();
        assert!(!tasks.is_empty(), "no task {name} is open");
        for open in tasks {
            let by = staff().actor;
            let decided = self.shop.started.processes.decide_task(&open.task.id, choice, words("as agreed"), &by);
            decided.await.expect("is decided");
        }
        self.rest().await;
    }

    /// Moves stock in every way that no order does.
    async fn stock(&self, book: &Book) {
        let location = self.write().settings.locations[0].clone();
        let (order, late, short) = [(); 3].map(|()| OrderId::from_uuid(self.write().ids.uuid())).into();
        let (now, quantity) = (self.write().clock.now(), units(1));
        let (expires_at, later) = (now.plus_seconds(60), now.plus_seconds(120));
        let commands = [
            StockCommand::WriteOff { quantity, reason: words("water damage") },
            StockCommand::Reserve { order: order.clone(), quantity, expires_at },
            StockCommand::Extend { order: order.clone(), expires_at: later },
            StockCommand::Expire { order, now: later },
            StockCommand::Release { order: late, reason: words("it was called off before it came") },
            StockCommand::Reserve { order: short, quantity: units(39), expires_at: later },
            StockCommand::Recount { counted: 0, reason: words("stocktaking") },
            StockCommand::Recount { counted: 39, reason: words("they stood on another shelf") },
        ];
        for command in commands {
            let place = (&book.sku, &location);
            app::stock::change(self.write(), &staff(), place, command).await.expect("stock moves");
        }
        self.rest().await;
    }
}
