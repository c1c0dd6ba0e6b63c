//! Rows and where they are kept: one declaration per table yields DDL, upserts, deletes and queries for SQLite and
//! PostgreSQL. This is the only place of the crate that speaks SQL.
//!
//! A table of generation 3 is called `orders_g3`; a view called `orders` always shows the live generation, and every
//! query, ours and the analysts', goes through the view. In PostgreSQL everything stands in the schema `read`.

pub(crate) mod generations;
mod postgres;
mod query;
mod row;
mod sql;
mod sqlite;
mod standby;
mod store;
mod table;

pub use query::{Direction, Page, Query};
pub use row::{Key, Row, RowError, Value, key};
pub(crate) use sql::Dialect;
pub(crate) use store::{ExpectedRows, Step, Wanted};
pub use store::{ReadError, ReadStore};
pub use table::{Column, ColumnType, Table};
