//! Use cases of cancelling units of an order's lines before a carrier has them.

use std::collections::BTreeMap;

use domain::fulfilment::{Fulfilment, FulfilmentCommand, FulfilmentLine};
use domain::order::{CancelledLine, LineCancellation, LineUnits, Order, OrderCommand, Sale};
use domain::stock::{Stock, StockCommand, stream_id};
use domain::values::{
    FulfilmentId, LineCancellationId, LineId, LocationId, Money, OrderId, Quantity, ShortText, Sku, TaxedAmount,
};

use serde::{Deserialize, Serialize};

use super::find;
use crate::Shop;
use crate::bus::{Outcome, Request};
use crate::error::{AppError, Refused};
use crate::fulfilment::{FirstParcel, LineShare, first_parcels, paid_of};
use crate::stock::Routed;

/// Asks to cancel units of lines of a confirmed order. The checkout process takes them out of their parcels; then they are
/// cancelled. What is asked for the last units calls the order off.
///
/// # Errors
/// `NOT_FOUND`; `ALREADY_SHIPPED` where no warehouse has them any more; the order's refusals, `LINE_NOT_FOUND`,
/// `NOT_CANCELLABLE` and `CANCELLATION_UNDER_WAY` among them.
pub async fn request_line_cancellation(
    shop: &Shop,
    request: &Request,
    order_id: &OrderId,
    lines: Vec<LineUnits>,
    reason: ShortText,
) -> Result<Outcome<Order>, AppError> {
    let order = find(shop, &request.actor, order_id).await?.state;
    let parcels = match order.sale() {
        Some(sale) => first_parcels(shop, order_id, sale, &[]).await?.unwrap_or_default(),
        None => Vec::new(),
    };
    let (cancellation, gone) = (LineCancellationId::from_uuid(shop.ids.uuid()), gone(&parcels)?);
    let command = OrderCommand::RequestLineCancellation { cancellation, lines, reason, gone };
    shop.bus.execute(order_id.as_str(), request, command).await
}

/// Returns the units that are in parcels which have left or were called off.
pub(super) fn gone(parcels: &[FirstParcel]) -> Result<Vec<LineUnits>, AppError> {
    let mut units = BTreeMap::<&LineId, i64>::new();
    let left = parcels.iter().filter(|parcel| !parcel.state.is_here());
    for line in left.flat_map(|parcel| parcel.state.lines()) {
        *units.entry(&line.line).or_default() += line.quantity.units();
    }
    units
        .into_iter()
        .map(|(line, units)| Ok(LineUnits { line: line.clone(), quantity: Quantity::new(units)? }))
        .collect()
}

/// A parcel of an order, and whether its money was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidParcel {
    /// The parcel.
    pub fulfilment: FulfilmentId,
    /// Where it is.
    pub location: LocationId,
    /// Whether its money was taken.
    pub is_paid: bool,
}

/// What a cancellation took out of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenOut {
    /// The parcel.
    pub fulfilment: FulfilmentId,
    /// The units that are free in the stock again.
    pub units: Vec<Routed>,
    /// How much less of the payable amount the parcel stands for.
    pub share: Money,
    /// Whether that was taken, and so goes back.
    pub is_paid: bool,
    /// Whether nothing is left in it, and so it is called off.
    pub is_emptied: bool,
}

/// What became of a wish to cancel lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinesCancelled {
    /// What was taken out of each parcel; nothing where all had left.
    pub parcels: Vec<TakenOut>,
    /// What goes back.
    pub refund: Money,
}

/// Takes the units of a wish to cancel lines out of their parcels, frees them in the stock, and answers the order: which units
/// are cancelled, or that none can be. A parcel and its hand-over are decided by the parcel's own stream. It may be done again
/// at any time, by two workers side by side too: parcels are gone through in the order of their locations' names, what was
/// taken out before counts, and a parcel that has left never comes back.
///
/// # Errors
/// [`AppError::Contended`] while not every warehouse was asked; [`AppError`] where the order knows of no such wish, or the log
/// cannot be read or written.
pub async fn cancel_lines(
    shop: &Shop,
    request: &Request,
    order_id: &OrderId,
    cancellation: &LineCancellationId,
    paid: &[PaidParcel],
) -> Result<LinesCancelled, AppError> {
    let order = shop.bus.load::<Order>(order_id.as_str()).await?.state;
    let unknown = || Refused::new("LINE_CANCELLATION_NOT_FOUND", "the order has no such line cancellation");
    let asked = order.line_cancellation(cancellation).ok_or_else(unknown)?;
    let sale = order.sale().ok_or_else(unknown)?;
    let also: Vec<_> = paid.iter().map(|parcel| parcel.location.clone()).collect();
    let parcels = first_parcels(shop, order_id, sale, &also).await?.ok_or(AppError::Contended)?;
    let mut wanted = asked.lines.clone();
    let mut taken = Vec::new();
    for parcel in parcels {
        let is_paid = paid.iter().any(|known| known.is_paid && known.fulfilment == parcel.id);
        let parcel = take_out(shop, request, (asked, sale), (parcel, is_paid), &wanted).await?;
        let Some(reduction) = parcel.state.reduction(cancellation) else { continue };
        wanted = without(wanted, &reduction.lines);
        taken.push(parcel);
    }
    free(shop, request, order_id, cancellation, &taken).await?;
    answer(shop, request, order_id, (asked, sale), &taken).await
}

/// Takes units out of one parcel; none where it has left by now.
async fn take_out(
    shop: &Shop,
    request: &Request,
    (asked, sale): (&LineCancellation, &Sale),
    (mut parcel, is_paid): (FirstParcel, bool),
    wanted: &[LineUnits],
) -> Result<FirstParcel, AppError> {
    let lines = parcel.holds(wanted)?;
    if lines.is_empty() || parcel.state.reduction(&asked.id).is_some() {
        return Ok(parcel);
    }
    let share = paid_of(sale, parcel.worth(Some(&asked.id), &lines)?.iter())?;
    let command = FulfilmentCommand::TakeOut { cancellation: asked.id.clone(), lines, share, is_paid };
    match shop.bus.execute::<Fulfilment>(parcel.id.as_str(), request, command).await {
        Ok(outcome) => parcel.state = outcome.state,
        Err(AppError::Refused(refused)) if refused.code == "ILLEGAL_TRANSITION" => {
            tracing::info!(parcel = %parcel.id, "a parcel left before units were taken out of it");
        }
        Err(error) => return Err(error),
    }
    Ok(parcel)
}

pub(super) fn without(wanted: Vec<LineUnits>, taken: &[FulfilmentLine]) -> Vec<LineUnits> {
    let left = wanted.into_iter().filter_map(|asked| {
        let taken: i64 = taken.iter().filter(|part| part.line == asked.line).map(|part| part.quantity.units()).sum();
        let quantity = Quantity::new(asked.quantity.units() - taken).ok()?;
        Some(LineUnits { quantity, ..asked })
    });
    left.collect()
}

/// Returns the units that a cancellation took out of a parcel, SKU by SKU.
fn units_of(parcel: &FirstParcel, cancellation: &LineCancellationId) -> Result<Vec<Routed>, AppError> {
    let (Some(location), Some(reduction)) = (parcel.state.location(), parcel.state.reduction(cancellation)) else {
        return Ok(Vec::new());
    };
    let mut units = BTreeMap::<&Sku, i64>::new();
    for part in &reduction.lines {
        *units.entry(&part.sku).or_default() += part.quantity.units();
    }
    let routed = |(sku, units): (&Sku, i64)| {
        Ok(Routed { sku: sku.clone(), location: location.clone(), quantity: Quantity::new(units)? })
    };
    units.into_iter().map(routed).collect()
}

async fn free(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    cancellation: &LineCancellationId,
    taken: &[FirstParcel],
) -> Result<(), AppError> {
    for parcel in taken {
        for Routed { sku, location, quantity } in units_of(parcel, cancellation)? {
            let (order, cancellation) = (order.clone(), cancellation.clone());
            let command = StockCommand::ReduceAllocation { order, cancellation, quantity };
            shop.bus.execute::<Stock>(&stream_id(&sku, &location), request, command).await?;
        }
    }
    Ok(())
}

async fn answer(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    (asked, sale): (&LineCancellation, &Sale),
    taken: &[FirstParcel],
) -> Result<LinesCancelled, AppError> {
    let mut cancelled = LinesCancelled { parcels: Vec::new(), refund: Money::zero(sale.currency) };
    let mut worth = Vec::new();
    for parcel in taken {
        let Some(reduction) = parcel.state.reduction(&asked.id) else { continue };
        worth.extend(parcel.worth(Some(&asked.id), &reduction.lines)?);
        if reduction.is_paid {
            cancelled.refund = cancelled.refund.plus(reduction.share).map_err(AppError::broken)?;
        }
        cancelled.parcels.push(TakenOut {
            fulfilment: parcel.id.clone(),
            units: units_of(parcel, &asked.id)?,
            share: reduction.share,
            is_paid: reduction.is_paid,
            is_emptied: parcel.state.lines().is_empty(),
        });
    }
    let cancellation = asked.id.clone();
    let command = if worth.is_empty() {
        let reason = "every parcel with these units has left: return them when they arrive".parse::<ShortText>()?;
        OrderCommand::RefuseLineCancellation { cancellation, code: "ALREADY_SHIPPED".to_owned(), reason }
    } else {
        OrderCommand::CancelLines { cancellation, lines: sum_up(&asked.lines, &worth)?, refund: cancelled.refund }
    };
    shop.bus.execute::<Order>(order.as_str(), request, command).await?;
    Ok(cancelled)
}

/// Sums what was taken out of several parcels, line by line, in the order they were asked for.
pub(super) fn sum_up(asked: &[LineUnits], worth: &[LineShare]) -> Result<Vec<CancelledLine>, AppError> {
    let mut lines = Vec::with_capacity(asked.len());
    for LineUnits { line, .. } in asked {
        let mut parts = worth.iter().filter(|part| part.line == *line);
        let Some(first) = parts.next() else { continue };
        let mut sum = first.clone();
        for part in parts {
            sum.units += part.units;
            sum.paid = sum.paid.plus(part.paid).map_err(AppError::broken)?;
            sum.total = TaxedAmount {
                net: sum.total.net.plus(part.total.net).map_err(AppError::broken)?,
                tax: sum.total.tax.plus(part.total.tax).map_err(AppError::broken)?,
                gross: sum.total.gross.plus(part.total.gross).map_err(AppError::broken)?,
                rate: sum.total.rate,
            };
        }
        let LineShare { line, units, total, paid } = sum;
        lines.push(CancelledLine { line, quantity: Quantity::new(units)?, total, paid });
    }
    Ok(lines)
}
