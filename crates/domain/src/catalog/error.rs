//! Why the catalogue says no.

use crate::decider::Refusal;
use crate::values::Currency;

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
        }
    }
}
