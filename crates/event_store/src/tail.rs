//! The end of the log in memory. Most readers follow the log closely: what the writer has just stored is handed to them
//! without a read of the engine, and shared, not copied.
//!
//! Only stored commits enter, in order of position, before the head is told. Where another process has written in between,
//! what is known before the gap is forgotten: the rest is dense, and whoever wants what is not here asks the engine.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use crate::checks::PageQuery;
use crate::{Appended, Commit, Filter, Page, Position, RecordedEvent, StoreError};

/// The most events kept.
const EVENTS_MAX: usize = 8_192;
/// The most bytes of payload and metadata kept: 8 MiB.
const BYTES_MAX: usize = 8 << 20;

/// The end of the log as this process has written it.
#[derive(Debug, Default)]
pub(crate) struct Tail(RwLock<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// Dense and in order of position.
    events: VecDeque<Arc<RecordedEvent>>,
    bytes: usize,
}

fn bytes(event: &RecordedEvent) -> usize {
    event.payload.get().len() + event.metadata.get().len()
}

impl Kept {
    fn last(&self) -> Option<u64> {
        self.events.back().map(|event| event.position.0)
    }

    fn push(&mut self, event: RecordedEvent) {
        if self.last().is_some_and(|last| event.position.0 != last + 1) {
            *self = Self::default();
        }
        self.bytes += bytes(&event);
        self.events.push_back(Arc::new(event));
        while self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= bytes(&oldest);
        }
    }
}

impl Tail {
    /// Takes in commits that are stored, in the order they are given.
    pub(crate) fn push(&self, stored: impl IntoIterator<Item = (Commit, Appended)>) {
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (commit, appended) in stored {
            recorded(commit, appended).for_each(|event| kept.push(event));
        }
    }

    /// Reads a page, where its first event is here.
    pub(crate) fn read(&self, after: Position, limit: usize, filter: &Filter) -> Option<Result<Page, StoreError>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = (kept.events.front()?.position.0, kept.last()?);
        if after.0 >= last || after.0 + 1 < first {
            return None;
        }
        let query = PageQuery::of(after, limit, filter);
        let from = usize::try_from(after.0 + 1 - first).ok()?;
        let wanted = kept.events.range(from..).filter(|event| filter.wants(event));
        Some(query.page(wanted.take(query.limit).cloned().collect(), Position(last)))
    }
}

/// Makes a stored commit's events as a reader sees them.
pub(crate) fn recorded(commit: Commit, appended: Appended) -> impl Iterator<Item = RecordedEvent> {
    let Commit { stream, expected, events, recorded_at, .. } = commit;
    let before = appended.position.0 - u64::try_from(events.len()).unwrap_or_default();
    (1..).zip(events).map(move |(nth, event)| RecordedEvent {
        position: Position(before + nth),
        stream: stream.clone(),
        sequence: expected + nth,
        event_id: event.event_id,
        event_type: event.event_type,
        event_version: event.event_version,
        payload: event.payload,
        metadata: event.metadata,
        recorded_at,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;
    use crate::{NewEvent, StreamId};

    /// A commit of `count` events that landed right after `before`.
    fn stored(kind: &str, before: u64, count: u64) -> (Commit, Appended) {
        let json = |text: &str| RawValue::from_string(text.to_owned()).expect("it is JSON");
        let event = || NewEvent {
            event_id: Uuid::nil(),
            event_type: "happened".to_owned(),
            event_version: "1".to_owned(),
            payload: json("{}"),
            metadata: json("{}"),
        };
        let events = (0..count).map(|_| event()).collect();
        let commit = Commit { stream: StreamId::new(kind, "a"), expected: 0, events, command: None, recorded_at: 0 };
        (commit, Appended { sequence: count, position: Position(before + count) })
    }

    fn positions(tail: &Tail, after: u64, limit: usize, kinds: &[&str]) -> Option<(Vec<u64>, u64)> {
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let page = tail.read(Position(after), limit, &Filter { kinds })?.expect("the tail is dense");
        Some((page.events.iter().map(|event| event.position.0).collect(), page.next.0))
    }

    #[test]
    fn what_is_here_is_read_and_nothing_else_is_answered() {
        let tail = Tail::default();
        assert_eq!(positions(&tail, 0, 10, &[]), None, "an empty tail knows nothing");
        tail.push([stored("cart", 4, 2), stored("stock", 6, 1)]);
        assert_eq!(positions(&tail, 3, 10, &[]), None, "position 4 is not here");
        assert_eq!(positions(&tail, 4, 10, &[]), Some((vec![5, 6, 7], 7)));
        assert_eq!(positions(&tail, 4, 2, &[]), Some((vec![5, 6], 6)));
        assert_eq!(positions(&tail, 5, 10, &["stock"]), Some((vec![7], 7)));
        assert_eq!(positions(&tail, 4, 10, &["order"]), Some((vec![], 7)), "unwanted events are moved over");
        assert_eq!(positions(&tail, 7, 10, &[]), None, "the engine knows whether there is more");
    }

    #[test]
    fn what_is_before_a_gap_is_forgotten() {
        let tail = Tail::default();
        tail.push([stored("cart", 0, 2)]);
        tail.push([stored("cart", 5, 2)]);
        assert_eq!(positions(&tail, 0, 10, &[]), None);
        assert_eq!(positions(&tail, 5, 10, &[]), Some((vec![6, 7], 7)));
    }

    #[test]
    fn no_more_than_allowed_is_kept() {
        let tail = Tail::default();
        let count = u64::try_from(EVENTS_MAX).expect("it is small") + 7;
        (0..count).for_each(|before| tail.push([stored("cart", before, 1)]));
        assert_eq!(positions(&tail, 6, 1, &[]), None);
        assert_eq!(positions(&tail, 7, 1, &[]), Some((vec![8], 8)));
    }
}
