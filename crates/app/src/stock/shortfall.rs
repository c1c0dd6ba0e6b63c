//! Paid orders of which units are missing: they wait in every location, and are settled once they have all their units.

use std::str::FromStr;
use std::sync::Arc;

use domain::stock::{Finish, Stock, StockCommand, stream_id};
use domain::values::{LocationId, OrderId, Quantity, Sku, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ROUTING_ROUNDS_MAX, Routed, Shortage};
use crate::Shop;
use crate::bus::Request;
use crate::error::AppError;

/// How many days after the contract goods are delivered at the latest, where nothing else was agreed (Code de la consommation,
/// article L216-1).
pub const BACK_ORDER_DAYS_MAX: i64 = 30;

/// What becomes of a paid order of which units are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortfallPolicy {
    /// It is rejected and its money let go.
    #[default]
    Void,
    /// It is confirmed, and goes to the warehouses once its missing units are there.
    BackOrder,
    /// People choose one of these.
    Ask,
}

impl ShortfallPolicy {
    /// Every policy and its name.
    pub const ALL: [(&'static str, Self); 3] =
        [("void", Self::Void), ("back_order", Self::BackOrder), ("ask", Self::Ask)];

    /// Returns whether it is the one of old, which need not be stored.
    pub fn is_void(&self) -> bool {
        *self == Self::Void
    }
}

impl FromStr for ShortfallPolicy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, policy)| *policy);
        known.ok_or("void, back_order or ask")
    }
}

/// How a shop deals with paid orders of which units are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ShortfallSettings {
    /// What becomes of them.
    #[serde(rename = "shortfall_policy")]
    pub policy: ShortfallPolicy,
    /// How long after it was placed an order waits before people are asked, days, 1 to [`BACK_ORDER_DAYS_MAX`].
    pub back_order_days: i64,
}

impl Default for ShortfallSettings {
    /// Orders are voided. Where people let one wait, nine of the thirty days of the law are left to pack and to carry it.
    fn default() -> Self {
        Self { policy: ShortfallPolicy::Void, back_order_days: 21 }
    }
}

impl ShortfallSettings {
    /// Sets how long an order waits, in days.
    ///
    /// # Errors
    /// What is allowed, where it is something else.
    pub fn set_days(&mut self, text: &str) -> Result<(), &'static str> {
        let days = text.parse().ok().filter(|days| (1..=BACK_ORDER_DAYS_MAX).contains(days));
        self.back_order_days = days.ok_or("1 to 30 days")?;
        Ok(())
    }
}

/// What an order has of a SKU in a location.
struct Holding {
    location: LocationId,
    stock: Arc<Stock>,
}

impl Holding {
    fn sold(&self, order: &OrderId) -> i64 {
        sold_in(&self.stock, order)
    }

    fn held(&self, order: &OrderId) -> i64 {
        self.sold(order) + self.stock.reservation(order).map_or(0, |promise| promise.quantity.units())
    }
}

/// Returns what an order was sold and was not given back, be it gone since: whoever does a step once more, long after, must not take
/// it for missing.
fn sold_in(stock: &Stock, order: &OrderId) -> i64 {
    match stock.finish(order) {
        Some(Finish::Dispatched) => stock.settled(order).unwrap_or(0),
        Some(Finish::Over) | None => stock.allocation(order).map_or(0, Quantity::units),
    }
}

async fn holdings(shop: &Shop, sku: &Sku) -> Result<Vec<Holding>, AppError> {
    let mut holdings = Vec::new();
    for location in &shop.settings.locations {
        let stock = shop.bus.load::<Stock>(&stream_id(sku, location)).await?.state;
        holdings.push(Holding { location: location.clone(), stock });
    }
    Ok(holdings)
}

fn sold_of(holdings: &[Holding], order: &OrderId) -> i64 {
    holdings.iter().map(|holding| holding.sold(order)).sum()
}

/// Sells an order what is there of each SKU, and lets it wait for the rest in every location. Returns what is missing; nothing
/// where all came in meanwhile. [`settle_back_order`] ends the waiting. It may be done again at any time.
///
/// # Errors
/// `RESERVATION_OVER` where the order was called off, `BACK_ORDER_LIMIT` where too many wait; [`AppError`] when the store fails.
pub async fn back_order(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    needs: &[(Sku, Quantity)],
    since: Timestamp,
) -> Result<Vec<Shortage>, AppError> {
    let mut shortages = Vec::new();
    for (sku, quantity) in needs {
        let mut holdings = holdings(shop, sku).await?;
        // Where it has units first: then it need not wait elsewhere for a SKU that is all there.
        holdings.sort_by_key(|holding| std::cmp::Reverse(holding.held(order)));
        let mut sold = 0;
        for holding in &holdings {
            if sold >= quantity.units() && holding.held(order) == 0 {
                continue;
            }
            let command = StockCommand::BackOrder { order: order.clone(), quantity: *quantity, since };
            let id = stream_id(sku, &holding.location);
            let state = shop.bus.execute::<Stock>(&id, request, command).await?.state;
            sold += sold_in(&state, order);
        }
        if sold < quantity.units() {
            shortages.push(Shortage { sku: sku.clone(), requested: quantity.units(), available: sold });
        }
    }
    Ok(shortages)
}

/// Ends the waiting of an order for each SKU of which it has all its units, in all locations together, and frees what it has too
/// many. Returns where its units are once that is so of every SKU. It may be done again at any time, by two workers side by side
/// too: locations are settled in their order, and what one has kept stands for whoever comes later.
///
/// # Errors
/// [`AppError`] when the store fails.
pub async fn settle_back_order(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    needs: &[(Sku, Quantity)],
) -> Result<Option<Vec<Routed>>, AppError> {
    let mut all = Some(Vec::new());
    for need in needs {
        let parts = settle(shop, request, order, need).await?;
        all = all.zip(parts).map(|(mut all, parts)| {
            all.extend(parts);
            all
        });
    }
    Ok(all)
}

async fn settle(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    (sku, quantity): &(Sku, Quantity),
) -> Result<Option<Vec<Routed>>, AppError> {
    for _ in 0..ROUTING_ROUNDS_MAX {
        let holdings = holdings(shop, sku).await?;
        if sold_of(&holdings, order) < quantity.units() {
            return Ok(None);
        }
        match settle_in_order(shop, request, order, (sku, *quantity), holdings).await {
            Ok(parts) => return Ok(Some(parts)),
            // Units came in since, or another worker was quicker: what it has kept counts.
            Err(AppError::Refused(refused)) => {
                tracing::info!(%order, code = refused.code, "a back-order is being settled elsewhere");
            }
            Err(error) => return Err(error),
        }
    }
    Err(AppError::Contended)
}

async fn settle_in_order(
    shop: &Shop,
    request: &Request,
    order: &OrderId,
    (sku, quantity): (&Sku, Quantity),
    holdings: Vec<Holding>,
) -> Result<Vec<Routed>, AppError> {
    let (mut missing, mut parts) = (quantity.units(), Vec::new());
    for holding in holdings {
        let keep = Quantity::new(holding.sold(order).min(missing)).ok();
        if holding.stock.back_order(order).is_some() {
            let command = StockCommand::SettleBackOrder { order: order.clone(), keep };
            shop.bus.execute::<Stock>(&stream_id(sku, &holding.location), request, command).await?;
        }
        if let Some(quantity) = keep {
            missing -= quantity.units();
            parts.push(Routed { sku: sku.clone(), location: holding.location, quantity });
        }
    }
    Ok(parts)
}
