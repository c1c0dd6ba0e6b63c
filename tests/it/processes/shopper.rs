//! A shopper who goes through the use cases.

use std::time::Duration;

use app::Shop;
use app::actor::Actor;
use app::bus::{Cause, Request};
use app::cart::{Address, CheckoutDetails, LineWish};
use domain::cart::Cart;
use domain::order::Order;
use domain::values::{CartId, Currency, CustomerId, OrderId, Quantity, Sku};
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

    pub async fn order(&self, order: &OrderId) -> std::sync::Arc<Order> {
        self.shop.bus.load::<Order>(order.as_str()).await.expect("an order").state
    }
}

/// Waits until an order is as the test wants it.
pub async fn order_when(shop: &TestShop, order: &OrderId, wanted: impl Fn(&Order) -> bool) -> std::sync::Arc<Order> {
    let mut head = shop.started.store.head();
    let found = async {
        loop {
            head.mark_unchanged();
            let state = shop.started.shop.bus.load::<Order>(order.as_str()).await.expect("an order").state;
            if wanted(&state) {
                return state;
            }
            head.changed().await.expect("the log goes on");
        }
    };
    tokio::time::timeout(PATIENCE, found).await.expect("the order comes to be as wanted in time")
}
