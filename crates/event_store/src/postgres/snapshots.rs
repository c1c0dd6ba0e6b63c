//! State snapshots in PostgreSQL.

use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{PostgresStore, reader};
use crate::snapshots::{SnapshotStore, StateSnapshot};
use crate::{StoreError, StreamId, checks};

pub(super) const SCHEMA: &str = include_str!("../../../../schema/postgres/state_snapshots.sql");

const KEEP: &str = "
INSERT INTO state_snapshots (aggregate_type, aggregate_id, sequence, last_event, fingerprint, sha256, state)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (aggregate_type, aggregate_id) DO UPDATE SET sequence = excluded.sequence, last_event = excluded.last_event,
  fingerprint = excluded.fingerprint, sha256 = excluded.sha256, state = excluded.state";

fn snapshot(row: &PgRow) -> Result<StateSnapshot, StoreError> {
    let sha256: &[u8] = reader::get(row, 3)?;
    let sha256 = sha256.try_into().map_err(|_| StoreError::Corrupt("a snapshot's digest is none".to_owned()))?;
    let (sequence, last_event) = (reader::number(row, 0)?, reader::get(row, 1)?);
    Ok(StateSnapshot { sequence, last_event, fingerprint: reader::get(row, 2)?, sha256, state: reader::get(row, 4)? })
}

#[async_trait]
impl SnapshotStore for PostgresStore {
    async fn snapshot(&self, stream: &StreamId) -> Result<Option<StateSnapshot>, StoreError> {
        let sql = "SELECT sequence, last_event, fingerprint, sha256, state FROM state_snapshots \
                   WHERE aggregate_type = $1 AND aggregate_id = $2";
        let query = sqlx::query(sql).bind(&*stream.kind).bind(&*stream.id);
        let row = query.fetch_optional(self.pool()).await.map_err(checks::unavailable)?;
        row.as_ref().map(snapshot).transpose()
    }

    async fn keep_snapshot(&self, stream: &StreamId, snapshot: StateSnapshot) -> Result<(), StoreError> {
        let StateSnapshot { sequence, last_event, fingerprint, sha256, state } = snapshot;
        let query = sqlx::query(KEEP)
            .bind(&*stream.kind)
            .bind(&*stream.id)
            .bind(checks::to_bound(sequence))
            .bind(last_event)
            .bind(fingerprint)
            .bind(&sha256[..])
            .bind(state);
        query.execute(self.pool()).await.map_err(checks::unavailable)?;
        Ok(())
    }

    async fn drop_snapshots(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM state_snapshots").execute(self.pool()).await.map_err(checks::unavailable)?;
        Ok(())
    }
}
