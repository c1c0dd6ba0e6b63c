//! Lets the tools of `cqrs-es` (its framework, its replay, its test harness) work on any [`EventStore`].
//!
//! Differences to the repositories that `cqrs-es` knows: events of all aggregates of a type are replayed in the order
//! of the log, a replay that fails says so, and there are no snapshots, only events.

use std::borrow::Borrow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use cqrs_es::Aggregate;
use cqrs_es::persist::{
    PersistedEventRepository, PersistenceError, ReplayFeed, ReplayStream, SerializedEvent, SerializedSnapshot,
};
use serde_json::Value;
use serde_json::value::to_raw_value;
use uuid::Uuid;

use crate::{
    AppendError, Commit, EventStore, Filter, NewEvent, PAGE_EVENTS_MAX, Position, RecordedEvent, StoreError, StreamId,
};

/// How many events a replay reads ahead of its consumer.
const REPLAY_EVENTS_MAX: usize = 200;

/// A `cqrs-es` repository on an event store. Use it with `PersistedEventStore::new_event_store`.
#[derive(Clone)]
pub struct CqrsRepository {
    store: Arc<dyn EventStore>,
}

impl CqrsRepository {
    /// Wraps a store.
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store }
    }

    async fn events_after(&self, stream: &StreamId, after: u64) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let (mut events, mut last) = (Vec::new(), after);
        loop {
            let page = self.store.read_stream(stream, last, PAGE_EVENTS_MAX).await.map_err(read_error)?;
            let Some(end) = page.last() else {
                return Ok(events);
            };
            last = end.sequence;
            for event in &page {
                events.push(serialize(event)?);
            }
        }
    }
}

impl PersistedEventRepository for CqrsRepository {
    async fn get_events<A: Aggregate>(&self, aggregate_id: &str) -> Result<Vec<SerializedEvent>, PersistenceError> {
        self.events_after(&StreamId::new(A::TYPE, aggregate_id), 0).await
    }

    async fn get_last_events<A: Aggregate>(
        &self,
        aggregate_id: &str,
        last_sequence: usize,
    ) -> Result<Vec<SerializedEvent>, PersistenceError> {
        let after = u64::try_from(last_sequence).map_err(unknown)?;
        self.events_after(&StreamId::new(A::TYPE, aggregate_id), after).await
    }

    async fn get_snapshot<A: Aggregate>(&self, _: &str) -> Result<Option<SerializedSnapshot>, PersistenceError> {
        Ok(None)
    }

    /// Appends the events. A snapshot is refused rather than forgotten: `new_aggregate_store` would lose its state.
    async fn persist<A: Aggregate>(
        &self,
        events: &[SerializedEvent],
        snapshot_update: Option<(String, Value, usize)>,
    ) -> Result<(), PersistenceError> {
        if snapshot_update.is_some() {
            return Err(unknown("snapshots are not kept, use PersistedEventStore::new_event_store"));
        }
        let Some(first) = events.first() else {
            return Ok(());
        };
        let commit = Commit {
            stream: StreamId::new(A::TYPE, &first.aggregate_id),
            expected: u64::try_from(first.sequence).map_err(unknown)?.saturating_sub(1),
            events: events.iter().map(new_event).collect::<Result<_, _>>()?,
            command: None,
            recorded_at: now()?,
            epoch: None,
        };
        self.store.append(commit).await.map_err(append_error)?;
        Ok(())
    }

    /// Replays one aggregate's events from a task that ends with the stream or when the consumer goes away.
    async fn stream_events<A: Aggregate>(&self, aggregate_id: &str) -> Result<ReplayStream, PersistenceError> {
        let (feed, replay) = ReplayStream::new(REPLAY_EVENTS_MAX);
        let stream = StreamId::new(A::TYPE, aggregate_id);
        tokio::spawn(replay_stream(Arc::clone(&self.store), stream, feed));
        Ok(replay)
    }

    /// Replays the events of all aggregates of a type in the order of the log, from a task that ends at the end of the
    /// log or when the consumer goes away.
    async fn stream_all_events<A: Aggregate>(&self) -> Result<ReplayStream, PersistenceError> {
        let (feed, replay) = ReplayStream::new(REPLAY_EVENTS_MAX);
        let filter = Filter { kinds: vec![A::TYPE.to_owned()] };
        tokio::spawn(replay_all(Arc::clone(&self.store), filter, feed));
        Ok(replay)
    }
}

async fn replay_stream(store: Arc<dyn EventStore>, stream: StreamId, mut feed: ReplayFeed) {
    let mut after = 0;
    loop {
        let page = store.read_stream(&stream, after, REPLAY_EVENTS_MAX).await;
        let end = page.as_ref().ok().and_then(|events| events.last()).map(|event| event.sequence);
        if !push(&mut feed, page).await {
            return;
        }
        match end {
            Some(sequence) => after = sequence,
            None => return,
        }
    }
}

async fn replay_all(store: Arc<dyn EventStore>, filter: Filter, mut feed: ReplayFeed) {
    let mut after = Position(0);
    loop {
        let page = store.read_all(after, REPLAY_EVENTS_MAX, &filter).await;
        let (next, head) = page.as_ref().map_or((after, after), |page| (page.next, page.head));
        if !push(&mut feed, page.map(|page| page.events)).await || next >= head {
            return;
        }
        after = next;
    }
}

/// Hands a page over, or why there is none. Returns whether to go on.
async fn push<E: Borrow<RecordedEvent>>(feed: &mut ReplayFeed, page: Result<Vec<E>, StoreError>) -> bool {
    let (events, failed) = match page {
        Ok(events) => (events.iter().map(|event| serialize(event.borrow())).collect(), false),
        Err(error) => (vec![Err(read_error(error))], true),
    };
    for event in events {
        // Whoever replays has stopped reading.
        if feed.push(event).await.is_err() {
            return false;
        }
    }
    !failed
}

fn serialize(event: &RecordedEvent) -> Result<SerializedEvent, PersistenceError> {
    Ok(SerializedEvent {
        aggregate_id: event.stream.id.to_string(),
        sequence: usize::try_from(event.sequence).map_err(unknown)?,
        aggregate_type: event.stream.kind.to_string(),
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload: serde_json::from_str(event.payload.get())?,
        metadata: serde_json::from_str(event.metadata.get())?,
    })
}

fn new_event(event: &SerializedEvent) -> Result<NewEvent, PersistenceError> {
    Ok(NewEvent {
        event_id: Uuid::now_v7(),
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload: to_raw_value(&event.payload)?,
        metadata: to_raw_value(&event.metadata)?,
    })
}

/// `cqrs-es` has no clock of its own to ask.
fn now() -> Result<i64, PersistenceError> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(unknown)?;
    i64::try_from(since.as_micros()).map_err(unknown)
}

fn read_error(error: StoreError) -> PersistenceError {
    match error {
        StoreError::Unavailable(_) | StoreError::InUse(_) => PersistenceError::ConnectionError(error.into()),
        StoreError::Corrupt(_) | StoreError::UnknownPosition(_) | StoreError::LogRewound { .. } => unknown(error),
    }
}

fn append_error(error: AppendError) -> PersistenceError {
    match error {
        AppendError::WrongVersion { .. } | AppendError::EpochOver { .. } => PersistenceError::OptimisticLockError,
        AppendError::Unavailable { .. } => PersistenceError::ConnectionError(error.into()),
        AppendError::DuplicateCommand(_) | AppendError::Malformed(_) => unknown(error),
    }
}

fn unknown(error: impl Into<crate::BoxError>) -> PersistenceError {
    PersistenceError::UnknownError(error.into())
}
