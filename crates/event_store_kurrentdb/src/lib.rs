//! The log on KurrentDB, through the official client. The protocol of commands that happen once is in `append.rs`.
//!
//! * **Streams** are streams, versions are revisions plus one, and a commit is one append at an exact revision.
//! * **Positions** are commit positions: byte offsets in KurrentDB's own log. They rise and are not dense, and one can read
//!   only from one that the log has given ([`StoreError::UnknownPosition`] otherwise).
//! * **The feed** is `$all`, filtered by the server to the streams of this log, read from the leader.
//! * **Repeats** are recognised by event ids: those of a command's events are made of the command id, the stream and the
//!   place in the commit (UUID version 5). An append in doubt is repeated with the same ids before anyone is told.
//! * **Secrets, marks and leases** are not in KurrentDB, which could not destroy the first and would keep every value of the
//!   others: they are in the SQL store beside it, whose own log stays empty.
//!
//! A crate of its own, because the client brings a second TLS library and a code generator's worth of dependencies that
//! nobody should wait for who works on the rest.

mod append;
mod claim;
mod connection;
mod envelope;
mod head;
mod names;
mod reader;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use event_store::snapshots::SnapshotStore;
use event_store::{
    AppendError, Appended, CommandRecord, Commit, Cursor, EventStore, Filter, Page, Position, RecordedEvent,
    StoreError, StreamId, checks,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::append::Appender;
use crate::connection::Connection;
use crate::names::Names;

/// The most appends under way; more wait their turn.
const APPENDS_MAX: u32 = 256;
/// What the store says once it is closed.
const CLOSED: &str = "the event store is closed";

/// An event store in one KurrentDB server or cluster.
pub struct KurrentDbStore {
    connection: Arc<Connection>,
    names: Names,
    beside: Arc<dyn EventStore>,
    /// Held by each append until it is answered; closed with the store.
    appends: Arc<Semaphore>,
    head: Arc<watch::Sender<Position>>,
    follower: JoinHandle<()>,
}

impl fmt::Debug for KurrentDbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KurrentDbStore").field("names", &self.names).finish_non_exhaustive()
    }
}

impl KurrentDbStore {
    /// Connects and follows the log.
    ///
    /// `url` is KurrentDB's connection string, such as `kurrentdb://user:password@host:2113?tls=true`. `log` names the log
    /// among others on the same server: small letters, digits and `_`. `beside` keeps secrets and marks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached or the string is none, [`StoreError::InUse`] when
    /// `beside` holds a log of its own.
    pub async fn connect(url: &str, log: &str, beside: Arc<dyn EventStore>) -> Result<Self, StoreError> {
        let names = Names::new(log).ok_or_else(|| {
            StoreError::Unavailable(format!("{log:?} names no log: small letters, digits and _ do").into())
        })?;
        let end = *beside.head().borrow();
        if end != Position(0) {
            let reason = format!("the store of secrets and marks holds a log of its own, up to position {end}");
            return Err(StoreError::InUse(reason));
        }
        let connection = Arc::new(Connection::new(url).map_err(StoreError::Unavailable)?);
        let head = Arc::new(watch::Sender::new(reader::head(&connection, &names).await?));
        let follower = tokio::spawn(head::follow(Arc::clone(&connection), names.clone(), Arc::clone(&head)));
        let appends = Arc::new(Semaphore::new(APPENDS_MAX as usize));
        Ok(Self { connection, names, beside, appends, head, follower })
    }

    fn known(&self) -> Position {
        *self.head.borrow()
    }
}

impl Drop for KurrentDbStore {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

/// Stores a commit and raises the head.
async fn store(
    connection: Arc<Connection>,
    names: Names,
    head: Arc<watch::Sender<Position>>,
    (commit, _permit): (Commit, OwnedSemaphorePermit),
) -> Result<Appended, AppendError> {
    let appended = Appender { connection: &connection, names: &names }.append(&commit).await?;
    head::raise(&head, appended.position);
    Ok(appended)
}

#[async_trait]
impl EventStore for KurrentDbStore {
    async fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        checks::check_commit(&commit)?;
        let permit = Arc::clone(&self.appends).acquire_owned().await;
        let permit = permit.map_err(|_| AppendError::Unavailable { in_doubt: false, source: CLOSED.into() })?;
        // A task of its own goes on when the caller does not; closing waits for its permit.
        let (connection, head) = (Arc::clone(&self.connection), Arc::clone(&self.head));
        let task = tokio::spawn(store(connection, self.names.clone(), head, (commit, permit)));
        task.await.map_err(|error| AppendError::Unavailable { in_doubt: true, source: error.into() })?
    }

    async fn read_stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        reader::read_stream(&self.connection, &self.names, stream, (after, limit)).await
    }

    /// What the reader saw last is not asked for: the server would have to be asked once more for each page.
    async fn read_on(&self, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        let query = (after.position, limit, self.known());
        let page = reader::read_page(&self.connection, &self.names, &filter.kinds, query).await?;
        head::raise(&self.head, page.head);
        Ok(page)
    }

    async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError> {
        Appender { connection: &self.connection, names: &self.names }.find_command(id).await
    }

    fn has_dense_positions(&self) -> bool {
        false
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }

    async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.beside.secret(name).await
    }

    async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.beside.secret_or_insert(name, value).await
    }

    async fn secret_destroy(&self, name: &str) -> Result<bool, StoreError> {
        self.beside.secret_destroy(name).await
    }

    async fn mark(&self, name: &str) -> Result<Option<u64>, StoreError> {
        self.beside.mark(name).await
    }

    async fn set_mark(&self, name: &str, value: u64) -> Result<(), StoreError> {
        self.beside.set_mark(name, value).await
    }

    /// They lie beside the log: whoever loses them folds a stream whole.
    fn snapshots(&self) -> Option<&dyn SnapshotStore> {
        self.beside.snapshots()
    }

    async fn lease_take(&self, name: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        self.beside.lease_take(name, owner, time).await
    }

    async fn lease_return(&self, name: &str, owner: Uuid) -> Result<(), StoreError> {
        self.beside.lease_return(name, owner).await
    }

    async fn close(&self) {
        // Those who hold a permit are answered first; those who wait for one are refused.
        if let Ok(all) = self.appends.acquire_many(APPENDS_MAX).await {
            self.appends.close();
            drop(all);
        }
        self.follower.abort();
        self.beside.close().await;
    }
}
