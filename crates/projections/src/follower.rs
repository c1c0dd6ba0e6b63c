//! One generation of one projection, moved on batch by batch.

use std::sync::Arc;

use event_store::{Cursor, EventStore, Filter, Page, Position, StoreError};
use uuid::Uuid;

use crate::event::Event;
use crate::projection::{KEY_ROUNDS_MAX, Projection};
use crate::rows::{ReadError, ReadStore, Step, Wanted, generations};
use crate::working::{FoldError, Working};

/// The most events folded in one transaction, as many as a page of the feed may hold: what is far behind pays for few
/// transactions, and a row that many events change is written once. At the end of the log there are never so many.
pub const BATCH_EVENTS_MAX: usize = event_store::PAGE_EVENTS_MAX;
/// A checkpoint is stored without any row when it has fallen this many positions behind.
const CHECKPOINT_LAG_MAX: u64 = 10_000;
/// After so many events a fold lets other tasks run.
const EVENTS_PER_TURN: usize = 64;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    Done,
    /// Someone else moved or dropped this generation: nothing was written.
    Overtaken,
}

/// Why a batch was not applied. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApplyError {
    #[error("event {event_type} at position {position} cannot be folded")]
    Fold { position: Position, event_type: String, source: FoldError },
    #[error(transparent)]
    Read(#[from] ReadError),
}

#[derive(Clone)]
pub(crate) struct Follower {
    pub(crate) projection: Arc<dyn Projection>,
    pub(crate) generation: i64,
    /// The checkpoint in the store.
    pub(crate) stored: u64,
    /// Everything up to here is applied. Beyond the checkpoint there were only events that this projection does not read.
    pub(crate) position: u64,
    /// The event that stood there, where it is known.
    pub(crate) seen: Option<Uuid>,
    /// Up to here its rows may have changed; since then there were only events that it does not read.
    pub(crate) changed: u64,
}

/// Reads a page of the feed for projections that stand at the same position.
pub(crate) async fn read_page(
    log: &dyn EventStore,
    after: Cursor,
    limit: usize,
    projections: &[&Follower],
) -> Result<Page, StoreError> {
    let mut kinds: Vec<String> = Vec::new();
    for kind in projections.iter().flat_map(|follower| follower.projection.kinds()) {
        if !kinds.iter().any(|known| known == kind) {
            kinds.push((*kind).to_owned());
        }
    }
    log.read_on(after, limit, &Filter { kinds }).await
}

impl Follower {
    /// Returns from where it reads on.
    pub(crate) fn cursor(&self) -> Cursor {
        Cursor { position: Position(self.position), event: self.seen }
    }

    /// Applies a page that ends at `next`: its rows and the checkpoint in one transaction.
    pub(crate) async fn apply(
        &mut self,
        store: &ReadStore,
        events: &[Event],
        next: Cursor,
    ) -> Result<Applied, ApplyError> {
        let relevant: Vec<&Event> = events.iter().filter(|event| self.reads(event)).collect();
        if relevant.is_empty() && next.position.0.saturating_sub(self.stored) < CHECKPOINT_LAG_MAX {
            (self.position, self.seen) = (next.position.0, next.event);
            return Ok(Applied::Done);
        }
        let mut rows = Working::new(self.projection.tables());
        self.read_rows(store, &relevant, &mut rows).await?;
        for turn in relevant.chunks(EVENTS_PER_TURN) {
            for event in turn {
                self.projection.apply(event, &mut rows).map_err(|source| cannot_fold(event, source))?;
            }
            tokio::task::yield_now().await;
        }
        let has_news = !relevant.is_empty();
        let applied = self.write(store, rows, next).await?;
        if has_news && applied == Applied::Done {
            self.changed = next.position.0;
        }
        Ok(applied)
    }

    fn reads(&self, event: &Event) -> bool {
        let (kinds, types, recorded) = (self.projection.kinds(), self.projection.event_types(), event.recorded());
        kinds.contains(&&*recorded.stream.kind) && (types.is_empty() || types.contains(&recorded.event_type.as_str()))
    }

    /// Stores the checkpoint as it is known here.
    pub(crate) async fn save(&mut self, store: &ReadStore) -> Result<Applied, ApplyError> {
        if self.stored == self.position {
            return Ok(Applied::Done);
        }
        self.write(store, Working::new(&[]), self.cursor()).await
    }

    async fn read_rows(&self, store: &ReadStore, events: &[&Event], rows: &mut Working) -> Result<(), ApplyError> {
        let unreadable = || events.iter().find(|event| event.body().is_err());
        let blame = |source| match unreadable().or(events.first()) {
            Some(event) => cannot_fold(event, source),
            None => ApplyError::Fold { position: Position(self.position), event_type: String::new(), source },
        };
        for _round in 0..KEY_ROUNDS_MAX {
            self.projection.keys(events, rows).map_err(blame)?;
            let wanted = rows.take_wanted();
            if wanted.is_empty() {
                break;
            }
            let tables: Vec<_> = wanted.iter().map(|(table, _)| *table).collect();
            let wanted = wanted.into_iter().map(|(table, keys)| Wanted {
                table,
                physical: table.physical(self.generation),
                keys,
            });
            let found = store.load(wanted.collect()).await?;
            for (table, found) in tables.into_iter().zip(found) {
                rows.fill(table, found).map_err(blame)?;
            }
        }
        Ok(())
    }

    async fn write(&mut self, store: &ReadStore, rows: Working, next: Cursor) -> Result<Applied, ApplyError> {
        // The checkpoint first: whoever comes second waits here and then has nothing to take back.
        let name = self.projection.name();
        let to = next.position.0;
        let mut steps = vec![generations::advance(store.dialect(), name, self.generation, self.stored, to)];
        if let (true, Some(event)) = (store.is_beside_log(), next.event) {
            // Rows of an event that is gone must not be in the copy of the log that took over.
            steps.push(generations::stands(next.position, event));
        }
        for changes in rows.into_changes() {
            let (table, physical) = (changes.table, changes.table.physical(self.generation));
            if !changes.rows.is_empty() {
                steps.push(Step::Upsert { table, physical: physical.clone(), rows: changes.rows });
            }
            if !changes.deleted.is_empty() {
                steps.push(Step::Delete { table, physical, keys: changes.deleted });
            }
        }
        if !store.transact(steps).await? {
            return Ok(Applied::Overtaken);
        }
        (self.stored, self.position, self.seen) = (to, to, next.event);
        Ok(Applied::Done)
    }
}

fn cannot_fold(event: &Event, source: FoldError) -> ApplyError {
    let recorded = event.recorded();
    ApplyError::Fold { position: recorded.position, event_type: recorded.event_type.clone(), source }
}
