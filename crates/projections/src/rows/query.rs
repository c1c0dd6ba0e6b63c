//! A question to one table: no joins, because read models are shaped for the page that shows them.

use sea_query::{Alias, Expr, Order, SelectStatement, SimpleExpr, TableRef};

use super::row::{Row, Value};
use super::table::{Column, ColumnType, Table};

/// The most rows one query returns.
pub const ROWS_MAX: u64 = 10_000;

/// Which way rows are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// Some rows, and whether there are more behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found, in order.
    pub items: Vec<T>,
    /// Whether another page follows.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// Turns every item into something else.
    ///
    /// # Errors
    /// The first error of `turn`.
    pub fn try_map<U, E>(self, turn: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(turn).collect::<Result<Vec<U>, E>>()?;
        Ok(Page { items, has_next: self.has_next })
    }
}

#[derive(Clone, Debug)]
enum Condition {
    Equals(&'static str, Value),
    OneOf(&'static str, Vec<Value>),
    AtLeast(&'static str, Value),
    AtMost(&'static str, Value),
}

/// A question to one table.
#[derive(Clone, Debug)]
pub struct Query {
    table: &'static Table,
    /// What a row of the answer holds, and how many of these columns are grouped by; the others are sums.
    answer: &'static [Column],
    grouped: Option<usize>,
    conditions: Vec<Condition>,
    order: Vec<(&'static str, Direction)>,
    after: Vec<Value>,
    limit: u64,
}

impl Query {
    /// Asks for whole rows of a table.
    pub fn of(table: &'static Table) -> Self {
        Self {
            table,
            answer: table.columns,
            grouped: None,
            conditions: Vec::new(),
            order: Vec::new(),
            after: Vec::new(),
            limit: ROWS_MAX,
        }
    }

    /// Asks for sums: the first `grouped` columns of `answer` are grouped by, the others, all of them numbers of the
    /// table, are summed.
    pub fn sums(table: &'static Table, answer: &'static [Column], grouped: usize) -> Self {
        Self { answer, grouped: Some(grouped), ..Self::of(table) }
    }

    /// Keeps rows whose column has this value.
    pub fn equals(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.conditions.push(Condition::Equals(column, value.into()));
        self
    }

    /// Keeps rows whose column has one of these values.
    pub fn one_of<V: Into<Value>>(mut self, column: &'static str, values: impl IntoIterator<Item = V>) -> Self {
        self.conditions.push(Condition::OneOf(column, values.into_iter().map(Into::into).collect()));
        self
    }

    /// Keeps rows whose column has this value, where one is given.
    pub fn equals_if<V: Into<Value>>(self, column: &'static str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.equals(column, value),
            None => self,
        }
    }

    /// Keeps rows from this value on, itself included.
    pub fn at_least(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.conditions.push(Condition::AtLeast(column, value.into()));
        self
    }

    /// Keeps rows up to this value, itself included.
    pub fn at_most(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.conditions.push(Condition::AtMost(column, value.into()));
        self
    }

    /// Keeps rows whose text begins like this.
    pub fn starts_with(self, column: &'static str, prefix: &str) -> Self {
        self.at_least(column, prefix).at_most(column, format!("{prefix}{}", char::MAX))
    }

    /// Orders by columns, all in one direction; the last ones must make the order unique for paging.
    pub fn order(mut self, columns: &[&'static str], direction: Direction) -> Self {
        self.order = columns.iter().map(|column| (*column, direction)).collect();
        self
    }

    /// Orders sums by one of them, largest first, and equal ones by a column that is grouped by.
    pub fn order_sums(mut self, sum: &'static str, then: &'static str) -> Self {
        self.order = vec![(sum, Direction::Descending), (then, Direction::Ascending)];
        self
    }

    /// Goes on after a row, named by its values in the columns of the order.
    pub fn after(mut self, values: Vec<Value>) -> Self {
        self.after = values;
        self
    }

    /// Limits the rows, at most `ROWS_MAX` (10,000).
    pub fn limit(mut self, rows: u64) -> Self {
        self.limit = rows.min(ROWS_MAX);
        self
    }

    /// Returns what a row of the answer holds.
    pub(super) fn answer(&self) -> &'static [Column] {
        self.answer
    }

    /// Returns the name of the view that is asked.
    pub(super) fn view(&self) -> &'static str {
        self.table.name
    }

    pub(super) fn rows_max(&self) -> u64 {
        self.limit
    }

    pub(super) fn select(&self, source: TableRef) -> SelectStatement {
        let mut select = sea_query::Query::select();
        for (index, column) in self.answer.iter().enumerate() {
            match self.grouped {
                Some(grouped) if index >= grouped => {
                    let sum = Expr::col(Alias::new(column.name)).sum().cast_as(Alias::new("bigint"));
                    select.expr_as(sum, Alias::new(column.name));
                }
                Some(_) => {
                    select.column(Alias::new(column.name));
                    select.group_by_col(Alias::new(column.name));
                }
                None => {
                    select.column(Alias::new(column.name));
                }
            }
        }
        select.from(source);
        for condition in &self.conditions {
            select.and_where(self.expression(condition));
        }
        if let (false, Some((_, direction))) = (self.after.is_empty(), self.order.first()) {
            let columns = Expr::tuple(self.order.iter().map(|(name, _)| Expr::col(Alias::new(*name)).into()));
            let last = Expr::tuple(self.order.iter().zip(&self.after).map(|((name, _), value)| self.bind(name, value)));
            select.and_where(match direction {
                Direction::Ascending => columns.gt(last),
                Direction::Descending => columns.lt(last),
            });
        }
        for (column, direction) in &self.order {
            let order = match direction {
                Direction::Ascending => Order::Asc,
                Direction::Descending => Order::Desc,
            };
            select.order_by(Alias::new(*column), order);
        }
        select.limit(self.limit);
        select
    }

    fn expression(&self, condition: &Condition) -> SimpleExpr {
        match condition {
            Condition::Equals(column, value) => Expr::col(Alias::new(*column)).eq(self.bind(column, value)),
            Condition::AtLeast(column, value) => Expr::col(Alias::new(*column)).gte(self.bind(column, value)),
            Condition::AtMost(column, value) => Expr::col(Alias::new(*column)).lte(self.bind(column, value)),
            Condition::OneOf(column, values) => {
                Expr::col(Alias::new(*column)).is_in(values.iter().map(|value| self.bind(column, value)))
            }
        }
    }

    /// Returns what a column of the table holds.
    pub(crate) fn kind_of(&self, column: &str) -> Option<ColumnType> {
        self.table.columns.iter().find(|declared| declared.name == column).map(|declared| declared.kind)
    }

    /// An empty value needs the column's type: PostgreSQL wants to know what kind of nothing it is.
    fn bind(&self, column: &str, value: &Value) -> SimpleExpr {
        let kind = self.kind_of(column);
        SimpleExpr::Value(match (value, kind) {
            (Value::Bool(truth), _) => (*truth).into(),
            (Value::Int(number), _) => (*number).into(),
            (Value::Text(text), _) => text.as_str().into(),
            (Value::Null, Some(ColumnType::Int)) => sea_query::Value::BigInt(None),
            (Value::Null, Some(ColumnType::Bool)) => sea_query::Value::Bool(None),
            (Value::Null, Some(ColumnType::Text) | None) => sea_query::Value::String(None),
        })
    }
}

/// Cuts the row off that was read only to know whether there is another page.
pub(super) fn page_of(mut rows: Vec<Row>, wanted: u64) -> Page<Row> {
    let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
    let has_next = rows.len() > wanted;
    rows.truncate(wanted);
    Page { items: rows, has_next }
}
