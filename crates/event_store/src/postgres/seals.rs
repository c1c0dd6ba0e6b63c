//! Checkpoints and tiles in PostgreSQL.

use std::ops::Range;

use async_trait::async_trait;
use sqlx::postgres::PgRow;

use super::{PostgresStore, reader};
use crate::StoreError;
use crate::checks;
use crate::seals::{SEALS_PAGE_MAX, SealError, SealStore, Seals, StoredCheckpoint, StoredTile};

pub(super) const SCHEMA: &str = include_str!("../../../../schema/postgres/seals.sql");

const INSERT_CHECKPOINTS: &str = "
INSERT INTO checkpoints (size, root, note, sealed_at)
SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[]) ON CONFLICT DO NOTHING";
/// `LIMIT` makes it a look into the index for each; a join would read the whole table, which grows with the log.
const DIFFERING_CHECKPOINT: &str = "
SELECT asked.size FROM unnest($1::bigint[], $2::bytea[]) AS asked (size, root)
CROSS JOIN LATERAL (SELECT root FROM checkpoints WHERE checkpoints.size = asked.size LIMIT 1) AS stored
WHERE stored.root <> asked.root ORDER BY 1 LIMIT 1";
const INSERT_TILES: &str = "
INSERT INTO tree_tiles (level, tile, hashes)
SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) ON CONFLICT DO NOTHING";
const DIFFERING_TILE: &str = "
SELECT asked.level, asked.tile FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) AS asked (level, tile, hashes)
CROSS JOIN LATERAL (
  SELECT hashes FROM tree_tiles WHERE tree_tiles.level = asked.level AND tree_tiles.tile = asked.tile LIMIT 1) AS stored
WHERE stored.hashes <> asked.hashes ORDER BY 1, 2 LIMIT 1";

fn checkpoint(row: &PgRow) -> Result<StoredCheckpoint, StoreError> {
    let root: &[u8] = reader::get(row, 1)?;
    let root = root.try_into().map_err(|_| StoreError::Corrupt("a checkpoint's root is no hash".to_owned()))?;
    let size = reader::number(row, 0)?;
    Ok(StoredCheckpoint { size, root, note: reader::get(row, 2)?, sealed_at: reader::get(row, 3)? })
}

fn tile(row: &PgRow) -> Result<StoredTile, StoreError> {
    let level = level_of(reader::get(row, 0)?)?;
    Ok(StoredTile { level, index: reader::number(row, 1)?, hashes: reader::get(row, 2)? })
}

fn level_of(level: i16) -> Result<u8, StoreError> {
    u8::try_from(level).map_err(|_| StoreError::Corrupt(format!("a tile of level {level} is stored")))
}

#[async_trait]
impl SealStore for PostgresStore {
    /// Whoever inserts the same waits for us or we for them; only then it is compared.
    async fn store_seals(&self, seals: Seals) -> Result<(), SealError> {
        let mut transaction = self.pool().begin().await.map_err(checks::unavailable)?;
        let Seals { checkpoints, tiles, seen } = seals;
        let found = reader::event_at(&mut *transaction, seen.position).await?;
        checks::check_stands(seen, found)?;
        let levels: Vec<i16> = tiles.iter().map(|tile| i16::from(tile.level)).collect();
        let indexes: Vec<i64> = tiles.iter().map(|tile| checks::to_bound(tile.index)).collect();
        let hashes: Vec<&[u8]> = tiles.iter().map(|tile| &tile.hashes[..]).collect();
        let query = sqlx::query(INSERT_TILES).bind(&levels).bind(&indexes).bind(&hashes);
        query.execute(&mut *transaction).await.map_err(checks::unavailable)?;
        let query = sqlx::query(DIFFERING_TILE).bind(&levels).bind(&indexes).bind(&hashes);
        if let Some(row) = query.fetch_optional(&mut *transaction).await.map_err(checks::unavailable)? {
            return Err(SealError::of_tile(level_of(reader::get(&row, 0)?)?, reader::number(&row, 1)?));
        }
        let sizes: Vec<i64> = checkpoints.iter().map(|checkpoint| checks::to_bound(checkpoint.size)).collect();
        let roots: Vec<&[u8]> = checkpoints.iter().map(|checkpoint| &checkpoint.root[..]).collect();
        let notes: Vec<&str> = checkpoints.iter().map(|checkpoint| &checkpoint.note[..]).collect();
        let times: Vec<i64> = checkpoints.iter().map(|checkpoint| checkpoint.sealed_at).collect();
        let query = sqlx::query(INSERT_CHECKPOINTS).bind(&sizes).bind(&roots).bind(&notes).bind(&times);
        query.execute(&mut *transaction).await.map_err(checks::unavailable)?;
        let query = sqlx::query(DIFFERING_CHECKPOINT).bind(&sizes).bind(&roots);
        if let Some(row) = query.fetch_optional(&mut *transaction).await.map_err(checks::unavailable)? {
            return Err(SealError::of_checkpoint(reader::number(&row, 0)?));
        }
        Ok(transaction.commit().await.map_err(checks::unavailable)?)
    }

    async fn checkpoints(&self, after: u64, limit: usize) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let sql = "SELECT size, root, note, sealed_at FROM checkpoints WHERE size > $1 ORDER BY size LIMIT $2";
        let limit = reader::to_sql_limit(limit.min(SEALS_PAGE_MAX));
        let query = sqlx::query(sql).bind(checks::to_bound(after)).bind(limit);
        let rows = query.fetch_all(self.pool()).await.map_err(checks::unavailable)?;
        rows.iter().map(checkpoint).collect()
    }

    async fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        let sql = "SELECT size, root, note, sealed_at FROM checkpoints ORDER BY size DESC LIMIT 1";
        let row = sqlx::query(sql).fetch_optional(self.pool()).await.map_err(checks::unavailable)?;
        row.as_ref().map(checkpoint).transpose()
    }

    async fn tiles(&self, level: u8, indexes: Range<u64>) -> Result<Vec<StoredTile>, StoreError> {
        let sql = "SELECT level, tile, hashes FROM tree_tiles WHERE level = $1 AND tile >= $2 AND tile < $3 \
                   ORDER BY tile LIMIT $4";
        let query = sqlx::query(sql)
            .bind(i16::from(level))
            .bind(checks::to_bound(indexes.start))
            .bind(checks::to_bound(indexes.end))
            .bind(reader::to_sql_limit(SEALS_PAGE_MAX));
        let rows = query.fetch_all(self.pool()).await.map_err(checks::unavailable)?;
        rows.iter().map(tile).collect()
    }
}
