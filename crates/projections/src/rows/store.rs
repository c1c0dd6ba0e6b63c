//! Where read models are kept, whichever engine it is.

use std::path::Path;
use std::sync::Arc;

use super::postgres::PostgresRows;
use super::query::{Page, Query, ROWS_MAX, page_of};
use super::row::{Key, Row, RowError};
use super::sql::Dialect;
use super::sqlite::{SqliteRows, WorkPlace};
use super::standby::Standby;
use super::table::Table;

/// Why read models cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The engine cannot be reached or refused; trying again may help.
    #[error("the read models are unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync + 'static>),
    /// A row does not hold what its table promises.
    #[error("a read model is damaged")]
    Row(#[from] RowError),
    /// There is no projection of that name.
    #[error("there is no projection {0}")]
    ProjectionUnknown(String),
    /// The cursor is not one of this list.
    #[error("{0:?} is not a cursor of this list")]
    CursorMalformed(String),
    /// The rows kept changing while they were looked at.
    #[error("the read model {0} is being written: try again")]
    Moving(String),
}

impl ReadError {
    pub(super) fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync + 'static>>) -> Self {
        ReadError::Unavailable(error.into())
    }
}

/// How many rows a statement must change; otherwise the whole transaction is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedRows {
    Any,
    One,
}

/// One step of a transaction.
#[derive(Debug)]
pub(crate) enum Step {
    Run { sql: String, rows: ExpectedRows },
    Upsert { table: &'static Table, physical: String, rows: Vec<Row> },
    Delete { table: &'static Table, physical: String, keys: Vec<Key> },
}

/// Rows of one table to be read by key.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) table: &'static Table,
    pub(crate) physical: String,
    pub(crate) keys: Vec<Key>,
}

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(SqliteRows),
    Postgres(PostgresRows),
}

/// The store of all read models. A clone is the same store.
#[derive(Clone, Debug)]
pub struct ReadStore {
    engine: Engine,
    /// A copy that may lag, for questions that may.
    standby: Option<Arc<Standby>>,
    may_lag: bool,
    beside_log: bool,
}

impl ReadStore {
    /// Opens or creates a file of SQLite. It can be deleted at any time while nobody has it open: the log rebuilds it.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the file cannot be opened.
    pub fn sqlite(path: &Path) -> Result<Self, ReadError> {
        Ok(Self::of(Engine::Sqlite(SqliteRows::open(path)?)))
    }

    /// Makes a store in memory; it is gone when the last clone is dropped. Reads and writes take turns.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when SQLite refuses.
    pub fn sqlite_in_memory() -> Result<Self, ReadError> {
        Ok(Self::of(Engine::Sqlite(SqliteRows::in_memory(WorkPlace::Aside)?)))
    }

    /// Makes a store as [`ReadStore::sqlite_in_memory`] does, whose statements run in the task that asks for them and on no
    /// other thread: the same questions in the same order have the same answers at the same moments.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when SQLite refuses.
    pub fn sqlite_in_place() -> Result<Self, ReadError> {
        Ok(Self::of(Engine::Sqlite(SqliteRows::in_memory(WorkPlace::InPlace)?)))
    }

    /// Connects to PostgreSQL; the read models stand in the schema `read`.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the server cannot be reached or refuses.
    pub async fn postgres(url: &str) -> Result<Self, ReadError> {
        Ok(Self::of(Engine::Postgres(PostgresRows::connect(url).await?)))
    }

    fn of(engine: Engine) -> Self {
        Self { engine, standby: None, may_lag: false, beside_log: false }
    }

    /// Says that the log is in the same PostgreSQL database: rows are then written only while the last event that they come
    /// from stands there, in one transaction with asking, and are lost with it.
    #[must_use]
    pub fn beside_log(self) -> Self {
        Self { beside_log: true, ..self }
    }

    pub(crate) fn is_beside_log(&self) -> bool {
        self.beside_log
    }

    /// Lets questions that may lag be answered by a standby of the same PostgreSQL: as long as it answers and is not far
    /// behind, see [`ReadStore::that_may_lag`]. It need not be there yet.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`] when the URL is none.
    pub fn with_standby(self, url: &str) -> Result<Self, ReadError> {
        Ok(Self { standby: Some(Arc::new(Standby::at(url)?)), ..self })
    }

    /// Returns the same store for questions whose answer may lag behind: they go to the standby where there is one, and
    /// to the store itself whenever that does not answer. Everything that is written, and what is read to be written
    /// again, stays with the store itself.
    #[must_use]
    pub fn that_may_lag(&self) -> Self {
        Self { may_lag: true, ..self.clone() }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match &self.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn rows(&self, query: Query) -> Result<Vec<Row>, ReadError> {
        if let (true, Some(standby)) = (self.may_lag, &self.standby)
            && let Some(rows) = standby.rows(&query).await
        {
            return Ok(rows);
        }
        match &self.engine {
            Engine::Sqlite(engine) => engine.rows(query).await,
            Engine::Postgres(engine) => engine.rows(&query).await,
        }
    }

    /// Answers a question whose answer is at most one row.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn row(&self, query: Query) -> Result<Option<Row>, ReadError> {
        Ok(self.rows(query.limit(1)).await?.into_iter().next())
    }

    /// Answers a question page by page; the page has at most the limit of the query, and at most 9,999.
    ///
    /// # Errors
    /// [`ReadError`] when the engine fails.
    pub async fn page(&self, query: Query) -> Result<Page<Row>, ReadError> {
        let wanted = query.rows_max().min(ROWS_MAX - 1);
        Ok(page_of(self.rows(query.limit(wanted + 1)).await?, wanted))
    }

    /// Reads rows by key, table by table; keys without a row have none in the answer.
    pub(crate) async fn load(&self, wanted: Vec<Wanted>) -> Result<Vec<Vec<Row>>, ReadError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.load(wanted).await,
            Engine::Postgres(engine) => engine.load(wanted).await,
        }
    }

    /// Takes all steps or none. Returns whether they were taken: not so when one changed an unexpected number of rows.
    pub(crate) async fn transact(&self, steps: Vec<Step>) -> Result<bool, ReadError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.transact(steps).await,
            Engine::Postgres(engine) => engine.transact(steps).await,
        }
    }

    /// As [`ReadStore::transact`], but no two of these run at the same time, in any process.
    pub(crate) async fn transact_alone(&self, mut steps: Vec<Step>) -> Result<bool, ReadError> {
        if let Engine::Postgres(_) = &self.engine {
            steps.insert(0, Step::Run { sql: super::postgres::LOCK.to_owned(), rows: ExpectedRows::Any });
        }
        self.transact(steps).await
    }
}
