//! The catalogue: products, the variants of them that are sold, and the categories they stand in.
//!
//! Streams `product` (id [`ProductId`](crate::values::ProductId)), `variant` (id: the SKU) and `category` (id
//! [`CategoryId`](crate::values::CategoryId)). Prices are minor units, VAT included, one per currency; weights are grams.
//!
//! Invariants: a published product has a name and a category; a variant has at most one price in a currency; a category
//! never stands in itself; a reduction is announced only from the lowest price of the 30 days before it. Each aggregate has
//! one file that holds its state and its rules, beside `price.rs` for what a variant has cost. A slug never changes.

mod category;
mod commands;
mod error;
mod events;
mod price;
mod product;
mod slug;
mod text;
mod variant;

#[cfg(test)]
mod tests;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};

pub use category::{ANCESTORS_MAX, Category};
pub use commands::{CategoryCommand, ProductCommand, VariantCommand};
pub use error::CatalogError;
pub use events::{CategoryEvent, ProductEvent, VariantEvent};
pub use price::{PAST_PRICES_MAX, PRIOR_PRICE_DAYS, Reduction};
pub use product::{
    ATTRIBUTES_MAX, CATEGORIES_MAX, EDITORIAL_REVIEW_CHARACTERS_MAX, EDITORIAL_REVIEWS_MAX, EditorialReview, Product,
    SUMMARY_CHARACTERS_MAX,
};
pub use slug::{SLUG_LENGTH_MAX, slugify};
pub use text::NAME_CHARACTERS_MAX;
pub use variant::{PRICE_MINOR_MAX, Variant};

use crate::decider::{Decider, decide_into_sink};
use crate::upcast::{StoredEvent, version_of};

impl DomainEvent for ProductEvent {
    fn event_type(&self) -> String {
        match self {
            ProductEvent::Created { .. } => "catalog.product_created",
            ProductEvent::Renamed { .. } => "catalog.product_renamed",
            ProductEvent::Summarised { .. } => "catalog.product_summarised",
            ProductEvent::Categorised { .. } => "catalog.product_categorised",
            ProductEvent::AttributesSet { .. } => "catalog.product_attributes_set",
            ProductEvent::EditorialReviewAdded { .. } => "catalog.product_reviewed_by_editor",
            ProductEvent::Published {} => "catalog.product_published",
            ProductEvent::Unpublished {} => "catalog.product_unpublished",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for ProductEvent {}

impl DomainEvent for VariantEvent {
    fn event_type(&self) -> String {
        match self {
            VariantEvent::Created { .. } => "catalog.variant_created",
            VariantEvent::Priced { .. } => "catalog.variant_priced",
            VariantEvent::PriceRemoved { .. } => "catalog.variant_price_removed",
            VariantEvent::ReductionAnnounced { .. } => "catalog.variant_reduction_announced",
            VariantEvent::ReductionEnded { .. } => "catalog.variant_reduction_ended",
            VariantEvent::Discontinued {} => "catalog.variant_discontinued",
            VariantEvent::Reinstated {} => "catalog.variant_reinstated",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for VariantEvent {}

impl DomainEvent for CategoryEvent {
    fn event_type(&self) -> String {
        match self {
            CategoryEvent::Created { .. } => "catalog.category_created",
            CategoryEvent::Renamed { .. } => "catalog.category_renamed",
            CategoryEvent::Moved { .. } => "catalog.category_moved",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        version_of(Self::UPCASTERS, &self.event_type()).to_string()
    }
}

impl StoredEvent for CategoryEvent {}

impl Aggregate for Product {
    const TYPE: &'static str = "product";
    type Command = ProductCommand;
    type Event = ProductEvent;
    type Error = CatalogError;
    type Services = ();

    async fn handle(
        &mut self,
        command: ProductCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), CatalogError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: ProductEvent) {
        self.evolve(&event);
    }
}

impl Decider for Product {
    fn decide(&self, command: &ProductCommand) -> Result<Vec<ProductEvent>, CatalogError> {
        product::decide(self, command)
    }

    fn evolve(&mut self, event: &ProductEvent) {
        self.move_on(event);
    }
}

impl Aggregate for Variant {
    const TYPE: &'static str = "variant";
    type Command = VariantCommand;
    type Event = VariantEvent;
    type Error = CatalogError;
    type Services = ();

    async fn handle(
        &mut self,
        command: VariantCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), CatalogError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: VariantEvent) {
        self.evolve(&event);
    }
}

impl Decider for Variant {
    fn decide(&self, command: &VariantCommand) -> Result<Vec<VariantEvent>, CatalogError> {
        variant::decide(self, command)
    }

    fn evolve(&mut self, event: &VariantEvent) {
        self.move_on(event);
    }
}

impl Aggregate for Category {
    const TYPE: &'static str = "category";
    type Command = CategoryCommand;
    type Event = CategoryEvent;
    type Error = CatalogError;
    type Services = ();

    async fn handle(
        &mut self,
        command: CategoryCommand,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), CatalogError> {
        decide_into_sink(self, &command, sink).await
    }

    fn apply(&mut self, event: CategoryEvent) {
        self.evolve(&event);
    }
}

impl Decider for Category {
    fn decide(&self, command: &CategoryCommand) -> Result<Vec<CategoryEvent>, CatalogError> {
        category::decide(self, command)
    }

    fn evolve(&mut self, event: &CategoryEvent) {
        self.move_on(event);
    }
}
