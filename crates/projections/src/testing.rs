//! A shop's story for tests and for measuring: events made by hand, written into a log in memory.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use domain::cart::{CartEvent, CartLine, LinePrice, ShippingChoice};
use domain::catalog::{CategoryEvent, ProductEvent, VariantEvent};
use domain::fulfilment::{FulfilmentEvent, FulfilmentLine};
use domain::order::{FulfilmentStatus, OrderEvent, OrderLine, OrderShipping, PaymentStatus, ReturnedLine, Sale};
use domain::payment::PaymentEvent;
use domain::returns::{Inspection, ReturnEvent, ReturnLine};
use domain::stock::StockEvent;
use domain::values::{
    CartId, CategoryId, Currency, CustomerId, FulfilmentId, LineId, Localized, Money, OrderId, PaymentId, ProductId,
    Quantity, ReturnId, Sealed, Timestamp, VatRate,
};
use event_store::memory::MemoryStore;
use event_store::{Commit, EventStore, NewEvent, StreamId};
use serde::Serialize;
use uuid::Uuid;

/// 2026-01-01T00:00:00Z in microseconds since 1970.
pub const NEW_YEAR: i64 = 1_767_225_600_000_000;
/// A day in microseconds.
pub const DAY: i64 = 86_400_000_000;
/// What one unit costs, minor units, VAT of 5.5 % included.
pub const UNIT_PRICE: i64 = 1_055;

/// How an order of the story ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Placed and not answered.
    Placed,
    /// The bank says no.
    Rejected,
    /// Called off after it was confirmed.
    Cancelled,
    /// The parcel arrives.
    Delivered,
    /// One of two units of the first line comes back and is refunded.
    Returned,
}

/// A log in memory and the clock of whoever writes it.
pub struct Story {
    /// The log.
    pub log: Arc<MemoryStore>,
    /// The moment at which the next events are recorded.
    pub now: i64,
    versions: HashMap<StreamId, u64>,
}

/// Parses a value that the test knows to be valid.
pub fn value<T: FromStr>(text: &str) -> T {
    text.parse().ok().expect("the test's own values are valid")
}

/// Makes whole units.
pub fn units(count: i64) -> Quantity {
    Quantity::new(count).expect("a count of units")
}

/// Makes an amount in euro.
pub fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

macro_rules! ids {
    ($($name:ident -> $id:ident),*) => {
        $(
            /// Numbers an id.
            pub fn $name(number: u128) -> $id {
                $id::from_uuid(Uuid::from_u128(number))
            }
        )*
    };
}

ids!(
    product -> ProductId, category -> CategoryId, cart -> CartId, line -> LineId, order -> OrderId,
    payment -> PaymentId, fulfilment -> FulfilmentId, returned -> ReturnId, customer -> CustomerId
);

/// Names the SKU of a product's only variant.
pub fn sku(number: u128) -> String {
    format!("SKU-{number}")
}

fn rate() -> VatRate {
    value("0.055")
}

/// Makes what was agreed for an order: two units of one product, one of the next, and shipping.
pub fn sale(number: u128, products: u128) -> Sale {
    let line = |place: u128, count: i64| {
        let bought = (number + place) % products;
        OrderLine {
            line: line(number * 10 + place),
            sku: value(&sku(bought)),
            product: product(bought),
            name: Localized::new(format!("Livre {bought}"), None),
            quantity: units(count),
            unit_price: Some(euro(UNIT_PRICE)),
            total: rate().split_gross(euro(UNIT_PRICE * count)).expect("the amount fits"),
            discount: None,
            promotions: vec![],
        }
    };
    let shipping = value::<VatRate>("0.2").split_gross(euro(480)).expect("the amount fits");
    Sale {
        number: format!("N{number:08}"),
        customer: customer(number % 7),
        cart: cart(number),
        currency: Currency::Eur,
        lines: vec![line(0, 2), line(1, 1)],
        shipping: OrderShipping { code: "standard".into(), label: Localized::new("Colis", None), total: shipping },
        coupons: vec![],
        promotions: vec![],
        total: euro(3 * UNIT_PRICE + 480),
        payable: euro(3 * UNIT_PRICE + 480),
        email: Sealed::new(customer(number % 7), "c2VhbGVk".into()),
        address: Sealed::new(customer(number % 7), "c2VhbGVkIHRvbw==".into()),
        country: "FR".into(),
        adds_to: None,
    }
}

impl Story {
    /// Begins with an empty log on the first of January.
    pub fn new() -> Self {
        Self { log: Arc::new(MemoryStore::new()), now: NEW_YEAR, versions: HashMap::new() }
    }

    /// Appends events to a stream, as one commit.
    pub async fn add<E: Serialize>(&mut self, kind: &str, id: &str, events: &[E]) {
        let stream = StreamId::new(kind, id);
        let version = self.versions.entry(stream.clone()).or_default();
        let (expected, now) = (*version, self.now);
        let to_new = |(index, event): (u64, &E)| {
            let payload = serde_json::value::to_raw_value(event).expect("events are JSON");
            let event_type = payload.get().split('"').nth(1).expect("events are tagged").to_owned();
            let metadata = r#"{"actor_kind":"customer","actor_id":"cus_test","correlation_id":"c1"}"#.to_owned();
            NewEvent {
                event_id: Uuid::from_u128(u128::from(expected + index) << 64 | u128::from(now.unsigned_abs())),
                event_type,
                event_version: "1".into(),
                payload,
                metadata: serde_json::value::RawValue::from_string(metadata).expect("metadata is JSON"),
            }
        };
        let events: Vec<NewEvent> = (0..).zip(events).map(to_new).collect();
        *version += events.len() as u64;
        let commit = Commit { stream, expected, events, command: None, recorded_at: now, epoch: None };
        self.log.append(commit).await.expect("the log in memory takes it");
    }

    /// Lets an older copy of the log take over, which ends here; what follows is told a day later.
    #[cfg(test)]
    pub async fn rewind_to(&mut self, end: event_store::Position) {
        self.log.rewind_to(end);
        self.now += DAY;
        for (stream, version) in &mut self.versions {
            let left =
                self.log.read_stream(stream, 0, event_store::PAGE_EVENTS_MAX).await.expect("the log in memory is read");
            *version = left.len() as u64;
        }
    }

    /// Fills the catalogue and the shelves: every product has one variant, one price, one of three categories.
    pub async fn catalogue(&mut self, products: u128) {
        for number in 0..3 {
            let (name, parent) = (Localized::new(format!("Rayon {number}"), None), (number > 0).then(|| category(0)));
            let created = CategoryEvent::Created { slug: format!("rayon-{number}"), name, parent, rank: 1 };
            self.add("category", category(number).as_str(), &[created]).await;
        }
        for number in 0..products {
            let name = Localized::new(format!("Élan {number}"), Some(format!("Moose {number}")));
            let events = [
                ProductEvent::Created { slug: format!("elan-{number}"), name },
                ProductEvent::Categorised { categories: vec![category(number % 3)] },
                ProductEvent::Published {},
            ];
            self.add("product", product(number).as_str(), &events).await;
            let events = [
                VariantEvent::Created { product: product(number), name: Localized::default(), weight_grams: 300 },
                VariantEvent::Priced { price: euro(UNIT_PRICE), vat_rate: rate(), at: None },
            ];
            self.add("variant", &sku(number), &events).await;
            let received = StockEvent::Received { quantity: units(1_000_000), reference: value("bon 1") };
            self.add("stock", &shelf(number), &[received]).await;
        }
    }

    /// Tells an order from cart to its ending.
    pub async fn order(&mut self, number: u128, products: u128, ending: Ending) {
        let (id, sale) = (order(number), sale(number, products));
        self.shop(number, &sale).await;
        let placed = OrderEvent::Placed { sale: Box::new(sale.clone()), placed_at: Timestamp::from_micros(self.now) };
        let asked = OrderEvent::PaymentRequested { payment: payment(number), method: value("pm_card"), amount: None };
        self.add("order", id.as_str(), &[placed, asked]).await;
        for (place, line) in (0..).zip(&sale.lines) {
            let expires_at = Timestamp::from_micros(self.now + DAY);
            let event = StockEvent::Reserved { order: id.clone(), quantity: line.quantity, expires_at };
            self.add("stock", &shelf((number + place) % products), &[event]).await;
        }
        let initiated = PaymentEvent::Initiated { order: id.clone(), amount: sale.payable, method: value("pm_card") };
        self.add("payment", payment(number).as_str(), &[initiated]).await;
        match ending {
            Ending::Placed => {}
            Ending::Rejected => self.reject(number, products, &sale).await,
            Ending::Cancelled => {
                self.confirm(number, products, &sale).await;
                self.cancel(number, products, &sale).await;
            }
            Ending::Delivered => {
                self.confirm(number, products, &sale).await;
                self.deliver(number, products, &sale).await;
            }
            Ending::Returned => {
                self.confirm(number, products, &sale).await;
                self.deliver(number, products, &sale).await;
                self.give_back(number, products, &sale).await;
            }
        }
    }

    async fn shop(&mut self, number: u128, sale: &Sale) {
        let lines = sale.lines.iter().map(|line| CartLine {
            line: line.line.clone(),
            sku: line.sku.clone(),
            product: line.product.clone(),
            name: line.name.clone(),
            quantity: units(1),
            price: LinePrice::PerUnit(euro(UNIT_PRICE)),
            vat_rate: rate(),
            price_reason: None,
        });
        let shipping = ShippingChoice {
            code: "standard".into(),
            label: Localized::new("Colis", None),
            price: euro(480),
            vat_rate: value("0.2"),
        };
        let events = [
            CartEvent::Opened { owner: sale.customer.clone(), currency: Currency::Eur },
            CartEvent::LinesAdded { lines: lines.collect() },
            CartEvent::LineQuantityChanged { line: line(number * 10), quantity: units(2) },
            CartEvent::ContactSet { email: sale.email.clone() },
            CartEvent::AddressSet { address: sale.address.clone(), country: "FR".into() },
            CartEvent::ShippingChosen { shipping },
            CartEvent::CheckoutStarted {
                order: order(number),
                total: sale.payable,
                promotions: vec![],
                pay_first: None,
                adds_to: None,
            },
        ];
        self.add("cart", cart(number).as_str(), &events).await;
    }

    async fn reject(&mut self, number: u128, products: u128, sale: &Sale) {
        let declined = PaymentEvent::Declined { code: "insufficient_funds".into() };
        self.add("payment", payment(number).as_str(), &[declined]).await;
        for (place, line) in (0..).zip(&sale.lines) {
            let event = StockEvent::ReservationReleased {
                order: order(number),
                quantity: line.quantity,
                reason: value("declined"),
            };
            self.add("stock", &shelf((number + place) % products), &[event]).await;
        }
        let rejected = OrderEvent::Rejected { code: "PAYMENT_DECLINED".into(), reason: value("declined") };
        self.add("order", order(number).as_str(), &[paid(PaymentStatus::Declined, 0, 0, 0), rejected]).await;
        let abandoned = CartEvent::CheckoutAbandoned { order: order(number), reason: value("declined") };
        self.add("cart", cart(number).as_str(), &[abandoned]).await;
    }

    async fn confirm(&mut self, number: u128, products: u128, sale: &Sale) {
        let amount = sale.payable;
        let expires_at = Timestamp::from_micros(self.now + 7 * DAY);
        let authorised = PaymentEvent::Authorised { provider_reference: value("pi_1"), amount, expires_at };
        self.add("payment", payment(number).as_str(), &[authorised]).await;
        for (place, line) in (0..).zip(&sale.lines) {
            let event = StockEvent::Allocated { order: order(number), quantity: line.quantity };
            self.add("stock", &shelf((number + place) % products), &[event]).await;
        }
        let events = [paid(PaymentStatus::Authorised, amount.minor(), 0, 0), OrderEvent::Confirmed {}];
        self.add("order", order(number).as_str(), &events).await;
        self.add("cart", cart(number).as_str(), &[CartEvent::Completed { order: order(number) }]).await;
    }

    async fn cancel(&mut self, number: u128, products: u128, sale: &Sale) {
        let reason = || value("changed my mind");
        self.add("order", order(number).as_str(), &[OrderEvent::CancellationRequested { reason: reason() }]).await;
        let voided = [PaymentEvent::VoidRequested { reason: reason() }, PaymentEvent::Voided {}];
        self.add("payment", payment(number).as_str(), &voided).await;
        // The cancellation overtakes the request: the stream begins barred.
        let cancelled = FulfilmentEvent::Cancelled { reason: reason() };
        self.add("fulfilment", fulfilment(number).as_str(), &[cancelled]).await;
        for (place, line) in (0..).zip(&sale.lines) {
            let event =
                StockEvent::AllocationReleased { order: order(number), quantity: line.quantity, reason: reason() };
            self.add("stock", &shelf((number + place) % products), &[event]).await;
        }
        let events = [paid(PaymentStatus::Voided, 0, 0, 0), OrderEvent::Cancelled { reason: reason() }];
        self.add("order", order(number).as_str(), &events).await;
    }

    async fn deliver(&mut self, number: u128, products: u128, sale: &Sale) {
        let (id, amount, at) = (order(number), sale.payable, Timestamp::from_micros(self.now));
        let lines = sale.lines.iter().map(|line| FulfilmentLine {
            line: line.line.clone(),
            sku: line.sku.clone(),
            quantity: line.quantity,
        });
        let requested = FulfilmentEvent::Requested {
            order: id.clone(),
            location: value("paris"),
            lines: lines.collect(),
            address: sale.address.clone(),
            share: amount,
        };
        let parcel = fulfilment(number);
        self.add("fulfilment", parcel.as_str(), &[requested, FulfilmentEvent::Packed { packed_at: at }]).await;
        let captured = [
            PaymentEvent::CaptureRequested { capture: "c1".into(), amount },
            PaymentEvent::Captured { capture: "c1".into(), amount },
        ];
        self.add("payment", payment(number).as_str(), &captured).await;
        let paid_all = paid(PaymentStatus::Captured, amount.minor(), amount.minor(), 0);
        self.add("order", id.as_str(), &[paid_all]).await;
        let (carrier, tracking) = (value("colis"), value(&format!("T{number}")));
        let sent = [
            FulfilmentEvent::ReleasedForShipping {},
            FulfilmentEvent::HandedOver { carrier, tracking, handed_over_at: at },
        ];
        self.add("fulfilment", parcel.as_str(), &sent).await;
        for (place, line) in (0..).zip(&sale.lines) {
            let event = StockEvent::Dispatched { order: id.clone(), quantity: line.quantity };
            self.add("stock", &shelf((number + place) % products), &[event]).await;
        }
        self.add("fulfilment", parcel.as_str(), &[FulfilmentEvent::Delivered { delivered_at: at }]).await;
        let delivered = FulfilmentStatus::Delivered;
        let recorded = OrderEvent::FulfilmentRecorded { status: delivered, fulfilment: Some(parcel), at };
        self.add("order", id.as_str(), &[recorded]).await;
    }

    async fn give_back(&mut self, number: u128, products: u128, sale: &Sale) {
        let (back, first) = (returned(number), &sale.lines[0]);
        let lines = vec![ReturnedLine { line: first.line.clone(), quantity: units(2) }];
        let opened =
            OrderEvent::ReturnOpened { return_id: back.clone(), lines, reason: value("too long"), withdrawal: None };
        self.add("order", order(number).as_str(), &[opened]).await;
        let lines = vec![ReturnLine {
            line: first.line.clone(),
            sku: first.sku.clone(),
            quantity: units(2),
            paid: euro(2 * UNIT_PRICE),
        }];
        let (line, reason) = (first.line.clone(), value("too long"));
        let events = [
            ReturnEvent::Requested {
                order: order(number),
                customer: sale.customer.clone(),
                lines,
                reason,
                withdrawal: None,
            },
            ReturnEvent::Approved {},
            ReturnEvent::Received { location: value("paris") },
            ReturnEvent::Inspected {
                items: vec![Inspection { line, resalable: 1, damaged: 0, missing: 1, deduction: None }],
                refund: euro(UNIT_PRICE),
            },
        ];
        self.add("return", back.as_str(), &events).await;
        let restocked = StockEvent::Restocked { return_id: back.clone(), quantity: units(1) };
        self.add("stock", &shelf(number % products), &[restocked]).await;
        let refund = PaymentEvent::Refunded { refund: "r1".into(), amount: euro(UNIT_PRICE) };
        self.add("payment", payment(number).as_str(), &[refund]).await;
        self.add("return", back.as_str(), &[ReturnEvent::Resolved { refunded: euro(UNIT_PRICE) }]).await;
    }
}

fn shelf(product: u128) -> String {
    format!("{}@paris", sku(product))
}

fn paid(status: PaymentStatus, authorised: i64, captured: i64, refunded: i64) -> OrderEvent {
    let (authorised, captured, refunded) = (euro(authorised), euro(captured), euro(refunded));
    OrderEvent::PaymentRecorded { status, authorised, captured, refunded }
}
