//! Keeps the head watch up with the commits of all processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::servers::ServerPool;
use super::sole::{Sole, WANTED};
use super::{CHANNEL, reader};
use crate::Position;

/// How long the head may stay behind when a notification is lost, in seconds.
const POLL_SECONDS: u64 = 1;

/// Raises the head for ever; the store aborts it. Listening and polling run beside each other because a wait for a
/// notification must not be broken off half-way.
pub(super) async fn follow(
    listener: PgListener,
    primary: Arc<ServerPool>,
    head: Arc<watch::Sender<Position>>,
    sole: Arc<Sole>,
    own: Arc<Own>,
) {
    tokio::join!(listen(listener, &primary, &head, &sole, &own), poll(primary.pool(), &head));
}

/// Listens to the notifications of the log with a connection of a pool.
pub(super) async fn listener(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Raises the head to `position`; it never goes back.
pub(super) fn raise(head: &watch::Sender<Position>, position: Position) {
    head.send_if_modified(|known| {
        let grown = position > *known;
        if grown {
            *known = position;
        }
        grown
    });
}

/// Which connection the writer of this process has. What it stores raises the head by itself, once readers find it in
/// memory; its notification would send them to the database. And how often a connection was lost.
#[derive(Debug, Default)]
pub(super) struct Own {
    process: AtomicU32,
    epoch: AtomicU64,
}

impl Own {
    /// Notes the server process behind the writer's new connection.
    pub(super) fn note(&self, process: u32) {
        self.process.store(process, Ordering::Relaxed);
        self.begin_epoch();
    }

    fn is(&self, process: u32) -> bool {
        self.process.load(Ordering::Relaxed) == process
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Notes that what answers next may be an older copy of the log.
    fn begin_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

async fn listen(
    mut listener: PgListener,
    primary: &ServerPool,
    head: &watch::Sender<Position>,
    sole: &Sole,
    own: &Own,
) {
    let (pool, mut moves, mut retries) = (primary.pool(), primary.moves(), every_second());
    loop {
        let heard = tokio::select! {
            heard = listener.recv() => heard,
            // The old primary may have gone silent, with a connection that would never end.
            _moved = moves.changed() => Err(sqlx::Error::WorkerCrashed),
        };
        match heard {
            Ok(heard) if heard.payload() == WANTED => sole.ask(),
            Ok(heard) if own.is(heard.process_id()) => {}
            // Our statement tells the position; the trigger cannot know yet, so it tells nothing.
            Ok(heard) => match heard.payload().parse() {
                Ok(position) => raise(head, Position(position)),
                Err(_) => look(pool, head).await,
            },
            Err(error) => {
                own.begin_epoch();
                tracing::warn!(%error, "listening to the event log failed, its head is polled meanwhile");
                retries.reset();
                retries.tick().await;
                if let Ok(again) = self::listener(pool).await {
                    listener = again;
                }
            }
        }
    }
}

async fn poll(pool: &PgPool, head: &watch::Sender<Position>) {
    let mut ticks = every_second();
    loop {
        ticks.tick().await;
        look(pool, head).await;
    }
}

async fn look(pool: &PgPool, head: &watch::Sender<Position>) {
    let known = *head.borrow();
    match reader::head(pool).await {
        Ok(position) if position < known => {
            tracing::error!(
                %position, %known,
                "the event log ends before events that it had acknowledged: an older copy of it has taken over"
            );
            // Whoever waits for the log to grow waits from here, unless it has grown beyond meanwhile.
            head.send_if_modified(|now| *now == known && std::mem::replace(now, position) == known);
        }
        Ok(position) => raise(head, position),
        Err(error) => tracing::warn!(%error, "the head of the event log could not be read"),
    }
}

fn every_second() -> Interval {
    let mut ticks = interval(Duration::from_secs(POLL_SECONDS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
