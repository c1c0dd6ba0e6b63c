//! The tree, computed anew from the log, against its tiles, its checkpoints, and those of a witness.

use std::collections::{BTreeMap, VecDeque};

use anyhow::Context;
use app::seal::{SEAL_EVERY_EVENTS, StoredTree, leaf_hash};
use event_store::seals::{SEALS_PAGE_MAX, SealStore, StoredCheckpoint};
use event_store::{EventStore, RecordedEvent};
use proof::Hash;
use proof::checkpoint::{self, Checkpoint};
use proof::note::VerifierKey;
use proof::tiles::{GrowingTree, TILE_HASHES, Tile};

use super::{Ended, Finding, Report};

/// How far the log agrees with its seals.
pub(super) struct TreeCheck<'a> {
    seals: &'a dyn SealStore,
    key: &'a VerifierKey,
    tree: GrowingTree,
    /// Checkpoints to come, read ahead.
    ahead: VecDeque<StoredCheckpoint>,
    /// How many events the last stored checkpoint covers.
    sealed_until: u64,
    /// What the witness saw, by size.
    witnessed: BTreeMap<u64, Hash>,
    /// The stored tile that the next leaves belong to.
    tile: Option<Tile>,
    /// The first leaf that is not the one in its tile: it or the tile was changed.
    suspect: Option<u64>,
    agreed: Option<Checkpoint>,
    agreed_count: u64,
    witnessed_count: u64,
}

impl<'a> TreeCheck<'a> {
    /// Begins with an empty tree, or behind a checkpoint that was verified before.
    pub(super) async fn begin(
        store: &'a dyn EventStore,
        key: &'a VerifierKey,
        from: Option<&Checkpoint>,
    ) -> Result<Self, Ended> {
        let seals = store.seals().context("the log of this store is not sealed")?;
        let last = seals.last_checkpoint().await.context("the checkpoints cannot be read")?;
        let mut tree = GrowingTree::new();
        if let Some(from) = from {
            let stored = StoredTree::new(store).context("the tree cannot be read")?.growing(from.size).await;
            tree = stored.map_err(|failure| Finding { first: 1, last: from.size, what: failure.to_string() })?;
            if tree.root() != from.root {
                let what = "these events have another root than in the checkpoint to begin from";
                return Err(Finding { first: 1, last: from.size, what: what.to_owned() }.into());
            }
        }
        Ok(Self {
            seals,
            key,
            tree,
            ahead: VecDeque::new(),
            sealed_until: last.map_or(0, |last| last.size),
            witnessed: BTreeMap::new(),
            tile: None,
            suspect: None,
            agreed: from.cloned(),
            agreed_count: 0,
            witnessed_count: 0,
        })
    }

    /// Takes in what a witness kept. What lies before the beginning is not looked at again.
    pub(super) fn witness(&mut self, text: &str) -> Result<(), Ended> {
        for (nth, note) in (1..).zip(checkpoint::part(text)) {
            let seen = Checkpoint::open(&note, self.key);
            let seen = seen.with_context(|| format!("checkpoint {nth} of the witness is not one of this log"))?;
            if seen.size <= self.tree.size() {
                continue;
            }
            let before = self.witnessed.insert(seen.size, seen.root);
            if before.is_some_and(|root| root != seen.root) {
                let what = "the witness was shown two different logs of this size";
                return Err(Finding { first: 1, last: seen.size, what: what.to_owned() }.into());
            }
        }
        Ok(())
    }

    /// Looks whether the log is as long as what was sealed and witnessed.
    pub(super) fn begin_until(&self, head: u64) -> Result<(), Ended> {
        let witnessed = self.witnessed.keys().next_back().copied().unwrap_or(0);
        let agreed = self.agreed.as_ref().map_or(0, |agreed| agreed.size);
        for (known, who) in [(self.sealed_until, "sealed"), (witnessed, "witnessed"), (agreed, "verified before")] {
            if known > head {
                let what = format!("the log ends before it; {known} events were {who}");
                return Err(Finding { first: head + 1, last: known, what }.into());
            }
        }
        Ok(())
    }

    /// Adds an event, and compares what there is to compare at this size.
    pub(super) async fn add(&mut self, event: &RecordedEvent) -> Result<(), Ended> {
        let (index, leaf) = (self.tree.size(), leaf_hash(event));
        // A remainder of 256 fits.
        let place = (index % TILE_HASHES as u64) as usize;
        if place == 0 || self.tile.is_none() {
            self.tile = self.stored_tile(0, index / TILE_HASHES as u64).await?;
        }
        if self.tile.as_ref().is_some_and(|tile| tile.hashes[place] != leaf) {
            self.suspect.get_or_insert(index + 1);
        }
        let filled = self.tree.push(leaf);
        if self.tree.size() <= self.sealed_until {
            for tile in filled {
                self.compare_tile(&tile).await?;
            }
        }
        self.compare_checkpoint().await?;
        self.compare_witness()
    }

    async fn stored_tile(&self, level: u8, index: u64) -> Result<Option<Tile>, Ended> {
        let stored = self.seals.tiles(level, index..index + 1).await.context("the tree cannot be read")?;
        Ok(stored.first().and_then(|stored| Tile::read(level, index, &stored.hashes)))
    }

    async fn compare_tile(&mut self, tile: &Tile) -> Result<(), Ended> {
        let stored = match &self.tile {
            Some(stored) if tile.level == 0 => Some(stored.clone()),
            _ => self.stored_tile(tile.level, tile.index).await?,
        };
        if stored.as_ref().is_none_or(|stored| stored.hashes != tile.hashes) && self.suspect.is_none() {
            // Either these events or the tile; the checkpoint of this size says which.
            self.suspect = Some(self.tree.size());
        }
        Ok(())
    }

    async fn compare_checkpoint(&mut self) -> Result<(), Ended> {
        let size = self.tree.size();
        if size > self.sealed_until {
            return Ok(());
        }
        if self.ahead.is_empty() {
            let more = self.seals.checkpoints(size - 1, SEALS_PAGE_MAX).await;
            self.ahead = more.context("the checkpoints cannot be read")?.into();
        }
        if self.ahead.front().is_none_or(|next| next.size != size) {
            let is_due = size.is_multiple_of(SEAL_EVERY_EVENTS);
            return if is_due { Err(self.between("the checkpoint of this size is missing")) } else { Ok(()) };
        }
        let Some(stored) = self.ahead.pop_front() else { return Ok(()) };
        let signed = match Checkpoint::open(&stored.note, self.key) {
            Ok(signed) => signed,
            Err(error) => return Err(self.between(&format!("the checkpoint of {size} events: {error}"))),
        };
        if signed.size != size || *signed.root.bytes() != stored.root {
            return Err(self.between("the checkpoint's note does not say what is stored beside it"));
        }
        if signed.root != self.tree.root() {
            return Err(match self.suspect {
                Some(position) => Finding::at(position, "it is not what was sealed").into(),
                None => self.between("these events are not what was sealed"),
            });
        }
        if self.suspect.take().is_some() {
            return Err(self.between("the events are what was sealed, but a tile of the tree was changed"));
        }
        self.agreed = Some(signed);
        self.agreed_count += 1;
        Ok(())
    }

    fn compare_witness(&mut self) -> Result<(), Ended> {
        let Some(root) = self.witnessed.get(&self.tree.size()) else { return Ok(()) };
        if *root != self.tree.root() {
            return Err(self.between("these events are not what the witness saw"));
        }
        self.witnessed_count += 1;
        Ok(())
    }

    /// Something is wrong behind the last checkpoint that agrees.
    fn between(&self, what: &str) -> Ended {
        let first = self.agreed.as_ref().map_or(0, |agreed| agreed.size) + 1;
        Finding { first: first.min(self.tree.size()), last: self.tree.size(), what: what.to_owned() }.into()
    }

    /// Says how much agrees.
    pub(super) fn tell(&self, report: &mut Report) {
        report.sealed.clone_from(&self.agreed);
        report.checkpoints = self.agreed_count;
        report.witnessed = self.witnessed_count;
    }

    /// Looks whether everything that was sealed was met.
    pub(super) fn finish(&self) -> Result<(), Ended> {
        let agreed = self.agreed.as_ref().map_or(0, |agreed| agreed.size);
        if agreed < self.sealed_until { Err(self.between("the last checkpoint was not met")) } else { Ok(()) }
    }
}
