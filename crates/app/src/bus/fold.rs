//! Folding a stream, from its beginning or from a snapshot.

use std::sync::Arc;

use domain::decider::Decider;
use domain::upcast::{self, StoredEvent};
use event_store::{PAGE_EVENTS_MAX, Position, RecordedEvent, StoreError, StreamId};

use super::{Bus, Loaded};
use crate::error::AppError;

/// How far a stream is folded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// All of it.
    End,
    /// To this sequence.
    Version(u64),
    /// To this place in the log.
    Position(Position),
}

impl Until {
    /// Returns whether an event is not beyond it.
    pub(super) fn wants(self, event: &RecordedEvent) -> bool {
        match self {
            Until::End => true,
            Until::Version(version) => event.sequence <= version,
            Until::Position(position) => event.position <= position,
        }
    }
}

impl Bus {
    /// Folds what a stream holds behind a state, so far.
    pub(super) async fn fold_from<D>(
        &self,
        stream: &StreamId,
        mut loaded: Loaded<D>,
        until: Until,
    ) -> Result<Loaded<D>, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        // Most streams are short: whether there is a snapshot is asked only once one turns out not to be.
        let mut may_jump = loaded.version == 0;
        let mut limit = if may_jump { self.snapshots.first_page() } else { PAGE_EVENTS_MAX };
        let (mut since, mut last_event) = (loaded.version, None);
        loop {
            let page = self.store.read_stream(stream, loaded.version, limit).await?;
            let is_last = page.len() < limit;
            if may_jump
                && !is_last
                && let Some(snapshot) = self.snapshots.find(&*self.store, stream, until).await
            {
                since = snapshot.version;
                loaded = snapshot;
            } else if !page.is_empty() {
                // Others may hold the state too: it is not copied for nothing.
                let state = Arc::make_mut(&mut loaded.state);
                for event in &page {
                    if !until.wants(event) {
                        return Ok(loaded);
                    }
                    state.evolve(&decode::<D::Event>(event)?);
                    (loaded.version, last_event) = (event.sequence, Some(event.event_id));
                }
            }
            if is_last {
                self.snapshots.note(stream, &loaded, since, last_event);
                return Ok(loaded);
            }
            (may_jump, limit) = (false, PAGE_EVENTS_MAX);
        }
    }
}

/// Reads an event of any version as its context knows it today.
///
/// # Errors
/// [`AppError::Broken`] naming the position, when the stored bytes are no such event.
pub fn decode<E: StoredEvent>(event: &RecordedEvent) -> Result<E, AppError> {
    upcast::read(&event.event_type, &event.event_version, event.payload.get()).map_err(|error| {
        AppError::broken(StoreError::Corrupt(format!(
            "event {} ({}) at position {} cannot be read: {error}",
            event.event_id, event.event_type, event.position
        )))
    })
}
