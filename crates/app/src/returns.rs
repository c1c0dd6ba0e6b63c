//! Use cases of returns.

mod explain;
#[cfg(test)]
mod tests;

use domain::order::{DeclaredWithdrawal, Order, OrderCommand, OrderLine, ReturnedLine, Sale, Withdrawal};
use domain::returns::{LegalWithdrawal, Return, ReturnCommand, ReturnLine, ReturnStatus};
use domain::values::{Money, OrderId, Quantity, ReturnId, ShortText};

pub use explain::{ExplainedLine, ExplainedRefund, explained, preview};

use crate::Shop;
use crate::actor::{Actor, Permission};
use crate::as_of::AsOf;
use crate::bus::{Loaded, Outcome, Request};
use crate::checkout::paid_parts;
use crate::error::{AppError, Refused};
use crate::order;

/// Refunds of returns are named by this and the return's id.
pub const REFUND_PREFIX: &str = "return-";

/// Loads a return that the actor may look at, as it is or as it was.
///
/// # Errors
/// `NOT_FOUND` for a return that is unknown or was not asked for yet, and for someone else's alike.
pub async fn look_up(
    shop: &Shop,
    actor: &Actor,
    return_id: &ReturnId,
    as_of: AsOf,
) -> Result<Loaded<Return>, AppError> {
    let loaded = shop.bus.load_as_of::<Return>(return_id.as_str(), as_of).await?;
    match loaded.state.customer() {
        Some(customer) if actor.may_look_at(customer, Permission::OrdersRead) => Ok(loaded),
        _ => Err(Refused::not_found("return").at(&["returnId"]).into()),
    }
}

/// Asks to send delivered units back. The order guards that no unit comes back twice; the return is its own stream.
///
/// # Errors
/// `NOT_FOUND`, `NOT_DELIVERED`, `NOT_RETURNABLE`, `RETURN_WINDOW_CLOSED`, `IDEMPOTENCY_KEY_REUSED`.
pub async fn request(
    shop: &Shop,
    request: &Request,
    order_id: &OrderId,
    lines: Vec<ReturnedLine>,
    reason: ShortText,
) -> Result<(Outcome<Return>, bool), AppError> {
    order::find(shop, &request.actor, order_id).await?;
    let return_id = ReturnId::from_uuid(shop.ids.uuid());
    let command = OrderCommand::OpenReturn { return_id, lines, reason, now: shop.clock.now() };
    let opened = shop.bus.execute::<Order>(order_id.as_str(), request, command).await?;
    let return_id =
        opened.state.returns_opened().last().cloned().ok_or_else(|| AppError::broken("a return left no trace"))?;
    let outcome = open(shop, &request.follow_up(), order_id, &return_id).await?;
    Ok((outcome, opened.replayed))
}

/// Declares to withdraw from the contract for delivered units, or for all that can still come back where none are named.
/// It binds nobody before it is confirmed. Returns the order and the name of the return it becomes.
///
/// # Errors
/// `NOT_FOUND`, `NOT_DELIVERED`, `NOT_RETURNABLE`, `WITHDRAWAL_PERIOD_OVER`, `IDEMPOTENCY_KEY_REUSED`.
pub async fn declare_withdrawal(
    shop: &Shop,
    request: &Request,
    order_id: &OrderId,
    lines: Option<Vec<ReturnedLine>>,
) -> Result<(Outcome<Order>, DeclaredWithdrawal), AppError> {
    let order = order::find(shop, &request.actor, order_id).await?.state;
    let lines = lines.unwrap_or_else(|| all_returnable(&order));
    let return_id = ReturnId::from_uuid(shop.ids.uuid());
    let command = OrderCommand::DeclareWithdrawal { return_id, lines, now: shop.clock.now() };
    let outcome = shop.bus.execute::<Order>(order_id.as_str(), request, command).await?;
    let declared = outcome.state.withdrawals_declared().last().cloned();
    let declared = declared.ok_or_else(|| AppError::broken("a withdrawal left no trace"))?;
    Ok((outcome, declared))
}

/// Confirms a declared withdrawal: its return is opened and approved, and its moments are its acknowledgement.
///
/// # Errors
/// `NOT_FOUND`, `RETURN_NOT_FOUND`, `WITHDRAWAL_LAPSED`, `NOT_RETURNABLE`, `IDEMPOTENCY_KEY_REUSED`.
pub async fn confirm_withdrawal(
    shop: &Shop,
    request: &Request,
    order_id: &OrderId,
    return_id: &ReturnId,
) -> Result<(Outcome<Return>, bool), AppError> {
    order::find(shop, &request.actor, order_id).await?;
    let command = OrderCommand::ConfirmWithdrawal { return_id: return_id.clone(), now: shop.clock.now() };
    let confirmed = shop.bus.execute::<Order>(order_id.as_str(), request, command).await?;
    let outcome = open(shop, &request.follow_up(), order_id, return_id).await?;
    Ok((outcome, confirmed.replayed))
}

fn all_returnable(order: &Order) -> Vec<ReturnedLine> {
    let lines = order.sale().into_iter().flat_map(|sale| &sale.lines);
    let returnable = lines.filter_map(|line| {
        let quantity = Quantity::new(order.returnable(&line.line)).ok()?;
        Some(ReturnedLine { line: line.line.clone(), quantity })
    });
    returnable.collect()
}

/// Begins the return that an order opened. Repeating it changes nothing: after a crash between the two the return
/// process does it again.
///
/// # Errors
/// `RETURN_NOT_FOUND` where the order knows of no such return.
pub async fn open(
    shop: &Shop,
    request: &Request,
    order_id: &OrderId,
    return_id: &ReturnId,
) -> Result<Outcome<Return>, AppError> {
    let order = shop.bus.load::<Order>(order_id.as_str()).await?.state;
    let unknown = || Refused::new("RETURN_NOT_FOUND", "the order has no such return");
    let sale = order.sale().ok_or_else(unknown)?;
    let (returned, reason) = order.opened_return(return_id).ok_or_else(unknown)?;
    let mut lines = Vec::with_capacity(returned.len());
    for part in returned {
        let line = sale.lines.iter().find(|line| line.line == part.line).ok_or_else(unknown)?;
        let before = order.returned_before(return_id, &part.line);
        let paid = paid_for(&order, line, before, part.quantity.units())?;
        lines.push(ReturnLine { line: line.line.clone(), sku: line.sku.clone(), quantity: part.quantity, paid });
    }
    let withdrawal = legal_withdrawal(shop, &order, sale, return_id)?;
    let command = ReturnCommand::Request {
        order: order_id.clone(),
        customer: sale.customer.clone(),
        lines,
        reason: reason.clone(),
        withdrawal,
    };
    let opened = shop.bus.execute::<Return>(return_id.as_str(), request, command).await?;
    if withdrawal.is_none() || opened.state.status() != ReturnStatus::Requested {
        return Ok(opened);
    }
    // Nobody has to agree to it.
    shop.bus.execute(return_id.as_str(), &request.follow_up(), ReturnCommand::Approve).await
}

/// Says what a withdrawal from the contract gives back beside the goods: what was paid for delivery, at most what standard
/// delivery costs, once nothing of the contract is left (Code de la consommation, article L221-24,
/// <https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000044563171>).
fn legal_withdrawal(
    shop: &Shop,
    order: &Order,
    sale: &Sale,
    return_id: &ReturnId,
) -> Result<Option<LegalWithdrawal>, AppError> {
    let Some(Withdrawal { declared_at, confirmed_at }) = order.withdrawal(return_id) else { return Ok(None) };
    let delivery = if order.is_withdrawn_whole(return_id) {
        let (_, paid) = paid_parts(sale)?;
        let standard = shop.settings.standard_delivery(sale.currency);
        standard.map_or(paid, |standard| paid.min(standard))
    } else {
        Money::zero(sale.currency)
    };
    Ok(Some(LegalWithdrawal { declared_at, acknowledged_at: confirmed_at, delivery }))
}

/// Returns what the buyer paid for units `before + 1 ..= before + count` of what is left of a line. Cumulative, so that any
/// partition of a line into returns sums to what it cost without what was cancelled: `paid(n) = floor(paid × n / units)`.
fn paid_for(order: &Order, line: &OrderLine, before: i64, count: i64) -> Result<Money, AppError> {
    let sale = order.sale().ok_or_else(|| AppError::broken("an order without a sale has returns"))?;
    let (parts, _) = paid_parts(sale)?;
    let paid = parts.iter().find(|(id, _)| *id == line.line).map_or(0, |(_, paid)| paid.minor());
    let cancelled: i64 = order.cancelled_of(&line.line).map(|cancelled| cancelled.paid.minor()).sum();
    let (paid, units) = (paid - cancelled, i128::from(order.units_left(&line.line).max(1)));
    let until = |count: i64| i128::from(paid) * i128::from(count) / units;
    let minor = i64::try_from(until(before + count) - until(before)).map_err(AppError::broken)?;
    Ok(Money::new(minor, sale.currency))
}

/// Runs a command of staff on a return.
///
/// # Errors
/// [`AppError::Forbidden`] without `ORDERS_WRITE`; the return's refusals.
pub async fn change(
    shop: &Shop,
    request: &Request,
    return_id: &ReturnId,
    command: ReturnCommand,
) -> Result<Outcome<Return>, AppError> {
    request.actor.require(Permission::OrdersWrite)?;
    shop.bus.execute(return_id.as_str(), request, command).await
}

/// Notes for whoever asked for a return the proof that its box is on its way.
///
/// # Errors
/// `NOT_FOUND` where it is not theirs; the return's refusals.
pub async fn ship_back(
    shop: &Shop,
    request: &Request,
    return_id: &ReturnId,
    (carrier, tracking): (ShortText, ShortText),
) -> Result<Outcome<Return>, AppError> {
    change_own(shop, request, return_id, ReturnCommand::ShipBack { carrier, tracking }).await
}

/// Calls a return off for whoever asked for it.
///
/// # Errors
/// `NOT_FOUND` where it is not theirs; the return's refusals.
pub async fn cancel(
    shop: &Shop,
    request: &Request,
    return_id: &ReturnId,
    reason: ShortText,
) -> Result<Outcome<Return>, AppError> {
    change_own(shop, request, return_id, ReturnCommand::Cancel { reason }).await
}

/// Runs a command of whoever asked for a return, or of staff.
async fn change_own(
    shop: &Shop,
    request: &Request,
    return_id: &ReturnId,
    command: ReturnCommand,
) -> Result<Outcome<Return>, AppError> {
    let loaded = shop.bus.load::<Return>(return_id.as_str()).await?.state;
    match loaded.customer() {
        Some(customer) if request.actor.may_see(customer, Permission::OrdersWrite) => {
            shop.bus.execute(return_id.as_str(), request, command).await
        }
        _ => Err(Refused::not_found("return").at(&["returnId"]).into()),
    }
}
