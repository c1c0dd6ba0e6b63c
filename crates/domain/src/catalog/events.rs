//! What happened to products, their variants and the categories they stand in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::values::{CategoryId, Currency, Locale, Localized, Money, ProductId, ShortText, Timestamp, VatRate};

/// A fact about a product: what is told about it, not what it costs. Stored names are for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProductEvent {
    /// A product was taken into the catalogue, not yet shown.
    #[serde(rename = "catalog.product_created")]
    Created {
        /// Its address in the shop, unique by the tail of its id.
        slug: String,
        /// What it is called.
        name: Localized,
    },
    /// It is called otherwise.
    #[serde(rename = "catalog.product_renamed")]
    Renamed {
        /// What it is called now.
        name: Localized,
    },
    /// Its summary (résumé) was written or rewritten.
    #[serde(rename = "catalog.product_summarised")]
    Summarised {
        /// The summary.
        summary: Localized,
    },
    /// It stands in these categories now, the main one first.
    #[serde(rename = "catalog.product_categorised")]
    Categorised {
        /// All of its categories.
        categories: Vec<CategoryId>,
    },
    /// Its attributes (author, year, language …) are these now.
    #[serde(rename = "catalog.product_attributes_set")]
    AttributesSet {
        /// All of its attributes by key.
        attributes: BTreeMap<String, String>,
    },
    /// An editorial review (chronique) of the house was added or, by the same author and language, replaced.
    #[serde(rename = "catalog.product_reviewed_by_editor")]
    EditorialReviewAdded {
        /// The language of the text.
        locale: Locale,
        /// Who of the house wrote it: a pen name, not personal data.
        author: ShortText,
        /// The review.
        text: String,
        /// When it was published.
        published_at: Timestamp,
    },
    /// Shoppers see it.
    #[serde(rename = "catalog.product_published")]
    Published {},
    /// Shoppers no longer see it.
    #[serde(rename = "catalog.product_unpublished")]
    Unpublished {},
}

/// A fact about a variant: the thing with a SKU that is priced, stocked and sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VariantEvent {
    /// A variant of a product exists.
    #[serde(rename = "catalog.variant_created")]
    Created {
        /// The product.
        product: ProductId,
        /// What tells it from its siblings, such as `Poche`.
        name: Localized,
        /// Grams.
        weight_grams: u32,
    },
    /// It costs this much from now on, in one currency.
    #[serde(rename = "catalog.variant_priced")]
    Priced {
        /// VAT included.
        price: Money,
        /// The rate inside the price.
        vat_rate: VatRate,
        /// Since when; none in what was stored before times were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// It is not for sale in a currency any more.
    #[serde(rename = "catalog.variant_price_removed")]
    PriceRemoved {
        /// The currency.
        currency: Currency,
        /// Since when; none in what was stored before times were.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// Its present price, and every lower one that follows, is announced as a reduction, or until another moment.
    #[serde(rename = "catalog.variant_reduction_announced")]
    ReductionAnnounced {
        /// The present price, VAT included.
        price: Money,
        /// The prior price, VAT included, in the same currency: it stays while the reduction is announced.
        reference: Money,
        /// Since when.
        starts_at: Timestamp,
        /// The first moment at which it is not announced any more; none for one that lasts until it is ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ends_at: Option<Timestamp>,
    },
    /// The reduction is not announced any more.
    #[serde(rename = "catalog.variant_reduction_ended")]
    ReductionEnded {
        /// The currency.
        currency: Currency,
        /// Since when.
        at: Timestamp,
    },
    /// It is not sold any more.
    #[serde(rename = "catalog.variant_discontinued")]
    Discontinued {},
    /// It is sold again.
    #[serde(rename = "catalog.variant_reinstated")]
    Reinstated {},
}

/// A fact about a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CategoryEvent {
    /// A category exists.
    #[serde(rename = "catalog.category_created")]
    Created {
        /// Its address in the shop.
        slug: String,
        /// What it is called.
        name: Localized,
        /// The category it stands in; none for one at the top.
        parent: Option<CategoryId>,
        /// Its place among its siblings, lower first.
        rank: u32,
    },
    /// It is called otherwise.
    #[serde(rename = "catalog.category_renamed")]
    Renamed {
        /// What it is called now.
        name: Localized,
    },
    /// It stands elsewhere in the tree.
    #[serde(rename = "catalog.category_moved")]
    Moved {
        /// The category it stands in now; none for the top.
        parent: Option<CategoryId>,
        /// Its place among its siblings, lower first.
        rank: u32,
    },
}
