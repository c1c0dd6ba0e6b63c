//! Questions about automation.

use super::tables::AUTOMATION_BY_DAY;
use crate::models::ReadModels;
use crate::rows::{Direction, Query, ReadError, ReadStore, Row};

/// Some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutomationPeriod<'a> {
    /// The first day, `YYYY-MM-DD`, UTC.
    pub from: &'a str,
    /// The last day, itself included.
    pub to: &'a str,
}

/// The flows of a kind that ended on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayAutomation {
    /// The day, `YYYY-MM-DD`, UTC.
    pub day: String,
    /// The kind of flow, as its streams are called.
    pub flow: String,
    /// How many ended; at least one.
    pub ended: i64,
    /// How many of them without a human's decision.
    pub automatic: i64,
}

/// Questions about automation.
#[derive(Clone, Copy, Debug)]
pub struct AutomationQueries<'a> {
    store: &'a ReadStore,
}

impl ReadModels {
    /// Asks about automation.
    pub fn automation(&self) -> AutomationQueries<'_> {
        AutomationQueries { store: self.store() }
    }
}

impl AutomationQueries<'_> {
    /// Returns the days of a period on which flows ended, oldest first, and of each day its kinds of flow by name.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn by_day(&self, period: AutomationPeriod<'_>) -> Result<Vec<DayAutomation>, ReadError> {
        let query = Query::of(&AUTOMATION_BY_DAY)
            .at_least("day", period.from)
            .at_most("day", period.to)
            .order(&["day", "flow"], Direction::Ascending);
        let rows = self.store.rows(query).await?;
        let to_day = |row: &Row| {
            Ok(DayAutomation {
                day: row.text("day")?.to_owned(),
                flow: row.text("flow")?.to_owned(),
                ended: row.int("ended")?,
                automatic: row.int("automatic")?,
            })
        };
        rows.iter().map(to_day).collect()
    }
}
