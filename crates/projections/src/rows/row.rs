//! One row and its values.

use super::table::{Column, ColumnType, Table};

/// What stands in one column of one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text without the character U+0000, which PostgreSQL cannot store.
    Text(String),
}

impl From<&str> for Value {
    /// Copies a text. U+0000 becomes U+FFFD, the replacement character: one engine cannot store it, and both must hold
    /// the same rows.
    fn from(text: &str) -> Self {
        if text.contains('\0') { Value::Text(text.replace('\0', "\u{fffd}")) } else { Value::Text(text.to_owned()) }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        if text.contains('\0') { Value::from(text.as_str()) } else { Value::Text(text) }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// The values of a row's primary key.
pub type Key = Vec<Value>;

/// Makes a key of texts, the usual kind.
pub fn key<const N: usize>(parts: [&str; N]) -> Key {
    parts.into_iter().map(Value::from).collect()
}

/// Why a column of a row cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The row has no such column.
    #[error("there is no column {0}")]
    ColumnUnknown(String),
    /// The column holds another type.
    #[error("column {column} is not of type {expected:?}")]
    WrongType {
        /// The column.
        column: String,
        /// What it was taken for.
        expected: ColumnType,
    },
    /// The column is empty.
    #[error("column {0} is empty")]
    Empty(String),
    /// The number does not fit 64 bits.
    #[error("column {0} is out of range")]
    OutOfRange(String),
    /// The text is not what the column should hold.
    #[error("column {column} holds {found:?}")]
    Malformed {
        /// The column.
        column: String,
        /// What it holds.
        found: String,
    },
}

/// One row: a value for every column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    columns: &'static [Column],
    values: Vec<Value>,
}

impl Row {
    /// Makes a row of a table; columns that are not named are empty.
    ///
    /// # Errors
    /// [`RowError`] when a column is unknown, gets another type, or must not be empty and is.
    pub fn build<const N: usize>(table: &'static Table, fields: [(&str, Value); N]) -> Result<Self, RowError> {
        let mut row = Self { columns: table.columns, values: vec![Value::Null; table.columns.len()] };
        for (column, value) in fields {
            row.set(column, value)?;
        }
        let empty =
            row.columns.iter().zip(&row.values).find(|(column, value)| !column.nullable && **value == Value::Null);
        match empty {
            Some((column, _)) => Err(RowError::Empty(column.name.to_owned())),
            None => Ok(row),
        }
    }

    /// Makes a row of sums: a key, and zero in every other column.
    ///
    /// # Errors
    /// [`RowError::WrongType`] when a column beside the key is no number.
    pub(crate) fn zeros(table: &'static Table, key: Key) -> Result<Self, RowError> {
        let mut values = key;
        values.resize(table.key, Value::Null);
        for column in &table.columns[table.key..] {
            if column.kind != ColumnType::Int {
                return Err(wrong_type(column.name, ColumnType::Int));
            }
            values.push(Value::Int(0));
        }
        Ok(Self { columns: table.columns, values })
    }

    /// Puts values that an engine read beside their columns; both have the same length.
    pub(super) fn from_parts(columns: &'static [Column], values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// Returns all values, in the order of the columns.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    fn index(&self, column: &str) -> Result<usize, RowError> {
        let found = self.columns.iter().position(|candidate| candidate.name == column);
        found.ok_or_else(|| RowError::ColumnUnknown(column.to_owned()))
    }

    /// Returns the value of a column.
    ///
    /// # Errors
    /// [`RowError`] when there is no such column.
    pub fn value(&self, column: &str) -> Result<&Value, RowError> {
        Ok(&self.values[self.index(column)?])
    }

    /// Returns the text of a column.
    ///
    /// # Errors
    /// [`RowError`] when there is no such column, or it is empty or of another type.
    pub fn text(&self, column: &str) -> Result<&str, RowError> {
        self.text_or_null(column)?.ok_or_else(|| RowError::Empty(column.to_owned()))
    }

    /// Returns the text of a column, none where it is empty.
    ///
    /// # Errors
    /// [`RowError`] when there is no such column, or it is of another type.
    pub fn text_or_null(&self, column: &str) -> Result<Option<&str>, RowError> {
        match self.value(column)? {
            Value::Text(text) => Ok(Some(text)),
            Value::Null => Ok(None),
            Value::Bool(_) | Value::Int(_) => Err(wrong_type(column, ColumnType::Text)),
        }
    }

    /// Returns the number of a column.
    ///
    /// # Errors
    /// [`RowError`] when there is no such column, or it is empty or of another type.
    pub fn int(&self, column: &str) -> Result<i64, RowError> {
        self.int_or_null(column)?.ok_or_else(|| RowError::Empty(column.to_owned()))
    }

    /// Returns the number of a column, none where it is empty.
    ///
    /// # Errors
    /// [`RowError`] when there is no such column, or it is of another type.
    pub fn int_or_null(&self, column: &str) -> Result<Option<i64>, RowError> {
        match self.value(column)? {
            Value::Int(number) => Ok(Some(*number)),
            Value::Null => Ok(None),
            Value::Bool(_) | Value::Text(_) => Err(wrong_type(column, ColumnType::Int)),
        }
    }

    /// Returns the truth value of a column.
    ///
    /// # Errors
    /// [`RowError`] when there is no such column, or it is empty or of another type.
    pub fn bool(&self, column: &str) -> Result<bool, RowError> {
        match self.value(column)? {
            Value::Bool(truth) => Ok(*truth),
            Value::Null => Err(RowError::Empty(column.to_owned())),
            Value::Int(_) | Value::Text(_) => Err(wrong_type(column, ColumnType::Bool)),
        }
    }

    /// Writes a column.
    ///
    /// # Errors
    /// [`RowError`] when there is no such column, it is of another type, or it must not be empty.
    pub fn set(&mut self, column: &str, value: impl Into<Value>) -> Result<(), RowError> {
        let (index, value) = (self.index(column)?, value.into());
        let declared = self.columns[index];
        let fits = match (&value, declared.kind) {
            (Value::Null, _) if declared.nullable => true,
            (Value::Null, _) => return Err(RowError::Empty(column.to_owned())),
            (Value::Text(_), kind) => kind == ColumnType::Text,
            (Value::Int(_), kind) => kind == ColumnType::Int,
            (Value::Bool(_), kind) => kind == ColumnType::Bool,
        };
        if !fits {
            return Err(wrong_type(column, declared.kind));
        }
        self.values[index] = value;
        Ok(())
    }

    /// Adds to a number.
    ///
    /// # Errors
    /// [`RowError`] as [`Row::int`], and when the sum does not fit.
    pub fn add(&mut self, column: &str, number: i64) -> Result<(), RowError> {
        let sum = self.int(column)?.checked_add(number).ok_or_else(|| RowError::OutOfRange(column.to_owned()))?;
        self.set(column, sum)
    }
}

fn wrong_type(column: &str, expected: ColumnType) -> RowError {
    RowError::WrongType { column: column.to_owned(), expected }
}
