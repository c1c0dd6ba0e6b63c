//! Builds a projection anew from the first event, beside the one that serves, and lets it take over.

use std::sync::Arc;
use std::time::Instant;

use event_store::{EventStore, Position};

use crate::event::Event;
use crate::follower::{Applied, ApplyError, BATCH_EVENTS_MAX, Follower, read_page};
use crate::models::ReadModels;
use crate::projection::Projection;
use crate::rows::ReadError;
use crate::rows::generations::{self, Generation};
use crate::runner::RunError;

/// How often a rebuild tries to overtake the generation that serves, before it says that the log grows too fast.
const SWITCHES_MAX: usize = 1_000;

/// How far a rebuild has come. Positions, so events of other projections count too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Positions read.
    pub done: u64,
    /// Positions in the log.
    pub total: u64,
    /// Positions read a second, on average since the beginning.
    pub rate: u64,
}

/// Rebuilds projections while they serve.
pub struct Replay {
    log: Arc<dyn EventStore>,
    models: ReadModels,
    batch_events: usize,
}

impl Replay {
    /// Rebuilds projections of these read models from this log.
    pub fn new(log: Arc<dyn EventStore>, models: ReadModels) -> Self {
        Self { log, models, batch_events: BATCH_EVENTS_MAX }
    }

    /// Folds at most so many events in one transaction, 1 to [`BATCH_EVENTS_MAX`].
    pub fn with_batch_events(self, events: usize) -> Self {
        Self { batch_events: events.clamp(1, BATCH_EVENTS_MAX), ..self }
    }

    /// Rebuilds one projection and returns how far it came. The generation that serves goes on until the new one is as far;
    /// then the new one takes over and the old one is dropped, at once.
    ///
    /// # Errors
    /// [`RunError`]; the generation that serves is untouched then.
    pub async fn run(&self, name: &str, mut report: impl FnMut(Progress)) -> Result<Progress, RunError> {
        let projection = self.models.projection(name).ok_or_else(|| ReadError::ProjectionUnknown(name.to_owned()))?;
        let number = self.begin(&projection).await?;
        let begun = Instant::now();
        let mut builder = Follower {
            projection: Arc::clone(&projection),
            generation: number,
            stored: 0,
            position: 0,
            seen: None,
            changed: 0,
        };
        let mut switches = 0;
        let done = loop {
            let head = match self.step(&mut builder).await {
                Ok(head) => head,
                Err(error) => break Err(error),
            };
            self.models.update(name, |status| status.building = Some(Position(builder.position)));
            let progress = progress(builder.position, head, begun);
            report(progress);
            if builder.position < head {
                continue;
            }
            match self.take_over(&mut builder).await {
                Ok(true) => break Ok(progress),
                Ok(false) if switches < SWITCHES_MAX => switches += 1,
                Ok(false) => break Err(RunError::Overtaken(projection.name())),
                Err(error) => break Err(error),
            }
        };
        self.models.update(name, |status| status.building = None);
        if done.is_err() {
            self.discard_unfinished(projection.name(), Some(number)).await?;
        }
        self.models.announce_switch();
        done
    }

    /// Discards what an earlier rebuild left behind and creates the next generation.
    async fn begin(&self, projection: &Arc<dyn Projection>) -> Result<i64, RunError> {
        let (name, store) = (projection.name(), &self.models.store);
        let live = self.live(name).await?;
        if live.version > projection.version() {
            return Err(RunError::Newer { name, found: live.version, known: projection.version() });
        }
        let known = generations::list(store, name).await?;
        let number = known.iter().map(|generation| generation.number).max().unwrap_or(0) + 1;
        self.discard_unfinished(name, None).await?;
        generations::create(store, &**projection, number, false).await?;
        Ok(number)
    }

    async fn live(&self, name: &'static str) -> Result<Generation, RunError> {
        let known = generations::list(&self.models.store, name).await?;
        let live = known.into_iter().find(|generation| generation.live);
        Ok(live.ok_or_else(|| ReadError::Moving(name.to_owned()))?)
    }

    /// Discards generations that never served: all of them, or one.
    async fn discard_unfinished(&self, name: &'static str, only: Option<i64>) -> Result<(), RunError> {
        for generation in generations::list(&self.models.store, name).await? {
            if !generation.live && only.is_none_or(|number| number == generation.number) {
                generations::discard(&self.models.store, name, &generation).await?;
            }
        }
        Ok(())
    }

    /// Applies the next page and returns the end of the log.
    async fn step(&self, builder: &mut Follower) -> Result<u64, RunError> {
        let name = builder.projection.name();
        let page = read_page(&*self.log, builder.cursor(), self.batch_events, &[builder]).await?;
        let (next, head) = (page.cursor(), page.head);
        let events: Vec<Event> = page.events.into_iter().map(Event::new).collect();
        if next.position.0 > builder.position {
            let applied = builder.apply(&self.models.store, &events, next).await;
            check(name, applied)?;
        }
        Ok(head.0)
    }

    async fn take_over(&self, builder: &mut Follower) -> Result<bool, RunError> {
        let (store, projection) = (&self.models.store, Arc::clone(&builder.projection));
        check(projection.name(), builder.save(store).await)?;
        let old = self.live(projection.name()).await?;
        // Looked at after the old generation, so that the end of the log is behind it only if the log was put back.
        let head = read_page(&*self.log, builder.cursor(), 1, &[builder]).await?.head.0;
        let new = (builder.generation, builder.position);
        Ok(generations::switch(store, &*projection, &old, new, head).await?)
    }
}

pub(crate) fn check(name: &'static str, applied: Result<Applied, ApplyError>) -> Result<(), RunError> {
    match applied {
        Ok(Applied::Done) => Ok(()),
        Ok(Applied::Overtaken) => Err(RunError::Overtaken(name)),
        Err(ApplyError::Read(error)) => Err(error.into()),
        Err(ApplyError::Fold { position, source, .. }) => {
            Err(RunError::Fold { name, position, reason: source.to_string() })
        }
    }
}

pub(crate) fn progress(done: u64, total: u64, begun: Instant) -> Progress {
    let elapsed = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
    let rate = u128::from(done) * 1_000_000 / u128::from(elapsed);
    Progress { done, total, rate: u64::try_from(rate).unwrap_or(u64::MAX) }
}
