//! A shopper who goes through the use cases.

use std::sync::Arc;
use std::time::Duration;

use app::Shop;
use app::actor::{Actor, Role};
use app::bus::{Cause, Request};
use app::cart::{Address, CheckoutDetails, LineWish};
use domain::cart::Cart;
use domain::decider::{Decider, Refusal};
use domain::fulfilment::{Fulfilment, FulfilmentCommand};
use domain::order::{FulfilmentStatus, Order};
use domain::values::{CartId, Currency, CustomerId, FulfilmentId, OrderId, Quantity, Sku};
use event_store::{Filter, PAGE_EVENTS_MAX, Position};
use sagas::checkout::CheckoutStatus;
use testkit::TestShop;

/// The most a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Shopper {
    pub actor: Actor,
    shop: Shop,
}

impl Shopper {
    pub fn of(shop: &TestShop) -> Self {
        let customer = CustomerId::from_uuid(uuid::Uuid::now_v7());
        Self { actor: Actor::shopper(customer), shop: shop.started.shop.clone() }
    }

    pub fn request(&self) -> Request {
        Request::new(self.actor.clone(), Cause::of("test", "test"))
    }

    /// Fills a cart and says everything that checkout asks for.
    pub async fn cart(&self, wishes: &[(&Sku, i64)], method: &str) -> CartId {
        let wishes: Vec<LineWish> = wishes
            .iter()
            .map(|(sku, units)| LineWish {
                sku: (*sku).clone(),
                quantity: Quantity::new(*units).expect("a quantity"),
                agreed: None,
            })
            .collect();
        let owner = self.actor.customer().expect("a shopper").clone();
        let cart = app::cart::open(&self.shop, &self.request(), owner, Currency::Eur, &wishes).await.expect("a cart");
        let id: CartId = cart.id.parse().expect("a cart id");
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
            shipping: Some("standard".to_owned()),
            payment_method: Some(method.parse().expect("a token")),
        };
        app::cart::set_details(&self.shop, &self.request(), &id, &details).await.expect("details");
        id
    }

    /// Checks out and waits for the answer.
    pub async fn check_out(&self, shop: &TestShop, cart: &CartId) -> (OrderId, CheckoutStatus) {
        let loaded = self.shop.bus.load::<Cart>(cart.as_str()).await.expect("a cart");
        let payable = loaded.state.totals().expect("totals").payable;
        let started = app::checkout::start(&self.shop, &self.request(), cart, payable).await.expect("starts");
        let answer = shop.started.processes.checkout_answer(&started.order, PATIENCE).await;
        (started.order, answer)
    }
}

/// Waits until an order is as the test wants it.
pub async fn order_when(shop: &TestShop, order: &OrderId, wanted: impl Fn(&Order) -> bool) -> Arc<Order> {
    when(shop, order.as_str(), wanted).await
}

/// Waits until an aggregate is as the test wants it.
pub async fn when<D>(shop: &TestShop, id: &str, wanted: impl Fn(&D) -> bool) -> Arc<D>
where
    D: Decider,
    D::Error: Refusal,
{
    let mut head = shop.started.store.head();
    let found = async {
        loop {
            head.mark_unchanged();
            let state = shop.started.shop.bus.load::<D>(id).await.expect("an aggregate").state;
            if wanted(&state) {
                return state;
            }
            head.changed().await.expect("the log goes on");
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("it comes to be as wanted in time")
}

/// Lets staff pack, hand over and deliver every parcel of an order.
pub async fn deliver(shop: &TestShop, order: &OrderId) {
    for parcel in parcels(shop, order).await {
        pack(shop, &parcel).await;
        let staff = staff();
        let write = &shop.started.shop;
        app::fulfilment::hand_over(write, &staff, &parcel, None).await.expect("is handed over");
        let delivered_at = write.clock.now();
        let command = FulfilmentCommand::Deliver { delivered_at };
        app::fulfilment::change(write, &staff, &parcel, command).await.expect("is delivered");
    }
    order_when(shop, order, |order| order.fulfilment_status() == FulfilmentStatus::Delivered).await;
}

/// Lets staff pack a parcel and waits until it may leave.
pub async fn pack(shop: &TestShop, parcel: &FulfilmentId) {
    let write = &shop.started.shop;
    let command = FulfilmentCommand::Pack { packed_at: write.clock.now() };
    app::fulfilment::change(write, &staff(), parcel, command).await.expect("is packed");
    when::<Fulfilment>(shop, parcel.as_str(), |parcel| parcel.is_released()).await;
}

/// Lists the parcels of a confirmed order, by its locations in their order.
pub async fn parcels(shop: &TestShop, order: &OrderId) -> Vec<FulfilmentId> {
    order_when(shop, order, |order| order.fulfilment_status() != FulfilmentStatus::Unfulfilled).await;
    let mut found = Vec::new();
    let filter = Filter { kinds: vec!["fulfilment".to_owned()] };
    let page = shop.started.store.read_all(Position(0), PAGE_EVENTS_MAX, &filter).await.expect("the log reads");
    for event in page.events.iter().filter(|event| event.event_type == "fulfilment.requested") {
        let id: FulfilmentId = event.stream.id.parse().expect("a fulfilment id");
        let state = shop.started.shop.bus.load::<Fulfilment>(id.as_str()).await.expect("a fulfilment").state;
        if state.order() == Some(order) {
            found.push(id);
        }
    }
    found
}

pub fn staff() -> Request {
    Request::new(Actor::of_role(Role::Staff, "ada"), Cause::of("test", "test"))
}
