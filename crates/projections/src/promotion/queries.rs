//! Questions about promotions.

use domain::values::Money;

use super::tables::{PROMOTION_TOTALS, PROMOTIONS};
use crate::models::ReadModels;
use crate::rows::{Direction, Page, Query, ReadError, ReadStore, Row};
use crate::views::{Edge, Slice, money, page};

/// A promotion and how often it was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromotionSummary {
    /// Its id.
    pub id: String,
    /// Orders that it lowered, confirmed and not cancelled since.
    pub uses: i64,
    /// The version of the stream.
    pub version: i64,
}

/// What a promotion took off in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromotionTotal {
    /// Orders that it lowered.
    pub uses: i64,
    /// What it took off them.
    pub discount: Money,
}

/// Questions about promotions.
#[derive(Clone, Copy, Debug)]
pub struct PromotionQueries<'a> {
    store: &'a ReadStore,
}

impl ReadModels {
    /// Asks about promotions.
    pub fn promotions(&self) -> PromotionQueries<'_> {
        PromotionQueries { store: self.store() }
    }
}

impl PromotionQueries<'_> {
    /// Lists promotions, the newest first; of one status, or all.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails or the cursor is of another list.
    pub async fn list(
        &self,
        status: Option<&str>,
        slice: Slice<'_>,
    ) -> Result<Page<Edge<PromotionSummary>>, ReadError> {
        let query = Query::of(&PROMOTIONS).equals_if("promotion_status", status);
        let found = page(self.store, query, &["created_at", "id"], Direction::Descending, slice).await?;
        found.try_map(|edge| Ok(Edge { node: to_summary(&edge.node)?, cursor: edge.cursor }))
    }

    /// Returns what a promotion took off, by currency; nothing for one that nobody used.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn totals(&self, promotion: &str) -> Result<Vec<PromotionTotal>, ReadError> {
        let query = Query::of(&PROMOTION_TOTALS).one_of("promotion_id", [promotion]);
        let rows = self.store.rows(query.order(&["currency"], Direction::Ascending)).await?;
        let total = |row: &Row| Ok(PromotionTotal { uses: row.int("uses")?, discount: money(row, "discount_minor")? });
        rows.iter().map(total).collect()
    }
}

fn to_summary(row: &Row) -> Result<PromotionSummary, ReadError> {
    Ok(PromotionSummary { id: row.text("id")?.to_owned(), uses: row.int("uses")?, version: row.int("version")? })
}
