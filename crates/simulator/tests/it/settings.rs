//! The shop that is simulated: two warehouses, three ways to send a parcel.

use app::ShopSettings;
use app::checkout::ShippingOption;
use app::invoicing::InvoicingSettings;
use app::stock::ShortfallSettings;
use domain::values::{Currency, Localized, Money};

fn option(code: &str, cents: i64) -> ShippingOption {
    let price = (Money::new(cents, Currency::Eur), "0.20".parse().expect("a rate"));
    ShippingOption { code: code.to_owned(), label: Localized::new(code, None), prices: vec![price] }
}

/// Returns the settings.
pub fn shop_settings() -> ShopSettings {
    ShopSettings {
        locations: ["paris", "lyon"].map(|location| location.parse().expect("a location")).to_vec(),
        shipping: vec![option("standard", 390), option("express", 790), option("pickup", 0)],
        reservation_seconds: 35 * 60,
        payment_seconds: 30 * 60,
        shortfall: ShortfallSettings::default(),
        invoicing: InvoicingSettings::of_demo(),
    }
}
