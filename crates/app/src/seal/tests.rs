//! Sealing, proving from what was sealed, and what does not fit together.

use std::sync::Arc;
use std::sync::Mutex;

use async_trait::async_trait;
use domain::values::Timestamp;
use event_store::memory::MemoryStore;
use event_store::seals::Seals;
use event_store::{BoxError, Commit, EventStore, NewEvent, StreamId};
use proof::Hash;
use proof::checkpoint::Checkpoint;
use proof::consistency::is_consistent;
use proof::inclusion::root_from_path;
use proof::tiles::GrowingTree;
use serde_json::value::RawValue;
use tokio::sync::watch;
use uuid::Uuid;

use super::{SealFailure, Sealer, StoredTree, Witness, WitnessRunner, leaf_hash, open_signer, public_key};
use crate::clock::ManualClock;
use crate::ids::CountingIds;

type Store = Arc<MemoryStore>;

/// Appends events to a stream of their own. What they say depends on their number and on `word`.
async fn append(store: &Store, count: usize, word: &str) {
    let before = store.head().borrow().0;
    let json = |text: String| RawValue::from_string(text).expect("it is JSON");
    let event = |number: usize| NewEvent {
        event_id: Uuid::from_u128(u128::from(before) << 32 | number as u128),
        event_type: "test.happened".to_owned(),
        event_version: "1".to_owned(),
        payload: json(format!("{{\"{word}\":{number}}}")),
        metadata: json("{}".to_owned()),
    };
    let stream = StreamId::new("test", &before.to_string());
    let events = (0..count).map(event).collect();
    let commit = Commit { stream, expected: 0, events, command: None, recorded_at: 1, epoch: None };
    store.append(commit).await.expect("the commit is stored");
}

async fn sealer(store: &Store) -> Result<Sealer, SealFailure> {
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_micros(7)));
    Sealer::open(store.clone(), clock, &CountingIds::default()).await
}

async fn checkpoints(store: &Store) -> Vec<Checkpoint> {
    let key = public_key(&**store).await.expect("the log has a key");
    let stored = store.seals().expect("memory keeps seals").checkpoints(0, 1_000).await.expect("are read");
    stored.iter().map(|stored| Checkpoint::open(&stored.note, &key).expect("is signed")).collect()
}

/// Seals after each so many events, by a sealer of its own: it goes on where the last one ended.
async fn sealed(counts: &[usize]) -> Store {
    let store = Arc::new(MemoryStore::new());
    for count in counts {
        append(&store, *count, "n").await;
        sealer(&store).await.expect("opens").seal().await.expect("seals");
    }
    store
}

#[tokio::test]
async fn checkpoints_are_signed_every_256_events_and_at_the_end() {
    let store = sealed(&[1, 3, 252, 300, 1]).await;
    let checkpoints = checkpoints(&store).await;
    assert_eq!(checkpoints.iter().map(|checkpoint| checkpoint.size).collect::<Vec<_>>(), [1, 4, 256, 512, 556, 557]);
    let mut tree = GrowingTree::new();
    for event in store.read_all(event_store::Position(0), 1_000, &Default::default()).await.expect("is read").events {
        tree.push(leaf_hash(&event));
    }
    assert_eq!(checkpoints.last().map(|checkpoint| checkpoint.root), Some(tree.root()));
}

#[tokio::test]
async fn every_event_is_proven_to_every_checkpoint_and_they_to_each_other() {
    let store = sealed(&[1, 3, 252, 300, 1]).await;
    let (tree, checkpoints) = (StoredTree::new(&*store).expect("is sealed"), checkpoints(&store).await);
    for checkpoint in &checkpoints {
        for position in (1..=checkpoint.size).step_by(17).chain([checkpoint.size]) {
            let proven = tree.inclusion(position, Some(checkpoint.size)).await.expect("is in the log");
            let root = root_from_path(leaf_hash(&proven.event), position - 1, checkpoint.size, &proven.path);
            assert_eq!(root, Some(checkpoint.root), "{position} of {}", checkpoint.size);
        }
    }
    for (nth, second) in checkpoints.iter().enumerate() {
        for first in &checkpoints[..=nth] {
            let proof = tree.consistency(first, second).await.expect("the log only grew");
            assert!(is_consistent((first.size, first.root), (second.size, second.root), &proof));
        }
    }
    let forged = Checkpoint { root: Hash::new([1; 32]), ..checkpoints[2].clone() };
    let refused = tree.consistency(&forged, &checkpoints[4]).await;
    assert!(matches!(refused, Err(SealFailure::Broken(_))), "{refused:?}");
    for position in [0, 558, u64::MAX] {
        let refused = tree.inclusion(position, None).await;
        assert!(matches!(refused, Err(SealFailure::Beyond { sealed: 557 })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_tree_of_two_levels_of_tiles_is_resumed_and_proven() {
    let store = Arc::new(MemoryStore::new());
    for _ in 0..66 {
        append(&store, 1_000, "n").await;
    }
    sealer(&store).await.expect("opens").seal().await.expect("seals");
    append(&store, 17, "n").await;
    sealer(&store).await.expect("goes on").seal().await.expect("seals");
    let mut sealer = sealer(&store).await.expect("finds the root again");
    append(&store, 3, "n").await;
    sealer.seal().await.expect("goes on");
    let tree = StoredTree::new(&*store).expect("is sealed");
    let checkpoints = checkpoints_of(&store, &[256, 65_536, 66_020]).await;
    for position in [1, 256, 257, 65_536, 65_537, 66_020] {
        tree.inclusion(position, None).await.expect("leads to the root");
    }
    for pair in checkpoints.windows(2) {
        tree.consistency(&pair[0], &pair[1]).await.expect("the log only grew");
    }
}

async fn checkpoints_of(store: &Store, sizes: &[u64]) -> Vec<Checkpoint> {
    let mut found = Vec::new();
    for size in sizes {
        let stored = StoredTree::new(&**store).expect("is sealed").checkpoint(Some(*size)).await.expect("is there");
        found.push(Checkpoint::unverified(&stored.note).expect("is a checkpoint"));
    }
    assert_eq!(found.iter().map(|checkpoint| checkpoint.size).collect::<Vec<_>>(), sizes);
    found
}

#[tokio::test]
async fn another_log_under_the_same_seals_is_not_sealed_on() {
    let (true_store, false_store) = (sealed(&[300]).await, Arc::new(MemoryStore::new()));
    append(&false_store, 300, "m").await;
    let mut late = sealer(&false_store).await.expect("an unsealed log opens");
    let seals = true_store.seals().expect("keeps seals");
    let checkpoints = seals.checkpoints(0, 9).await.expect("are read");
    let tiles = seals.tiles(0, 0..9).await.expect("are read");
    let copied = Seals { checkpoints, tiles, seen: Default::default() };
    false_store.seals().expect("keeps seals").store_seals(copied).await.expect("is stored");
    let refused = late.seal().await;
    assert!(matches!(refused, Err(SealFailure::Broken(_))), "another process sealed otherwise: {refused:?}");
    let refused = sealer(&false_store).await.map(|_| ());
    assert!(matches!(refused, Err(SealFailure::Broken(_))), "the tree has another root: {refused:?}");
}

#[tokio::test]
async fn the_key_is_made_once_and_a_destroyed_one_is_missed() {
    let store = Arc::new(MemoryStore::new());
    let ids = CountingIds::default();
    let missing = public_key(&*store).await;
    assert!(matches!(missing, Err(SealFailure::NoKey)), "{missing:?}");
    let first = open_signer(&*store, &ids).await.expect("is made").key().clone();
    assert_eq!(open_signer(&*store, &ids).await.expect("is read").key(), &first);
    assert_eq!(public_key(&*store).await.expect("is read"), first);
    store.secret_destroy("log_signing").await.expect("is destroyed");
    assert!(matches!(open_signer(&*store, &ids).await, Err(SealFailure::NoKey)));
}

/// Keeps what it is shown, and is away at first.
#[derive(Default)]
struct Forgetful {
    away: Mutex<u32>,
    shown: Mutex<Vec<String>>,
}

#[async_trait]
impl Witness for Forgetful {
    fn name(&self) -> String {
        "test".to_owned()
    }

    async fn show(&self, note: &str) -> Result<(), BoxError> {
        let mut away = self.away.lock().expect("no test panics under the lock");
        if *away > 0 {
            *away -= 1;
            return Err("nobody is there".into());
        }
        self.shown.lock().expect("no test panics under the lock").push(note.to_owned());
        Ok(())
    }
}

async fn until(receiver: &mut watch::Receiver<bool>) {
    // A sender that is gone means stop, too.
    let _ = receiver.wait_for(|stop| *stop).await;
}

#[tokio::test(start_paused = true)]
async fn the_sealer_seals_by_itself_and_the_witness_is_asked_until_it_answers() {
    let store = Arc::new(MemoryStore::new());
    let sealer = sealer(&store).await.expect("opens");
    let witness = Arc::new(Forgetful { away: Mutex::new(3), ..Forgetful::default() });
    let (stop, stopped) = watch::channel(false);
    let mut latest = sealer.latest();
    let runner = WitnessRunner::new(witness.clone(), sealer.latest());
    let (mut for_sealer, mut for_witness) = (stopped.clone(), stopped);
    let sealing = tokio::spawn(async move { sealer.run(until(&mut for_sealer)).await });
    let witnessing = tokio::spawn(async move { runner.run(until(&mut for_witness)).await });
    append(&store, 5, "n").await;
    latest.changed().await.expect("a second later it is sealed");
    append(&store, 700, "n").await;
    latest.changed().await.expect("so many are sealed at once");
    append(&store, 1, "n").await;
    stop.send_replace(true);
    sealing.await.expect("ends");
    witnessing.await.expect("ends");
    let sizes: Vec<u64> = checkpoints(&store).await.iter().map(|checkpoint| checkpoint.size).collect();
    assert_eq!(sizes, [5, 256, 512, 705, 706], "what came last is sealed at the end");
    let stored = store.seals().expect("keeps seals").last_checkpoint().await.expect("is read").expect("is there");
    let key = public_key(&*store).await.expect("has a key");
    assert_eq!(Checkpoint::open(&stored.note, &key).expect("is signed").size, 706);
}

#[tokio::test(start_paused = true)]
async fn a_witness_that_was_away_is_shown_the_latest_checkpoint() {
    let store = sealed(&[5]).await;
    let mut sealer = sealer(&store).await.expect("opens");
    let witness = Arc::new(Forgetful { away: Mutex::new(4), ..Forgetful::default() });
    let runner = WitnessRunner::new(witness.clone(), sealer.latest());
    let witnessing = tokio::spawn(runner.run(std::future::pending()));
    append(&store, 2, "n").await;
    sealer.seal().await.expect("seals");
    drop(sealer);
    witnessing.await.expect("ends when the sealer is gone");
    let shown = witness.shown.lock().expect("nobody holds it").clone();
    let last = Checkpoint::unverified(shown.last().expect("it was shown")).expect("is a checkpoint");
    assert_eq!(last.size, 7);
}

#[tokio::test(start_paused = true)]
async fn what_stands_where_something_sealed_is_gone_is_sealed() {
    let store = sealed(&[256]).await;
    let end = *store.head().borrow();
    let mut sealer_then = sealer(&store).await.expect("opens");
    append(&store, 300, "gone").await;
    sealer_then.seal().await.expect("seals");
    store.rewind_to(end);
    append(&store, 10, "n").await;
    append(&store, 300, "n").await;
    let (stop, mut latest) = (watch::Sender::new(false), sealer_then.latest());
    let mut told = stop.subscribe();
    let running = tokio::spawn(sealer_then.run(async move { _ = told.wait_for(|told| *told).await }));
    let sealed_again = async {
        while store.seals().expect("memory keeps seals").last_checkpoint().await.expect("is read").map(|last| last.size)
            != Some(566)
        {
            latest.changed().await.expect("the sealer lives");
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), sealed_again).await.expect("it is sealed at last");
    stop.send_replace(true);
    running.await.expect("it does not panic");
    assert_eq!(checkpoints(&store).await.iter().map(|checkpoint| checkpoint.size).collect::<Vec<_>>(), [256, 512, 566]);
    sealer(&store).await.expect("the tree has the root that was signed");
}
