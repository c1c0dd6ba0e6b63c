//! Values every context shares. Parsed once at the edge; inside, a value is valid.

/// Reads a value from a text that is its own, as values are stored.
macro_rules! from_text {
    ($name:ident) => {
        impl TryFrom<String> for $name {
            type Error = $crate::values::InvalidValue;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }
    };
}
pub(crate) use from_text;

mod calendar;
mod date;
mod french_days;
mod id;
mod locale;
mod money;
mod promotion;
mod quantity;
mod sealed;
mod sku;
mod text;
mod timestamp;
mod vat;

pub use calendar::civil_from_days;
pub use date::Date;
pub use french_days::{FrenchDay, paris_time};
pub use id::{
    CartId, CategoryId, CustomerId, FulfilmentId, LineCancellationId, LineId, OrderId, PaymentId, ProductId,
    PromotionId, ReturnId, TaskId,
};
pub use locale::{Locale, Localized};
pub use money::{Currency, Money, MoneyError};
pub use promotion::{BlindIndex, CouponCode, PromotionReach, PromotionTerms, Reduction, ReductionRate};
pub use quantity::Quantity;
pub use sealed::{Archived, Sealed};
pub use sku::{LocationId, Sku};
pub use text::ShortText;
pub use timestamp::Timestamp;
pub use vat::{TaxedAmount, VatRate, per_rate};

/// Why a text is not a value of some kind. Names the value's kind and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {found:?} is not valid: {allowed}")]
pub struct InvalidValue {
    /// What was to be parsed, such as `sku`.
    pub kind: &'static str,
    /// What was found, cut at 80 characters.
    pub found: String,
    /// What is allowed, as a sentence.
    pub allowed: &'static str,
}

impl InvalidValue {
    /// Describes a text that is not a value of `kind`.
    pub fn new(kind: &'static str, found: &str, allowed: &'static str) -> Self {
        Self { kind, found: found.chars().take(80).collect(), allowed }
    }
}
