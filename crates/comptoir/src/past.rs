//! Read models as they were, for analysts: `comptoir replay --until … --into …`.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use api::graphql::scalars::{DateTime, Position as PositionText};
use app::clock::{Clock, SystemClock};
use event_store::moments::Moments;
use event_store::{EventStore, Position};
use projections::{ReadStore, build_until};

use crate::config::Config;
use crate::open;
use crate::progress::Console;

/// Builds the read models as they were into a store of their own, and says the fingerprint of each. `until` is a position
/// (a number, or as the API writes it) or a time (RFC 3339); `into` is a file of SQLite that does not exist yet, or the URL
/// of a PostgreSQL database without read models.
///
/// # Errors
/// When the log cannot be opened, the place in the past is none, or the store holds something already.
pub async fn replay_until(config: &Config, until: &str, into: &str, console: &Console) -> anyhow::Result<String> {
    let log = open::log(config).await?;
    let position = position_of(&log, until).await?;
    let store = open_target(into).await?;
    let task = console.task("building read models, positions", position.0);
    let built = build_until(store, &*log, position, |progress| task.set(progress.done, progress.total)).await;
    let built = built.with_context(|| format!("the read models cannot be built into {}", shown(into)))?;
    task.finish();
    log.close().await;
    let mut text = format!("as of position {position}\n");
    for (name, digest) in built {
        text.push_str(&format!("{name} {}\n", digest.sha256));
    }
    Ok(text)
}

async fn position_of(log: &std::sync::Arc<dyn EventStore>, until: &str) -> anyhow::Result<Position> {
    if let Ok(position) = until.parse() {
        return Ok(Position(position));
    }
    if let Some(PositionText(position)) = PositionText::parse(until) {
        return Ok(Position(position));
    }
    let wrong =
        || format!("--until is {until:?}: give a position, such as 1200, or a time, such as 2026-11-22T13:08:38Z");
    let DateTime(time) = DateTime::read(until).with_context(wrong)?;
    ensure!(time <= SystemClock.now(), "--until is {until}: that time has not come");
    Ok(Moments::new(log.clone()).position_at(time.micros()).await?)
}

async fn open_target(into: &str) -> anyhow::Result<ReadStore> {
    if into.starts_with("postgres://") || into.starts_with("postgresql://") {
        return ReadStore::postgres(into).await.context("the database cannot be opened");
    }
    if Path::new(into).exists() {
        bail!("{into} exists: name a file that does not");
    }
    ReadStore::sqlite(Path::new(into)).with_context(|| format!("{into} cannot be made"))
}

/// A URL may hold a password.
fn shown(into: &str) -> &str {
    if into.contains("://") { "the database" } else { into }
}
