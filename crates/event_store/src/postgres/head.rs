//! Keeps the head watch up with the commits of all processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::reader;
use super::sole::{Sole, WANTED};
use crate::Position;

/// How long the head may stay behind when a notification is lost, in seconds.
const POLL_SECONDS: u64 = 1;

/// Raises the head for ever; the store aborts it. Listening and polling run beside each other because a wait for a
/// notification must not be broken off half-way.
pub(super) async fn follow(
    listener: PgListener,
    pool: PgPool,
    head: Arc<watch::Sender<Position>>,
    sole: Arc<Sole>,
    own: Arc<Own>,
) {
    tokio::join!(listen(listener, &pool, &head, &sole, &own), poll(&pool, &head));
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
/// memory; its notification would send them to the database.
#[derive(Debug, Default)]
pub(super) struct Own(AtomicU32);

impl Own {
    /// Notes the server process behind the writer's connection.
    pub(super) fn note(&self, process: u32) {
        self.0.store(process, Ordering::Relaxed);
    }

    fn is(&self, process: u32) -> bool {
        self.0.load(Ordering::Relaxed) == process
    }
}

async fn listen(mut listener: PgListener, pool: &PgPool, head: &watch::Sender<Position>, sole: &Sole, own: &Own) {
    let mut retries = every_second();
    loop {
        match listener.recv().await {
            Ok(heard) if heard.payload() == WANTED => sole.ask(),
            Ok(heard) if own.is(heard.process_id()) => {}
            // Our statement tells the position; the trigger cannot know yet, so it tells nothing.
            Ok(heard) => match heard.payload().parse() {
                Ok(position) => raise(head, Position(position)),
                Err(_) => look(pool, head).await,
            },
            Err(error) => {
                tracing::warn!(%error, "listening to the event log failed, its head is polled meanwhile");
                retries.reset();
                retries.tick().await;
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
    match reader::head(pool).await {
        Ok(position) => raise(head, position),
        Err(error) => tracing::warn!(%error, "the head of the event log could not be read"),
    }
}

fn every_second() -> Interval {
    let mut ticks = interval(Duration::from_secs(POLL_SECONDS));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
