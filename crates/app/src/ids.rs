//! Ids and randomness: the only place where either comes from.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;

/// Makes ids that are unique, and secrets.
pub trait Ids: Send + Sync {
    /// Returns a new id, roughly ascending in time (UUID version 7, RFC 9562).
    fn uuid(&self) -> Uuid;

    /// Returns 32 bytes that nobody can guess.
    fn secret(&self) -> [u8; 32];
}

/// Ids of the real world.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    fn secret(&self) -> [u8; 32] {
        use chacha20poly1305::aead::OsRng;
        use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
        ChaCha20Poly1305::generate_key(&mut OsRng).into()
    }
}

/// Ids that count up: the same run has the same ids. Its secrets are no secrets; for tests and simulations only.
#[derive(Debug, Default)]
pub struct CountingIds {
    next: AtomicU64,
}

impl Ids for CountingIds {
    fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.next.fetch_add(1, Ordering::Relaxed) + 1) << 64 | 1 << 63)
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [7; 32];
        secret[..8].copy_from_slice(&self.next.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        secret
    }
}
