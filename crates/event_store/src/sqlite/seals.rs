//! Checkpoints and tiles in SQLite.

use std::ops::Range;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::writer::{Failed, Job};
use super::{SqliteStore, reader, soundness};
use crate::StoreError;
use crate::checks;
use crate::seals::{SEALS_PAGE_MAX, SealError, SealStore, Seals, StoredCheckpoint, StoredTile};

pub(super) const SCHEMA: &str = include_str!("../../../../schema/sqlite/seals.sql");

const CHECKPOINT_COLUMNS: &str = "size, root, note, sealed_at";

/// Stores what is not there yet, after everything that is there was found to be the same: the other jobs of the
/// transaction are not to be undone for it.
pub(super) fn store(connection: &Connection, seals: &Seals) -> Result<Result<(), SealError>, Failed> {
    let mut roots = connection.prepare_cached("SELECT root FROM checkpoints WHERE size = ?1")?;
    let mut is_new = Vec::with_capacity(seals.checkpoints.len());
    for checkpoint in &seals.checkpoints {
        let stored: Option<Vec<u8>> =
            roots.query_row([checks::to_bound(checkpoint.size)], |row| row.get(0)).optional()?;
        if stored.as_ref().is_some_and(|root| root[..] != checkpoint.root) {
            return Ok(Err(SealError::of_checkpoint(checkpoint.size)));
        }
        is_new.push(stored.is_none());
    }
    let mut hashes = connection.prepare_cached("SELECT hashes FROM tree_tiles WHERE level = ?1 AND tile = ?2")?;
    let mut tiles = Vec::with_capacity(seals.tiles.len());
    for tile in &seals.tiles {
        let key = params![tile.level, checks::to_bound(tile.index)];
        let stored: Option<Vec<u8>> = hashes.query_row(key, |row| row.get(0)).optional()?;
        match stored {
            None => tiles.push(tile),
            Some(stored) if stored == tile.hashes => {}
            Some(_) => return Ok(Err(SealError::of_tile(tile.level, tile.index))),
        }
    }
    let mut insert = connection.prepare_cached("INSERT INTO tree_tiles (level, tile, hashes) VALUES (?1, ?2, ?3)")?;
    for tile in tiles {
        insert.execute(params![tile.level, i64::try_from(tile.index)?, tile.hashes])?;
    }
    let sql = "INSERT INTO checkpoints (size, root, note, sealed_at) VALUES (?1, ?2, ?3, ?4)";
    let mut insert = connection.prepare_cached(sql)?;
    for (checkpoint, _) in seals.checkpoints.iter().zip(is_new).filter(|(_, is_new)| *is_new) {
        let StoredCheckpoint { size, root, note, sealed_at } = checkpoint;
        insert.execute(params![i64::try_from(*size)?, root, note, sealed_at])?;
    }
    Ok(Ok(()))
}

fn checkpoint(row: &Row<'_>) -> Result<StoredCheckpoint, StoreError> {
    let root: Vec<u8> = reader::get(row, 1)?;
    let root = root.try_into().map_err(|_| StoreError::Corrupt("a checkpoint's root is no hash".to_owned()))?;
    let size = checks::to_u64(reader::get(row, 0)?)?;
    Ok(StoredCheckpoint { size, root, note: reader::get(row, 2)?, sealed_at: reader::get(row, 3)? })
}

fn tile(row: &Row<'_>) -> Result<StoredTile, StoreError> {
    let index = checks::to_u64(reader::get(row, 1)?)?;
    Ok(StoredTile { level: reader::get(row, 0)?, index, hashes: reader::get(row, 2)? })
}

#[async_trait]
impl SealStore for SqliteStore {
    async fn store_seals(&self, seals: Seals) -> Result<(), SealError> {
        self.ask(|answer| Job::StoreSeals { seals, answer }).await?
    }

    async fn checkpoints(&self, after: u64, limit: usize) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let (after, limit) = (checks::to_bound(after), reader::to_sql_limit(limit.min(SEALS_PAGE_MAX)));
        let sql = format!("SELECT {CHECKPOINT_COLUMNS} FROM checkpoints WHERE size > ?1 ORDER BY size LIMIT ?2");
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(&sql).map_err(soundness::failed)?;
            let rows = statement.query([after, limit]).map_err(soundness::failed)?;
            reader::collect(rows, checkpoint)
        };
        self.readers.with(read).await
    }

    async fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        let sql = format!("SELECT {CHECKPOINT_COLUMNS} FROM checkpoints ORDER BY size DESC LIMIT 1");
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(&sql).map_err(soundness::failed)?;
            let rows = statement.query([]).map_err(soundness::failed)?;
            reader::collect(rows, checkpoint)
        };
        Ok(self.readers.with(read).await?.pop())
    }

    async fn tiles(&self, level: u8, indexes: Range<u64>) -> Result<Vec<StoredTile>, StoreError> {
        let (begin, end) = (checks::to_bound(indexes.start), checks::to_bound(indexes.end));
        let sql = "SELECT level, tile, hashes FROM tree_tiles WHERE level = ?1 AND tile >= ?2 AND tile < ?3 \
                   ORDER BY tile LIMIT ?4";
        let read = move |connection: &Connection| {
            let mut statement = connection.prepare_cached(sql).map_err(soundness::failed)?;
            let limit = reader::to_sql_limit(SEALS_PAGE_MAX);
            let rows = statement.query(params![level, begin, end, limit]).map_err(soundness::failed)?;
            reader::collect(rows, tile)
        };
        self.readers.with(read).await
    }
}
