//! Whether the amounts of a sale add up.

use std::collections::BTreeMap;

use super::error::OrderError;
use super::events::{OrderCoupon, OrderLine, Sale};
use crate::values::{Currency, Money, MoneyError, TaxedAmount};

/// Checks every sum of a sale. A sum that leaves 64 bits is refused too.
pub(super) fn has_sound_totals(sale: &Sale) -> Result<(), OrderError> {
    let mut total = gross_of(&sale.shipping.total, sale.currency)?;
    for line in &sale.lines {
        total = sum(total, line_gross(line, sale.currency)?)?;
    }
    if total != is_amount(sale.total, sale.currency)? {
        return Err(disagree("lines and shipping do not sum to the total"));
    }
    has_sound_promotions(sale)?;
    let coupons = coupons_of(&sale.coupons, sale.currency)?;
    let payable = Money::zero(sale.currency).max(total.minus(coupons).map_err(out_of_range)?);
    if payable != is_amount(sale.payable, sale.currency)? {
        return Err(disagree("the total less the coupons is not the payable amount"));
    }
    Ok(())
}

fn line_gross(line: &OrderLine, currency: Currency) -> Result<Money, OrderError> {
    let gross = gross_of(&line.total, currency)?;
    let mut discount = Money::zero(currency);
    for share in &line.promotions {
        discount = sum(discount, is_amount(share.amount, currency)?)?;
    }
    if discount != is_amount(line.discount.unwrap_or(Money::zero(currency)), currency)? {
        return Err(disagree("the shares of promotions do not sum to the line's discount"));
    }
    let Some(unit_price) = line.unit_price else {
        return Ok(gross);
    };
    let product = is_amount(unit_price, currency)?.times(line.quantity.units()).map_err(out_of_range)?;
    if product != sum(gross, discount)? {
        return Err(disagree("a unit price times its quantity less the discount is not the line's gross"));
    }
    Ok(gross)
}

/// Checks that every share is of a promotion of the sale, and that the shares of each sum to what it took off.
fn has_sound_promotions(sale: &Sale) -> Result<(), OrderError> {
    let mut shares = BTreeMap::new();
    for share in sale.lines.iter().flat_map(|line| &line.promotions) {
        let taken = shares.entry(&share.promotion).or_insert(Money::zero(sale.currency));
        *taken = sum(*taken, share.amount)?;
    }
    for promotion in &sale.promotions {
        let amount = is_amount(promotion.amount, sale.currency)?;
        if shares.remove(&promotion.promotion) != Some(amount) {
            return Err(disagree("the shares of a promotion do not sum to what it took off"));
        }
    }
    if shares.is_empty() { Ok(()) } else { Err(disagree("a share is of a promotion that the sale does not name")) }
}

pub(super) fn gross_of(amount: &TaxedAmount, currency: Currency) -> Result<Money, OrderError> {
    let (net, tax) = (is_amount(amount.net, currency)?, is_amount(amount.tax, currency)?);
    if sum(net, tax)? != is_amount(amount.gross, currency)? {
        return Err(disagree("net and tax do not sum to the gross"));
    }
    Ok(amount.gross)
}

fn coupons_of(coupons: &[OrderCoupon], currency: Currency) -> Result<Money, OrderError> {
    let mut covered = Money::zero(currency);
    for coupon in coupons {
        covered = sum(covered, is_amount(coupon.amount, currency)?)?;
    }
    Ok(covered)
}

pub(super) fn is_amount(amount: Money, currency: Currency) -> Result<Money, OrderError> {
    if amount.currency() != currency {
        return Err(disagree("an amount is in another currency than the sale"));
    }
    if amount.minor() < 0 {
        return Err(disagree("an amount is negative"));
    }
    Ok(amount)
}

pub(super) fn sum(left: Money, right: Money) -> Result<Money, OrderError> {
    left.plus(right).map_err(out_of_range)
}

/// Currencies are compared before any sum is made, so only the range is left to fail.
fn out_of_range(_error: MoneyError) -> OrderError {
    disagree("a sum is out of range")
}

pub(super) fn disagree(what: &'static str) -> OrderError {
    OrderError::TotalsDisagree { what }
}
