//! Read models in PostgreSQL. Rows travel as one array a column, so a statement is the same for one row and for a
//! thousand and is prepared once. Commits do not wait for the disk: rows and checkpoint are lost together or not at all.

use std::sync::Arc;

use event_store::postgres::servers::{Need, ServerPool, Servers};
use sea_query::PostgresQueryBuilder;
use sea_query_binder::SqlxBinder;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::{Arguments, Executor, Postgres, Row as _, Transaction};

use super::query::Query;
use super::row::{Key, Row, Value};
use super::sql::{Dialect, Operation, SCHEMA, Statements};
use super::store::{ExpectedRows, ReadError, Step, Wanted};
use super::table::{Column, ColumnType};

/// Held until the end of the transaction by whoever changes tables: `CREATE … IF NOT EXISTS` alone is no protection
/// against another process that does the same. The number is any; it means nothing.
pub(super) const LOCK: &str = "SELECT pg_advisory_xact_lock(7061722365638321)";

const CONNECTIONS_MAX: u32 = 16;
const STATEMENTS_MAX: usize = 512;
const ASYNCHRONOUS: &str = "SET LOCAL synchronous_commit = off";

#[derive(Clone, Debug)]
pub(super) struct PostgresRows {
    primary: Arc<ServerPool>,
    statements: Arc<Statements>,
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        ReadError::unavailable(error)
    }
}

impl PostgresRows {
    pub(super) async fn connect(url: &str) -> Result<Self, ReadError> {
        let servers = Servers::of(url, Need::Writes, settings).map_err(ReadError::unavailable)?;
        let pool = ServerPool::of(servers, PgPoolOptions::new().max_connections(CONNECTIONS_MAX)).await;
        let primary = Arc::new(pool.map_err(ReadError::unavailable)?);
        let mut transaction = primary.pool().begin().await?;
        transaction.execute(sqlx::raw_sql(LOCK)).await?;
        let schema = format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}");
        transaction.execute(sqlx::raw_sql(&schema)).await?;
        transaction.commit().await?;
        Ok(Self { primary, statements: Arc::default() })
    }

    pub(super) async fn rows(&self, query: &Query) -> Result<Vec<Row>, ReadError> {
        ask(self.primary.pool(), query).await
    }

    pub(super) async fn load(&self, wanted: Vec<Wanted>) -> Result<Vec<Vec<Row>>, ReadError> {
        let mut connection = self.primary.pool().acquire().await?;
        let mut answer = Vec::with_capacity(wanted.len());
        for wanted in &wanted {
            let sql = self.statements.get(Dialect::Postgres, Operation::Load, wanted.table, &wanted.physical);
            let keys: Vec<&[Value]> = wanted.keys.iter().map(Vec::as_slice).collect();
            let arrays = to_arrays(wanted.table.key_columns(), &keys)?;
            let found = sqlx::query_with(&sql, arrays).fetch_all(&mut *connection).await?;
            answer.push(to_rows(&found, wanted.table.columns)?);
        }
        Ok(answer)
    }

    pub(super) async fn transact(&self, steps: Vec<Step>) -> Result<bool, ReadError> {
        let mut transaction = self.primary.pool().begin().await?;
        transaction.execute(sqlx::raw_sql(ASYNCHRONOUS)).await?;
        for step in &steps {
            if !self.take(&mut transaction, step).await? {
                transaction.rollback().await?;
                return Ok(false);
            }
        }
        transaction.commit().await?;
        Ok(true)
    }

    async fn take(&self, transaction: &mut Transaction<'_, Postgres>, step: &Step) -> Result<bool, ReadError> {
        let (operation, table, physical) = match step {
            Step::Run { sql, rows } => {
                let done = transaction.execute(sqlx::raw_sql(sql)).await?;
                return Ok(*rows == ExpectedRows::Any || done.rows_affected() == 1);
            }
            Step::Upsert { table, physical, .. } => (Operation::Upsert, *table, physical),
            Step::Delete { table, physical, .. } => (Operation::Delete, *table, physical),
        };
        let arrays = match step {
            Step::Upsert { rows, .. } => {
                to_arrays(table.columns, &rows.iter().map(Row::values).collect::<Vec<&[Value]>>())?
            }
            Step::Delete { keys, .. } => {
                to_arrays(table.key_columns(), &keys.iter().map(Key::as_slice).collect::<Vec<&[Value]>>())?
            }
            Step::Run { .. } => return Ok(true),
        };
        let sql = self.statements.get(Dialect::Postgres, operation, table, physical);
        sqlx::query_with(&sql, arrays).execute(&mut **transaction).await?;
        Ok(true)
    }
}

/// Reads rows of a view.
pub(super) async fn ask(pool: &PgPool, query: &Query) -> Result<Vec<Row>, ReadError> {
    let select = query.select(Dialect::Postgres.table(query.view()));
    let (sql, values) = select.build_sqlx(PostgresQueryBuilder);
    let found = sqlx::query_with(&sql, values).fetch_all(pool).await?;
    to_rows(&found, query.answer())
}

/// The settings of every connection that reads rows.
pub(super) fn settings(options: PgConnectOptions) -> PgConnectOptions {
    options.statement_cache_capacity(STATEMENTS_MAX).application_name("comptoir projections")
}

/// Turns rows into columns. A value of another type than its column cannot come here: `Row` does not take it.
fn to_arrays(columns: &[Column], rows: &[&[Value]]) -> Result<PgArguments, ReadError> {
    let mut arrays = PgArguments::default();
    for (index, column) in columns.iter().enumerate() {
        let values = rows.iter().map(|row| &row[index]);
        let added = match column.kind {
            ColumnType::Text => arrays.add(values.map(text_of).collect::<Vec<Option<&str>>>()),
            ColumnType::Int => arrays.add(values.map(int_of).collect::<Vec<Option<i64>>>()),
            ColumnType::Bool => arrays.add(values.map(bool_of).collect::<Vec<Option<bool>>>()),
        };
        added.map_err(ReadError::unavailable)?;
    }
    Ok(arrays)
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Int(_) => None,
    }
}

fn int_of(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Null | Value::Bool(_) | Value::Text(_) => None,
    }
}

fn bool_of(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::Null | Value::Int(_) | Value::Text(_) => None,
    }
}

fn to_rows(found: &[PgRow], columns: &'static [Column]) -> Result<Vec<Row>, ReadError> {
    let to_row = |row: &PgRow| {
        let values = columns.iter().enumerate().map(|(index, column)| {
            Ok(match column.kind {
                ColumnType::Text => row.try_get::<Option<String>, _>(index)?.map_or(Value::Null, Value::Text),
                ColumnType::Int => row.try_get::<Option<i64>, _>(index)?.into(),
                ColumnType::Bool => row.try_get::<Option<bool>, _>(index)?.into(),
            })
        });
        Ok(Row::from_parts(columns, values.collect::<Result<Vec<Value>, sqlx::Error>>()?))
    };
    found.iter().map(to_row).collect()
}
