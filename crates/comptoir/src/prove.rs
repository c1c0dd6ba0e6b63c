//! `comptoir prove`: a proof that an event is in the log, or that the log has only grown, as one JSON text that needs
//! nothing else but the log's key to be verified.

use anyhow::{Context, bail};
use app::seal::{StoredTree, leaf_text, public_key};
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position};
use proof::Hash;
use proof::checkpoint::Checkpoint;
use serde::Serialize;
use uuid::Uuid;

use crate::progress::Console;

/// That an event is in the log. Verify it by RFC 9162, section 2.1.3.2: the leaf's hash is SHA-256 of a zero byte and `leaf`,
/// and the path leads from it to the root in `checkpoint`, which `key` has signed (C2SP tlog-checkpoint).
#[derive(Debug, Serialize)]
struct InclusionProof {
    format: &'static str,
    key: String,
    /// From 0.
    leaf_index: u64,
    /// Base64; see crates/proof/src/leaf.rs.
    leaf: String,
    path: Vec<String>,
    checkpoint: String,
}

/// That the log of `second` begins with the log of `first` (RFC 9162, section 2.1.4.2).
#[derive(Debug, Serialize)]
struct ConsistencyProof {
    format: &'static str,
    key: String,
    first: String,
    second: String,
    path: Vec<String>,
}

fn texts(path: &[Hash]) -> Vec<String> {
    path.iter().map(ToString::to_string).collect()
}

/// Proves that an event, given by its position or its id, is in the log. An id is looked for from the end of the log.
///
/// # Errors
/// When there is no such event, it is not sealed yet, or the log is not what was sealed.
pub async fn inclusion(store: &dyn EventStore, event: &str, console: &Console) -> anyhow::Result<String> {
    let position = match (event.parse::<u64>(), event.parse::<Uuid>()) {
        (Ok(position), _) => position,
        (_, Ok(id)) => find(store, id, console).await?,
        _ => bail!("{event} is neither a position such as 42 nor an event's id"),
    };
    let proven = StoredTree::new(store)?.inclusion(position, None).await?;
    let proof = InclusionProof {
        format: "comptoir-inclusion-v1",
        key: public_key(store).await?.to_string(),
        leaf_index: position - 1,
        leaf: leaf_text(&proven.event),
        path: texts(&proven.path),
        checkpoint: proven.checkpoint.note,
    };
    serde_json::to_string_pretty(&proof).context("the proof cannot be written")
}

/// Looks for an event by its id, from the end of the log: whoever asks for one has mostly just seen it.
async fn find(store: &dyn EventStore, id: Uuid, console: &Console) -> anyhow::Result<u64> {
    let head = store.head().borrow().0;
    let (task, mut until) = (console.task("events", head), head);
    while until > 0 {
        let after = until.saturating_sub(PAGE_EVENTS_MAX as u64);
        let page = store.read_all(Position(after), PAGE_EVENTS_MAX, &Filter::default()).await?;
        if let Some(found) = page.events.iter().find(|event| event.event_id == id) {
            return Ok(found.position.0);
        }
        task.add(until - after);
        until = after;
    }
    bail!("there is no event {id} in the log")
}

/// Proves that the log has only grown since a checkpoint.
///
/// # Errors
/// When it has not, or the checkpoint is not one of this log.
pub async fn consistency(store: &dyn EventStore, since: &str) -> anyhow::Result<String> {
    let (tree, key) = (StoredTree::new(store)?, public_key(store).await?);
    let first = Checkpoint::open(since, &key).context("the checkpoint to begin from")?;
    let last = tree.checkpoint(None).await?.note;
    let second = Checkpoint::open(&last, &key).context("the last checkpoint")?;
    let path = texts(&tree.consistency(&first, &second).await?);
    let proof = ConsistencyProof {
        format: "comptoir-consistency-v1",
        key: key.to_string(),
        first: since.to_owned(),
        second: last,
        path,
    };
    serde_json::to_string_pretty(&proof).context("the proof cannot be written")
}
