//! The one writer: a thread that gathers what is waiting into one transaction, syncs once, then answers everyone.
//!
//! A refused commit writes nothing, so the others of its batch are not touched by it. When the engine fails, the whole
//! batch is rolled back and every caller of it is told that nothing was stored.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, params};
use tokio::sync::{mpsc, oneshot, watch};

use super::lock::Lock;
use super::{reader, seals, snapshots, soundness};
use crate::checks::{self, SharedError};
use crate::heads::StreamHeads;
use crate::seals::{SealError, Seals};
use crate::snapshots::StateSnapshot;
use crate::tail::Tail;
use crate::{AppendError, Appended, Commit, Position, StoreError, StreamId};

/// The most jobs of one transaction.
const BATCH_JOBS_MAX: usize = 512;
/// After how many pages of 4 KiB the write-ahead log is copied into the file: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4_096;

const SCHEMA: &str = include_str!("../../../../schema/sqlite/log.sql");

/// Something to be written.
#[derive(Debug)]
pub(super) enum Job {
    Append { commit: Commit, answer: Answer<Result<Appended, AppendError>> },
    SecretInsert { name: String, value: Vec<u8>, answer: Answer<Option<Vec<u8>>> },
    SecretDestroy { name: String, answer: Answer<bool> },
    SetMark { name: String, value: i64, answer: Answer<()> },
    StoreSeals { seals: Seals, answer: Answer<Result<(), SealError>> },
    KeepSnapshot { stream: StreamId, snapshot: StateSnapshot, answer: Answer<()> },
    DropSnapshots { answer: Answer<()> },
}

pub(super) type Answer<T> = oneshot::Sender<Result<T, Failed>>;

/// Why a whole batch was not stored.
#[derive(Clone, Debug)]
pub(super) struct Failed {
    pub(super) error: SharedError,
    /// The disk failed while the engine committed: after a crash the batch may turn up all the same.
    pub(super) in_doubt: bool,
}

impl<E: Into<crate::BoxError>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self { error: SharedError::new(error), in_doubt: false }
    }
}

/// Answers one caller once the fate of the batch is known.
type Tell = Box<dyn FnOnce(Option<&Failed>)>;

/// The jobs of one transaction: what they will be told, and the first failure.
#[derive(Default)]
struct Batch {
    told: Vec<Tell>,
    /// Told after the write-ahead log was overwritten too.
    told_overwritten: Vec<Tell>,
    /// What is in the transaction, in order of position.
    landed: Vec<(Commit, Appended)>,
    failed: Option<Failed>,
}

impl Batch {
    /// Runs one step, unless an earlier one failed: then the transaction may be gone already.
    fn step<T: 'static>(&mut self, answer: Answer<T>, step: impl FnOnce() -> Result<T, Failed>) -> Tell {
        let outcome = match &self.failed {
            Some(failed) => Err(failed.clone()),
            None => step(),
        };
        if let Err(failed) = &outcome {
            self.failed.get_or_insert_with(|| failed.clone());
        }
        Box::new(move |failed| {
            // A caller that has gone away needs no answer.
            drop(answer.send(failed.map_or(outcome, |failed| Err(failed.clone()))));
        })
    }
}

pub(super) struct Writer {
    connection: Connection,
    position: u64,
    stream_heads: StreamHeads,
    /// After a failure, what is kept in memory is read again.
    stale: bool,
    /// The text of the insert of so many events.
    inserts: HashMap<usize, String>,
    tail: Arc<Tail>,
    head: watch::Sender<Position>,
    /// Held for as long as this process may write. Declared last: it is given back after the connection is closed.
    _lock: Lock,
}

impl Writer {
    /// Prepares the file. The watch holds the end of the log.
    pub(super) fn new(
        connection: Connection,
        lock: Lock,
        tail: Arc<Tail>,
    ) -> Result<(Self, watch::Receiver<Position>), StoreError> {
        prepare(&connection).map_err(soundness::failed)?;
        let position = reader::head(&connection)?;
        let (head, receiver) = watch::channel(position);
        let writer = Self {
            connection,
            position: position.0,
            stream_heads: StreamHeads::default(),
            stale: false,
            inserts: HashMap::new(),
            tail,
            head,
            _lock: lock,
        };
        Ok((writer, receiver))
    }

    /// Writes until every sender is gone and the queue is empty.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut batch = Batch { failed: self.begin().err(), ..Batch::default() };
            self.store(first, &mut batch);
            let mut room = BATCH_JOBS_MAX - 1;
            self.gather(&mut jobs, &mut room, &mut batch);
            // On a busy machine whoever is about to hand in a commit runs first; on an idle one this is nothing.
            std::thread::yield_now();
            self.gather(&mut jobs, &mut room, &mut batch);
            self.finish(batch);
        }
    }

    /// Stores the jobs that are waiting, as far as there is room for them.
    fn gather(&mut self, jobs: &mut mpsc::Receiver<Job>, room: &mut usize, batch: &mut Batch) {
        while *room > 0
            && let Ok(job) = jobs.try_recv()
        {
            self.store(job, batch);
            *room -= 1;
        }
    }

    fn begin(&mut self) -> Result<(), Failed> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        if self.stale {
            self.stream_heads.forget();
            self.position = reader::head(&self.connection)?.0;
            self.stale = false;
        }
        Ok(())
    }

    fn store(&mut self, job: Job, batch: &mut Batch) {
        match job {
            Job::Append { commit, answer } => {
                let mut landed = None;
                let tell = batch.step(answer, || {
                    let outcome = self.append(&commit)?;
                    landed = outcome.as_ref().ok().copied();
                    Ok(outcome)
                });
                batch.told.push(tell);
                batch.landed.extend(landed.map(|appended| (commit, appended)));
            }
            Job::SecretInsert { name, value, answer } => {
                let tell = batch.step(answer, || self.secret_or_insert(&name, &value));
                batch.told.push(tell);
            }
            Job::SecretDestroy { name, answer } => {
                let tell = batch.step(answer, || self.secret_destroy(&name));
                batch.told_overwritten.push(tell);
            }
            Job::SetMark { name, value, answer } => {
                let tell = batch.step(answer, || self.set_mark(&name, value));
                batch.told.push(tell);
            }
            Job::StoreSeals { seals, answer } => {
                let tell = batch.step(answer, || seals::store(&self.connection, &seals));
                batch.told.push(tell);
            }
            Job::KeepSnapshot { stream, snapshot, answer } => {
                let tell = batch.step(answer, || snapshots::keep(&self.connection, &stream, &snapshot));
                batch.told.push(tell);
            }
            Job::DropSnapshots { answer } => {
                let tell = batch.step(answer, || snapshots::drop_all(&self.connection));
                batch.told.push(tell);
            }
        }
    }

    fn finish(&mut self, mut batch: Batch) {
        if batch.failed.is_none() {
            batch.failed = self.commit(std::mem::take(&mut batch.landed)).err();
        }
        if let Some(failed) = &batch.failed {
            tracing::error!(error = %failed.error, in_doubt = failed.in_doubt, "a batch of the event log was not stored");
            self.undo();
        }
        for tell in batch.told {
            tell(batch.failed.as_ref());
        }
        if batch.told_overwritten.is_empty() {
            return;
        }
        let failed = batch.failed.or_else(|| self.overwrite().err());
        for tell in batch.told_overwritten {
            tell(failed.as_ref());
        }
    }

    fn commit(&mut self, landed: Vec<(Commit, Appended)>) -> Result<(), Failed> {
        if let Err(error) = self.connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])) {
            let in_doubt = error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure);
            return Err(Failed { in_doubt, ..Failed::from(error) });
        }
        self.tail.push(landed);
        let position = Position(self.position);
        self.head.send_if_modified(|head| std::mem::replace(head, position) != position);
        Ok(())
    }

    /// Ends a transaction that failed. SQLite has rolled back some failures by itself.
    fn undo(&mut self) {
        self.stale = true;
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "rolling back a batch of the event log failed");
        }
    }

    fn append(&mut self, commit: &Commit) -> Result<Result<Appended, AppendError>, Failed> {
        if let Some(command) = &commit.command
            && let Some(record) = reader::find_command(&self.connection, &command.id)?
        {
            return Ok(Err(AppendError::DuplicateCommand(record)));
        }
        let expected = commit.expected;
        let actual = match self.stream_heads.get(&commit.stream) {
            Some(sequence) => sequence,
            None => reader::stream_head(&self.connection, &commit.stream)?,
        };
        if actual != expected {
            return Ok(Err(AppendError::WrongVersion { expected, actual }));
        }
        let count = u64::try_from(commit.events.len())?;
        let full = || Failed::from("the log has no positions left");
        let sequence = expected.checked_add(count).ok_or_else(full)?;
        let position = self.position.checked_add(count).ok_or_else(full)?;
        if let Err(error) = self.insert_events(commit) {
            // Only someone who ignores the lock file can have come first; the statement undid itself.
            let actual = reader::stream_head(&self.connection, &commit.stream)?;
            if error.sqlite_error_code() != Some(ErrorCode::ConstraintViolation) || actual == expected {
                return Err(error.into());
            }
            self.stream_heads.keep(&commit.stream, actual);
            return Ok(Err(AppendError::WrongVersion { expected, actual }));
        }
        let appended = Appended { sequence, position: Position(position) };
        self.insert_command(commit, appended)?;
        self.stream_heads.keep(&commit.stream, sequence);
        self.position = position;
        Ok(Ok(appended))
    }

    /// Inserts a commit's events with one statement, so that they are stored together or not at all.
    fn insert_events(&mut self, commit: &Commit) -> Result<(), rusqlite::Error> {
        let count = commit.events.len();
        let sql = self.inserts.entry(count).or_insert_with(|| insert_sql(count));
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.raw_bind_parameter(1, checks::to_bound(self.position))?;
        statement.raw_bind_parameter(2, checks::to_bound(commit.expected))?;
        statement.raw_bind_parameter(3, &*commit.stream.kind)?;
        statement.raw_bind_parameter(4, &*commit.stream.id)?;
        statement.raw_bind_parameter(5, commit.recorded_at)?;
        let mut parameter = 6;
        for event in &commit.events {
            statement.raw_bind_parameter(parameter, event.event_id.as_bytes().as_slice())?;
            statement.raw_bind_parameter(parameter + 1, event.event_type.as_str())?;
            statement.raw_bind_parameter(parameter + 2, event.event_version.as_str())?;
            statement.raw_bind_parameter(parameter + 3, event.payload.get())?;
            statement.raw_bind_parameter(parameter + 4, event.metadata.get())?;
            parameter += 5;
        }
        statement.raw_execute()?;
        Ok(())
    }

    fn insert_command(&self, commit: &Commit, appended: Appended) -> Result<(), Failed> {
        let Some(command) = &commit.command else {
            return Ok(());
        };
        let sql = "INSERT INTO commands (id, fingerprint, aggregate_type, aggregate_id, sequence_first, sequence_last, \
                   position) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.connection.prepare_cached(sql)?.execute(params![
            command.id,
            command.fingerprint,
            &*commit.stream.kind,
            &*commit.stream.id,
            i64::try_from(commit.expected)?.saturating_add(1),
            i64::try_from(appended.sequence)?,
            i64::try_from(appended.position.0)?,
        ])?;
        Ok(())
    }

    fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, Failed> {
        if let Some(present) = reader::secret(&self.connection, name)? {
            return Ok(present);
        }
        let sql = "INSERT INTO secrets (name, value) VALUES (?1, ?2)";
        self.connection.prepare_cached(sql)?.execute(params![name, value])?;
        Ok(Some(value.to_vec()))
    }

    fn secret_destroy(&self, name: &str) -> Result<bool, Failed> {
        let present = reader::secret(&self.connection, name)?.flatten().is_some();
        let sql = "INSERT INTO secrets (name, value) VALUES (?1, NULL) ON CONFLICT DO UPDATE SET value = NULL";
        self.connection.prepare_cached(sql)?.execute([name])?;
        Ok(present)
    }

    /// Copies the write-ahead log into the file and empties it: it may hold a destroyed secret.
    fn overwrite(&self) -> Result<(), Failed> {
        let busy: bool = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if busy {
            return Err("the secret is destroyed, but a reader keeps the write-ahead log from being emptied".into());
        }
        Ok(())
    }

    fn set_mark(&self, name: &str, value: i64) -> Result<(), Failed> {
        let sql = "INSERT INTO marks (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
        self.connection.prepare_cached(sql)?.execute(params![name, value])?;
        Ok(())
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    super::configure(connection)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // In KiB when negative: 16 MiB, for the inner pages of the indexes; a larger one measured slower.
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(seals::SCHEMA)?;
    connection.execute_batch(snapshots::SCHEMA)
}

/// Parameters 1 to 5 are what the events have in common, then there are five for each event.
fn insert_sql(count: usize) -> String {
    let mut sql = "INSERT INTO events (position, sequence, aggregate_type, aggregate_id, recorded_at, event_id, \
                   event_type, event_version, payload, metadata) VALUES "
        .to_owned();
    for event in 0..count {
        let (comma, nth, first) = (if event == 0 { "" } else { ", " }, event + 1, event * 5 + 6);
        let (second, third, fourth, fifth) = (first + 1, first + 2, first + 3, first + 4);
        // Writing to a string cannot fail.
        let _ = write!(
            sql,
            "{comma}(?1 + {nth}, ?2 + {nth}, ?3, ?4, ?5, ?{first}, ?{second}, ?{third}, ?{fourth}, ?{fifth})"
        );
    }
    sql
}
