//! What a table is: declared once, for every engine.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Text in UTF-8, ordered by its bytes on every engine.
    Text,
    /// A whole number of 64 bits: counts, minor units, microseconds since 1970, positions.
    Int,
    /// True or false.
    Bool,
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, `snake_case`; money ends in `_minor`, moments in `_at`.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnType,
    /// Whether it may be empty.
    pub nullable: bool,
}

impl Column {
    /// Declares a column of text.
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: ColumnType::Text, nullable: false }
    }

    /// Declares a column of whole numbers.
    pub const fn int(name: &'static str) -> Self {
        Self { name, kind: ColumnType::Int, nullable: false }
    }

    /// Declares a column of truth values.
    pub const fn bool(name: &'static str) -> Self {
        Self { name, kind: ColumnType::Bool, nullable: false }
    }

    /// Allows the column to be empty.
    pub const fn or_null(self) -> Self {
        Self { nullable: true, ..self }
    }
}

/// One table. Its primary key is its first columns.
#[derive(Debug)]
pub struct Table {
    /// Its name, which is also the name of the view of the live generation; unique over all projections.
    pub name: &'static str,
    /// Its columns, those of the primary key first.
    pub columns: &'static [Column],
    /// How many columns make the primary key.
    pub key: usize,
    /// Further indexes, each a list of columns.
    pub indexes: &'static [&'static [&'static str]],
}

impl Table {
    /// Returns the columns of the primary key.
    pub fn key_columns(&self) -> &'static [Column] {
        &self.columns[..self.key]
    }

    /// Returns the name of the table that holds one generation.
    pub fn physical(&self, generation: i64) -> String {
        format!("{}_g{generation}", self.name)
    }
}
