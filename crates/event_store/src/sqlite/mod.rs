//! The embedded log: one SQLite file in WAL mode, one writer thread, a few readers.
//!
//! Beside the log `shop.db` lie SQLite's own `shop.db-wal` and `shop.db-shm`, and `shop.db.lock`, which one process
//! holds for as long as it may write. A backup is [`SqliteStore::copy_into`].
//!
//! * Durable: `synchronous=FULL`, so a commit is answered after its write-ahead log was synced.
//! * Group commit: what arrives while a sync is under way becomes the next transaction.
//! * A destroyed secret is overwritten in the file and in the write-ahead log. Copies made before are out of reach.

mod backup;
mod lock;
mod reader;
mod seals;
mod snapshots;
mod soundness;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use crate::checks::{self, PageQuery};
use crate::lease::Leases;
use crate::seals::SealStore;
use crate::snapshots::SnapshotStore;
use crate::tail::Tail;
use crate::{AppendError, Appended, CommandRecord, Commit, Cursor, EventStore, Filter, Page, Position};
use crate::{RecordedEvent, StoreError, StreamId};
use lock::Lock;
use reader::Readers;
use writer::{Answer, Job, Writer};

/// How many jobs wait for the writer before callers wait to hand theirs over.
const QUEUE_JOBS_MAX: usize = 4_096;
/// How long a connection waits for another one's short locks: checkpoints and recovery.
const BUSY_SECONDS_MAX: u64 = 10;

/// An event store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    /// Gone once the store was closed.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Whether nobody else can write.
    holds_lock: bool,
    readers: Readers,
    leases: Leases,
    tail: Arc<Tail>,
    head: watch::Receiver<Position>,
}

impl SqliteStore {
    /// Opens the log in the file `path`, which is created when it is missing; its folder must exist.
    /// Looks the file over for damage first, which blocks for about a second per GiB and for at most 10.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another store has it open, in this process or another;
    /// [`StoreError::Unavailable`] when SQLite cannot open or create it; [`StoreError::Corrupt`] for a file that is
    /// damaged or no log: nothing was written to it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let lock = Lock::take(path)?;
        if path.exists() {
            soundness::settle(path)?;
            // By a connection that cannot write: one that could would copy the write-ahead log into a damaged file.
            let limit = Duration::from_secs(soundness::LOOK_SECONDS_MAX);
            soundness::check(&reader::connect(path)?, path, limit)?;
        }
        let connection = Connection::open(path).map_err(checks::unavailable)?;
        let (sender, jobs) = mpsc::channel(QUEUE_JOBS_MAX);
        let tail = Arc::new(Tail::default());
        let (writer, head) = Writer::new(connection, lock, tail.clone())?;
        let readers = Readers::new(path)?;
        let thread = std::thread::Builder::new()
            .name("event_store writer".to_owned())
            .spawn(move || writer.run(jobs))
            .map_err(checks::unavailable)?;
        let (jobs, writer, leases) = (Mutex::new(Some(sender)), Mutex::new(Some(thread)), Leases::default());
        Ok(Self { jobs, writer, holds_lock: true, readers, leases, tail, head })
    }

    /// Opens the log for reading only, also beside a process that writes to it. The end of the log is the one it has now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is no such file or SQLite cannot read it.
    pub async fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let readers = Readers::new(path.as_ref())?;
        let (_, head) = watch::channel(readers.with(reader::head).await?);
        let (jobs, writer) = (Mutex::default(), Mutex::default());
        Ok(Self { jobs, writer, holds_lock: false, readers, leases: Leases::default(), tail: Arc::default(), head })
    }

    /// Reads from the file always, also what was just written and is still in memory: for whoever checks the file.
    #[must_use]
    pub fn without_tail(mut self) -> Self {
        self.tail = Arc::default();
        self
    }

    fn jobs(&self) -> Option<mpsc::Sender<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes no more jobs. The writer answers those it has, then ends; the caller joins it.
    fn stop(&self) -> Option<JoinHandle<()>> {
        self.readers.close_idle();
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Hands a job to the writer and waits for its answer.
    async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs().ok_or_else(|| checks::closed().store())?;
        jobs.send(job(answer)).await.map_err(|_| checks::closed().store())?;
        answered.await.map_err(|_| checks::writer_lost().store())?.map_err(|failed| failed.error.store())
    }
}

/// What every connection to the file is set to.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(BUSY_SECONDS_MAX))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(writer) = self.stop() {
            join(writer);
        }
    }
}

fn join(writer: JoinHandle<()>) {
    if writer.join().is_err() {
        tracing::error!("the writer thread of the event store panicked");
    }
}

#[async_trait]
impl EventStore for SqliteStore {
    async fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        checks::check_commit(&commit)?;
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs().ok_or_else(|| checks::closed().append(false))?;
        jobs.send(Job::Append { commit, answer }).await.map_err(|_| checks::closed().append(false))?;
        let answer = answered.await.map_err(|_| checks::writer_lost().append(true))?;
        answer.map_err(|failed| failed.error.append(failed.in_doubt))?
    }

    async fn read_stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        let stream = stream.clone();
        self.readers.with(move |connection| reader::read_stream(connection, &stream, after, limit)).await
    }

    async fn read_on(&self, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        if let Some(page) = self.tail.read(after, limit, filter) {
            return page;
        }
        if after.position == *self.head.borrow() && self.tail.ends_at(after) && self.holds_lock {
            // Nobody else writes: there is no more.
            return Ok(PageQuery::of(after, limit, filter).nothing_new());
        }
        let filter = filter.clone();
        self.readers.with(move |connection| reader::read_on(connection, after, limit, &filter)).await
    }

    async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError> {
        let id = id.to_owned();
        self.readers.with(move |connection| reader::find_command(connection, &id)).await
    }

    /// The lock file, which a writer holds, keeps others out.
    fn has_other_writers(&self) -> bool {
        !self.holds_lock
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = name.to_owned();
        self.readers.with(move |connection| Ok(reader::secret(connection, &name)?.flatten())).await
    }

    async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let (name, value) = (name.to_owned(), value.to_vec());
        self.ask(|answer| Job::SecretInsert { name, value, answer }).await
    }

    async fn secret_destroy(&self, name: &str) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.ask(|answer| Job::SecretDestroy { name, answer }).await
    }

    async fn mark(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let name = name.to_owned();
        self.readers.with(move |connection| reader::mark(connection, &name)).await
    }

    async fn set_mark(&self, name: &str, value: u64) -> Result<(), StoreError> {
        let (name, value) = (name.to_owned(), i64::try_from(value).map_err(checks::unavailable)?);
        self.ask(|answer| Job::SetMark { name, value, answer }).await
    }

    fn snapshots(&self) -> Option<&dyn SnapshotStore> {
        Some(self)
    }

    fn seals(&self) -> Option<&dyn SealStore> {
        Some(self)
    }

    async fn lease_take(&self, name: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        Ok(self.leases.take(name, owner, time))
    }

    async fn lease_return(&self, name: &str, owner: Uuid) -> Result<(), StoreError> {
        self.leases.give_back(name, owner);
        Ok(())
    }

    async fn close(&self) {
        if let Some(writer) = self.stop() {
            let joined = tokio::task::spawn_blocking(move || join(writer)).await;
            if let Err(error) = joined {
                tracing::error!(%error, "waiting for the writer thread of the event store failed");
            }
        }
    }
}
