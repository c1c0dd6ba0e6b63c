//! The log is sealed: every event is a leaf of one Merkle tree in the order of the log, and signed checkpoints say which
//! root it had at which size (crate `proof`, docs/adr/0013).
//!
//! * [`Sealer`] follows the log, signs, and stores checkpoints and tiles beside it.
//! * [`Witness`] shows checkpoints to someone outside, whom nobody here can make forget them.
//! * [`StoredTree`] answers from the tiles: proofs that an event is in the log, that the log has only grown.
//!
//! The signing key is a secret of the store. Whoever can read and rewrite the whole database can therefore sign another
//! history; a witness, or anyone who kept a checkpoint, sees that it is another one.

mod sealer;
mod stored_tree;
#[cfg(test)]
mod tests;
mod witness;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event_store::seals::SealError;
pub use event_store::seals::StoredCheckpoint;
use event_store::{EventStore, RecordedEvent, StoreError};
use proof::Hash;
use proof::checkpoint::log_signer;
use proof::leaf::Leaf;
use proof::note::{Signer, VerifierKey};
use proof::tree::hash_leaf;

use crate::error::{AppError, Refused};
use crate::ids::Ids;

pub use sealer::{SEAL_EVERY_EVENTS, SEAL_EVERY_SECONDS, Sealer};
pub use stored_tree::{Inclusion, StoredTree};
pub use witness::{Witness, WitnessRunner};

/// The name of the signing key among the store's secrets: 32 bytes, the seed of RFC 8032.
const SIGNING_SECRET: &str = "log_signing";

/// Why the log could not be sealed, or a proof not be given.
#[derive(Debug, thiserror::Error)]
pub enum SealFailure {
    /// The store keeps no seals.
    #[error("the log of this store is not sealed")]
    NotSealed,
    /// The signing key was destroyed or is no key.
    #[error("the key that signs the log is destroyed or damaged")]
    NoKey,
    /// What was asked for lies beyond what is sealed.
    #[error("only the first {sealed} events are sealed yet: ask for one of them, or again in {SEAL_EVERY_SECONDS} s")]
    Beyond {
        /// How many events are sealed.
        sealed: u64,
    },
    /// The log, its tree and its checkpoints do not agree.
    #[error("the log is not what was sealed: {0}; run comptoir verify")]
    Broken(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SealError> for SealFailure {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Differs(what) => Self::Broken(format!("{what} differs")),
            SealError::Store(error) => Self::Store(error),
        }
    }
}

impl From<SealFailure> for AppError {
    fn from(failure: SealFailure) -> Self {
        match failure {
            SealFailure::NotSealed | SealFailure::Beyond { .. } => {
                AppError::Refused(Refused::new("NOT_SEALED", failure.to_string()))
            }
            SealFailure::Store(error) => error.into(),
            SealFailure::NoKey | SealFailure::Broken(_) => AppError::broken(failure),
        }
    }
}

/// Returns the bytes of an event's leaf.
pub fn leaf_of(event: &RecordedEvent) -> Vec<u8> {
    Leaf {
        position: event.position.0,
        kind: &event.stream.kind,
        id: &event.stream.id,
        sequence: event.sequence,
        event_id: *event.event_id.as_bytes(),
        event_type: &event.event_type,
        event_version: &event.event_version,
        recorded_at: event.recorded_at,
        payload: event.payload.get(),
        metadata: event.metadata.get(),
    }
    .encoded()
}

/// Returns the bytes of an event's leaf as base64.
pub fn leaf_text(event: &RecordedEvent) -> String {
    STANDARD.encode(leaf_of(event))
}

/// Returns the root of a checkpoint as base64.
pub fn root_of(checkpoint: &StoredCheckpoint) -> String {
    Hash::new(checkpoint.root).to_string()
}

/// Returns the hash of an event's leaf.
pub fn leaf_hash(event: &RecordedEvent) -> Hash {
    hash_leaf(&leaf_of(event))
}

/// Returns the signer of the log; its key is made the first time.
///
/// # Errors
/// [`SealFailure`] when the store fails or the key was destroyed.
pub async fn open_signer(store: &dyn EventStore, ids: &dyn Ids) -> Result<Signer, SealFailure> {
    let seed = store.secret_or_insert(SIGNING_SECRET, &ids.secret()).await?.ok_or(SealFailure::NoKey)?;
    log_signer(&seed).ok_or(SealFailure::NoKey)
}

/// Returns the public key that the log's checkpoints are verified with, as the store has it.
///
/// # Errors
/// [`SealFailure`] when the store fails or the log was never sealed.
pub async fn public_key(store: &dyn EventStore) -> Result<VerifierKey, SealFailure> {
    let seed = store.secret(SIGNING_SECRET).await?.ok_or(SealFailure::NoKey)?;
    Ok(log_signer(&seed).ok_or(SealFailure::NoKey)?.key().clone())
}
