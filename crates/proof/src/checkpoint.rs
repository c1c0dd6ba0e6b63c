//! Checkpoints: whose log, how many events, which root (C2SP tlog-checkpoint, <https://c2sp.org/tlog-checkpoint>).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::Hash;
use crate::note::{NoteError, Signer, VerifierKey, unverified_text};

/// What a log says it was at a size. Its text is what is signed: three lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Names the log for ever.
    pub origin: String,
    /// How many events it had.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a text is no checkpoint of this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is no checkpoint.
    #[error("it is no checkpoint: three lines are needed, the log's name, its size and its root")]
    Malformed,
    /// It is of another log.
    #[error("it is a checkpoint of another log")]
    OtherLog,
    /// The note around it is not in order.
    #[error(transparent)]
    Note(#[from] NoteError),
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    /// Further lines are allowed and not looked at, as the format wants it.
    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed);
        };
        let is_plain = size == "0" || !size.starts_with(['0', '+']);
        let size = size.parse().map_err(|_| CheckpointError::Malformed)?;
        let root = root.parse().map_err(|_| CheckpointError::Malformed)?;
        if origin.is_empty() || !is_plain {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

impl Checkpoint {
    /// Returns the checkpoint as a note that the log's own key has signed.
    pub fn signed(size: u64, root: Hash, signer: &Signer) -> String {
        signer.sign(&Self { origin: signer.key().name().to_owned(), size, root }.to_string())
    }

    /// Reads a signed checkpoint of the log whose key this is.
    ///
    /// # Errors
    /// [`CheckpointError`] says what is wrong with it.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let checkpoint: Self = key.open(note)?.parse()?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(CheckpointError::OtherLog) }
    }

    /// Reads a checkpoint without looking at who signed it.
    ///
    /// # Errors
    /// [`CheckpointError`] says what is wrong with it.
    pub fn unverified(note: &str) -> Result<Self, CheckpointError> {
        unverified_text(note)?.parse()
    }
}

/// Makes the signer of a log from its secret. The log is named after its public key, so that no two logs have one name.
pub fn log_signer(seed: &[u8]) -> Option<Signer> {
    Signer::from_seed(seed, |public| {
        let digest = Sha256::digest(public);
        let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("comptoir.log/{name}")
    })
}

/// Joins signed checkpoints into one text: an empty line behind each.
pub fn join(notes: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    notes.into_iter().map(|note| format!("{}\n", note.as_ref())).collect()
}

/// Parts a text of several checkpoints, as [`join`] and witnesses write them. What is no whole note at the end, such as a
/// line that was being written, is returned with the others: reading it tells what is wrong.
pub fn part(text: &str) -> Vec<String> {
    let (mut notes, mut note, mut signatures) = (Vec::new(), String::new(), 0);
    for line in text.split_inclusive('\n') {
        let is_signature = line.starts_with('\u{2014}');
        if signatures > 0 && !is_signature {
            notes.push(std::mem::take(&mut note));
            signatures = 0;
        }
        signatures += usize::from(is_signature);
        if !(note.is_empty() && line.trim().is_empty()) {
            note.push_str(line);
        }
    }
    if !note.is_empty() {
        notes.push(note);
    }
    notes
}
