//! After a start: finds the processes that are not over, from their own streams, and lets them go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use event_store::{Cursor, Filter, PAGE_EVENTS_MAX, Position};

use super::Process;
use super::record::{Folded, read_record};
use super::runner::{EngineError, Runner, held};

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> EngineError {
    EngineError::Store(error.into())
}

/// Processes that are not over, each with a position of the log before it began.
type Found<P> = BTreeMap<String, (u64, Folded<P>)>;

impl<P: Process> Runner<P> {
    /// Reads the processes' streams from the last mark on, notes what the open ones wait for, and performs again what
    /// they asked for and had no answer to.
    ///
    /// # Errors
    /// [`EngineError::Store`] when the streams cannot be read.
    pub async fn recover(self: &Arc<Self>) -> Result<(), EngineError> {
        let store = self.shop.bus.store();
        self.begun.again(store.epoch());
        let (heard, open) = self.marks().await.map_err(failed)?;
        self.heard_until.send_replace(Cursor::at(Position(heard)));
        let head = *store.head().borrow();
        self.began_at.store(head.0, Ordering::Relaxed);
        let (found, end) = self.read_open(open).await?;
        store.confirm(end).await.map_err(failed)?;
        self.begun.confirmed.fetch_max(end.position.0, Ordering::AcqRel);
        for (id, (before, folded)) in found {
            held(&self.open).note(&id, before);
            self.note_all(&id, &folded);
            if folded.asks.values().any(|pending| !pending.is_dead) {
                self.resume(id).await;
            }
        }
        Ok(())
    }

    /// Returns the processes that are not over, by their ids, each with a position of the log before its first record, and
    /// how far the log was read for it.
    pub(super) async fn read_open(&self, after: u64) -> Result<(Found<P>, Cursor), EngineError> {
        let filter = Filter { kinds: vec![P::KIND.to_owned()] };
        let mut found = Found::<P>::new();
        let (mut cursor, mut before) = (Cursor::at(Position(after)), after);
        loop {
            let page = self.shop.bus.store().read_on(cursor, PAGE_EVENTS_MAX, &filter).await.map_err(failed)?;
            for event in &page.events {
                let began = (before, Folded::default());
                before = event.position.0;
                let (_, folded) = found.entry(event.stream.id.to_string()).or_insert(began);
                if event.sequence <= folded.version {
                    continue;
                }
                if event.sequence > folded.version + 1 {
                    // The mark lies before the beginning of every open process, so this one was over and something
                    // woke it again: read it whole.
                    *folded = self.load(&event.stream.id).await?;
                    continue;
                }
                folded.apply(&read_record::<P>(event).map_err(failed)?, event.event_id);
            }
            found.retain(|_, (_, folded)| !folded.is_over());
            cursor = page.cursor();
            if page.next >= page.head {
                return Ok((found, cursor));
            }
        }
    }
}
