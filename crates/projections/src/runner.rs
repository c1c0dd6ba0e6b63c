//! Keeps projections at the end of the log.
//!
//! Projections at the same position share one read of the feed and one decoding. A projection that is behind goes its own
//! way until it meets the others, so that it does not hold them back. Rows and checkpoint are written in one transaction
//! and the checkpoint is moved by compare-and-set: two runners, in one process or in two, apply every event once.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use event_store::{Cursor, EventStore, Position, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::event::Event;
use crate::follower::{Applied, ApplyError, BATCH_EVENTS_MAX, Follower, read_page};
use crate::models::{ProjectionState, ReadModels};
use crate::projection::Projection;
use crate::rows::generations::{self, Generation};
use crate::rows::{ReadError, ReadStore};

/// The log is looked at this often although nothing said that it has grown.
const POLL: Duration = Duration::from_secs(1);
/// The end is near when it is no more events away.
const NEAR_EVENTS: u64 = 1_000;
/// How long a growing log may gather events before the next batch, once the end is near and nobody waits for it.
const GATHER: Duration = Duration::from_millis(50);
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(5);

/// Why projections cannot be moved on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] StoreError),
    /// The read models cannot be read or written.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The projection cannot fold an event.
    #[error("projection {name} cannot fold the event at position {position}: {reason}")]
    Fold {
        /// The projection.
        name: &'static str,
        /// The event.
        position: Position,
        /// Why.
        reason: String,
    },
    /// The tables were made by a newer program.
    #[error("the tables of projection {name} are of version {found}, this program knows version {known}")]
    Newer {
        /// The projection.
        name: &'static str,
        /// The version of the tables.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// There are read models where new ones were to be built.
    #[error("there are read models already, such as {0}: name a store without any")]
    Occupied(&'static str),
    /// The log has not come so far.
    #[error("the log ends at position {end}: position {until} is beyond it")]
    BeyondEnd {
        /// The position asked for.
        until: Position,
        /// The end of the log.
        end: Position,
    },
    /// Another rebuild took over, or the log grew faster than it could be read.
    #[error("the rebuild of projection {0} was overtaken")]
    Overtaken(&'static str),
}

#[derive(Clone)]
enum Mode {
    Serving,
    /// Takes over from the old generation, which serves, when it has caught up.
    Building {
        old: Generation,
    },
    /// Queries see what is folded up to here.
    Stalled {
        shown: u64,
    },
}

#[derive(Clone)]
pub(crate) struct Entry {
    follower: Follower,
    mode: Mode,
}

impl Entry {
    /// Returns up to where queries see every event.
    pub(crate) fn shown(&self) -> u64 {
        match &self.mode {
            Mode::Serving => self.follower.position,
            Mode::Building { old } => old.position,
            Mode::Stalled { shown } => *shown,
        }
    }

    fn stall(&mut self) {
        self.mode = Mode::Stalled { shown: self.shown() };
    }
}

/// Keeps projections at the end of the log.
pub struct Runner {
    pub(crate) log: Arc<dyn EventStore>,
    pub(crate) models: ReadModels,
    pub(crate) entries: Vec<Entry>,
    batch_events: usize,
    /// How far other processes were told that the read models are.
    pub(crate) published: u64,
}

impl Runner {
    /// Creates what is missing in the store and finds where every projection stands.
    ///
    /// # Errors
    /// [`RunError`] when the store cannot be reached.
    pub async fn open(
        store: ReadStore,
        log: Arc<dyn EventStore>,
        projections: Vec<Arc<dyn Projection>>,
    ) -> Result<Self, RunError> {
        generations::prepare(&store).await?;
        let models = ReadModels::new(store, projections);
        let mut entries = Vec::new();
        for projection in models.projections.iter() {
            let entry = find_entry(&models.store, projection).await?;
            show(&models, (&entry, log.epoch()), None);
            entries.push(entry);
        }
        Ok(Self { log, models, entries, batch_events: BATCH_EVENTS_MAX, published: 0 })
    }

    /// Folds at most so many events in one transaction, 1 to [`BATCH_EVENTS_MAX`].
    pub fn with_batch_events(self, events: usize) -> Self {
        Self { batch_events: events.clamp(1, BATCH_EVENTS_MAX), ..self }
    }

    /// Returns the read models that this runner moves on.
    pub fn models(&self) -> ReadModels {
        self.models.clone()
    }

    /// Follows the log until `shutdown` is ready; the batch under way is finished. While the log or the store cannot be
    /// reached it tries again, less and less often.
    ///
    /// # Errors
    /// [`RunError::Log`] when the log is damaged or belongs to someone else: going on would be wrong.
    pub async fn run(&mut self, shutdown: impl Future<Output = ()> + Send) -> Result<(), RunError> {
        let mut shutdown = pin!(shutdown);
        let (mut head, mut switches) = (self.log.head(), self.models.switches());
        let (mut retry, mut switches_seen) = (RETRY_FIRST, *switches.borrow_and_update());
        let mut is_quiet = false;
        loop {
            head.mark_unchanged();
            let pause = match self.move_on(is_quiet).await {
                Ok(true) => {
                    let end = head.borrow().0;
                    let reached = self.entries.iter().map(|entry| entry.follower.position).min().unwrap_or(end);
                    // Near the end of a log that grows: one transaction for many events instead of many for few.
                    if end.saturating_sub(reached) < NEAR_EVENTS {
                        // Either is a reason to go on.
                        let _either = tokio::time::timeout(GATHER, self.models.wanted()).await;
                    }
                    Duration::ZERO
                }
                Ok(false) => POLL,
                Err(error @ RunError::Log(StoreError::Corrupt(_) | StoreError::InUse(_))) => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, source = source_of(&error), pause = ?retry, "projections wait and try again");
                    retry = (retry * 2).min(RETRY_LONGEST);
                    tokio::select! {
                        biased;
                        () = &mut shutdown => return Ok(()),
                        () = tokio::time::sleep(retry) => continue,
                    }
                }
            };
            retry = RETRY_FIRST;
            tokio::select! {
                biased;
                () = &mut shutdown => return Ok(()),
                woken = woken(&mut head, &mut switches, pause) => is_quiet = !woken,
            }
            let switches_now = *switches.borrow_and_update();
            if switches_now != switches_seen {
                switches_seen = switches_now;
                self.revive().await;
            }
        }
    }

    /// Moves on until every projection that can has reached the end of the log.
    ///
    /// # Errors
    /// [`RunError`] when the log or the store fails; a projection that cannot fold an event is stalled instead.
    pub async fn catch_up(&mut self) -> Result<(), RunError> {
        while self.step().await? {}
        Ok(())
    }

    /// Moves every projection on by one batch; when the log is quiet, those first that were put back.
    async fn move_on(&mut self, is_quiet: bool) -> Result<bool, RunError> {
        if is_quiet {
            self.follow_back().await?;
        }
        self.step().await
    }

    /// Goes back to where the store says a projection is, where it has lost what it was told: commits do not wait for the
    /// disk, so that a server that dies or hands over may take the last ones with it. While events come, the next
    /// compare-and-set finds out.
    async fn follow_back(&mut self) -> Result<(), RunError> {
        let known = generations::list_live(&self.models.store).await?;
        for index in 0..self.entries.len() {
            let Entry { follower, mode } = &self.entries[index];
            let live = known.iter().find(|(name, _)| name == follower.projection.name()).map(|(_, live)| live);
            let is_behind = live.is_some_and(|live| {
                live.number == follower.generation && live.position < follower.stored && matches!(mode, Mode::Serving)
            });
            if is_behind {
                tracing::warn!(
                    projection = follower.projection.name(),
                    told = follower.stored,
                    "the store has lost the last changes of a projection: they are made again"
                );
                self.reload(index).await?;
            }
        }
        Ok(())
    }

    /// Moves every projection on by one batch. Returns whether any of them moved.
    async fn step(&mut self) -> Result<bool, RunError> {
        let active = self.entries.iter().filter(|entry| !matches!(entry.mode, Mode::Stalled { .. }));
        let positions: BTreeSet<u64> = active.map(|entry| entry.follower.position).collect();
        let mut moved = false;
        for position in positions {
            let lane: Vec<usize> = (0..self.entries.len())
                .filter(|index| !matches!(self.entries[*index].mode, Mode::Stalled { .. }))
                .filter(|index| self.entries[*index].follower.position == position)
                .collect();
            if !lane.is_empty() {
                moved |= self.step_lane(position, &lane).await?;
            }
        }
        self.publish().await?;
        Ok(moved)
    }

    async fn step_lane(&mut self, position: u64, lane: &[usize]) -> Result<bool, RunError> {
        let followers: Vec<&Follower> = lane.iter().map(|index| &self.entries[*index].follower).collect();
        let seen = followers.iter().find_map(|follower| follower.seen);
        let after = Cursor { position: Position(position), event: seen };
        let epoch = self.log.epoch();
        let page = match read_page(&*self.log, after, self.batch_events, &followers).await {
            Err(error @ StoreError::LogRewound { .. }) => {
                tracing::error!(%error, "what projections have read is gone: they begin anew from what is stored");
                return self.begin_anew(lane).await.map(|()| true);
            }
            page => page?,
        };
        let (next, head) = (page.cursor(), page.head);
        let (events, next_position) = (page.events, next.position);
        let mut moved = next_position.0 > position;
        if head.0 < position {
            for index in lane {
                tracing::error!(
                    projection = self.entries[*index].follower.projection.name(), position, %head,
                    "projection is ahead of the log, which must have been put back: rebuild it"
                );
                self.entries[*index].stall();
            }
        } else if moved {
            let events: Arc<[Event]> = events.into_iter().map(Event::new).collect();
            self.apply(lane, &events, next).await?;
        }
        for index in lane {
            moved |= self.take_over_if_ready(*index, head).await?;
            show(&self.models, (&self.entries[*index], epoch), Some(head));
        }
        Ok(moved)
    }

    /// Lets every projection of a lane fold the same events at the same time.
    async fn apply(&mut self, lane: &[usize], events: &Arc<[Event]>, next: Cursor) -> Result<(), RunError> {
        let mut tasks = JoinSet::new();
        for index in lane.iter().copied() {
            let mut follower = self.entries[index].follower.clone();
            let (store, events) = (self.models.store.clone(), Arc::clone(events));
            tasks.spawn(async move {
                let applied = follower.apply(&store, &events, next).await;
                (index, follower, applied)
            });
        }
        let mut failure = None;
        while let Some(done) = tasks.join_next().await {
            let (index, follower, applied) = done.map_err(|error| ReadError::Unavailable(error.into()))?;
            match applied {
                Ok(Applied::Done) => self.entries[index].follower = follower,
                Ok(Applied::Overtaken) => self.reload(index).await?,
                Err(ApplyError::Fold { position, event_type, source }) => {
                    let name = self.entries[index].follower.projection.name();
                    tracing::error!(
                        projection = name, %position, event_type, error = %source,
                        "projection stands still before an event that it cannot fold"
                    );
                    self.entries[index].stall();
                }
                // Tables that are gone look like a failure too: then another generation is live.
                Err(ApplyError::Read(error)) => {
                    let before = self.entries[index].follower.generation;
                    self.reload(index).await?;
                    if self.entries[index].follower.generation == before {
                        failure = Some(error);
                    }
                }
            }
        }
        failure.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Finds anew which generation to follow and from where.
    pub(crate) async fn reload(&mut self, index: usize) -> Result<(), RunError> {
        let known = self.entries[index].follower.clone();
        let mut entry = find_entry(&self.models.store, &known.projection).await?;
        // Between the checkpoint and the position there was nothing to fold, so that a generation that has come as far as
        // the checkpoint has come as far as the position.
        let has_come_as_far = matches!(entry.mode, Mode::Serving) && entry.follower.stored >= known.stored;
        if has_come_as_far && known.position >= entry.follower.position {
            (entry.follower.position, entry.follower.seen) = (known.position, known.seen);
        }
        self.entries[index] = entry;
        Ok(())
    }

    /// Goes back to what is stored: an older copy of the log has taken over. Rows of the same database went with the events;
    /// any others that have come as far hold what is gone.
    async fn begin_anew(&mut self, lane: &[usize]) -> Result<(), RunError> {
        for index in lane {
            let known = self.entries[*index].follower.clone();
            let mut entry = find_entry(&self.models.store, &known.projection).await?;
            if !self.models.store.is_beside_log() && entry.follower.position >= known.position {
                tracing::error!(
                    projection = known.projection.name(),
                    position = known.position,
                    "projection holds events that are in the log no more: rebuild it"
                );
                entry.stall();
            }
            show(&self.models, (&entry, self.log.epoch()), None);
            self.entries[*index] = entry;
        }
        Ok(())
    }

    async fn take_over_if_ready(&mut self, index: usize, head: Position) -> Result<bool, RunError> {
        let entry = &mut self.entries[index];
        let Mode::Building { old } = entry.mode.clone() else {
            return Ok(false);
        };
        if entry.follower.position < head.0 {
            return Ok(false);
        }
        let saved = entry.follower.save(&self.models.store).await;
        if matches!(saved, Ok(Applied::Done)) {
            let follower = &entry.follower;
            let new = (follower.generation, follower.position);
            generations::switch(&self.models.store, &*follower.projection, &old, new, head.0).await?;
        }
        self.reload(index).await?;
        let name = self.entries[index].follower.projection.name();
        self.models.update(name, |status| status.building = None);
        self.models.announce_switch();
        Ok(true)
    }

    /// Looks whether a projection that stands still was rebuilt meanwhile.
    async fn revive(&mut self) {
        for index in 0..self.entries.len() {
            let (stalled, before) =
                (matches!(self.entries[index].mode, Mode::Stalled { .. }), self.entries[index].follower.generation);
            if !stalled {
                continue;
            }
            match find_entry(&self.models.store, &self.entries[index].follower.projection).await {
                Ok(entry) if entry.follower.generation != before => self.entries[index] = entry,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a projection that stands still cannot be looked at"),
            }
        }
    }
}

/// Waits until the log has grown, a generation took over, or the pause is over. Returns false for the latter.
async fn woken(head: &mut watch::Receiver<Position>, switches: &mut watch::Receiver<u64>, pause: Duration) -> bool {
    if pause.is_zero() {
        return true;
    }
    let news = async {
        tokio::select! {
            biased;
            Ok(()) = head.changed() => {}
            Ok(()) = switches.changed() => {}
            else => std::future::pending().await,
        }
    };
    // An elapsed pause is no failure: it is the other way to wake.
    tokio::time::timeout(pause, news).await.is_ok()
}

fn source_of(error: &RunError) -> String {
    std::error::Error::source(error).map(ToString::to_string).unwrap_or_default()
}

/// Finds which generation a projection follows; makes the first one, or the one that a new version needs.
async fn find_entry(store: &ReadStore, projection: &Arc<dyn Projection>) -> Result<Entry, RunError> {
    let (name, version) = (projection.name(), projection.version());
    let mut known = generations::list(store, name).await?;
    if known.is_empty() {
        generations::create(store, &**projection, 1, true).await?;
        known = generations::list(store, name).await?;
    }
    let Some(live) = known.iter().find(|generation| generation.live).cloned() else {
        return Err(ReadError::Moving(name.to_owned()).into());
    };
    let entry = |followed: &Generation, mode: Mode| Entry {
        follower: Follower {
            projection: Arc::clone(projection),
            generation: followed.number,
            stored: followed.position,
            changed: followed.position,
            position: followed.position,
            seen: None,
        },
        mode,
    };
    if live.version > version {
        let error = RunError::Newer { name, found: live.version, known: version };
        tracing::error!(projection = name, %error, "projection stands still");
        return Ok(entry(&live, Mode::Stalled { shown: live.position }));
    }
    if live.version == version {
        return Ok(entry(&live, Mode::Serving));
    }
    let unfinished = known.iter().find(|generation| !generation.live && generation.version == version).cloned();
    let building = match unfinished {
        Some(building) => building,
        None => {
            let number = known.iter().map(|generation| generation.number).max().unwrap_or(0) + 1;
            generations::create(store, &**projection, number, false).await?;
            let made = generations::list(store, name).await?.into_iter().find(|made| made.number == number);
            made.ok_or_else(|| ReadError::Moving(name.to_owned()))?
        }
    };
    Ok(entry(&building, Mode::Building { old: live }))
}

/// Shows where a projection stands, found in an epoch of the log.
fn show(models: &ReadModels, (entry, epoch): (&Entry, u64), head: Option<Position>) {
    let follower = &entry.follower;
    models.update(follower.projection.name(), |status| {
        status.epoch = epoch;
        status.head = head.unwrap_or(status.head).max(Position(follower.position));
        let position = Position(follower.position);
        (status.state, status.position) = match &entry.mode {
            Mode::Stalled { shown } => (ProjectionState::Stalled, Position(*shown)),
            Mode::Building { old } => (ProjectionState::Rebuilding, Position(old.position)),
            Mode::Serving if status.building.is_some() => (ProjectionState::Rebuilding, position),
            Mode::Serving if head.is_some_and(|head| position >= head) => (ProjectionState::Live, position),
            Mode::Serving => (ProjectionState::CatchingUp, position),
        };
        status.changed = match &entry.mode {
            Mode::Serving => Position(follower.changed),
            Mode::Stalled { .. } | Mode::Building { .. } => status.position,
        };
        if let Mode::Building { .. } = entry.mode {
            status.building = Some(position);
        }
    });
}
