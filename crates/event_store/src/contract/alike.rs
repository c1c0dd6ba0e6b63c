//! The same random operations on a backend and on the log in memory: every answer is the same.

use std::fmt::Write;
use std::sync::Arc;

use super::{Random, Store, commit, event, number, with_command};
use crate::memory::MemoryStore;
use crate::{AppendError, CommandRecord, Commit, Filter, Page, Position, RecordedEvent, StreamId};

/// How many sequences of operations are tried, unless `COMPTOIR_SEQUENCES` says otherwise.
const SEQUENCES: usize = 2_000;
/// The same where positions are not dense: each append there is followed by a read over the network that tells them.
const SEQUENCES_NOT_DENSE: usize = 400;
/// How many operations a sequence has.
const OPERATIONS: usize = 10;
/// How many events back the feed is read from at most.
const EVENTS_BACK_MAX: usize = 30;
/// Among so many streams, of two kinds, the operations of one sequence choose.
const STREAMS: usize = 3;
const KINDS: [&str; 3] = ["left", "right", "neither"];

/// One question or one change, with events counted from the beginning of the log.
#[derive(Clone, Debug)]
enum Operation {
    Append(Commit),
    ReadStream { stream: StreamId, after: u64, limit: usize },
    ReadAll { after: usize, limit: usize, filter: Filter },
    FindCommand(String),
    Secret(String),
    SecretInsert(String, Vec<u8>),
    SecretDestroy(String),
    Mark(String),
    SetMark(String, u64),
}

/// A store and the places of its events.
struct Side {
    store: Store,
    places: Vec<Position>,
}

/// Thousands of short sequences of appends (right, too early, too late, repeated, malformed), reads, secrets and marks are
/// answered as the log in memory answers them, refusals and all. `COMPTOIR_SEQUENCES` says how many, `COMPTOIR_SEED` which.
///
/// # Panics
/// When the store does otherwise; the message names the seed, the sequence and its operations so far.
pub async fn random_operations_are_answered_as_in_memory(store: Store) {
    let usual = if store.has_dense_positions() { SEQUENCES } else { SEQUENCES_NOT_DENSE };
    let (sequences, seed) = (number("COMPTOIR_SEQUENCES", usual), number("COMPTOIR_SEED", 1));
    let mut tried = Side { store, places: vec![Position(0)] };
    let mut known = Side { store: Arc::new(MemoryStore::new()), places: vec![Position(0)] };
    let mut random = Random(seed as u64);
    for sequence in 0..sequences {
        let mut so_far = String::new();
        for _ in 0..OPERATIONS {
            let operation = choose(&mut random, sequence, &known).await;
            writeln!(so_far, "{operation:?}").expect("memory is written");
            let (answer, wanted) = (tried.perform(&operation).await, known.perform(&operation).await);
            assert_eq!(answer, wanted, "seed {seed}, sequence {sequence}:\n{so_far}");
        }
    }
}

async fn choose(random: &mut Random, sequence: usize, known: &Side) -> Operation {
    let stream = stream(random, sequence);
    let end = known.places.len() - 1;
    let name = format!("{sequence}/{}", random.below(2));
    match random.below(20) {
        0..8 => Operation::Append(choose_commit(random, sequence, stream, known).await),
        8..11 => Operation::ReadStream { stream, after: random.below(6) as u64, limit: random.below(6) },
        11..14 => {
            let kinds = (0..random.below(3)).map(|_| KINDS[random.below(3)].to_owned()).collect();
            let after = end - random.below(EVENTS_BACK_MAX).min(end);
            Operation::ReadAll { after, limit: 1 + random.below(12), filter: Filter { kinds } }
        }
        14 => Operation::FindCommand(name),
        15 => Operation::Secret(name),
        16 => Operation::SecretInsert(name, random.below(1_000).to_le_bytes().to_vec()),
        17 => Operation::SecretDestroy(name),
        18 => Operation::Mark(name),
        _ => Operation::SetMark(name, random.below(1 << 62) as u64),
    }
}

fn stream(random: &mut Random, sequence: usize) -> StreamId {
    let number = random.below(STREAMS);
    StreamId::new(KINDS[usize::from(number == 0)], &format!("{sequence}/{number}"))
}

async fn choose_commit(random: &mut Random, sequence: usize, stream: StreamId, known: &Side) -> Commit {
    let version = known.store.read_stream(&stream, 0, usize::MAX).await.expect("memory is read").len() as u64;
    let expected = match random.below(8) {
        0 => random.below(6) as u64,
        _ => version,
    };
    let mut chosen = commit(&stream, expected, random.below(5));
    if random.below(16) == 0 {
        chosen.events = vec![event(0); 2];
    }
    match random.below(3) {
        0 => with_command(chosen, &format!("{sequence}/{}", random.below(2)), ["one", "other"][random.below(2)]),
        _ => chosen,
    }
}

impl Side {
    /// Performs an operation and tells the answer, with every position as the count of events up to it.
    async fn perform(&mut self, operation: &Operation) -> String {
        let store = self.store.clone();
        match operation.clone() {
            Operation::Append(commit) => match store.append(commit).await {
                Ok(appended) => {
                    self.learn().await;
                    format!("sequence {}, event {}", appended.sequence, self.count(appended.position))
                }
                Err(AppendError::DuplicateCommand(record)) => self.command(&record),
                Err(refused) => format!("{refused:?}"),
            },
            Operation::ReadStream { stream, after, limit } => {
                let events = store.read_stream(&stream, after, limit).await.expect("the stream is read");
                events.iter().map(|event| self.event(event)).collect()
            }
            Operation::ReadAll { after, limit, filter } => {
                let after = self.places[after];
                let page = store.read_all(after, limit, &filter).await.expect("the log is read");
                self.page(&page)
            }
            Operation::FindCommand(id) => {
                let record = store.find_command(&id).await.expect("commands are read");
                record.map_or_else(|| "none".to_owned(), |record| self.command(&record))
            }
            Operation::Secret(name) => format!("{:?}", store.secret(&name).await.expect("is read")),
            Operation::SecretInsert(name, value) => {
                format!("{:?}", store.secret_or_insert(&name, &value).await.expect("is stored"))
            }
            Operation::SecretDestroy(name) => format!("{}", store.secret_destroy(&name).await.expect("is destroyed")),
            Operation::Mark(name) => format!("{:?}", store.mark(&name).await.expect("is read")),
            Operation::SetMark(name, value) => format!("{:?}", store.set_mark(&name, value).await.expect("is kept")),
        }
    }

    /// Learns the places of the events that were stored since.
    async fn learn(&mut self) {
        let last = self.places[self.places.len() - 1];
        let page = self.store.read_all(last, 100, &Filter::default()).await.expect("the log is read");
        self.places.extend(page.events.iter().map(|event| event.position));
    }

    fn count(&self, position: Position) -> usize {
        self.places.binary_search(&position).expect("the position of an event")
    }

    fn command(&self, record: &CommandRecord) -> String {
        let CommandRecord { fingerprint, stream, sequence_first, sequence_last, position } = record;
        format!("{fingerprint} {stream} {sequence_first} to {sequence_last}, event {}", self.count(*position))
    }

    fn event(&self, event: &RecordedEvent) -> String {
        let place = self.count(event.position);
        format!("{:?}\n", RecordedEvent { position: Position(place as u64), ..event.clone() })
    }

    fn page(&self, page: &Page) -> String {
        let events: String = page.events.iter().map(|event| self.event(event)).collect();
        format!("{events}next {}, head {}", self.count(page.next), self.count(page.head))
    }
}
