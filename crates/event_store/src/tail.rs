//! The end of the log in memory. Most readers follow the log closely: what the writer has just stored is handed to them
//! without a read of the engine, and shared, not copied.
//!
//! Only stored commits enter, in order of position, before the head is told. Where another process has written in between,
//! what is known before the gap is forgotten: the rest is dense, and whoever wants what is not here asks the engine.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use crate::checks::{Found, PageQuery};
use crate::{Appended, Commit, Cursor, Filter, Page, Position, RecordedEvent, StoreError};

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

    /// Forgets everything: what comes next may follow another end of the log.
    pub(crate) fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    /// Returns whether the last event here is the one that a reader saw last.
    pub(crate) fn ends_at(&self, seen: Cursor) -> bool {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kept.events.back().is_some_and(|event| Cursor::of(event) == seen)
    }

    /// Reads a page, where its first event is here, and the one that the reader saw last too, if it knows that one.
    pub(crate) fn read(&self, after: Cursor, limit: usize, filter: &Filter) -> Option<Result<Page, StoreError>> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = (kept.events.front()?.position.0, kept.last()?);
        let (position, query) = (after.position.0, PageQuery::of(after, limit, filter));
        let begins = if after.event.is_some() { first } else { first - 1 };
        if position >= last || position < begins {
            return None;
        }
        let from = usize::try_from(position + 1 - first).ok()?;
        let id_at = |index: usize| kept.events.get(index).map(|event| event.event_id);
        let end = usize::try_from(last.min(query.until()) - first).ok()?;
        let found = Found { head: Position(last), at_after: from.checked_sub(1).and_then(id_at), at_end: id_at(end) };
        let wanted = kept.events.range(from..).filter(|event| filter.wants(event));
        Some(query.page(wanted.take(query.limit).cloned().collect(), found))
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
        let stream = StreamId::new(kind, "a");
        let commit = Commit { stream, expected: 0, events, command: None, recorded_at: 0, epoch: None };
        (commit, Appended { sequence: count, position: Position(before + count) })
    }

    fn positions(tail: &Tail, after: u64, limit: usize, kinds: &[&str]) -> Option<(Vec<u64>, u64)> {
        let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        let page = tail.read(Cursor::at(Position(after)), limit, &Filter { kinds })?.expect("the tail is dense");
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
