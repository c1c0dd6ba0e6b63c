//! The units of a SKU at a location.

use app::bus::Outcome;
use async_graphql::{Enum, SimpleObject};
use domain::stock::{Stock, parse_stream_id};

use crate::graphql::scalars::SafeInt;

/// Below this many free units availability is low.
const LOW_BELOW: i64 = 5;

/// The units of a SKU at a location: `onHand = available + reserved + allocated`.
#[derive(Clone, Debug, SimpleObject)]
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
    /// How many events it has.
    pub version: SafeInt,
}

impl StockLevel {
    /// Shows what a command led to.
    pub(crate) fn of(outcome: &Outcome<Stock>) -> Self {
        let place = parse_stream_id(&outcome.id);
        let (sku, location) = place.map_or_else(Default::default, |(sku, location)| (sku.into(), location.into()));
        Self {
            sku,
            location,
            on_hand: SafeInt(outcome.state.on_hand()),
            reserved: SafeInt(outcome.state.reserved()),
            allocated: SafeInt(outcome.state.allocated()),
            available: SafeInt(outcome.state.available()),
            version: SafeInt(i64::try_from(outcome.version).unwrap_or(i64::MAX)),
        }
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
            version: SafeInt(level.version),
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
