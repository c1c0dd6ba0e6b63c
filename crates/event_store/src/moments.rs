//! Which position the log stood at at a time.
//!
//! `recorded_at` comes from the clocks of whoever wrote. Clocks disagree and jump, so it is no order, and a time has no
//! position by itself. It is given one by definition: **the log at a time is its longest beginning that holds nothing
//! recorded later** (docs/adr/0016). That beginning never grows again once something later was recorded, whatever the clocks
//! do afterwards, so a question about the past has one answer for ever. Where a clock ran ahead, the log at a time ends
//! before what it recorded, until the time it claimed has come; by position every state can be asked for all the same.
//!
//! So that nobody reads the whole log for it, the latest time of each beginning is noted every [`BLOCK_EVENTS`] events, as
//! marks, and where positions are not dense the position too: a sequence that only rises and can be searched by halves. Marks are noted by whoever asks, and by
//! [`Moments::follow`] while the shop is open. They are the same whoever notes them.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::{EventStore, Filter, PAGE_EVENTS_MAX, Position, StoreError};

/// How many events lie between two marks.
pub const BLOCK_EVENTS: u64 = 1_000;
/// How long to wait before marks are noted again where the store failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Finds positions by time.
pub struct Moments {
    store: Arc<dyn EventStore>,
    block_events: u64,
    /// Whoever has it notes marks: once is enough.
    turn: Semaphore,
}

impl Moments {
    /// Finds positions in this log.
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store, block_events: BLOCK_EVENTS, turn: Semaphore::new(1) }
    }

    /// Notes a mark every so many events, 1 to [`PAGE_EVENTS_MAX`], beside those of another distance.
    #[must_use]
    pub fn with_block_events(self, positions: u64) -> Self {
        Self { block_events: positions.clamp(1, PAGE_EVENTS_MAX as u64), ..self }
    }

    /// Returns where the log ended at a time, microseconds since the Unix epoch: the last position that neither itself nor
    /// anything before it was recorded later.
    ///
    /// # Errors
    /// [`StoreError`] when the log cannot be read.
    pub async fn position_at(&self, at: i64) -> Result<Position, StoreError> {
        let at = micros(at);
        let (mut low, mut high) = (0, self.note().await?);
        while low < high {
            let middle = low + (high - low) / 2;
            // A mark that was lost makes the search longer and not wrong.
            if self.latest_until(middle).await?.is_none_or(|latest| latest > at) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let from = self.end_of(low).await?.unwrap_or(Position(0));
        self.search(from, at).await
    }

    /// Notes marks while the log grows, until `shutdown` is ready, so that whoever asks finds them.
    pub async fn follow(&self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = pin!(shutdown);
        let mut head = self.store.head();
        loop {
            let noting = async {
                match self.note().await {
                    // The store lives as long as `self`, and the head with it.
                    Ok(blocks) if self.store.has_dense_positions() => {
                        _ = head.wait_for(|head| head.0 >= (blocks + 1) * self.block_events).await;
                    }
                    // Nothing says how many events there are, so it is looked at once in a while.
                    Ok(_) => tokio::join!(async { _ = head.changed().await }, tokio::time::sleep(PAUSE)).0,
                    Err(error) => {
                        tracing::warn!(?error, "times cannot be noted, trying again");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            };
            tokio::select! {
                biased;
                () = &mut shutdown => return,
                () = noting => {}
            }
        }
    }

    /// Notes what is missing and returns how many blocks are noted.
    async fn note(&self) -> Result<u64, StoreError> {
        // The semaphore is never closed, so the turn always comes.
        let _turn = self.turn.acquire().await;
        let (mut blocks, mut latest) = self.noted().await?;
        let Some(mut end) = self.end_of(blocks).await? else { return Ok(0) };
        while end < *self.store.head().borrow() {
            let page = self.store.read_all(end, self.limit(), &Filter::default()).await?;
            let Some(last) = page.events.last().filter(|_| page.events.len() == self.limit()) else { break };
            latest = page.events.iter().map(|event| micros(event.recorded_at)).fold(latest, u64::max);
            end = last.position;
            let seen = page.cursor();
            self.store.set_mark_after(seen, &self.mark(blocks), latest).await?;
            if !self.store.has_dense_positions() {
                self.store.set_mark_after(seen, &self.end_mark(blocks), end.0).await?;
            }
            blocks += 1;
            self.store.set_mark_after(seen, &self.mark("blocks"), blocks).await?;
        }
        Ok(blocks)
    }

    /// Returns where so many blocks end; `None` where that is not noted.
    async fn end_of(&self, blocks: u64) -> Result<Option<Position>, StoreError> {
        match blocks.checked_sub(1) {
            None => Ok(Some(Position(0))),
            Some(_) if self.store.has_dense_positions() => Ok(Some(Position(blocks.saturating_mul(self.block_events)))),
            Some(last) => Ok(self.store.mark(&self.end_mark(last)).await?.map(Position)),
        }
    }

    /// Returns how many blocks are noted, and the latest time in them. None count where the log was put back before them.
    async fn noted(&self) -> Result<(u64, u64), StoreError> {
        let blocks = self.store.mark(&self.mark("blocks")).await?.unwrap_or(0);
        let Some(last) = blocks.checked_sub(1) else { return Ok((0, 0)) };
        let Some(end) = self.end_of(blocks).await? else { return Ok((0, 0)) };
        let is_behind = *self.store.head().borrow() >= end;
        if is_behind || self.store.read_all(end, 1, &Filter::default()).await?.head >= end {
            return Ok(self.latest_until(last).await?.map_or((0, 0), |latest| (blocks, latest)));
        }
        Ok((0, 0))
    }

    fn mark(&self, what: impl std::fmt::Display) -> String {
        format!("moments/{}/{what}", self.block_events)
    }

    fn end_mark(&self, block: u64) -> String {
        self.mark(format_args!("{block}/end"))
    }

    /// Returns the latest time up to the end of a block, where it is noted.
    async fn latest_until(&self, block: u64) -> Result<Option<u64>, StoreError> {
        self.store.mark(&self.mark(block)).await
    }

    /// Goes on from a position until something was recorded later.
    async fn search(&self, from: Position, at: u64) -> Result<Position, StoreError> {
        let mut last = from;
        loop {
            let page = self.store.read_all(last, self.limit(), &Filter::default()).await?;
            for event in &page.events {
                if micros(event.recorded_at) > at {
                    return Ok(last);
                }
                last = event.position;
            }
            if page.next >= page.head {
                return Ok(last);
            }
            last = page.next;
        }
    }

    fn limit(&self) -> usize {
        usize::try_from(self.block_events).unwrap_or(PAGE_EVENTS_MAX)
    }
}

/// Times before 1970 count as its beginning: marks are no negative numbers.
fn micros(recorded_at: i64) -> u64 {
    u64::try_from(recorded_at).unwrap_or(0)
}
