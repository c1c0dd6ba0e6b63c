//! Use cases: the command bus, who may do what, idempotency, the clock, ids, sealed personal data.
//!
//! Every change of the shop goes through [`bus::Bus`]: load, decide, append at the expected version, decide again on a
//! lost race. Contexts meet here and nowhere below: a cart's lines are priced from the catalogue in [`cart`], a cart
//! becomes a sale in [`checkout`].

pub mod actor;
pub mod as_of;
pub mod audit;
pub mod bus;
pub mod cart;
pub mod catalog;
pub mod checkout;
pub mod clock;
pub mod error;
#[cfg(test)]
mod fixture;
pub mod fulfilment;
pub mod ids;
pub mod invoicing;
pub mod log;
pub mod order;
pub mod payment;
pub mod promotion;
pub mod returns;
pub mod seal;
pub mod stock;
pub mod token;
pub mod vault;

use std::sync::Arc;

use domain::values::{Currency, LocationId, Money};
use event_store::EventStore;
use event_store::moments::Moments;

use crate::bus::Bus;
use crate::checkout::ShippingOption;
use crate::clock::Clock;
use crate::ids::Ids;
use crate::invoicing::InvoicingSettings;
use crate::stock::ShortfallSettings;
use crate::vault::Vault;

/// What a shop is set up with.
#[derive(Clone, Debug)]
pub struct ShopSettings {
    /// The warehouses, the preferred one first.
    pub locations: Vec<LocationId>,
    /// The ways to send a parcel, standard delivery first.
    pub shipping: Vec<ShippingOption>,
    /// How long units stay promised to a checkout, seconds.
    pub reservation_seconds: i64,
    /// How long a buyer has to pay a placed order, seconds.
    pub payment_seconds: i64,
    /// What becomes of a paid order of which units are missing.
    pub shortfall: ShortfallSettings,
    /// Who writes invoices, and where.
    pub invoicing: InvoicingSettings,
}

impl ShopSettings {
    /// Returns what standard delivery costs in a currency, VAT included; none where it is not offered.
    pub fn standard_delivery(&self, currency: Currency) -> Option<Money> {
        Some(self.shipping.first()?.choice_in(currency)?.price)
    }
}

/// The write side of one shop: what use cases need to do their work.
#[derive(Clone)]
pub struct Shop {
    /// Runs commands.
    pub bus: Arc<Bus>,
    /// Seals and opens personal data.
    pub vault: Arc<Vault>,
    /// Finds positions of the log by time.
    pub moments: Arc<Moments>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn Ids>,
    /// How the shop is set up.
    pub settings: Arc<ShopSettings>,
}

impl Shop {
    /// Opens the write side over a log.
    pub fn new(store: Arc<dyn EventStore>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, settings: ShopSettings) -> Self {
        Self {
            bus: Arc::new(Bus::new(store.clone(), clock.clone(), ids.clone())),
            vault: Arc::new(Vault::new(store.clone(), ids.clone())),
            moments: Arc::new(Moments::new(store)),
            clock,
            ids,
            settings: Arc::new(settings),
        }
    }
}
