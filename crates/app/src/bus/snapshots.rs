//! State snapshots: long streams are not folded from their beginning each time.
//!
//! A snapshot is what a stream's first events fold to. It is asked for only where a stream turns out to be long, and used
//! only where this very code folded it (a fingerprint), of this very stream (the id of its last event), and its bytes are
//! whole (a digest). Anything else is ignored, told, and the stream is folded from its first event. They are written
//! behind the shop's back by [`Bus::keep_snapshots`], which its owner runs and joins. Personal data is in them as it is in
//! events: sealed.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::decider::{Decider, Refusal};
use event_store::snapshots::{SnapshotStore, StateSnapshot};
use event_store::{EventStore, StreamId};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Bus, Loaded, Until};

/// After how many events of a stream a snapshot is taken, and again. Shorter streams never ask for one.
pub const SNAPSHOT_EVENTS: u64 = 1_000;

/// The largest state that is kept, bytes; a larger one is folded each time.
pub const SNAPSHOT_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The most streams that wait for their snapshot to be written; beyond it further ones have to come again.
const WAITING_MAX: usize = 256;

type Bytes = Result<Vec<u8>, serde_json::Error>;

/// A state to be written.
struct Wish {
    sequence: u64,
    last_event: Uuid,
    bytes: Box<dyn FnOnce() -> Bytes + Send>,
}

/// What waits to be written.
pub(super) struct Snapshots {
    every: u64,
    waiting: Mutex<HashMap<StreamId, Wish>>,
    wished: Notify,
}

impl Default for Snapshots {
    fn default() -> Self {
        Self { every: SNAPSHOT_EVENTS, waiting: Mutex::default(), wished: Notify::new() }
    }
}

impl Snapshots {
    /// Returns how many events of a stream are read before its snapshot is asked for.
    pub(super) fn first_page(&self) -> usize {
        usize::try_from(self.every).unwrap_or(usize::MAX)
    }

    /// Takes note of a state after an append or a fold that began `since` events ago, where it is time for a snapshot.
    pub(super) fn note<D>(&self, stream: &StreamId, loaded: &Loaded<D>, since: u64, last_event: Option<Uuid>)
    where
        D: Decider,
        D::Error: Refusal,
    {
        let is_due = loaded.version / self.every > since / self.every;
        let Some(last_event) = last_event.filter(|_| is_due) else { return };
        let (state, sequence) = (loaded.state.clone(), loaded.version);
        let mut waiting = self.waiting();
        if waiting.len() < WAITING_MAX || waiting.contains_key(stream) {
            let bytes = Box::new(move || serde_json::to_vec(&*state));
            waiting.insert(stream.clone(), Wish { sequence, last_event, bytes });
            self.wished.notify_one();
        }
    }

    /// Finds a state to go on from that is not beyond what is wanted.
    pub(super) async fn find<D>(&self, store: &dyn EventStore, stream: &StreamId, until: Until) -> Option<Loaded<D>>
    where
        D: Decider,
        D::Error: Refusal,
    {
        let snapshot = match store.snapshots()?.snapshot(stream).await {
            Ok(snapshot) => snapshot?,
            Err(error) => {
                tracing::warn!(%stream, ?error, "a state snapshot cannot be read, folding all events");
                return None;
            }
        };
        if snapshot.fingerprint != domain::FINGERPRINT {
            // Of another release: nothing is wrong with it.
            return None;
        }
        match checked::<D>(store, stream, &snapshot, until).await {
            Ok(state) => Some(Loaded { state: Arc::new(state?), version: snapshot.sequence }),
            Err(why) => {
                tracing::warn!(%stream, sequence = snapshot.sequence, why, "a state snapshot is ignored");
                None
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<StreamId, Wish>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what waits now.
    async fn write(&self, store: &dyn SnapshotStore) {
        let wishes = std::mem::take(&mut *self.waiting());
        for (stream, wish) in wishes {
            if let Err(error) = kept(store, &stream, wish).await {
                tracing::warn!(%stream, ?error, "a state snapshot was not kept");
            }
        }
    }
}

/// Returns the state of a snapshot that is what it says; `None` where it is of a later moment than is wanted.
async fn checked<D>(
    store: &dyn EventStore,
    stream: &StreamId,
    snapshot: &StateSnapshot,
    until: Until,
) -> Result<Option<D>, &'static str>
where
    D: Decider,
    D::Error: Refusal,
{
    let before = snapshot.sequence.checked_sub(1).ok_or("it is of no event")?;
    let last = store.read_stream(stream, before, 1).await.map_err(|_| "its last event cannot be read")?;
    let last = last.first().ok_or("it lies beyond the end of its stream")?;
    if last.event_id != snapshot.last_event {
        return Err("its last event is another one");
    }
    if !until.wants(last) {
        return Ok(None);
    }
    if <[u8; 32]>::from(Sha256::digest(&snapshot.state)) != snapshot.sha256 {
        return Err("its bytes are not those that were written");
    }
    serde_json::from_slice(&snapshot.state).map(Some).map_err(|_| "it is no such state")
}

async fn kept(
    store: &dyn SnapshotStore,
    stream: &StreamId,
    wish: Wish,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let state = tokio::task::spawn_blocking(wish.bytes).await??;
    if state.len() > SNAPSHOT_BYTES_MAX {
        return Err(format!("it is longer than {SNAPSHOT_BYTES_MAX} bytes").into());
    }
    let snapshot = StateSnapshot {
        sequence: wish.sequence,
        last_event: wish.last_event,
        fingerprint: domain::FINGERPRINT.to_owned(),
        sha256: Sha256::digest(&state).into(),
        state,
    };
    Ok(store.keep_snapshot(stream, snapshot).await?)
}

impl Bus {
    /// Takes a snapshot each time a stream has grown by so many events, at least one.
    #[must_use]
    pub fn with_snapshots_every(mut self, events: u64) -> Self {
        self.snapshots.every = events.max(1);
        self
    }

    /// Writes the state snapshots that have become due, until shutdown. Without it none are written.
    pub async fn keep_snapshots(&self, shutdown: impl Future<Output = ()>) {
        let Some(store) = self.store.snapshots() else { return };
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                () = self.snapshots.wished.notified() => self.snapshots.write(store).await,
            }
        }
    }

    /// Writes the state snapshots that have become due by now.
    pub async fn keep_due_snapshots(&self) {
        if let Some(store) = self.store.snapshots() {
            self.snapshots.write(store).await;
        }
    }
}
