//! A standby of PostgreSQL that answers questions whose answer may lag.
//!
//! It is asked while it answers and is not far behind; otherwise the primary is. How far behind it is it says by the
//! leases of the log's store: whoever works renews one every 750 ms, so the newest that a standby knows tells when it
//! last heard of its primary. That holds also for one that is cut off, whose own account of itself is that all is well.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use event_store::postgres::servers::{Need, ServerPool, Servers};
use sqlx::postgres::PgPoolOptions;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::postgres::{ask, settings};
use super::query::Query;
use super::row::Row;
use super::store::ReadError;

const CONNECTIONS_MAX: u32 = 16;
/// How long the standby may take to answer; then the primary is asked.
const ANSWER_SECONDS_MAX: u64 = 2;
/// How far behind an answer may be.
const LAG_SECONDS_MAX: u64 = 5;
/// How often it is asked how far behind it is.
const LOOK_SECONDS: u64 = 1;

/// Whether the standby is to be asked, and until when that holds.
#[derive(Debug)]
struct Known {
    is_fit: bool,
    until: Instant,
}

/// A standby, or several of which one is asked.
#[derive(Debug)]
pub(super) struct Standby {
    servers: Arc<Servers>,
    pool: OnceCell<ServerPool>,
    known: Mutex<Known>,
}

impl Standby {
    pub(super) fn at(url: &str) -> Result<Self, ReadError> {
        let servers = Servers::of(url, Need::Any, settings).map_err(ReadError::unavailable)?;
        let known = Mutex::new(Known { is_fit: false, until: Instant::now() });
        Ok(Self { servers, pool: OnceCell::new(), known })
    }

    /// Answers a question. `None` where the primary has to.
    pub(super) async fn rows(&self, query: &Query) -> Option<Vec<Row>> {
        if !self.is_fit().await {
            return None;
        }
        match within(async { ask(self.pool().await?.pool(), query).await }).await {
            Ok(rows) => Some(rows),
            Err(error) => {
                self.learn(false, &error.to_string());
                None
            }
        }
    }

    /// Says what is known, and looks now and then. Others go on with what was known while one looks.
    async fn is_fit(&self) -> bool {
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if Instant::now() < known.until {
                return known.is_fit;
            }
            known.until = Instant::now() + Duration::from_secs(LOOK_SECONDS + ANSWER_SECONDS_MAX);
        }
        let behind = within(async { self.pool().await?.behind().await.map_err(ReadError::unavailable) }).await;
        match behind {
            Ok(Some(behind)) if behind <= Duration::from_secs(LAG_SECONDS_MAX) => self.learn(true, "it follows"),
            Ok(behind) => self.learn(false, &format!("it is behind by {behind:?}")),
            Err(error) => self.learn(false, &error.to_string()),
        }
    }

    fn learn(&self, is_fit: bool, why: &str) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_fit != is_fit {
            tracing::info!(is_fit, why, "reads that may lag change between standby and primary");
        }
        *known = Known { is_fit, until: Instant::now() + Duration::from_secs(LOOK_SECONDS) };
        is_fit
    }

    async fn pool(&self) -> Result<&ServerPool, ReadError> {
        let connect = || ServerPool::of(self.servers.clone(), PgPoolOptions::new().max_connections(CONNECTIONS_MAX));
        self.pool.get_or_try_init(connect).await.map_err(ReadError::unavailable)
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, ReadError>>) -> Result<T, ReadError> {
    let answer = timeout(Duration::from_secs(ANSWER_SECONDS_MAX), answer).await;
    answer.unwrap_or_else(|elapsed| Err(ReadError::unavailable(elapsed)))
}
