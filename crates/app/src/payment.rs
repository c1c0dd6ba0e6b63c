//! Use cases of payments. What goes to the provider is the processes' work; this records wishes and answers.

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

/// Finds the payment of an order that money was taken with, the latest first.
///
/// # Errors
/// `NOT_FOUND` where none was.
pub async fn captured_for(shop: &Shop, order: &OrderId) -> Result<PaymentId, AppError> {
    let order = shop.bus.load::<Order>(order.as_str()).await?.state;
    for payment in order.payments().iter().rev() {
        if shop.bus.load::<Payment>(payment.as_str()).await?.state.captured().minor() > 0 {
            return Ok(payment.clone());
        }
    }
    Err(Refused::not_found("captured payment").into())
}
