//! Use cases of payments. What goes to the provider is the processes' work; this records wishes and answers.

use std::sync::Arc;

use domain::order::Order;
use domain::payment::{Payment, PaymentCommand};
use domain::values::{Money, OrderId, PaymentId, ShortText};

use crate::Shop;
use crate::actor::{Actor, Permission};
use crate::as_of::AsOf;
use crate::bus::{Loaded, Outcome, Request};
use crate::error::{AppError, Refused};

/// Loads a payment whose order the actor may look at, as it is or as it was.
///
/// # Errors
/// `NOT_FOUND` for a payment that is unknown or had not begun yet, and for someone else's alike.
pub async fn look_up(
    shop: &Shop,
    actor: &Actor,
    payment: &PaymentId,
    as_of: AsOf,
) -> Result<Loaded<Payment>, AppError> {
    let loaded = shop.bus.load_as_of::<Payment>(payment.as_str(), as_of).await?;
    let unknown = || Refused::not_found("payment").at(&["paymentId"]);
    let order = loaded.state.order().ok_or_else(unknown)?;
    let order = shop.bus.load::<Order>(order.as_str()).await?.state;
    match order.sale() {
        Some(sale) if actor.may_look_at(&sale.customer, Permission::OrdersRead) => Ok(loaded),
        _ => Err(unknown().into()),
    }
}

/// Asks to give money back without a return (goodwill). The refund process sends it to the provider.
///
/// # Errors
/// [`AppError::Forbidden`] without `REFUNDS_WRITE`; `REFUND_EXCEEDS_CAPTURED` and the payment's other refusals.
pub async fn request_refund(
    shop: &Shop,
    request: &Request,
    payment: &PaymentId,
    amount: Money,
    reason: ShortText,
) -> Result<Outcome<Payment>, AppError> {
    request.actor.require(Permission::RefundsWrite)?;
    let refund = format!("goodwill-{}", shop.ids.uuid().simple());
    shop.bus.execute(payment.as_str(), request, PaymentCommand::RequestRefund { refund, amount, reason }).await
}

/// Records what a provider answered or told. Already known is no change.
///
/// # Errors
/// The payment's refusals.
pub async fn record(
    shop: &Shop,
    request: &Request,
    payment: &PaymentId,
    command: PaymentCommand,
) -> Result<Outcome<Payment>, AppError> {
    shop.bus.execute(payment.as_str(), request, command).await
}

/// Names a part of a refund that goes back through several payments, by the minor unit of the whole from which it begins. The
/// first part, and a refund that is whole, has the refund's own name.
pub fn refund_part(refund: &str, from: i64) -> String {
    if from == 0 { refund.to_owned() } else { format!("{refund}.{from}") }
}

/// Returns the refund that a part is of, and from which minor unit of the whole it begins.
pub fn refund_whole(part: &str) -> (&str, i64) {
    let parsed = part.rsplit_once('.').and_then(|(refund, from)| Some((refund, from.parse().ok()?)));
    parsed.unwrap_or((part, 0))
}

/// A part of what goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPart {
    /// The payment it goes back through.
    pub payment: PaymentId,
    /// Its name.
    pub name: String,
    /// How much.
    pub amount: Money,
}

/// Splits what goes back over the payments that an order's money was taken with, in the order in which they were begun: each
/// gives back no more than it took. What was asked for under the refund's name before stays as it was.
///
/// # Errors
/// `NOT_FOUND` where no money was taken.
pub async fn refund_parts(
    shop: &Shop,
    order: &OrderId,
    refund: &str,
    amount: Money,
) -> Result<Vec<RefundPart>, AppError> {
    let taken = captured_with(shop, order).await?;
    let Some((last, _)) = taken.last() else { return Err(none_captured()) };
    let mut parts = Vec::new();
    for (payment, state) in &taken {
        for (name, movement) in state.refunds().filter(|(name, _)| refund_whole(name).0 == refund) {
            parts.push(RefundPart { payment: payment.clone(), name: name.to_owned(), amount: movement.amount });
        }
    }
    let mut from: i64 = parts.iter().map(|part| part.amount.minor()).sum();
    for (payment, state) in &taken {
        let left = amount.minor() - from;
        // What no payment can give back any more is asked of the last one, which says so.
        let minor = if payment == last { left } else { left.min(state.refundable().minor()) };
        if minor > 0 {
            let (payment, name) = (payment.clone(), refund_part(refund, from));
            parts.push(RefundPart { payment, name, amount: Money::new(minor, amount.currency()) });
            from += minor;
        }
    }
    Ok(parts)
}

/// Finds the payment of an order that money was taken with, the latest first.
///
/// # Errors
/// `NOT_FOUND` where none was.
pub async fn captured_for(shop: &Shop, order: &OrderId) -> Result<PaymentId, AppError> {
    let last = captured_with(shop, order).await?.pop();
    last.map(|(payment, _)| payment).ok_or_else(none_captured)
}

/// Returns the payments that an order's money was taken with, in the order in which they were begun.
async fn captured_with(shop: &Shop, order: &OrderId) -> Result<Vec<(PaymentId, Arc<Payment>)>, AppError> {
    let order = shop.bus.load::<Order>(order.as_str()).await?.state;
    let mut taken = Vec::new();
    for payment in order.payments() {
        let state = shop.bus.load::<Payment>(payment.as_str()).await?.state;
        if state.captured().minor() > 0 {
            taken.push((payment.clone(), state));
        }
    }
    Ok(taken)
}

fn none_captured() -> AppError {
    Refused::not_found("captured payment").into()
}
