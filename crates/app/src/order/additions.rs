//! Use cases of adding units to an order after it was placed: a cart goes along with it and becomes an order of its own.

use domain::cart::{AddedTo, Cart, CartStatus, ShippingChoice};
use domain::order::{AdditionEnd, Order, OrderCommand};
use domain::values::{Currency, CustomerId, Money, OrderId};

use crate::Shop;
use crate::bus::Request;
use crate::error::{AppError, Refused};

/// What a cart lacks whose order can be added to no longer.
pub const MISSING_OPEN_ORDER: &str = "open_order";

/// Returns what a cart of the order's buyer has of the order that it is to add to.
///
/// # Errors
/// `NOT_FOUND` for an unknown order and for someone else's alike; `ORDER_CANNOT_BE_ADDED_TO`; `WRONG_CURRENCY`.
pub(crate) async fn added_to(
    shop: &Shop,
    (owner, currency): (&CustomerId, Currency),
    order_id: &OrderId,
) -> Result<AddedTo, AppError> {
    let order = shop.bus.load::<Order>(order_id.as_str()).await?.state;
    let Some(sale) = order.sale().filter(|sale| sale.customer == *owner) else {
        return Err(Refused::not_found("order").at(&["addTo"]).into());
    };
    order.may_be_added_to().map_err(|refusal| Refused::of(&refusal).at(&["addTo"]))?;
    if sale.currency != currency {
        let message = format!("the order is in {}, not in {currency}: open the cart in its currency", sale.currency);
        return Err(Refused::new("WRONG_CURRENCY", message).at(&["currency"]).into());
    }
    let shipping = ShippingChoice {
        code: sale.shipping.code.clone(),
        label: sale.shipping.label.clone(),
        price: Money::zero(currency),
        vat_rate: sale.shipping.total.rate,
    };
    let (email, address, country) = (sale.email.clone(), sale.address.clone(), sale.country.clone());
    Ok(AddedTo { order: order_id.clone(), email, address, country, shipping })
}

/// Returns what checkout still needs of a cart: as [`Cart::missing`], and [`MISSING_OPEN_ORDER`] where an open cart adds to an
/// order to which nothing can be added any more.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn missing(shop: &Shop, cart: &Cart) -> Result<Vec<&'static str>, AppError> {
    let mut missing = cart.missing();
    if let (Some(order), CartStatus::Open) = (cart.adds_to(), cart.status()) {
        let order = shop.bus.load::<Order>(order.as_str()).await?.state;
        if order.may_be_added_to().is_err() {
            missing.push(MISSING_OPEN_ORDER);
        }
    }
    Ok(missing)
}

/// Lets an order go along with another. Idempotent.
///
/// # Errors
/// `ORDER_CANNOT_BE_ADDED_TO`.
pub async fn accept_addition(shop: &Shop, request: &Request, to: &OrderId, addition: &OrderId) -> Result<(), AppError> {
    let command = OrderCommand::AcceptAddition { addition: addition.clone() };
    shop.bus.execute::<Order>(to.as_str(), request, command).await.map(|_| ())
}

/// Notes that an order goes along with another no longer. Idempotent.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn release_addition(
    shop: &Shop,
    request: &Request,
    to: &OrderId,
    (addition, end): (&OrderId, AdditionEnd),
) -> Result<(), AppError> {
    let command = OrderCommand::ReleaseAddition { addition: addition.clone(), end };
    shop.bus.execute::<Order>(to.as_str(), request, command).await.map(|_| ())
}

/// Returns the other orders of which parcels of an order go to the same door at the same time: the order that it was added to, and
/// whatever else goes along with that one; those that were called off, or that a carrier has, not.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn goes_along_with(shop: &Shop, order_id: &OrderId) -> Result<Vec<OrderId>, AppError> {
    let own = shop.bus.load::<Order>(order_id.as_str()).await?.state;
    let Some(first_id) = own.adds_to() else { return Ok(own.additions_standing().cloned().collect()) };
    let first = shop.bus.load::<Order>(first_id.as_str()).await?.state;
    let standing: Vec<_> = first.additions_standing().collect();
    if !standing.contains(&order_id) {
        return Ok(Vec::new());
    }
    let others = standing.into_iter().filter(|other| *other != order_id);
    Ok(first.may_be_sent().then_some(first_id).into_iter().chain(others).cloned().collect())
}
