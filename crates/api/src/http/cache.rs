//! A bounded cache that many threads read at once: sixteen shards, each forgets what was used longest ago.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

const SHARDS: usize = 16;

struct Entry<V> {
    value: Arc<V>,
    used_at: AtomicU64,
}

struct Shard<V> {
    entries: RwLock<HashMap<Box<str>, Entry<V>>>,
    /// Counts uses; only its order matters.
    uses: AtomicU64,
}

/// Maps texts to shared values.
pub(crate) struct Cache<V> {
    shards: [Shard<V>; SHARDS],
    hasher: RandomState,
    shard_entries_max: usize,
}

impl<V> Cache<V> {
    /// Makes a cache of at most `entries_max` entries, rounded down to sixteens, sixteen at least.
    pub(crate) fn new(entries_max: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Shard { entries: RwLock::default(), uses: AtomicU64::new(0) }),
            hasher: RandomState::new(),
            shard_entries_max: (entries_max / SHARDS).max(1),
        }
    }

    fn shard(&self, key: &str) -> &Shard<V> {
        // The remainder is below sixteen.
        &self.shards[(self.hasher.hash_one(key) % SHARDS as u64) as usize]
    }

    /// Returns the value of a key, and remembers that it was used.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<V>> {
        let shard = self.shard(key);
        let entries = shard.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key)?;
        entry.used_at.store(shard.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        Some(entry.value.clone())
    }

    /// Keeps a value; where the shard is full the one used longest ago goes.
    pub(crate) fn insert(&self, key: &str, value: Arc<V>) {
        let shard = self.shard(key);
        let used_at = AtomicU64::new(shard.uses.fetch_add(1, Ordering::Relaxed));
        let mut entries = shard.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.shard_entries_max && !entries.contains_key(key) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.used_at.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                entries.remove(&oldest);
            }
        }
        entries.insert(key.into(), Entry { value, used_at });
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.entries.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}
