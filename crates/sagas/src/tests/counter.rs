//! A shop in memory with two warehouses, its processes, its bank and its carrier.

use std::sync::Arc;
use std::time::Duration;

use app::actor::{Actor, Role};
use app::bus::{Cause, Request};
use app::cart::{Address, CheckoutDetails, LineWish};
use app::checkout::ShippingOption;
use app::clock::ManualClock;
use app::fulfilment::parcel_id;
use app::ids::{CountingIds, Ids};
use app::invoicing::InvoicingSettings;
use app::stock::ShortfallSettings;
use app::{Shop, ShopSettings};
use domain::cart::Cart;
use domain::catalog::{ProductCommand, VariantCommand};
use domain::decider::{Decider, Refusal};
use domain::fulfilment::{Fulfilment, FulfilmentCommand};
use domain::order::Order;
use domain::payment::Payment;
use domain::stock::{Stock, StockCommand, stream_id};
use domain::values::{
    CartId, CategoryId, Currency, CustomerId, FulfilmentId, Localized, LocationId, Money, OrderId, PaymentId,
    ProductId, Quantity, ShortText, Sku, Timestamp,
};
use event_store::memory::MemoryStore;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position, RecordedEvent};
use tokio::sync::watch;
use uuid::Uuid;

use super::bank::Bank;
use super::post::Post;
use crate::Processes;
use crate::checkout::{Checkout, CheckoutInput, CheckoutStep};
use crate::engine::{OpenTask, StepError, Worker};
use crate::gateway_work::GatewayWork;

/// No test waits longer than this. Time is paused, so it passes at once when nothing moves any more.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// Within it everything happens that needs no time of the shop's own clock: nothing pauses longer.
const REST: Duration = Duration::from_secs(10);
/// What delivery costs, in cents.
pub(super) const DELIVERY: i64 = 490;
/// What a book of [`Counter::bought`] costs, cents.
pub(super) const BOOK: i64 = 1_055;
pub(super) const RESERVATION_SECONDS: i64 = 900;
pub(super) const PAYMENT_SECONDS: i64 = 1_800;

/// 2026-11-02T09:00:00+01:00, a Monday.
pub(super) const MONDAY: Timestamp = Timestamp::from_micros(1_793_606_400_000_000);

pub(super) fn euro(cents: i64) -> Money {
    Money::new(cents, Currency::Eur)
}

pub(super) fn units(count: i64) -> Quantity {
    Quantity::new(count).expect("a count of units")
}

pub(super) fn text(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

pub(super) fn at(location: &str) -> LocationId {
    location.parse().expect("a location")
}

pub(super) fn staff() -> Request {
    Request::new(Actor::of_role(Role::Staff, "ada"), Cause::of("test", "test"))
}

pub(super) fn buyer() -> Request {
    Request::new(Actor::shopper(CustomerId::from_uuid(Uuid::from_u128(7))), Cause::of("test", "test"))
}

pub(super) struct Counter {
    pub(super) shop: Shop,
    pub(super) clock: Arc<ManualClock>,
    pub(super) bank: Arc<Bank>,
    pub(super) post: Arc<Post>,
    pub(super) processes: Arc<Processes>,
    pub(super) hands: GatewayWork,
}

impl Counter {
    pub(super) fn open() -> Self {
        let clock = Arc::new(ManualClock::starting_at(MONDAY));
        let bank = Arc::new(Bank::new(clock.clone()));
        Self::over(
            Arc::new(MemoryStore::new()),
            Arc::new(CountingIds::default()),
            (clock, bank, Arc::new(Post::default())),
        )
    }

    fn over(
        store: Arc<dyn EventStore>,
        ids: Arc<dyn Ids>,
        (clock, bank, post): (Arc<ManualClock>, Arc<Bank>, Arc<Post>),
    ) -> Self {
        let rate = "0.055".parse().expect("a rate");
        let label = Localized::new("Lettre suivie", None);
        let way = |code: &str, cents| {
            let prices = vec![(euro(cents), rate)];
            ShippingOption { code: code.to_owned(), label: label.clone(), prices }
        };
        let settings = ShopSettings {
            locations: vec![at("paris"), at("lyon")],
            shipping: vec![way("standard", DELIVERY), way("pickup", 0)],
            reservation_seconds: RESERVATION_SECONDS,
            payment_seconds: PAYMENT_SECONDS,
            shortfall: ShortfallSettings::default(),
            invoicing: InvoicingSettings::of_demo(),
        };
        let shop = Shop::new(store, clock.clone(), ids, settings);
        let processes = Processes::new(shop.clone(), bank.clone(), post.clone());
        let hands = GatewayWork::new(shop.clone(), bank.clone(), post.clone());
        Self { shop, clock, bank, post, processes, hands }
    }

    /// Stops without a word and starts again over the same log.
    pub(super) fn restarted(self) -> Self {
        let (store, ids) = (self.shop.bus.store().clone(), self.shop.ids.clone());
        Self::over(store, ids, (self.clock, self.bank, self.post))
    }

    /// Puts a book on the shelves of Paris and Lyon.
    pub(super) async fn book(&self, sku: &str, cents: i64, shelves: [i64; 2]) -> Sku {
        let sku: Sku = sku.parse().expect("a SKU");
        let categories = vec![CategoryId::from_uuid(Uuid::from_u128(1))];
        let further = vec![ProductCommand::Categorise { categories }, ProductCommand::Publish];
        let product = app::catalog::create_product(&self.shop, &staff(), Localized::new("Livre", None), further).await;
        let product: ProductId = product.expect("a product").id.parse().expect("a product id");
        let vat_rate = "0.055".parse().expect("a rate");
        let commands = [
            VariantCommand::Create { product, name: Localized::new("Poche", None), weight_grams: 200 },
            VariantCommand::SetPrice { price: euro(cents), vat_rate, now: self.shop.clock.now() },
        ];
        app::catalog::change_variant(&self.shop, &staff(), &sku, &commands).await.expect("a variant");
        for (location, count) in ["paris", "lyon"].into_iter().zip(shelves).filter(|(_, count)| *count > 0) {
            self.stock_up(&sku, location, count).await;
        }
        sku
    }

    pub(super) async fn stock_up(&self, sku: &Sku, location: &str, count: i64) {
        let command = StockCommand::Receive { quantity: units(count), reference: text("delivery") };
        app::stock::change(&self.shop, &staff(), (sku, &at(location)), command).await.expect("units come in");
    }

    /// Fills a cart and says everything that checkout asks for.
    pub(super) async fn cart(&self, wishes: &[(&Sku, i64)], (shipping, method): (&str, &str)) -> CartId {
        let wish = |(sku, count): &(&Sku, i64)| LineWish { sku: (*sku).clone(), quantity: units(*count), agreed: None };
        let wishes: Vec<_> = wishes.iter().map(wish).collect();
        let owner = buyer().actor.customer().expect("a shopper").clone();
        let cart = app::cart::open(&self.shop, &buyer(), owner, Currency::Eur, &wishes).await.expect("a cart");
        let cart: CartId = cart.id.parse().expect("a cart id");
        let address = Address {
            name: "Camille Durand".to_owned(),
            line1: "12 rue des Martyrs".to_owned(),
            line2: None,
            postal_code: "75009".to_owned(),
            city: "Paris".to_owned(),
            country: "FR".to_owned(),
            phone: None,
        };
        let details = CheckoutDetails {
            email: Some("camille@example.org".to_owned()),
            address: Some(address),
            shipping: Some(shipping.to_owned()),
            payment_method: Some(text(method)),
        };
        app::cart::set_details(&self.shop, &buyer(), &cart, &details).await.expect("details");
        cart
    }

    /// Freezes a cart; the checkout hears of it when it is looked after.
    pub(super) async fn start(&self, cart: &CartId) -> OrderId {
        let payable = self.load::<Cart>(cart.as_str()).await.totals().expect("totals").payable;
        app::checkout::start(&self.shop, &buyer(), cart, payable).await.expect("it starts").order
    }

    /// Checks out and lets everything happen that follows.
    pub(super) async fn buy(&self, wishes: &[(&Sku, i64)], method: &str) -> OrderId {
        let cart = self.cart(wishes, ("standard", method)).await;
        let order = self.start(&cart).await;
        self.rest().await;
        order
    }

    /// Buys a book of [`BOOK`], and forgets what the bank was asked for it.
    pub(super) async fn bought(&self, method: &str) -> OrderId {
        let book = self.book("LIV-1", BOOK, [5, 0]).await;
        let order = self.buy(&[(&book, 1)], method).await;
        self.bank.take_asked();
        order
    }

    /// Lets everything happen that needs no time.
    pub(super) async fn rest(&self) {
        let rested = tokio::time::timeout(PATIENCE, self.processes.catch_up()).await;
        rested.expect("it comes to rest").expect("the log is there");
    }

    /// Lets so many seconds pass, and everything happen that is due by then.
    pub(super) async fn pass(&self, seconds: i64) {
        self.clock.advance_seconds(seconds);
        let (stop, shutdown) = watch::channel(false);
        let processes = self.processes.clone();
        let running = tokio::spawn(async move { processes.run(shutdown).await });
        // Time is paused: it passes only where nothing moves any more.
        let rested = tokio::time::timeout(REST, std::future::pending::<()>()).await;
        assert!(rested.is_err(), "nothing ends what is pending");
        stop.send_replace(true);
        tokio::time::timeout(PATIENCE, running).await.expect("it stops").expect("it did not panic");
    }

    pub(super) async fn load<D>(&self, id: &str) -> Arc<D>
    where
        D: Decider,
        D::Error: Refusal,
    {
        self.shop.bus.load::<D>(id).await.expect("it loads").state
    }

    pub(super) async fn order(&self, order: &OrderId) -> Arc<Order> {
        self.load(order.as_str()).await
    }

    pub(super) async fn cart_of(&self, order: &OrderId) -> Arc<Cart> {
        let cart = self.order(order).await.sale().expect("a sale").cart.clone();
        self.load(cart.as_str()).await
    }

    /// Returns the last attempt to pay an order.
    pub(super) async fn attempt(&self, order: &OrderId) -> PaymentId {
        self.order(order).await.payments().last().expect("an attempt").clone()
    }

    pub(super) async fn payment(&self, order: &OrderId) -> Arc<Payment> {
        self.load(self.attempt(order).await.as_str()).await
    }

    pub(super) async fn parcel(&self, order: &OrderId, location: &str) -> (FulfilmentId, Arc<Fulfilment>) {
        let id = parcel_id(order, &at(location));
        let parcel = self.load(id.as_str()).await;
        (id, parcel)
    }

    /// Returns units on hand, reserved and allocated.
    pub(super) async fn shelf(&self, sku: &Sku, location: &str) -> [i64; 3] {
        let stock = self.load::<Stock>(&stream_id(sku, &at(location))).await;
        [stock.on_hand(), stock.reserved(), stock.allocated()]
    }

    pub(super) async fn change_parcel(&self, order: &OrderId, location: &str, command: FulfilmentCommand) {
        let (id, _) = self.parcel(order, location).await;
        app::fulfilment::change(&self.shop, &staff(), &id, command).await.expect("the parcel goes on");
        self.rest().await;
    }

    pub(super) async fn pack(&self, order: &OrderId, location: &str) {
        let packed_at = self.shop.clock.now();
        self.change_parcel(order, location, FulfilmentCommand::Pack { packed_at }).await;
    }

    pub(super) async fn hand_over(&self, order: &OrderId, location: &str) {
        let (id, _) = self.parcel(order, location).await;
        app::fulfilment::hand_over(&self.shop, &staff(), &id, None).await.expect("the parcel leaves");
        self.rest().await;
    }

    pub(super) async fn deliver(&self, order: &OrderId, location: &str) {
        let delivered_at = self.shop.clock.now();
        self.change_parcel(order, location, FulfilmentCommand::Deliver { delivered_at }).await;
    }

    /// Packs a parcel, hands it over and lets it arrive.
    pub(super) async fn send(&self, order: &OrderId, location: &str) {
        self.pack(order, location).await;
        self.hand_over(order, location).await;
        self.deliver(order, location).await;
    }

    pub(super) async fn cancel(&self, order: &OrderId) {
        app::order::request_cancellation(&self.shop, &buyer(), order, text("changed my mind")).await.expect("asked");
        self.rest().await;
    }

    /// Returns the open task whose name begins like this.
    pub(super) fn task(&self, name: &str) -> OpenTask {
        let tasks = self.processes.tasks();
        let found = tasks.iter().find(|open| open.task.name.starts_with(name));
        found.unwrap_or_else(|| panic!("no task {name} among {tasks:?}")).clone()
    }

    pub(super) async fn decide(&self, name: &str, choice: &str) {
        let task = self.task(name).task.id;
        let decided = self.processes.decide_task(&task, choice, text("as agreed"), &staff().actor).await;
        decided.expect("it is decided");
        self.rest().await;
    }

    /// Performs a step of a checkout.
    pub(super) async fn perform(&self, order: &OrderId, step: &CheckoutStep) -> Result<CheckoutInput, StepError> {
        Worker::<Checkout>::perform(&self.hands, order.as_str(), step, &staff()).await
    }

    /// Returns the events of some kinds of streams.
    pub(super) async fn events(&self, kinds: &[&str]) -> Vec<Arc<RecordedEvent>> {
        let filter = Filter { kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect() };
        let page = self.shop.bus.store().read_all(Position(0), PAGE_EVENTS_MAX, &filter).await;
        page.expect("the log is there").events
    }
}
