//! Who sells, for invoices: four keys that are given all or not at all, and the shop's time zone.

use app::invoicing::{InvoicingSettings, Zone};
use domain::invoicing::{Seller, Siren, VatId};
use domain::values::ShortText;
use serde::Serialize;

/// The keys of the seller that are needed together.
const NEEDED: [&str; 4] = ["seller_name", "seller_address", "seller_siren", "seller_vat_id"];

/// What the configuration says of the seller; each value is checked when it is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SellerSettings {
    /// The company's name.
    #[serde(rename = "seller_name")]
    name: Option<String>,
    /// Street, postal code, city and country.
    #[serde(rename = "seller_address")]
    address: Option<String>,
    /// Its SIREN, nine digits.
    #[serde(rename = "seller_siren")]
    siren: Option<String>,
    /// Its number for VAT.
    #[serde(rename = "seller_vat_id")]
    vat_id: Option<String>,
    /// The time zone that invoices are dated in.
    time_zone: Option<String>,
}

impl SellerSettings {
    /// Sets one key, or says what is allowed.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<(), &'static str> {
        let text = value.parse::<ShortText>().map_err(|invalid| invalid.allowed).map(|text| text.to_string());
        match key {
            "seller_name" => self.name = Some(text?),
            "seller_address" => self.address = Some(text?),
            "seller_siren" => {
                self.siren = Some(value.parse::<Siren>().map_err(|invalid| invalid.allowed)?.to_string());
            }
            "seller_vat_id" => {
                self.vat_id = Some(value.parse::<VatId>().map_err(|invalid| invalid.allowed)?.to_string());
            }
            _ => {
                value.parse::<Zone>().map_err(|invalid| invalid.allowed)?;
                self.time_zone = Some(value.to_owned());
            }
        }
        Ok(())
    }

    /// Puts the settings together: those of the demo shop where no seller is named.
    ///
    /// # Errors
    /// The first key that is missing where another one is given.
    pub(crate) fn settings(&self) -> Result<Option<InvoicingSettings>, &'static str> {
        let given = [&self.name, &self.address, &self.siren, &self.vat_id];
        let demo = InvoicingSettings::of_demo();
        let zone = self.time_zone.as_ref().and_then(|zone| zone.parse().ok()).unwrap_or(demo.zone);
        if given.iter().all(|value| value.is_none()) {
            return Ok(self.time_zone.is_some().then_some(InvoicingSettings { seller: demo.seller, zone }));
        }
        let missing = NEEDED.iter().zip(given).find(|(_, value)| value.is_none());
        if let Some((key, _)) = missing {
            return Err(key);
        }
        let seller = || {
            Some(Seller {
                name: self.name.as_ref()?.parse().ok()?,
                address: self.address.as_ref()?.parse().ok()?,
                siren: self.siren.as_ref()?.parse().ok()?,
                vat_id: self.vat_id.as_ref()?.parse().ok()?,
            })
        };
        Ok(seller().map(|seller| InvoicingSettings { seller, zone }))
    }

    /// Returns whether a seller is named, whole or in part.
    pub(crate) fn is_named(&self) -> bool {
        self.name.is_some() || self.address.is_some() || self.siren.is_some() || self.vat_id.is_some()
    }
}
