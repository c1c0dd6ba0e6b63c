//! A small shop in memory for the tests of this crate.

mod unreliable;

use std::sync::Arc;

use domain::catalog::{ProductCommand, VariantCommand};
use domain::stock::{Stock, StockCommand, stream_id};
use domain::values::{
    CategoryId, Currency, CustomerId, Localized, LocationId, Money, OrderId, ProductId, Quantity, ShortText, Sku,
    Timestamp, VatRate,
};
use event_store::EventStore;
use event_store::memory::MemoryStore;
use uuid::Uuid;

pub(crate) use unreliable::{Fault, Unreliable};

use crate::actor::{Actor, Role};
use crate::bus::{Bus, Cause, CommandKey, Request};
use crate::cart::{Address, CheckoutDetails};
use crate::checkout::ShippingOption;
use crate::clock::ManualClock;
use crate::ids::{CountingIds, SystemIds};
use crate::invoicing::InvoicingSettings;
use crate::stock::ShortfallSettings;
use crate::{Shop, ShopSettings, catalog};

pub(crate) fn noon() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

pub(crate) fn shop_over(store: Arc<dyn EventStore>) -> Shop {
    let clock = Arc::new(ManualClock::starting_at(noon()));
    let settings = ShopSettings {
        locations: vec![location("paris"), location("lyon")],
        shipping: vec![shipping("standard", 490)],
        reservation_seconds: 900,
        payment_seconds: 1_800,
        shortfall: ShortfallSettings::default(),
        invoicing: InvoicingSettings::of_demo(),
    };
    Shop::new(store, clock, Arc::new(CountingIds::default()), settings)
}

pub(crate) fn shop() -> Shop {
    shop_over(Arc::new(MemoryStore::new()))
}

/// A bus of another process over the same log.
pub(crate) fn bus_over(store: Arc<dyn EventStore>) -> Bus {
    Bus::new(store, Arc::new(ManualClock::starting_at(noon())), Arc::new(SystemIds))
}

fn shipping(code: &str, cents: i64) -> ShippingOption {
    ShippingOption { code: code.to_owned(), label: name("Lettre suivie"), prices: vec![(eur(cents), rate())] }
}

pub(crate) fn rate() -> VatRate {
    "0.055".parse().expect("a rate")
}

pub(crate) fn eur(cents: i64) -> Money {
    Money::new(cents, Currency::Eur)
}

pub(crate) fn text(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

pub(crate) fn name(french: &str) -> Localized {
    Localized::new(french, None)
}

pub(crate) fn sku(text: &str) -> Sku {
    text.parse().expect("a SKU")
}

pub(crate) fn location(text: &str) -> LocationId {
    text.parse().expect("a location")
}

pub(crate) fn units(count: i64) -> Quantity {
    Quantity::new(count).expect("a count of units")
}

pub(crate) fn order(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn customer(number: u128) -> CustomerId {
    CustomerId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn request_of(actor: Actor) -> Request {
    Request::new(actor, Cause::of("command", "conversation"))
}

pub(crate) fn staff() -> Request {
    request_of(Actor::of_role(Role::Staff, "ada"))
}

pub(crate) fn shopper(number: u128) -> Request {
    request_of(Actor::shopper(customer(number)))
}

pub(crate) fn key(key: &str, fingerprint: &str) -> Option<CommandKey> {
    Some(CommandKey { key: key.to_owned(), fingerprint: fingerprint.to_owned() })
}

pub(crate) fn receive(count: i64) -> StockCommand {
    StockCommand::Receive { quantity: units(count), reference: text("delivery") }
}

pub(crate) fn reserve(number: u128, count: i64) -> StockCommand {
    StockCommand::Reserve { order: order(number), quantity: units(count), expires_at: noon().plus_seconds(900) }
}

pub(crate) async fn stock_up(shop: &Shop, of: &Sku, at: &str, count: i64) {
    let id = stream_id(of, &location(at));
    shop.bus.execute::<Stock>(&id, &staff(), receive(count)).await.expect("units come in");
}

/// Takes a product in that nobody sees yet.
pub(crate) async fn hidden_product(shop: &Shop) -> ProductId {
    let categories = vec![CategoryId::from_uuid(Uuid::from_u128(1))];
    let further = vec![ProductCommand::Categorise { categories }];
    let made = catalog::create_product(shop, &staff(), name("Les Misérables"), further).await.expect("a product");
    made.id.parse().expect("a product id")
}

pub(crate) async fn variant(shop: &Shop, product: &ProductId, of: &Sku, price: Money) {
    let commands = [
        VariantCommand::Create { product: product.clone(), name: name("poche"), weight_grams: 300 },
        VariantCommand::SetPrice { price, vat_rate: rate(), now: shop.clock.now() },
    ];
    catalog::change_variant(shop, &staff(), of, &commands).await.expect("a variant");
}

pub(crate) async fn reprice(shop: &Shop, of: &Sku, price: Money) {
    let command = VariantCommand::SetPrice { price, vat_rate: rate(), now: shop.clock.now() };
    catalog::change_variant(shop, &staff(), of, &[command]).await.expect("a new price");
}

/// Sells a SKU of a product of its own.
pub(crate) async fn sell(shop: &Shop, of: &str, cents: i64) -> Sku {
    let product = hidden_product(shop).await;
    catalog::change_product(shop, &staff(), &product, &[ProductCommand::Publish]).await.expect("it is shown");
    let of = sku(of);
    variant(shop, &product, &of, eur(cents)).await;
    of
}

pub(crate) fn address() -> Address {
    Address {
        name: "Ada Lovelace".to_owned(),
        line1: "12 rue de la Paix".to_owned(),
        line2: None,
        postal_code: "75002".to_owned(),
        city: "Paris".to_owned(),
        country: "FR".to_owned(),
        phone: None,
    }
}

pub(crate) fn details() -> CheckoutDetails {
    CheckoutDetails {
        email: Some("ada@example.org".to_owned()),
        address: Some(address()),
        shipping: Some("standard".to_owned()),
        payment_method: Some(text("pm_card_visa")),
    }
}
