//! A log over another one that dies, or is away for a while, at a chosen append.

use std::sync::Mutex;
use std::time::Duration;

use event_store::{AppendError, Appended, CommandRecord, Commit, Cursor, Page, StoreError};

use uuid::Uuid;

use super::*;

/// When the one who appends dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// Nothing is stored.
    Before,
    /// It is stored and nobody learns of it.
    After,
}

#[derive(Default)]
struct Plan {
    appends: usize,
    death: Option<(usize, Death)>,
    away: usize,
    in_doubt: usize,
    unreadable: usize,
    unconfirmed: usize,
    is_unaware: bool,
}

pub(super) struct Faulty {
    inner: Arc<dyn EventStore>,
    is_alone: bool,
    plan: Mutex<Plan>,
    is_dead: watch::Sender<bool>,
    refused: tokio::sync::Notify,
}

impl Faulty {
    fn new(inner: Arc<dyn EventStore>, is_alone: bool, plan: Plan) -> Arc<Self> {
        let (is_dead, refused) = (watch::Sender::new(false), tokio::sync::Notify::new());
        Arc::new(Self { inner, is_alone, plan: Mutex::new(plan), is_dead, refused })
    }

    pub(super) fn over(inner: Arc<dyn EventStore>) -> Arc<Self> {
        Self::new(inner, false, Plan::default())
    }

    /// Lets nobody else write.
    pub(super) fn alone(inner: Arc<dyn EventStore>) -> Arc<Self> {
        Self::new(inner, true, Plan::default())
    }

    /// Dies at an append, counted from 0: from then on nothing is answered any more.
    pub(super) fn dying(inner: Arc<dyn EventStore>, append: usize, death: Death) -> Arc<Self> {
        Self::new(inner, true, Plan { death: Some((append, death)), ..Plan::default() })
    }

    /// Does not notice when an older copy of the log takes over.
    pub(super) fn unaware(inner: Arc<dyn EventStore>) -> Arc<Self> {
        Self::new(inner, false, Plan { is_unaware: true, ..Plan::default() })
    }

    fn is_unaware(&self) -> bool {
        self.plan.lock().expect("nobody panics").is_unaware
    }

    /// Refuses the next appends.
    pub(super) fn be_away(&self, appends: usize) {
        self.plan.lock().expect("nobody panics").away = appends;
    }

    /// Stores the next appends and says that it could not.
    pub(super) fn be_in_doubt(&self, appends: usize) {
        self.plan.lock().expect("nobody panics").in_doubt = appends;
    }

    /// Refuses the next reads of a stream.
    pub(super) fn be_unreadable(&self, reads: usize) {
        self.plan.lock().expect("nobody panics").unreadable = reads;
    }

    /// Cannot make sure, the next times, that what was read stays.
    pub(super) fn be_unconfirmed(&self, times: usize) {
        self.plan.lock().expect("nobody panics").unconfirmed = times;
    }

    /// Returns once an append was refused.
    pub(super) async fn refused(&self) {
        self.refused.notified().await;
    }

    pub(super) fn is_dead(&self) -> bool {
        *self.is_dead.borrow()
    }

    /// Returns once it is dead.
    pub(super) async fn died(&self) {
        let mut dead = self.is_dead.subscribe();
        dead.wait_for(|dead| *dead).await.expect("the sender lives");
    }

    async fn alive(&self) {
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    async fn die(&self) -> ! {
        self.is_dead.send_replace(true);
        std::future::pending().await
    }
}

fn away(in_doubt: bool) -> AppendError {
    AppendError::Unavailable { in_doubt, source: "the disk is away".into() }
}

#[async_trait]
impl EventStore for Faulty {
    async fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        let commit = if self.is_unaware() { Commit { epoch: None, ..commit } } else { commit };
        tokio::task::yield_now().await;
        self.alive().await;
        let (death, is_away, in_doubt) = {
            let mut plan = self.plan.lock().expect("nobody panics");
            let death = plan.death.filter(|(append, _)| *append == plan.appends).map(|(_, death)| death);
            plan.appends += 1;
            let (is_away, in_doubt) = (plan.away > 0, plan.in_doubt > 0);
            plan.away -= usize::from(is_away);
            plan.in_doubt -= usize::from(in_doubt);
            (death, is_away, in_doubt)
        };
        match death {
            Some(Death::Before) => self.die().await,
            Some(Death::After) => {
                let _ = self.inner.append(commit).await;
                self.die().await
            }
            None if is_away => {
                self.refused.notify_one();
                Err(away(false))
            }
            None if in_doubt => {
                self.inner.append(commit).await?;
                Err(away(true))
            }
            None => self.inner.append(commit).await,
        }
    }

    async fn read_stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.alive().await;
        let is_unreadable = {
            let mut plan = self.plan.lock().expect("nobody panics");
            let is_unreadable = plan.unreadable > 0;
            plan.unreadable -= usize::from(is_unreadable);
            is_unreadable
        };
        if is_unreadable {
            return Err(StoreError::Unavailable("the disk is away".into()));
        }
        self.inner.read_stream(stream, after, limit).await
    }

    async fn read_on(&self, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        self.alive().await;
        self.inner.read_on(after, limit, filter).await
    }

    async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError> {
        self.alive().await;
        self.inner.find_command(id).await
    }

    fn epoch(&self) -> u64 {
        if self.is_unaware() { 0 } else { self.inner.epoch() }
    }

    async fn confirm(&self, seen: Cursor) -> Result<(), StoreError> {
        let is_unconfirmed = {
            let mut plan = self.plan.lock().expect("nobody panics");
            let is_unconfirmed = plan.unconfirmed > 0;
            plan.unconfirmed -= usize::from(is_unconfirmed);
            is_unconfirmed
        };
        if is_unconfirmed {
            return Err(StoreError::Unavailable("the other disk is away".into()));
        }
        self.inner.confirm(seen).await
    }

    fn has_other_writers(&self) -> bool {
        !self.is_alone
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.inner.head()
    }

    async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.secret(name).await
    }

    async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.secret_or_insert(name, value).await
    }

    async fn secret_destroy(&self, name: &str) -> Result<bool, StoreError> {
        self.inner.secret_destroy(name).await
    }

    async fn mark(&self, name: &str) -> Result<Option<u64>, StoreError> {
        self.alive().await;
        self.inner.mark(name).await
    }

    async fn set_mark(&self, name: &str, value: u64) -> Result<(), StoreError> {
        self.alive().await;
        self.inner.set_mark(name, value).await
    }

    async fn lease_take(&self, name: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        self.alive().await;
        self.inner.lease_take(name, owner, time).await
    }

    async fn lease_return(&self, name: &str, owner: Uuid) -> Result<(), StoreError> {
        self.alive().await;
        self.inner.lease_return(name, owner).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
