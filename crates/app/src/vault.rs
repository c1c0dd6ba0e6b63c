//! Personal data: sealed with ChaCha20-Poly1305 (RFC 8439) under one random key per data subject, kept as a secret of the
//! store. Destroying the key makes every copy unreadable, in the log, in read models and in backups made without it.
//!
//! Legal documents have to be kept, with the buyer's name and address, after the person was forgotten: those are sealed
//! under one key per year, which goes when the law no longer asks for the documents of that year
//! ([`Vault::forget_archive`]).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use domain::values::{Archived, BlindIndex, CustomerId, Sealed};
use event_store::{EventStore, StoreError, Tenure};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::ids::Ids;

/// The most keys kept at hand.
const CACHED_KEYS_MAX: usize = 10_000;
const NONCE_LENGTH: usize = 12;
/// The secret that tells people from one another without saying who they are.
const BLIND_SECRET_NAME: &str = "blind_index";

/// Why personal data cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The person was forgotten: their key is destroyed and nothing can be sealed under it again.
    #[error("this customer was forgotten")]
    Forgotten,
    /// The ciphertext is not one of ours.
    #[error("the sealed data is damaged")]
    Damaged,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Seals and opens personal data.
pub struct Vault {
    store: Arc<dyn EventStore>,
    ids: Arc<dyn Ids>,
    cached: Mutex<Cached>,
}

/// Keys at hand. Another process may destroy one, and would do so in vain if it were still at hand here: they count in the
/// tenure of the log in which they were read, and no longer.
#[derive(Default)]
struct Cached {
    keys: HashMap<String, [u8; 32]>,
    tenure: Option<Tenure>,
    /// How many keys this process has destroyed: one that was read before may be among them.
    forgotten: u64,
}

/// When a key was read.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Moment {
    tenure: Option<Tenure>,
    forgotten: u64,
}

fn secret_name(subject: &CustomerId) -> String {
    format!("subject/{subject}")
}

fn archive_name(year: u16) -> String {
    format!("archive/{year}")
}

/// Ties a ciphertext to whom it is about and to the document's year: moved elsewhere it does not open.
fn archive_bond(year: u16, subject: &CustomerId) -> String {
    format!("{year}/{subject}")
}

impl Vault {
    /// Opens the vault over the store that keeps the keys.
    pub fn new(store: Arc<dyn EventStore>, ids: Arc<dyn Ids>) -> Self {
        Self { store, ids, cached: Mutex::default() }
    }

    /// Seals a text about a person; makes the person's key the first time.
    ///
    /// # Errors
    /// [`VaultError::Forgotten`] after the key was destroyed; [`VaultError::Store`] when the store fails.
    pub async fn seal(&self, subject: &CustomerId, text: &str) -> Result<Sealed, VaultError> {
        let ciphertext = self.seal_under(&secret_name(subject), subject.as_str(), text).await?;
        Ok(Sealed::new(subject.clone(), ciphertext))
    }

    /// Opens what was sealed; `None` once the person was forgotten.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] when the ciphertext is not ours; [`VaultError::Store`] when the store fails.
    pub async fn open(&self, sealed: &Sealed) -> Result<Option<String>, VaultError> {
        self.open_under(&secret_name(sealed.subject()), sealed.subject().as_str(), sealed.ciphertext()).await
    }

    /// Seals a text about a person for a legal document of a year; makes the year's key the first time.
    ///
    /// # Errors
    /// [`VaultError::Forgotten`] after the year's key was destroyed; [`VaultError::Store`] when the store fails.
    pub async fn archive(&self, year: u16, subject: &CustomerId, text: &str) -> Result<Archived, VaultError> {
        let ciphertext = self.seal_under(&archive_name(year), &archive_bond(year, subject), text).await?;
        Ok(Archived::new(year, subject.clone(), ciphertext))
    }

    /// Opens what was sealed for a legal document; `None` once the documents of its year need not be kept any more.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] when the ciphertext is not ours; [`VaultError::Store`] when the store fails.
    pub async fn open_archived(&self, archived: &Archived) -> Result<Option<String>, VaultError> {
        let bond = archive_bond(archived.year(), archived.subject());
        self.open_under(&archive_name(archived.year()), &bond, archived.ciphertext()).await
    }

    /// Destroys a person's key. Returns whether there was one. What legal documents say of the person stays.
    ///
    /// # Errors
    /// [`VaultError::Store`] when the store fails: then the key may still be there.
    pub async fn forget(&self, subject: &CustomerId) -> Result<bool, VaultError> {
        self.destroy(&secret_name(subject)).await
    }

    /// Destroys the key of a year's legal documents. Returns whether there was one.
    ///
    /// # Errors
    /// [`VaultError::Store`] when the store fails: then the key may still be there.
    pub async fn forget_archive(&self, year: u16) -> Result<bool, VaultError> {
        self.destroy(&archive_name(year)).await
    }

    async fn seal_under(&self, name: &str, bond: &str, text: &str) -> Result<String, VaultError> {
        let key = self.key_or_new(name).await?;
        // Truncating a fresh 256-bit secret to 96 bits gives a random nonce (RFC 8439, section 2.8 asks that it be unique).
        let nonce = &self.ids.secret()[..NONCE_LENGTH];
        let payload = Payload { msg: text.as_bytes(), aad: bond.as_bytes() };
        let ciphertext = ChaCha20Poly1305::new(Key::from_slice(&key))
            .encrypt(Nonce::from_slice(nonce), payload)
            .map_err(|_| VaultError::Damaged)?;
        Ok(STANDARD_NO_PAD.encode([nonce, &ciphertext].concat()))
    }

    async fn open_under(&self, name: &str, bond: &str, ciphertext: &str) -> Result<Option<String>, VaultError> {
        let Some(key) = self.key(name).await? else {
            return Ok(None);
        };
        let bytes = STANDARD_NO_PAD.decode(ciphertext).map_err(|_| VaultError::Damaged)?;
        if bytes.len() < NONCE_LENGTH {
            return Err(VaultError::Damaged);
        }
        let (nonce, ciphertext) = bytes.split_at(NONCE_LENGTH);
        let payload = Payload { msg: ciphertext, aad: bond.as_bytes() };
        let text = ChaCha20Poly1305::new(Key::from_slice(&key))
            .decrypt(Nonce::from_slice(nonce), payload)
            .map_err(|_| VaultError::Damaged)?;
        String::from_utf8(text).map(Some).map_err(|_| VaultError::Damaged)
    }

    /// Hashes a text for one purpose, so that two of the same can be told from two others and nobody reads what they are:
    /// the first 128 bits of HMAC-SHA256 (RFC 2104) under a secret of the shop. Another purpose gives another hash.
    ///
    /// # Errors
    /// [`VaultError::Store`] when the store fails or the secret was destroyed.
    pub async fn blind_index(&self, purpose: &str, text: &str) -> Result<BlindIndex, VaultError> {
        let destroyed = || StoreError::Corrupt("the secret of blind indexes was destroyed".to_owned());
        let secret = self.key_or_new(BLIND_SECRET_NAME).await.map_err(|error| match error {
            VaultError::Forgotten => destroyed().into(),
            other => other,
        })?;
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&secret).map_err(|_| VaultError::Damaged)?;
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        let digits: String = mac.finalize().into_bytes()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        digits.parse().map_err(|_| VaultError::Damaged)
    }

    async fn destroy(&self, name: &str) -> Result<bool, VaultError> {
        // Making the key first leaves a tombstone also where nothing was sealed yet.
        self.store.secret_or_insert(name, &self.ids.secret()).await?;
        let destroyed = self.store.secret_destroy(name).await?;
        let mut cached = self.cached();
        cached.forgotten += 1;
        cached.keys.remove(name);
        Ok(destroyed)
    }

    async fn key(&self, name: &str) -> Result<Option<[u8; 32]>, VaultError> {
        let (at_hand, now) = self.at_hand(name);
        if at_hand.is_some() {
            return Ok(at_hand);
        }
        let Some(bytes) = self.store.secret(name).await? else {
            return Ok(None);
        };
        self.remember(name, &bytes, now).map(Some)
    }

    async fn key_or_new(&self, name: &str) -> Result<[u8; 32], VaultError> {
        let (at_hand, now) = self.at_hand(name);
        if let Some(key) = at_hand {
            return Ok(key);
        }
        let bytes = self.store.secret_or_insert(name, &self.ids.secret()).await?;
        self.remember(name, &bytes.ok_or(VaultError::Forgotten)?, now)
    }

    /// Returns the key at hand, and the moment of the look for it.
    fn at_hand(&self, name: &str) -> (Option<[u8; 32]>, Moment) {
        let mut cached = self.cached();
        let tenure = self.store.tenure();
        if tenure.is_none() || tenure != cached.tenure {
            cached.keys.clear();
            cached.tenure = tenure;
        }
        (cached.keys.get(name).copied(), Moment { tenure, forgotten: cached.forgotten })
    }

    /// Keeps a key at hand that was read after a moment, unless it may have been destroyed since.
    fn remember(&self, name: &str, bytes: &[u8], read: Moment) -> Result<[u8; 32], VaultError> {
        let key = <[u8; 32]>::try_from(bytes).map_err(|_| VaultError::Damaged)?;
        let mut cached = self.cached();
        if read.tenure.is_some() && read == (Moment { tenure: cached.tenure, forgotten: cached.forgotten }) {
            if cached.keys.len() >= CACHED_KEYS_MAX {
                cached.keys.clear();
            }
            cached.keys.insert(name.to_owned(), key);
        }
        Ok(key)
    }

    fn cached(&self) -> std::sync::MutexGuard<'_, Cached> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use event_store::memory::MemoryStore;

    use super::*;
    use crate::fixture::Unreliable;
    use crate::ids::SystemIds;

    fn vault() -> Vault {
        Vault::new(Arc::new(MemoryStore::default()), Arc::new(SystemIds))
    }

    fn subject(number: u128) -> CustomerId {
        CustomerId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn what_is_sealed_opens_again_and_shows_nothing() {
        let vault = vault();
        let sealed = vault.seal(&subject(1), "ada@example.org").await.expect("seals");
        assert!(!sealed.ciphertext().contains("ada"));
        assert_eq!(vault.open(&sealed).await.expect("opens").as_deref(), Some("ada@example.org"));
        let again = vault.seal(&subject(1), "ada@example.org").await.expect("seals");
        assert_ne!(sealed, again, "two seals of one text must not be linkable");
    }

    #[tokio::test]
    async fn a_blind_index_tells_people_apart_within_one_purpose_and_shows_nothing() {
        let vault = vault();
        let index = vault.blind_index("one", "ada@example.org").await.expect("hashes");
        assert_eq!(vault.blind_index("one", "ada@example.org").await.expect("hashes"), index);
        for (purpose, text) in [("one", "bob@example.org"), ("two", "ada@example.org"), ("on", "eada@example.org")] {
            assert_ne!(vault.blind_index(purpose, text).await.expect("hashes"), index, "{purpose} {text}");
        }
        let elsewhere = Vault::new(Arc::new(MemoryStore::default()), Arc::new(SystemIds));
        assert_ne!(elsewhere.blind_index("one", "ada@example.org").await.expect("hashes"), index);
    }

    #[tokio::test]
    async fn a_ciphertext_moved_to_someone_else_does_not_open() {
        let vault = vault();
        let sealed = vault.seal(&subject(1), "ada").await.expect("seals");
        vault.seal(&subject(2), "bob").await.expect("seals");
        let moved = Sealed::new(subject(2), sealed.ciphertext().to_owned());
        assert!(matches!(vault.open(&moved).await, Err(VaultError::Damaged)));
    }

    #[tokio::test]
    async fn a_forgotten_person_stays_forgotten() {
        let vault = vault();
        let sealed = vault.seal(&subject(1), "ada").await.expect("seals");
        assert!(vault.forget(&subject(1)).await.expect("forgets"));
        assert_eq!(vault.open(&sealed).await.expect("answers"), None);
        assert!(matches!(vault.seal(&subject(1), "ada").await, Err(VaultError::Forgotten)));
        assert!(!vault.forget(&subject(1)).await.expect("answers"), "twice is once");
    }

    #[tokio::test]
    async fn what_a_document_says_outlives_the_person_and_goes_with_its_year() {
        let vault = vault();
        let archived = vault.archive(2026, &subject(1), "ada").await.expect("seals");
        assert!(vault.seal(&subject(1), "ada").await.is_ok() && vault.forget(&subject(1)).await.expect("forgets"));
        assert_eq!(vault.open_archived(&archived).await.expect("opens").as_deref(), Some("ada"));
        for moved in [
            Archived::new(2026, subject(2), archived.ciphertext().to_owned()),
            Archived::new(2027, subject(1), archived.ciphertext().to_owned()),
        ] {
            vault.archive(2027, &subject(1), "ada").await.expect("seals");
            assert!(matches!(vault.open_archived(&moved).await, Err(VaultError::Damaged)));
        }
        assert!(vault.forget_archive(2026).await.expect("forgets"));
        assert_eq!(vault.open_archived(&archived).await.expect("answers"), None);
    }

    #[tokio::test]
    async fn a_key_at_hand_counts_in_one_tenure_only() {
        let store = Arc::new(Unreliable::default());
        let vault = Vault::new(store.clone(), Arc::new(SystemIds));
        store.set_tenure(Some(1));
        let sealed = vault.seal(&subject(1), "ada").await.expect("seals");
        // Only who gives the log up lets another process destroy a key; this log does not care.
        Vault::new(store.clone(), Arc::new(SystemIds)).forget(&subject(1)).await.expect("forgets");
        assert_eq!(vault.open(&sealed).await.expect("opens").as_deref(), Some("ada"), "the key is at hand");
        store.set_tenure(Some(2));
        assert_eq!(vault.open(&sealed).await.expect("answers"), None);
    }
}
