//! The tree as it is stored: full tiles, and below them the log itself. A proof reads at most 255 tiles of each level and
//! 255 events, whatever the size of the log: for ten million events three levels, 6 MiB.

use std::ops::Range;

use event_store::seals::{SealStore, StoredCheckpoint, StoredTile};
use event_store::{EventStore, Filter, Position, RecordedEvent};
use proof::Hash;
use proof::checkpoint::{Checkpoint, CheckpointError};
use proof::consistency::{is_consistent, proof_ranges};
use proof::inclusion::{path_ranges, root_from_path};
use proof::tiles::{GrowingTree, TILE_HASHES, TILE_HEIGHT, Tile};
use proof::tree::{Node, perfect_subtrees, root_of_row, root_of_subtrees};

use super::{SealFailure, leaf_hash};

/// That an event is in the log as a checkpoint has it.
#[derive(Clone, Debug)]
pub struct Inclusion {
    /// The event.
    pub event: RecordedEvent,
    /// The hashes beside the way from its leaf to the root.
    pub path: Vec<Hash>,
    /// The checkpoint that they lead to.
    pub checkpoint: StoredCheckpoint,
}

/// Answers from the tiles and, where they end, from the log.
#[derive(Clone, Copy)]
pub struct StoredTree<'a> {
    store: &'a dyn EventStore,
    seals: &'a dyn SealStore,
}

impl<'a> StoredTree<'a> {
    /// Reads the tree of a store.
    ///
    /// # Errors
    /// [`SealFailure::NotSealed`] when the store keeps none.
    pub fn new(store: &'a dyn EventStore) -> Result<Self, SealFailure> {
        Ok(Self { store, seals: store.seals().ok_or(SealFailure::NotSealed)? })
    }

    /// Returns the first checkpoint that covers so many events; without a number the last one.
    ///
    /// # Errors
    /// [`SealFailure::Beyond`] when there is none yet, or the store's own.
    pub async fn checkpoint(&self, size: Option<u64>) -> Result<StoredCheckpoint, SealFailure> {
        let last = self.seals.last_checkpoint().await?;
        let sealed = last.as_ref().map_or(0, |last| last.size);
        let found = match size {
            Some(size) => self.seals.checkpoints(size.saturating_sub(1), 1).await?.pop(),
            None => last,
        };
        found.ok_or(SealFailure::Beyond { sealed })
    }

    /// Proves that the event at a position is in the log, to the first checkpoint that covers so many events and it.
    ///
    /// # Errors
    /// [`SealFailure`] when it is not sealed yet, the tree does not have the checkpoint's root, or the store fails.
    pub async fn inclusion(&self, position: u64, size: Option<u64>) -> Result<Inclusion, SealFailure> {
        let checkpoint = self.checkpoint(size.map(|size| size.max(position))).await?;
        let sealed = checkpoint.size;
        let index = position.checked_sub(1).filter(|index| *index < sealed).ok_or(SealFailure::Beyond { sealed })?;
        let page = self.store.read_all(Position(index), 1, &Filter::default()).await?;
        let event = page.events.first().ok_or(SealFailure::Beyond { sealed })?;
        let path = self.roots(path_ranges(index, checkpoint.size).unwrap_or_default()).await?;
        let root = root_from_path(leaf_hash(event), index, checkpoint.size, &path);
        if root.is_none_or(|root| *root.bytes() != checkpoint.root) {
            return Err(SealFailure::Broken(format!(
                "position {position} does not lead to the root of {sealed} events"
            )));
        }
        Ok(Inclusion { event: RecordedEvent::clone(event), path, checkpoint })
    }

    /// Proves that the log of a later checkpoint begins with the log of an earlier one; both are given by what they say.
    ///
    /// # Errors
    /// [`SealFailure`] when it does not, or the store fails.
    pub async fn consistency(&self, first: &Checkpoint, second: &Checkpoint) -> Result<Vec<Hash>, SealFailure> {
        let ranges = proof_ranges(first.size, second.size);
        let ranges = ranges.ok_or_else(|| SealFailure::Broken("the first checkpoint is the larger one".to_owned()))?;
        let proof = self.roots(ranges).await?;
        if is_consistent((first.size, first.root), (second.size, second.root), &proof) {
            return Ok(proof);
        }
        let reason = format!("the log of {} events does not begin with the one of {}", second.size, first.size);
        Err(SealFailure::Broken(reason))
    }

    /// Proves that the log of a later stored checkpoint begins with the log of an earlier one.
    ///
    /// # Errors
    /// [`SealFailure`] when it does not, or the store fails.
    pub async fn consistency_of(
        &self,
        first: &StoredCheckpoint,
        second: &StoredCheckpoint,
    ) -> Result<Vec<Hash>, SealFailure> {
        let said = |stored: &StoredCheckpoint| {
            let of = |error: CheckpointError| SealFailure::Broken(format!("a stored checkpoint: {error}"));
            Checkpoint::unverified(&stored.note).map_err(of)
        };
        self.consistency(&said(first)?, &said(second)?).await
    }

    /// Returns the tree of the first `size` events, to go on with.
    ///
    /// # Errors
    /// [`SealFailure`] when tiles are missing or damaged, or the store fails.
    pub async fn growing(&self, size: u64) -> Result<GrowingTree, SealFailure> {
        let (mut open, mut row_size) = (Vec::new(), size);
        for (level, count) in (0_u8..).zip(GrowingTree::open_hashes(size)) {
            open.push(self.row(level, row_size - count as u64..row_size).await?);
            row_size /= TILE_HASHES as u64;
        }
        GrowingTree::resume(size, open).ok_or_else(|| SealFailure::Broken("tiles of the tree are missing".to_owned()))
    }

    /// Returns the roots over ranges of leaves.
    async fn roots(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Hash>, SealFailure> {
        let mut roots = Vec::with_capacity(ranges.len());
        for range in ranges {
            let mut subtrees = Vec::new();
            for node in perfect_subtrees(range) {
                subtrees.push(self.node(node).await?);
            }
            roots.push(root_of_subtrees(&subtrees));
        }
        Ok(roots)
    }

    async fn node(&self, node: Node) -> Result<Hash, SealFailure> {
        // A level of a tree over 2^64 leaves is below 64, and its tiles' level below 8.
        let level = (node.level / TILE_HEIGHT) as u8;
        let width = 1_u64 << (node.level % TILE_HEIGHT);
        Ok(root_of_row(&self.row(level, node.index * width..(node.index + 1) * width).await?))
    }

    /// Returns neighbouring hashes of a level of tiles, all of one tile: from the tile where it is full, else from below.
    async fn row(&self, level: u8, range: Range<u64>) -> Result<Vec<Hash>, SealFailure> {
        let tile = range.start / TILE_HASHES as u64;
        if let Some(stored) = self.seals.tiles(level, tile..tile + 1).await?.pop() {
            // A remainder of 256 fits.
            let begin = (range.start % TILE_HASHES as u64) as usize;
            let hashes = read(&stored)?.hashes;
            return Ok(hashes.into_iter().skip(begin).take((range.end - range.start) as usize).collect());
        }
        let hashes: Vec<Hash> = match level.checked_sub(1) {
            None => self.leaves(range.clone()).await?,
            Some(below) => {
                let tiles = self.seals.tiles(below, range.clone()).await?;
                tiles.iter().map(|tile| read(tile).map(|tile| tile.root())).collect::<Result<_, _>>()?
            }
        };
        if hashes.len() as u64 == range.end - range.start {
            return Ok(hashes);
        }
        Err(SealFailure::Broken(format!("of level {level} of the tree {} to {} are missing", range.start, range.end)))
    }

    async fn leaves(&self, range: Range<u64>) -> Result<Vec<Hash>, SealFailure> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let count = (range.end - range.start) as usize;
        let page = self.store.read_all(Position(range.start), count, &Filter::default()).await?;
        Ok(page.events.iter().map(|event| leaf_hash(event)).collect())
    }
}

fn read(stored: &StoredTile) -> Result<Tile, SealFailure> {
    let StoredTile { level, index, hashes } = stored;
    Tile::read(*level, *index, hashes)
        .ok_or_else(|| SealFailure::Broken(format!("tile {index} of level {level} is damaged")))
}
