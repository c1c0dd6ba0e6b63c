//! What proves the log: signed checkpoints and proofs, verifiable without us.

use app::actor::Permission;
use app::error::AppError;
use app::seal::{StoredCheckpoint, StoredTree};
use async_graphql::{Context, Object, Result, SimpleObject};
use domain::values::Timestamp;

use super::types::Event;
use crate::graphql::call::Call;
use crate::graphql::errors::failure;
use crate::graphql::log::shown;
use crate::graphql::scalars::{DateTime, Position, SafeInt};
use crate::http::error::ErrorCode as FailureCode;

/// What the log was at a size, signed (C2SP tlog-checkpoint, Ed25519).
#[derive(Clone, Debug, SimpleObject)]
pub struct Checkpoint {
    /// How many events it covers.
    pub size: u64,
    /// The root of the Merkle tree over them (RFC 6962), base64.
    pub root: String,
    /// The signed note: keep it, and verify it offline with the log's public key.
    pub note: String,
    /// When it was signed; not part of what is signed.
    pub time: DateTime,
}

/// That an event is in the log as a checkpoint has it (RFC 9162, section 2.1.3.2).
#[derive(Clone, Debug, SimpleObject)]
pub struct InclusionProof {
    /// The event's place among the leaves, from 0.
    pub leaf_index: u64,
    /// The bytes that are hashed, base64; docs/verify.py shows how they are made from an event.
    pub leaf: String,
    /// The hashes beside the way from the leaf to the root, base64.
    pub path: Vec<String>,
    /// The event.
    pub event: Event,
    /// The checkpoint that they lead to.
    pub checkpoint: Checkpoint,
}

/// That the log of the second checkpoint begins with the log of the first (RFC 9162, section 2.1.4.2).
#[derive(Clone, Debug, SimpleObject)]
pub struct ConsistencyProof {
    /// The earlier one.
    pub first: Checkpoint,
    /// The later one.
    pub second: Checkpoint,
    /// The hashes of the proof, base64.
    pub path: Vec<String>,
}

impl From<StoredCheckpoint> for Checkpoint {
    fn from(stored: StoredCheckpoint) -> Self {
        let root = app::seal::root_of(&stored);
        let time = DateTime(Timestamp::from_micros(stored.sealed_at));
        Self { size: stored.size, root, note: stored.note, time }
    }
}

/// Reading what proves the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct SealQuery;

fn size_of(size: SafeInt) -> Result<u64> {
    let wrong = || FailureCode::BadRequest.error("a size is a number of events, from 1");
    u64::try_from(size.0).ok().filter(|size| *size > 0).ok_or_else(wrong)
}

#[Object]
impl SealQuery {
    /// The first checkpoint that covers so many events; left out, the last one. Needs `AUDIT_READ`.
    async fn checkpoint(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many events.")] size: Option<SafeInt>,
    ) -> Result<Checkpoint> {
        let call = Call::with(ctx, Permission::AuditRead)?;
        let size = size.map(size_of).transpose()?;
        let tree = StoredTree::new(&**call.state.shop.bus.store()).map_err(refused)?;
        Ok(tree.checkpoint(size).await.map_err(refused)?.into())
    }

    /// Proves that an event is in the log, to the first checkpoint that covers so many events and it; left out, the last
    /// one. Needs `AUDIT_READ`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn inclusion_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The event's position.")] position: Position,
        #[graphql(desc = "How many events the checkpoint covers at least.")] size: Option<SafeInt>,
    ) -> Result<InclusionProof> {
        let call = Call::with(ctx, Permission::AuditRead)?;
        let size = size.map(size_of).transpose()?;
        let tree = StoredTree::new(&**call.state.shop.bus.store()).map_err(refused)?;
        let proven = tree.inclusion(position.0, size).await.map_err(refused)?;
        Ok(InclusionProof {
            leaf_index: position.0 - 1,
            leaf: app::seal::leaf_text(&proven.event),
            path: proven.path.iter().map(ToString::to_string).collect(),
            event: shown(&proven.event).map_err(failure)?,
            checkpoint: proven.checkpoint.into(),
        })
    }

    /// Proves that the log only grew from the first checkpoint that covers so many events to another. Needs `AUDIT_READ`.
    #[graphql(complexity = "50 + child_complexity")]
    async fn consistency_proof(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many events the earlier one covers at least.")] first: SafeInt,
        #[graphql(desc = "How many events the later one covers at least; left out, the last one.")] second: Option<
            SafeInt,
        >,
    ) -> Result<ConsistencyProof> {
        let call = Call::with(ctx, Permission::AuditRead)?;
        let (first, second) = (size_of(first)?, second.map(size_of).transpose()?);
        if second.is_some_and(|second| second < first) {
            return Err(FailureCode::BadRequest.error("the first checkpoint must not be the larger one"));
        }
        let tree = StoredTree::new(&**call.state.shop.bus.store()).map_err(refused)?;
        let first = tree.checkpoint(Some(first)).await.map_err(refused)?;
        let second = tree.checkpoint(second).await.map_err(refused)?;
        let path = tree.consistency_of(&first, &second).await.map_err(refused)?;
        let path = path.iter().map(ToString::to_string).collect();
        Ok(ConsistencyProof { first: first.into(), second: second.into(), path })
    }
}

fn refused(failure_of_seal: app::seal::SealFailure) -> async_graphql::Error {
    failure(AppError::from(failure_of_seal))
}
