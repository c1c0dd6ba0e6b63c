//! The two statements of the writer, each of which stores a batch in one round trip: `append.sql` looks up where every
//! stream ends and whether a command id is known, `append_known.sql` leaves that to the unique indexes.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::sole::Sighting;
use super::{reader, writer};
use crate::checks::{self, SharedError};
use crate::heads::StreamHeads;
use crate::{AppendError, Appended, Commit, Position, StoreError};
use writer::{Job, Outcome};

const JUDGED: &str = include_str!("append.sql");
const KNOWN: &str = include_str!("append_known.sql");

/// The column of `append.sql` that says where the batch began; who holds the log, and whether it is asked for, follow.
const BASE_COLUMN: usize = 10;

/// What a statement has stored: an outcome for each commit of the batch, in its order.
pub(super) struct Stored {
    pub(super) outcomes: Vec<Outcome>,
    /// Where the batch began and what the row of the log's end said, if anything was stored.
    pub(super) moved: Option<(Position, Sighting)>,
}

/// Why a statement has no outcomes.
pub(super) enum Unstored {
    /// Another process holds the log alone, and nothing is stored.
    KeptOut,
    /// The server's answer; a statement of ours that the server refuses stores nothing.
    Failed(sqlx::Error),
    /// The statement was committed, and its answer makes no sense.
    Unreadable(SharedError),
}

impl From<sqlx::Error> for Unstored {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Unstored {
    fn from(error: StoreError) -> Self {
        Self::Unreadable(SharedError::new(error))
    }
}

/// Returns whether every commit of a batch goes on from where its stream is known to end, or begins one. Streams only
/// grow, so a sequence stored on that leaves no gap, whatever others have stored meanwhile.
pub(super) fn are_known(heads: &StreamHeads, batch: &[Job]) -> bool {
    batch
        .iter()
        .map(|job| &job.commit)
        .all(|commit| commit.expected == 0 || heads.get(&commit.stream) == Some(commit.expected))
}

/// How it is known where the streams of a batch end.
#[derive(Clone, Copy)]
pub(super) enum Ends {
    /// They [`are_known`]: the batch is stored whole, or not at all.
    Known,
    /// The statement looks them up, and stores those commits that win.
    LookedUp,
}

/// Stores a batch.
pub(super) async fn run(
    connection: &mut PgConnection,
    batch: &[Job],
    ends: Ends,
    token: Option<Uuid>,
) -> Result<Stored, Unstored> {
    match ends {
        Ends::Known => run_known(connection, batch, token).await,
        Ends::LookedUp => run_judged(connection, batch, token).await,
    }
}

/// Stores those of a batch that win, whatever is known of their streams.
async fn run_judged(connection: &mut PgConnection, batch: &[Job], token: Option<Uuid>) -> Result<Stored, Unstored> {
    let commits = || batch.iter().map(|job| &job.commit);
    let commands = || commits().map(|commit| commit.command.as_ref());
    let events = || (1i64..).zip(commits()).flat_map(|(ord, c)| (1i32..).zip(&c.events).map(move |(n, e)| (ord, n, e)));
    let counts: Result<Vec<i32>, _> = commits().map(|commit| i32::try_from(commit.events.len())).collect();
    let rows = sqlx::query(JUDGED)
        .bind(commits().map(|commit| &*commit.stream.kind).collect::<Vec<&str>>())
        .bind(commits().map(|commit| &*commit.stream.id).collect::<Vec<&str>>())
        .bind(commits().map(|commit| checks::to_bound(commit.expected)).collect::<Vec<i64>>())
        .bind(counts.map_err(|error| sqlx::Error::Encode(error.into()))?)
        .bind(commits().map(|commit| commit.recorded_at).collect::<Vec<i64>>())
        .bind(commands().map(|command| Some(command?.id.as_str())).collect::<Vec<Option<&str>>>())
        .bind(commands().map(|command| Some(command?.fingerprint.as_str())).collect::<Vec<Option<&str>>>())
        .bind(events().map(|(ord, _, _)| ord).collect::<Vec<i64>>())
        .bind(events().map(|(_, nth, _)| nth).collect::<Vec<i32>>())
        .bind(events().map(|(_, _, event)| event.event_id).collect::<Vec<Uuid>>())
        .bind(events().map(|(_, _, event)| event.event_type.as_str()).collect::<Vec<&str>>())
        .bind(events().map(|(_, _, event)| event.event_version.as_str()).collect::<Vec<&str>>())
        .bind(events().map(|(_, _, event)| event.payload.get()).collect::<Vec<&str>>())
        .bind(events().map(|(_, _, event)| event.metadata.get()).collect::<Vec<&str>>())
        .bind(token)
        .fetch_all(connection)
        .await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for (row, commit) in rows.iter().zip(commits()) {
        outcomes.push(outcome(row, commit)?.ok_or(Unstored::KeptOut)?);
    }
    let first = rows.first().filter(|_| outcomes.iter().any(Result::is_ok));
    let moved = first.map(|row| moved(row, BASE_COLUMN)).transpose()?;
    Ok(Stored { outcomes, moved })
}

/// Stores a whole batch whose streams [`are_known`], or nothing.
async fn run_known(connection: &mut PgConnection, batch: &[Job], token: Option<Uuid>) -> Result<Stored, Unstored> {
    let (mut landed, mut count) = (Vec::with_capacity(batch.len()), 0);
    for Job { commit, .. } in batch {
        let events = u64::try_from(commit.events.len()).map_err(|error| sqlx::Error::Encode(error.into()))?;
        count += events;
        landed.push(Landing { commit, sequence: commit.expected.saturating_add(events), up_to: count });
    }
    let events =
        || landed.iter().flat_map(|it| (1..).zip(&it.commit.events).map(move |(nth, event)| (it.commit, nth, event)));
    let noted = || landed.iter().filter_map(|it| Some((it, it.commit.command.as_ref()?)));
    let row = sqlx::query(KNOWN)
        .bind(checks::to_bound(count))
        .bind(token)
        .bind(events().map(|(commit, ..)| &*commit.stream.kind).collect::<Vec<&str>>())
        .bind(events().map(|(commit, ..)| &*commit.stream.id).collect::<Vec<&str>>())
        .bind(events().map(|(commit, nth, _)| checks::to_bound(commit.expected + nth)).collect::<Vec<i64>>())
        .bind(events().map(|(commit, ..)| commit.recorded_at).collect::<Vec<i64>>())
        .bind(events().map(|(.., event)| event.event_id).collect::<Vec<Uuid>>())
        .bind(events().map(|(.., event)| event.event_type.as_str()).collect::<Vec<&str>>())
        .bind(events().map(|(.., event)| event.event_version.as_str()).collect::<Vec<&str>>())
        .bind(events().map(|(.., event)| event.payload.get()).collect::<Vec<&str>>())
        .bind(events().map(|(.., event)| event.metadata.get()).collect::<Vec<&str>>())
        .bind(noted().map(|(_, command)| command.id.as_str()).collect::<Vec<&str>>())
        .bind(noted().map(|(_, command)| command.fingerprint.as_str()).collect::<Vec<&str>>())
        .bind(noted().map(|(it, _)| &*it.commit.stream.kind).collect::<Vec<&str>>())
        .bind(noted().map(|(it, _)| &*it.commit.stream.id).collect::<Vec<&str>>())
        .bind(noted().map(|(it, _)| checks::to_bound(it.commit.expected + 1)).collect::<Vec<i64>>())
        .bind(noted().map(|(it, _)| checks::to_bound(it.sequence)).collect::<Vec<i64>>())
        .bind(noted().map(|(it, _)| checks::to_bound(it.up_to)).collect::<Vec<i64>>())
        .fetch_optional(connection)
        .await?;
    let (base, seen) = moved(&row.ok_or(Unstored::KeptOut)?, 0)?;
    let appended = |it: &Landing| Ok(Appended { sequence: it.sequence, position: Position(base.0 + it.up_to) });
    Ok(Stored { outcomes: landed.iter().map(appended).collect(), moved: Some((base, seen)) })
}

/// Where a commit lands: the stream's last sequence with it, and how many events of the batch are stored up to and with it.
struct Landing<'a> {
    commit: &'a Commit,
    sequence: u64,
    up_to: u64,
}

/// Reads where the batch began, in the column `first`, and what was seen of the hold.
fn moved(row: &PgRow, first: usize) -> Result<(Position, Sighting), StoreError> {
    let base = reader::number(row, first).map(Position)?;
    let sole = row.try_get(first + 1).map_err(checks::unavailable)?;
    let wanted = row.try_get(first + 2).map_err(checks::unavailable)?;
    Ok((base, Sighting { sole, wanted }))
}

/// Reads what became of one commit; the columns are those of `append.sql`. `None` where it would have been stored and
/// another process holds the log alone.
fn outcome(row: &PgRow, commit: &Commit) -> Result<Option<Outcome>, StoreError> {
    if reader::get::<bool>(row, 1)? {
        if reader::get::<Option<i64>>(row, 3)?.is_none() {
            return Ok(None);
        }
        let count = u64::try_from(commit.events.len()).map_err(checks::unavailable)?;
        let position = Position(reader::number(row, 3)?);
        return Ok(Some(Ok(Appended { sequence: commit.expected.saturating_add(count), position })));
    }
    if reader::get::<Option<&str>>(row, 4)?.is_some() {
        return Ok(Some(Err(AppendError::DuplicateCommand(reader::command(row, 4)?))));
    }
    Ok(Some(Err(AppendError::WrongVersion { expected: commit.expected, actual: reader::number(row, 2)? })))
}
