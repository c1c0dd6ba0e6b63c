//! Value added tax: a rate, and an amount with its tax taken out of it.

use std::collections::BTreeMap;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::{InvalidValue, Money, MoneyError};

/// A rate from 0 (no VAT) to 1 (100 %), such as `0.055`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VatRate(Decimal);

impl VatRate {
    /// No VAT.
    pub const ZERO: VatRate = VatRate(Decimal::ZERO);

    /// Returns the rate as a decimal.
    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Splits a VAT-inclusive amount: net = gross / (1 + rate), rounded half away from zero to a whole minor unit,
    /// tax = gross − net. Done per line, never per unit: the rounding level named in docs/contexts/cart.md.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when the amount leaves 64 bits.
    pub fn split_gross(self, gross: Money) -> Result<TaxedAmount, MoneyError> {
        let net = (Decimal::from(gross.minor()) / (Decimal::ONE + self.0))
            .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        let net = i64::try_from(net).map_err(|_| MoneyError::Overflow)?;
        let net = Money::new(net, gross.currency());
        Ok(TaxedAmount { net, tax: gross.minus(net)?, gross, rate: self })
    }
}

impl FromStr for VatRate {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Decimal::from_str_exact(text)
            .ok()
            .filter(|rate| (Decimal::ZERO..=Decimal::ONE).contains(rate) && rate.scale() <= 6)
            .map(|rate| Self(rate.normalize()))
            .ok_or_else(|| {
                InvalidValue::new("VAT rate", text, "a decimal from 0 to 1 with at most 6 digits, such as 0.055")
            })
    }
}

from_text!(VatRate);

impl From<VatRate> for String {
    fn from(rate: VatRate) -> String {
        rate.0.to_string()
    }
}

/// An amount with its VAT: `net + tax = gross`, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxedAmount {
    /// Without tax.
    pub net: Money,
    /// The tax.
    pub tax: Money,
    /// With tax: what is paid.
    pub gross: Money,
    /// The rate that was applied.
    pub rate: VatRate,
}

/// Sums amounts per rate, the lowest rate first, each pair by `sum`.
///
/// # Errors
/// The first refusal of `sum`.
pub fn per_rate<'a, E>(
    amounts: impl IntoIterator<Item = &'a TaxedAmount>,
    sum: impl Fn(Money, Money) -> Result<Money, E>,
) -> Result<Vec<TaxedAmount>, E> {
    let mut rows = BTreeMap::<VatRate, TaxedAmount>::new();
    for amount in amounts {
        let row = match rows.get(&amount.rate) {
            Some(row) => TaxedAmount {
                net: sum(row.net, amount.net)?,
                tax: sum(row.tax, amount.tax)?,
                gross: sum(row.gross, amount.gross)?,
                rate: row.rate,
            },
            None => *amount,
        };
        rows.insert(amount.rate, row);
    }
    Ok(rows.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Currency;

    #[test]
    fn french_book_vat_is_taken_out_of_the_price() {
        let rate: VatRate = "0.055".parse().expect("the rate of books in France");
        let amount = rate.split_gross(Money::new(1055, Currency::Eur)).expect("fits");
        assert_eq!((amount.net.minor(), amount.tax.minor()), (1000, 55));
    }

    #[test]
    fn half_a_cent_goes_away_from_zero() {
        let rate: VatRate = "1".parse().expect("the highest rate");
        assert_eq!(rate.split_gross(Money::new(1, Currency::Eur)).expect("fits").net.minor(), 1);
        assert_eq!(rate.split_gross(Money::new(-1, Currency::Eur)).expect("fits").net.minor(), -1);
    }

    #[test]
    fn a_rate_outside_zero_to_one_is_refused() {
        for text in ["-0.1", "1.01", "20", "", "a", "0.0000001"] {
            assert!(text.parse::<VatRate>().is_err(), "{text}");
        }
    }
}
