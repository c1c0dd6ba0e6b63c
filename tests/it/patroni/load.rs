//! Clients that append, each to streams of its own, and settle every append that is in doubt by its command id.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use event_store::{AppendError, CommandId, Commit, EventStore, NewEvent, Position, StreamId};
use serde_json::value::RawValue;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::cluster::until;

/// How many events a commit has.
pub const EVENTS: u64 = 2;
/// How many commits go into one stream before the next one begins.
const COMMITS_A_STREAM: u64 = 20;

/// A commit that was acknowledged.
#[derive(Clone, Debug)]
pub struct Acknowledged {
    /// What was sent.
    pub commit: Commit,
    /// The position of its last event.
    pub position: Position,
    at: Instant,
}

/// What the clients did.
#[derive(Debug, Default)]
pub struct Load {
    acknowledged: Mutex<Vec<Acknowledged>>,
    /// Appends that were told to be in doubt, and those of them that had landed.
    doubted: AtomicUsize,
    landed: AtomicUsize,
    /// Appends to a stream that had lost its end.
    contradicted: AtomicUsize,
    over: AtomicBool,
}

/// Clients at work.
pub struct Clients {
    /// What they did so far.
    pub load: Arc<Load>,
    tasks: JoinSet<()>,
}

impl Clients {
    /// Lets so many clients append, in turn through these stores.
    pub fn start(stores: &[Arc<dyn EventStore>], count: usize) -> Self {
        let (load, mut tasks) = (Arc::new(Load::default()), JoinSet::new());
        for number in 0..count {
            let (load, store) = (Arc::clone(&load), Arc::clone(&stores[number % stores.len()]));
            tasks.spawn(async move { load.append_until_over(&*store, number).await });
        }
        Self { load, tasks }
    }

    /// Lets every client finish, and returns what they did.
    pub async fn stop(self) -> Arc<Load> {
        self.load.over.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        self.load
    }
}

impl Load {
    /// Everything that was acknowledged, in the order of time.
    pub fn acknowledged(&self) -> Vec<Acknowledged> {
        self.acknowledged.lock().expect("no client panicked").clone()
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().expect("no client panicked").len()
    }

    /// Returns how many appends were in doubt, and how many of them had been stored.
    pub fn doubts(&self) -> (usize, usize) {
        (self.doubted.load(Ordering::Relaxed), self.landed.load(Ordering::Relaxed))
    }

    /// Returns how often a stream was found without an end that had been acknowledged.
    pub fn contradicted(&self) -> usize {
        self.contradicted.load(Ordering::Relaxed)
    }

    /// Waits until so many more commits are acknowledged.
    pub async fn until_more(&self, commits: usize) {
        let goal = self.count() + commits;
        until("commits are acknowledged", async || (self.count() >= goal).then_some(())).await;
    }

    /// Goes on for a while.
    pub async fn go_on(&self, time: Duration) {
        let began = Instant::now();
        until("the time is over", async || (began.elapsed() >= time).then_some(())).await;
    }

    /// Returns the longest time without an acknowledgement since an instant.
    pub fn longest_gap(&self, since: Instant) -> Duration {
        let acknowledged = self.acknowledged.lock().expect("no client panicked");
        let mut last = since;
        let later = acknowledged.iter().map(|acknowledged| acknowledged.at).filter(|at| *at > since);
        let gaps = later.map(|at| at.duration_since(std::mem::replace(&mut last, at)));
        gaps.max().unwrap_or_default()
    }

    async fn append_until_over(&self, store: &dyn EventStore, client: usize) {
        let (mut stream, mut commits) = (StreamId::new("load", &Uuid::now_v7().to_string()), 0);
        for number in 0_u64.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let commit = commit(&stream, commits * EVENTS, format!("{client}/{number}"));
            match self.settle(store, &commit).await {
                Some(position) => {
                    let acknowledged = Acknowledged { commit, position, at: Instant::now() };
                    self.acknowledged.lock().expect("no client panicked").push(acknowledged);
                    commits += 1;
                }
                None => commits = COMMITS_A_STREAM,
            }
            if commits == COMMITS_A_STREAM {
                (stream, commits) = (StreamId::new("load", &Uuid::now_v7().to_string()), 0);
            }
        }
    }

    /// Sends a commit until there is an answer. `None` when the stream has lost what the commit follows.
    async fn settle(&self, store: &dyn EventStore, commit: &Commit) -> Option<Position> {
        let (first, last) = (commit.expected + 1, commit.expected + EVENTS);
        let mut doubted = false;
        loop {
            match store.append(commit.clone()).await {
                Ok(appended) => {
                    assert_eq!(appended.sequence, last, "{commit:?}");
                    return Some(appended.position);
                }
                Err(AppendError::Unavailable { in_doubt, .. }) => {
                    self.doubted.fetch_add(usize::from(in_doubt), Ordering::Relaxed);
                    doubted |= in_doubt;
                }
                Err(AppendError::DuplicateCommand(reply)) => {
                    assert!(doubted, "what was said not to be stored is stored: {reply:?}");
                    assert_eq!(
                        (&reply.stream, reply.sequence_first, reply.sequence_last),
                        (&commit.stream, first, last)
                    );
                    self.landed.fetch_add(1, Ordering::Relaxed);
                    return Some(reply.position);
                }
                Err(AppendError::WrongVersion { actual, .. }) if actual < commit.expected => {
                    self.contradicted.fetch_add(1, Ordering::Relaxed);
                    return None;
                }
                Err(error) => panic!("{commit:?}: {error:?}"),
            }
        }
    }
}

fn commit(stream: &StreamId, expected: u64, command: String) -> Commit {
    let json = |text: String| RawValue::from_string(text).expect("the test's JSON is valid");
    let event = || NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "load.happened".to_owned(),
        event_version: "1".to_owned(),
        payload: json(format!("{{\"filled\":\"{}\"}}", "x".repeat(200))),
        metadata: json("{}".to_owned()),
    };
    let command = Some(CommandId { id: command, fingerprint: "append".to_owned() });
    let events = (0..EVENTS).map(|_| event()).collect();
    Commit { stream: stream.clone(), expected, events, command, recorded_at: 1, epoch: None }
}
