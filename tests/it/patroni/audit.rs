//! What must be true afterwards: everything that was acknowledged is there, once, in one order, for every reader.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use event_store::postgres::PostgresStore;
use event_store::{AppendError, Cursor, EventStore, Filter, Position, RecordedEvent, StoreError};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::cluster::within;
use super::load::{Acknowledged, EVENTS, Load};

/// How many events are read at once.
const PAGE: usize = 1_000;
/// Every how many commits one is sent once more.
const ASK_AGAIN_EVERY: usize = 50;

/// A reader that follows the log all the time, as a projection does, and remembers what it saw. Where that is gone it begins
/// anew.
pub struct Follower {
    /// How many events it follows, once that is known.
    count: Arc<AtomicUsize>,
    task: JoinHandle<Followed>,
}

/// What a follower saw.
#[derive(Default)]
pub struct Followed {
    /// Since it began last, in the order in which they were seen.
    pub events: Vec<Uuid>,
    /// How often what it saw was gone.
    pub rewinds: usize,
}

impl Follower {
    /// Follows the log through a store.
    pub fn start(store: Arc<dyn EventStore>) -> Self {
        let count = Arc::new(AtomicUsize::new(usize::MAX));
        let until = Arc::clone(&count);
        let task = tokio::spawn(async move {
            let (mut followed, mut head) = (Followed::default(), store.head());
            loop {
                let read = read_on(&*store, &mut followed.events, |event| event.event_id).await;
                if let Err(error @ StoreError::LogRewound { .. }) = &read {
                    eprintln!("patroni: a follower begins anew: {error}");
                    followed = Followed { events: Vec::new(), rewinds: followed.rewinds + 1 };
                    continue;
                }
                if read.is_ok() && followed.events.len() >= until.load(Ordering::Relaxed) {
                    return followed;
                }
                // It is told of what comes, or looks again.
                let _told = tokio::time::timeout(Duration::from_millis(50), head.changed()).await;
            }
        });
        Self { count, task }
    }

    /// Reads on until it has seen so many events and the last of them stands, which may take as long as its store finds the
    /// new primary.
    pub async fn stop(self, count: usize) -> Followed {
        self.count.store(count, Ordering::Relaxed);
        within("a reader sees all that is there", self.task).await.expect("the follower did not panic")
    }
}

/// Reads what follows what was seen, as far as can be read now. Positions must have no gap.
async fn read_on<T: Seen>(
    store: &dyn EventStore,
    seen: &mut Vec<T>,
    keep: impl Fn(&RecordedEvent) -> T,
) -> Result<(), StoreError> {
    loop {
        let after = Cursor { position: Position(seen.len() as u64), event: seen.last().map(Seen::event) };
        let page = store.read_on(after, PAGE, &Filter::default()).await?;
        if page.events.is_empty() {
            return Ok(());
        }
        for event in page.events {
            assert_eq!(event.position.0, seen.len() as u64 + 1, "positions have no gap");
            seen.push(keep(&event));
        }
    }
}

/// What is kept of an event, by which it is known again.
trait Seen {
    fn event(&self) -> Uuid;
}

impl Seen for Uuid {
    fn event(&self) -> Uuid {
        *self
    }
}

impl Seen for (Uuid, Arc<str>, u64) {
    fn event(&self) -> Uuid {
        self.0
    }
}

/// What became of the log.
pub struct Books {
    /// Commits that were acknowledged.
    pub acknowledged: usize,
    /// Of their events, how many are not where they were said to be.
    pub lost: usize,
    /// Events in the log.
    pub events: usize,
}

/// Reads the whole log anew, from the database, and compares it with what was acknowledged: its streams have no gap and
/// nothing is there twice.
pub async fn read_books(url: &str, load: &Load) -> (Books, Vec<Uuid>) {
    let store = PostgresStore::connect(url).await.expect("the log opens").without_tail();
    let mut log = Vec::new();
    let read = read_on(&store, &mut log, |event| (event.event_id, event.stream.id.clone(), event.sequence)).await;
    read.expect("the log is read");
    let mut heads = HashMap::new();
    for (id, stream, sequence) in &log {
        let before = heads.insert(stream.clone(), *sequence).unwrap_or_default();
        assert_eq!(*sequence, before + 1, "versions have no gap: {id}");
    }
    let log: Vec<Uuid> = log.into_iter().map(|(id, _, _)| id).collect();
    let acknowledged = load.acknowledged();
    let lost = acknowledged.iter().map(|acknowledged| lost_of(acknowledged, &log)).sum();
    store.close().await;
    (Books { acknowledged: acknowledged.len(), lost, events: log.len() }, log)
}

fn lost_of(acknowledged: &Acknowledged, log: &[Uuid]) -> usize {
    let events = &acknowledged.commit.events;
    let first = usize::try_from(acknowledged.position.0).expect("fits") - events.len();
    events.iter().enumerate().filter(|(nth, event)| log.get(first + nth) != Some(&event.event_id)).count()
}

/// Sends some of the commits once more: each is answered as the first time, and nothing is stored.
pub async fn ask_again(store: &dyn EventStore, load: &Load) {
    for Acknowledged { commit, position, .. } in load.acknowledged().iter().step_by(ASK_AGAIN_EVERY) {
        match store.append(commit.clone()).await {
            Err(AppendError::DuplicateCommand(reply)) => {
                let last = commit.expected + EVENTS;
                assert_eq!((reply.position, reply.sequence_last), (*position, last), "{commit:?}");
            }
            other => panic!("sent once more, {commit:?} is answered {other:?}"),
        }
    }
}
