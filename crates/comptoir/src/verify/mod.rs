//! `comptoir verify`: reads the whole log beside the open shop and holds it against what was sealed and witnessed.
//!
//! What is checked of every event: its position and its place in its stream are the next ones, its bytes are those that
//! were sealed (`tree.rs`), its aggregate can be folded and holds its invariants (`streams.rs`, `app::audit`). Memory: a
//! page of events, the state of one aggregate, 64 KiB of the tree and 40 bytes for each checkpoint of the witness, whatever
//! the size of the log.

mod streams;
mod tree;

use std::fmt;

use anyhow::Context;
use event_store::{EventStore, Filter, Position, RecordedEvent, StoreError};
use proof::checkpoint::Checkpoint;
use proof::note::VerifierKey;

use crate::progress::{Console, grouped};
use streams::StreamCheck;
use tree::TreeCheck;

/// How many events are read at once.
const PAGE_EVENTS: usize = 1_000;

/// What the log is held against beside its own seals.
#[derive(Clone, Debug, Default)]
pub struct Against {
    /// The key that someone outside wrote down; else the store's own is believed.
    pub key: Option<VerifierKey>,
    /// A checkpoint up to which the log was verified before: only what follows is read.
    pub from: Option<String>,
    /// The checkpoints that a witness kept.
    pub witness: Option<String>,
}

/// What is wrong first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The first position that may be bad.
    pub first: u64,
    /// The last one; the same where it is known which.
    pub last: u64,
    /// What is wrong.
    pub what: String,
}

impl Finding {
    fn at(position: u64, what: impl Into<String>) -> Self {
        Self { first: position, last: position, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, what } = self;
        if first == last {
            write!(f, "position {first}: {what}")
        } else {
            write!(f, "positions {first} to {last}: {what}")
        }
    }
}

/// Why a check ended.
enum Ended {
    /// Something is wrong with the log.
    Found(Finding),
    /// The log could not be read.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Ended {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Finding> for Ended {
    fn from(finding: Finding) -> Self {
        Self::Found(finding)
    }
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    key: VerifierKey,
    /// How many events were read.
    pub events: u64,
    /// How many streams they are of.
    pub streams: u64,
    /// How many checkpoints were compared.
    pub checkpoints: u64,
    /// How many checkpoints of the witness were compared.
    pub witnessed: u64,
    /// The last checkpoint that agrees.
    pub sealed: Option<Checkpoint>,
    /// How many events the log has.
    pub head: u64,
    /// What is wrong first; nothing when everything is right.
    pub finding: Option<Finding>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "key          {}", self.key)?;
        writeln!(
            f,
            "events       {} read of {}, {} streams",
            grouped(self.events),
            grouped(self.head),
            grouped(self.streams)
        )?;
        writeln!(f, "checkpoints  {} agree; the witness's: {}", grouped(self.checkpoints), grouped(self.witnessed))?;
        if let Some(Checkpoint { size, root, .. }) = &self.sealed {
            writeln!(f, "sealed       {} events, root {root}", grouped(*size))?;
            writeln!(f, "unsealed     {} events", grouped(self.head.saturating_sub(*size)))?;
        }
        match &self.finding {
            None => write!(f, "Everything is right."),
            Some(finding) => write!(f, "NOT RIGHT: {finding}"),
        }
    }
}

/// Verifies a log.
///
/// # Errors
/// When it cannot be read, was never sealed, or what it is held against cannot be understood. What is wrong with the log
/// is no error but in the report.
pub async fn check(store: &dyn EventStore, against: &Against, console: &Console) -> anyhow::Result<Report> {
    let key = match &against.key {
        Some(key) => key.clone(),
        None => app::seal::public_key(store).await.context("the log has no key: it was never sealed")?,
    };
    let from = against.from.as_ref().map(|note| Checkpoint::open(note, &key)).transpose();
    let from = from.context("the checkpoint to begin from")?;
    let mut report = Report {
        key: key.clone(),
        events: 0,
        streams: 0,
        checkpoints: 0,
        witnessed: 0,
        sealed: None,
        head: 0,
        finding: None,
    };
    match read_and_compare(store, (against, &key, from.as_ref()), console, &mut report).await {
        Ok(()) => {}
        Err(Ended::Found(finding)) => report.finding = Some(finding),
        Err(Ended::Failed(error)) => return Err(error),
    }
    Ok(report)
}

async fn read_and_compare(
    store: &dyn EventStore,
    (against, key, from): (&Against, &VerifierKey, Option<&Checkpoint>),
    console: &Console,
    report: &mut Report,
) -> Result<(), Ended> {
    let begin = from.map_or(0, |from| from.size);
    // What was sealed and witnessed is read before the end of the log, which may grow meanwhile.
    let mut tree = TreeCheck::begin(store, key, from).await?;
    tree.witness(against.witness.as_deref().unwrap_or_default())?;
    let page = store.read_all(Position(0), 0, &Filter::default()).await.context("the log cannot be read")?;
    let head = page.head.0;
    report.head = head;
    tree.begin_until(head)?;
    let mut streams = StreamCheck::new(store, begin, head);
    let task = console.task("events", head.saturating_sub(begin));
    let mut after = begin;
    while after < head {
        for event in read(store, after, head).await? {
            let position = event.position.0;
            if position != after + 1 {
                return Err(Finding::at(after + 1, format!("position {position} follows {after}")).into());
            }
            let seen = tree.add(&event).await;
            tree.tell(report);
            seen?;
            streams.add(&event).await?;
            (after, report.events, report.streams) = (position, position - begin, streams.count());
            if let Some(finding) = streams.finding_up_to(position) {
                return Err(finding.into());
            }
            task.add(1);
        }
    }
    task.finish();
    tree.finish()?;
    streams.finish().await
}

/// Reads the next events up to the end. What cannot be read as events is looked for one by one.
async fn read(store: &dyn EventStore, after: u64, head: u64) -> Result<Vec<std::sync::Arc<RecordedEvent>>, Ended> {
    let limit = PAGE_EVENTS.min(usize::try_from(head - after).unwrap_or(PAGE_EVENTS));
    match store.read_all(Position(after), limit, &Filter::default()).await {
        Ok(page) if !page.events.is_empty() => return Ok(page.events),
        Ok(_) => return Err(Finding::at(after + 1, "it is missing").into()),
        Err(StoreError::Corrupt(_)) => {}
        Err(error) => {
            let context = format!("the log cannot be read behind position {after}");
            return Err(anyhow::Error::new(error).context(context).into());
        }
    }
    match store.read_all(Position(after), 1, &Filter::default()).await {
        Ok(page) if !page.events.is_empty() => Ok(page.events),
        Ok(_) => Err(Finding::at(after + 1, "it is missing").into()),
        Err(StoreError::Corrupt(why)) => Err(Finding::at(after + 1, why).into()),
        Err(error) => Err(anyhow::Error::new(error).context("the log cannot be read").into()),
    }
}
