//! The way to the primary of a PostgreSQL that is several servers, one of which takes writes.
//!
//! The driver knows one server. A URL here may name several, as libpq's does: `postgres://user@one:5432,two:5432/shop`.
//! Each is asked in turn until one says that it takes writes; a standby is never used for them. After a failover the
//! pool is led to the new primary, and what it still holds of the old one is thrown away.
//!
//! * A server becomes a standby only by a new start, which ends its connections: what was a primary when it was
//!   connected to is one for as long as it answers.
//! * A connection that is given up is closed. Nothing here, nor the driver, ever sends PostgreSQL a cancel request: a
//!   cancelled commit that waits for its replicas answers success.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::StoreError;
use crate::checks;
use crate::lease::LEASE;

/// The most servers a URL may name.
const SERVERS_MAX: usize = 9;
/// How long the one server of a URL may take to let us in.
const CONNECT_SECONDS_MAX: u64 = 5;
/// How long each of several servers may take to let us in, or to answer that it is still there.
const ANSWER_SECONDS_MAX: u64 = 2;
/// After so long without use a connection is tried before it is used again.
const UNTESTED_SECONDS_MAX: u64 = 1;
/// How often the primary of several servers is asked whether it is still there.
const WATCH_MILLIS: u64 = 500;
/// What libpq calls the servers that take writes; `target_session_attrs` may say so, and nothing else.
const TAKING_WRITES: [&str; 2] = ["read-write", "primary"];

/// Every transaction is one that PostgreSQL lets change nothing.
const READ_ONLY: [(&str, &str); 1] = [("default_transaction_read_only", "on")];

/// Which server is used, and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chosen {
    server: usize,
    since: Instant,
}

/// What a server must do to be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Take writes: the primary.
    Writes,
    /// Answer, also as a standby, which may lag. What such a server is asked can change nothing.
    Any,
}

/// The servers of one PostgreSQL.
pub struct Servers {
    options: Vec<PgConnectOptions>,
    need: Need,
    chosen: Arc<watch::Sender<Chosen>>,
}

impl fmt::Debug for Servers {
    /// Without the options, which hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").field("count", &self.options.len()).field("need", &self.need).finish_non_exhaustive()
    }
}

impl Servers {
    /// Reads a URL that names one server or several, and gives each of them the settings of `with`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it is no such URL.
    pub fn of(
        url: &str,
        need: Need,
        with: impl Fn(PgConnectOptions) -> PgConnectOptions,
    ) -> Result<Arc<Self>, StoreError> {
        let urls = server_urls(url, need).map_err(checks::unavailable)?;
        let with = |options| match need {
            Need::Writes => with(options),
            Need::Any => with(options).options(READ_ONLY),
        };
        let options: Result<Vec<_>, _> = urls.iter().map(|url| url.parse().map(with)).collect();
        let chosen = Arc::new(watch::Sender::new(Chosen { server: 0, since: Instant::now() }));
        Ok(Arc::new(Self { options: options.map_err(checks::unavailable)?, need, chosen }))
    }

    /// The same servers with other settings besides. What one of the two finds the other knows.
    pub(super) fn map(&self, with: impl Fn(PgConnectOptions) -> PgConnectOptions) -> Arc<Self> {
        let options = self.options.iter().cloned().map(with).collect();
        Arc::new(Self { options, need: self.need, chosen: Arc::clone(&self.chosen) })
    }

    /// Connects to a server that does what is wanted: first the one that did, then the others in turn.
    ///
    /// # Errors
    /// What the last of them said, when none does.
    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        let (count, first) = (self.options.len(), self.chosen.borrow().server);
        let seconds = if count == 1 { CONNECT_SECONDS_MAX } else { ANSWER_SECONDS_MAX };
        let mut refused = sqlx::Error::PoolClosed;
        for server in (0..count).map(|nth| (first + nth) % count) {
            let connecting = async {
                let mut connection = PgConnection::connect_with(&self.options[server]).await?;
                check(&mut connection, self.need).await?;
                Ok(connection)
            };
            match within(seconds, connecting).await {
                Ok(connection) => {
                    self.choose(server);
                    return Ok(connection);
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn choose(&self, server: usize) {
        self.chosen.send_if_modified(|chosen| {
            let moved = chosen.server != server;
            if moved {
                *chosen = Chosen { server, since: Instant::now() };
            }
            moved
        });
    }

    fn chosen_options(&self) -> PgConnectOptions {
        self.options[self.chosen.borrow().server].clone()
    }

    /// Whether a connection was made to a server that is not the chosen one any more.
    fn outlived(&self, age: Duration) -> bool {
        let made = Instant::now().checked_sub(age);
        self.options.len() > 1 && made.is_none_or(|made| made < self.chosen.borrow().since)
    }
}

/// A pool of connections to the chosen one of several servers. Dropped or closed, it ends what watches them for it.
#[derive(Debug)]
pub struct ServerPool {
    pool: PgPool,
    servers: Arc<Servers>,
    /// Of one server there is nothing to watch.
    watching: Option<JoinHandle<()>>,
}

impl ServerPool {
    /// Finds a server that does what is wanted and makes a pool to it. A commit by a connection of the pool is durable on
    /// the server and on those that it waits for.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none of the servers can be reached and does what is wanted.
    pub async fn of(servers: Arc<Servers>, settings: PgPoolOptions) -> Result<Self, StoreError> {
        let first = servers.connect().await.map_err(checks::unavailable)?;
        let (known, need) = (Arc::clone(&servers), servers.need);
        let settings = settings
            .test_before_acquire(false)
            .after_connect(move |connection, _| Box::pin(check(connection, need)))
            .before_acquire(move |connection, used| {
                let (outlived, idle) = (known.outlived(used.age), used.idle_for);
                Box::pin(async move {
                    if outlived {
                        return Err(sqlx::Error::WorkerCrashed);
                    }
                    if idle < Duration::from_secs(UNTESTED_SECONDS_MAX) {
                        return Ok(true);
                    }
                    within(ANSWER_SECONDS_MAX, connection.ping()).await.map(|()| true)
                })
            });
        let pool = settings.connect_lazy_with(servers.chosen_options());
        let watching = if servers.options.len() > 1 {
            Some(tokio::spawn(watch(Arc::clone(&servers), pool.clone(), first)))
        } else {
            first.close().await.map_err(checks::unavailable)?;
            None
        };
        Ok(Self { pool, servers, watching })
    }

    /// The pool, to ask.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Returns how long ago the server last heard that anyone works on the log, which is at least how far it is behind.
    /// Accurate to how often leases are renewed. `None` where nobody ever worked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not answer or holds no log.
    pub async fn behind(&self) -> Result<Option<Duration>, StoreError> {
        let sql = "SELECT (extract(epoch FROM clock_timestamp() - max(until)) * 1000)::bigint FROM leases";
        let since_end: Option<i64> =
            sqlx::query_scalar(sql).fetch_one(&self.pool).await.map_err(checks::unavailable)?;
        Ok(since_end.map(|since_end| {
            let lease = i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX);
            Duration::from_millis(since_end.saturating_add(lease).max(0).unsigned_abs())
        }))
    }

    /// Tells when another server was chosen.
    pub(super) fn moves(&self) -> watch::Receiver<Chosen> {
        self.servers.chosen.subscribe()
    }

    /// Closes every connection and waits until they are.
    pub async fn close(&self) {
        if let Some(watching) = &self.watching {
            watching.abort();
        }
        self.pool.close().await;
    }
}

impl Drop for ServerPool {
    fn drop(&mut self) {
        if let Some(watching) = &self.watching {
            watching.abort();
        }
    }
}

/// Asks the chosen server for ever whether it is there. When it is not, looks for the next one and leads the pool to it.
async fn watch(servers: Arc<Servers>, pool: PgPool, first: PgConnection) {
    let mut ticks = interval(Duration::from_millis(WATCH_MILLIS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What the writer has found already is not looked for again.
    let mut moves = servers.chosen.subscribe();
    let mut connection = Some(first);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            moved = moves.changed() => {
                if moved.is_err() {
                    return;
                }
                pool.set_connect_options(servers.chosen_options());
                connection = None;
            }
        }
        let there = match &mut connection {
            Some(connection) => within(ANSWER_SECONDS_MAX, connection.ping()).await,
            None => Err(sqlx::Error::PoolClosed),
        };
        if there.is_err() {
            connection = servers.connect().await.ok();
            pool.set_connect_options(servers.chosen_options());
        }
    }
}

/// Refuses a server that does not do what is wanted. Raises `synchronous_commit` where it promises less than that an
/// acknowledged commit is on this server's disk and on those of the replicas it waits for.
async fn check(connection: &mut PgConnection, need: Need) -> Result<(), sqlx::Error> {
    let sql = "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off',
                      set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                        WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)";
    let (takes_writes, _): (bool, String) = sqlx::query_as(sql).fetch_one(connection).await?;
    match (need, takes_writes) {
        (Need::Any, _) | (Need::Writes, true) => Ok(()),
        (Need::Writes, false) => Err(sqlx::Error::Protocol("this server takes no writes".to_owned())),
    }
}

async fn within<T>(seconds: u64, answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let answer = timeout(Duration::from_secs(seconds), answer).await;
    answer.unwrap_or_else(|elapsed| Err(sqlx::Error::Io(elapsed.into())))
}

/// Makes a URL of each server that a URL names.
fn server_urls(url: &str, need: Need) -> Result<Vec<String>, sqlx::Error> {
    let wrong = |reason: &str| sqlx::Error::Configuration(reason.to_owned().into());
    let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("the URL of a database begins with postgres://"))?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, servers) = authority.rsplit_once('@').map_or(("", authority), |(user, servers)| (user, servers));
    let user = if user.is_empty() { String::new() } else { format!("{user}@") };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut kept = Vec::new();
    for setting in query.split('&').filter(|setting| !setting.is_empty()) {
        match setting.split_once('=') {
            Some(("target_session_attrs", wanted)) if need == Need::Any || TAKING_WRITES.contains(&wanted) => {}
            Some(("target_session_attrs", _)) => return Err(wrong("target_session_attrs must be read-write")),
            _ => kept.push(setting),
        }
    }
    let servers: Vec<&str> = servers.split(',').collect();
    if servers.len() > SERVERS_MAX || (servers.len() > 1 && servers.contains(&"")) {
        return Err(wrong("the URL of a database names one server or up to nine, with commas between them"));
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    Ok(servers.iter().map(|server| format!("{scheme}://{user}{server}{path}{query}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_one_server_or_several() {
        let urls = |url| server_urls(url, Need::Writes).expect("is a URL");
        assert_eq!(urls("postgres://u:p%40@h:1/d?host=/s"), ["postgres://u:p%40@h:1/d?host=/s"]);
        assert_eq!(urls("postgres:///d?host=/s"), ["postgres:///d?host=/s"]);
        let three = urls("postgresql://u:p@a:1,b,[::1]:3/d?target_session_attrs=read-write&sslmode=require");
        let each = |server: &str| format!("postgresql://u:p@{server}/d?sslmode=require");
        assert_eq!(three, [each("a:1"), each("b"), each("[::1]:3")]);
        assert_eq!(urls("postgres://a,b"), ["postgres://a", "postgres://b"]);
        let any = server_urls("postgres://a?target_session_attrs=standby", Need::Any);
        assert_eq!(any.expect("is a URL"), ["postgres://a"]);
    }

    #[test]
    fn a_log_is_not_written_where_any_server_would_do() {
        let ten = ["a"; SERVERS_MAX + 1].join(",");
        for (url, part) in [
            ("postgres://a,b/d?target_session_attrs=any", "read-write"),
            ("a,b/d", "postgres://"),
            ("postgres://a,,b/d", "commas"),
            (&format!("postgres://{ten}/d"), "nine"),
        ] {
            let error = server_urls(url, Need::Writes).expect_err("is refused").to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
