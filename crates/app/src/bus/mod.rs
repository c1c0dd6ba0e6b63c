//! The command bus: load, decide, append at the expected version, decide again on a lost race.
//!
//! One command at a time per aggregate (a turn, first come first served), so that nobody races with themselves; what
//! other processes do is caught by the expected version. The state after a commit stays at hand, so a hot aggregate
//! costs no read.

mod fold;
mod metadata;
mod snapshots;
#[cfg(test)]
mod tests;
mod turns;

use std::sync::Arc;
use std::time::Duration;

use cqrs_es::{Aggregate, DomainEvent};
use domain::decider::Decider;
use event_store::{
    AppendError, Appended, CommandId, CommandRecord, Commit, EventStore, NewEvent, Position, StreamId, Tenure,
};

pub use fold::decode;
pub use metadata::{Cause, metadata_text};
pub use snapshots::{SNAPSHOT_BYTES_MAX, SNAPSHOT_EVENTS};

use self::fold::Until;
use self::snapshots::Snapshots;
use self::turns::{Since, Turn, Turns};
use crate::actor::Actor;
use crate::as_of::AsOf;
use crate::clock::Clock;
use crate::error::{AppError, Refused};
use crate::ids::Ids;

/// How often a decision is taken again after a lost race before the caller is told.
const ATTEMPTS_MAX: u32 = 16;

/// The longest pause before a decision is taken again, milliseconds; it doubles up to here from the second race on.
const PAUSE_MILLISECONDS_MAX: u64 = 64;

/// Identifies a command for ever, so that it happens at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandKey {
    /// The key as the sender chose it, 1 to 200 characters.
    pub key: String,
    /// A hash of the command's name and input.
    pub fingerprint: String,
}

/// Everything about a command but the command.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who sends it.
    pub actor: Actor,
    /// What it belongs to and what caused it.
    pub cause: Cause,
    /// Present when it must happen at most once.
    pub key: Option<CommandKey>,
    /// The version the sender saw; a newer one is a refusal.
    pub expected_version: Option<u64>,
}

impl Request {
    /// Makes a request without a key or an expected version.
    pub fn new(actor: Actor, cause: Cause) -> Self {
        Self { actor, cause, key: None, expected_version: None }
    }

    /// Sets the key.
    #[must_use]
    pub fn keyed(mut self, key: Option<CommandKey>) -> Self {
        self.key = key;
        self
    }

    /// Sets the version the sender saw.
    #[must_use]
    pub fn expecting(mut self, version: Option<u64>) -> Self {
        self.expected_version = version;
        self
    }

    /// Returns the same request as the beginning of a conversation that is named after what it makes.
    #[must_use]
    pub fn of_conversation(&self, id: &str) -> Self {
        let mut request = self.clone();
        id.clone_into(&mut request.cause.correlation);
        request
    }

    /// Returns the same request for a further command of the same use case: without its key and expected version.
    pub fn follow_up(&self) -> Self {
        Self { key: None, expected_version: None, ..self.clone() }
    }

    fn command_id(&self) -> Option<CommandId> {
        let key = self.key.as_ref()?;
        let id = format!("{}/{}", self.actor.id(), key.key);
        Some(CommandId { id, fingerprint: key.fingerprint.clone() })
    }
}

/// An aggregate and the version it is at.
#[derive(Clone, Debug)]
pub struct Loaded<D> {
    /// The state.
    pub state: Arc<D>,
    /// The last sequence folded into it; 0 when there is no event.
    pub version: u64,
}

/// What a command led to.
#[derive(Clone, Debug)]
pub struct Outcome<D> {
    /// The aggregate's id: another one than asked for when the command was replayed from its key.
    pub id: String,
    /// The state after the command, folded from the events it wrote.
    pub state: Arc<D>,
    /// The state's version.
    pub version: u64,
    /// Where its last event landed; `None` when it had nothing to add.
    pub position: Option<Position>,
    /// Whether it had happened before under the same key.
    pub replayed: bool,
}

/// What a decision is taken on.
struct Basis<D> {
    loaded: Loaded<D>,
    known: Known,
    /// The epoch of the log in which it was read.
    epoch: u64,
}

/// How well the state that a decision is taken on is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It was read from the log just now.
    Fresh,
    /// It is what this bus wrote or read last; another process may have moved on, but for that tenure.
    AtHand(Option<Tenure>),
    /// The aggregate is taken for new.
    Guessed,
}

/// The state after a decision and its facts; or the state before it, where no fact was folded into it yet, and why not.
type Decision<D> = Result<(Arc<D>, Vec<<D as Aggregate>::Event>), (Option<Arc<D>>, Refused)>;

/// Runs commands against the log.
pub struct Bus {
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    turns: Turns,
    snapshots: Snapshots,
}

impl Bus {
    /// Opens the bus over a log.
    pub fn new(store: Arc<dyn EventStore>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self { store, clock, ids, turns: Turns::default(), snapshots: Snapshots::default() }
    }

    /// Returns the log under the bus.
    pub fn store(&self) -> &Arc<dyn EventStore> {
        &self.store
    }

    /// Loads an aggregate as the log has it: the state at hand and what others have added to it.
    ///
    /// # Errors
    /// [`AppError`] when the store fails or holds what cannot be read.
    pub async fn load<D>(&self, id: &str) -> Result<Loaded<D>, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        let stream = StreamId::new(D::TYPE, id);
        match self.turns.cached(&stream, self.store.epoch()) {
            Some((at_hand, tenure)) if self.is_certain(tenure) => Ok(at_hand),
            Some((at_hand, _)) => self.read_on(&stream, at_hand).await,
            None => self.read_on(&stream, Loaded { state: Arc::new(D::default()), version: 0 }).await,
        }
    }

    /// Loads an aggregate as this process knows it, which may be behind what another one wrote: for a first guess, where
    /// a wrong one is found out.
    ///
    /// # Errors
    /// [`AppError`] when the store fails or holds what cannot be read.
    pub async fn load_at_hand<D>(&self, id: &str) -> Result<Loaded<D>, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        match self.turns.cached(&StreamId::new(D::TYPE, id), self.store.epoch()) {
            Some((at_hand, _)) => Ok(at_hand),
            None => self.load(id).await,
        }
    }

    async fn read_on<D>(&self, stream: &StreamId, at_hand: Loaded<D>) -> Result<Loaded<D>, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        let since = Since::now(&*self.store);
        let loaded = self.fold_from(stream, at_hand, Until::End).await?;
        if loaded.version > 0 {
            self.turns.remember_if_idle(stream, &loaded, since);
        }
        Ok(loaded)
    }

    /// Returns whether a state that was the last one in a tenure of the log is so still.
    fn is_certain(&self, tenure: Option<Tenure>) -> bool {
        tenure.is_some() && tenure == self.store.tenure()
    }

    /// Loads an aggregate as it was at a version.
    ///
    /// # Errors
    /// [`AppError`] when the store fails or holds what cannot be read.
    pub async fn load_at<D>(&self, id: &str, version: u64) -> Result<Loaded<D>, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        let start = Loaded { state: Arc::new(D::default()), version: 0 };
        self.fold_from(&StreamId::new(D::TYPE, id), start, Until::Version(version)).await
    }

    /// Loads an aggregate as it is or as it was.
    ///
    /// # Errors
    /// [`AppError`] when the store fails or holds what cannot be read.
    pub async fn load_as_of<D>(&self, id: &str, as_of: AsOf) -> Result<Loaded<D>, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        match as_of {
            AsOf::Now => self.load(id).await,
            AsOf::Position(until) => {
                let start = Loaded { state: Arc::new(D::default()), version: 0 };
                self.fold_from(&StreamId::new(D::TYPE, id), start, Until::Position(until)).await
            }
        }
    }

    /// Runs one command.
    ///
    /// # Errors
    /// [`AppError::Refused`] with the context's code, `VERSION_CONFLICT` or `IDEMPOTENCY_KEY_REUSED`; otherwise a failure.
    pub async fn execute<D>(&self, id: &str, request: &Request, command: D::Command) -> Result<Outcome<D>, AppError>
    where
        D: Decider,
        D::Command: Sync + Send,
        D::Error: domain::decider::Refusal,
    {
        self.execute_all(id, request, &[command]).await
    }

    /// Runs several commands on one aggregate as one: each is decided on what the ones before led to, and all their
    /// events are stored in one commit, or none.
    ///
    /// # Errors
    /// As [`Bus::execute`].
    pub async fn execute_all<D>(
        &self,
        id: &str,
        request: &Request,
        commands: &[D::Command],
    ) -> Result<Outcome<D>, AppError>
    where
        D: Decider,
        D::Command: Sync + Send,
        D::Error: domain::decider::Refusal,
    {
        self.run(id, request, commands, false).await
    }

    /// Runs commands that begin an aggregate, as [`Bus::execute_all`] does. It is taken for new without a look at the
    /// log; should it exist, the append finds out, and the commands are decided anew on what there is.
    ///
    /// # Errors
    /// As [`Bus::execute`].
    pub async fn begin_all<D>(
        &self,
        id: &str,
        request: &Request,
        commands: &[D::Command],
    ) -> Result<Outcome<D>, AppError>
    where
        D: Decider,
        D::Command: Sync + Send,
        D::Error: domain::decider::Refusal,
    {
        self.run(id, request, commands, true).await
    }

    async fn run<D>(
        &self,
        id: &str,
        request: &Request,
        commands: &[D::Command],
        begins: bool,
    ) -> Result<Outcome<D>, AppError>
    where
        D: Decider,
        D::Command: Sync + Send,
        D::Error: domain::decider::Refusal,
    {
        let stream = StreamId::new(D::TYPE, id);
        let turn = self.turns.take(&stream, Since::now(&*self.store)).await;
        for lost in 0..ATTEMPTS_MAX {
            self.pause(lost).await;
            let nothing = || Loaded { state: Arc::default(), version: 0 };
            let epoch = self.store.epoch();
            let (loaded, known) = match turn.take_cached::<D>(epoch) {
                Some((loaded, tenure)) => (loaded, Known::AtHand(tenure)),
                None if begins && lost == 0 => (nothing(), Known::Guessed),
                None => (self.fold_from(&stream, nothing(), Until::End).await?, Known::Fresh),
            };
            let basis = Basis { loaded, known, epoch };
            match self.attempt(&turn, basis, request, commands).await {
                Attempt::Done(outcome) => return outcome,
                Attempt::LostRace => tracing::debug!(%stream, "lost a race, deciding again"),
            }
        }
        Err(AppError::Contended)
    }

    /// Lets others through. Whoever won a race has the state at hand and does not read it again, so a process that is
    /// busy with one aggregate would win every further race: only a pause by chance outlasts it.
    async fn pause(&self, lost: u32) {
        if lost > 1 {
            let longest = 1_u64.checked_shl(lost - 1).unwrap_or(u64::MAX).min(PAUSE_MILLISECONDS_MAX);
            let chance = u64::from(self.ids.secret()[0]);
            tokio::time::sleep(Duration::from_micros(longest * 1_000 * chance / u64::from(u8::MAX))).await;
        }
    }

    async fn attempt<D>(&self, turn: &Turn, basis: Basis<D>, request: &Request, commands: &[D::Command]) -> Attempt<D>
    where
        D: Decider,
        D::Command: Sync + Send,
        D::Error: domain::decider::Refusal,
    {
        let Basis { loaded: Loaded { state: before, version: expected }, known, epoch } = basis;
        let (state, events) = match self.decide(before, expected, request, commands) {
            Ok(decided) => decided,
            Err((untouched, refused)) => {
                let untouched = untouched.map(|state| Loaded { state, version: expected });
                return match self.stands(turn, untouched, known).await {
                    Ok(true) => Attempt::Done(self.replay_or(request, Err(refused.into())).await),
                    Ok(false) => Attempt::LostRace,
                    Err(error) => Attempt::Done(Err(error)),
                };
            }
        };
        let id = turn.stream().id.to_string();
        if events.is_empty() {
            match self.stands(turn, Some(Loaded { state: state.clone(), version: expected }), known).await {
                Ok(true) => {}
                Ok(false) => return Attempt::LostRace,
                Err(error) => return Attempt::Done(Err(error)),
            }
            let unchanged = Outcome { id, state, version: expected, position: None, replayed: false };
            return Attempt::Done(self.replay_or(request, Ok(unchanged)).await);
        }
        let commit = match self.commit_of(turn.stream(), expected, request, &events) {
            Ok(commit) => Commit { epoch: Some(epoch), ..commit },
            Err(error) => return Attempt::Done(Err(error)),
        };
        let last_event = commit.events.last().map(|event| event.event_id);
        let handed_over = turn.hand_over();
        let answer = self.store.append(commit).await;
        match &answer {
            Err(AppendError::Unavailable { in_doubt: true, .. }) => {}
            Err(
                AppendError::Unavailable { in_doubt: false, .. }
                | AppendError::Malformed(_)
                | AppendError::EpochOver { .. },
            ) => handed_over.failed(),
            Ok(_) | Err(AppendError::WrongVersion { .. } | AppendError::DuplicateCommand(_)) => handed_over.answered(),
        }
        match answer {
            Ok(Appended { sequence, position }) => {
                let after = Loaded { state: state.clone(), version: sequence };
                turn.remember(&after);
                self.snapshots.note(turn.stream(), &after, expected, last_event);
                Attempt::Done(Ok(Outcome { id, state, version: sequence, position: Some(position), replayed: false }))
            }
            Err(AppendError::WrongVersion { .. } | AppendError::EpochOver { .. }) => Attempt::LostRace,
            Err(AppendError::DuplicateCommand(record)) => Attempt::Done(self.replay(request, record).await),
            Err(error @ AppendError::Malformed(_)) => Attempt::Done(Err(AppError::broken(error))),
            Err(AppendError::Unavailable { in_doubt, source }) => {
                Attempt::Done(Err(AppError::Unavailable { in_doubt, source }))
            }
        }
    }

    /// Returns whether an answer without facts stands. Nothing of it is appended, so no expected version catches what
    /// another process wrote meanwhile: the log is asked, unless the state was just read from it or nobody else writes.
    async fn stands<D>(&self, turn: &Turn, untouched: Option<Loaded<D>>, known: Known) -> Result<bool, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        let is_certain = match known {
            Known::Fresh => true,
            Known::AtHand(tenure) => self.is_certain(tenure),
            Known::Guessed => false,
        };
        let Some(untouched) = untouched else { return Ok(is_certain) };
        if is_certain {
            turn.remember(&untouched);
            return Ok(true);
        }
        let version = untouched.version;
        let newest = self.fold_from(turn.stream(), untouched, Until::End).await?;
        turn.remember(&newest);
        Ok(newest.version == version)
    }

    /// Decides on the state at hand, in place: it is the only copy unless a reader holds it. A refusal gives the state
    /// back where no fact was folded into it yet.
    fn decide<D>(&self, mut state: Arc<D>, version: u64, request: &Request, commands: &[D::Command]) -> Decision<D>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        if let Some(expected) = request.expected_version
            && expected != version
        {
            let message = format!("version {expected} was expected, it is at {version}: load it again");
            let refused = Refused::new("VERSION_CONFLICT", message).at(&["expectedVersion"]);
            return Err((Some(state), refused.with("expected", expected).with("actual", version)));
        }
        let mut events = Vec::new();
        for command in commands {
            match state.decide(command) {
                Ok(facts) => {
                    for fact in facts {
                        Arc::make_mut(&mut state).evolve(&fact);
                        events.push(fact);
                    }
                }
                Err(refusal) => return Err((events.is_empty().then_some(state), Refused::of(&refusal))),
            }
        }
        Ok((state, events))
    }

    fn commit_of<E: DomainEvent>(
        &self,
        stream: &StreamId,
        expected: u64,
        request: &Request,
        events: &[E],
    ) -> Result<Commit, AppError> {
        let command = request.command_id();
        let metadata = metadata_text(&request.actor, &request.cause).map_err(AppError::broken)?;
        let events = events
            .iter()
            .map(|event| {
                Ok(NewEvent {
                    event_id: self.ids.uuid(),
                    event_type: event.event_type(),
                    event_version: event.event_version(),
                    payload: serde_json::value::to_raw_value(event)?,
                    metadata: metadata.clone(),
                })
            })
            .collect::<Result<Vec<_>, serde_json::Error>>()
            .map_err(AppError::broken)?;
        let recorded_at = self.clock.now().micros();
        Ok(Commit { stream: stream.clone(), expected, events, command, recorded_at, epoch: None })
    }

    async fn replay_or<D>(
        &self,
        request: &Request,
        otherwise: Result<Outcome<D>, AppError>,
    ) -> Result<Outcome<D>, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        let Some(command) = request.command_id() else {
            return otherwise;
        };
        match self.store.find_command(&command.id).await? {
            Some(record) => self.replay(request, record).await,
            None => otherwise,
        }
    }

    /// Answers a command that happened before: the state as it was right after it.
    async fn replay<D>(&self, request: &Request, record: CommandRecord) -> Result<Outcome<D>, AppError>
    where
        D: Decider,
        D::Error: domain::decider::Refusal,
    {
        let same = request.key.as_ref().is_some_and(|key| key.fingerprint == record.fingerprint);
        if !same || &*record.stream.kind != D::TYPE {
            let message = "this idempotency key was used for another input: choose a new key";
            return Err(Refused::new("IDEMPOTENCY_KEY_REUSED", message).at(&["idempotencyKey"]).into());
        }
        let Loaded { state, version } = self.load_at(&record.stream.id, record.sequence_last).await?;
        let id = record.stream.id.to_string();
        Ok(Outcome { id, state, version, position: Some(record.position), replayed: true })
    }
}

enum Attempt<D> {
    Done(Result<Outcome<D>, AppError>),
    LostRace,
}
