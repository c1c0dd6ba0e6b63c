//! What every backend checks alike: commits before they are stored, pages and streams after they were read. Public is what
//! a backend outside of this crate needs.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::{
    AppendError, BoxError, COMMIT_EVENTS_MAX, Commit, Cursor, Filter, PAGE_EVENTS_MAX, Page, Position, RecordedEvent,
    StoreError, StreamId,
};

/// The most bytes a name may have: a stream's kind or id, an event type or version, a command's id or fingerprint.
/// PostgreSQL refuses index keys beyond about 2,700 bytes; a stream's key holds two of them.
const NAME_BYTES_MAX: usize = 512;
/// The last instant every engine keeps exactly, in microseconds: 2^53, in the year 2255.
const RECORDED_AT_MAX: i64 = 1 << 53;

/// One engine error told to every caller of a batch.
#[derive(Clone, Debug)]
pub(crate) struct SharedError(Arc<dyn std::error::Error + Send + Sync>);

impl SharedError {
    pub(crate) fn new(error: impl Into<BoxError>) -> Self {
        Self(Arc::from(error.into()))
    }

    pub(crate) fn append(&self, in_doubt: bool) -> AppendError {
        AppendError::Unavailable { in_doubt, source: Box::new(self.clone()) }
    }

    pub(crate) fn store(&self) -> StoreError {
        StoreError::Unavailable(Box::new(self.clone()))
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SharedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// The answer to whoever comes after `close`.
pub(crate) fn closed() -> SharedError {
    SharedError::new("the event store is closed")
}

/// The answer when the writer ended without one, which only a panic in it can cause: the commit may be stored.
pub(crate) fn writer_lost() -> SharedError {
    SharedError::new("the writer of the event store has ended")
}

/// Refuses what no engine should be asked to store.
///
/// # Errors
/// [`AppendError::Malformed`] says what is wrong.
pub fn check_commit(commit: &Commit) -> Result<(), AppendError> {
    if commit.events.is_empty() {
        return Err(malformed("it holds no event"));
    }
    if commit.events.len() > COMMIT_EVENTS_MAX {
        return Err(malformed(format!("it holds {} events, more than {COMMIT_EVENTS_MAX}", commit.events.len())));
    }
    if !(0..=RECORDED_AT_MAX).contains(&commit.recorded_at) {
        return Err(malformed(format!("recorded_at {} is out of range", commit.recorded_at)));
    }
    check_name("stream kind", &commit.stream.kind)?;
    check_name("stream id", &commit.stream.id)?;
    if let Some(command) = &commit.command {
        check_name("command id", &command.id)?;
        check_name("command fingerprint", &command.fingerprint)?;
    }
    let mut checked: Option<&str> = None;
    for event in &commit.events {
        check_name("event type", &event.event_type)?;
        check_name("event version", &event.event_version)?;
        let metadata = event.metadata.get();
        // The events of a commit mostly say the same of themselves.
        if checked != Some(metadata) {
            check_metadata(metadata)?;
            checked = Some(metadata);
        }
    }
    Ok(())
}

fn check_metadata(metadata: &str) -> Result<(), AppendError> {
    match serde_json::from_str::<BTreeMap<Cow<'_, str>, Cow<'_, str>>>(metadata) {
        Ok(_) => Ok(()),
        Err(error) => Err(malformed(format!("the metadata is not a flat object of strings: {error}"))),
    }
}

fn check_name(what: &str, name: &str) -> Result<(), AppendError> {
    if name.is_empty() {
        return Err(malformed(format!("the {what} is empty")));
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(malformed(format!("the {what} has {} bytes, more than {NAME_BYTES_MAX}", name.len())));
    }
    if name.contains('\0') {
        return Err(malformed(format!("the {what} holds a NUL character")));
    }
    Ok(())
}

fn malformed(reason: impl Into<String>) -> AppendError {
    AppendError::Malformed(reason.into())
}

/// Asserts that a stream's events follow `after` without a gap.
///
/// # Errors
/// [`StoreError::Corrupt`] where they do not.
pub fn check_stream(stream: &StreamId, after: u64, events: &[RecordedEvent]) -> Result<(), StoreError> {
    let mut previous = after;
    for event in events {
        if event.sequence != previous.saturating_add(1) {
            let reason = format!("in stream {stream} sequence {} follows sequence {previous}", event.sequence);
            return Err(StoreError::Corrupt(reason));
        }
        previous = event.sequence;
    }
    Ok(())
}

/// Asserts that what a reader saw last still stands, where it knows what it saw.
pub(crate) fn check_stands(seen: Cursor, found: Option<Uuid>) -> Result<(), StoreError> {
    match seen {
        Cursor { position, event: Some(seen) } if found != Some(seen) => {
            Err(StoreError::LogRewound { position, seen, found })
        }
        Cursor { .. } => Ok(()),
    }
}

/// Refuses a commit that is based on what was read in another epoch.
pub(crate) fn check_epoch(commit: &Commit, now: u64) -> Result<(), AppendError> {
    match commit.epoch {
        Some(read) if read != now => Err(AppendError::EpochOver { read, now }),
        Some(_) | None => Ok(()),
    }
}

/// What a backend was asked for when it read a page.
#[derive(Clone, Copy)]
pub(crate) struct PageQuery {
    pub(crate) after: Cursor,
    pub(crate) limit: usize,
    /// An empty filter: every position must be there.
    pub(crate) every_kind: bool,
}

/// What a backend found beside the events of a page, in the same snapshot.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) head: Position,
    /// The event where the reader stands.
    pub(crate) at_after: Option<Uuid>,
    /// The event at the end of the log, or at [`PageQuery::until`] where the log is longer.
    pub(crate) at_end: Option<Uuid>,
}

impl PageQuery {
    pub(crate) fn of(after: Cursor, limit: usize, filter: &Filter) -> Self {
        Self { after, limit: to_limit(limit), every_kind: filter.kinds.is_empty() }
    }

    /// The last position the page looks at.
    pub(crate) fn until(&self) -> u64 {
        self.after.position.0.saturating_add(u64::try_from(PAGE_EVENTS_MAX).unwrap_or(u64::MAX))
    }

    /// The page of a log that has not grown since.
    pub(crate) fn nothing_new(self) -> Page {
        let Cursor { position, event } = self.after;
        Page { events: Vec::new(), next: position, next_event: event, head: position }
    }

    /// Makes a page of what was read in one snapshot, and asserts that what the reader saw last still stands and that no
    /// position is missing.
    pub(crate) fn page(self, events: Vec<Arc<RecordedEvent>>, found: Found) -> Result<Page, StoreError> {
        let after = self.after.position;
        let Found { head, at_after, at_end } = found;
        check_stands(self.after, at_after)?;
        let (next, next_event) = match events.last() {
            Some(last) if events.len() >= self.limit => (last.position, Some(last.event_id)),
            _ if self.limit == 0 || head <= after => (after, at_after),
            _ => (Position(head.0.min(self.until())), at_end),
        };
        if self.every_kind {
            let mut previous = after.0;
            for event in &events {
                if event.position.0 != previous.saturating_add(1) {
                    let reason = format!("position {} follows position {previous}", event.position);
                    return Err(StoreError::Corrupt(reason));
                }
                previous = event.position.0;
            }
            if previous != next.0 {
                return Err(StoreError::Corrupt(format!("positions {} to {next} are missing", previous + 1)));
            }
        }
        Ok(Page { events, next, next_event, head })
    }
}

/// Reads a number the engine keeps signed.
pub(crate) fn to_u64(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt(format!("{value} is negative")))
}

/// A bound for a comparison: beyond the engine's largest number nothing is stored.
pub(crate) fn to_bound(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Lowers a limit to a page.
pub fn to_limit(limit: usize) -> usize {
    limit.min(PAGE_EVENTS_MAX)
}

/// Wraps an engine's error.
pub(crate) fn unavailable(error: impl Into<BoxError>) -> StoreError {
    StoreError::Unavailable(error.into())
}
