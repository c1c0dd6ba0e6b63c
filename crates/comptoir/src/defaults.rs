//! How a shop is set up unless it is told otherwise: two warehouses, three ways to send a parcel.

use std::str::FromStr;

use app::ShopSettings;
use app::checkout::ShippingOption;
use app::invoicing::InvoicingSettings;
use app::stock::ShortfallSettings;
use domain::values::{Currency, Localized, LocationId, Money, VatRate};

/// The French standard rate of VAT, which shipping carries (CGI art. 278).
const VAT_FR_STANDARD: &str = "0.20";

/// The warehouses, the preferred one first.
pub const LOCATIONS: [&str; 2] = ["paris", "lyon"];

/// How long units stay promised to a checkout: a little longer than the buyer has to pay, so that a payment in the last
/// second still finds them.
const RESERVATION_SECONDS: i64 = 35 * 60;
/// How long a buyer has to pay.
const PAYMENT_SECONDS: i64 = 30 * 60;

fn known<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().expect("a constant of this file is valid; a test reads them all")
}

fn option(code: &str, label: (&str, &str), eur_minor: i64, usd_minor: i64) -> ShippingOption {
    ShippingOption {
        code: code.to_owned(),
        label: Localized::new(label.0, Some(label.1.to_owned())),
        prices: vec![
            (Money::new(eur_minor, Currency::Eur), known::<VatRate>(VAT_FR_STANDARD)),
            (Money::new(usd_minor, Currency::Usd), VatRate::ZERO),
        ],
    }
}

/// Returns the settings of a shop.
pub fn shop_settings() -> ShopSettings {
    ShopSettings {
        locations: LOCATIONS.iter().map(|location| known::<LocationId>(location)).collect(),
        shipping: vec![
            option("standard", ("Livraison standard, 3 à 5 jours", "Standard delivery, 3 to 5 days"), 390, 490),
            option("express", ("Livraison express, demain", "Express delivery, tomorrow"), 790, 990),
            option("pickup", ("Retrait en magasin", "Pick up in store"), 0, 0),
        ],
        reservation_seconds: RESERVATION_SECONDS,
        payment_seconds: PAYMENT_SECONDS,
        shortfall: ShortfallSettings::default(),
        invoicing: InvoicingSettings::of_demo(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_constant_is_valid() {
        let settings = super::shop_settings();
        assert_eq!((settings.locations.len(), settings.shipping.len()), (2, 3));
        assert!(settings.reservation_seconds > settings.payment_seconds);
    }
}
