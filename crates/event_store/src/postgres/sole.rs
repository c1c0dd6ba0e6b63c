//! Holding the log alone: while one process does, nobody else appends or destroys a secret, and what it knows of the log
//! stays true without asking.
//!
//! The row `log_head`, which every append moves, names the holder's token; an append under another token moves nothing. Who
//! is kept out asks for the log (`wanted`), and the holder gives it up at its next statement, or at once when it hears the
//! notification. A holder that shows no sign of life, neither an append nor a beat, for [`SILENT`] is put out. It trusts
//! its own hold for [`TRUSTED`] after it sent the last statement that confirmed it: less than the others wait, so it has
//! stopped before they begin. Each measures by its own monotonic clock; no clock is compared with another one.
//!
//! Who was asked for the log once does not take it again before others have been quiet for a while.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{Executor, PgConnection, Row};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::{CHANNEL, head};
use crate::{Position, Tenure};

/// What is notified to a holder that shall give the log up; anything else on the channel is about its end.
pub(super) const WANTED: &str = "wanted";

/// How long a confirmed hold is trusted.
const TRUSTED: Duration = Duration::from_secs(2);
/// How long others watch a holder that does nothing before they put it out.
const SILENT: Duration = Duration::from_secs(3);
/// How often a holder that has nothing to append shows that it lives.
const BEAT: Duration = Duration::from_millis(500);
/// How often others look whether the log was given up.
const LOOK: Duration = Duration::from_millis(5);
/// How long the log is waited for before callers are told that the store is unavailable.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How long others must have written nothing before the log is taken again; doubles each time it was asked for.
const QUIET: Duration = Duration::from_secs(60);
const QUIET_MAX: Duration = Duration::from_secs(3_600);

const TAKE: &str = "
UPDATE log_head SET sole = $1, wanted = false, beat = beat + 1 WHERE sole IS NULL OR sole = $2 RETURNING position";
const BEAT_ON: &str = "UPDATE log_head SET beat = beat + 1 WHERE sole = $1 RETURNING wanted";
const GIVE_UP: &str = "UPDATE log_head SET sole = NULL, wanted = false WHERE sole = $1";
const LOOK_AT: &str = "SELECT sole, position, beat, wanted FROM log_head";
const ASK_FOR: &str = "UPDATE log_head SET wanted = true WHERE sole = $1";
const PUT_OUT: &str = "
UPDATE log_head SET sole = NULL, wanted = false WHERE sole = $1 AND position = $2 AND beat = $3";

/// What all of a store may know of its hold.
#[derive(Debug, Default)]
pub(super) struct Sole {
    /// The tenure, the token it is under, and when the statement was sent that confirmed it last.
    held: Mutex<Option<(Tenure, Uuid, Instant)>>,
    asked: Notify,
}

impl Sole {
    /// Returns the tenure, while it is certain.
    pub(super) fn tenure(&self) -> Option<Tenure> {
        let held = *self.held();
        held.filter(|(_, _, confirmed)| confirmed.elapsed() < TRUSTED).map(|(tenure, ..)| tenure)
    }

    /// Returns the token under which this store may write, also when it is not certain of its hold any more.
    pub(super) fn token(&self) -> Option<Uuid> {
        self.held().map(|(_, token, _)| token)
    }

    /// Tells the writer that another process asks for the log.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<(Tenure, Uuid, Instant)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the row of the log's end said after a statement.
pub(super) struct Sighting {
    pub(super) sole: Option<Uuid>,
    pub(super) wanted: bool,
}

/// The writer's side of it.
pub(super) struct Hold {
    sole: Arc<Sole>,
    /// Whether the log is to be held alone at all.
    takes: bool,
    /// The token that the database may still name after the tenure was given up for lost.
    previous: Option<Uuid>,
    tenures: u64,
    is_wanted: bool,
    quiet: Duration,
    /// The end of the log when others were last known to write, and since when they have been quiet.
    known: Position,
    quiet_since: Instant,
}

impl Hold {
    pub(super) fn new(sole: Arc<Sole>, takes: bool) -> Self {
        let (known, quiet_since) = (Position(0), Instant::now());
        Self { sole, takes, previous: None, tenures: 0, is_wanted: false, quiet: QUIET, known, quiet_since }
    }

    /// Returns the token to append under.
    pub(super) fn token(&self) -> Option<Uuid> {
        self.sole.token()
    }

    /// Returns whether the database may still name a token of this process that nobody writes under any more.
    pub(super) fn is_lost(&self) -> bool {
        self.previous.is_some()
    }

    /// Waits until there is something to do for the hold.
    pub(super) async fn due(&self) {
        let confirmed = self.sole.held().map(|(_, _, confirmed)| confirmed);
        let next = match confirmed {
            Some(confirmed) => confirmed + BEAT,
            None if !self.takes => return std::future::pending().await,
            None if self.previous.is_some() => Instant::now() + BEAT,
            None => self.quiet_since + self.quiet,
        };
        tokio::select! {
            () = self.sole.asked.notified() => {}
            () = tokio::time::sleep_until(next.into()) => {}
        }
    }

    /// Returns whether others are kept out and wait.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted && self.token().is_some()
    }

    /// Does what is due: shows that the holder lives, gives the log up, or takes it.
    pub(super) async fn tend(
        &mut self,
        connection: &mut PgConnection,
        end: &watch::Sender<Position>,
    ) -> Result<(), sqlx::Error> {
        let Some(token) = self.token() else { return self.take_if_quiet(connection, end).await };
        let sent = Instant::now();
        let beat = sqlx::query(BEAT_ON).bind(token).fetch_optional(&mut *connection).await?;
        let wanted = beat.map(|row| row.try_get(0)).transpose()?;
        let seen = Sighting { sole: wanted.map(|_| token), wanted: wanted.unwrap_or(false) };
        self.saw(sent, &seen);
        if self.is_wanted() { self.give_up(connection).await } else { Ok(()) }
    }

    async fn take_if_quiet(
        &mut self,
        connection: &mut PgConnection,
        end: &watch::Sender<Position>,
    ) -> Result<(), sqlx::Error> {
        if self.previous.is_some() {
            return self.take(connection, end).await;
        }
        let now = *end.borrow();
        if now > self.known {
            (self.known, self.quiet_since) = (now, Instant::now());
        }
        if self.quiet_since.elapsed() < self.quiet {
            return Ok(());
        }
        self.take(connection, end).await
    }

    /// Takes the log unless another process holds it. A statement of an earlier hold that is still under way somewhere
    /// comes to nothing from now on: the token is a new one.
    pub(super) async fn take(
        &mut self,
        connection: &mut PgConnection,
        end: &watch::Sender<Position>,
    ) -> Result<(), sqlx::Error> {
        if !self.takes {
            return Ok(());
        }
        let (token, sent) = (Uuid::new_v4(), Instant::now());
        let taken = sqlx::query(TAKE).bind(token).bind(self.previous).fetch_optional(&mut *connection).await?;
        self.previous = None;
        self.quiet_since = sent;
        let Some(row) = taken else { return Ok(()) };
        let since = Position(u64::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default());
        head::raise(end, since);
        self.tenures += 1;
        self.known = since;
        *self.sole.held() = Some((Tenure { number: self.tenures, since }, token, sent));
        Ok(())
    }

    /// Takes in what a statement, sent at `sent`, has seen.
    pub(super) fn saw(&mut self, sent: Instant, seen: &Sighting) {
        self.is_wanted = seen.wanted;
        let mut held = self.sole.held();
        match held.as_mut() {
            Some((_, token, confirmed)) if seen.sole == Some(*token) => *confirmed = sent,
            Some(_) => {
                *held = None;
                drop(held);
                self.was_asked();
            }
            None => {}
        }
    }

    /// Takes in that this process has appended from `base` to `end`.
    pub(super) fn appended(&mut self, base: Position, end: Position) {
        if self.known == base {
            self.known = end;
        }
    }

    /// Gives the log up for those who wait. What is at hand is not trusted any more before others may write.
    pub(super) async fn give_up(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let held = self.sole.held().take();
        if let Some((_, token, _)) = held {
            self.was_asked();
            self.previous = Some(token);
            sqlx::query(GIVE_UP).bind(token).execute(connection).await?;
            self.previous = None;
        }
        Ok(())
    }

    /// Takes in that a statement's fate is unknown: it may still be stored, behind the back of what is at hand.
    pub(super) fn lost(&mut self) {
        if let Some((_, token, _)) = self.sole.held().take() {
            self.previous = Some(token);
        }
    }

    fn was_asked(&mut self) {
        self.is_wanted = false;
        self.quiet_since = Instant::now();
        self.quiet = (self.quiet * 2).min(QUIET_MAX);
    }
}

/// Waits until no other process holds the log: asks for it, and puts out a holder that shows no sign of life.
///
/// # Errors
/// When the database fails, or the holder lives and does not give the log up for 30 seconds.
pub(super) async fn recall(connection: &mut PgConnection, mine: Option<Uuid>) -> Result<(), sqlx::Error> {
    let began = Instant::now();
    let (mut last, mut unchanged_since) = (None, began);
    while began.elapsed() < WAIT_MAX {
        let Some(seen) = ask_for(connection, mine).await? else { return Ok(()) };
        if last != Some(seen) {
            (last, unchanged_since) = (Some(seen), Instant::now());
        } else if unchanged_since.elapsed() >= SILENT {
            let (sole, position, beat) = seen;
            tracing::warn!("a process that held the event log alone shows no sign of life and is put out");
            sqlx::query(PUT_OUT).bind(sole).bind(position).bind(beat).execute(&mut *connection).await?;
            continue;
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(sqlx::Error::Protocol("another process holds the event log and does not give it up".to_owned()))
}

/// Looks who else holds the log, and asks for it where nobody has yet.
async fn ask_for(connection: &mut PgConnection, mine: Option<Uuid>) -> Result<Option<(Uuid, i64, i64)>, sqlx::Error> {
    let row = sqlx::query(LOOK_AT).fetch_one(&mut *connection).await?;
    let other = row.try_get::<Option<Uuid>, _>(0)?.filter(|sole| Some(*sole) != mine);
    let Some(sole) = other else { return Ok(None) };
    if !row.try_get::<bool, _>(3)? {
        sqlx::query(ASK_FOR).bind(sole).execute(&mut *connection).await?;
        connection.execute(format!("NOTIFY {CHANNEL}, '{WANTED}'").as_str()).await?;
    }
    Ok(Some((sole, row.try_get(1)?, row.try_get(2)?)))
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;
    use test_postgres::TestPostgres;

    use super::super::PostgresStore;
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn the_log_is_taken_again_once_others_are_quiet() {
        let Some(server) = TestPostgres::shared() else {
            return;
        };
        let url = server.create_database();
        PostgresStore::connect_shared(&url).await.expect("the schema is made");
        let mut connection = PgConnection::connect(&url).await.expect("the database is reached");
        let (sole, (end, _)) = (Arc::new(Sole::default()), watch::channel(Position(0)));
        let mut hold = Hold::new(sole.clone(), true);
        hold.take(&mut connection, &end).await.expect("the log is free");
        let first = sole.tenure().expect("the log is held");
        hold.give_up(&mut connection).await.expect("it is given up");
        assert_eq!((sole.tenure(), hold.quiet), (None, 2 * QUIET), "who was asked once waits longer");

        end.send_replace(Position(7));
        hold.quiet = LONG;
        hold.tend(&mut connection, &end).await.expect("the database answers");
        assert_eq!(hold.known, Position(7), "others have written, and the wait begins anew");
        assert_eq!(sole.tenure(), None, "it is too early");
        hold.quiet = Duration::ZERO;
        hold.tend(&mut connection, &end).await.expect("the database answers");
        let second = sole.tenure().expect("others are quiet");
        assert!(second.number > first.number, "what was at hand in the first one is not trusted in the second");
    }
}
