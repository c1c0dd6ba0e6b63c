//! What may be asked of the catalogue.

use std::collections::BTreeMap;

use crate::values::{CategoryId, Currency, Locale, Localized, Money, ProductId, ShortText, Timestamp, VatRate};

/// A wish about a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProductCommand {
    /// Takes a product in; `slug` is made by the caller from the name and the id's tail.
    Create {
        /// Its address in the shop: lower-case letters, digits and dashes, 1 to 200.
        slug: String,
        /// What it is called.
        name: Localized,
    },
    /// Calls it otherwise.
    Rename {
        /// What to call it.
        name: Localized,
    },
    /// Writes its summary.
    Summarise {
        /// The summary, at most 5,000 characters a language.
        summary: Localized,
    },
    /// Puts it in these categories and no others.
    Categorise {
        /// At least one, at most 20, the main one first, none twice.
        categories: Vec<CategoryId>,
    },
    /// Sets all of its attributes.
    SetAttributes {
        /// At most 50, keys of 1 to 50 characters, values of 1 to 500.
        attributes: BTreeMap<String, String>,
    },
    /// Adds an editorial review.
    AddEditorialReview {
        /// The language of the text.
        locale: Locale,
        /// Who of the house wrote it.
        author: ShortText,
        /// The review, 1 to 10,000 characters.
        text: String,
        /// When it was published.
        published_at: Timestamp,
    },
    /// Shows it to shoppers.
    Publish,
    /// Hides it from shoppers.
    Unpublish,
}

/// A wish about a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariantCommand {
    /// Adds a variant to a product.
    Create {
        /// The product.
        product: ProductId,
        /// What tells it from its siblings.
        name: Localized,
        /// Grams, 0 when unknown.
        weight_grams: u32,
    },
    /// Prices it in the price's currency.
    SetPrice {
        /// VAT included, 0 to 100,000,000.00.
        price: Money,
        /// The rate inside the price.
        vat_rate: VatRate,
        /// The present moment.
        now: Timestamp,
    },
    /// Takes it off sale in a currency.
    RemovePrice {
        /// The currency.
        currency: Currency,
        /// The present moment.
        now: Timestamp,
    },
    /// Announces its present price as a reduction; where one is announced already, until another moment.
    AnnounceReduction {
        /// The currency.
        currency: Currency,
        /// The first moment at which it is not announced any more, after the present; none to announce it until it is ended.
        ends_at: Option<Timestamp>,
        /// The present moment.
        now: Timestamp,
    },
    /// Announces no reduction any more.
    EndReduction {
        /// The currency.
        currency: Currency,
        /// The present moment.
        now: Timestamp,
    },
    /// Stops selling it.
    Discontinue,
    /// Sells it again.
    Reinstate,
}

/// A wish about a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CategoryCommand {
    /// Makes a category.
    Create {
        /// Its address in the shop: lower-case letters, digits and dashes, 1 to 200.
        slug: String,
        /// What it is called.
        name: Localized,
        /// The category it stands in.
        parent: Option<CategoryId>,
        /// Its place among its siblings.
        rank: u32,
    },
    /// Calls it otherwise.
    Rename {
        /// What to call it.
        name: Localized,
    },
    /// Puts it elsewhere in the tree.
    Move {
        /// This category's own id, to find a cycle.
        category: CategoryId,
        /// The category it shall stand in.
        parent: Option<CategoryId>,
        /// The parent and everything above it, as the caller found them.
        ancestors: Vec<CategoryId>,
        /// Its place among its siblings.
        rank: u32,
    },
}
