//! The log: commits, a total order, a feed that never skips. It knows no context.
//!
//! * A **commit** is the events of one stream at an expected version, stored whole or not at all.
//! * **Positions** rise in commit order, so a checkpoint is one number. The backends of this crate number densely
//!   (1, 2, 3 …), and every reader can assert `position == previous + 1`; where [`EventStore::has_dense_positions`] says
//!   otherwise, only positions that the log has given may be read on from, and no arithmetic on them means anything.
//! * A **command id** travels with its commit and is stored in the same transaction: the second append under the
//!   same id is told where the first one landed.
//!
//! Backends: [`memory`], [`sqlite`], [`postgres`]; KurrentDB has a crate of its own, `event_store_kurrentdb`, because its
//! client is heavy. One suite, [`contract`], runs over all of them. [`moments`] finds positions by time. [`cqrs`] lets the
//! tools of `cqrs-es` work on top of any of them.
//!
//! An `append` whose future is dropped is not taken back: once handed to the writer it is stored or refused all the
//! same, so retry with the command id.

pub mod checks;
pub mod contract;
pub mod cqrs;
pub mod fill;
mod heads;
pub mod lease;
pub mod memory;
pub mod moments;
pub mod postgres;
pub mod seals;
pub mod snapshots;
pub mod sqlite;
mod tail;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::value::RawValue;
use tokio::sync::watch;
use uuid::Uuid;

use crate::seals::SealStore;
use crate::snapshots::SnapshotStore;

/// The most events one commit may hold.
pub const COMMIT_EVENTS_MAX: usize = 1_000;
/// The most events one page of a read may hold; a larger `limit` is lowered to it.
pub const PAGE_EVENTS_MAX: usize = 10_000;

/// A place in the log. `Position(0)` is before the first event. Dense and starting at 1, unless
/// [`EventStore::has_dense_positions`] says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where a reader of the whole log stands, and what it saw there.
///
/// A log that fails over may show an event and then be replaced by a copy that never had it (docs/adr/0019); its position is
/// given to another one. A log that holds the same event at a position holds the same events before it, so one identity is
/// enough to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Everything up to here was read.
    pub position: Position,
    /// The event that stood there. `None` where the reader does not know it, such as before the first event, or when only the
    /// position was kept: then the log is not asked whether it stands, and the page read tells which one it is.
    pub event: Option<Uuid>,
}

impl Cursor {
    /// Begins at a position of which nothing else is known.
    pub fn at(position: Position) -> Self {
        Self { position, event: None }
    }

    /// Stands at an event.
    pub fn of(event: &RecordedEvent) -> Self {
        Self { position: event.position, event: Some(event.event_id) }
    }
}

/// A time in which nobody but the holder of a store can write to its log, see [`EventStore::tenure`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tenure {
    /// Tells the tenures of one store apart; it rises.
    pub number: u64,
    /// The end of the log when it began.
    pub since: Position,
}

/// The name of one stream: the aggregate's type (`stock`) and its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// The aggregate type, as in `Aggregate::TYPE`.
    pub kind: Arc<str>,
    /// The aggregate's id, unique within its type.
    pub id: Arc<str>,
}

impl StreamId {
    /// Names the stream of one aggregate.
    pub fn new(kind: &str, id: &str) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.kind, self.id)
    }
}

/// An event on its way into the log. Payload and metadata are JSON text, kept byte for byte.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Chosen by the caller, unique in the log.
    pub event_id: Uuid,
    /// The stored name, such as `stock.reserved`; for ever.
    pub event_type: String,
    /// The schema version of the payload, such as `1`.
    pub event_version: String,
    /// The event itself.
    pub payload: Box<RawValue>,
    /// A flat JSON object of strings: who, why, when, caused by what.
    pub metadata: Box<RawValue>,
}

/// Identifies a command for ever. The same id with the same fingerprint is the same command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandId {
    /// The idempotency key, already scoped to whoever sent it.
    pub id: String,
    /// A hash of the command's input, to tell a retry from a reused key.
    pub fingerprint: String,
}

/// The events of one stream at an expected version.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The stream to append to.
    pub stream: StreamId,
    /// The last sequence the decision was based on; 0 for a new stream.
    pub expected: u64,
    /// At least one, at most [`COMMIT_EVENTS_MAX`].
    pub events: Vec<NewEvent>,
    /// Present when the command must happen at most once.
    pub command: Option<CommandId>,
    /// Microseconds since the Unix epoch, from the caller's clock.
    pub recorded_at: i64,
    /// The [`EventStore::epoch`] in which everything was read that the decision was based on; `None` where nothing was. The
    /// commit is refused in any other one.
    pub epoch: Option<u64>,
}

/// Where a commit landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The stream's last sequence after the commit.
    pub sequence: u64,
    /// The position of the commit's last event.
    pub position: Position,
}

/// Where a command with an id landed, once and for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRecord {
    /// The input hash it was stored with.
    pub fingerprint: String,
    /// The stream it wrote to.
    pub stream: StreamId,
    /// The first sequence it wrote.
    pub sequence_first: u64,
    /// The last sequence it wrote.
    pub sequence_last: u64,
    /// The position of its last event.
    pub position: Position,
}

/// An event as the log holds it.
#[derive(Clone, Debug)]
pub struct RecordedEvent {
    /// Its place in the total order.
    pub position: Position,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream, from 1, without gaps.
    pub sequence: u64,
    /// Unique in the log.
    pub event_id: Uuid,
    /// The stored name.
    pub event_type: String,
    /// The schema version of the payload.
    pub event_version: String,
    /// The stored bytes of the event.
    pub payload: Box<RawValue>,
    /// The stored bytes of the metadata.
    pub metadata: Box<RawValue>,
    /// Microseconds since the Unix epoch. Never an order to rely on.
    pub recorded_at: i64,
}

/// Which events a reader of the whole log wants. An empty filter wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Stream kinds to keep; empty keeps every kind.
    pub kinds: Vec<String>,
}

impl Filter {
    /// Returns whether an event is wanted.
    pub fn wants(&self, event: &RecordedEvent) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|kind| **kind == *event.stream.kind)
    }
}

/// A page of the feed.
#[derive(Clone, Debug)]
pub struct Page {
    /// The wanted events, in order of position; shared, since several readers follow the log at the same time.
    pub events: Vec<Arc<RecordedEvent>>,
    /// Read on after this position; it has moved over unwanted events too.
    pub next: Position,
    /// The event at `next`, wanted or not; `None` where nothing stands there, or the backend cannot tell.
    pub next_event: Option<Uuid>,
    /// The end of the log when the page was read.
    pub head: Position,
}

impl Page {
    /// Returns where to read on, with what stands there.
    pub fn cursor(&self) -> Cursor {
        Cursor { position: self.next, event: self.next_event }
    }
}

/// Why a commit was not stored. Nothing of it is in the log, except where the variant says so.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another commit came first; load again and decide again.
    #[error("the stream is at version {actual}, not at {expected}")]
    WrongVersion {
        /// What the commit was based on.
        expected: u64,
        /// What the stream is at.
        actual: u64,
    },
    /// What the commit goes on from was read before the connection to the log was lost, and may be gone: load again and decide
    /// again.
    #[error("what the commit is based on was read in epoch {read} of the event log, and it is in epoch {now}")]
    EpochOver {
        /// When the basis was read.
        read: u64,
        /// When it was to be stored.
        now: u64,
    },
    /// A command with this id is in the log already.
    #[error("the command is already recorded at position {}", .0.position)]
    DuplicateCommand(CommandRecord),
    /// The commit itself is malformed; retrying cannot help.
    #[error("the commit is malformed: {0}")]
    Malformed(String),
    /// The store could not say. `in_doubt` when the commit may have been stored all the same: retry with the command id.
    #[error("the event store is unavailable")]
    Unavailable {
        /// Whether the commit may be in the log all the same.
        in_doubt: bool,
        /// What the engine said.
        #[source]
        source: BoxError,
    },
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine cannot be reached or refused; trying again may help.
    #[error("the event store is unavailable")]
    Unavailable(#[source] BoxError),
    /// The position to read on from is none that this log has given; only logs without dense positions say so.
    #[error("{0} is no position of this log: use one that it has given")]
    UnknownPosition(Position),
    /// What was read cannot be right, such as a gap in the positions. Never go on after it.
    #[error("the event log is damaged: {0}")]
    Corrupt(String),
    /// The event that a reader saw last is gone: an older copy of the log has taken over. Whoever follows the log begins anew
    /// from what is durable.
    #[error("position {position} of the event log held event {seen} and now holds {}: an older copy of the log has taken \
             over", told(.found))]
    LogRewound {
        /// Where the reader stood.
        position: Position,
        /// What it saw there.
        seen: Uuid,
        /// What stands there now.
        found: Option<Uuid>,
    },
    /// Another process owns the store's files.
    #[error("the event store is in use: {0}")]
    InUse(String),
}

fn told(found: &Option<Uuid>) -> String {
    found.map_or_else(|| "nothing".to_owned(), |event| event.to_string())
}

/// An engine's own error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The log of one shop.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores a commit durably and answers after the disk has it.
    ///
    /// # Errors
    /// See [`AppendError`]; a lost race is `WrongVersion`, a repeated command `DuplicateCommand`.
    async fn append(&self, commit: Commit) -> Result<Appended, AppendError>;

    /// Reads a stream's events with `sequence > after`, at most `limit`, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails or the stream has a gap.
    async fn read_stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, StoreError>;

    /// Reads the whole log after a position: at most `limit` events, looking at no more than [`PAGE_EVENTS_MAX`] positions.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails or positions are not dense.
    async fn read_all(&self, after: Position, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        self.read_on(Cursor::at(after), limit, filter).await
    }

    /// Reads on as [`EventStore::read_all`] does, for whoever follows the log: asks in the same snapshot whether the event that
    /// the reader saw last still stands. Backends that cannot tell give no [`Page::next_event`].
    ///
    /// # Errors
    /// [`StoreError::LogRewound`] when it does not; else as [`EventStore::read_all`].
    async fn read_on(&self, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError>;

    /// Finds where a command landed.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError>;

    /// Returns whether positions are 1, 2, 3 … without gaps. Otherwise they only rise, and `read_all` takes no position but
    /// one that the log has given: of an event, of a commit, or the `next` of a page.
    fn has_dense_positions(&self) -> bool {
        true
    }

    /// Returns whether someone else may write to the log beside whoever holds this value, such as another process, now or
    /// later. Whether anyone can right now, [`EventStore::tenure`] says.
    fn has_other_writers(&self) -> bool {
        true
    }

    /// Returns since when nobody else has written to the log or destroyed a secret, while it is certain that nobody can:
    /// what was known of the log in this tenure is still so. `None` where others may be writing.
    fn tenure(&self) -> Option<Tenure> {
        (!self.has_other_writers()).then(Tenure::default)
    }

    /// Counts the times when an older copy of the log may have taken over from the one that was read: whenever a connection
    /// to it was lost. What was read in one epoch and is kept in memory may not be so in another one. To be asked before a
    /// read. Always the same where no other copy can take over.
    fn epoch(&self) -> u64 {
        0
    }

    /// Returns once it is certain that what a reader has seen stays: a commit after it was acknowledged. For whoever acts
    /// outside of the log on what it has read and has nothing to store before it. A backend that shows only what stays has
    /// nothing to do.
    ///
    /// # Errors
    /// [`StoreError::LogRewound`] when it does not stand there any more, another [`StoreError`] when the engine fails.
    async fn confirm(&self, _seen: Cursor) -> Result<(), StoreError> {
        Ok(())
    }

    /// Wakes readers when the log has grown; it never proves anything. Holds the last known end of the log.
    fn head(&self) -> watch::Receiver<Position>;

    /// Reads a secret: a value that is no event and that may be destroyed, such as a data subject's key.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores a secret durably unless one of that name exists, and returns the one that counts.
    /// Returns `None` when a secret of that name was destroyed: it never comes back.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Destroys a secret's value for ever, durably, leaving its name as a tombstone. Returns whether there was a value.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn secret_destroy(&self, name: &str) -> Result<bool, StoreError>;

    /// Reads a mark: a number a reader left to start from later. It may be older than what was last set, after a crash.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn mark(&self, name: &str) -> Result<Option<u64>, StoreError>;

    /// Leaves a mark.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails.
    async fn set_mark(&self, name: &str, value: u64) -> Result<(), StoreError>;

    /// Leaves a mark that follows from what a reader has seen, in one step with asking whether that still stands: a mark in
    /// an older copy of the log would lead past what it never told. Backends that no other copy can take over from just
    /// leave it.
    ///
    /// # Errors
    /// [`StoreError::LogRewound`] when it does not stand, another [`StoreError`] when the engine fails.
    async fn set_mark_after(&self, _seen: Cursor, name: &str, value: u64) -> Result<(), StoreError> {
        self.set_mark(name, value).await
    }

    /// Returns where state snapshots are kept; `None` for a backend that keeps none, whose streams are always folded whole.
    fn snapshots(&self) -> Option<&dyn SnapshotStore> {
        None
    }

    /// Returns where what proves the log is kept; `None` for a backend whose log is not sealed.
    fn seals(&self) -> Option<&dyn SealStore> {
        None
    }

    /// Takes a lease, or renews it where `owner` holds it, for so long from now by the store's clock. Returns whether
    /// `owner` holds it. See [`lease`].
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails: then the lease may have been taken.
    async fn lease_take(&self, name: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError>;

    /// Gives a lease back where `owner` holds it.
    ///
    /// # Errors
    /// [`StoreError`] when the engine fails: then it ends by itself.
    async fn lease_return(&self, name: &str, owner: Uuid) -> Result<(), StoreError>;

    /// Answers all commits that were accepted, then closes. Later appends are `Unavailable`.
    async fn close(&self);
}
