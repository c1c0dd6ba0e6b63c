//! The writer of this process: gathers what is waiting into one statement, answers after it has committed.
//!
//! A running statement is never cancelled: cancelling a commit that waits for replication reads as success.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use super::head::{self, Own};
use super::servers::Servers;
use super::sole::{self, Hold};
use super::statement::{self, Ends, Stored, Unstored};
use crate::checks::{self, SharedError};
use crate::heads::StreamHeads;
use crate::tail::Tail;
use crate::{AppendError, Appended, Commit, Position, StoreError};

/// The most commits of one statement.
const BATCH_JOBS_MAX: usize = 512;
/// The most events of one statement, unless its first commit alone has more.
const BATCH_EVENTS_MAX: usize = 4_096;
/// The most commits taken from the queue that wait for a later batch because of their stream or command id.
const WAITING_JOBS_MAX: usize = 2 * BATCH_JOBS_MAX;
/// How often the others are let run before a batch is sent, as long as that brings more commits.
const YIELDS_MAX: usize = 3;
/// How often a statement is run that lost against another process.
const RUNS_MAX: usize = 3;
/// How often the connection is tried before callers are told that the store is unavailable.
const CONNECTS_MAX: u32 = 5;
/// The pause after the first failed connect; it doubles with each.
const CONNECT_PAUSE_MILLIS: u64 = 50;
/// How long a connection that was idle may take to show that it is alive, and a beat of the hold to be answered.
const PING_SECONDS_MAX: u64 = 5;
/// How long the answer to a statement is waited for. Then the connection is given up and the batch is in doubt.
const STATEMENT_SECONDS_MAX: u64 = 30;
/// After so long without a statement the connection is tried first, so that a dead one leaves nothing in doubt.
const IDLE_SECONDS_MAX: u64 = 30;

/// One plan for every batch size: index look-ups for the heads, hashing for the rest. A plan made while the tables were
/// small must still be right when they are large.
const PLANNER: [(&str, &str); 4] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_nestloop", "off"), ("jit", "off")];

/// A commit and whoever waits for its answer.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) commit: Commit,
    pub(super) answer: oneshot::Sender<Outcome>,
}

#[derive(Debug, thiserror::Error)]
#[error("other processes take the event log all the time")]
struct KeptOut;

pub(super) type Outcome = Result<Appended, AppendError>;

/// Why a statement stored nothing, or may not have.
enum Failure {
    /// Another process holds the log alone, and nothing is stored.
    KeptOut,
    /// A commit of it is based on what was read before a connection was lost, and nothing is stored.
    EpochOver,
    /// Another process came first; run it again.
    Raced(SharedError),
    /// The server refuses something in it.
    Refused(SharedError),
    /// No answer: with `in_doubt` the statement may have been committed.
    Lost { error: SharedError, in_doubt: bool },
}

pub(super) struct Writer {
    servers: Arc<Servers>,
    connection: Option<PgConnection>,
    used_at: Instant,
    tail: Arc<Tail>,
    head: Arc<watch::Sender<Position>>,
    own: Arc<Own>,
    hold: Hold,
    heads: StreamHeads,
    waiting: VecDeque<Job>,
}

impl Writer {
    /// Connects, and takes the log for this process alone where it may and nobody else has it.
    pub(super) async fn connect(
        servers: &Servers,
        tail: Arc<Tail>,
        head: Arc<watch::Sender<Position>>,
        own: Arc<Own>,
        mut hold: Hold,
    ) -> Result<Self, StoreError> {
        let servers = servers.map(|options| options.options(PLANNER));
        let mut connection = open(&servers, &own).await.map_err(checks::unavailable)?;
        hold.take(&mut connection, &head).await.map_err(checks::unavailable)?;
        let (connection, used_at) = (Some(connection), Instant::now());
        let (heads, waiting) = (StreamHeads::default(), VecDeque::new());
        Ok(Self { servers, connection, used_at, tail, head, own, hold, heads, waiting })
    }

    /// Writes until every sender is gone and the queue is empty.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while self.wait(&mut jobs).await {
            let_others_hand_in(&jobs).await;
            let batch = self.gather(&mut jobs);
            self.store(batch).await;
            if self.hold.is_wanted() {
                self.tend().await;
            }
        }
        if let Some(mut connection) = self.connection {
            let closed = match self.hold.give_up(&mut connection).await {
                Ok(()) => connection.close().await,
                Err(error) => Err(error),
            };
            if let Err(error) = closed {
                tracing::warn!(%error, "closing the writer's connection failed");
            }
        }
    }

    /// Waits for a commit, and looks after the hold meanwhile. Returns false when there will be no more.
    async fn wait(&mut self, jobs: &mut mpsc::Receiver<Job>) -> bool {
        while self.waiting.is_empty() {
            tokio::select! {
                biased;
                job = jobs.recv() => match job {
                    Some(job) => self.waiting.push_back(job),
                    None => return false,
                },
                () = self.hold.due() => self.tend().await,
            }
        }
        true
    }

    /// Does what is due for the hold. When the database fails, the next statement finds out as well.
    async fn tend(&mut self) {
        let Ok(mut connection) = self.connected().await else { return self.hold.lost() };
        let tended = self.hold.tend(&mut connection, &self.head);
        match timeout(Duration::from_secs(PING_SECONDS_MAX), tended).await {
            Ok(Ok(())) => self.connection = Some(connection),
            failed => {
                tracing::warn!(?failed, "the hold of the event log is not certain any more");
                self.hold.lost();
            }
        }
    }

    /// Takes what is there: at most one commit per stream and per command id, since a statement does not see its own rows.
    fn gather(&mut self, jobs: &mut mpsc::Receiver<Job>) -> Vec<Job> {
        while self.waiting.len() < WAITING_JOBS_MAX {
            match jobs.try_recv() {
                Ok(job) => self.waiting.push_back(job),
                Err(_) => break,
            }
        }
        let (mut streams, mut commands, mut events) = (HashSet::new(), HashSet::new(), 0);
        let mut batch = Vec::new();
        for job in std::mem::take(&mut self.waiting) {
            let commit = &job.commit;
            let command = commit.command.as_ref().map(|command| &command.id);
            let fits = batch.is_empty() || events + commit.events.len() <= BATCH_EVENTS_MAX;
            let alone = !streams.contains(&commit.stream) && command.is_none_or(|id| !commands.contains(id));
            if fits && alone && batch.len() < BATCH_JOBS_MAX {
                streams.insert(commit.stream.clone());
                commands.extend(command.cloned());
                events += commit.events.len();
                batch.push(job);
            } else {
                self.waiting.push_back(job);
            }
        }
        batch
    }

    /// Stores a batch; when the server refuses it, each commit on its own, so that only the one to blame suffers.
    async fn store(&mut self, batch: Vec<Job>) {
        let failure = match self.attempt(&batch).await {
            Ok(outcomes) => return self.tell(batch, outcomes),
            Err(failure) => failure,
        };
        let alone = batch.len() == 1;
        let mut lost = match failure {
            Failure::Lost { error, in_doubt } => Some((error, in_doubt)),
            Failure::KeptOut => Some((SharedError::new(KeptOut), false)),
            Failure::EpochOver if alone => return self.refuse_epoch(batch),
            Failure::EpochOver => None,
            Failure::Raced(error) | Failure::Refused(error) if alone => Some((error, false)),
            Failure::Raced(_) | Failure::Refused(_) => None,
        };
        let told_once = lost.is_some();
        for job in batch {
            if let Some((error, in_doubt)) = &lost {
                // A caller that has gone away needs no answer.
                drop(job.answer.send(Err(error.append(*in_doubt))));
                continue;
            }
            let job = vec![job];
            match self.attempt(&job).await {
                Ok(outcomes) => self.tell(job, outcomes),
                Err(Failure::EpochOver) => self.refuse_epoch(job),
                Err(Failure::Raced(error) | Failure::Refused(error)) => refuse(job, &error, false),
                Err(Failure::KeptOut) => refuse(job, &SharedError::new(KeptOut), false),
                Err(Failure::Lost { error, in_doubt }) => {
                    refuse(job, &error, in_doubt);
                    // The rest of the batch was not even sent.
                    lost = Some((error, false));
                }
            }
        }
        if let (true, Some((error, in_doubt))) = (told_once, lost) {
            tracing::error!(%error, in_doubt, "a batch of the event log was not stored");
        }
    }

    /// Tells commits of another epoch that they are to be decided again, and the rest of them nothing.
    fn refuse_epoch(&self, batch: Vec<Job>) {
        for Job { commit, answer } in batch {
            if let Err(refused) = checks::check_epoch(&commit, self.own.epoch()) {
                // A caller that has gone away needs no answer.
                drop(answer.send(Err(refused)));
            }
        }
    }

    /// Runs the statement, again when another process came first, or held the log alone and has given it up.
    async fn attempt(&mut self, batch: &[Job]) -> Result<Vec<Outcome>, Failure> {
        let mut runs = 1;
        loop {
            match self.statement(batch).await {
                Err(Failure::Raced(_)) if runs < RUNS_MAX => runs += 1,
                Err(Failure::KeptOut) if runs < RUNS_MAX => {
                    runs += 1;
                    self.recall().await?;
                }
                Err(failure @ Failure::Lost { .. }) => {
                    self.hold.lost();
                    return Err(failure);
                }
                other => return other,
            }
        }
    }

    /// Waits until no other process holds the log.
    async fn recall(&mut self) -> Result<(), Failure> {
        let lost = |error| Failure::Lost { error, in_doubt: false };
        let mut connection = self.connected().await.map_err(lost)?;
        sole::recall(&mut connection, self.hold.token()).await.map_err(|error| lost(SharedError::new(error)))?;
        self.connection = Some(connection);
        Ok(())
    }

    /// Runs the cheaper statement where it will do. Where it will not after all, since a stream or a command id is not as it
    /// was known, it has stored nothing.
    async fn statement(&mut self, batch: &[Job]) -> Result<Vec<Outcome>, Failure> {
        let connection = self.ready().await?;
        let epoch = self.own.epoch();
        if batch.iter().any(|job| checks::check_epoch(&job.commit, epoch).is_err()) {
            self.connection = Some(connection);
            return Err(Failure::EpochOver);
        }
        if self.hold.token().is_none() || !statement::are_known(&self.heads, batch) {
            return self.send(connection, batch, Ends::LookedUp).await;
        }
        match self.send(connection, batch, Ends::Known).await {
            Err(Failure::Raced(_)) => self.heads.forget(),
            other => return other,
        }
        let connection = self.ready().await?;
        self.send(connection, batch, Ends::LookedUp).await
    }

    /// Takes the connection, and the log for this process where its own last token would keep it out. The connection is out
    /// of its place while a statement runs: only one that has answered is used again.
    async fn ready(&mut self) -> Result<PgConnection, Failure> {
        let failed = |error| Failure::Lost { error, in_doubt: false };
        let mut connection = self.connected().await.map_err(failed)?;
        if self.hold.is_lost() {
            let limit = Duration::from_secs(STATEMENT_SECONDS_MAX);
            let taken = timeout(limit, self.hold.take(&mut connection, &self.head)).await;
            let taken = taken.map_err(|elapsed| failed(SharedError::new(elapsed)))?;
            taken.map_err(|error| failed(SharedError::new(error)))?;
        }
        Ok(connection)
    }

    async fn send(&mut self, mut connection: PgConnection, batch: &[Job], ends: Ends) -> Result<Vec<Outcome>, Failure> {
        let limit = Duration::from_secs(STATEMENT_SECONDS_MAX);
        let (sent, token) = (std::time::Instant::now(), self.hold.token());
        let running = statement::run(&mut connection, batch, ends, token);
        let answer = timeout(limit, running).await;
        self.used_at = Instant::now();
        let stored = match answer {
            Ok(Ok(stored)) => stored,
            Ok(Err(unstored)) => {
                let failure = classify(unstored);
                if !matches!(failure, Failure::Lost { .. }) {
                    self.connection = Some(connection);
                }
                return Err(failure);
            }
            Err(elapsed) => return Err(Failure::Lost { error: SharedError::new(elapsed), in_doubt: true }),
        };
        self.connection = Some(connection);
        Ok(self.learn(batch, stored, sent))
    }

    /// Takes in what a statement, sent at `sent`, has stored and seen.
    fn learn(&mut self, batch: &[Job], stored: Stored, sent: std::time::Instant) -> Vec<Outcome> {
        for (job, outcome) in batch.iter().zip(&stored.outcomes) {
            match outcome {
                Ok(appended) => self.heads.keep(&job.commit.stream, appended.sequence),
                Err(AppendError::WrongVersion { actual, .. }) => self.heads.keep(&job.commit.stream, *actual),
                Err(_) => {}
            }
        }
        let end = stored.outcomes.iter().flatten().map(|appended| appended.position).max();
        if let (Some((base, seen)), Some(end)) = (stored.moved, end) {
            self.hold.appended(base, end);
            self.hold.saw(sent, &seen);
        }
        stored.outcomes
    }

    /// Answers everyone of a batch, after readers can see it.
    fn tell(&self, batch: Vec<Job>, outcomes: Vec<Outcome>) {
        let (mut landed, mut told) = (Vec::new(), Vec::with_capacity(batch.len()));
        for (job, outcome) in batch.into_iter().zip(outcomes) {
            landed.extend(outcome.as_ref().ok().map(|appended| (job.commit, *appended)));
            told.push((job.answer, outcome));
        }
        landed.sort_by_key(|(_, appended)| appended.position);
        if let Some(position) = landed.last().map(|(_, appended)| appended.position) {
            self.tail.push(landed);
            head::raise(&self.head, position);
        }
        for (answer, outcome) in told {
            // A caller that has gone away needs no answer.
            drop(answer.send(outcome));
        }
    }

    /// Takes the connection, or makes a new one, with which nothing is known any more: a few times, with a growing pause.
    async fn connected(&mut self) -> Result<PgConnection, SharedError> {
        if let Some(mut connection) = self.connection.take() {
            let idle = self.used_at.elapsed() > Duration::from_secs(IDLE_SECONDS_MAX);
            let wait = Duration::from_secs(PING_SECONDS_MAX);
            if !idle || matches!(timeout(wait, connection.ping()).await, Ok(Ok(()))) {
                return Ok(connection);
            }
        }
        // What answers next may be another server, with an older copy of a stream or of the log.
        self.heads.forget();
        self.tail.clear();
        let mut connects = 0;
        loop {
            let error = match open(&self.servers, &self.own).await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            connects += 1;
            if connects == CONNECTS_MAX {
                return Err(SharedError::new(error));
            }
            sleep(Duration::from_millis(CONNECT_PAUSE_MILLIS << connects)).await;
        }
    }
}

/// Lets whoever is about to hand in a commit do so. The first one that does wakes the writer, which tokio runs at once,
/// before all others who were answered at the same time: without this every other batch held one commit.
async fn let_others_hand_in(jobs: &mpsc::Receiver<Job>) {
    for _ in 0..YIELDS_MAX {
        let before = jobs.len();
        yield_now().await;
        if jobs.len() == before {
            return;
        }
    }
}

/// Connects, and notes whose notifications are our own.
async fn open(servers: &Servers, own: &Own) -> Result<PgConnection, sqlx::Error> {
    let mut connection = servers.connect().await?;
    let asked = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection);
    let process: i32 = match timeout(Duration::from_secs(PING_SECONDS_MAX), asked).await {
        Ok(process) => process?,
        Err(elapsed) => return Err(sqlx::Error::Io(elapsed.into())),
    };
    own.note(process.unsigned_abs());
    Ok(connection)
}

fn refuse(batch: Vec<Job>, error: &SharedError, in_doubt: bool) {
    tracing::error!(%error, in_doubt, "a commit of the event log was not stored");
    for job in batch {
        drop(job.answer.send(Err(error.append(in_doubt))));
    }
}

/// Tells from the SQLSTATE (PostgreSQL manual, appendix A) whether anything can have been stored.
fn classify(unstored: Unstored) -> Failure {
    let error = match unstored {
        Unstored::KeptOut => return Failure::KeptOut,
        Unstored::Unreadable(error) => return Failure::Lost { error, in_doubt: true },
        Unstored::Failed(error) => error,
    };
    let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
    let unsent = matches!(error, sqlx::Error::Encode(_));
    let answered = error.as_database_error().is_some();
    let error = SharedError::new(error);
    match code.as_str() {
        // unique_violation, serialization_failure, deadlock_detected, lock_not_available
        "23505" | "40001" | "40P01" | "55P03" => Failure::Raced(error),
        // read_only_sql_transaction: this server is no longer the primary.
        "25006" => Failure::Lost { error, in_doubt: false },
        // Operator intervention: the server ends the connection.
        code if code.starts_with("57") => Failure::Lost { error, in_doubt: true },
        _ if answered || unsent => Failure::Refused(error),
        _ => Failure::Lost { error, in_doubt: true },
    }
}
