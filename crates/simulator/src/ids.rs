//! Ids and secrets that the seed decides. A process never gives an id that another one, or itself before a crash, has given.

use std::sync::atomic::{AtomicU64, Ordering};

use app::ids::Ids;
use uuid::Uuid;

use crate::dice::mixed;

pub(crate) struct SeededIds {
    seed: u64,
    process: u64,
    given: AtomicU64,
}

impl SeededIds {
    /// Makes the ids of a process; `process` is another number after every start.
    pub(crate) fn new(seed: u64, process: u64) -> Self {
        Self { seed, process, given: AtomicU64::new(0) }
    }

    fn next(&self) -> u64 {
        self.given.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Ids for SeededIds {
    fn uuid(&self) -> Uuid {
        // The version and the variant are those of RFC 9562, version 7; the rest counts up.
        let (high, low) = (self.next(), self.process);
        let high = (high & 0xffff_ffff_ffff) << 16 | 0x7000;
        Uuid::from_u64_pair(high, 1 << 63 | low)
    }

    fn secret(&self) -> [u8; 32] {
        let number = mixed(self.seed ^ mixed(self.process)) ^ self.next();
        let mut secret = [0; 32];
        for (index, part) in secret.chunks_exact_mut(8).enumerate() {
            part.copy_from_slice(&mixed(number.wrapping_add(index as u64)).to_le_bytes());
        }
        secret
    }
}
