//! What the engine itself can do at most: the same rows into the same tables by one loop that does nothing else. A
//! transaction holds one commit of every client, which is the largest batch that so many waiting clients can make, and
//! nobody asks for a version or waits for an answer.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::params;
use sqlx::{Connection, Executor, PgConnection};
use uuid::Uuid;

use super::commits::{self, EVENTS_EACH, STREAMS};
use crate::engine::Engine;

const SQLITE_SCHEMA: &str = include_str!("../../../schema/sqlite/log.sql");
const POSTGRES_SCHEMA: &str = include_str!("../../../schema/postgres/log.sql");

/// As the log's own writer sets its connection.
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
    PRAGMA wal_autocheckpoint = 4096; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;";

const SQLITE_EVENTS: &str =
    "INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type,
    event_version, payload, metadata, recorded_at)
    VALUES (?1, ?2, 'bench', ?4, ?5, 'bench.happened', '1', ?6, ?7, 0),
           (?1 + 1, ?3, 'bench', ?4, ?5 + 1, 'bench.happened', '1', ?6, ?7, 0)";
const SQLITE_COMMAND: &str = "INSERT INTO commands (id, fingerprint, aggregate_type, aggregate_id, sequence_first,
    sequence_last, position) VALUES (?1, 'bench', 'bench', ?2, ?3, ?4, ?5)";

const POSTGRES: &str = "
WITH asked AS (
  SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::text[])
    AS asked (id, sequence, position, first_id, second_id, command_id)
), stored AS (
  INSERT INTO events (position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                      metadata, recorded_at)
  SELECT position + nth, CASE nth WHEN 0 THEN first_id ELSE second_id END, 'bench', id, sequence + nth, 'bench.happened',
         '1', $7::json, $8::json, 'epoch'
  FROM asked CROSS JOIN generate_series(0, 1) AS nth
)
INSERT INTO commands (id, fingerprint, aggregate_type, aggregate_id, sequence_first, sequence_last, position)
SELECT command_id, 'bench', 'bench', id, sequence, sequence + 1, position + 1 FROM asked WHERE command_id IS NOT NULL";

enum Target {
    Sqlite(rusqlite::Connection),
    Postgres(Box<PgConnection>),
}

/// The loop, and how far its streams are.
pub(super) struct Bare {
    target: Target,
    position: i64,
    payload: String,
}

/// One commit of a batch.
struct Row {
    stream: String,
    sequence: i64,
    position: i64,
    events: [Uuid; EVENTS_EACH],
    command: Option<String>,
}

/// A run with so many imagined clients.
pub(super) struct Run {
    name: String,
    clients: usize,
    keyed: bool,
    rounds: usize,
    took: Duration,
}

impl Run {
    pub(super) fn new(clients: usize, keyed: bool) -> Self {
        Self { name: Uuid::new_v4().simple().to_string(), clients, keyed, rounds: 0, took: Duration::ZERO }
    }

    /// Returns commits a second.
    pub(super) fn per_second(&self) -> f64 {
        (self.rounds * self.clients) as f64 / self.took.as_secs_f64()
    }

    /// Makes one commit for every client, each in the stream whose turn it is.
    fn batch(&mut self, position: &mut i64) -> Vec<Row> {
        let (turn, visits) = (self.rounds % STREAMS, self.rounds / STREAMS);
        self.rounds += 1;
        let events = EVENTS_EACH as i64;
        let row = |client| {
            let first = *position + 1;
            *position += events;
            Row {
                stream: format!("{}-{client}-{turn}", self.name),
                sequence: visits as i64 * events + 1,
                position: first,
                events: std::array::from_fn(|_| Uuid::now_v7()),
                command: self.keyed.then(|| Uuid::new_v4().to_string()),
            }
        };
        (0..self.clients).map(row).collect()
    }
}

impl Bare {
    /// Makes the same tables beside the log; `None` where the database is not of this run.
    pub(super) async fn of(engine: &Engine, folder: &Path) -> anyhow::Result<Option<Self>> {
        let target = match engine {
            Engine::Sqlite => {
                let connection = rusqlite::Connection::open(folder.join("bare.sqlite"))?;
                connection.execute_batch(SQLITE_SETTINGS)?;
                connection.execute_batch(SQLITE_SCHEMA)?;
                Target::Sqlite(connection)
            }
            Engine::Postgres { cluster: Some(cluster), .. } => {
                let mut connection = PgConnection::connect(&cluster.create_database()).await?;
                connection.execute(POSTGRES_SCHEMA).await?;
                Target::Postgres(Box::new(connection))
            }
            Engine::Postgres { cluster: None, .. } => return Ok(None),
        };
        Ok(Some(Self { target, position: 0, payload: commits::payload() }))
    }

    /// Goes on with a run for some time.
    pub(super) async fn work(&mut self, run: &mut Run, limit: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            let rows = run.batch(&mut self.position);
            match &mut self.target {
                Target::Sqlite(connection) => tokio::task::block_in_place(|| insert(connection, &rows, &self.payload))?,
                Target::Postgres(connection) => send(connection, &rows, &self.payload).await?,
            }
        }
        run.took += begun.elapsed();
        Ok(())
    }
}

fn insert(connection: &mut rusqlite::Connection, rows: &[Row], payload: &str) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    for Row { stream, sequence, position, events: [first, second], command } in rows {
        let (first, second) = (first.as_bytes().as_slice(), second.as_bytes().as_slice());
        transaction.prepare_cached(SQLITE_EVENTS)?.execute(params![
            position,
            first,
            second,
            stream,
            sequence,
            payload,
            commits::METADATA
        ])?;
        if let Some(command) = command {
            let mut statement = transaction.prepare_cached(SQLITE_COMMAND)?;
            statement.execute(params![command, stream, sequence, sequence + 1, position + 1])?;
        }
    }
    transaction.commit()
}

async fn send(connection: &mut PgConnection, rows: &[Row], payload: &str) -> Result<(), sqlx::Error> {
    sqlx::query(POSTGRES)
        .bind(rows.iter().map(|row| row.stream.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.sequence).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.events[0]).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.events[1]).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.command.as_deref()).collect::<Vec<_>>())
        .bind(payload)
        .bind(commits::METADATA)
        .execute(connection)
        .await
        .map(drop)
}
