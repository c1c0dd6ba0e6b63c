//! What long streams have led to, kept beside the log so that they need not be folded from their beginning. This room
//! does not know what a state is. All of it is disposable: nothing may depend on a snapshot being there.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use crate::{StoreError, StreamId};

/// A state after some events of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateSnapshot {
    /// The last sequence folded into it.
    pub sequence: u64,
    /// The id of the event at that sequence.
    pub last_event: Uuid,
    /// Names the code that folded it: other code may fold to something else.
    pub fingerprint: String,
    /// SHA-256 of the state.
    pub sha256: [u8; 32],
    /// The state.
    pub state: Vec<u8>,
}

/// Keeps at most one snapshot for each stream.
#[async_trait]
pub trait SnapshotStore: Send + Sync {
    /// Reads a stream's snapshot.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails or a row is none of ours.
    async fn snapshot(&self, stream: &StreamId) -> Result<Option<StateSnapshot>, StoreError>;

    /// Keeps a stream's snapshot in the place of the one before.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn keep_snapshot(&self, stream: &StreamId, snapshot: StateSnapshot) -> Result<(), StoreError>;

    /// Drops every snapshot.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn drop_snapshots(&self) -> Result<(), StoreError>;
}

/// Snapshots in memory.
#[derive(Debug, Default)]
pub(crate) struct MemorySnapshots(Mutex<HashMap<StreamId, StateSnapshot>>);

#[async_trait]
impl SnapshotStore for MemorySnapshots {
    async fn snapshot(&self, stream: &StreamId) -> Result<Option<StateSnapshot>, StoreError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(stream).cloned())
    }

    async fn keep_snapshot(&self, stream: &StreamId, snapshot: StateSnapshot) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(stream.clone(), snapshot);
        Ok(())
    }

    async fn drop_snapshots(&self) -> Result<(), StoreError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }
}
