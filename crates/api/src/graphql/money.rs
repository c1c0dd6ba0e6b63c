//! Amounts: always with their currency, never a float.

use async_graphql::{Enum, InputObject, Object, SimpleObject};
use domain::values::{Currency, Money as Amount, TaxedAmount};

use super::scalars::{Decimal, SafeInt};

/// A currency the shop sells in (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::values::Currency", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CurrencyCode {
    /// Euro.
    Eur,
    /// United States dollar.
    Usd,
    /// Pound sterling.
    Gbp,
    /// Swiss franc.
    Chf,
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money(pub Amount);

impl From<Amount> for Money {
    fn from(amount: Amount) -> Self {
        Self(amount)
    }
}

impl Money {
    /// Reads what [`Amount`] shows, such as `12.50 EUR`.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let (amount, currency) = text.split_once(' ')?;
        let currency = currency.parse::<Currency>().ok()?;
        let amount = rust_decimal::Decimal::from_str_exact(amount).ok()?;
        minor_units(amount).map(|minor| Amount::new(minor, currency).into())
    }
}

/// An amount of money.
#[Object]
impl Money {
    /// The amount with two decimals, such as `"12.50"`.
    async fn amount(&self) -> Decimal {
        Decimal(rust_decimal::Decimal::new(self.0.minor(), 2))
    }

    /// The currency.
    async fn currency(&self) -> CurrencyCode {
        self.0.currency().into()
    }

    /// The amount in the currency's smallest unit, such as 1250 cents.
    async fn minor_units(&self) -> SafeInt {
        SafeInt(self.0.minor())
    }
}

/// An amount with its VAT: `net + tax = gross`.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct TaxedMoney {
    /// Without VAT.
    pub net: Money,
    /// The VAT.
    pub tax: Money,
    /// With VAT: what is paid.
    pub gross: Money,
    /// The rate, such as `"0.055"`.
    pub tax_rate: Decimal,
}

impl From<TaxedAmount> for TaxedMoney {
    fn from(amount: TaxedAmount) -> Self {
        Self {
            net: amount.net.into(),
            tax: amount.tax.into(),
            gross: amount.gross.into(),
            tax_rate: Decimal(amount.rate.decimal()),
        }
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct MoneyInput {
    /// The amount, at most two decimals, such as `"12.50"`.
    pub amount: Decimal,
    /// The currency.
    pub currency: CurrencyCode,
}

impl MoneyInput {
    /// Returns the amount, where it is a whole number of the smallest unit that fits.
    pub fn exact(self) -> Option<Amount> {
        minor_units(self.amount.0).map(|minor| Amount::new(minor, self.currency.into()))
    }
}

fn minor_units(amount: rust_decimal::Decimal) -> Option<i64> {
    let minor = amount.checked_mul(rust_decimal::Decimal::ONE_HUNDRED)?;
    if minor.is_integer() { i64::try_from(minor).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(amount: &str) -> MoneyInput {
        let amount = rust_decimal::Decimal::from_str_exact(amount).expect("a decimal");
        MoneyInput { amount: Decimal(amount), currency: CurrencyCode::Eur }
    }

    #[test]
    fn an_amount_is_exact_or_refused() {
        for (text, minor) in [("12.5", Some(1_250)), ("12.500", Some(1_250)), ("-0.01", Some(-1)), ("0", Some(0))] {
            assert_eq!(input(text).exact().map(Amount::minor), minor, "{text}");
        }
        for text in ["0.001", "12.505", "99999999999999999999"] {
            assert_eq!(input(text).exact(), None, "{text}");
        }
    }

    #[test]
    fn an_amount_survives_the_text_of_a_refusal() {
        let amount = Amount::new(-1_205, Currency::Usd);
        assert_eq!(Money::of_text(&amount.to_string()), Some(Money(amount)));
    }
}
