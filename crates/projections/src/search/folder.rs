//! The index folder: which position and which fold it has reached, and whether it can be gone on with.

use std::fs;
use std::path::{Path, PathBuf};

use event_store::{Cursor, EventStore, Filter, Position, RecordedEvent, StreamId};
use serde::{Deserialize, Serialize};
use tantivy::directory::MmapDirectory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy};
use tantivy::store::Compressor;
use tantivy::{Index, IndexSettings, IndexWriter};
use uuid::Uuid;

use super::SearchError;
use super::analysis;
use super::schema::{VERSION, schema};

/// The memory the writer fills before it writes a segment, bytes.
const WRITER_BYTES: usize = 20_000_000;
/// This many segments of a size are merged into one.
const MERGED_SEGMENTS_MIN: usize = 4;
/// Segments below this many documents count as of one size.
const SMALL_SEGMENT_DOCUMENTS: u32 = 5_000;
/// A segment is written anew when this share of it is deleted.
const DELETED_SHARE_MAX: f32 = 0.3;
/// The size of a block of remembered records, bytes: one is read to fold one product.
const STATE_BLOCK_BYTES: usize = 8_192;

/// What a commit says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    /// The fold's version.
    pub(super) version: u32,
    /// Every event up to here is in the index.
    pub(super) position: u64,
    /// The event that stood there, where it is known; older indexes do not say.
    #[serde(default)]
    pub(super) seen: Option<Uuid>,
    /// The last event that changed it and its position, to notice that the log is another one.
    pub(super) last: Option<LastEvent>,
}

/// An event that was folded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LastEvent {
    kind: String,
    id: String,
    sequence: u64,
    position: u64,
    event_id: String,
}

impl LastEvent {
    /// Notes what an event is found by.
    pub(super) fn of(event: &RecordedEvent) -> Self {
        Self {
            kind: event.stream.kind.to_string(),
            id: event.stream.id.to_string(),
            sequence: event.sequence,
            position: event.position.0,
            event_id: event.event_id.to_string(),
        }
    }

    /// Returns the event itself, as it stands in the log.
    pub(super) fn cursor(&self) -> Cursor {
        Cursor { position: Position(self.position), event: self.event_id.parse().ok() }
    }
}

impl Reached {
    /// Returns where an empty index stands.
    pub(super) fn nothing() -> Self {
        Self { version: VERSION, position: 0, seen: None, last: None }
    }
}

/// Where an index is kept.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In memory, gone with the process.
    Memory,
    /// In a folder of this process alone.
    Folder(PathBuf),
}

/// Creates an empty index. A folder that exists is emptied first.
pub(super) fn create(place: &Place) -> Result<Index, SearchError> {
    let (schema, _) = schema();
    let settings = IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        docstore_blocksize: STATE_BLOCK_BYTES,
        ..IndexSettings::default()
    };
    let builder = Index::builder().schema(schema).settings(settings);
    let index = match place {
        Place::Memory => builder.create_in_ram()?,
        Place::Folder(folder) => {
            remove(folder)?;
            fs::create_dir_all(folder)?;
            builder.create_in_dir(folder)?
        }
    };
    analysis::register(index.tokenizers());
    Ok(index)
}

/// Opens an index that can be gone on with: same fold, same schema, same log. Nothing when it must be built anew.
pub(super) async fn open(folder: &Path, store: &dyn EventStore) -> Result<Option<(Index, Reached)>, SearchError> {
    let Some((index, reached)) = read(folder) else { return Ok(None) };
    if same_log(&reached, store).await? { Ok(Some((index, reached))) } else { Ok(None) }
}

/// Tells whether a folder holds an index, usable or not.
pub(super) fn is_there(folder: &Path) -> bool {
    folder.join("meta.json").exists()
}

fn read(folder: &Path) -> Option<(Index, Reached)> {
    let opened = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from).and_then(Index::open);
    let index = opened
        .inspect_err(|error| tracing::warn!(%error, "the search index cannot be opened and is built anew"))
        .ok()?;
    let payload = index.load_metas().ok()?.payload;
    let reached: Reached = match payload {
        Some(payload) => serde_json::from_str(&payload).ok()?,
        None => Reached::nothing(),
    };
    if reached.version != VERSION || index.schema() != schema().0 {
        tracing::info!(
            found = reached.version,
            wanted = VERSION,
            "the search index is of another fold and is built anew"
        );
        return None;
    }
    analysis::register(index.tokenizers());
    Some((index, reached))
}

/// Tells whether the log still has the last event where the index saw it.
async fn same_log(reached: &Reached, store: &dyn EventStore) -> Result<bool, SearchError> {
    const ONE_EVENT: usize = 1;
    let Some(last) = &reached.last else { return Ok(reached.position == 0 || reached.position <= head(store).await?) };
    let stream = StreamId::new(&last.kind, &last.id);
    let found = store.read_stream(&stream, last.sequence.saturating_sub(1), ONE_EVENT).await?;
    let same =
        found.first().is_some_and(|event| LastEvent::of(event) == *last) && head(store).await? >= reached.position;
    if !same {
        tracing::warn!(position = last.position, "the search index belongs to another log and is built anew");
    }
    Ok(same)
}

async fn head(store: &dyn EventStore) -> Result<u64, SearchError> {
    const ONE_EVENT: usize = 1;
    Ok(store.read_all(Position(0), ONE_EVENT, &Filter::default()).await?.head.0)
}

/// Returns the folder a new index is built in while the old one is still there.
pub(super) fn sibling(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    folder.with_file_name(name)
}

/// Puts a folder in the place of another.
pub(super) fn replace(old: &Path, new: &Path) -> Result<(), SearchError> {
    remove(old)?;
    fs::rename(new, old)?;
    Ok(())
}

fn remove(folder: &Path) -> Result<(), SearchError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Opens the one writer of an index.
pub(super) fn writer(index: &Index) -> Result<IndexWriter, SearchError> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(WRITER_BYTES)
        .build();
    let writer = index.writer_with_options(options)?;
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(MERGED_SEGMENTS_MIN);
    policy.set_min_layer_size(SMALL_SEGMENT_DOCUMENTS);
    policy.set_del_docs_ratio_before_merge(DELETED_SHARE_MAX);
    writer.set_merge_policy(Box::new(policy));
    Ok(writer)
}
