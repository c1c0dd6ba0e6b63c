//! What the index remembers of a product, a category or a variant, so that its document can be written anew.

use std::collections::BTreeMap;

use domain::catalog::{CategoryEvent, ProductEvent, VariantEvent};
use domain::stock::StockEvent;
use domain::values::{CategoryId, Currency, Localized, ProductId, Sku};
use event_store::Position;
use serde::{Deserialize, Serialize};

/// A product with its variants, folded from their streams.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ProductRecord {
    pub(super) id: ProductId,
    /// The position it was created at, then the one it was first published at.
    pub(super) since: u64,
    pub(super) shown: bool,
    /// Whether it has been published before.
    pub(super) was_shown: bool,
    pub(super) name: Localized,
    pub(super) summary: Localized,
    pub(super) categories: Vec<CategoryId>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) variants: BTreeMap<Sku, VariantRecord>,
}

/// A variant: what it costs and how many units are free to sell at all locations together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct VariantRecord {
    pub(super) prices: BTreeMap<Currency, i64>,
    pub(super) discontinued: bool,
    pub(super) available: i64,
}

/// A category, folded from its stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CategoryRecord {
    pub(super) id: CategoryId,
    pub(super) name: Localized,
    pub(super) parent: Option<CategoryId>,
}

impl ProductRecord {
    /// Makes a product before its first fact.
    pub(super) fn new(id: ProductId) -> Self {
        Self {
            id,
            since: 0,
            shown: false,
            was_shown: false,
            name: Localized::default(),
            summary: Localized::default(),
            categories: Vec::new(),
            attributes: BTreeMap::new(),
            variants: BTreeMap::new(),
        }
    }

    /// Moves on by one fact about the product.
    pub(super) fn apply(&mut self, event: ProductEvent, position: Position) {
        match event {
            ProductEvent::Created { name, .. } => {
                self.since = position.0;
                self.name = name;
            }
            ProductEvent::Renamed { name } => self.name = name,
            ProductEvent::Summarised { summary } => self.summary = summary,
            ProductEvent::Categorised { categories } => self.categories = categories,
            ProductEvent::AttributesSet { attributes } => self.attributes = attributes,
            // Reviews are read on the product's page; they are not searched.
            ProductEvent::EditorialReviewAdded { .. } => {}
            ProductEvent::Published {} => {
                if !self.was_shown {
                    self.since = position.0;
                }
                self.shown = true;
                self.was_shown = true;
            }
            ProductEvent::Unpublished {} => self.shown = false,
        }
    }

    /// Returns the lowest price of the variants on sale, in minor units.
    pub(super) fn price(&self, currency: Currency) -> Option<i64> {
        let on_sale = self.variants.values().filter(|variant| !variant.discontinued);
        on_sale.filter_map(|variant| variant.prices.get(&currency).copied()).min()
    }

    /// Tells whether some variant on sale has a unit free to sell.
    pub(super) fn in_stock(&self) -> bool {
        self.variants.values().any(|variant| !variant.discontinued && variant.available > 0)
    }
}

impl VariantRecord {
    /// Moves on by one fact about the variant and returns the product it belongs to when the fact names it.
    pub(super) fn apply(&mut self, event: VariantEvent) -> Option<ProductId> {
        match event {
            VariantEvent::Created { product, .. } => return Some(product),
            VariantEvent::Priced { price, .. } => {
                self.prices.insert(price.currency(), price.minor());
            }
            VariantEvent::PriceRemoved { currency, .. } => {
                self.prices.remove(&currency);
            }
            VariantEvent::ReductionAnnounced { .. } | VariantEvent::ReductionEnded { .. } => {}
            VariantEvent::Discontinued {} => self.discontinued = true,
            VariantEvent::Reinstated {} => self.discontinued = false,
        }
        None
    }

    /// Moves on by one fact about its stock at some location.
    pub(super) fn count(&mut self, event: &StockEvent) {
        match event {
            StockEvent::Received { quantity, .. }
            | StockEvent::ReservationReleased { quantity, .. }
            | StockEvent::ReservationExpired { quantity, .. }
            | StockEvent::ShortfallDetected { quantity, .. }
            | StockEvent::AllocationReleased { quantity, .. }
            | StockEvent::AllocationReduced { quantity, .. }
            | StockEvent::Restocked { quantity, .. } => self.available += quantity.units(),
            StockEvent::Reserved { quantity, .. }
            | StockEvent::BackOrderFilled { quantity, .. }
            | StockEvent::WrittenOff { quantity, .. } => {
                self.available -= quantity.units();
            }
            StockEvent::BackOrderClosed { freed, .. } => self.available += freed.map_or(0, |freed| freed.units()),
            // Reserved units become sold ones, sold ones leave: they were not free before.
            StockEvent::ReservationExtended { .. }
            | StockEvent::ReservationBarred { .. }
            | StockEvent::Allocated { .. }
            | StockEvent::BackOrdered { .. }
            | StockEvent::Dispatched { .. } => {}
        }
    }
}

impl CategoryRecord {
    /// Makes a category before its first fact.
    pub(super) fn new(id: CategoryId) -> Self {
        Self { id, name: Localized::default(), parent: None }
    }

    /// Moves on by one fact about the category.
    pub(super) fn apply(&mut self, event: CategoryEvent) {
        match event {
            CategoryEvent::Created { name, parent, .. } => {
                self.name = name;
                self.parent = parent;
            }
            CategoryEvent::Renamed { name } => self.name = name,
            CategoryEvent::Moved { parent, .. } => self.parent = parent,
        }
    }
}
