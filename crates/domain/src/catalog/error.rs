//! Why the catalogue says no.

use super::price::PRIOR_PRICE_DAYS;
use crate::decider::Refusal;
use crate::values::{Currency, Money};

/// A refusal of the catalog context.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// The stream holds something else already.
    #[error("this {what} exists already")]
    AlreadyExists {
        /// `product`, `variant` or `category`.
        what: &'static str,
    },
    /// There is nothing of that id.
    #[error("there is no such {what}")]
    Unknown {
        /// `product`, `variant` or `category`.
        what: &'static str,
    },
    /// A text, a list or a number is out of its bounds.
    #[error("{field} is not valid: {rule}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is allowed.
        rule: &'static str,
    },
    /// A product needs a name and a category before it is shown.
    #[error("the product cannot be published without {missing}")]
    NotPublishable {
        /// What is missing.
        missing: &'static str,
    },
    /// The category would stand in itself.
    #[error("a category cannot stand in itself or below itself")]
    Cycle,
    /// The variant has no price in that currency.
    #[error("the variant has no price in {currency}")]
    NoPrice {
        /// The currency.
        currency: Currency,
    },
    /// The variant is not sold any more.
    #[error("the variant is discontinued")]
    Discontinued,
    /// The price is not lower than the lowest of the 30 days before it.
    #[error("{price} is no reduction: the lowest price of the {PRIOR_PRICE_DAYS} days before was {reference}")]
    NotReduced {
        /// The present price.
        price: Money,
        /// The prior price.
        reference: Money,
    },
    /// Nothing was asked for it in the 30 days before the present price.
    #[error("the variant had no price in {currency} in the {PRIOR_PRICE_DAYS} days before: there is nothing to reduce")]
    NoPriorPrice {
        /// The currency.
        currency: Currency,
    },
}

impl Refusal for CatalogError {
    fn code(&self) -> &'static str {
        match self {
            CatalogError::AlreadyExists { .. } => "ALREADY_EXISTS",
            CatalogError::Unknown { .. } => "NOT_FOUND",
            CatalogError::Invalid { .. } => "VALIDATION",
            CatalogError::NotPublishable { .. } => "NOT_PUBLISHABLE",
            CatalogError::Cycle => "CATEGORY_CYCLE",
            CatalogError::NoPrice { .. } => "NO_PRICE",
            CatalogError::Discontinued => "VARIANT_DISCONTINUED",
            CatalogError::NotReduced { .. } => "PRICE_NOT_REDUCED",
            CatalogError::NoPriorPrice { .. } => "NO_PRIOR_PRICE",
        }
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            CatalogError::NotReduced { price, reference } => {
                vec![("price", price.to_string()), ("reference", reference.to_string())]
            }
            CatalogError::AlreadyExists { .. }
            | CatalogError::Unknown { .. }
            | CatalogError::Invalid { .. }
            | CatalogError::NotPublishable { .. }
            | CatalogError::Cycle
            | CatalogError::NoPrice { .. }
            | CatalogError::Discontinued
            | CatalogError::NoPriorPrice { .. } => Vec::new(),
        }
    }
}
