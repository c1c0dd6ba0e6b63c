//! Every stream, read as a stream when its first event is met: its sequences and positions, its aggregate.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::Context;
use event_store::{EventStore, Filter, Position, RecordedEvent, StoreError, StreamId};

use super::{Ended, Finding, PAGE_EVENTS};
use app::audit::{Audit, audit_of};

/// Which streams were read, and what is wrong with them.
pub(super) struct StreamCheck<'a> {
    store: &'a dyn EventStore,
    /// The position before the first event that is read.
    begin: u64,
    head: u64,
    streams: u64,
    /// How many events behind the beginning were met in streams: all of them, in the end.
    events: u64,
    /// The lowest position that is wrong.
    finding: Option<Finding>,
}

impl<'a> StreamCheck<'a> {
    pub(super) fn new(store: &'a dyn EventStore, begin: u64, head: u64) -> Self {
        Self { store, begin, head, streams: 0, events: 0, finding: None }
    }

    pub(super) fn count(&self) -> u64 {
        self.streams
    }

    /// Returns what is wrong with a position that was reached.
    pub(super) fn finding_up_to(&self, position: u64) -> Option<Finding> {
        self.finding.clone().filter(|finding| finding.first <= position)
    }

    /// Reads the stream of an event, if it is the first of its stream that is met.
    pub(super) async fn add(&mut self, event: &RecordedEvent) -> Result<(), Ended> {
        if event.sequence > 1 && (self.begin == 0 || self.previous(event).await? > self.begin) {
            return Ok(());
        }
        self.streams += 1;
        let mut audit = audit_of(&event.stream.kind);
        let (mut sequence, mut position) = (0, 0);
        loop {
            let page = match self.store.read_stream(&event.stream, sequence, PAGE_EVENTS).await {
                Ok(page) => page,
                Err(StoreError::Corrupt(why)) => {
                    self.found(Finding::at(position.max(event.position.0), why));
                    return Ok(());
                }
                Err(error) => return Err(anyhow::Error::new(error).context("a stream cannot be read").into()),
            };
            let Some(last) = page.last() else { return Ok(()) };
            sequence = last.sequence;
            for event in page {
                if event.position.0 > self.head {
                    return Ok(());
                }
                self.events += u64::from(event.position.0 > self.begin);
                if let Err(what) = examined(&event, position, &mut audit) {
                    self.found(Finding::at(event.position.0, format!("stream {}: {what}", event.stream)));
                    // What follows from a wrong event is wrong, too.
                    audit = None;
                }
                position = event.position.0;
            }
        }
    }

    fn found(&mut self, finding: Finding) {
        if self.finding.as_ref().is_none_or(|known| finding.first < known.first) {
            self.finding = Some(finding);
        }
    }

    /// Returns the position of the event before one in its stream; 0 where there is none.
    async fn previous(&self, event: &RecordedEvent) -> Result<u64, Ended> {
        let before = event.sequence.saturating_sub(2);
        match self.store.read_stream(&event.stream, before, 1).await {
            Ok(page) => {
                Ok(page.first().filter(|first| first.sequence < event.sequence).map_or(0, |first| first.position.0))
            }
            Err(StoreError::Corrupt(why)) => Err(Finding::at(event.position.0, why).into()),
            Err(error) => Err(anyhow::Error::new(error).context("a stream cannot be read").into()),
        }
    }

    /// Looks whether every event of the log is in its stream, and finds the first that is not.
    pub(super) async fn finish(self) -> Result<(), Ended> {
        if let Some(finding) = self.finding {
            return Err(finding.into());
        }
        if self.events == self.head - self.begin.min(self.head) {
            return Ok(());
        }
        let mut after = self.begin;
        while after < self.head {
            let page = self.store.read_all(Position(after), PAGE_EVENTS, &Filter::default()).await;
            for event in page.context("the log cannot be read")?.events {
                let follows = event.sequence == 1 || self.follows(&event.stream, &event).await?;
                if !follows {
                    let what = format!("stream {} has no sequence {} before it", event.stream, event.sequence - 1);
                    return Err(Finding::at(event.position.0, what).into());
                }
                after = event.position.0;
            }
        }
        let what = "the streams hold more or fewer events than the log".to_owned();
        Err(Finding { first: self.begin + 1, last: self.head, what }.into())
    }

    async fn follows(&self, stream: &StreamId, event: &RecordedEvent) -> Result<bool, Ended> {
        let found = self.store.read_stream(stream, event.sequence - 2, 1).await;
        Ok(found.is_ok_and(|found| found.first().is_some_and(|before| before.sequence + 1 == event.sequence)))
    }
}

/// Looks at one event of a stream: it lies behind the one before, and its aggregate takes it.
fn examined(event: &RecordedEvent, after: u64, audit: &mut Option<Box<dyn Audit>>) -> Result<(), String> {
    if event.position.0 <= after {
        return Err(format!("sequence {} lies before the one that precedes it", event.sequence));
    }
    let Some(audit) = audit else { return Ok(()) };
    // Folding is plain arithmetic that crashes rather than lies; here that is an answer.
    let folded = catch_unwind(AssertUnwindSafe(|| audit.add(event)));
    folded.unwrap_or_else(|_| Err("folding it overflows".to_owned()))
}
