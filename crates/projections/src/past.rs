//! Read models as they were: built from a beginning of the log, into a store of their own. Memory holds one batch of events
//! and its rows, however long the log.

use std::sync::Arc;
use std::time::Instant;

use event_store::{Cursor, EventStore, Position};

use crate::digest::Digest;
use crate::event::Event;
use crate::follower::{BATCH_EVENTS_MAX, Follower, read_page};
use crate::models::ReadModels;
use crate::replay::{Progress, check, progress};
use crate::rows::{ReadStore, generations};
use crate::runner::RunError;

/// Builds every read model of the shop from the events up to a position, into a store that holds none yet, and returns the
/// fingerprint of each. The same beginning of the log gives the same fingerprints on every engine.
///
/// # Errors
/// [`RunError::Occupied`] where the store holds read models already, [`RunError::BeyondEnd`] for a position that the log
/// has not reached, and what the log, the store and the folds say.
pub async fn build_until(
    store: ReadStore,
    log: &dyn EventStore,
    until: Position,
    mut report: impl FnMut(Progress),
) -> Result<Vec<(&'static str, Digest)>, RunError> {
    let end = log.read_all(until, 1, &Default::default()).await?.head;
    if until > end {
        return Err(RunError::BeyondEnd { until, end });
    }
    let models = ReadModels::new(store, crate::all());
    let mut followers = begin(&models).await?;
    let (begun, mut cursor) = (Instant::now(), Cursor::default());
    while cursor.position < until {
        let page = read_page(log, cursor, BATCH_EVENTS_MAX, &followers.iter().collect::<Vec<_>>()).await?;
        cursor = if page.next <= until { page.cursor() } else { Cursor::at(until) };
        let wanted = page.events.into_iter().filter(|event| event.position <= until);
        let events: Vec<Event> = wanted.map(Event::new).collect();
        for follower in &mut followers {
            check(follower.projection.name(), follower.apply(&models.store, &events, cursor).await)?;
        }
        report(progress(cursor.position.0, until.0, begun));
    }
    let mut digests = Vec::with_capacity(followers.len());
    for follower in &mut followers {
        let name = follower.projection.name();
        check(name, follower.save(&models.store).await)?;
        digests.push((name, models.digest(name).await?));
    }
    Ok(digests)
}

/// Makes the first generation of every read model, where there is none of any.
async fn begin(models: &ReadModels) -> Result<Vec<Follower>, RunError> {
    generations::prepare(&models.store).await?;
    for projection in models.projections.iter() {
        if !generations::list(&models.store, projection.name()).await?.is_empty() {
            return Err(RunError::Occupied(projection.name()));
        }
    }
    let mut followers = Vec::with_capacity(models.projections.len());
    for projection in models.projections.iter() {
        let generation = 1;
        generations::create(&models.store, &**projection, generation, true).await?;
        let projection = Arc::clone(projection);
        followers.push(Follower { projection, generation, stored: 0, position: 0, seen: None, changed: 0 });
    }
    Ok(followers)
}
