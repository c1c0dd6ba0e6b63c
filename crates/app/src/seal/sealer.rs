//! Signs what the log has become, every second or 256 events.

use std::sync::Arc;
use std::time::Duration;

use event_store::seals::{Seals, StoredCheckpoint, StoredTile};
use event_store::{Cursor, EventStore, Filter, PAGE_EVENTS_MAX, Position, StoreError};
use proof::checkpoint::Checkpoint;
use proof::note::Signer;
use proof::tiles::{GrowingTree, Tile};
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use super::stored_tree::StoredTree;
use super::{SealFailure, leaf_hash, open_signer};
use crate::clock::Clock;
use crate::ids::Ids;

/// A checkpoint is signed at every multiple of so many events.
pub const SEAL_EVERY_EVENTS: u64 = 256;
/// A checkpoint is signed at latest so long after an event.
pub const SEAL_EVERY_SECONDS: u64 = 1;
/// The longest pause after a failure of the store, seconds; it doubles up to here.
const PAUSE_SECONDS_MAX: u64 = 60;

/// Follows the log and seals it. Several processes may seal one log: at one size all find one root, or say so.
pub struct Sealer {
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    signer: Signer,
    tree: GrowingTree,
    /// The last event in the tree, where it is known.
    seen: Option<Uuid>,
    latest: watch::Sender<Option<Arc<str>>>,
}

impl Sealer {
    /// Goes on where the log was sealed last, after it has looked whether the tree there still has the root that was signed.
    ///
    /// # Errors
    /// [`SealFailure`] when the store fails or keeps no seals, or the log is not what was sealed.
    pub async fn open(store: Arc<dyn EventStore>, clock: Arc<dyn Clock>, ids: &dyn Ids) -> Result<Self, SealFailure> {
        let signer = open_signer(&*store, ids).await?;
        let (tree, last) = sealed(&*store).await?;
        let latest = watch::Sender::new(last.map(|last| last.note.into()));
        Ok(Self { store, clock, signer, tree, seen: None, latest })
    }

    /// Returns the latest checkpoint as a signed note, and each that follows.
    pub fn latest(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.latest.subscribe()
    }

    /// Seals until it is stopped, and once more then. A failure of the store is waited out; a log that is not what was
    /// sealed is told as an error and sealed no further.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut pause = SEAL_EVERY_SECONDS;
        loop {
            let is_over = tokio::select! {
                biased;
                () = &mut stop => true,
                () = self.wait_for_events() => false,
            };
            match self.seal().await {
                Ok(()) => pause = SEAL_EVERY_SECONDS,
                Err(SealFailure::Store(error @ StoreError::LogRewound { .. })) => {
                    tracing::error!(%error, "what was to be sealed is gone: the log is sealed on from where it was sealed last");
                    if let Err(failure) = self.begin_anew().await {
                        tracing::warn!(%failure, "where the log was sealed last cannot be read, trying again");
                    }
                    if is_over || timeout(Duration::from_secs(pause), &mut stop).await.is_ok() {
                        return;
                    }
                }
                Err(SealFailure::Store(error @ StoreError::Unavailable(_))) => {
                    tracing::warn!(%error, "the log could not be sealed and will be later");
                    if is_over || timeout(Duration::from_secs(pause), &mut stop).await.is_ok() {
                        return;
                    }
                    pause = (pause * 2).min(PAUSE_SECONDS_MAX);
                }
                Err(failure) => {
                    tracing::error!(%failure, "the log is sealed no further");
                    return;
                }
            }
            if is_over {
                return;
            }
        }
    }

    /// Returns once there are 256 events to seal, or one second after there is one.
    async fn wait_for_events(&self) {
        let (mut head, size) = (self.store.head(), self.tree.size());
        let next = (size / SEAL_EVERY_EVENTS + 1) * SEAL_EVERY_EVENTS;
        let known = *head.borrow();
        // A store that is gone wakes nobody; whoever stops us comes then. One that goes back is looked at.
        if head.wait_for(|head| head.0 > size || *head < known).await.is_err() {
            std::future::pending::<()>().await;
        }
        let enough = head.wait_for(|head| head.0 >= next);
        let _either = timeout(Duration::from_secs(SEAL_EVERY_SECONDS), enough).await;
    }

    /// Seals everything the log has now, page by page.
    ///
    /// # Errors
    /// [`SealFailure`] when the store fails, or says that other roots were sealed.
    pub async fn seal(&mut self) -> Result<(), SealFailure> {
        loop {
            let after = Cursor { position: Position(self.tree.size()), event: self.seen };
            let page = self.store.read_on(after, PAGE_EVENTS_MAX, &Filter::default()).await?;
            let Some(last) = page.events.last() else { return Ok(()) };
            let (last, seen) = (last.position.0, Cursor::of(last));
            // What is not stored is not sealed: a failure leaves the tree as it was.
            let (mut tree, mut seals) = (self.tree.clone(), Seals { seen, ..Seals::default() });
            for event in &page.events {
                if event.position.0 != tree.size() + 1 {
                    let reason = format!("position {} follows {}", event.position, tree.size());
                    return Err(SealFailure::Broken(reason));
                }
                seals.tiles.extend(tree.push(leaf_hash(event)).iter().map(stored));
                if tree.size().is_multiple_of(SEAL_EVERY_EVENTS) || tree.size() == last {
                    seals.checkpoints.push(self.checkpoint(&tree));
                }
            }
            let latest = seals.checkpoints.last().map(|checkpoint| checkpoint.note.as_str().into());
            self.store.seals().ok_or(SealFailure::NotSealed)?.store_seals(seals).await?;
            (self.tree, self.seen) = (tree, seen.event);
            self.latest.send_replace(latest);
        }
    }

    /// Goes back to what is sealed: an older copy of the log has taken over, with its seals.
    async fn begin_anew(&mut self) -> Result<(), SealFailure> {
        let (tree, last) = sealed(&*self.store).await?;
        (self.tree, self.seen) = (tree, None);
        self.latest.send_replace(last.map(|last| last.note.into()));
        Ok(())
    }

    fn checkpoint(&self, tree: &GrowingTree) -> StoredCheckpoint {
        let (size, root) = (tree.size(), tree.root());
        let note = Checkpoint::signed(size, root, &self.signer);
        StoredCheckpoint { size, root: *root.bytes(), note, sealed_at: self.clock.now().micros() }
    }
}

/// Returns the tree as far as it is sealed, and the last checkpoint, whose root it has.
async fn sealed(store: &dyn EventStore) -> Result<(GrowingTree, Option<StoredCheckpoint>), SealFailure> {
    let last = store.seals().ok_or(SealFailure::NotSealed)?.last_checkpoint().await?;
    let size = last.as_ref().map_or(0, |last| last.size);
    let tree = StoredTree::new(store)?.growing(size).await?;
    match &last {
        Some(last) if *tree.root().bytes() != last.root => {
            Err(SealFailure::Broken(format!("the first {size} events have another root than was sealed")))
        }
        Some(_) | None => Ok((tree, last)),
    }
}

fn stored(tile: &Tile) -> StoredTile {
    StoredTile { level: tile.level, index: tile.index, hashes: tile.bytes() }
}
