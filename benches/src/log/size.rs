//! What the log takes on disk.

use std::path::Path;

use sqlx::Row;

use crate::engine::Engine;

/// Bytes on disk.
pub(super) struct Size {
    /// The table of events without its indexes.
    pub(super) events: u64,
    /// Everything else of the log: the indexes, and where commands landed.
    pub(super) beside: u64,
}

const SQLITE: &str = "SELECT coalesce(sum(pgsize) FILTER (WHERE name = 'events'), 0),
    coalesce(sum(pgsize) FILTER (WHERE name <> 'events'), 0) FROM dbstat";

const POSTGRES: &str = "SELECT pg_table_size('events'),
    pg_indexes_size('events') + pg_total_relation_size('commands')";

/// Weighs a log that is closed.
pub(super) async fn measure(engine: &Engine, data: &Path) -> anyhow::Result<Size> {
    let (events, beside): (i64, i64) = match engine {
        Engine::Sqlite => {
            let log = rusqlite::Connection::open(data.join("log.sqlite"))?;
            log.query_row(SQLITE, [], |row| Ok((row.get(0)?, row.get(1)?)))?
        }
        Engine::Postgres { url, .. } => {
            let pool = sqlx::PgPool::connect(url).await?;
            let row = sqlx::query(POSTGRES).fetch_one(&pool).await?;
            (row.try_get(0)?, row.try_get(1)?)
        }
    };
    Ok(Size { events: u64::try_from(events)?, beside: u64::try_from(beside)? })
}
