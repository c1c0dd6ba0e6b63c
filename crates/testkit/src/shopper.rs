//! A shopper who goes through the use cases, and the staff.

use std::time::Duration;

use app::Shop;
use app::actor::{Actor, Role};
use app::bus::{Cause, Request};
use app::cart::{Address, CheckoutDetails, LineWish};
use domain::cart::Cart;
use domain::fulfilment::Fulfilment;
use domain::values::{CartId, Currency, CustomerId, FulfilmentId, OrderId, Quantity, Sku};
use event_store::{Filter, PAGE_EVENTS_MAX, Position};
use sagas::checkout::CheckoutStatus;

use crate::TestShop;

/// The most a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Makes a request of someone of the staff.
pub fn staff() -> Request {
    Request::new(Actor::of_role(Role::Staff, "ada"), Cause::of("test", "test"))
}

/// Lists the parcels that warehouses were asked for, by when.
///
/// # Panics
/// When the log cannot be read.
pub async fn parcels_of(shop: &TestShop, order: &OrderId) -> Vec<FulfilmentId> {
    let filter = Filter { kinds: vec!["fulfilment".to_owned()] };
    let (mut found, mut after) = (Vec::new(), Position(0));
    loop {
        let page = shop.started.store.read_all(after, PAGE_EVENTS_MAX, &filter).await.expect("the log reads");
        for event in page.events.iter().filter(|event| event.event_type == "fulfilment.requested") {
            let id: FulfilmentId = event.stream.id.parse().expect("a fulfilment id");
            let state = shop.started.shop.bus.load::<Fulfilment>(id.as_str()).await.expect("a fulfilment").state;
            if state.order() == Some(order) {
                found.push(id);
            }
        }
        if page.next >= page.head {
            return found;
        }
        after = page.next;
    }
}

/// Someone who buys.
pub struct Shopper {
    /// Who.
    pub actor: Actor,
    shop: Shop,
}

impl Shopper {
    /// Makes a new shopper.
    pub fn of(shop: &TestShop) -> Self {
        let shop = shop.started.shop.clone();
        Self { actor: Actor::shopper(CustomerId::from_uuid(shop.ids.uuid())), shop }
    }

    /// Makes a request of theirs.
    pub fn request(&self) -> Request {
        Request::new(self.actor.clone(), Cause::of("test", "test"))
    }

    /// Fills a cart.
    ///
    /// # Panics
    /// When the shop refuses.
    pub async fn fill(&self, wishes: &[(&Sku, i64)]) -> CartId {
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
        cart.id.parse().expect("a cart id")
    }

    /// Says everything that checkout asks for.
    ///
    /// # Panics
    /// When the shop refuses.
    pub async fn prepare(&self, cart: &CartId, method: &str) {
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
        app::cart::set_details(&self.shop, &self.request(), cart, &details).await.expect("details");
    }

    /// Fills a cart and says everything that checkout asks for.
    ///
    /// # Panics
    /// When the shop refuses.
    pub async fn cart(&self, wishes: &[(&Sku, i64)], method: &str) -> CartId {
        let cart = self.fill(wishes).await;
        self.prepare(&cart, method).await;
        cart
    }

    /// Checks out and waits for the answer.
    ///
    /// # Panics
    /// When the shop refuses.
    pub async fn check_out(&self, shop: &TestShop, cart: &CartId) -> (OrderId, CheckoutStatus) {
        let loaded = self.shop.bus.load::<Cart>(cart.as_str()).await.expect("a cart");
        let payable = loaded.state.totals().expect("totals").payable;
        let started = app::checkout::start(&self.shop, &self.request(), cart, payable).await.expect("starts");
        let answer = shop.started.processes.checkout_answer(&started.order, PATIENCE).await;
        (started.order, answer)
    }
}
