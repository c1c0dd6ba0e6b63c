//! The log on PostgreSQL 14 or newer: a superset of the tables of `postgres-es`, so that both can work on one log.
//!
//! Several processes may append; each has one writer that stores a batch with one statement, see `statement.rs`.
//! Positions are given by the row `log_head`, which the appending statement holds until it has committed.
//!
//! Several servers may stand behind one URL, see [`servers`]: the log is written and read at the one that takes writes.
//!
//! * Durable: `synchronous_commit` is raised to `on` where it promises less; a stricter setting of the server stays.
//! * The head is woken by `NOTIFY`, once a batch, and by a look at `log_head` every second behind it.
//! * A destroyed secret stays in the dead row until the next vacuum, and in the write-ahead log's archive and in
//!   backups for as long as those are kept.

mod head;
mod reader;
mod seals;
mod secrets;
pub mod servers;
mod snapshots;
mod sole;
mod statement;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Executor};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::checks::{self, PageQuery};
use crate::seals::SealStore;
use crate::snapshots::SnapshotStore;
use crate::tail::Tail;
use crate::{AppendError, Appended, CommandRecord, Commit, Cursor, EventStore, Filter, Page, Position};
use crate::{RecordedEvent, StoreError, StreamId, Tenure};
use head::Own;
use servers::{Need, ServerPool, Servers};
use sole::{Hold, Sole};
use writer::{Job, Writer};

/// How many commits wait for the writer before callers wait to hand theirs over.
const QUEUE_JOBS_MAX: usize = 4_096;
/// The most connections for reads, secrets and marks, and one of them to listen; the writer has one besides.
const READERS_MAX: u32 = 9;
/// How long a read waits for a connection.
const ACQUIRE_SECONDS_MAX: u64 = 10;
/// Of the processes that start at the same time, one creates the schema while the others wait. "comptoir" in ASCII.
const SCHEMA_LOCK: i64 = 0x636f_6d70_746f_6972;
/// The channel of the notifications; `append.sql` and `log.sql` name it too.
const CHANNEL: &str = "event_log";

/// The mark that is left only because a commit after what was read makes that certain.
const CONFIRMED: &str = "confirmed";

const SCHEMA: &str = include_str!("../../../../schema/postgres/log.sql");
const GRANTS: &str = include_str!("../../../../schema/postgres/grants.sql");

/// An event store in one PostgreSQL database.
#[derive(Debug)]
pub struct PostgresStore {
    /// Gone once the store was closed.
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    follower: Option<JoinHandle<()>>,
    primary: Arc<ServerPool>,
    tail: Arc<Tail>,
    head: watch::Receiver<Position>,
    sole: Arc<Sole>,
    own: Arc<Own>,
}

impl PostgresStore {
    /// Connects, creates what is missing of the schema, and starts the writer. While no other process appends, this one
    /// holds the log alone, see [`EventStore::tenure`]; one that is asked for it gives it up at once.
    /// `url` is `postgres://user:password@host:port/database`, with `?host=/folder` for a Unix socket, and with
    /// `host:port,host:port` for several servers of which one takes writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no server can be reached that takes writes, or it refuses the schema.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::open(url, true).await
    }

    /// Connects as [`PostgresStore::connect`] does and never holds the log alone: for a log to which others insert who
    /// cannot ask for it, such as `postgres-es`.
    ///
    /// # Errors
    /// As [`PostgresStore::connect`].
    pub async fn connect_shared(url: &str) -> Result<Self, StoreError> {
        Self::open(url, false).await
    }

    async fn open(url: &str, may_hold: bool) -> Result<Self, StoreError> {
        let servers = Servers::of(url, Need::Writes, settings)?;
        let primary = Arc::new(connect_pool(servers.clone()).await?);
        create_schema(primary.pool()).await.map_err(checks::unavailable)?;
        let listener = head::listener(primary.pool()).await.map_err(checks::unavailable)?;
        let (sender, head) = watch::channel(reader::head(primary.pool()).await?);
        let sender = Arc::new(sender);
        let (jobs, queue) = mpsc::channel(QUEUE_JOBS_MAX);
        let tail = Arc::new(Tail::default());
        let sole = Arc::new(Sole::default());
        let hold = Hold::new(sole.clone(), may_hold);
        let own = Arc::new(Own::default());
        let writer = Writer::connect(&servers, tail.clone(), Arc::clone(&sender), own.clone(), hold).await?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(tokio::spawn(writer.run(queue)))),
            follower: Some(tokio::spawn(head::follow(listener, primary.clone(), sender, sole.clone(), own.clone()))),
            primary,
            tail,
            head,
            sole,
            own,
        })
    }

    /// Creates what is missing of the schema as its owner, and lets another role do what a shop does: append, never change
    /// what is there. `role` is the name of a role that exists and owns none of the tables.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached or refuses, such as for a role that is not there.
    pub async fn grant(url: &str, role: &str) -> Result<(), StoreError> {
        let primary = connect_pool(Servers::of(url, Need::Writes, settings)?).await?;
        let pool = primary.pool();
        create_schema(pool).await.map_err(checks::unavailable)?;
        let database = sqlx::query_scalar("SELECT current_database()::text").fetch_one(pool).await;
        let database: String = database.map_err(checks::unavailable)?;
        let grants = GRANTS.replace(":role", &quoted(role)).replace(":database", &quoted(&database));
        let granted = pool.execute(grants.as_str()).await;
        primary.close().await;
        granted.map(drop).map_err(checks::unavailable)
    }

    /// Connects for reading only, to a standby just as well: every transaction of its connections is one that PostgreSQL
    /// lets change nothing. The end of the log is the one it has now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached or holds no log.
    pub async fn connect_read_only(url: &str) -> Result<Self, StoreError> {
        let servers = Servers::of(url, Need::Any, settings)?;
        let primary = connect_pool(servers).await?;
        let (_, head) = watch::channel(reader::head(primary.pool()).await?);
        let primary = Arc::new(primary);
        Ok(Self {
            jobs: Mutex::default(),
            writer: Mutex::default(),
            follower: None,
            primary,
            tail: Arc::default(),
            head,
            sole: Arc::default(),
            own: Arc::default(),
        })
    }

    /// Reads from the database always, also what was just written and is still in memory: for whoever checks the database.
    #[must_use]
    pub fn without_tail(mut self) -> Self {
        self.tail = Arc::default();
        self
    }

    fn pool(&self) -> &PgPool {
        self.primary.pool()
    }

    fn jobs(&self) -> Option<mpsc::Sender<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes no more commits. The writer answers those it has, then ends.
    fn stop(&self) -> Option<JoinHandle<()>> {
        if let Some(follower) = &self.follower {
            follower.abort();
        }
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Writes a name as SQL does, whatever characters it has.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn settings(options: PgConnectOptions) -> PgConnectOptions {
    let settings = [("client_min_messages", "warning"), ("statement_timeout", "0"), ("lock_timeout", "0")];
    options.application_name("event_store").options(settings).disable_statement_logging()
}

async fn connect_pool(servers: Arc<Servers>) -> Result<ServerPool, StoreError> {
    let settings =
        PgPoolOptions::new().max_connections(READERS_MAX).acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS_MAX));
    ServerPool::of(servers, settings).await
}

/// Creates what is missing, unless this role may only use what its owner made.
async fn create_schema(pool: &PgPool) -> Result<(), sqlx::Error> {
    let may_create = "SELECT has_schema_privilege(current_schema(), 'CREATE') OR to_regclass('events') IS NULL";
    if !sqlx::query_scalar(may_create).fetch_one(pool).await? {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(SCHEMA_LOCK).execute(&mut *transaction).await?;
    (&mut *transaction).execute(SCHEMA).await?;
    (&mut *transaction).execute(seals::SCHEMA).await?;
    (&mut *transaction).execute(snapshots::SCHEMA).await?;
    transaction.commit().await
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        // The writer ends by itself once it has answered what it has.
        drop(self.stop());
    }
}

#[async_trait]
impl EventStore for PostgresStore {
    async fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        checks::check_commit(&commit)?;
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs().ok_or_else(|| checks::closed().append(false))?;
        jobs.send(Job { commit, answer }).await.map_err(|_| checks::closed().append(false))?;
        answered.await.map_err(|_| checks::writer_lost().append(true))?
    }

    async fn read_stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        reader::read_stream(self.pool(), stream, after, limit).await
    }

    async fn read_on(&self, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        if let Some(page) = self.tail.read(after, limit, filter) {
            return page;
        }
        if after.position == *self.head.borrow() && self.tail.ends_at(after) && self.tenure().is_some() {
            // Nobody else writes: there is no more.
            return Ok(PageQuery::of(after, limit, filter).nothing_new());
        }
        reader::read_on(self.pool(), after, limit, filter).await
    }

    async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError> {
        reader::find_command(self.pool(), id).await
    }

    fn tenure(&self) -> Option<Tenure> {
        self.sole.tenure()
    }

    fn epoch(&self) -> u64 {
        self.own.epoch()
    }

    async fn confirm(&self, seen: Cursor) -> Result<(), StoreError> {
        self.set_mark_after(seen, CONFIRMED, seen.position.0).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.head.clone()
    }

    async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        secrets::find(self.pool(), name).await.map_err(checks::unavailable)
    }

    async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        secrets::find_or_insert(self.pool(), name, value).await.map_err(checks::unavailable)
    }

    async fn secret_destroy(&self, name: &str) -> Result<bool, StoreError> {
        secrets::destroy(self.pool(), name, self.sole.token()).await.map_err(checks::unavailable)
    }

    async fn mark(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM marks WHERE name = $1").bind(name);
        let value: Option<i64> = value.fetch_optional(self.pool()).await.map_err(checks::unavailable)?;
        value.map(checks::to_u64).transpose()
    }

    async fn set_mark(&self, name: &str, value: u64) -> Result<(), StoreError> {
        let sql =
            "INSERT INTO marks (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        let value = i64::try_from(value).map_err(checks::unavailable)?;
        sqlx::query(sql).bind(name).bind(value).execute(self.pool()).await.map_err(checks::unavailable)?;
        Ok(())
    }

    async fn set_mark_after(&self, seen: Cursor, name: &str, value: u64) -> Result<(), StoreError> {
        let Some(event) = seen.event else { return self.set_mark(name, value).await };
        let sql = "INSERT INTO marks (name, value)
                   SELECT $1, $2 WHERE EXISTS (SELECT FROM events WHERE position = $3 AND event_id = $4)
                   ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        let value = i64::try_from(value).map_err(checks::unavailable)?;
        let left = sqlx::query(sql).bind(name).bind(value).bind(checks::to_bound(seen.position.0)).bind(event);
        if left.execute(self.pool()).await.map_err(checks::unavailable)?.rows_affected() > 0 {
            return Ok(());
        }
        let found = reader::event_at(self.pool(), seen.position).await?;
        Err(StoreError::LogRewound { position: seen.position, seen: event, found })
    }

    fn snapshots(&self) -> Option<&dyn SnapshotStore> {
        Some(self)
    }

    fn seals(&self) -> Option<&dyn SealStore> {
        Some(self)
    }

    async fn lease_take(&self, name: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        let sql = "INSERT INTO leases AS held (name, owner, until)
                   VALUES ($1, $2, clock_timestamp() + $3 * interval '1 microsecond')
                   ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
                   WHERE held.owner = excluded.owner OR held.until < clock_timestamp()";
        let time = i64::try_from(time.as_micros()).map_err(checks::unavailable)?;
        let taken = sqlx::query(sql).bind(name).bind(owner).bind(time).execute(self.pool()).await;
        Ok(taken.map_err(checks::unavailable)?.rows_affected() > 0)
    }

    async fn lease_return(&self, name: &str, owner: Uuid) -> Result<(), StoreError> {
        let sql = "DELETE FROM leases WHERE name = $1 AND owner = $2";
        sqlx::query(sql).bind(name).bind(owner).execute(self.pool()).await.map_err(checks::unavailable)?;
        Ok(())
    }

    /// Reads are refused after it too: the connections are given back.
    async fn close(&self) {
        if let Some(writer) = self.stop()
            && let Err(error) = writer.await
        {
            tracing::error!(%error, "waiting for the writer of the event store failed");
        }
        self.primary.close().await;
    }
}
