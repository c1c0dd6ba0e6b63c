//! The units of a SKU at a location.

use app::as_of::AsOf;
use app::bus::{Loaded, Outcome};
use async_graphql::{ComplexObject, Context, Enum, Result, SimpleObject};
use domain::stock::{Stock, parse_stream_id, stream_id};
use domain::values::{LocationId, Sku};

use crate::graphql::audit::types::Event;
use crate::graphql::connection::Connection;
use crate::graphql::history::history;
use crate::graphql::scalars::SafeInt;

/// Below this many free units availability is low.
const LOW_BELOW: i64 = 5;

/// The units of a SKU at a location: `onHand = available + reserved + allocated`.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(complex)]
pub struct StockLevel {
    /// The SKU.
    pub sku: String,
    /// The location.
    pub location: String,
    /// Units in the building.
    pub on_hand: SafeInt,
    /// Units promised to orders that are not paid yet.
    pub reserved: SafeInt,
    /// Units sold and not yet gone.
    pub allocated: SafeInt,
    /// Units free to promise.
    pub available: SafeInt,
    /// Units that paid orders wait for here; while there are any, none is free. An order waits at every location for all that it
    /// lacks, so that the sum of several locations counts it several times.
    pub back_ordered: SafeInt,
    /// How many events it has.
    pub version: SafeInt,
    #[graphql(skip)]
    as_of: AsOf,
}

impl StockLevel {
    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<Stock>) -> Self {
        let place = parse_stream_id(&outcome.id);
        let (sku, location) = place.map_or_else(Default::default, |(sku, location)| (sku.into(), location.into()));
        Self::folded((sku, location), &outcome.state, outcome.version, AsOf::Now)
    }

    /// Shows what was folded from the log.
    pub(crate) fn past(sku: &Sku, location: &LocationId, level: &Loaded<Stock>, as_of: AsOf) -> Self {
        Self::folded((sku.to_string(), location.to_string()), &level.state, level.version, as_of)
    }

    fn folded((sku, location): (String, String), state: &Stock, version: u64, as_of: AsOf) -> Self {
        Self {
            sku,
            location,
            on_hand: SafeInt(state.on_hand()),
            reserved: SafeInt(state.reserved()),
            allocated: SafeInt(state.allocated()),
            available: SafeInt(state.available()),
            back_ordered: SafeInt(state.back_ordered()),
            version: SafeInt(i64::try_from(version).unwrap_or(i64::MAX)),
            as_of,
        }
    }
}

#[ComplexObject]
impl StockLevel {
    /// Every event of it, the oldest first: who, when and why. Needs `AUDIT_READ`.
    #[graphql(complexity = "first.clamp(1, 100) as usize * child_complexity / 10 + 1")]
    async fn history(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 20, desc = "How many, 1 to 100.")] first: i32,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<Connection<Event>> {
        let place = self.sku.parse().ok().zip(self.location.parse().ok());
        let id = place.map(|(sku, location)| stream_id(&sku, &location)).unwrap_or_default();
        history::<Stock>(ctx, &id, self.as_of, (first, after)).await
    }
}

impl From<projections::stock::StockLevel> for StockLevel {
    fn from(level: projections::stock::StockLevel) -> Self {
        Self {
            sku: level.sku,
            location: level.location,
            on_hand: SafeInt(level.on_hand),
            reserved: SafeInt(level.reserved),
            allocated: SafeInt(level.allocated),
            available: SafeInt(level.available),
            back_ordered: SafeInt(level.back_ordered),
            version: SafeInt(level.version),
            as_of: AsOf::Now,
        }
    }
}

/// Whether units are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AvailabilityStatus {
    /// Units are free.
    InStock,
    /// Fewer than 5 units are free.
    Low,
    /// No unit is free.
    OutOfStock,
}

/// What of a variant is free to sell, over all locations.
#[derive(Clone, Copy, Debug, SimpleObject)]
pub struct Availability {
    /// Whether units are free.
    pub status: AvailabilityStatus,
    /// How many units are free.
    pub quantity: SafeInt,
}

impl Availability {
    /// Judges a count of free units.
    pub(crate) fn of(available: i64) -> Self {
        let status = match available {
            ..=0 => AvailabilityStatus::OutOfStock,
            1..LOW_BELOW => AvailabilityStatus::Low,
            LOW_BELOW.. => AvailabilityStatus::InStock,
        };
        Self { status, quantity: SafeInt(available.max(0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn availability_is_low_from_four_units_down_to_one() {
        use AvailabilityStatus::{InStock, Low, OutOfStock};
        for (units, status) in [(-1, OutOfStock), (0, OutOfStock), (1, Low), (4, Low), (5, InStock)] {
            assert_eq!(Availability::of(units).status, status, "{units}");
        }
    }
}
