//! Reads, each one statement and so one snapshot.

use std::sync::Arc;

use futures_util::TryStreamExt;
use serde_json::value::RawValue;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{Decode, PgExecutor, Postgres, Row, Type};
use uuid::Uuid;

use crate::checks::{self, Found, PageQuery};
use crate::{CommandRecord, Cursor, Filter, Page, Position, RecordedEvent, StoreError, StreamId};

const READ_STREAM: &str = "
SELECT position, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version, payload, metadata,
       recorded_at
FROM events WHERE aggregate_type = $1 AND aggregate_id = $2 AND sequence > $3 ORDER BY sequence LIMIT $4";

/// A row of nothing but the head, the event there or at the last position looked at, and the event where the reader stands,
/// which it knows by the name of a type; then the page, in one snapshot. Beside every row the head would cost the server as much as
/// the rows: it would join them to it. The rows are put in order here: the server would sort them anew, through a file.
const READ_ALL: &str = "
SELECT position, NULL AS aggregate_type, NULL AS aggregate_id, NULL AS sequence,
       (SELECT event_id FROM events WHERE events.position = least(log_head.position, $2)) AS event_id,
       (SELECT event_id::text FROM events WHERE events.position = $1) AS event_type,
       NULL AS event_version, NULL AS payload, NULL AS metadata, NULL AS recorded_at
FROM log_head
UNION ALL
(SELECT position, aggregate_type, aggregate_id, sequence, event_id, event_type, event_version, payload, metadata,
        recorded_at
 FROM events
 WHERE position > $1 AND position <= $2 AND ($4::text[] IS NULL OR aggregate_type = ANY ($4))
 ORDER BY position LIMIT $3)";

/// PostgreSQL counts microseconds from 2000-01-01 UTC, this long after 1970.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

const FIND_COMMAND: &str = "
SELECT fingerprint, aggregate_type, aggregate_id, sequence_first, sequence_last, position
FROM commands WHERE id = $1";

pub(super) async fn head(pool: &PgPool) -> Result<Position, StoreError> {
    let row = sqlx::query("SELECT position FROM log_head").fetch_one(pool).await.map_err(checks::unavailable)?;
    number(&row, 0).map(Position)
}

/// Which event stands at a position.
pub(super) async fn event_at(executor: impl PgExecutor<'_>, position: Position) -> Result<Option<Uuid>, StoreError> {
    let sql = "SELECT event_id FROM events WHERE position = $1";
    let found = sqlx::query_scalar(sql).bind(checks::to_bound(position.0)).fetch_optional(executor);
    found.await.map_err(checks::unavailable)
}

pub(super) async fn read_stream(
    pool: &PgPool,
    stream: &StreamId,
    after: u64,
    limit: usize,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let rows = sqlx::query(READ_STREAM)
        .bind(&*stream.kind)
        .bind(&*stream.id)
        .bind(checks::to_bound(after))
        .bind(to_sql_limit(checks::to_limit(limit)))
        .fetch_all(pool)
        .await
        .map_err(checks::unavailable)?;
    let events = rows.iter().map(|row| event(row, stream.clone())).collect::<Result<Vec<_>, _>>()?;
    checks::check_stream(stream, after, &events)?;
    Ok(events)
}

pub(super) async fn read_on(pool: &PgPool, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
    let query = PageQuery::of(after, limit, filter);
    let kinds = if query.every_kind { None } else { Some(&filter.kinds[..]) };
    let mut rows = sqlx::query(READ_ALL)
        .bind(checks::to_bound(after.position.0))
        .bind(checks::to_bound(query.until()))
        .bind(to_sql_limit(query.limit))
        .bind(kinds)
        .fetch(pool);
    let (mut events, mut beside): (Vec<Arc<RecordedEvent>>, _) = (Vec::new(), None);
    // Row by row: the server sends the next ones meanwhile, and none is kept beside its event.
    while let Some(row) = rows.try_next().await.map_err(checks::unavailable)? {
        if raw::<Option<&str>>(&row, 1)?.is_none() {
            beside = Some(found(&row)?);
            continue;
        }
        let previous = events.last().map(|event| &event.stream);
        let event = event(&row, stream(&row, previous)?)?;
        events.push(Arc::new(event));
    }
    let Some(beside) = beside else {
        return Err(StoreError::Corrupt("log_head has no row".to_owned()));
    };
    events.sort_by_key(|event| event.position);
    query.page(events, beside)
}

/// Reads the row beside the page.
fn found(row: &PgRow) -> Result<Found, StoreError> {
    let at_after: Option<&str> = raw(row, 5)?;
    let at_after = at_after.map(str::parse).transpose().map_err(checks::unavailable)?;
    Ok(Found { head: Position(checks::to_u64(raw(row, 0)?)?), at_after, at_end: raw(row, 4)? })
}

pub(super) async fn find_command(pool: &PgPool, id: &str) -> Result<Option<CommandRecord>, StoreError> {
    let row = sqlx::query(FIND_COMMAND).bind(id).fetch_optional(pool).await.map_err(checks::unavailable)?;
    row.map(|row| command(&row, 0)).transpose()
}

/// Reads a command's record from six columns, starting with the fingerprint in `first`.
pub(super) fn command(row: &PgRow, first: usize) -> Result<CommandRecord, StoreError> {
    Ok(CommandRecord {
        fingerprint: get(row, first)?,
        stream: StreamId::new(get(row, first + 1)?, get(row, first + 2)?),
        sequence_first: number(row, first + 3)?,
        sequence_last: number(row, first + 4)?,
        position: Position(number(row, first + 5)?),
    })
}

/// Reads the name of a row's stream; what it has in common with the one before is shared.
fn stream(row: &PgRow, previous: Option<&StreamId>) -> Result<StreamId, StoreError> {
    let (kind, id): (&str, &str) = (raw(row, 1)?, raw(row, 2)?);
    Ok(match previous {
        Some(previous) if *previous.kind == *kind && *previous.id == *id => previous.clone(),
        Some(previous) if *previous.kind == *kind => StreamId { kind: previous.kind.clone(), id: id.into() },
        _ => StreamId::new(kind, id),
    })
}

/// Reads the rest of a row.
fn event(row: &PgRow, stream: StreamId) -> Result<RecordedEvent, StoreError> {
    Ok(RecordedEvent {
        position: Position(checks::to_u64(raw(row, 0)?)?),
        stream,
        sequence: checks::to_u64(raw(row, 3)?)?,
        event_id: raw(row, 4)?,
        event_type: raw(row, 5)?,
        event_version: raw(row, 6)?,
        payload: json(row, 7)?,
        metadata: json(row, 8)?,
        recorded_at: raw::<i64>(row, 9)?.saturating_add(EPOCH_MICROSECONDS),
    })
}

fn json(row: &PgRow, column: usize) -> Result<Box<RawValue>, StoreError> {
    let text: &str = raw(row, column)?;
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("no JSON is stored: {error}")))
}

/// Reads a column as the server sends it in its binary format, in which `json` is its text and `timestamptz` a number: a
/// cast on the server would cost more than all the rest of a row. The types of the columns are those of our own table, and
/// looking at them again for every value costs as much as the value.
fn raw<'r, T: Decode<'r, Postgres>>(row: &'r PgRow, column: usize) -> Result<T, StoreError> {
    row.try_get_unchecked(column).map_err(checks::unavailable)
}

pub(super) fn number(row: &PgRow, column: usize) -> Result<u64, StoreError> {
    checks::to_u64(get(row, column)?)
}

pub(super) fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(
    row: &'r PgRow,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(checks::unavailable)
}

pub(super) fn to_sql_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
