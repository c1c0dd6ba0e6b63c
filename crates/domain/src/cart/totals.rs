//! What a cart comes to. Every sum is checked.

use super::discounts::{self, CartDiscount, Priced};
use super::error::CartError;
use super::events::{CartLine, LinePrice};
use super::state::Cart;
use crate::values::{Currency, LineId, Money, MoneyError, TaxedAmount, VatRate, per_rate};

/// The highest price, total or sum of coupons, in minor units: 1,000,000,000.00.
pub const AMOUNT_MINOR_MAX: i64 = 100_000_000_000;

/// What a cart comes to, in its one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartTotals {
    /// Each line with its VAT, promotions taken off, in the cart's order.
    pub lines: Vec<(LineId, TaxedAmount)>,
    /// The lines before promotions, VAT included.
    pub subtotal: Money,
    /// What each promotion takes off, or why it takes off nothing, in the order they were added.
    pub discounts: Vec<CartDiscount>,
    /// What promotions take off in all.
    pub discount: Money,
    /// Sending it, once chosen.
    pub shipping: Option<TaxedAmount>,
    /// What the coupons are worth.
    pub coupons: Money,
    /// The lines and the shipping, promotions taken off, VAT included: what the shop receives.
    pub total: Money,
    /// The total less the coupons, never below nothing: what the shopper pays.
    pub payable: Money,
    /// The lines and the shipping summed per VAT rate, lowest rate first.
    pub vat: Vec<TaxedAmount>,
}

impl CartTotals {
    /// Returns what promotions take off a line in all; nothing for a line the cart does not have.
    ///
    /// # Errors
    /// [`MoneyError`] when the shares do not fit, which the cart's own rules exclude.
    pub fn discount_of(&self, line: &LineId) -> Result<Money, MoneyError> {
        discounts::off_line(&self.discounts, line, self.subtotal.currency())
    }
}

pub(super) fn totals(cart: &Cart) -> Result<CartTotals, CartError> {
    let currency = cart.currency().ok_or(CartError::Unknown)?;
    let (mut priced, mut subtotal) = (Vec::with_capacity(cart.lines().len()), Money::zero(currency));
    for line in cart.lines() {
        let gross = gross(line)?;
        subtotal = sum(subtotal, gross)?;
        priced.push(Priced { line, categories: cart.categories_of(&line.line), gross });
    }
    let discounts = discounts::discounts(cart.promotions(), &priced, subtotal).map_err(refusal)?;
    let (mut lines, mut discount) = (Vec::with_capacity(priced.len()), Money::zero(currency));
    for Priced { line, gross, .. } in &priced {
        let off = discounts::off_line(&discounts, &line.line, currency).map_err(refusal)?;
        // VAT is in what is paid: a reduction that the shop gives lowers what is taxed (Council Directive 2006/112/EC,
        // article 79, point b).
        lines.push((line.line.clone(), split(gross.minus(off).map_err(refusal)?, line.vat_rate)?));
        discount = sum(discount, off)?;
    }
    let reduced = subtotal.minus(discount).map_err(refusal)?;
    let shipping = cart.shipping().map(|choice| split(choice.price, choice.vat_rate)).transpose()?;
    let total = match &shipping {
        Some(amount) => sum(reduced, amount.gross)?,
        None => reduced,
    };
    let mut coupons = Money::zero(currency);
    for coupon in cart.coupons() {
        coupons = sum(coupons, coupon.amount)?;
    }
    let payable = total.minus(coupons).map_err(refusal)?.max(Money::zero(currency));
    let vat = per_rate(lines.iter().map(|(_, amount)| amount).chain(&shipping), sum)?;
    Ok(CartTotals { lines, subtotal, discounts, discount, shipping, coupons, total, payable, vat })
}

/// Accepts a price of the cart's currency from nothing to the highest.
pub(super) fn check_price(cart_currency: Currency, price: Money) -> Result<(), CartError> {
    check_amount(cart_currency, price, 0)
}

/// Accepts a coupon's worth: at least one minor unit.
pub(super) fn check_coupon_amount(cart_currency: Currency, amount: Money) -> Result<(), CartError> {
    check_amount(cart_currency, amount, 1)
}

fn check_amount(cart_currency: Currency, amount: Money, min: i64) -> Result<(), CartError> {
    if amount.currency() != cart_currency {
        return Err(CartError::WrongCurrency { cart: cart_currency, found: amount.currency() });
    }
    if !(min..=AMOUNT_MINOR_MAX).contains(&amount.minor()) {
        return Err(CartError::AmountOutOfRange { min, max: AMOUNT_MINOR_MAX });
    }
    Ok(())
}

fn gross(line: &CartLine) -> Result<Money, CartError> {
    match line.price {
        LinePrice::PerUnit(price) => price.times(line.quantity.units()).map_err(refusal),
        LinePrice::ForLine(price) => Ok(price),
    }
}

fn split(gross: Money, rate: VatRate) -> Result<TaxedAmount, CartError> {
    rate.split_gross(gross).map_err(refusal)
}

fn sum(left: Money, right: Money) -> Result<Money, CartError> {
    let sum = left.plus(right).map_err(refusal)?;
    check_amount(left.currency(), sum, 0)?;
    Ok(sum)
}

fn refusal(error: MoneyError) -> CartError {
    match error {
        MoneyError::CurrencyMismatch { left, right } => CartError::WrongCurrency { cart: left, found: right },
        MoneyError::Overflow => CartError::AmountOutOfRange { min: 0, max: AMOUNT_MINOR_MAX },
    }
}
