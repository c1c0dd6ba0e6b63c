//! A cart that adds to an order of its shopper: it goes where that goes, by the same way and for nothing.

use serde::{Deserialize, Serialize};

use super::decide::changeable;
use super::error::CartError;
use super::events::{CartEvent, ShippingChoice};
use super::state::Cart;
use super::totals::check_price;
use crate::values::{OrderId, Sealed};

/// The order that a cart adds to, and what the cart has of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddedTo {
    /// The order.
    pub order: OrderId,
    /// Its sealed e-mail address.
    pub email: Sealed,
    /// Its sealed name and address.
    pub address: Sealed,
    /// Its country, ISO 3166-1 alpha-2.
    pub country: String,
    /// Its way of sending, at no price.
    pub shipping: ShippingChoice,
}

type Decision = Result<Vec<CartEvent>, CartError>;

pub(super) fn begin(cart: &Cart, to: &AddedTo) -> Decision {
    let currency = changeable(cart)?;
    match cart.adds_to() {
        Some(order) if *order == to.order => return Ok(vec![]),
        Some(_) => goes_its_own_way(cart)?,
        None => check_price(currency, to.shipping.price)?,
    }
    if to.shipping.price.minor() > 0 {
        return Err(CartError::AmountOutOfRange { min: 0, max: 0 });
    }
    Ok(vec![CartEvent::AdditionBegun { to: Box::new(to.clone()) }])
}

/// Its shipping was free because it went along: as a usual cart it chooses anew.
pub(super) fn end(cart: &Cart) -> Decision {
    changeable(cart)?;
    match cart.adds_to() {
        Some(order) => Ok(vec![CartEvent::AdditionEnded { order: order.clone() }]),
        None => Ok(vec![]),
    }
}

/// Checks that the cart says itself who receives it, where and how.
pub(super) fn goes_its_own_way(cart: &Cart) -> Result<(), CartError> {
    match cart.adds_to() {
        Some(order) => Err(CartError::GoesAlong { order: order.clone() }),
        None => Ok(()),
    }
}
