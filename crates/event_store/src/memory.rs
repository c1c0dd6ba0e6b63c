//! A log that keeps nothing: the same semantics in memory, for tests and for trying things out.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use uuid::Uuid;

use crate::checks::{self, Found, PageQuery};
use crate::lease::Leases;
use crate::seals::{SEALS_PAGE_MAX, SealError, SealStore, Seals, StoredCheckpoint, StoredTile};
use crate::snapshots::{MemorySnapshots, SnapshotStore};
use crate::{
    AppendError, Appended, CommandRecord, Commit, Cursor, EventStore, Filter, Page, Position, RecordedEvent,
    StoreError, StreamId, tail,
};

/// An event store in memory. It is gone when it is dropped.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    leases: Leases,
    head: watch::Sender<Position>,
    snapshots: MemorySnapshots,
}

#[derive(Debug, Default)]
struct State {
    /// The event at position `n` is at index `n - 1`.
    log: Vec<Arc<RecordedEvent>>,
    /// The indexes into `log` of each stream's events.
    streams: HashMap<StreamId, Vec<usize>>,
    commands: HashMap<String, CommandRecord>,
    /// A destroyed secret keeps its name and has no value.
    secrets: HashMap<String, Option<Vec<u8>>>,
    marks: HashMap<String, u64>,
    checkpoints: BTreeMap<u64, StoredCheckpoint>,
    tiles: BTreeMap<(u8, u64), StoredTile>,
    /// How often it was rewound.
    epoch: u64,
    closed: bool,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Makes an empty log.
    pub fn new() -> Self {
        let (leases, snapshots) = (Leases::default(), MemorySnapshots::default());
        Self { state: Mutex::default(), leases, head: watch::Sender::new(Position(0)), snapshots }
    }

    /// Takes back everything behind a position, as a failover to an older copy of the log does: for tests of whoever follows
    /// it. Marks are numbers that may be lost, and stay.
    pub fn rewind_to(&self, end: Position) {
        let mut state = self.state();
        state.rewind_to(end);
        state.epoch += 1;
        self.head.send_replace(end);
    }

    /// No panic leaves the state half changed: everything that can fail is looked at before anything is written.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_state(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if state.closed { Err(checks::closed().store()) } else { Ok(state) }
    }
}

impl State {
    fn head(&self) -> Position {
        Position(count(self.log.len()))
    }

    fn event_at(&self, position: u64) -> Option<Uuid> {
        Some(self.log.get(index(position.checked_sub(1)?))?.event_id)
    }

    fn rewind_to(&mut self, end: Position) {
        self.log.truncate(index(end.0));
        let stored = self.log.len();
        self.streams.values_mut().for_each(|indexes| indexes.retain(|index| *index < stored));
        self.commands.retain(|_, record| record.position <= end);
        self.checkpoints.retain(|size, _| *size <= end.0);
        self.tiles.retain(|(level, index), _| {
            // Each hash of a tile of a level stands for 256 of the level below.
            let last = (index + 1).checked_shl(8 * (u32::from(*level) + 1));
            last.is_some_and(|last| last <= end.0)
        });
    }

    fn append(&mut self, commit: Commit) -> Result<Appended, AppendError> {
        if let Some(record) = commit.command.as_ref().and_then(|command| self.commands.get(&command.id)) {
            return Err(AppendError::DuplicateCommand(record.clone()));
        }
        let indexes = self.streams.entry(commit.stream.clone()).or_default();
        let actual = count(indexes.len());
        if actual != commit.expected {
            return Err(AppendError::WrongVersion { expected: commit.expected, actual });
        }
        let added = commit.events.len();
        indexes.extend(self.log.len()..self.log.len() + added);
        let position = Position(count(self.log.len() + added));
        let appended = Appended { sequence: count(indexes.len()), position };
        let (command, stream) = (commit.command.clone(), commit.stream.clone());
        self.log.extend(tail::recorded(commit, appended).map(Arc::new));
        if let Some(command) = command {
            let record = CommandRecord {
                fingerprint: command.fingerprint,
                stream,
                sequence_first: actual + 1,
                sequence_last: appended.sequence,
                position: appended.position,
            };
            self.commands.insert(command.id, record);
        }
        Ok(appended)
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        checks::check_commit(&commit)?;
        let mut state = self.state();
        if state.closed {
            return Err(checks::closed().append(false));
        }
        checks::check_epoch(&commit, state.epoch)?;
        let appended = state.append(commit)?;
        // Told under the lock, so that the watch never goes back.
        self.head.send_replace(appended.position);
        Ok(appended)
    }

    async fn read_stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        let state = self.state();
        let indexes = state.streams.get(stream).map(Vec::as_slice).unwrap_or_default();
        let wanted = indexes.iter().skip(index(after)).take(checks::to_limit(limit));
        Ok(wanted.filter_map(|&index| state.log.get(index)).map(|event| (**event).clone()).collect())
    }

    async fn read_on(&self, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        let query = PageQuery::of(after, limit, filter);
        let state = self.state();
        let looked_at = state.log.iter().skip(index(after.position.0)).take(crate::PAGE_EVENTS_MAX);
        let wanted = looked_at.filter(|event| filter.wants(event));
        let (head, at) = (state.head(), |position: u64| state.event_at(position));
        let found = Found { head, at_after: at(after.position.0), at_end: at(head.0.min(query.until())) };
        query.page(wanted.take(query.limit).cloned().collect(), found)
    }

    async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError> {
        Ok(self.state().commands.get(id).cloned())
    }

    fn epoch(&self) -> u64 {
        self.state().epoch
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().secrets.get(name).cloned().flatten())
    }

    async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut state = self.open_state()?;
        Ok(state.secrets.entry(name.to_owned()).or_insert_with(|| Some(value.to_vec())).clone())
    }

    async fn secret_destroy(&self, name: &str) -> Result<bool, StoreError> {
        let mut state = self.open_state()?;
        Ok(state.secrets.insert(name.to_owned(), None).flatten().is_some())
    }

    async fn mark(&self, name: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.state().marks.get(name).copied())
    }

    async fn set_mark(&self, name: &str, value: u64) -> Result<(), StoreError> {
        self.open_state()?.marks.insert(name.to_owned(), value);
        Ok(())
    }

    async fn set_mark_after(&self, seen: Cursor, name: &str, value: u64) -> Result<(), StoreError> {
        let mut state = self.open_state()?;
        checks::check_stands(seen, state.event_at(seen.position.0))?;
        state.marks.insert(name.to_owned(), value);
        Ok(())
    }

    fn snapshots(&self) -> Option<&dyn SnapshotStore> {
        Some(&self.snapshots)
    }

    fn seals(&self) -> Option<&dyn SealStore> {
        Some(self)
    }

    async fn lease_take(&self, name: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        let _open = self.open_state()?;
        Ok(self.leases.take(name, owner, time))
    }

    async fn lease_return(&self, name: &str, owner: Uuid) -> Result<(), StoreError> {
        self.leases.give_back(name, owner);
        Ok(())
    }

    async fn close(&self) {
        self.state().closed = true;
    }
}

#[async_trait]
impl SealStore for MemoryStore {
    async fn store_seals(&self, seals: Seals) -> Result<(), SealError> {
        let mut state = self.open_state()?;
        checks::check_stands(seals.seen, state.event_at(seals.seen.position.0))?;
        for asked in &seals.checkpoints {
            if state.checkpoints.get(&asked.size).is_some_and(|stored| stored.root != asked.root) {
                return Err(SealError::of_checkpoint(asked.size));
            }
        }
        for asked in &seals.tiles {
            if state.tiles.get(&(asked.level, asked.index)).is_some_and(|stored| stored.hashes != asked.hashes) {
                return Err(SealError::of_tile(asked.level, asked.index));
            }
        }
        for checkpoint in seals.checkpoints {
            state.checkpoints.entry(checkpoint.size).or_insert(checkpoint);
        }
        for tile in seals.tiles {
            state.tiles.entry((tile.level, tile.index)).or_insert(tile);
        }
        Ok(())
    }

    async fn checkpoints(&self, after: u64, limit: usize) -> Result<Vec<StoredCheckpoint>, StoreError> {
        let state = self.state();
        let behind = state.checkpoints.range(after.saturating_add(1)..).map(|(_, checkpoint)| checkpoint.clone());
        Ok(behind.take(limit.min(SEALS_PAGE_MAX)).collect())
    }

    async fn last_checkpoint(&self) -> Result<Option<StoredCheckpoint>, StoreError> {
        Ok(self.state().checkpoints.last_key_value().map(|(_, checkpoint)| checkpoint.clone()))
    }

    async fn tiles(&self, level: u8, indexes: Range<u64>) -> Result<Vec<StoredTile>, StoreError> {
        let state = self.state();
        let wanted = state.tiles.range((level, indexes.start)..(level, indexes.end)).map(|(_, tile)| tile.clone());
        Ok(wanted.take(SEALS_PAGE_MAX).collect())
    }
}
