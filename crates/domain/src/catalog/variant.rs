//! A variant: the thing with a SKU that is priced, stocked and sold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::commands::VariantCommand;
use super::error::CatalogError;
use super::events::VariantEvent;
use super::price::{PriceHistory, Reduction};
use super::text::check_name;
use crate::values::{Currency, Localized, Money, ProductId, Timestamp, VatRate};

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
    histories: BTreeMap<Currency, PriceHistory>,
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

    /// Returns the reduction of its price that is announced in a currency at a moment.
    pub fn reduction_at(&self, currency: Currency, moment: Timestamp) -> Option<Reduction> {
        self.reduction(currency).filter(|reduction| reduction.runs_at(moment))
    }

    /// Returns the reduction that was announced last in a currency and not ended; its own end may have passed.
    pub fn reduction(&self, currency: Currency) -> Option<Reduction> {
        self.histories.get(&currency)?.reduction()
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
            VariantEvent::Priced { price, vat_rate, at } => {
                self.prices.insert(price.currency(), (*price, *vat_rate));
                self.history(price.currency()).set(*price, *at);
            }
            VariantEvent::PriceRemoved { currency, at } => {
                self.prices.remove(currency);
                self.history(*currency).end(*at);
            }
            VariantEvent::ReductionAnnounced { price: _, reference, starts_at, ends_at } => {
                let reduction = Reduction { reference: *reference, starts_at: *starts_at, ends_at: *ends_at };
                self.history(reference.currency()).announce(Some(reduction));
            }
            VariantEvent::ReductionEnded { currency, at: _ } => self.history(*currency).announce(None),
            VariantEvent::Discontinued {} => self.discontinued = true,
            VariantEvent::Reinstated {} => self.discontinued = false,
        }
    }

    fn history(&mut self, currency: Currency) -> &mut PriceHistory {
        self.histories.entry(currency).or_default()
    }

    /// Returns the moment of a change: now, or that of the last change where the clock was turned back.
    fn moment(&self, currency: Currency, now: Timestamp) -> Timestamp {
        self.histories.get(&currency).map_or(now, |history| history.not_before(now))
    }

    /// Returns the fact that nothing is announced any more, where something is.
    fn end_of_reduction(&self, currency: Currency, at: Timestamp) -> Option<VariantEvent> {
        self.reduction_at(currency, at).map(|_reduction| VariantEvent::ReductionEnded { currency, at })
    }
}

pub(super) fn decide(variant: &Variant, command: &VariantCommand) -> Decision {
    match command {
        VariantCommand::Create { product, name, weight_grams } => create(variant, product, name, *weight_grams),
        VariantCommand::SetPrice { price, vat_rate, now } => set_price(existing(variant)?, *price, *vat_rate, *now),
        VariantCommand::RemovePrice { currency, now } => remove_price(existing(variant)?, *currency, *now),
        VariantCommand::AnnounceReduction { currency, ends_at, now } => {
            announce_reduction(existing(variant)?, *currency, *ends_at, *now)
        }
        VariantCommand::EndReduction { currency, now } => end_reduction(existing(variant)?, *currency, *now),
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

fn set_price(variant: &Variant, price: Money, vat_rate: VatRate, now: Timestamp) -> Decision {
    let currency = price.currency();
    let present = variant.price(currency);
    if present == Some((price, vat_rate)) {
        return Ok(vec![]);
    }
    if !(0..=PRICE_MINOR_MAX).contains(&price.minor()) {
        return Err(CatalogError::Invalid { field: "price", rule: "0 to 10000000000 minor units" });
    }
    let at = variant.moment(currency, now);
    let rises = present.is_some_and(|(present, _)| price.minor() > present.minor());
    let mut events = vec![VariantEvent::Priced { price, vat_rate, at: Some(at) }];
    events.extend(variant.end_of_reduction(currency, at).filter(|_end| rises));
    Ok(events)
}

fn remove_price(variant: &Variant, currency: Currency, now: Timestamp) -> Decision {
    if variant.price(currency).is_none() {
        return Ok(vec![]);
    }
    let at = variant.moment(currency, now);
    let mut events = vec![VariantEvent::PriceRemoved { currency, at: Some(at) }];
    events.extend(variant.end_of_reduction(currency, at));
    Ok(events)
}

fn announce_reduction(variant: &Variant, currency: Currency, ends_at: Option<Timestamp>, now: Timestamp) -> Decision {
    let (price, _) = variant.selling_price(currency)?;
    let at = variant.moment(currency, now);
    if ends_at.is_some_and(|end| end <= at) {
        return Err(CatalogError::Invalid { field: "endsAt", rule: "after the present moment" });
    }
    if let Some(present) = variant.reduction_at(currency, at) {
        let Reduction { reference, starts_at, ends_at: present_end } = present;
        let announced = VariantEvent::ReductionAnnounced { price, reference, starts_at, ends_at };
        return Ok(if present_end == ends_at { vec![] } else { vec![announced] });
    }
    let reference = variant.histories.get(&currency).and_then(|history| history.reference_at(at));
    let reference = reference.ok_or(CatalogError::NoPriorPrice { currency })?;
    if price.minor() >= reference.minor() {
        return Err(CatalogError::NotReduced { price, reference });
    }
    Ok(vec![VariantEvent::ReductionAnnounced { price, reference, starts_at: at, ends_at }])
}

fn end_reduction(variant: &Variant, currency: Currency, now: Timestamp) -> Decision {
    Ok(variant.end_of_reduction(currency, variant.moment(currency, now)).into_iter().collect())
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
