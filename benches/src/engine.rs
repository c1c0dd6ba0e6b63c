//! Where the shop under measurement keeps its data, and how to open its log once it has stopped.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use clap::ValueEnum;
use event_store::EventStore;
use event_store::postgres::PostgresStore;
use event_store::sqlite::SqliteStore;
use test_postgres::TestPostgres;

/// A kind of engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineKind {
    /// Files in a folder that goes away.
    Sqlite,
    /// The database of `DATABASE_URL`, or else a throw-away cluster that syncs every commit.
    Postgres,
}

/// An engine that is there.
pub enum Engine {
    /// Files in the data folder.
    Sqlite,
    /// A database.
    Postgres {
        /// Its address.
        url: String,
        /// The cluster it is in, where that is ours; it goes away with this value.
        cluster: Option<TestPostgres>,
    },
}

impl Engine {
    /// Takes an engine; starts a cluster for PostgreSQL unless `DATABASE_URL` names a database.
    ///
    /// # Errors
    /// When there is no PostgreSQL on this machine.
    pub fn start(kind: EngineKind) -> anyhow::Result<Self> {
        if kind == EngineKind::Sqlite {
            return Ok(Self::Sqlite);
        }
        if let Ok(url) = std::env::var("DATABASE_URL") {
            return Ok(Self::Postgres { url, cluster: None });
        }
        let cluster = TestPostgres::start_durable();
        let cluster = cluster.context("install PostgreSQL, or name a database with DATABASE_URL")?;
        Ok(Self::Postgres { url: cluster.create_database(), cluster: Some(cluster) })
    }

    /// Returns what to call it.
    pub fn name(&self) -> &'static str {
        match self {
            Engine::Sqlite => "SQLite",
            Engine::Postgres { cluster: Some(_), .. } => "PostgreSQL, a cluster of this run",
            Engine::Postgres { cluster: None, .. } => "PostgreSQL of DATABASE_URL",
        }
    }

    /// Opens the log of a server that has stopped.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open_log(&self, data: &Path) -> anyhow::Result<Arc<dyn EventStore>> {
        Ok(match self {
            Engine::Sqlite => Arc::new(SqliteStore::open(data.join("log.sqlite")).context("the log cannot be opened")?),
            Engine::Postgres { url, .. } => {
                Arc::new(PostgresStore::connect(url).await.context("the log cannot be opened")?)
            }
        })
    }
}
