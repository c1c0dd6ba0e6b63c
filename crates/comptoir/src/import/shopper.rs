//! One basket: a household opens a cart, checks out and gets its parcels. Each command has a key that follows from the
//! basket, so that an import that was cut off goes on where it stood.

use std::sync::Arc;
use std::time::Duration;

use app::Shop;
use app::actor::Actor;
use app::bus::{Cause, CommandKey, Request};
use app::cart::{self, Address, AgreedPrice, CheckoutDetails, LineWish};
use app::checkout;
use app::error::AppError;
use domain::cart::{Cart, CartStatus, Coupon, LinePrice};
use domain::fulfilment::FulfilmentCommand;
use domain::order::{FulfilmentStatus, Order};
use domain::stock::{Stock, stream_id};
use domain::values::{CartId, Currency, CustomerId, FulfilmentId, Money, OrderId, Quantity};
use futures_util::future::try_join_all;
use sagas::Processes;
use sagas::checkout::CheckoutStatus;

use super::files::Line;
use super::names;
use super::plan::{PlannedBasket, unit_cents};
use super::warehouse::{Stage, Warehouse};

/// How long one step of a checkout or of a parcel may take: far longer than any step does.
const STEP_SECONDS_MAX: u64 = 120;
const STEP_LIMIT: Duration = Duration::from_secs(STEP_SECONDS_MAX);

/// What shoppers share.
pub(super) struct World {
    pub(super) shop: Shop,
    pub(super) processes: Arc<Processes>,
    pub(super) warehouse: Warehouse,
}

/// A basket that became an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bought {
    pub(super) order: OrderId,
    /// Whether an earlier import had delivered it already.
    pub(super) already: bool,
    /// What the order comes to, US cents.
    pub(super) total_cents: i64,
    /// What was asked of the payment provider, US cents.
    pub(super) payable_cents: i64,
}

/// Why a basket did not become an order.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
}

impl Failure {
    fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let reasons = match &error {
            AppError::Invalid(refused) => refused.iter().map(|refused| refused.message.clone()).collect(),
            _ => std::error::Error::source(&error).map(ToString::to_string).into_iter().collect::<Vec<_>>(),
        };
        Self::new(error.code().unwrap_or("SHOP_FAILED"), [vec![error.to_string()], reasons].concat().join(": "))
    }
}

impl From<domain::values::InvalidValue> for Failure {
    fn from(error: domain::values::InvalidValue) -> Self {
        Self::new("INVALID_VALUE", error.to_string())
    }
}

/// A household with a basket.
struct Shopper<'a> {
    world: &'a World,
    basket: &'a PlannedBasket,
    customer: CustomerId,
    fingerprint: String,
}

/// Buys a basket and gets it delivered.
pub(super) async fn buy(world: &World, basket: &PlannedBasket) -> Result<Bought, Failure> {
    let fingerprint = names::fingerprint(basket).map_err(|error| Failure::new("INVALID_VALUE", error.to_string()))?;
    let shopper = Shopper { world, basket, customer: names::customer(basket.household), fingerprint };
    let opening = shopper.request(shopper.actor(), "");
    let cart = cart::open(&world.shop, &opening, shopper.customer.clone(), Currency::Usd, &[]).await?;
    let cart_id: CartId = cart.id.parse()?;
    if cart.replayed
        && let Some(bought) = shopper.bought_before(&cart_id).await?
    {
        return Ok(bought);
    }
    shopper.fill(&cart_id).await?;
    let order = shopper.check_out(&cart_id).await?;
    shopper.receive_parcels(&order).await?;
    shopper.bought(order, false).await
}

impl Shopper<'_> {
    fn actor(&self) -> Actor {
        Actor::shopper(self.customer.clone())
    }

    /// Makes a request that happens once per basket and step.
    fn request(&self, actor: Actor, step: &str) -> Request {
        let conversation = format!("cj-{}", self.basket.id);
        let command = format!("{conversation}{step}");
        let key = CommandKey { key: command.clone(), fingerprint: self.fingerprint.clone() };
        Request::new(actor, Cause::of(command, conversation)).keyed(Some(key))
    }

    fn till(&self, step: &str) -> Request {
        self.request(Actor::system("import"), step)
    }

    async fn bought_before(&self, cart: &CartId) -> Result<Option<Bought>, Failure> {
        let state = self.world.shop.bus.load::<Cart>(cart.as_str()).await?.state;
        let CartStatus::Completed { order } = state.status() else { return Ok(None) };
        let status = self.world.shop.bus.load::<Order>(order.as_str()).await?.state.fulfilment_status();
        if status != FulfilmentStatus::Delivered {
            return Ok(None);
        }
        self.wait_for_dispatch(&order).await?;
        Ok(Some(self.bought(order, true).await?))
    }

    async fn bought(&self, order: OrderId, already: bool) -> Result<Bought, Failure> {
        let state = self.world.shop.bus.load::<Order>(order.as_str()).await?.state;
        let sale = state.sale().ok_or_else(|| Failure::new("NOT_FOUND", "the order is not placed"))?;
        Ok(Bought { already, total_cents: sale.total.minor(), payable_cents: sale.payable.minor(), order })
    }

    /// Puts everything in the cart: lines and coupons at what was recorded, by the till; the rest by the household.
    async fn fill(&self, cart: &CartId) -> Result<(), Failure> {
        let shop = &self.world.shop;
        let wishes = self.basket.lines.iter().map(wish).collect::<Result<Vec<_>, _>>()?;
        cart::add_lines(shop, &self.till("/lines"), cart, &wishes).await?;
        for coupon in &self.basket.coupons {
            let request = self.till(&format!("/coupon/{}", coupon.code));
            let amount = Money::new(coupon.cents, Currency::Usd);
            let coupon = Coupon { code: coupon.code.clone(), campaign: coupon.campaign.clone(), amount };
            cart::apply_coupon(shop, &request, cart, coupon).await?;
        }
        cart::set_details(shop, &self.request(self.actor(), "/details"), cart, &self.details()?).await?;
        Ok(())
    }

    fn details(&self) -> Result<CheckoutDetails, Failure> {
        let PlannedBasket { household, store, .. } = self.basket;
        Ok(CheckoutDetails {
            email: Some(format!("household-{household}@example.org")),
            address: Some(Address {
                name: format!("Household {household}"),
                line1: format!("Store {store}"),
                line2: None,
                postal_code: "45202".to_owned(),
                city: "Cincinnati".to_owned(),
                country: "US".to_owned(),
                phone: None,
            }),
            shipping: Some("pickup".to_owned()),
            payment_method: Some("pm_card_visa".parse()?),
        })
    }

    /// Checks out and waits until the order is confirmed.
    async fn check_out(&self, cart: &CartId) -> Result<OrderId, Failure> {
        let shop = &self.world.shop;
        let state = shop.bus.load::<Cart>(cart.as_str()).await?.state;
        // A checkout that was refused is over for good; the next one has a key of its own.
        let step = match state.last_abandoned() {
            Some(order) => format!("/checkout/{order}"),
            None => "/checkout".to_owned(),
        };
        let payable = Money::new(self.basket.payable_cents(), Currency::Usd);
        let started = checkout::start(shop, &self.request(self.actor(), &step), cart, payable).await?;
        let order = started.order;
        match self.world.processes.checkout_answer(&order, STEP_LIMIT).await {
            CheckoutStatus::Confirmed | CheckoutStatus::PaidAnew { .. } => Ok(order),
            CheckoutStatus::Pending => Err(Failure::new("CHECKOUT_PENDING", self.slow(&order, "the checkout"))),
            CheckoutStatus::OutOfStock { shortages } => {
                let short = shortages.iter().map(|short| format!("{} of {}", short.available, short.sku));
                let short = short.collect::<Vec<_>>().join(", ");
                Err(Failure::new("INSUFFICIENT_STOCK", format!("there are only {short}")))
            }
            CheckoutStatus::PromotionRefused { .. } => Err(Failure::new("PROMOTION_REFUSED", "a promotion said no")),
            CheckoutStatus::PartlyAuthorised { .. } => Err(Failure::new("PARTLY_PAID", "only a part of it is held")),
            CheckoutStatus::ActionRequired { .. } => Err(Failure::new("ACTION_REQUIRED", "the bank wants more")),
            CheckoutStatus::Declined { code, .. } => Err(Failure::new("PAYMENT_DECLINED", code)),
            CheckoutStatus::Rejected { code } => Err(Failure::new("ORDER_REJECTED", code)),
            CheckoutStatus::Cancelled => Err(Failure::new("ORDER_CANCELLED", "the order was called off")),
        }
    }

    /// Says that a step is late, and what a human is asked about the order, if anything.
    fn slow(&self, order: &OrderId, what: &str) -> String {
        let late = format!("{what} takes longer than {STEP_SECONDS_MAX} seconds");
        let tasks = self.world.processes.tasks();
        let of_order = tasks.into_iter().filter(|task| task.process == order.as_str());
        of_order.fold(late, |text, task| format!("{text}; a task is open: {}", task.task.question))
    }

    /// Does the warehouses' and the carrier's part for every parcel, and waits until the order has noted it.
    async fn receive_parcels(&self, order: &OrderId) -> Result<(), Failure> {
        let warehouse = &self.world.warehouse;
        let asked = warehouse.wait(order, STEP_LIMIT, |known| known.status.is_some()).await;
        let asked = asked.ok_or_else(|| Failure::new("NOT_REQUESTED", self.slow(order, "asking the warehouses")))?;
        let parcels = asked.parcels.iter().map(|(parcel, stage)| self.receive_parcel(order, parcel, *stage));
        try_join_all(parcels).await?;
        let is_delivered = warehouse.wait(order, STEP_LIMIT, |known| known.status == Some(FulfilmentStatus::Delivered));
        is_delivered.await.ok_or_else(|| Failure::new("NOT_DELIVERED", self.slow(order, "noting the delivery")))?;
        self.wait_for_dispatch(order).await
    }

    async fn receive_parcel(&self, order: &OrderId, parcel: &FulfilmentId, stage: Stage) -> Result<(), Failure> {
        let shop = &self.world.shop;
        let request = self.till("").follow_up();
        if stage == Stage::Requested {
            let command = FulfilmentCommand::Pack { packed_at: shop.clock.now() };
            app::fulfilment::change(shop, &request, parcel, command).await?;
        }
        if stage < Stage::Released {
            let stage_now = |known: &super::warehouse::Known| known.parcels.get(parcel).copied();
            let released =
                self.world.warehouse.wait(order, STEP_LIMIT, |known| stage_now(known) >= Some(Stage::Released));
            released.await.ok_or_else(|| Failure::new("NOT_RELEASED", self.slow(order, "taking the money")))?;
        }
        if stage < Stage::HandedOver {
            app::fulfilment::hand_over(shop, &request, parcel, None).await?;
        }
        if stage < Stage::Delivered {
            let command = FulfilmentCommand::Deliver { delivered_at: shop.clock.now() };
            app::fulfilment::change(shop, &request, parcel, command).await?;
        }
        Ok(())
    }

    /// Waits until the order's units have left the shelves.
    async fn wait_for_dispatch(&self, order: &OrderId) -> Result<(), Failure> {
        let mut head = self.world.shop.bus.store().head();
        let dispatched = async {
            loop {
                head.borrow_and_update();
                if self.is_dispatched(order).await? {
                    return Ok(());
                }
                if head.changed().await.is_err() {
                    return Err(Failure::new("STORE_CLOSED", "the log was closed"));
                }
            }
        };
        let waited = tokio::time::timeout(STEP_LIMIT, dispatched).await;
        waited.unwrap_or_else(|_| Err(Failure::new("NOT_DISPATCHED", self.slow(order, "taking the units out"))))
    }

    async fn is_dispatched(&self, order: &OrderId) -> Result<bool, Failure> {
        for line in &self.basket.lines {
            let id = stream_id(&names::sku(line.product), &names::location(line.product));
            if self.world.shop.bus.load::<Stock>(&id).await?.state.allocation(order).is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Sells a line at its recorded amount: never at a rounded unit price.
fn wish(line: &Line) -> Result<LineWish, Failure> {
    let money = |cents| Money::new(cents, Currency::Usd);
    let price = match unit_cents(line) {
        Some(cents) => LinePrice::PerUnit(money(cents)),
        None => LinePrice::ForLine(money(line.sales_cents)),
    };
    let agreed = Some(AgreedPrice { price, reason: "recorded sale".parse()? });
    Ok(LineWish { sku: names::sku(line.product), quantity: Quantity::new(line.quantity)?, agreed })
}
