//! Questions about availability.

use super::tables::STOCK_LEVELS;
use crate::models::ReadModels;
use crate::rows::{Column, Direction, Page, Query, ReadError, ReadStore, Row};
use crate::views::{Edge, Slice, page};

/// The units of a SKU at one location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// The SKU.
    pub sku: String,
    /// The location.
    pub location: String,
    /// Units in the building.
    pub on_hand: i64,
    /// Units promised to orders that are not paid yet.
    pub reserved: i64,
    /// Units sold and not yet gone.
    pub allocated: i64,
    /// Units free to promise.
    pub available: i64,
    /// Units that paid orders wait for here. An order waits at every location for all that it lacks.
    pub back_ordered: i64,
    /// The version of the stream.
    pub version: i64,
}

/// The units of a SKU at all locations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockTotal {
    /// The SKU.
    pub sku: String,
    /// Units in the buildings.
    pub on_hand: i64,
    /// Units promised to orders that are not paid yet.
    pub reserved: i64,
    /// Units sold and not yet gone.
    pub allocated: i64,
    /// Units free to promise.
    pub available: i64,
}

static TOTALS: [Column; 5] = [
    Column::text("sku"),
    Column::int("on_hand"),
    Column::int("reserved"),
    Column::int("allocated"),
    Column::int("available"),
];

/// Questions about availability.
#[derive(Clone, Copy, Debug)]
pub struct AvailabilityQueries<'a> {
    store: &'a ReadStore,
}

impl ReadModels {
    /// Asks what is available.
    pub fn availability(&self) -> AvailabilityQueries<'_> {
        AvailabilityQueries { store: self.store() }
    }
}

impl AvailabilityQueries<'_> {
    /// Returns the totals of SKUs, by SKU; those that never had stock are left out.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn totals(&self, skus: &[&str]) -> Result<Vec<StockTotal>, ReadError> {
        if skus.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query::sums(&STOCK_LEVELS, &TOTALS, 1).one_of("sku", skus.iter().copied());
        let rows = self.store.rows(query.order(&["sku"], Direction::Ascending)).await?;
        rows.iter().map(to_total).collect()
    }

    /// Returns the levels of SKUs, by SKU and location.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn levels(&self, skus: &[&str]) -> Result<Vec<StockLevel>, ReadError> {
        if skus.is_empty() {
            return Ok(Vec::new());
        }
        let query = Query::of(&STOCK_LEVELS).one_of("sku", skus.iter().copied());
        let rows = self.store.rows(query.order(&["sku", "location"], Direction::Ascending)).await?;
        rows.iter().map(to_level).collect()
    }

    /// Lists all levels, by SKU and location, of one location or of all.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails or the cursor is of another list.
    pub async fn list(&self, location: Option<&str>, slice: Slice<'_>) -> Result<Page<Edge<StockLevel>>, ReadError> {
        let query = Query::of(&STOCK_LEVELS).equals_if("location", location);
        let found = page(self.store, query, &["sku", "location"], Direction::Ascending, slice).await?;
        found.try_map(|edge| Ok(Edge { node: to_level(&edge.node)?, cursor: edge.cursor }))
    }
}

fn to_level(row: &Row) -> Result<StockLevel, ReadError> {
    Ok(StockLevel {
        sku: row.text("sku")?.to_owned(),
        location: row.text("location")?.to_owned(),
        on_hand: row.int("on_hand")?,
        reserved: row.int("reserved")?,
        allocated: row.int("allocated")?,
        available: row.int("available")?,
        back_ordered: row.int("back_ordered")?,
        version: row.int("version")?,
    })
}

fn to_total(row: &Row) -> Result<StockTotal, ReadError> {
    Ok(StockTotal {
        sku: row.text("sku")?.to_owned(),
        on_hand: row.int("on_hand")?,
        reserved: row.int("reserved")?,
        allocated: row.int("allocated")?,
        available: row.int("available")?,
    })
}
