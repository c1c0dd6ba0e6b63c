//! `cqrs-es` works on our stores, and an unmodified `postgres-es` works on our PostgreSQL tables.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore, PersistenceError, QueryReplay};
use cqrs_es::{Aggregate, AggregateError, CqrsFramework, DomainEvent, EventEnvelope, Query};
use event_store::cqrs::CqrsRepository;
use event_store::memory::MemoryStore;
use event_store::postgres::PostgresStore;
use event_store::{EventStore, Filter, Position, StreamId};
use postgres_es::PostgresEventRepository;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPool;
use test_postgres::TestPostgres;

/// A till that counts coins and refuses to go below zero.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Till {
    coins: u32,
}

enum Command {
    Put(u32),
    Take(u32),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Event {
    Put { coins: u32 },
    Taken { coins: u32 },
}

#[derive(Debug, thiserror::Error)]
#[error("only {coins} coins are left")]
struct Empty {
    coins: u32,
}

impl DomainEvent for Event {
    fn event_type(&self) -> String {
        match self {
            Self::Put { .. } => "till.put".to_owned(),
            Self::Taken { .. } => "till.taken".to_owned(),
        }
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Till {
    const TYPE: &'static str = "till";
    type Command = Command;
    type Event = Event;
    type Error = Empty;
    type Services = ();

    async fn handle(&mut self, command: Command, (): &(), sink: &EventSink<Self>) -> Result<(), Empty> {
        match command {
            Command::Put(coins) => sink.write(Event::Put { coins }, self).await,
            Command::Take(coins) if coins <= self.coins => sink.write(Event::Taken { coins }, self).await,
            Command::Take(_) => return Err(Empty { coins: self.coins }),
        }
        Ok(())
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Put { coins } => self.coins += coins,
            Event::Taken { coins } => self.coins -= coins,
        }
    }
}

/// Remembers which event of which till it was shown.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(String, usize)>>>);

#[async_trait]
impl Query<Till> for Seen {
    async fn dispatch(&self, aggregate_id: &str, events: &[EventEnvelope<Till>]) {
        let mut seen = self.0.lock().expect("no test panics while it holds the lock");
        seen.extend(events.iter().map(|event| (aggregate_id.to_owned(), event.sequence)));
    }
}

impl Seen {
    fn places(&self) -> Vec<(String, usize)> {
        self.0.lock().expect("no test panics while it holds the lock").clone()
    }
}

fn places(expected: &[(&str, usize)]) -> Vec<(String, usize)> {
    expected.iter().map(|&(id, sequence)| (id.to_owned(), sequence)).collect()
}

fn framework<R: PersistedEventRepository>(repository: R) -> CqrsFramework<Till, PersistedEventStore<R, Till>> {
    CqrsFramework::new(PersistedEventStore::new_event_store(repository), vec![], ())
}

#[tokio::test]
async fn the_framework_of_cqrs_es_works_on_our_store() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let repository = CqrsRepository::new(Arc::clone(&store));
    let tills = framework(repository.clone());
    tills.execute("a", Command::Put(5)).await.expect("coins are put");
    tills.execute("b", Command::Put(1)).await.expect("coins are put");
    tills.execute("a", Command::Take(4)).await.expect("coins are taken");
    let refused = tills.execute("a", Command::Take(2)).await;
    assert!(matches!(refused, Err(AggregateError::UserError(Empty { coins: 1 }))), "{refused:?}");
    assert_eq!(repository.get_events::<Till>("a").await.expect("events are read").len(), 2);
    assert_eq!(repository.get_last_events::<Till>("a", 1).await.expect("events are read")[0].sequence, 2);

    let seen = Seen::default();
    let replay = QueryReplay::new(repository, seen.clone());
    replay.replay_all().await.expect("the log is replayed");
    assert_eq!(seen.places(), places(&[("a", 1), ("b", 1), ("a", 2)]), "in the order of the log");
    replay.replay("a").await.expect("the till is replayed");
    assert_eq!(seen.places()[3..], places(&[("a", 1), ("a", 2)]));
}

#[tokio::test]
async fn a_lost_race_is_an_optimistic_lock_error() {
    let repository = CqrsRepository::new(Arc::new(MemoryStore::new()));
    framework(repository.clone()).execute("a", Command::Put(5)).await.expect("coins are put");
    let stale = repository.get_events::<Till>("a").await.expect("events are read");
    let lost = repository.persist::<Till>(&stale, None).await;
    assert!(matches!(lost, Err(PersistenceError::OptimisticLockError)), "{lost:?}");
}

#[tokio::test]
async fn a_snapshot_is_refused_rather_than_forgotten() {
    let repository = CqrsRepository::new(Arc::new(MemoryStore::new()));
    let store = PersistedEventStore::<_, Till>::new_aggregate_store(repository);
    let refused = CqrsFramework::new(store, vec![], ()).execute("a", Command::Put(5)).await;
    assert!(matches!(refused, Err(AggregateError::UnexpectedError(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unmodified_postgres_es_shares_our_log() {
    let Some(server) = TestPostgres::shared() else {
        return;
    };
    let url = server.create_database();
    let store: Arc<dyn EventStore> = Arc::new(PostgresStore::connect_shared(&url).await.expect("the log opens"));
    let pool = PgPool::connect(&url).await.expect("the database is reached");
    let mut head = store.head();
    let ours = framework(CqrsRepository::new(Arc::clone(&store)));
    let theirs = framework(PostgresEventRepository::new(pool.clone()));

    // Each decides on what the other has written: a refusal would mean that it was not read.
    ours.execute("a", Command::Put(5)).await.expect("ours puts");
    theirs.execute("a", Command::Take(3)).await.expect("theirs reads ours");
    ours.execute("a", Command::Take(2)).await.expect("ours reads theirs");
    let refused = theirs.execute("a", Command::Take(1)).await;
    assert!(matches!(refused, Err(AggregateError::UserError(Empty { coins: 0 }))), "{refused:?}");
    let wake = tokio::time::timeout(std::time::Duration::from_secs(60), head.wait_for(|head| *head == Position(3)));
    wake.await.expect("the head follows in time").expect("the store lives");

    // Both at once, on streams of their own and on one they fight for.
    let racers = (0..4).map(|racer| {
        let (store, pool) = (Arc::clone(&store), pool.clone());
        tokio::spawn(async move {
            for _ in 0..25 {
                let (own, shared) = (format!("own-{racer}"), "shared");
                if racer % 2 == 0 {
                    put(&framework(CqrsRepository::new(Arc::clone(&store))), &[&own, shared]).await;
                } else {
                    put(&framework(PostgresEventRepository::new(pool.clone())), &[&own, shared]).await;
                }
            }
        })
    });
    for racer in racers.collect::<Vec<_>>() {
        racer.await.expect("a racer stores all its events");
    }

    // `read_all` refuses a gap, so what it answers is dense.
    let page = store.read_all(Position(0), 1_000, &Filter::default()).await.expect("the log is dense");
    assert_eq!((page.events.len(), page.head), (203, Position(203)));
    let shared = store.read_stream(&StreamId::new("till", "shared"), 0, 1_000).await.expect("the stream is read");
    assert_eq!(shared.len(), 100);
    store.close().await;
}

/// Puts a coin into each till, again after each lost race.
async fn put<R: PersistedEventRepository>(tills: &CqrsFramework<Till, PersistedEventStore<R, Till>>, ids: &[&str]) {
    for id in ids {
        loop {
            match tills.execute(id, Command::Put(1)).await {
                Ok(()) => break,
                Err(AggregateError::AggregateConflict) => {}
                Err(error) => panic!("putting a coin answered {error:?}"),
            }
        }
    }
}
