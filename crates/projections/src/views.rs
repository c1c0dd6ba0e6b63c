//! What query results have in common: amounts, texts in two languages, cursors.

use domain::values::{Currency, Localized, Money, VatRate};

use crate::rows::{ColumnType, Direction, Page, Query, ReadError, ReadStore, Row, RowError, Value};

/// One item of a page and where to go on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge<T> {
    /// The item.
    pub node: T,
    /// Says where the next page begins. Opaque to clients.
    pub cursor: String,
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice<'a> {
    /// The cursor of the last item seen; none for the beginning.
    pub after: Option<&'a str>,
    /// How many items at most.
    pub first: u64,
}

impl<'a> Slice<'a> {
    /// Asks for the first items.
    pub fn first(first: u64) -> Self {
        Self { after: None, first }
    }

    /// Asks for the items after a cursor.
    pub fn after(self, cursor: &'a str) -> Self {
        Self { after: Some(cursor), ..self }
    }
}

/// Reads one page in the order of some columns, which together are unique.
pub(crate) async fn page(
    store: &ReadStore,
    query: Query,
    order: &[&'static str],
    direction: Direction,
    slice: Slice<'_>,
) -> Result<Page<Edge<Row>>, ReadError> {
    let mut query = query.order(order, direction).limit(slice.first);
    if let Some(cursor) = slice.after {
        let last = parse_cursor(cursor, &query, order)?;
        query = query.after(last);
    }
    store.page(query).await?.try_map(|row| Ok(Edge { cursor: cursor_of(&row, order)?, node: row }))
}

/// A cursor is a JSON array of the row's values in the columns of the order.
fn cursor_of(row: &Row, order: &[&'static str]) -> Result<String, ReadError> {
    let mut values = Vec::with_capacity(order.len());
    for column in order {
        values.push(match row.value(column)? {
            Value::Null => serde_json::Value::Null,
            Value::Bool(truth) => (*truth).into(),
            Value::Int(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
        });
    }
    Ok(serde_json::Value::from(values).to_string())
}

fn parse_cursor(cursor: &str, query: &Query, order: &[&'static str]) -> Result<Vec<Value>, ReadError> {
    let malformed = || ReadError::CursorMalformed(cursor.chars().take(80).collect());
    let values: Vec<serde_json::Value> = serde_json::from_str(cursor).map_err(|_| malformed())?;
    if values.len() != order.len() {
        return Err(malformed());
    }
    let value = |(value, column): (serde_json::Value, &&'static str)| match (value, query.kind_of(column)?) {
        (serde_json::Value::Bool(truth), ColumnType::Bool) => Some(Value::Bool(truth)),
        (serde_json::Value::Number(number), ColumnType::Int) => number.as_i64().map(Value::Int),
        (serde_json::Value::String(text), ColumnType::Text) => Some(Value::from(text)),
        _ => None,
    };
    values.into_iter().zip(order).map(value).collect::<Option<Vec<Value>>>().ok_or_else(malformed)
}

/// Returns an amount in the row's currency.
pub(crate) fn money(row: &Row, column: &str) -> Result<Money, RowError> {
    Ok(Money::new(row.int(column)?, currency(row)?))
}

/// Returns an amount in the row's currency, where there is one.
pub(crate) fn money_or_null(row: &Row, column: &str) -> Result<Option<Money>, RowError> {
    let currency = currency(row)?;
    Ok(row.int_or_null(column)?.map(|minor| Money::new(minor, currency)))
}

/// Returns the row's currency.
pub(crate) fn currency(row: &Row) -> Result<Currency, RowError> {
    parse(row, "currency")
}

/// Returns the row's VAT rate.
pub(crate) fn vat_rate(row: &Row) -> Result<VatRate, RowError> {
    parse(row, "vat_rate")
}

/// Returns the text of two columns, French and English.
pub(crate) fn localized(row: &Row, french: &str, english: &str) -> Result<Localized, RowError> {
    Ok(Localized::new(row.text(french)?, owned(row.text_or_null(english)?)))
}

/// Returns a list of texts that a column holds as JSON.
pub(crate) fn texts(row: &Row, column: &str) -> Result<Vec<String>, RowError> {
    let text = row.text(column)?;
    serde_json::from_str(text).map_err(|_| RowError::Malformed { column: column.into(), found: text.into() })
}

pub(crate) fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn parse<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T, RowError> {
    let text = row.text(column)?;
    text.parse().map_err(|_| RowError::Malformed { column: column.into(), found: text.into() })
}
