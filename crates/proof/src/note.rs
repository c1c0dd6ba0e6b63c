//! Signed notes: a text and who signed it (C2SP signed-note, <https://c2sp.org/signed-note>), with Ed25519 (RFC 8032).
//!
//! A note is its text, which ends with a line break, an empty line, and a line for each signature:
//! `— name base64`, where the base64 is of the key's 4-byte id and the signature.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// How a key's bytes begin that is for Ed25519.
const ED25519_KIND: u8 = 1;
/// How long a key's id is, bytes.
const KEY_ID_BYTES: usize = 4;
/// What a signature's line begins with: an em dash.
const SIGNATURE_MARK: &str = "\u{2014} ";
/// The longest note that is read, bytes.
const NOTE_BYTES_MAX: usize = 64 * 1024;

/// Why a note is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note.
    #[error("it is no signed note: a text, an empty line and a signature's line are needed")]
    Malformed,
    /// No signature of it is by this key.
    #[error("it is not signed by this key")]
    OtherKey,
    /// What is said to be the signature is not.
    #[error("its signature is wrong")]
    WrongSignature,
}

/// A public key and whose it is. As text: `name+id+base64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is written name+id+base64, as comptoir verify --key prints it")]
pub struct NoKey;

impl VerifierKey {
    /// Returns whose key it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key itself (RFC 8032, section 5.1.5).
    pub fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Returns the 4 bytes that a signature names the key by.
    fn id(&self) -> [u8; KEY_ID_BYTES] {
        let named =
            Sha256::new().chain_update(&self.name).chain_update([b'\n', ED25519_KIND]).chain_update(self.public);
        let hash: [u8; 32] = named.finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Returns the text of a note that this key has signed.
    ///
    /// # Errors
    /// [`NoteError`] says what is wrong with it.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        let (text, signatures) = split(note)?;
        let begin = format!("{SIGNATURE_MARK}{} ", self.name);
        for line in signatures.lines() {
            let Some(encoded) = line.strip_prefix(&begin) else { continue };
            let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::Malformed)?;
            let Some((id, signature)) = bytes.split_at_checked(KEY_ID_BYTES) else { return Err(NoteError::Malformed) };
            if id == self.id() {
                let verified = UnparsedPublicKey::new(&ED25519, self.public).verify(text.as_bytes(), signature);
                return verified.map(|()| text).map_err(|_| NoteError::WrongSignature);
            }
        }
        Err(NoteError::OtherKey)
    }
}

/// Parts a note into its text and its signatures.
fn split(note: &str) -> Result<(&str, &str), NoteError> {
    let at = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    let are_signatures = signatures.ends_with('\n') && signatures.lines().all(|line| line.starts_with(SIGNATURE_MARK));
    if note.len() > NOTE_BYTES_MAX || !are_signatures { Err(NoteError::Malformed) } else { Ok((text, signatures)) }
}

/// Returns the text of a note without looking at who signed it.
///
/// # Errors
/// [`NoteError::Malformed`] when it is no note.
pub fn unverified_text(note: &str) -> Result<&str, NoteError> {
    split(note).map(|(text, _)| text)
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id: String = self.id().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = [&[ED25519_KIND], &self.public[..]].concat();
        write!(f, "{}+{id}+{}", self.name, STANDARD.encode(key))
    }
}

impl FromStr for VerifierKey {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(NoKey) };
        let key = STANDARD.decode(key).map_err(|_| NoKey)?;
        let public = key.strip_prefix(&[ED25519_KIND]).and_then(|public| public.try_into().ok()).ok_or(NoKey)?;
        let key = Self { name: name.to_owned(), public };
        // The id is computed from the rest: a text that does not come out the same was mistyped.
        if key.to_string() == text.trim() && is_name(name) { Ok(key) } else { Err(NoKey) }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || letter == '+')
}

/// Signs notes.
pub struct Signer {
    keys: Ed25519KeyPair,
    key: VerifierKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.key)
    }
}

impl Signer {
    /// Makes a signer from 32 secret bytes (RFC 8032, section 5.1.5); `name` is given the public key. `None` where the seed
    /// is of another length, or the name empty or with a space or a plus.
    pub fn from_seed(seed: &[u8], name: impl FnOnce(&[u8; 32]) -> String) -> Option<Self> {
        let keys = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public: [u8; 32] = keys.public_key().as_ref().try_into().ok()?;
        let key = VerifierKey { name: name(&public), public };
        is_name(&key.name).then_some(Self { keys, key })
    }

    /// Returns the key that the signatures are verified with.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Returns a text, which must end with a line break, as a signed note.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.keys.sign(text.as_bytes());
        let line = STANDARD.encode([&self.key.id(), signature.as_ref()].concat());
        format!("{text}\n{SIGNATURE_MARK}{} {line}\n", self.key.name)
    }
}
