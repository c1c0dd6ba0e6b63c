//! Checks of what proves the log.

use super::Store;
use crate::Cursor;
use crate::seals::{SealError, SealStore, Seals, StoredCheckpoint, StoredTile};

fn seals(store: &Store) -> &dyn SealStore {
    store.seals().expect("the store keeps seals")
}

fn checkpoint(size: u64, root: u8) -> StoredCheckpoint {
    StoredCheckpoint { size, root: [root; 32], note: format!("note of {size}\n"), sealed_at: 7 }
}

fn tile(level: u8, index: u64, hash: u8) -> StoredTile {
    StoredTile { level, index, hashes: vec![hash; 8_192] }
}

/// Checkpoints and tiles are read as they were stored, in order, in pages.
///
/// # Panics
/// When the store does otherwise.
pub async fn seals_are_kept(store: Store) {
    let (seals, seen) = (seals(&store), Cursor::default());
    assert_eq!(seals.last_checkpoint().await.expect("is read"), None);
    let first = Seals { checkpoints: vec![checkpoint(1, 1), checkpoint(256, 2)], tiles: vec![tile(0, 0, 3)], seen };
    seals.store_seals(first).await.expect("is stored");
    let tiles = vec![tile(0, 1, 4), tile(0, 2, 5), tile(1, 0, 6)];
    seals.store_seals(Seals { checkpoints: vec![checkpoint(777, 3)], tiles, seen }).await.expect("is stored");
    assert_eq!(seals.last_checkpoint().await.expect("is read"), Some(checkpoint(777, 3)));
    assert_eq!(seals.checkpoints(0, 2).await.expect("is read"), [checkpoint(1, 1), checkpoint(256, 2)]);
    assert_eq!(seals.checkpoints(255, 1).await.expect("is read"), [checkpoint(256, 2)]);
    assert_eq!(seals.checkpoints(777, 9).await.expect("is read"), []);
    assert_eq!(seals.tiles(0, 1..3).await.expect("is read"), [tile(0, 1, 4), tile(0, 2, 5)]);
    assert_eq!(seals.tiles(1, 0..9).await.expect("is read"), [tile(1, 0, 6)]);
    assert_eq!(seals.tiles(0, 3..9).await.expect("is read"), []);
}

/// Whoever seals the same again is answered alike; whoever seals something else is told, and nothing of it is stored.
///
/// # Panics
/// When the store does otherwise.
pub async fn differing_seals_are_refused(store: Store) {
    let (seals, seen) = (seals(&store), Cursor::default());
    let first = Seals { checkpoints: vec![checkpoint(256, 2)], tiles: vec![tile(0, 0, 3)], seen };
    seals.store_seals(first.clone()).await.expect("is stored");
    let later = StoredCheckpoint { sealed_at: 8, note: "by another process\n".to_owned(), ..checkpoint(256, 2) };
    seals.store_seals(Seals { checkpoints: vec![later], tiles: first.tiles.clone(), seen }).await.expect("is the same");
    assert_eq!(seals.last_checkpoint().await.expect("is read"), Some(checkpoint(256, 2)), "the first one stays");
    let other_root =
        Seals { checkpoints: vec![checkpoint(300, 9), checkpoint(256, 7)], tiles: vec![tile(0, 1, 1)], seen };
    let other_tile = Seals { checkpoints: vec![checkpoint(300, 9)], tiles: vec![tile(0, 1, 1), tile(0, 0, 7)], seen };
    for other in [other_root, other_tile] {
        let refused = seals.store_seals(other).await;
        assert!(matches!(refused, Err(SealError::Differs(_))), "{refused:?}");
    }
    assert_eq!(seals.last_checkpoint().await.expect("is read"), Some(checkpoint(256, 2)));
    assert_eq!(seals.tiles(0, 0..9).await.expect("is read"), [tile(0, 0, 3)]);
}
