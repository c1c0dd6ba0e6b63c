//! The rows a fold works on: read in bulk before it, written in bulk after it.

use std::collections::HashMap;

use crate::rows::{Key, Row, RowError, Table, Value};

/// Why an event cannot be folded. The projection stops before it: nothing is skipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The payload or the metadata is not what its kind of stream holds.
    #[error("the event cannot be read: {0}")]
    Undecodable(String),
    /// A row that an earlier event must have made is not there.
    #[error("table {table} has no row {key:?}")]
    Missing {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: Key,
    },
    /// The fold asks for a row that its `keys` did not name: a defect of the projection.
    #[error("row {key:?} of table {table} was not read before the fold")]
    NotRead {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: Key,
    },
    /// A row does not take or hold a value.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A column does not hold what the fold wrote into it, or an amount is out of range.
    #[error("the fold cannot go on: {0}")]
    Impossible(String),
}

impl From<domain::values::MoneyError> for FoldError {
    fn from(error: domain::values::MoneyError) -> Self {
        FoldError::Impossible(error.to_string())
    }
}

impl From<serde_json::Error> for FoldError {
    fn from(error: serde_json::Error) -> Self {
        FoldError::Impossible(error.to_string())
    }
}

#[derive(Debug)]
enum Slot {
    Wanted,
    Known { row: Option<Row>, changed: bool },
}

#[derive(Debug)]
struct TableSlots {
    table: &'static Table,
    slots: HashMap<Key, Slot>,
}

/// What a batch of events changed in one table, ordered by key.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) table: &'static Table,
    pub(crate) rows: Vec<Row>,
    pub(crate) deleted: Vec<Key>,
}

/// The rows of one projection that a batch of events needs.
#[derive(Debug)]
pub struct Working {
    tables: Vec<TableSlots>,
}

impl Working {
    /// Makes an empty set over the tables of a projection.
    pub fn new(tables: &[&'static Table]) -> Self {
        let tables = tables.iter().map(|table| TableSlots { table, slots: HashMap::new() });
        Self { tables: tables.collect() }
    }

    fn slots(&self, table: &'static Table) -> Option<&HashMap<Key, Slot>> {
        self.tables.iter().find(|candidate| std::ptr::eq(candidate.table, table)).map(|found| &found.slots)
    }

    fn slots_mut(&mut self, table: &'static Table) -> Result<&mut HashMap<Key, Slot>, FoldError> {
        let found = self.tables.iter_mut().find(|candidate| std::ptr::eq(candidate.table, table));
        found
            .map(|found| &mut found.slots)
            .ok_or_else(|| FoldError::Impossible(format!("the projection has no table {}", table.name)))
    }

    /// Asks for a row to be read before the fold. Asking twice is asking once.
    ///
    /// # Errors
    /// [`FoldError`] when the table is not one of the projection's.
    pub fn want(&mut self, table: &'static Table, key: Key) -> Result<(), FoldError> {
        self.slots_mut(table)?.entry(key).or_insert(Slot::Wanted);
        Ok(())
    }

    /// Says that a row cannot exist yet, because the event that makes it is in this batch: it need not be read.
    ///
    /// # Errors
    /// [`FoldError`] when the table is not one of the projection's.
    pub fn expect_none(&mut self, table: &'static Table, key: Key) -> Result<(), FoldError> {
        self.slots_mut(table)?.entry(key).or_insert(Slot::Known { row: None, changed: false });
        Ok(())
    }

    /// Returns a row that is there and was read; none in any other case. For `keys`, which looks at what is known.
    pub fn peek(&self, table: &'static Table, key: &[Value]) -> Option<&Row> {
        match self.slots(table)?.get(key)? {
            Slot::Known { row, .. } => row.as_ref(),
            Slot::Wanted => None,
        }
    }

    /// Returns a row, or none where there is none.
    ///
    /// # Errors
    /// [`FoldError::NotRead`] when it was not asked for.
    pub fn get(&self, table: &'static Table, key: &[Value]) -> Result<Option<&Row>, FoldError> {
        match self.slots(table).and_then(|slots| slots.get(key)) {
            Some(Slot::Known { row, .. }) => Ok(row.as_ref()),
            Some(Slot::Wanted) | None => Err(not_read(table, key)),
        }
    }

    /// Returns a row to be changed.
    ///
    /// # Errors
    /// [`FoldError::Missing`] when there is none, [`FoldError::NotRead`] when it was not asked for.
    pub fn update(&mut self, table: &'static Table, key: &[Value]) -> Result<&mut Row, FoldError> {
        self.update_if_any(table, key)?.ok_or_else(|| FoldError::Missing { table: table.name, key: key.to_vec() })
    }

    /// Returns a row to be changed, or none where there is none.
    ///
    /// # Errors
    /// [`FoldError::NotRead`] when it was not asked for.
    pub fn update_if_any(&mut self, table: &'static Table, key: &[Value]) -> Result<Option<&mut Row>, FoldError> {
        match self.slots_mut(table)?.get_mut(key) {
            Some(Slot::Known { row: Some(row), changed }) => {
                *changed = true;
                Ok(Some(row))
            }
            Some(Slot::Known { row: None, .. }) => Ok(None),
            Some(Slot::Wanted) | None => Err(not_read(table, key)),
        }
    }

    /// Writes a whole row, new or in place of one of the same key. It need not have been read.
    ///
    /// # Errors
    /// [`FoldError::Row`] when the fields do not fit the table.
    pub fn insert<const N: usize>(
        &mut self,
        table: &'static Table,
        fields: [(&str, Value); N],
    ) -> Result<&mut Row, FoldError> {
        let row = Row::build(table, fields)?;
        let key = row.values()[..table.key].to_vec();
        let slots = self.slots_mut(table)?;
        slots.insert(key.clone(), Slot::Known { row: Some(row), changed: true });
        match slots.get_mut(&key) {
            Some(Slot::Known { row: Some(row), .. }) => Ok(row),
            Some(Slot::Known { row: None, .. } | Slot::Wanted) | None => Err(not_read(table, &key)),
        }
    }

    /// Returns a row of sums to be changed, made with zeros where there is none.
    ///
    /// # Errors
    /// [`FoldError::NotRead`] when it was not asked for, [`FoldError::Row`] when a column beside the key is no number.
    pub fn sums(&mut self, table: &'static Table, key: Key) -> Result<&mut Row, FoldError> {
        match self.slots_mut(table)?.get_mut(key.as_slice()) {
            Some(Slot::Known { row, changed }) => {
                *changed = true;
                if row.is_none() {
                    *row = Some(Row::zeros(table, key.clone())?);
                }
                row.as_mut().ok_or_else(|| not_read(table, &key))
            }
            Some(Slot::Wanted) | None => Err(not_read(table, &key)),
        }
    }

    /// Deletes a row, if there is one. It need not have been read.
    ///
    /// # Errors
    /// [`FoldError`] when the table is not one of the projection's.
    pub fn delete(&mut self, table: &'static Table, key: Key) -> Result<(), FoldError> {
        self.slots_mut(table)?.insert(key, Slot::Known { row: None, changed: true });
        Ok(())
    }

    /// Returns the keys asked for and not read yet; from now on they count as read.
    pub(crate) fn take_wanted(&mut self) -> Vec<(&'static Table, Vec<Key>)> {
        let mut wanted = Vec::new();
        for TableSlots { table, slots } in &mut self.tables {
            let mut keys = Vec::new();
            for (key, slot) in slots.iter_mut() {
                if matches!(slot, Slot::Wanted) {
                    *slot = Slot::Known { row: None, changed: false };
                    keys.push(key.clone());
                }
            }
            if !keys.is_empty() {
                keys.sort_unstable();
                wanted.push((*table, keys));
            }
        }
        wanted
    }

    /// Puts in what was read.
    pub(crate) fn fill(&mut self, table: &'static Table, rows: Vec<Row>) -> Result<(), FoldError> {
        let slots = self.slots_mut(table)?;
        for row in rows {
            let key = row.values()[..table.key].to_vec();
            slots.insert(key, Slot::Known { row: Some(row), changed: false });
        }
        Ok(())
    }

    /// Returns what is to be written, table by table.
    pub(crate) fn into_changes(self) -> Vec<Changes> {
        let mut all = Vec::new();
        for TableSlots { table, slots } in self.tables {
            let (mut rows, mut deleted) = (Vec::new(), Vec::new());
            for (key, slot) in slots {
                match slot {
                    Slot::Known { row: Some(row), changed: true } => rows.push(row),
                    Slot::Known { row: None, changed: true } => deleted.push(key),
                    Slot::Known { changed: false, .. } | Slot::Wanted => {}
                }
            }
            // In order of the key, the tree of the table is walked once instead of jumped about.
            rows.sort_unstable_by(|left, right| left.values()[..table.key].cmp(&right.values()[..table.key]));
            deleted.sort_unstable();
            all.push(Changes { table, rows, deleted });
        }
        all
    }
}

fn not_read(table: &'static Table, key: &[Value]) -> FoldError {
    FoldError::NotRead { table: table.name, key: key.to_vec() }
}
