//! Checks of state snapshots.

use uuid::Uuid;

use super::Store;
use crate::StreamId;
use crate::snapshots::StateSnapshot;

fn snapshot(sequence: u64, state: &[u8]) -> StateSnapshot {
    let (last_event, fingerprint) = (Uuid::from_u128(u128::from(sequence)), format!("code {sequence}"));
    StateSnapshot { sequence, last_event, fingerprint, sha256: [7; 32], state: state.to_vec() }
}

/// A stream has the snapshot that was kept last, and none once all are dropped.
///
/// # Panics
/// When the store does otherwise.
pub async fn the_last_snapshot_of_a_stream_is_kept(store: Store) {
    let snapshots = store.snapshots().expect("the store keeps snapshots");
    let (one, other) = (StreamId::new("stock", "one"), StreamId::new("cart", "one"));
    assert_eq!(snapshots.snapshot(&one).await.expect("is read"), None);
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    for kept in [snapshot(1_000, b"first"), snapshot(2_000, &bytes), snapshot(1_500, b"")] {
        snapshots.keep_snapshot(&one, kept.clone()).await.expect("is kept");
        assert_eq!(snapshots.snapshot(&one).await.expect("is read"), Some(kept));
    }
    assert_eq!(snapshots.snapshot(&other).await.expect("is read"), None);
    snapshots.keep_snapshot(&other, snapshot(7, b"other")).await.expect("is kept");
    assert_eq!(snapshots.snapshot(&one).await.expect("is read"), Some(snapshot(1_500, b"")));
    snapshots.drop_snapshots().await.expect("are dropped");
    for stream in [one, other] {
        assert_eq!(snapshots.snapshot(&stream).await.expect("is read"), None);
    }
}
