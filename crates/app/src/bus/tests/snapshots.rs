//! Snapshots change nothing but the time it takes.

use event_store::memory::MemoryStore;
use event_store::snapshots::StateSnapshot;
use sha2::{Digest, Sha256};

use super::*;

/// A shelf with this many events has two snapshots behind it when one is taken every ten.
const EVENTS: u64 = 25;

fn bus_every_ten(store: &Arc<MemoryStore>) -> Bus {
    bus_over(store.clone()).with_snapshots_every(10)
}

/// Fills a shelf with a unit an event and writes the snapshots that are due.
async fn shelf() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let bus = bus_every_ten(&store);
    for _ in 0..EVENTS {
        bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    }
    bus.keep_due_snapshots().await;
    store
}

async fn snapshot(store: &MemoryStore) -> StateSnapshot {
    let kept = store.snapshots().expect("memory keeps snapshots").snapshot(&stream()).await;
    kept.expect("is read").expect("is there")
}

async fn keep(store: &MemoryStore, snapshot: StateSnapshot) {
    store.snapshots().expect("memory keeps snapshots").keep_snapshot(&stream(), snapshot).await.expect("is kept");
}

/// Returns what a process that starts now makes of the shelf.
async fn loaded_anew(store: &Arc<MemoryStore>) -> (i64, u64) {
    let loaded = bus_every_ten(store).load::<Stock>(SHELF).await.expect("the shelf is there");
    (loaded.state.on_hand(), loaded.version)
}

/// Puts other bytes into a snapshot, with their digest.
fn with_state(snapshot: &StateSnapshot, state: Vec<u8>) -> StateSnapshot {
    StateSnapshot { sha256: Sha256::digest(&state).into(), state, ..snapshot.clone() }
}

#[tokio::test]
async fn every_ten_events_leave_a_snapshot_and_a_stream_goes_on_from_it() {
    let store = shelf().await;
    let kept = snapshot(&store).await;
    assert_eq!((kept.sequence, kept.fingerprint.as_str()), (20, domain::FINGERPRINT));
    assert_eq!(loaded_anew(&store).await, (25, EVENTS));
    let text = String::from_utf8(kept.state.clone()).expect("JSON");
    let more = text.replace(r#""on_hand":20"#, r#""on_hand":1020"#);
    assert_ne!(text, more);
    keep(&store, with_state(&kept, more.into_bytes())).await;
    assert_eq!(loaded_anew(&store).await, (1_025, EVENTS), "the first twenty events were not read again");
}

#[tokio::test]
async fn a_snapshot_that_is_not_what_it_says_is_ignored() {
    let store = shelf().await;
    let kept = snapshot(&store).await;
    let mut flipped = kept.clone();
    flipped.state[20] ^= 1;
    let broken = [
        StateSnapshot { fingerprint: "0000000000000000".to_owned(), ..with_state(&kept, b"{}".to_vec()) },
        StateSnapshot { sequence: 26, ..kept.clone() },
        StateSnapshot { sequence: 0, ..kept.clone() },
        StateSnapshot { sequence: 19, ..kept.clone() },
        StateSnapshot { last_event: uuid::Uuid::nil(), ..kept.clone() },
        with_state(&kept, b"no JSON".to_vec()),
        with_state(&kept, br#"{"on_hand":true}"#.to_vec()),
        flipped,
    ];
    for snapshot in broken {
        keep(&store, snapshot.clone()).await;
        assert_eq!(loaded_anew(&store).await, (25, EVENTS), "{snapshot:?}");
    }
}

#[tokio::test]
async fn without_its_snapshots_a_shop_is_the_same() {
    let store = shelf().await;
    store.snapshots().expect("memory keeps snapshots").drop_snapshots().await.expect("are dropped");
    assert_eq!(loaded_anew(&store).await, (25, EVENTS));
    let bus = bus_every_ten(&store);
    let outcome = bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    assert_eq!((outcome.version, outcome.state.on_hand()), (26, 26));
    bus.keep_due_snapshots().await;
    assert_eq!(snapshot(&store).await.sequence, 25, "whoever folded a long stream leaves what it came to");
}

#[tokio::test]
async fn a_snapshot_of_another_release_is_replaced_by_this_one_s() {
    let store = shelf().await;
    let kept = snapshot(&store).await;
    keep(&store, StateSnapshot { fingerprint: "an older release".to_owned(), ..kept }).await;
    let bus = bus_every_ten(&store);
    assert_eq!(on_hand(&bus).await, 25);
    bus.keep_due_snapshots().await;
    let kept = snapshot(&store).await;
    assert_eq!((kept.sequence, kept.fingerprint.as_str()), (25, domain::FINGERPRINT));
}

#[tokio::test]
async fn an_earlier_state_is_read_although_the_snapshot_is_later() {
    let store = shelf().await;
    let bus = bus_every_ten(&store);
    for version in [1, 9, 10, 19, 20, 21, 25] {
        let loaded = bus.load_at::<Stock>(SHELF, version).await.expect("the shelf is there");
        assert_eq!((loaded.version, loaded.state.on_hand()), (version, i64::try_from(version).expect("small")));
    }
    bus.keep_due_snapshots().await;
    assert_eq!(snapshot(&store).await.sequence, 20, "an earlier state replaces no snapshot");
}

#[tokio::test]
async fn a_short_stream_leaves_none() {
    let store = Arc::new(MemoryStore::new());
    let bus = bus_every_ten(&store);
    for _ in 0..9 {
        bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    }
    bus.keep_due_snapshots().await;
    let kept = store.snapshots().expect("memory keeps snapshots").snapshot(&stream()).await.expect("is read");
    assert_eq!(kept, None);
}

#[tokio::test]
async fn they_are_written_behind_the_shop_s_back_until_it_stops() {
    let store = Arc::new(MemoryStore::new());
    let bus = Arc::new(bus_every_ten(&store));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let keeper = bus.clone();
    let keeping = tokio::spawn(async move {
        keeper
            .keep_snapshots(async {
                let _ = stopped.await;
            })
            .await;
    });
    for _ in 0..10 {
        bus.execute::<Stock>(SHELF, &staff(), receive(1)).await.expect("units come in");
    }
    let snapshots = store.snapshots().expect("memory keeps snapshots");
    let written = async {
        while snapshots.snapshot(&stream()).await.expect("is read").is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.expect("it is written in time");
    stop.send(()).expect("somebody keeps them");
    tokio::time::timeout(Duration::from_secs(20), keeping).await.expect("it ends in time").expect("it ends well");
}
