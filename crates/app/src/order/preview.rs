//! What cancelling units of lines would come to. Nothing is changed: whoever agrees sends the wish with the version shown.

use domain::decider::Decider;
use domain::order::{CancelledLine, LineUnits, OrderCommand, OrderEvent, Sale};
use domain::values::{LineCancellationId, Money, OrderId, ShortText, TaxedAmount, per_rate};

use super::find;
use super::lines::{gone, sum_up, without};
use crate::Shop;
use crate::actor::Actor;
use crate::error::{AppError, Refused};
use crate::fulfilment::{FirstParcel, LineShare, first_parcels, paid_of};

/// What cancelling units of lines would come to, as things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinesPreview {
    /// The order's version that it is true of.
    pub version: u64,
    /// The units, and what they were sold for.
    pub lines: Vec<CancelledLine>,
    /// What they were sold for, per rate of VAT, the lowest first.
    pub vat: Vec<TaxedAmount>,
    /// What the buyer would pay then in all, shipping included; nothing where the order is called off.
    pub payable: Money,
    /// What would go back, because it is taken.
    pub refund: Money,
    /// Whether nothing would be left, and so the order is called off.
    pub is_whole: bool,
}

/// Says what cancelling units of lines would come to, by the rules that the wish itself goes by.
///
/// # Errors
/// As [`request_line_cancellation`](super::request_line_cancellation); `FULFILMENT_PENDING` while the warehouses are being asked.
pub async fn preview_line_cancellation(
    shop: &Shop,
    actor: &Actor,
    order_id: &OrderId,
    lines: Vec<LineUnits>,
) -> Result<LinesPreview, AppError> {
    let found = find(shop, actor, order_id).await?;
    let order = &*found.state;
    let sale = order.sale().ok_or_else(|| Refused::not_found("order"))?;
    let parcels = first_parcels(shop, order_id, sale, &[]).await?;
    let cancellation = LineCancellationId::from_uuid(shop.ids.uuid());
    let command = OrderCommand::RequestLineCancellation {
        cancellation,
        lines: lines.clone(),
        reason: "preview".parse::<ShortText>()?,
        gone: gone(parcels.as_deref().unwrap_or_default())?,
    };
    let facts = order.decide(&command).map_err(|refusal| Refused::of(&refusal))?;
    let pending = || Refused::new("FULFILMENT_PENDING", "the warehouses are being asked: look again in a moment");
    let parcels = parcels.ok_or_else(pending)?;
    let is_whole = facts.iter().any(|fact| matches!(fact, OrderEvent::CancellationRequested { .. }));
    let (worth, taken) = plan(sale, &parcels, &lines)?;
    let (cancelled, paid) = (sum_up(&lines, &worth)?, paid_of(sale, worth.iter())?);
    let kept = order.captured().minus(order.refunded()).map_err(AppError::broken)?;
    let left = order.payable_left().minus(paid).map_err(AppError::broken)?;
    let nothing = Money::zero(sale.currency);
    Ok(LinesPreview {
        version: found.version,
        vat: per_rate(cancelled.iter().map(|line| &line.total), Money::plus).map_err(AppError::broken)?,
        lines: cancelled,
        payable: if is_whole { nothing } else { left },
        refund: if is_whole { kept } else { taken },
        is_whole,
    })
}

/// Goes through the parcels as the cancellation will, and says what the units cost and what of it is taken: a parcel may leave
/// once it is.
fn plan(sale: &Sale, parcels: &[FirstParcel], lines: &[LineUnits]) -> Result<(Vec<LineShare>, Money), AppError> {
    let (mut worth, mut taken, mut wanted) = (Vec::new(), Money::zero(sale.currency), lines.to_vec());
    for parcel in parcels {
        let lines = parcel.holds(&wanted)?;
        let costs = parcel.worth(None, &lines)?;
        if parcel.state.is_released() {
            taken = taken.plus(paid_of(sale, costs.iter())?).map_err(AppError::broken)?;
        }
        wanted = without(wanted, &lines);
        worth.extend(costs);
    }
    Ok((worth, taken))
}
