//! State snapshots in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, Row, params};

use super::writer::{Failed, Job};
use super::{SqliteStore, reader};
use crate::snapshots::{SnapshotStore, StateSnapshot};
use crate::{StoreError, StreamId, checks};

pub(super) const SCHEMA: &str = include_str!("../../../../schema/sqlite/state_snapshots.sql");

/// Puts a snapshot in the place of the one before.
pub(super) fn keep(connection: &Connection, stream: &StreamId, snapshot: &StateSnapshot) -> Result<(), Failed> {
    let sql = "INSERT OR REPLACE INTO state_snapshots \
               (aggregate_type, aggregate_id, sequence, last_event, fingerprint, sha256, state) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let StateSnapshot { sequence, last_event, fingerprint, sha256, state } = snapshot;
    let values =
        params![stream.kind, stream.id, checks::to_bound(*sequence), last_event.as_bytes(), fingerprint, sha256, state];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Drops every snapshot.
pub(super) fn drop_all(connection: &Connection) -> Result<(), Failed> {
    connection.execute("DELETE FROM state_snapshots", [])?;
    Ok(())
}

fn snapshot(row: &Row<'_>) -> Result<StateSnapshot, StoreError> {
    let sequence = checks::to_u64(reader::get(row, 0)?)?;
    let last_event = uuid::Uuid::from_bytes(reader::get(row, 1)?);
    let (fingerprint, sha256) = (reader::get(row, 2)?, reader::get(row, 3)?);
    Ok(StateSnapshot { sequence, last_event, fingerprint, sha256, state: reader::get(row, 4)? })
}

#[async_trait]
impl SnapshotStore for SqliteStore {
    async fn snapshot(&self, stream: &StreamId) -> Result<Option<StateSnapshot>, StoreError> {
        let sql = "SELECT sequence, last_event, fingerprint, sha256, state FROM state_snapshots \
                   WHERE aggregate_type = ?1 AND aggregate_id = ?2";
        let stream = stream.clone();
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(sql).map_err(checks::unavailable)?;
            let rows = statement.query(params![stream.kind, stream.id]).map_err(checks::unavailable)?;
            reader::collect(rows, snapshot)
        };
        Ok(self.readers.with(read).await?.pop())
    }

    async fn keep_snapshot(&self, stream: &StreamId, snapshot: StateSnapshot) -> Result<(), StoreError> {
        let stream = stream.clone();
        self.ask(|answer| Job::KeepSnapshot { stream, snapshot, answer }).await
    }

    async fn drop_snapshots(&self) -> Result<(), StoreError> {
        self.ask(|answer| Job::DropSnapshots { answer }).await
    }
}
