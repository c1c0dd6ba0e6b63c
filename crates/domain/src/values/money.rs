//! Money: whole minor units (cents) of a currency. Never a float, never two currencies in one sum.

use std::fmt;
use std::iter;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// A currency the shop sells in. All of them have two decimal digits (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// Euro.
    Eur,
    /// United States dollar.
    Usd,
    /// Pound sterling.
    Gbp,
    /// Swiss franc.
    Chf,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Currency; 4] = [Currency::Eur, Currency::Usd, Currency::Gbp, Currency::Chf];

    /// Returns the ISO 4217 code.
    pub fn code(self) -> &'static str {
        match self {
            Currency::Eur => "EUR",
            Currency::Usd => "USD",
            Currency::Gbp => "GBP",
            Currency::Chf => "CHF",
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Currency::ALL
            .into_iter()
            .find(|currency| currency.code() == text)
            .ok_or_else(|| InvalidValue::new("currency", text, "one of EUR, USD, GBP, CHF"))
    }
}

/// Why two amounts have no sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The amounts are in two currencies.
    #[error("{left} and {right} cannot be added: convert one first")]
    CurrencyMismatch {
        /// The first amount's currency.
        left: Currency,
        /// The second amount's currency.
        right: Currency,
    },
    /// The result does not fit 64 bits of minor units.
    #[error("the amount is out of range")]
    Overflow,
}

/// An amount in minor units. May be negative: a balance or a correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// Makes an amount of minor units (cents).
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Returns nothing, in a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// Returns the minor units.
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// Returns the currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Adds an amount of the same currency.
    ///
    /// # Errors
    /// [`MoneyError`] when the currencies differ or the sum does not fit.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// Takes an amount of the same currency away; the result may be negative.
    ///
    /// # Errors
    /// [`MoneyError`] when the currencies differ or the difference does not fit.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// Multiplies by a count of units.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when the product does not fit.
    pub fn times(self, count: i64) -> Result<Money, MoneyError> {
        self.minor.checked_mul(count).map(|minor| Money { minor, ..self }).ok_or(MoneyError::Overflow)
    }

    /// Returns whether it is at least one minor unit and at most the whole, in the whole's currency.
    pub fn is_part_of(self, whole: Money) -> bool {
        self.currency == whole.currency && (1..=whole.minor).contains(&self.minor)
    }

    /// Splits an amount over weights by largest remainder: the parts always sum to the whole. Equal remainders go to
    /// the earlier part. Weights that sum to zero give the first part everything.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when there is no part or the weights do not fit.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Money>, MoneyError> {
        let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
        if weights.is_empty() {
            return Err(MoneyError::Overflow);
        }
        if sum == 0 {
            let rest = weights.iter().skip(1).map(|_| Money { minor: 0, ..self });
            return Ok(iter::once(self).chain(rest).collect());
        }
        let whole = u128::from(self.minor.unsigned_abs());
        let mut parts: Vec<(usize, u128, u128)> = Vec::with_capacity(weights.len());
        for (index, weight) in weights.iter().enumerate() {
            let share = whole * u128::from(*weight);
            parts.push((index, share / sum, share % sum));
        }
        let mut left = whole - parts.iter().map(|part| part.1).sum::<u128>();
        parts.sort_by(|a, b| b.2.cmp(&a.2).then(a.0.cmp(&b.0)));
        for part in parts.iter_mut() {
            if left == 0 {
                break;
            }
            part.1 += 1;
            left -= 1;
        }
        parts.sort_by_key(|part| part.0);
        parts
            .into_iter()
            .map(|(_, minor, _)| {
                let minor = i64::try_from(minor).map_err(|_| MoneyError::Overflow)?;
                Ok(Money { minor: if self.minor < 0 { -minor } else { minor }, ..self })
            })
            .collect()
    }

    fn combine(self, other: Money, operation: fn(i64, i64) -> Option<i64>) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency });
        }
        operation(self.minor, other.minor).map(|minor| Money { minor, ..self }).ok_or(MoneyError::Overflow)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        write!(f, "{sign}{}.{:02} {}", minor / 100, minor % 100, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_currencies_have_no_sum() {
        let error = Money::new(1, Currency::Eur).plus(Money::new(1, Currency::Usd));
        assert_eq!(error, Err(MoneyError::CurrencyMismatch { left: Currency::Eur, right: Currency::Usd }));
    }

    #[test]
    fn parts_by_largest_remainder_sum_to_the_whole() {
        let parts = Money::new(100, Currency::Eur).allocate(&[1, 1, 1]).expect("three parts");
        assert_eq!(parts.iter().map(|part| part.minor()).collect::<Vec<_>>(), [34, 33, 33]);
        let negative = Money::new(-5, Currency::Eur).allocate(&[0, 0]).expect("two parts");
        assert_eq!(negative.iter().map(|part| part.minor()).collect::<Vec<_>>(), [-5, 0]);
        let owed = Money::new(-100, Currency::Eur).allocate(&[1, 1, 1]).expect("three parts");
        assert_eq!(owed.iter().map(|part| part.minor()).collect::<Vec<_>>(), [-34, -33, -33]);
    }

    #[test]
    fn money_shows_two_digits_and_its_sign() {
        assert_eq!(Money::new(-705, Currency::Eur).to_string(), "-7.05 EUR");
    }
}
