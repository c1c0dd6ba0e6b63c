//! The same inserts by others, on the same PostgreSQL in the same run: an unmodified `postgres-es`, and `pgbench` with one
//! statement a transaction, which is as cheap as a transaction of its own can be. Both write two events of 300 B a
//! transaction into the table of `postgres-es`: no positions, no command ids.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use cqrs_es::persist::{PersistedEventRepository, SerializedEvent};
use domain::stock::Stock;
use postgres_es::PostgresEventRepository;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use test_postgres::TestPostgres;
use uuid::Uuid;

use super::commits;
use crate::engine::Engine;
use crate::load;

/// The table as `postgres-es` documents it.
const TABLE: &str = "CREATE TABLE events (aggregate_type text NOT NULL, aggregate_id text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0), event_type text NOT NULL, event_version text NOT NULL,
    payload json NOT NULL, metadata json NOT NULL, PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

/// What a peer achieved, and how wide its column is.
pub(super) struct Peer {
    pub(super) per_second: f64,
    pub(super) width: usize,
}

/// Those who insert the same.
pub(super) struct Peers<'a> {
    cluster: &'a TestPostgres,
    url: String,
}

impl<'a> Peers<'a> {
    /// Makes room for them beside our log; `None` where the engine is not a cluster of this run.
    pub(super) async fn of(engine: &'a Engine) -> anyhow::Result<Option<Self>> {
        let Engine::Postgres { cluster: Some(cluster), .. } = engine else { return Ok(None) };
        let url = cluster.create_database();
        let pool = sqlx::PgPool::connect(&url).await?;
        sqlx::query(TABLE).execute(&pool).await?;
        Ok(Some(Self { cluster, url }))
    }

    /// Lets each of them insert for some time.
    pub(super) async fn measure(&self, clients: usize, limit: Duration) -> anyhow::Result<Vec<Peer>> {
        let postgres_es = Peer { per_second: self.postgres_es(clients, limit).await?, width: 13 };
        Ok(vec![postgres_es, Peer { per_second: self.pgbench(clients, limit).await?, width: 9 }])
    }

    /// A connection a client.
    async fn postgres_es(&self, clients: usize, limit: Duration) -> anyhow::Result<f64> {
        let pool = PgPoolOptions::new().max_connections(u32::try_from(clients)?).connect(&self.url).await?;
        let repository = Arc::new(PostgresEventRepository::new(pool));
        let done = load::work(vec![(); clients], limit, move |()| {
            let repository = repository.clone();
            async move {
                let id = Uuid::new_v4().to_string();
                let events = (1..=commits::EVENTS_EACH).map(|sequence| event(&id, sequence));
                let events = events.collect::<Result<Vec<_>, _>>()?;
                repository.persist::<Stock>(&events, None).await?;
                Ok(((), ()))
            }
        });
        Ok(done.await?.per_second())
    }

    async fn pgbench(&self, clients: usize, limit: Duration) -> anyhow::Result<f64> {
        let script = std::env::temp_dir().join(format!("comptoir_bench_{}.sql", Uuid::new_v4()));
        let sql = format!(
            "INSERT INTO events SELECT 'bench', id, n, 'bench.happened', '1', '{}', '{{}}' \
             FROM (SELECT gen_random_uuid()::text AS id) AS one, generate_series(1, {}) AS n;\n",
            commits::payload(),
            commits::EVENTS_EACH
        );
        std::fs::write(&script, sql)?;
        let database = self.url.split(['/', '?']).nth(3).context("a database without a name")?;
        let (clients, seconds) = (clients.to_string(), limit.as_secs().max(1).to_string());
        let mut command = self.cluster.program("pgbench");
        command.args(["-n", "-M", "prepared", "-c", &clients, "-j", "1", "-T", &seconds, "-f"]).arg(&script);
        command.arg(database);
        let output = tokio::task::spawn_blocking(move || command.output()).await?;
        std::fs::remove_file(&script)?;
        let output = output.context("pgbench cannot be run")?;
        ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8_lossy(&output.stdout);
        let told = said.lines().find_map(|line| line.strip_prefix("tps = "));
        let number = told.and_then(|rest| rest.split_whitespace().next()).context("pgbench tells no tps")?;
        Ok(number.parse()?)
    }
}

fn event(id: &str, sequence: usize) -> serde_json::Result<SerializedEvent> {
    let (payload, metadata) = (serde_json::from_str(&commits::payload())?, json!({}));
    let [kind, name, version] = ["bench", "bench.happened", "1"].map(str::to_owned);
    Ok(SerializedEvent::new(id.to_owned(), sequence, kind, name, version, payload, metadata))
}
