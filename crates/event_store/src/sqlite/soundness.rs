//! Looks for damage before a file is written to: a shop that goes on over a damaged page makes it worse.
//!
//! What is looked at: every page of every tree and the list of free pages (`PRAGMA quick_check`,
//! <https://sqlite.org/pragma.html#pragma_quick_check>), and that there are as many events as positions. What is not:
//! whether indexes agree with their tables, and what the events say. A look takes about a second per GiB of a file that
//! is in memory, three from a disk, and ends unfinished, with a warning, after [`LOOK_SECONDS_MAX`].

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::{StoreError, checks};

/// How long a start looks for damage at most.
pub(super) const LOOK_SECONDS_MAX: u64 = 10;
/// How long after an interruption the next one comes.
const INTERRUPT_AGAIN: Duration = Duration::from_millis(10);
/// How many findings are told.
const FINDINGS_MAX: usize = 5;
/// Where it says what to do.
const ADVICE: &str = "do not write to it, see \"A damaged log\" in docs/runbook.md";

/// Lets SQLite take back what was under way when the power went in the first moment of a log, before it had a write-ahead log:
/// then a rollback journal lies beside it, which only a connection that may write can follow
/// (<https://sqlite.org/lockingv3.html#hot_journals>).
pub(super) fn settle(path: &Path) -> Result<(), StoreError> {
    let mut journal = path.as_os_str().to_owned();
    journal.push("-journal");
    if !Path::new(&journal).exists() {
        return Ok(());
    }
    let connection = Connection::open(path).map_err(checks::unavailable)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(failed)
}

/// Refuses a file in which damage is found within a time.
///
/// # Errors
/// [`StoreError::Corrupt`] names the file, the page and what is wrong with it.
pub(super) fn check(connection: &Connection, path: &Path, limit: Duration) -> Result<(), StoreError> {
    let looked = within(connection, limit, || look(connection));
    match looked {
        Ok(findings) if findings.is_empty() => Ok(()),
        Ok(findings) => Err(damaged(path, &findings.join("; "))),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
            tracing::warn!(file = %path.display(), ?limit, "the log is too large to be looked over whole at a start");
            Ok(())
        }
        Err(error) if is_damage(&error) => Err(damaged(path, &error.to_string())),
        Err(error) => Err(checks::unavailable(error)),
    }
}

/// Tells damage from what may be over the next time.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error {
        error if is_damage(&error) => StoreError::Corrupt(format!("{error}; {ADVICE}")),
        error => checks::unavailable(error),
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

fn damaged(path: &Path, findings: &str) -> StoreError {
    StoreError::Corrupt(format!("{}: {findings}; {ADVICE}", path.display()))
}

/// Interrupts what the connection does once the time is over, again and again until it has ended: an interruption that comes
/// between two statements, or before the first, interrupts nothing (<https://sqlite.org/c3ref/interrupt.html>).
fn within<T>(connection: &Connection, limit: Duration, work: impl FnOnce() -> T) -> T {
    let interrupt = connection.get_interrupt_handle();
    let (done, waiting) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut pause = limit;
            while waiting.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                interrupt.interrupt();
                pause = INTERRUPT_AGAIN;
            }
        });
        let outcome = work();
        drop(done);
        outcome
    })
}

fn look(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({FINDINGS_MAX})"))?;
    let findings = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()?;
    if findings != ["ok"] {
        return Ok(findings.iter().map(|finding| finding.replace('\n', " ")).collect());
    }
    let has_events = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'events'";
    if connection.query_row(has_events, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let sql = "SELECT (SELECT count(*) FROM events), coalesce(max(position), 0) FROM events";
    let (events, head) = connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    if events != head {
        return Ok(vec![format!("{events} events are there and the last position is {head}")]);
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_takes_too_long_ends_and_lets_the_log_open() {
        let connection = Connection::open_in_memory().expect("SQLite opens");
        let long =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000000) SELECT max(i) FROM n";
        let ended = within(&connection, Duration::ZERO, || {
            // The first interruption comes before the statement.
            while !connection.is_interrupted() {
                std::thread::yield_now();
            }
            connection.query_row(long, [], |row| row.get::<_, i64>(0))
        });
        let error = ended.expect_err("is interrupted");
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::OperationInterrupted));
        let path = Path::new("log.sqlite");
        connection.execute_batch(include_str!("../../../../schema/sqlite/log.sql")).expect("the schema is valid");
        check(&connection, path, Duration::ZERO).expect("opens, looked over or not");
    }
}
