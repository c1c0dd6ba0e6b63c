//! Read models in SQLite: one connection writes, a few read. Write-ahead log, `synchronous=FULL`. A power cut might well
//! take back the last transactions, which the log of events brings again; but with `NORMAL`, which syncs only before the
//! write-ahead log is copied back, a sync that failed would be repeated there and then believed, though what it should
//! have brought to the disk never came (docs/adr/0017).

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, ToSql, TransactionBehavior, params_from_iter};
use sea_query::SqliteQueryBuilder;
use sea_query_rusqlite::RusqliteBinder;
use tokio::sync::Semaphore;

use super::query::Query;
use super::row::{Key, Row, Value};
use super::sql::{Dialect, Operation, Statements};
use super::store::{ExpectedRows, ReadError, Step, Wanted};
use super::table::{Column, ColumnType};

/// How many connections read at the same time.
const READERS: usize = 4;
/// What the writer keeps of the file's pages in memory of its own: 64 MiB.
const WRITER_CACHE_KIB: i64 = 65_536;
/// What each reader does: 2 MiB, for pages that are in the write-ahead log only.
const READER_CACHE_KIB: i64 = 2_048;
/// How much of the file a reader maps into memory: 1 GiB.
const MAPPED_BYTES_MAX: i64 = 1 << 30;
/// How many statements a connection remembers.
const STATEMENTS_MAX: usize = 256;
/// How long a writer waits for the writer of another process.
const BUSY: Duration = Duration::from_secs(5);

#[derive(Clone, Debug)]
pub(super) struct SqliteRows {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    writer: Mutex<Connection>,
    /// None in memory, where the writer reads too.
    readers: Option<Readers>,
    work_place: WorkPlace,
    statements: Statements,
}

/// Where statements are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkPlace {
    /// On a thread that may wait for the disk.
    Aside,
    /// In the task that asks: for whoever has one thread only. Nothing waits for a disk in memory.
    InPlace,
}

#[derive(Debug)]
struct Readers {
    idle: Mutex<Vec<Connection>>,
    free: Semaphore,
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Bool(truth) => ValueRef::Integer((*truth).into()),
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        ReadError::unavailable(error)
    }
}

impl SqliteRows {
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        let writer = connect_writer(path)?;
        let idle = (0..READERS).map(|_| connect_reader(path)).collect::<Result<Vec<_>, _>>()?;
        let readers = Readers { idle: Mutex::new(idle), free: Semaphore::new(READERS) };
        Ok(Self::with(writer, Some(readers), WorkPlace::Aside))
    }

    pub(super) fn in_memory(work_place: WorkPlace) -> Result<Self, ReadError> {
        let writer = Connection::open_in_memory()?;
        writer.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        Ok(Self::with(writer, None, work_place))
    }

    fn with(writer: Connection, readers: Option<Readers>, work_place: WorkPlace) -> Self {
        let (writer, statements) = (Mutex::new(writer), Statements::default());
        let shared = Shared { writer, readers, work_place, statements };
        Self { shared: Arc::new(shared) }
    }

    pub(super) async fn rows(&self, query: Query) -> Result<Vec<Row>, ReadError> {
        let shared = Arc::clone(&self.shared);
        // The permit says that an idle connection is there.
        let permit = match &self.shared.readers {
            Some(readers) => Some(readers.free.acquire().await.map_err(ReadError::unavailable)?),
            None => None,
        };
        let answer = self.run(move || shared.read(|connection| run_query(connection, &query))).await;
        drop(permit);
        answer
    }

    pub(super) async fn load(&self, wanted: Vec<Wanted>) -> Result<Vec<Vec<Row>>, ReadError> {
        let shared = Arc::clone(&self.shared);
        self.run(move || {
            let writer = shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
            wanted.iter().map(|wanted| load(&writer, &shared.statements, wanted)).collect()
        })
        .await
    }

    pub(super) async fn transact(&self, steps: Vec<Step>) -> Result<bool, ReadError> {
        let shared = Arc::clone(&self.shared);
        self.run(move || {
            let mut writer = shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
            transact(&mut writer, &shared.statements, &steps)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        match self.shared.work_place {
            WorkPlace::Aside => tokio::task::spawn_blocking(work).await.map_err(ReadError::unavailable)?,
            WorkPlace::InPlace => work(),
        }
    }
}

impl Shared {
    fn read<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Result<T, ReadError> {
        let Some(readers) = &self.readers else {
            return ask(&self.writer.lock().unwrap_or_else(PoisonError::into_inner));
        };
        let taken = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(connection) = taken else {
            return Err(ReadError::unavailable("no connection is idle"));
        };
        let answer = ask(&connection);
        readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        answer
    }
}

fn connect(path: &Path) -> Result<Connection, ReadError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // The write-ahead log is copied back every 16 MiB.
    connection.pragma_update(None, "wal_autocheckpoint", 4_096)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}

fn connect_writer(path: &Path) -> Result<Connection, ReadError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    Ok(connection)
}

/// Every commit of the writer makes a reader forget its pages, so that they are mapped rather than read anew and kept.
fn connect_reader(path: &Path) -> Result<Connection, ReadError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    connection.pragma_update(None, "mmap_size", MAPPED_BYTES_MAX)?;
    Ok(connection)
}

fn run_query(connection: &Connection, query: &Query) -> Result<Vec<Row>, ReadError> {
    let select = query.select(Dialect::Sqlite.table(query.view()));
    let (sql, values) = select.build_rusqlite(SqliteQueryBuilder);
    let mut statement = connection.prepare_cached(&sql)?;
    read_rows(&mut statement, values.as_params().as_slice(), query.answer())
}

fn load(connection: &Connection, statements: &Statements, wanted: &Wanted) -> Result<Vec<Row>, ReadError> {
    let sql = statements.get(Dialect::Sqlite, Operation::Load, wanted.table, &wanted.physical);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(wanted.keys.len());
    for key in &wanted.keys {
        found.append(&mut read_rows(&mut statement, params_from_iter(key), wanted.table.columns)?);
    }
    Ok(found)
}

fn read_rows(
    statement: &mut Statement<'_>,
    values: impl rusqlite::Params,
    columns: &'static [Column],
) -> Result<Vec<Row>, ReadError> {
    let mut found = statement.query(values)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = columns.iter().enumerate().map(|(index, column)| {
            Ok(match column.kind {
                ColumnType::Text => row.get::<_, Option<String>>(index)?.map_or(Value::Null, Value::Text),
                ColumnType::Int => row.get::<_, Option<i64>>(index)?.into(),
                ColumnType::Bool => row.get::<_, Option<bool>>(index)?.into(),
            })
        });
        let values = values.collect::<rusqlite::Result<Vec<Value>>>()?;
        rows.push(Row::from_parts(columns, values));
    }
    Ok(rows)
}

fn transact(connection: &mut Connection, statements: &Statements, steps: &[Step]) -> Result<bool, ReadError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in steps {
        match step {
            Step::Run { sql, rows } => {
                let changed = transaction.execute(sql, [])?;
                if *rows == ExpectedRows::One && changed != 1 {
                    return Ok(false);
                }
            }
            Step::Upsert { table, physical, rows } => {
                let sql = statements.get(Dialect::Sqlite, Operation::Upsert, table, physical);
                let mut statement = transaction.prepare_cached(&sql)?;
                for row in rows {
                    statement.execute(params_from_iter(row.values()))?;
                }
            }
            Step::Delete { table, physical, keys } => {
                let sql = statements.get(Dialect::Sqlite, Operation::Delete, table, physical);
                let mut statement = transaction.prepare_cached(&sql)?;
                delete(&mut statement, keys)?;
            }
        }
    }
    transaction.commit()?;
    Ok(true)
}

fn delete(statement: &mut Statement<'_>, keys: &[Key]) -> Result<(), ReadError> {
    for key in keys {
        statement.execute(params_from_iter(key))?;
    }
    Ok(())
}
