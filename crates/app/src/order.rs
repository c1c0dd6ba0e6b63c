//! Use cases of the order.

mod additions;
mod lines;
mod preview;

use domain::order::{Order, OrderCommand};
use domain::values::{Money, OrderId, ShortText};

pub(crate) use additions::added_to;
pub use additions::{MISSING_OPEN_ORDER, accept_addition, goes_along_with, missing, release_addition};
pub use lines::{LinesCancelled, PaidParcel, TakenOut, cancel_lines, request_line_cancellation};
pub use preview::{LinesPreview, preview_line_cancellation};

use crate::Shop;
use crate::actor::{Actor, Permission, Role};
use crate::as_of::AsOf;
use crate::bus::{Loaded, Outcome, Request};
use crate::error::{AppError, Refused};

/// Loads an order that the actor may see: their own, or any for staff.
///
/// # Errors
/// `NOT_FOUND` for an unknown order and for someone else's alike.
pub async fn find(shop: &Shop, actor: &Actor, order: &OrderId) -> Result<Loaded<Order>, AppError> {
    let loaded = shop.bus.load::<Order>(order.as_str()).await?;
    match loaded.state.sale() {
        Some(sale) if actor.may_see(&sale.customer, Permission::OrdersRead) => Ok(loaded),
        _ => Err(Refused::not_found("order").at(&["orderId"]).into()),
    }
}

/// Loads an order that the actor may look at, as it is or as it was.
///
/// # Errors
/// `NOT_FOUND` for an order that is unknown or was not placed yet, and for someone else's alike.
pub async fn look_up(shop: &Shop, actor: &Actor, order: &OrderId, as_of: AsOf) -> Result<Loaded<Order>, AppError> {
    let loaded = shop.bus.load_as_of::<Order>(order.as_str(), as_of).await?;
    match loaded.state.sale() {
        Some(sale) if actor.may_look_at(&sale.customer, Permission::OrdersRead) => Ok(loaded),
        _ => Err(Refused::not_found("order").at(&["orderId"]).into()),
    }
}

/// Asks to call an order off. The checkout process undoes what was done; the order is cancelled once all is undone. Its buyer
/// cancels what was added to it first; where the house calls it off, that stays as it was sold.
///
/// # Errors
/// `NOT_FOUND`; `ALREADY_SHIPPED`, `ORDER_HAS_ADDITIONS` and the order's other refusals.
pub async fn request_cancellation(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    reason: ShortText,
) -> Result<Outcome<Order>, AppError> {
    find(shop, &request.actor, order).await?;
    let command = match request.actor.role() {
        Role::Shopper => OrderCommand::RequestCancellationByBuyer { reason },
        Role::Staff | Role::Analyst | Role::Auditor | Role::System => OrderCommand::RequestCancellation { reason },
    };
    shop.bus.execute(order.as_str(), request, command).await
}

/// Asks to pay all that is due of an order that is placed and not paid, with another method. The checkout process does the rest.
///
/// # Errors
/// `NOT_FOUND`; `ILLEGAL_TRANSITION` where the order is paid or over.
pub async fn request_payment(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    method: ShortText,
) -> Result<Outcome<Order>, AppError> {
    request_part_payment(shop, request, order, (method, None)).await
}

/// Asks to pay an order as [`request_payment`] does, or a part of what is due of it, where one is named.
///
/// # Errors
/// `PAYMENT_AMOUNT_INVALID` for a part that is nothing or more than is due; as [`request_payment`].
pub async fn request_part_payment(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    (method, amount): (ShortText, Option<Money>),
) -> Result<Outcome<Order>, AppError> {
    find(shop, &request.actor, order).await?;
    let payment = domain::values::PaymentId::from_uuid(shop.ids.uuid());
    shop.bus.execute(order.as_str(), request, OrderCommand::RequestPayment { payment, method, amount }).await
}
