//! What a promotion promises: a code, a reduction, what it reaches. The promotion keeps it, a cart takes a copy of it.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::{CategoryId, Currency, InvalidValue, Money, MoneyError, ProductId, ShortText, Sku};

const CODE_ALLOWED: &str = "3 to 32 letters, digits or dashes";
const RATE_ALLOWED: &str = "a decimal above 0 and at most 1 with at most 6 digits, such as 0.062";
const INDEX_ALLOWED: &str = "32 hexadecimal digits in lower case";
const INDEX_LENGTH: usize = 32;

/// A code that a shopper types: written in any case, kept in capitals, so that one promotion has one code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CouponCode(String);

impl CouponCode {
    /// Returns the code in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CouponCode {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let typed = text.trim();
        let valid = (3..=32).contains(&typed.len()) && typed.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        valid
            .then(|| Self(typed.to_ascii_uppercase()))
            .ok_or_else(|| InvalidValue::new("coupon code", text, CODE_ALLOWED))
    }
}

from_text!(CouponCode);

impl From<CouponCode> for String {
    fn from(code: CouponCode) -> String {
        code.0
    }
}

impl fmt::Display for CouponCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Someone told from others without saying who: a keyed hash of an e-mail address, another one for each promotion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlindIndex(String);

impl BlindIndex {
    /// Returns the hash, in hexadecimal.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BlindIndex {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let valid = text.len() == INDEX_LENGTH && text.bytes().all(is_digit);
        valid.then(|| Self(text.to_owned())).ok_or_else(|| InvalidValue::new("blind index", text, INDEX_ALLOWED))
    }
}

from_text!(BlindIndex);

impl From<BlindIndex> for String {
    fn from(index: BlindIndex) -> String {
        index.0
    }
}

/// A share to be taken off, above 0 and at most 1 (100 %), such as `0.062`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReductionRate(Decimal);

impl ReductionRate {
    /// Returns the share as a decimal.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Returns this share of an amount, rounded half away from zero to a whole minor unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when the amount leaves 64 bits.
    pub fn of(self, amount: Money) -> Result<Money, MoneyError> {
        let share =
            (Decimal::from(amount.minor()) * self.0).round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        let minor = i64::try_from(share).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, amount.currency()))
    }
}

impl FromStr for ReductionRate {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Decimal::from_str_exact(text)
            .ok()
            .filter(|rate| *rate > Decimal::ZERO && *rate <= Decimal::ONE && rate.scale() <= 6)
            .map(|rate| Self(rate.normalize()))
            .ok_or_else(|| InvalidValue::new("reduction rate", text, RATE_ALLOWED))
    }
}

from_text!(ReductionRate);

impl From<ReductionRate> for String {
    fn from(rate: ReductionRate) -> String {
        rate.0.to_string()
    }
}

/// What is taken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reduction {
    /// A share of what it reaches.
    Percentage(ReductionRate),
    /// An amount of what it reaches, VAT included, and never more than that.
    Amount(Money),
}

/// What a promotion reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionReach {
    /// Every line; never the shipping.
    Order,
    /// The lines of these SKUs, of any variant of these products, and of what stands in these categories or below them.
    Lines {
        /// The SKUs.
        skus: Vec<Sku>,
        /// The products.
        products: Vec<ProductId>,
        /// The categories.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        categories: Vec<CategoryId>,
    },
}

impl PromotionReach {
    /// Returns whether it reaches a line, given the categories that the line's product stands in or below.
    pub fn covers(&self, sku: &Sku, product: &ProductId, within: &[CategoryId]) -> bool {
        match self {
            PromotionReach::Order => true,
            PromotionReach::Lines { skus, products, categories } => {
                let is_within = categories.iter().any(|category| within.contains(category));
                skus.contains(sku) || products.contains(product) || is_within
            }
        }
    }

    /// Returns the categories that it names.
    pub fn categories(&self) -> &[CategoryId] {
        match self {
            PromotionReach::Order => &[],
            PromotionReach::Lines { categories, .. } => categories,
        }
    }
}

/// What a promotion promises. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionTerms {
    /// What shoppers read.
    pub label: ShortText,
    /// The code to type; none where it applies by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CouponCode>,
    /// What is taken off.
    pub reduction: Reduction,
    /// What of.
    pub reach: PromotionReach,
    /// What all lines must come to before any promotion, VAT included; none where any amount will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Money>,
    /// Whether it goes together with others that do so too.
    pub combines: bool,
}

impl PromotionTerms {
    /// Returns the currency it is in, where it names an amount.
    pub fn currency(&self) -> Option<Currency> {
        let reduced = match self.reduction {
            Reduction::Amount(amount) => Some(amount.currency()),
            Reduction::Percentage(_) => None,
        };
        reduced.or(self.minimum.map(Money::currency))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_shown_as_it_counts_however_it_was_typed() {
        for typed in ["welcome-10", " Welcome-10 ", "WELCOME-10"] {
            assert_eq!(
                typed.parse::<CouponCode>().map(|code| code.to_string()),
                Ok("WELCOME-10".to_owned()),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn a_code_is_the_same_in_any_case() {
        let code: CouponCode = " welcome-10 ".parse().expect("a code");
        assert_eq!((code.as_str(), "WELCOME-10".parse()), ("WELCOME-10", Ok(code.clone())));
        for text in ["", "ab", "été-2026", "A B C", &"A".repeat(33)] {
            assert!(text.parse::<CouponCode>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_rounded_half_away_from_zero() {
        let rate: ReductionRate = "0.062".parse().expect("a rate");
        assert_eq!(rate.of(Money::new(38_230, Currency::Eur)), Ok(Money::new(2_370, Currency::Eur)));
        let half: ReductionRate = "0.5".parse().expect("a rate");
        assert_eq!(half.of(Money::new(3, Currency::Eur)), Ok(Money::new(2, Currency::Eur)));
    }

    #[test]
    fn a_rate_of_nothing_or_above_all_is_refused() {
        for text in ["0", "-0.1", "1.01", "0.0000001", "x"] {
            assert!(text.parse::<ReductionRate>().is_err(), "{text}");
        }
    }
}
