//! Use cases of stock: staff move units, checkouts promise and sell them across locations.

mod shortfall;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use domain::stock::{Stock, StockCommand, stream_id};
use domain::values::{LocationId, OrderId, Quantity, ShortText, Sku, Timestamp};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

pub use shortfall::{BACK_ORDER_DAYS_MAX, ShortfallPolicy, ShortfallSettings, back_order, settle_back_order};

use crate::Shop;
use crate::actor::Permission;
use crate::as_of::AsOf;
use crate::bus::{Loaded, Outcome, Request};
use crate::error::{AppError, Refused};

/// How often routing looks again when others take units meanwhile.
const ROUTING_ROUNDS_MAX: usize = 8;

/// Units of a SKU that one location gives to an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// The SKU.
    pub sku: Sku,
    /// The location.
    pub location: LocationId,
    /// How many units.
    pub quantity: Quantity,
}

/// A SKU that not all units could be promised of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortage {
    /// The SKU.
    pub sku: Sku,
    /// Units asked for.
    pub requested: i64,
    /// Units free in all locations.
    pub available: i64,
}

/// Moves units as staff ask: receive or write off.
///
/// # Errors
/// [`AppError::Forbidden`] without `STOCK_WRITE`; `NOT_FOUND` for a location of no one; stock's refusals.
pub async fn change(
    shop: &Shop,
    request: &Request,
    place: (&Sku, &LocationId),
    command: StockCommand,
) -> Result<Outcome<Stock>, AppError> {
    request.actor.require(Permission::StockWrite)?;
    let (sku, location) = place;
    if !shop.settings.locations.contains(location) {
        let known = shop.settings.locations.iter().map(LocationId::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("there is no location {location}: choose one of {known}");
        return Err(Refused::new("NOT_FOUND", message).at(&["location"]).into());
    }
    shop.bus.execute(&stream_id(sku, location), request, command).await
}

/// Loads a SKU's stock at every location that had any movement of it, as it is or as it was.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn levels(shop: &Shop, sku: &Sku, as_of: AsOf) -> Result<Vec<(LocationId, Loaded<Stock>)>, AppError> {
    let mut levels = Vec::new();
    for location in &shop.settings.locations {
        let loaded = shop.bus.load_as_of::<Stock>(&stream_id(sku, location), as_of).await?;
        if loaded.version > 0 {
            levels.push((location.clone(), loaded));
        }
    }
    Ok(levels)
}

/// Returns the units free to promise in all locations.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn available(shop: &Shop, sku: &Sku) -> Result<i64, AppError> {
    let mut sum = 0;
    for location in &shop.settings.locations {
        sum += shop.bus.load::<Stock>(&stream_id(sku, location)).await?.state.available();
    }
    Ok(sum)
}

/// Promises units of one SKU to an order: from the first location that has them all, else from several. What this
/// order holds already counts, so asking again changes nothing. `Err` inside `Ok` is the shortage; then units may be
/// held at some locations, and [`release_all`] gives them back.
///
/// # Errors
/// [`AppError`] when the store fails or the order's reservation was called off.
pub async fn reserve(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    need: (&Sku, Quantity),
    expires_at: Timestamp,
) -> Result<Result<Vec<Routed>, Shortage>, AppError> {
    let (sku, quantity) = need;
    for _ in 0..ROUTING_ROUNDS_MAX {
        // Another process may have taken units in: a sale is not refused for units that are there.
        let found = match route(shop, order, (sku, quantity), Look::AtHand).await? {
            Err(_) => route(shop, order, (sku, quantity), Look::Latest).await?,
            found => found,
        };
        let (mut held, plan) = match found {
            Ok(route) => route,
            Err(shortage) => return Ok(Err(shortage)),
        };
        let mut lost_race = false;
        for part in plan {
            let command = StockCommand::Reserve { order: order.clone(), quantity: part.quantity, expires_at };
            match shop.bus.execute::<Stock>(&stream_id(sku, &part.location), request, command).await {
                Ok(_) => held.push(part),
                Err(error) if error.code() == Some("INSUFFICIENT_STOCK") => lost_race = true,
                Err(error) => return Err(error),
            }
        }
        if !lost_race {
            return Ok(Ok(held));
        }
    }
    Err(AppError::Contended)
}

/// What an order holds of a SKU, and which locations shall give the rest.
type Route = (Vec<Routed>, Vec<Routed>);

/// How stock is looked at for a route.
#[derive(Clone, Copy)]
enum Look {
    /// As it is known here; what reserves then finds out whether it still is so.
    AtHand,
    /// As the log has it.
    Latest,
}

async fn route(
    shop: &Shop,
    order: &OrderId,
    need: (&Sku, Quantity),
    look: Look,
) -> Result<Result<Route, Shortage>, AppError> {
    let (sku, quantity) = need;
    let (mut sold, mut promised, mut free) = (Vec::new(), Vec::new(), Vec::new());
    for location in &shop.settings.locations {
        let id = stream_id(sku, location);
        let stock = match look {
            Look::AtHand => shop.bus.load_at_hand::<Stock>(&id).await?.state,
            Look::Latest => shop.bus.load::<Stock>(&id).await?.state,
        };
        let own = |quantity| Routed { sku: sku.clone(), location: location.clone(), quantity };
        match (stock.allocation(order), stock.reservation(order)) {
            (Some(quantity), _) => sold.push(own(quantity)),
            (None, Some(reservation)) => promised.push(own(reservation.quantity)),
            (None, None) => free.push((location, stock.available())),
        }
    }
    // Two workers may have promised the same units at two locations: what is promised beyond the need is left to expire.
    let (mut held, mut missing) = (Vec::new(), quantity.units());
    for part in sold.into_iter().chain(promised) {
        if part.quantity.units() <= missing {
            missing -= part.quantity.units();
            held.push(part);
        }
    }
    let available = free.iter().map(|(_, units)| units).sum::<i64>();
    if available < missing {
        return Ok(Err(Shortage { sku: sku.clone(), requested: quantity.units(), available }));
    }
    let mut plan = Vec::new();
    let whole = free.iter().find(|(_, units)| *units >= missing).map(|(location, _)| *location);
    for (location, units) in free {
        let take = if whole.is_none_or(|whole| whole == location) { units.min(missing) } else { 0 };
        if take > 0 {
            missing -= take;
            let quantity = Quantity::new(take)?;
            plan.push(Routed { sku: sku.clone(), location: location.clone(), quantity });
        }
    }
    Ok(Ok((held, plan)))
}

/// Promises units of several SKUs, all at the same time.
///
/// # Errors
/// As [`reserve`].
pub async fn reserve_all(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    needs: &[(Sku, Quantity)],
    expires_at: Timestamp,
) -> Result<Result<Vec<Routed>, Vec<Shortage>>, AppError> {
    let answers =
        try_join_all(needs.iter().map(|(sku, quantity)| reserve(shop, request, order, (sku, *quantity), expires_at)))
            .await?;
    let (mut routed, mut shortages) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Ok(parts) => routed.extend(parts),
            Err(shortage) => shortages.push(shortage),
        }
    }
    Ok(if shortages.is_empty() { Ok(routed) } else { Err(shortages) })
}

/// Sells promised units to an order. Where a promise has ended meanwhile, by time or by a shortfall, looks for the units anew, in
/// every location. `Err` inside `Ok` is what lacks; then units may be held at some locations, and [`release_all`] gives them
/// back.
///
/// # Errors
/// [`AppError`] when the store fails or the order's reservation was called off.
pub async fn allocate_all(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    needs: &[(Sku, Quantity)],
    mut routed: Vec<Routed>,
) -> Result<Result<Vec<Routed>, Vec<Shortage>>, AppError> {
    let command = StockCommand::Allocate { order: order.clone() };
    for _ in 0..ROUTING_ROUNDS_MAX {
        match for_each(shop, request, &routed, &command).await {
            Ok(()) => return Ok(Ok(routed)),
            Err(AppError::Refused(refused)) => {
                tracing::info!(%order, code = refused.code, "a promise ended before it was sold");
            }
            Err(error) => return Err(error),
        }
        let expires_at = shop.clock.now().plus_seconds(shop.settings.reservation_seconds);
        routed = match reserve_all(shop, request, order, needs, expires_at).await? {
            Ok(routed) => routed,
            Err(shortages) => return Ok(Err(shortages)),
        };
    }
    Err(AppError::Contended)
}

/// Gives back everything an order holds of these SKUs in any location, sold or promised, and bars what may still come.
///
/// # Errors
/// `ALREADY_DISPATCHED` where units have left; [`AppError`] when the store fails.
pub async fn release_all(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    skus: &[Sku],
    reason: &ShortText,
) -> Result<(), AppError> {
    let places =
        skus.iter().flat_map(|sku| shop.settings.locations.iter().map(move |location| stream_id(sku, location)));
    try_join_all(places.map(|id| async move {
        let command = StockCommand::Release { order: order.clone(), reason: reason.clone() };
        shop.bus.execute::<Stock>(&id, request, command).await
    }))
    .await?;
    Ok(())
}

/// Sums what lines need of each SKU, so that a SKU on two lines is promised once, in one decision.
///
/// # Errors
/// [`AppError::Invalid`] when a sum is beyond what a quantity may be.
pub fn needs<'a>(lines: impl Iterator<Item = (&'a Sku, Quantity)>) -> Result<Vec<(Sku, Quantity)>, AppError> {
    let mut sums = BTreeMap::<&Sku, i64>::new();
    for (sku, quantity) in lines {
        *sums.entry(sku).or_default() += quantity.units();
    }
    sums.into_iter().map(|(sku, units)| Ok((sku.clone(), Quantity::new(units)?))).collect()
}

/// Lets promises to an order end whose time is over and that were not sold to it, in every location. Two that promise for the
/// same order side by side, such as a worker that was taken for dead and its successor, may choose different locations: each
/// is told only of its own.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn expire_promises(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    skus: &BTreeSet<&Sku>,
) -> Result<(), AppError> {
    let now = shop.clock.now();
    for sku in skus {
        for location in &shop.settings.locations {
            let id = stream_id(sku, location);
            let promise = shop.bus.load::<Stock>(&id).await?.state.reservation(order);
            if promise.is_some_and(|promise| promise.expires_at <= now) {
                let command = StockCommand::Expire { order: order.clone(), now };
                shop.bus.execute::<Stock>(&id, request, command).await?;
            }
        }
    }
    Ok(())
}

/// Runs one command on every place that holds units of an order.
///
/// # Errors
/// Stock's refusals; [`AppError`] when the store fails.
pub async fn for_each(
    shop: &Shop,
    request: &Request,
    routed: &[Routed],
    command: &StockCommand,
) -> Result<(), AppError> {
    try_join_all(routed.iter().map(|part| async move {
        shop.bus.execute::<Stock>(&stream_id(&part.sku, &part.location), request, command.clone()).await
    }))
    .await?;
    Ok(())
}
