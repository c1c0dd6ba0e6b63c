//! Use cases of fulfilment: staff and carriers say what happens to a parcel.

mod parcels;
mod shares;
#[cfg(test)]
mod tests;

use domain::fulfilment::{Fulfilment, FulfilmentCommand};
use domain::values::{FulfilmentId, LocationId, OrderId, ShortText};
use uuid::Uuid;

pub use parcels::{FirstParcel, first_parcels, paid_of};
pub use shares::{LineShare, ParcelShare, shares_of};

use crate::Shop;
use crate::actor::Permission;
use crate::bus::{Outcome, Request};
use crate::error::{AppError, Refused};

/// Names the parcel that a location sends for an order: asking for it twice names the same one (UUID version 5, RFC 9562).
pub fn parcel_id(order: &OrderId, location: &LocationId) -> FulfilmentId {
    let name = format!("fulfilment/{location}");
    FulfilmentId::from_uuid(Uuid::new_v5(&order.uuid(), name.as_bytes()))
}

/// Runs a command of the warehouse on a parcel.
///
/// # Errors
/// [`AppError::Forbidden`] without `ORDERS_WRITE`; the fulfilment's refusals, `PARCEL_NOT_PAID` among them.
pub async fn change(
    shop: &Shop,
    request: &Request,
    fulfilment: &FulfilmentId,
    command: FulfilmentCommand,
) -> Result<Outcome<Fulfilment>, AppError> {
    request.actor.require(Permission::OrdersWrite)?;
    shop.bus.execute(fulfilment.as_str(), request, command).await
}

/// Gives a parcel to its carrier: under the label that was booked, or under one that staff got elsewhere.
///
/// # Errors
/// [`AppError::Forbidden`] without `ORDERS_WRITE`; `LABEL_MISSING` where none was booked and none is given;
/// `PARCEL_NOT_PAID` and the fulfilment's other refusals.
pub async fn hand_over(
    shop: &Shop,
    request: &Request,
    fulfilment: &FulfilmentId,
    own_label: Option<(ShortText, ShortText)>,
) -> Result<Outcome<Fulfilment>, AppError> {
    request.actor.require(Permission::OrdersWrite)?;
    let state = shop.bus.load::<Fulfilment>(fulfilment.as_str()).await?.state;
    let booked = state.label().map(|(carrier, tracking)| (carrier.clone(), tracking.clone()));
    let used = state.carrier().zip(state.tracking()).map(|(carrier, tracking)| (carrier.clone(), tracking.clone()));
    let missing =
        || Refused::new("LABEL_MISSING", "no label is booked yet: pack the parcel and wait, or give your own");
    let (carrier, tracking) = own_label.or(used).or(booked).ok_or_else(missing)?;
    let command = FulfilmentCommand::HandOver { carrier, tracking, handed_over_at: shop.clock.now() };
    shop.bus.execute(fulfilment.as_str(), request, command).await
}
