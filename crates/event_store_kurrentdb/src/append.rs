//! Appends. One without a command id is one append of KurrentDB. One with a command id claims the id first.
//!
//! KurrentDB appends to one stream at a time and has no index beside its streams, so that a command happens once needs a
//! protocol of its own. Each command id has a stream of claims. A claim is the whole commit: what shall be appended, where,
//! at which version. It is **open** while the stream is at that version, **landed** once the events that follow that
//! version have the ids that the command gives them, and **dead** once other events follow it. Landed and dead are for
//! ever, as events are. The rules:
//!
//! 1. The first claim is appended at "no stream", each further one at the revision of the last: claims are in one order.
//! 2. Nobody claims before the last claim is landed or dead. Whoever finds it open performs it: it says all that is
//!    needed, the event ids are the same whoever appends, and KurrentDB takes the second append for a repeat.
//! 3. The command has happened if its last claim has landed.
//!
//! So at most one claim of a command can ever land. A crash between claim and events leaves an open claim; the next
//! append under this id completes it and is told where it landed.

use event_store::{AppendError, Appended, BoxError, CommandId, CommandRecord, Commit, Position, StoreError};
use eventstore::{AppendToStreamOptions, Client, CurrentRevision, Error, EventData, StreamPosition, StreamState};
use uuid::Uuid;

use crate::claim::{Claim, Claimed};
use crate::connection::{Connection, Failed, is_invalid};
use crate::names::{self, Names};
use crate::{envelope, reader};

/// How often a claim is tried again after others claimed the same id meanwhile.
const ROUNDS_MAX: usize = 64;

/// Stores commits, through a connection and under the names of one log.
pub(crate) struct Appender<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) names: &'a Names,
}

/// What became of a claim.
enum Fate {
    Open,
    Landed(CommandRecord),
    Dead,
}

impl Appender<'_> {
    /// Stores a commit.
    pub(crate) async fn append(&self, commit: &Commit) -> Result<Appended, AppendError> {
        match &commit.command {
            Some(command) => self.append_command(commit, command).await,
            None => self.append_events(commit).await,
        }
    }

    async fn append_command(&self, commit: &Commit, command: &CommandId) -> Result<Appended, AppendError> {
        let claim = Claim::of(commit, command).wrap().map_err(impossible)?;
        let stream = self.names.claims(&command.id);
        let mut claims = 0;
        for _ in 0..ROUNDS_MAX {
            match self.write(&stream, claims, vec![claim.clone()]).await {
                // Whoever comes may complete the claim from here on.
                Ok(_) => return self.append_events(commit).await.map_err(in_doubt),
                Err(AppendError::WrongVersion { .. }) => {}
                Err(error) => return Err(error),
            }
            let last = self.last_claim(&command.id).await.map_err(unreadable)?;
            let Some((found, number)) = last else { return Err(unreadable("the claim of a command is gone")) };
            match self.fate(&found).await.map_err(unreadable)? {
                Fate::Landed(record) => return Err(AppendError::DuplicateCommand(record)),
                Fate::Dead => claims = number,
                Fate::Open => match self.append_events(&found.commit).await {
                    Ok(appended) => return Err(AppendError::DuplicateCommand(found.record(appended.position))),
                    Err(AppendError::WrongVersion { .. }) => claims = number,
                    Err(error) => return Err(in_doubt(error)),
                },
            }
        }
        Err(AppendError::Unavailable { in_doubt: false, source: "others claim this command id all the time".into() })
    }

    /// Finds where a command landed.
    pub(crate) async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError> {
        let Some((claim, _)) = self.last_claim(id).await? else { return Ok(None) };
        Ok(match self.fate(&claim).await? {
            Fate::Landed(record) => Some(record),
            Fate::Open | Fate::Dead => None,
        })
    }

    /// Returns a command's last claim, and how many there are.
    async fn last_claim(&self, id: &str) -> Result<Option<(Claimed, u64)>, StoreError> {
        let stream = self.names.claims(id);
        let found = reader::stored(self.connection, &stream, StreamPosition::End, 1).await?;
        let Some(last) = found.first() else { return Ok(None) };
        let claimed = Claimed::unwrap(last)?;
        if claimed.command.id != id {
            return Err(StoreError::Corrupt(format!("{stream} holds another command's claim")));
        }
        Ok(Some((claimed, last.revision + 1)))
    }

    async fn fate(&self, claim: &Claimed) -> Result<Fate, StoreError> {
        let Commit { stream, expected, events, .. } = &claim.commit;
        let name = self.names.stream(stream);
        // Sequences count from 1 and revisions from 0: the first event's revision is the version it was expected at.
        let Some(first) = self.stored_at(&name, *expected).await? else { return Ok(Fate::Open) };
        if first.id != names::event_id(&claim.command, stream, 0) {
            return Ok(Fate::Dead);
        }
        let nth = events.len() - 1;
        let last = if nth == 0 { Some(first) } else { self.stored_at(&name, *expected + count(nth)).await? };
        let last = last.filter(|last| last.id == names::event_id(&claim.command, stream, nth));
        let last = last.ok_or_else(|| StoreError::Corrupt(format!("a commit of {stream} was stored in part")))?;
        Ok(Fate::Landed(claim.record(envelope::position(&last)?)))
    }

    /// Appends a commit's events. A repeat is answered as the first time was.
    async fn append_events(&self, commit: &Commit) -> Result<Appended, AppendError> {
        let id = |nth: usize, own: Uuid| match &commit.command {
            Some(command) => names::event_id(command, &commit.stream, nth),
            None => own,
        };
        let numbered = commit.events.iter().enumerate();
        let wrapped = numbered.map(|(nth, event)| envelope::wrap(event, id(nth, event.event_id), commit.recorded_at));
        let events = wrapped.collect::<Result<Vec<_>, _>>().map_err(impossible)?;
        let name = self.names.stream(&commit.stream);
        let mut position = self.write(&name, commit.expected, events).await?;
        let sequence = commit.expected + count(commit.events.len());
        if position == Position(0) {
            // The server may not know where a repeat was stored.
            position = self.position_of(&name, sequence - 1).await.map_err(unreadable)?;
        }
        Ok(Appended { sequence, position })
    }

    async fn position_of(&self, name: &str, revision: u64) -> Result<Position, StoreError> {
        let found = self.stored_at(name, revision).await?;
        envelope::position(&found.ok_or_else(|| StoreError::Corrupt(format!("event {revision} of {name} is gone")))?)
    }

    async fn stored_at(&self, name: &str, revision: u64) -> Result<Option<eventstore::RecordedEvent>, StoreError> {
        let found = reader::stored(self.connection, name, StreamPosition::Position(revision), 1).await?;
        Ok(found.into_iter().next())
    }

    /// Appends to one stream at an exact version. Attempts that failed in doubt are repeated: the event ids settle them.
    async fn write(&self, name: &str, expected: u64, events: Vec<EventData>) -> Result<Position, AppendError> {
        let state = match expected.checked_sub(1) {
            None => StreamState::NoStream,
            Some(revision) if i64::try_from(revision).is_ok() => StreamState::StreamRevision(revision),
            // The server does not count that far.
            Some(_) => return Err(self.wrong_version(name, expected).await),
        };
        let options = AppendToStreamOptions::default().stream_state(state).requires_leader(true);
        let append = |client: Client| {
            let (name, options, events) = (name.to_owned(), options.clone(), events.clone());
            async move { client.append_to_stream(name, &options, events).await }
        };
        match self.connection.call(append).await {
            Ok(written) => Ok(Position(written.position.commit)),
            Err(Failed { error: Error::WrongExpectedVersion { current, .. }, .. }) => {
                let actual = match current {
                    CurrentRevision::Current(revision) => revision + 1,
                    CurrentRevision::NoStream => 0,
                };
                Err(AppendError::WrongVersion { expected, actual })
            }
            Err(Failed { error, in_doubt: false }) if is_invalid(&error) => Err(AppendError::Malformed(format!(
                "KurrentDB refuses it ({error}); its limit of an append is set by MaxAppendSize"
            ))),
            Err(Failed { error, in_doubt }) => Err(AppendError::Unavailable { in_doubt, source: error.into() }),
        }
    }

    async fn wrong_version(&self, name: &str, expected: u64) -> AppendError {
        match reader::stored(self.connection, name, StreamPosition::End, 1).await {
            Ok(last) => {
                let actual = last.first().map_or(0, |last| last.revision + 1);
                AppendError::WrongVersion { expected, actual }
            }
            Err(error) => unreadable(error),
        }
    }
}

/// What follows a claim may be completed by others, so nothing that fails after it is surely not stored, except a version
/// that has passed.
fn in_doubt(error: AppendError) -> AppendError {
    match error {
        AppendError::Unavailable { source, .. } => AppendError::Unavailable { in_doubt: true, source },
        other => other,
    }
}

fn unreadable(error: impl Into<BoxError>) -> AppendError {
    AppendError::Unavailable { in_doubt: true, source: error.into() }
}

fn impossible(error: BoxError) -> AppendError {
    AppendError::Malformed(error.to_string())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
