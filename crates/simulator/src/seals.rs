//! The log is sealed as in the real shop: each process has a sealer, which ends, stands still and begins anew with it. Nothing
//! of its own goes wrong: whatever happens to it happens to its process.
//!
//! At the end everything that was signed is held against the log as it is stored.

use std::sync::Arc;

use app::clock::Clock;
use app::seal::{SealFailure, Sealer, StoredTree, leaf_hash, public_key};
use async_trait::async_trait;
use event_store::seals::{SEALS_PAGE_MAX, SealError, SealStore, Seals, StoredCheckpoint, StoredTile};
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position, StoreError};
use proof::checkpoint::Checkpoint;
use proof::tiles::GrowingTree;

use crate::clock::ProcessClock;
use crate::ids::SeededIds;
use crate::log::ProcessLog;
use crate::sabotage;
use crate::world::World;

const SEALED: &str = "I6 the log is sealed";
/// What a sealer's ids count as, so that it takes none of those that its process gives.
const SEALERS: u64 = u64::MAX - 2;
/// How many old checkpoints of a world are proven to be the beginning of its newest by what the shop itself would answer.
const PROOFS: u64 = 32;

fn ids(world: &World) -> SeededIds {
    SeededIds::new(world.seed, SEALERS)
}

/// Seals the log for as long as its process lives.
pub(crate) async fn keep(world: Arc<World>, log: Arc<dyn EventStore>, clock: Arc<dyn Clock>) {
    match Sealer::open(log, clock, &ids(&world)).await {
        Ok(sealer) => {
            sealer.run(std::future::pending()).await;
            world.violate(SEALED, "it is sealed no further".to_owned());
        }
        Err(failure) => world.violate(SEALED, format!("a process cannot go on with it: {failure}")),
    }
}

/// Where a process's sealer keeps what it has sealed.
#[async_trait]
impl SealStore for ProcessLog {
    async fn store_seals(&self, seals: Seals) -> Result<(), SealError> {
        self.port.fate.pass().await;
        let seals = sabotage::seals(&self.port.world, seals);
        let stored = self.sealed().store_seals(seals).await;
        self.port.fate.pass().await;
        stored
    }

    async fn checkpoints(&self, after: u64, limit: usize) -> Result<Vec<StoredCheckpoint>, StoreError> {
        self.port.fate.pass().await;
        self.sealed().checkpoints(after, limit).await
    }

    async fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        self.port.fate.pass().await;
        self.sealed().last_checkpoint().await
    }

    async fn tiles(&self, level: u8, indexes: std::ops::Range<u64>) -> Result<Vec<StoredTile>, StoreError> {
        self.port.fate.pass().await;
        self.sealed().tiles(level, indexes).await
    }
}

impl ProcessLog {
    fn sealed(&self) -> &dyn SealStore {
        self.port.world.log.store.seals().expect("memory keeps seals")
    }
}

/// Seals what is left, and compares everything that was ever signed with the log as it is stored: who signed it, and its root
/// over a tree of our own, so that the log of each old checkpoint is the beginning of the log of the newest. Of some, evenly
/// spread, the shop's own proof of that is tried too: it reads whole tiles for each.
pub(crate) async fn check(world: &World) {
    if let Err(failure) = compare(world).await {
        world.violate(SEALED, failure.to_string());
    }
}

async fn compare(world: &World) -> Result<(), SealFailure> {
    let clock = Arc::new(ProcessClock::new(world.clock.clone()));
    Sealer::open(world.log.store.clone(), clock, &ids(world)).await?.seal().await?;
    let log = &*world.log.store;
    let (key, tree) = (public_key(log).await?, StoredTree::new(log)?);
    let newest = tree.checkpoint(None).await?;
    let broken = |size: u64, what: &str| Err(SealFailure::Broken(format!("the checkpoint of {size} events {what}")));
    if newest.size != world.log.length() {
        return broken(newest.size, "is the last one, and the log is longer");
    }
    // No old checkpoint before this size is proven.
    let (mut own, mut after, mut unproven) = (Own::default(), 0, 0);
    let step = newest.size.div_ceil(PROOFS);
    while after < newest.size {
        let page = world.log.store.seals().ok_or(SealFailure::NotSealed)?.checkpoints(after, SEALS_PAGE_MAX).await?;
        for stored in &page {
            let size = stored.size;
            let Ok(signed) = Checkpoint::open(&stored.note, &key) else { return broken(size, "is not signed") };
            let root = own.root_at(world, size).await?;
            if (signed.size, *signed.root.bytes()) != (size, stored.root) || signed.root != root {
                return broken(size, "is not of what is stored");
            }
            if size >= unproven {
                tree.consistency_of(stored, &newest).await?;
                unproven = size + step;
            }
            after = size;
        }
    }
    Ok(())
}

/// A tree of our own over what is stored.
#[derive(Default)]
struct Own(GrowingTree);

impl Own {
    async fn root_at(&mut self, world: &World, size: u64) -> Result<proof::Hash, SealFailure> {
        while self.0.size() < size {
            let limit = usize::try_from(size - self.0.size()).unwrap_or(PAGE_EVENTS_MAX).min(PAGE_EVENTS_MAX);
            let page = world.log.store.read_all(Position(self.0.size()), limit, &Filter::default()).await?;
            page.events.iter().for_each(|event| _ = self.0.push(leaf_hash(event)));
        }
        Ok(self.0.root())
    }
}
