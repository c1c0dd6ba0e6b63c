//! A refund explained by the events that it follows from: the sale, the return, the order's invoices.

use domain::order::{Order, OrderLine};
use domain::returns::{Inspection, RefundLine, Return};
use domain::values::{Localized, Money, MoneyError, Quantity, ReturnId, Sku, TaxedAmount, VatRate};

use super::{REFUND_PREFIX, look_up};
use crate::Shop;
use crate::actor::Actor;
use crate::as_of::AsOf;
use crate::checkout::paid_parts;
use crate::error::{AppError, Refused};
use crate::invoicing::{Refund, RefundCause, vat_of_credit};

/// What a return gives back, and why it is that much. The lines and the delivery sum to the refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedRefund {
    /// Each announced line.
    pub lines: Vec<ExplainedLine>,
    /// What is given back of delivery; zero unless it is a withdrawal of everything.
    pub delivery: Money,
    /// What is owed in all.
    pub refund: Money,
    /// Per rate as sold, the lowest first: the credit note's, written or to be. None before the parcels are invoiced.
    pub vat: Option<Vec<TaxedAmount>>,
}

/// What a line gives back: `price − promotions − coupons` is what was paid, less `missing` and the deduction the refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedLine {
    /// What it was sold as.
    pub sku: Sku,
    /// What it was called.
    pub name: Localized,
    /// How many units were announced.
    pub quantity: Quantity,
    /// What these units cost before promotions.
    pub price: Money,
    /// What promotions took off them.
    pub promotions: Money,
    /// What others paid of them, by coupons.
    pub coupons: Money,
    /// The rate at which they were sold.
    pub rate: VatRate,
    /// What is owed for them.
    pub owed: RefundLine,
}

/// Explains what would be refunded if this were found in the box, whether or not it has arrived. Nothing is decided.
///
/// # Errors
/// `NOT_FOUND` for someone else's return; what inspecting it would be refused with.
pub async fn preview(
    shop: &Shop,
    actor: &Actor,
    return_id: &ReturnId,
    items: &[Inspection],
) -> Result<ExplainedRefund, AppError> {
    let asked = look_up(shop, actor, return_id, AsOf::Now).await?.state;
    let found = asked.if_inspected(items).map_err(|refusal| Refused::of(&refusal))?;
    let explained = explained(shop, return_id, &found, AsOf::Now).await?;
    explained.ok_or_else(|| AppError::broken("what was found has a refund"))
}

/// Explains the refund of a return whose box was looked into; none before. `as_of` says which documents there are.
///
/// # Errors
/// [`AppError`] when the log cannot be read, or an amount leaves its range.
pub async fn explained(
    shop: &Shop,
    return_id: &ReturnId,
    found: &Return,
    as_of: AsOf,
) -> Result<Option<ExplainedRefund>, AppError> {
    let (Some(order_id), Some(refund)) = (found.order(), found.refund()) else { return Ok(None) };
    let order = shop.bus.load::<Order>(order_id.as_str()).await?.state;
    let lines = explained_lines(&order, found)?;
    let delivery = found.withdrawal().map_or(Money::zero(refund.currency()), |withdrawal| withdrawal.delivery);
    let vat = match order.payments().last() {
        Some(payment) => {
            let name = format!("{REFUND_PREFIX}{return_id}");
            let cause = RefundCause::Return(return_id.clone());
            let refund = Refund { name, from: 0, amount: refund, payment: payment.clone(), cause };
            vat_of_credit(shop, order_id, &refund, found, as_of).await?
        }
        None => None,
    };
    Ok(Some(ExplainedRefund { lines, delivery, refund, vat }))
}

fn explained_lines(order: &Order, found: &Return) -> Result<Vec<ExplainedLine>, AppError> {
    let missing = || AppError::broken("a return has a line that was not sold");
    let sale = order.sale().ok_or_else(missing)?;
    let (parts, _) = paid_parts(sale)?;
    let mut lines = Vec::new();
    for owed in found.refund_lines() {
        let sold = sale.lines.iter().find(|sold| sold.line == owed.line).ok_or_else(missing)?;
        let (_, paid) = parts.iter().find(|(line, _)| *line == owed.line).ok_or_else(missing)?;
        lines.push(explained_line(sold, *paid, owed).map_err(AppError::broken)?);
    }
    Ok(lines)
}

/// What the units cost more than was paid for them was taken off by promotions and by coupons that others pay: split in
/// proportion to what each took off the whole line.
pub(super) fn explained_line(sold: &OrderLine, paid: Money, owed: RefundLine) -> Result<ExplainedLine, MoneyError> {
    let zero = Money::zero(paid.currency());
    let discount = sold.discount.unwrap_or(zero);
    let by_others = sold.total.gross.minus(paid)?;
    let weights = [discount, by_others].map(|amount| amount.minor().unsigned_abs());
    let units = owed.quantity.units();
    let price = match sold.unit_price {
        Some(unit_price) => unit_price.times(units)?,
        None if weights == [0, 0] => owed.paid,
        // Sold at an amount for the whole line: its units cost the same each, at least what was paid for them.
        None => {
            let others = (sold.quantity.units() - units).unsigned_abs();
            let parts = sold.total.gross.plus(discount)?.allocate(&[units.unsigned_abs(), others])?;
            parts.first().copied().unwrap_or(owed.paid).max(owed.paid)
        }
    };
    let taken_off = price.minus(owed.paid)?;
    let coupons = match weights {
        [_, 0] => zero,
        [..] => taken_off.allocate(&weights)?.last().copied().unwrap_or(zero),
    };
    Ok(ExplainedLine {
        sku: sold.sku.clone(),
        name: sold.name.clone(),
        quantity: owed.quantity,
        price,
        promotions: taken_off.minus(coupons)?,
        coupons,
        rate: sold.total.rate,
        owed,
    })
}
