//! A variant: the thing with a SKU that is priced, stocked and sold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::commands::VariantCommand;
use super::error::CatalogError;
use super::events::VariantEvent;
use super::text::check_name;
use crate::values::{Currency, Localized, Money, ProductId, VatRate};

/// The highest price, in minor units: 100,000,000.00.
pub const PRICE_MINOR_MAX: i64 = 10_000_000_000;

type Decision = Result<Vec<VariantEvent>, CatalogError>;

/// A variant of a product, with at most one price in a currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variant {
    product: Option<ProductId>,
    name: Localized,
    weight_grams: u32,
    prices: BTreeMap<Currency, (Money, VatRate)>,
    discontinued: bool,
}

impl Variant {
    /// Says whether the variant was created.
    pub fn exists(&self) -> bool {
        self.product.is_some()
    }

    /// Returns the product it is a variant of; none before it exists.
    pub fn product(&self) -> Option<&ProductId> {
        self.product.as_ref()
    }

    /// Returns what tells it from its siblings; blank for an only child.
    pub fn name(&self) -> &Localized {
        &self.name
    }

    /// Returns its weight in grams, 0 when unknown.
    pub fn weight_grams(&self) -> u32 {
        self.weight_grams
    }

    /// Returns its price in a currency, VAT included, and the rate inside. A discontinued variant keeps its prices.
    pub fn price(&self, currency: Currency) -> Option<(Money, VatRate)> {
        self.prices.get(&currency).copied()
    }

    /// Returns all of its prices, VAT included, and the rates inside.
    pub fn prices(&self) -> &BTreeMap<Currency, (Money, VatRate)> {
        &self.prices
    }

    /// Says whether it is not sold any more.
    pub fn is_discontinued(&self) -> bool {
        self.discontinued
    }

    /// Returns what a shopper pays for a unit, VAT included, and the rate inside.
    ///
    /// # Errors
    /// [`CatalogError::Unknown`], [`CatalogError::Discontinued`] or [`CatalogError::NoPrice`]: why it cannot be sold.
    pub fn selling_price(&self, currency: Currency) -> Result<(Money, VatRate), CatalogError> {
        if existing(self)?.discontinued {
            return Err(CatalogError::Discontinued);
        }
        self.price(currency).ok_or(CatalogError::NoPrice { currency })
    }

    /// Moves on by one fact.
    pub(super) fn move_on(&mut self, event: &VariantEvent) {
        match event {
            VariantEvent::Created { product, name, weight_grams } => {
                self.product = Some(product.clone());
                self.name = name.clone();
                self.weight_grams = *weight_grams;
            }
            VariantEvent::Priced { price, vat_rate } => {
                self.prices.insert(price.currency(), (*price, *vat_rate));
            }
            VariantEvent::PriceRemoved { currency } => {
                self.prices.remove(currency);
            }
            VariantEvent::Discontinued {} => self.discontinued = true,
            VariantEvent::Reinstated {} => self.discontinued = false,
        }
    }
}

pub(super) fn decide(variant: &Variant, command: &VariantCommand) -> Decision {
    match command {
        VariantCommand::Create { product, name, weight_grams } => create(variant, product, name, *weight_grams),
        VariantCommand::SetPrice { price, vat_rate } => set_price(existing(variant)?, *price, *vat_rate),
        VariantCommand::RemovePrice { currency } => remove_price(existing(variant)?, *currency),
        VariantCommand::Discontinue => discontinue(existing(variant)?),
        VariantCommand::Reinstate => reinstate(existing(variant)?),
    }
}

fn existing(variant: &Variant) -> Result<&Variant, CatalogError> {
    if variant.exists() { Ok(variant) } else { Err(CatalogError::Unknown { what: "variant" }) }
}

fn create(variant: &Variant, product: &ProductId, name: &Localized, weight_grams: u32) -> Decision {
    if let Some(present) = &variant.product {
        let same = present == product && variant.name == *name && variant.weight_grams == weight_grams;
        return if same { Ok(vec![]) } else { Err(CatalogError::AlreadyExists { what: "variant" }) };
    }
    check_name(name)?;
    Ok(vec![VariantEvent::Created { product: product.clone(), name: name.clone(), weight_grams }])
}

fn set_price(variant: &Variant, price: Money, vat_rate: VatRate) -> Decision {
    if variant.price(price.currency()) == Some((price, vat_rate)) {
        return Ok(vec![]);
    }
    if !(0..=PRICE_MINOR_MAX).contains(&price.minor()) {
        return Err(CatalogError::Invalid { field: "price", rule: "0 to 10000000000 minor units" });
    }
    Ok(vec![VariantEvent::Priced { price, vat_rate }])
}

fn remove_price(variant: &Variant, currency: Currency) -> Decision {
    if variant.price(currency).is_none() {
        return Ok(vec![]);
    }
    Ok(vec![VariantEvent::PriceRemoved { currency }])
}

fn discontinue(variant: &Variant) -> Decision {
    if variant.discontinued {
        return Ok(vec![]);
    }
    Ok(vec![VariantEvent::Discontinued {}])
}

fn reinstate(variant: &Variant) -> Decision {
    if !variant.discontinued {
        return Ok(vec![]);
    }
    Ok(vec![VariantEvent::Reinstated {}])
}
