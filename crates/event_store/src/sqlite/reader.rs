//! Reads, on connections of their own: they see what was committed and never wait for the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::soundness;
use crate::checks::{self, Found, PageQuery};
use crate::{CommandRecord, Cursor, Filter, Page, Position, RecordedEvent, StoreError, StreamId};

/// The most reads under way at a time, and the most reading connections.
const READERS_MAX: usize = 8;

const EVENT_COLUMNS: &str = "position, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version, \
                             payload, metadata, recorded_at";

/// Reading connections, opened when they are first needed and kept.
#[derive(Clone, Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    /// Opens the first connection, so that a file that cannot be read is found out at once.
    pub(super) fn new(path: &Path) -> Result<Self, StoreError> {
        let first = connect(path)?;
        let idle = Arc::new(Mutex::new(vec![first]));
        Ok(Self { path: path.to_owned(), idle, permits: Arc::new(Semaphore::new(READERS_MAX)) })
    }

    /// Runs a read where it may block.
    pub(super) async fn with<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(checks::unavailable)?;
        let readers = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let connection = match readers.take() {
                Some(connection) => connection,
                None => connect(&readers.path)?,
            };
            let answer = read(&connection);
            readers.give_back(connection);
            drop(permit);
            answer
        });
        task.await.map_err(checks::unavailable)?
    }

    /// Closes what nobody reads with. The last connection that closes copies the write-ahead log into the file, and one
    /// that only reads cannot.
    pub(super) fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn take(&self) -> Option<Connection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// Opens a connection that cannot write.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(soundness::failed)?;
    super::configure(&connection).map_err(soundness::failed)?;
    Ok(connection)
}

pub(super) fn read_stream(
    connection: &Connection,
    stream: &StreamId,
    after: u64,
    limit: usize,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM events WHERE aggregate_type = ?1 AND aggregate_id = ?2 AND sequence > ?3 \
         ORDER BY sequence LIMIT ?4"
    );
    let limit = to_sql_limit(checks::to_limit(limit));
    let mut statement = connection.prepare_cached(&sql).map_err(soundness::failed)?;
    let rows = statement
        .query(params![&*stream.kind, &*stream.id, checks::to_bound(after), limit])
        .map_err(soundness::failed)?;
    let events = collect(rows, |row| event(row, Some(stream)))?;
    checks::check_stream(stream, after, &events)?;
    Ok(events)
}

pub(super) fn read_on(
    connection: &Connection,
    after: Cursor,
    limit: usize,
    filter: &Filter,
) -> Result<Page, StoreError> {
    let query = PageQuery::of(after, limit, filter);
    // One snapshot for the head and the events. Rolled back on drop, which for a read is all there is to do.
    let snapshot = connection.unchecked_transaction().map_err(soundness::failed)?;
    let head = head(&snapshot)?;
    let (at_after, at_end) = (event_at(&snapshot, after.position.0)?, event_at(&snapshot, head.0.min(query.until()))?);
    let sql = page_sql(query.every_kind);
    let mut statement = snapshot.prepare_cached(&sql).map_err(soundness::failed)?;
    let (from, until) = (checks::to_bound(after.position.0), checks::to_bound(query.until()));
    let limit = to_sql_limit(query.limit);
    let rows = if query.every_kind {
        statement.query(params![from, until, limit])
    } else {
        let kinds = serde_json::to_string(&filter.kinds).map_err(checks::unavailable)?;
        statement.query(params![from, until, limit, kinds])
    };
    let events = collect(rows.map_err(soundness::failed)?, |row| event(row, None).map(Arc::new))?;
    query.page(events, Found { head, at_after, at_end })
}

fn page_sql(every_kind: bool) -> String {
    // The plus keeps SQLite on the positions (https://sqlite.org/optoverview.html#uplus): by the index on the type it
    // would sort every event of these kinds for each page.
    let wanted = if every_kind { "" } else { "AND +aggregate_type IN (SELECT value FROM json_each(?4))" };
    format!(
        "SELECT {EVENT_COLUMNS} FROM events WHERE position > ?1 AND position <= ?2 {wanted} ORDER BY position LIMIT ?3"
    )
}

/// The end of the log. Positions are dense, so it is also the number of events.
pub(super) fn head(connection: &Connection) -> Result<Position, StoreError> {
    let position = connection
        .prepare_cached("SELECT coalesce(max(position), 0) FROM events")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(soundness::failed)?;
    checks::to_u64(position).map(Position)
}

/// Which event stands at a position.
fn event_at(connection: &Connection, position: u64) -> Result<Option<Uuid>, StoreError> {
    let found: Option<Vec<u8>> = connection
        .prepare_cached("SELECT event_id FROM events WHERE position = ?1")
        .and_then(|mut statement| statement.query_row([checks::to_bound(position)], |row| row.get(0)).optional())
        .map_err(soundness::failed)?;
    found.map(|id| event_id(&id)).transpose()
}

fn event_id(stored: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(stored).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// The last sequence of a stream; 0 when there is none.
pub(super) fn stream_head(connection: &Connection, stream: &StreamId) -> Result<u64, StoreError> {
    let sql = "SELECT coalesce(max(sequence), 0) FROM events WHERE aggregate_type = ?1 AND aggregate_id = ?2";
    let sequence = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row(params![&*stream.kind, &*stream.id], |row| row.get(0)))
        .map_err(soundness::failed)?;
    checks::to_u64(sequence)
}

pub(super) fn find_command(connection: &Connection, id: &str) -> Result<Option<CommandRecord>, StoreError> {
    let sql = "SELECT fingerprint, aggregate_type, aggregate_id, sequence_first, sequence_last, position \
               FROM commands WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(soundness::failed)?;
    let mut rows = statement.query([id]).map_err(soundness::failed)?;
    let Some(row) = rows.next().map_err(soundness::failed)? else {
        return Ok(None);
    };
    let stream = StreamId::new(&get::<String>(row, 1)?, &get::<String>(row, 2)?);
    Ok(Some(CommandRecord {
        fingerprint: get(row, 0)?,
        stream,
        sequence_first: checks::to_u64(get(row, 3)?)?,
        sequence_last: checks::to_u64(get(row, 4)?)?,
        position: Position(checks::to_u64(get(row, 5)?)?),
    }))
}

/// `None` for an unknown name, `Some(None)` for a destroyed secret.
pub(super) fn secret(connection: &Connection, name: &str) -> Result<Option<Option<Vec<u8>>>, StoreError> {
    connection
        .prepare_cached("SELECT value FROM secrets WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
        .map_err(soundness::failed)
}

pub(super) fn mark(connection: &Connection, name: &str) -> Result<Option<u64>, StoreError> {
    let value: Option<i64> = connection
        .prepare_cached("SELECT value FROM marks WHERE name = ?1")
        .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
        .map_err(soundness::failed)?;
    value.map(checks::to_u64).transpose()
}

pub(super) fn collect<T>(
    mut rows: rusqlite::Rows<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut events = Vec::new();
    while let Some(row) = rows.next().map_err(soundness::failed)? {
        events.push(read(row)?);
    }
    Ok(events)
}

/// Reads one row; a known stream's name is shared rather than read again.
fn event(row: &Row<'_>, stream: Option<&StreamId>) -> Result<RecordedEvent, StoreError> {
    let stream = match stream {
        Some(stream) => stream.clone(),
        None => StreamId { kind: get(row, 1)?, id: get(row, 2)? },
    };
    Ok(RecordedEvent {
        position: Position(checks::to_u64(get(row, 0)?)?),
        stream,
        sequence: checks::to_u64(get(row, 3)?)?,
        event_id: event_id(&get::<Vec<u8>>(row, 4)?)?,
        event_type: get(row, 5)?,
        event_version: get(row, 6)?,
        payload: json(row, 7)?,
        metadata: json(row, 8)?,
        recorded_at: get(row, 9)?,
    })
}

fn json(row: &Row<'_>, column: usize) -> Result<Box<RawValue>, StoreError> {
    RawValue::from_string(get(row, column)?).map_err(|error| StoreError::Corrupt(format!("no JSON is stored: {error}")))
}

/// Reads a column. What is there and is not of its type was not written by us.
pub(super) fn get<T: rusqlite::types::FromSql>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    row.get(column).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(super) fn to_sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_some_kinds_is_read_along_the_positions() {
        let connection = Connection::open_in_memory().expect("SQLite opens");
        connection.execute_batch(include_str!("../../../../schema/sqlite/log.sql")).expect("the schema is valid");
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", page_sql(false))).expect("it is SQL");
        let steps = plan.query_map(params![0, 10, 10, "[]"], |row| row.get(3)).expect("there is a plan");
        let steps: Vec<String> = steps.map(|step| step.expect("a step is text")).collect();
        assert!(steps[0].contains("USING INTEGER PRIMARY KEY"), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }
}
