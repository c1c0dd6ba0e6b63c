//! Reads the feed and tells processes what is theirs, in order of position.

use std::sync::Arc;
use std::time::Duration;

use event_store::lease::told_to_stop;
use event_store::{Cursor, Filter, Page, RecordedEvent, StoreError};
use serde::Deserialize;
use tokio::sync::watch;

use super::instance::Heard;
use super::runner::{Runner, held};
use super::{Process, Told};

/// The most events read at once.
const PAGE_EVENTS: usize = 1_000;
/// The most events told and not yet stored by their processes; beyond it the router waits.
const UNDELIVERED_MAX: usize = 10_000;
/// How long to wait before a failed read is tried again, and to look whether processes have caught up.
const PAUSE: Duration = Duration::from_millis(200);
/// How many positions the mark may lag behind while the shop is busy; events told, where positions are not dense.
const MARK_EVERY: u64 = 5_000;

#[derive(Deserialize)]
struct Correlation {
    #[serde(default)]
    correlation_id: String,
}

fn heard<I>(event: &RecordedEvent, input: I) -> Heard<I> {
    // Events that an unmodified postgres-es wrote may lack it: then the conversation is the event itself.
    let correlation = serde_json::from_str::<Correlation>(event.metadata.get()).map(|found| found.correlation_id);
    let correlation = correlation.ok().filter(|text| !text.is_empty()).unwrap_or_else(|| event.event_id.to_string());
    Heard { input, position: event.position.0, correlation, cause: event.event_id.to_string() }
}

impl<P: Process> Runner<P> {
    fn mark_name(what: &str) -> String {
        format!("process/{}/{what}", P::KIND)
    }

    /// Follows the feed and the timers until shutdown. Call [`Runner::recover`] first.
    pub async fn follow(self: Arc<Self>, shutdown: watch::Receiver<bool>) {
        let timers = self.clone().run_timers(shutdown.clone());
        let feed = self.clone().run_feed(shutdown);
        tokio::join!(timers, feed);
        self.settle().await;
        self.leave_marks().await;
    }

    /// Tells everything that is in the feed now and returns once nothing moves any more.
    ///
    /// # Errors
    /// [`app::error::AppError`] when the feed cannot be read.
    pub async fn catch_up(self: &Arc<Self>) -> Result<(), app::error::AppError> {
        loop {
            let page = self.next_page().await?;
            let is_end = page.events.is_empty() && page.next >= page.head;
            self.tell_page(&page).await?;
            self.settle().await;
            if is_end && !self.is_outlived() {
                return Ok(());
            }
        }
    }

    async fn run_feed(self: Arc<Self>, mut shutdown: watch::Receiver<bool>) {
        let mut head = self.shop.bus.store().head();
        let is_dense = self.shop.bus.store().has_dense_positions();
        let (mut marked, mut unmarked) = (self.heard_until.borrow().position.0, 0);
        while !*shutdown.borrow() {
            let position = match self.read_and_tell().await {
                Ok(page) => {
                    let told = page.next.0.saturating_sub(marked).saturating_sub(unmarked);
                    unmarked += if is_dense { told } else { page.events.len() as u64 };
                    page.next.0
                }
                Err(error) => {
                    tracing::error!(kind = P::KIND, ?error, "the feed cannot be told, trying again");
                    pause(&mut shutdown).await;
                    continue;
                }
            };
            let is_at_end = head.borrow_and_update().0 <= position;
            if unmarked > MARK_EVERY {
                self.leave_marks().await;
                (marked, unmarked) = (position, 0);
            }
            let is_full = || held(&self.undelivered).len() > UNDELIVERED_MAX && !self.is_outlived();
            while is_full() && !*shutdown.borrow() {
                pause(&mut shutdown).await;
            }
            if is_at_end {
                tokio::select! {
                    biased;
                    () = told_to_stop(&mut shutdown) => {}
                    () = self.begun.outlived.notified() => {}
                    changed = head.changed() => if changed.is_err() { return },
                }
                if !P::GATHER.is_zero() {
                    tokio::time::sleep(P::GATHER).await;
                }
            }
        }
    }

    async fn read_and_tell(self: &Arc<Self>) -> Result<Page, app::error::AppError> {
        let page = self.next_page().await?;
        self.tell_page(&page).await?;
        Ok(page)
    }

    /// Reads on. Where what was told may be gone from the log, begins anew before that.
    async fn next_page(self: &Arc<Self>) -> Result<Page, app::error::AppError> {
        if self.is_outlived() {
            tracing::warn!(kind = P::KIND, "the connection to the log was lost: the processes begin anew");
            Box::pin(self.begin_anew()).await?;
        }
        match self.read_page().await {
            Err(error @ StoreError::LogRewound { .. }) => {
                tracing::error!(kind = P::KIND, %error, "what processes were told is gone: they begin anew");
                Box::pin(self.begin_anew()).await?;
                Ok(self.read_page().await?)
            }
            page => Ok(page?),
        }
    }

    async fn read_page(&self) -> Result<Page, StoreError> {
        let after = *self.heard_until.borrow();
        let filter = Filter { kinds: P::LISTENS.iter().map(|kind| (*kind).to_owned()).collect() };
        self.shop.bus.store().read_on(after, PAGE_EVENTS, &filter).await
    }

    async fn tell_page(self: &Arc<Self>, page: &Page) -> Result<(), app::error::AppError> {
        for event in &page.events {
            let told = match P::hear(event)? {
                Some(Told::To(id, input)) => Some((id, input)),
                Some(Told::ToOwner(input)) => self.worker.owner(&event.stream).await?.map(|id| (id, input)),
                None => None,
            };
            if let Some((id, input)) = told {
                let before = self.heard_until.borrow().position.0;
                self.tell(id, heard(event, input), before);
            }
            self.heard_until.send_replace(Cursor::of(event));
        }
        self.heard_until.send_replace(page.cursor());
        Ok(())
    }

    /// Leaves marks to start from: nothing up to them is untold or open. Each is a position that the log has given.
    async fn leave_marks(&self) {
        let seen = *self.heard_until.borrow();
        let position = seen.position.0;
        let heard = held(&self.undelivered).first_key_value().map_or(position, |(_, before)| *before);
        let open = held(&self.open).by_position.first_key_value().map_or(position, |(before, _)| *before);
        for (what, mark) in [("heard", heard), ("open", open.min(heard))] {
            if let Err(error) = self.shop.bus.store().set_mark_after(seen, &Self::mark_name(what), mark).await {
                tracing::warn!(kind = P::KIND, ?error, "a mark was not left; the next start reads a little more");
            }
        }
    }

    /// Returns where to start: the feed from the first mark, the processes' own streams from the second.
    pub(super) async fn marks(&self) -> Result<(u64, u64), event_store::StoreError> {
        let store = self.shop.bus.store();
        let heard = store.mark(&Self::mark_name("heard")).await?.unwrap_or(0);
        let open = store.mark(&Self::mark_name("open")).await?.unwrap_or(0);
        Ok((heard, open))
    }
}

/// Waits a little before what failed is tried again, or until the shutdown.
pub(super) async fn pause(shutdown: &mut watch::Receiver<bool>) {
    tokio::select! {
        biased;
        () = told_to_stop(shutdown) => {}
        () = tokio::time::sleep(PAUSE) => {}
    }
}
