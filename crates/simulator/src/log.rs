//! The log: one in memory that outlives every process and is looked at after every commit, and each process's faulty way to
//! it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::audit::{Audit, audit_of};
use app::bus::decode;
use async_trait::async_trait;
use domain::decider::Decider;
use domain::stock::Stock;
use event_store::memory::MemoryStore;
use event_store::seals::SealStore;
use event_store::{
    AppendError, Appended, CommandRecord, Commit, Cursor, EventStore, Filter, Page, Position, RecordedEvent,
    StoreError, StreamId,
};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::bugs::Bug;
use crate::faults::Fault;
use crate::port::Port;
use crate::sabotage;
use crate::world::{World, held};

const APPEND: [Fault; 9] = [
    Fault::LogUnavailable,
    Fault::LogTimeout,
    Fault::AnswerLost,
    Fault::LogSlow,
    Fault::Conflict,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::Freeze,
    Fault::ClockJump,
];
const READ: [Fault; 1] = [Fault::ReadUnavailable];

type Followers = Vec<mpsc::UnboundedSender<Arc<RecordedEvent>>>;

/// The log that every process writes to.
#[derive(Default)]
pub(crate) struct SharedLog {
    pub(crate) store: Arc<MemoryStore>,
    audits: Mutex<HashMap<StreamId, Option<Box<dyn Audit>>>>,
    lengths: Mutex<HashMap<StreamId, u64>>,
    stocks: Mutex<HashMap<StreamId, Stock>>,
    followers: Mutex<Followers>,
    /// A way of its own to wake each reader: those of one channel are woken in no order that a seed decides.
    heads: Mutex<Vec<watch::Sender<Position>>>,
    /// How many commits each key led to.
    keys: Mutex<HashMap<String, u64>>,
}

impl SharedLog {
    /// Returns how many events it holds.
    pub(crate) fn length(&self) -> u64 {
        self.store.head().borrow().0
    }

    fn head(&self) -> watch::Receiver<Position> {
        let (sender, receiver) = watch::channel(Position(self.length()));
        held(&self.heads).push(sender);
        receiver
    }

    /// Tells of every event from now on.
    pub(crate) fn follow(&self) -> mpsc::UnboundedReceiver<Arc<RecordedEvent>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        held(&self.followers).push(sender);
        receiver
    }

    /// Returns the last version of a stream.
    pub(crate) fn length_of(&self, stream: &StreamId) -> u64 {
        held(&self.lengths).get(stream).copied().unwrap_or(0)
    }

    /// Notes that a key led to a commit, which it may do once.
    fn note_key(&self, world: &World, key: &str) {
        let times = {
            let mut keys = held(&self.keys);
            let times = keys.entry(key.to_owned()).or_default();
            *times += 1;
            *times
        };
        if times > 1 {
            world.violate("a key happens once", format!("{key} led to {times} commits"));
        }
    }

    async fn append(&self, world: &World, commit: Commit) -> Result<Appended, AppendError> {
        let (stream, expected) = (commit.stream.clone(), commit.expected);
        let appended = self.store.append(commit).await?;
        // Memory does not fail.
        let added = self.store.read_stream(&stream, expected, usize::MAX).await.unwrap_or_default();
        held(&self.lengths).insert(stream.clone(), appended.sequence);
        let mut sequence = expected;
        for event in added {
            sequence += 1;
            if event.sequence != sequence {
                world.violate("I10 versions", format!("{stream} has no version {sequence}"));
            }
            self.look(world, &event);
            if let ("stock", Ok(fact)) = (&*stream.kind, decode(&event)) {
                held(&self.stocks).entry(stream.clone()).or_default().evolve(&fact);
            }
            let event = Arc::new(event);
            held(&self.followers).retain(|follower| follower.send(event.clone()).is_ok());
        }
        self.check_served(world, &stream);
        held(&self.heads).retain(|head| head.send(appended.position).is_ok());
        Ok(appended)
    }

    /// After each commit nothing is free while somebody waits for it.
    fn check_served(&self, world: &World, stream: &StreamId) {
        let stocks = held(&self.stocks);
        let Some(stock) = stocks.get(stream) else { return };
        if stock.available() > 0 && stock.back_ordered() > 0 {
            let (free, awaited) = (stock.available(), stock.back_ordered());
            world.violate("I2, I4 units", format!("{free} of {stream} are free while {awaited} are waited for"));
        }
    }

    /// Looks at an event and at what its aggregate is after it.
    fn look(&self, world: &World, event: &RecordedEvent) {
        world.note(|| format!("event {} {} of {}", event.position, event.event_type, event.stream));
        let mut audits = held(&self.audits);
        let audit = audits.entry(event.stream.clone()).or_insert_with(|| audit_of(&event.stream.kind));
        if let Some(Err(wrong)) = audit.as_mut().map(|audit| audit.add(event)) {
            let what = format!("{} at position {} of {}: {wrong}", event.event_type, event.position, event.stream);
            world.violate("I1, I2, I3, I4, I9 aggregates", what);
        }
    }
}

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Commands and processes.
    Shop,
    /// The read models.
    ReadModels,
    /// The sealer: it lives and dies with its process, and nothing else happens to it.
    Sealer,
}

/// A process's way to the log.
pub(crate) struct ProcessLog {
    pub(crate) port: Port,
    pub(crate) reader: Reader,
}

fn unavailable() -> StoreError {
    StoreError::Unavailable("simulated".into())
}

impl ProcessLog {
    fn log(&self) -> &SharedLog {
        &self.port.world.log
    }

    /// Begins a read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], now and then.
    async fn read(&self, what: &'static str) -> Result<(), StoreError> {
        if self.reader == Reader::Sealer {
            self.port.fate.pass().await;
            return Ok(());
        }
        match self.port.enter(&READ, || what.to_owned()).await {
            Some(_) => Err(unavailable()),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl EventStore for ProcessLog {
    async fn append(&self, commit: Commit) -> Result<Appended, AppendError> {
        let place = || format!("append to {} of {}", commit.stream, commit.events[0].event_type);
        let fault = self.port.enter(&APPEND, place).await;
        let refused = |in_doubt| Err(AppendError::Unavailable { in_doubt, source: "simulated".into() });
        match fault {
            Some(Fault::LogUnavailable) => return refused(false),
            Some(Fault::LogTimeout) => {
                self.port.world.pause(Duration::from_secs(2)).await;
                return refused(true);
            }
            Some(Fault::Conflict) => {
                let expected = commit.expected;
                return Err(AppendError::WrongVersion { expected, actual: expected + 1 });
            }
            _ => {}
        }
        let world = &self.port.world;
        let key = commit.command.as_ref().map(|command| command.id.clone());
        let again = sabotage::repeated(world, fault, &commit);
        let appended = match sabotage::commit(world, commit) {
            sabotage::Spoilt::Store(commit) => self.log().append(world, *commit).await,
            sabotage::Spoilt::Forget(appended) => Ok(appended),
        };
        if let (Some(key), Ok(_)) = (key, &appended) {
            self.log().note_key(world, &key);
        }
        if let Some(commit) = again {
            let expected = self.log().length_of(&commit.stream);
            // Nobody asked for it: nobody hears what came of it.
            _ = self.log().append(world, Commit { expected, command: None, ..commit }).await;
        }
        self.port.leave(fault).await;
        match fault {
            Some(Fault::AnswerLost) if appended.is_ok() => refused(true),
            _ => appended,
        }
    }

    async fn read_stream(&self, stream: &StreamId, after: u64, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.read("read a stream").await?;
        self.log().store.read_stream(stream, after, limit).await
    }

    async fn read_on(&self, after: Cursor, limit: usize, filter: &Filter) -> Result<Page, StoreError> {
        self.read("read the feed").await?;
        let page = self.log().store.read_on(after, limit, filter).await?;
        Ok(sabotage::page(&self.port.world, self.reader, page))
    }

    async fn find_command(&self, id: &str) -> Result<Option<CommandRecord>, StoreError> {
        self.read("find a command").await?;
        self.log().store.find_command(id).await
    }

    fn seals(&self) -> Option<&dyn SealStore> {
        (self.reader == Reader::Sealer).then_some(self)
    }

    fn has_other_writers(&self) -> bool {
        !self.port.world.has(Bug::AloneAlthoughNot)
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.log().head()
    }

    async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("read a secret").await?;
        self.log().store.secret(name).await
    }

    async fn secret_or_insert(&self, name: &str, value: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read("make a secret").await?;
        self.log().store.secret_or_insert(name, value).await
    }

    async fn secret_destroy(&self, name: &str) -> Result<bool, StoreError> {
        self.read("destroy a secret").await?;
        self.log().store.secret_destroy(name).await
    }

    async fn mark(&self, name: &str) -> Result<Option<u64>, StoreError> {
        self.read("read a mark").await?;
        self.log().store.mark(name).await
    }

    async fn set_mark(&self, name: &str, value: u64) -> Result<(), StoreError> {
        self.read("leave a mark").await?;
        let value = sabotage::mark(&self.port.world, name, value);
        self.log().store.set_mark(name, value).await
    }

    async fn lease_take(&self, name: &str, owner: Uuid, time: Duration) -> Result<bool, StoreError> {
        self.read("take a lease").await?;
        self.log().store.lease_take(name, owner, time).await
    }

    async fn lease_return(&self, name: &str, owner: Uuid) -> Result<(), StoreError> {
        self.read("return a lease").await?;
        self.log().store.lease_return(name, owner).await
    }

    async fn close(&self) {}
}
