//! What proves the log, kept beside it: signed checkpoints and the full tiles of its tree. This room does not know what
//! they mean; it keeps them for ever, and tells whoever would store something else in their place.

use std::ops::Range;

use async_trait::async_trait;

use crate::{Cursor, StoreError};

/// The most checkpoints or tiles one read returns.
pub const SEALS_PAGE_MAX: usize = 1_000;

/// A signed statement of what the log was at a size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckpoint {
    /// How many events it covers.
    pub size: u64,
    /// The root of the tree over them.
    pub root: [u8; 32],
    /// The signed text.
    pub note: String,
    /// When it was made, microseconds since the Unix epoch; not signed.
    pub sealed_at: i64,
}

/// A part of the tree that never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredTile {
    /// Its level, from 0.
    pub level: u8,
    /// Which of its level, from 0.
    pub index: u64,
    /// Its hashes, one after the other.
    pub hashes: Vec<u8>,
}

/// What is stored at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seals {
    /// Checkpoints, in order of size.
    pub checkpoints: Vec<StoredCheckpoint>,
    /// Tiles that became full with them.
    pub tiles: Vec<StoredTile>,
    /// The last event that is sealed. A log that another copy can take over from stores no seal of an event that is gone:
    /// [`StoreError::LogRewound`].
    pub seen: Cursor,
}

/// Why seals were not stored; none of them is.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// Something else is stored in its place: the log or the tree was tampered with.
    #[error("{0} differs from what was sealed before")]
    Differs(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SealError {
    pub(crate) fn of_checkpoint(size: u64) -> Self {
        Self::Differs(format!("the root of the first {size} events"))
    }

    pub(crate) fn of_tile(level: u8, index: u64) -> Self {
        Self::Differs(format!("tile {index} of level {level}"))
    }
}

/// Keeps what proves the log.
#[async_trait]
pub trait SealStore: Send + Sync {
    /// Stores seals, all or none. What is there already is compared: several processes may seal the same log.
    ///
    /// # Errors
    /// [`SealError::Differs`] where another root or other hashes are stored.
    async fn store_seals(&self, seals: Seals) -> Result<(), SealError>;

    /// Reads the checkpoints of more than `after` events, in order of size, at most `limit` and [`SEALS_PAGE_MAX`].
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn checkpoints(&self, after: u64, limit: usize) -> Result<Vec<StoredCheckpoint>, StoreError>;

    /// Reads the checkpoint of the most events.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError>;

    /// Reads the tiles of a level that are stored of a range, in order, at most [`SEALS_PAGE_MAX`].
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn tiles(&self, level: u8, indexes: Range<u64>) -> Result<Vec<StoredTile>, StoreError>;
}
