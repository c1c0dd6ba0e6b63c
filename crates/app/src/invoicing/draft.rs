//! What a document says: the order, its parcels, its returns and the shop's settings, put together.

use domain::fulfilment::Fulfilment;
use domain::invoicing::{Buyer, Claim, CreditNoteClaim, CreditReason, Credited, Invoice, InvoiceLine, Item};
use domain::order::{Order, Sale};
use domain::returns::Return;
use domain::values::{FulfilmentId, LineCancellationId, Money, OrderId, Quantity, TaxedAmount, Timestamp};

use super::{Refund, RefundCause, Supply};
use crate::Shop;
use crate::error::AppError;
use crate::fulfilment::{ParcelShare, first_parcels};

pub(super) async fn invoice(
    shop: &Shop,
    order_id: &OrderId,
    supply: &Supply,
    at: Timestamp,
) -> Result<Invoice, AppError> {
    let order = shop.bus.load::<Order>(order_id.as_str()).await?.state;
    let sale = sale(&order)?;
    let share = share_of(shop, order_id, sale, &supply.fulfilment).await?;
    let lines = lines_of(sale, &share)?;
    let payable = share.payable(sale)?;
    let total = sum(sale, lines.iter().map(|line| line.total.gross))?;
    Ok(Invoice {
        fulfilment: supply.fulfilment.clone(),
        seller: shop.settings.invoicing.seller.clone(),
        buyer: buyer(shop, sale, at).await?,
        order_number: sale.number.clone(),
        ordered_at: order.placed_at().unwrap_or(at),
        currency: sale.currency,
        vat: vat_of(&lines)?,
        lines,
        total,
        coupons: total.minus(payable).map_err(AppError::broken)?,
        payable,
        payment: supply.payment.clone(),
    })
}

pub(super) async fn credit_note(
    shop: &Shop,
    order_id: &OrderId,
    refund: &Refund,
    at: Timestamp,
) -> Result<CreditNoteClaim, AppError> {
    let order = shop.bus.load::<Order>(order_id.as_str()).await?.state;
    let whole = |of| vec![Claim { of, amount: refund.amount }];
    let (reason, claims) = match &refund.cause {
        RefundCause::Return(id) => {
            let state = shop.bus.load::<Return>(id.as_str()).await?.state;
            (CreditReason::Return, claims_of(&state, (refund.from, refund.amount))?)
        }
        RefundCause::Lines(id) => {
            let claims = cancelled_claims(shop, order_id, sale(&order)?, id).await?;
            (CreditReason::Cancellation, part_or_whole(claims, (refund.from, refund.amount)))
        }
        RefundCause::Parcel(fulfilment) => (CreditReason::NotDelivered, whole(Credited::Parcel(fulfilment.clone()))),
        RefundCause::Cancellation => (CreditReason::Cancellation, whole(Credited::Everything)),
        RefundCause::Goodwill => (CreditReason::Goodwill, whole(Credited::Everything)),
    };
    Ok(CreditNoteClaim {
        refund: refund.name.clone(),
        reason,
        payment: refund.payment.clone(),
        seller: shop.settings.invoicing.seller.clone(),
        buyer: buyer(shop, sale(&order)?, at).await?,
        claims,
    })
}

/// Puts together what a return's refund is credited for, with no address: for who only asks what it comes to.
pub(super) async fn claim_of_return(
    shop: &Shop,
    order_id: &OrderId,
    refund: &Refund,
    found: &Return,
) -> Result<CreditNoteClaim, AppError> {
    let order = shop.bus.load::<Order>(order_id.as_str()).await?.state;
    let sale = sale(&order)?;
    Ok(CreditNoteClaim {
        refund: refund.name.clone(),
        reason: CreditReason::Return,
        payment: refund.payment.clone(),
        seller: shop.settings.invoicing.seller.clone(),
        buyer: Buyer { customer: sale.customer.clone(), address: None, country: sale.country.clone() },
        claims: claims_of(found, (refund.from, refund.amount))?,
    })
}

fn sale(order: &Order) -> Result<&Sale, AppError> {
    order.sale().ok_or_else(|| AppError::broken("an order without a sale has no documents"))
}

/// Names the buyer. The address is sealed anew for the document's own year: it outlives the customer's key, because the
/// law has the document kept for ten years (Code de commerce, article L123-22; GDPR, article 17, 3, b).
async fn buyer(shop: &Shop, sale: &Sale, at: Timestamp) -> Result<Buyer, AppError> {
    let year = shop.settings.invoicing.zone.date_of(at)?.year();
    let address = match shop.vault.open(&sale.address).await? {
        Some(text) => Some(shop.vault.archive(year, &sale.customer, &text).await?),
        None => None,
    };
    Ok(Buyer { customer: sale.customer.clone(), address, country: sale.country.clone() })
}

/// Works out what a parcel stands for, and that it is what is captured for it.
async fn share_of(
    shop: &Shop,
    order: &OrderId,
    sale: &Sale,
    fulfilment: &FulfilmentId,
) -> Result<ParcelShare, AppError> {
    let asked = shop.bus.load::<Fulfilment>(fulfilment.as_str()).await?.state;
    let parcels =
        first_parcels(shop, order, sale, asked.location().map_or(&[], std::slice::from_ref)).await?.unwrap_or_default();
    let missing = || AppError::broken(format!("the order has no parcel {fulfilment}"));
    parcels.iter().find(|parcel| parcel.id == *fulfilment).ok_or_else(missing)?.invoiced()
}

fn lines_of(sale: &Sale, share: &ParcelShare) -> Result<Vec<InvoiceLine>, AppError> {
    let mut lines = Vec::with_capacity(share.lines.len() + 1);
    for part in &share.lines {
        let sold = sale.lines.iter().find(|sold| sold.line == part.line);
        let sold = sold.ok_or_else(|| AppError::broken("a parcel has a line that was not sold"))?;
        lines.push(InvoiceLine {
            item: Item::Goods { line: sold.line.clone(), sku: sold.sku.clone() },
            name: sold.name.clone(),
            quantity: Quantity::new(part.units)?,
            unit_price: sold.unit_price,
            discount: discount_of(sold.unit_price, part.units, part.total.gross)?,
            total: part.total,
            payable: part.paid,
        });
    }
    if let Some((total, paid)) = share.shipping.filter(|(total, _)| total.gross.minor() > 0) {
        lines.push(InvoiceLine {
            item: Item::Shipping { code: sale.shipping.code.clone() },
            name: sale.shipping.label.clone(),
            quantity: Quantity::new(1)?,
            unit_price: Some(total.gross),
            discount: None,
            total,
            payable: paid,
        });
    }
    Ok(lines)
}

/// What units cost less than their price, where they have one.
fn discount_of(unit_price: Option<Money>, units: i64, gross: Money) -> Result<Option<Money>, AppError> {
    let Some(unit_price) = unit_price else { return Ok(None) };
    let full = unit_price.times(units).map_err(AppError::broken)?;
    let discount = full.minus(gross).map_err(AppError::broken)?;
    Ok(Some(discount).filter(|discount| discount.minor() > 0))
}

fn sum(sale: &Sale, amounts: impl Iterator<Item = Money>) -> Result<Money, AppError> {
    let mut sum = Money::zero(sale.currency);
    for amount in amounts {
        sum = sum.plus(amount).map_err(AppError::broken)?;
    }
    Ok(sum)
}

fn vat_of(lines: &[InvoiceLine]) -> Result<Vec<TaxedAmount>, AppError> {
    domain::invoicing::vat_of(lines.iter().map(|line| &line.total)).map_err(AppError::broken)
}

/// What is owed for units that were cancelled after their money was taken, on the invoices they are on.
async fn cancelled_claims(
    shop: &Shop,
    order_id: &OrderId,
    sale: &Sale,
    id: &LineCancellationId,
) -> Result<Vec<Claim>, AppError> {
    let mut claims = Vec::new();
    for parcel in first_parcels(shop, order_id, sale, &[]).await?.unwrap_or_default() {
        let Some(reduction) = parcel.state.reduction(id).filter(|reduction| reduction.is_paid) else { continue };
        for part in parcel.worth(Some(id), &reduction.lines)? {
            let quantity = Quantity::new(part.units)?;
            let of = Credited::ParcelUnits { fulfilment: parcel.id.clone(), line: part.line, quantity };
            claims.push(Claim { of, amount: part.paid });
        }
    }
    Ok(claims)
}

/// What is owed for each line that came back.
fn claims_of(state: &Return, refunded: (i64, Money)) -> Result<Vec<Claim>, AppError> {
    let mut claims = Vec::new();
    for found in state.refund_lines().into_iter().filter(|found| found.units > 0) {
        let (line, quantity) = (found.line, Quantity::new(found.units)?);
        claims.push(Claim { of: Credited::Units { line, quantity }, amount: found.refund });
    }
    if let Some(withdrawal) = state.withdrawal().filter(|withdrawal| withdrawal.delivery.minor() > 0) {
        claims.push(Claim { of: Credited::Shipping, amount: withdrawal.delivery });
    }
    Ok(part_or_whole(claims, refunded))
}

/// Returns the claims from a minor unit of their sum on, for so much as went back. Where that is more than is claimed nobody
/// knows for which line it went.
fn part_or_whole(claims: Vec<Claim>, (from, refunded): (i64, Money)) -> Vec<Claim> {
    let until = from + refunded.minor();
    let (mut begins, mut part) = (0, Vec::new());
    for claim in claims {
        let ends = begins + claim.amount.minor();
        let minor = ends.min(until) - from.max(begins);
        if minor > 0 {
            part.push(Claim { of: claim.of, amount: Money::new(minor, refunded.currency()) });
        }
        begins = ends;
    }
    if begins >= until {
        return part;
    }
    vec![Claim { of: Credited::Everything, amount: refunded }]
}
