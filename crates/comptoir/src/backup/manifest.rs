//! What a backup says of itself, in `backup.json`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BackupError, write_durably};

/// The shape of this file; another one is of a newer program.
pub(super) const FORMAT: u32 = 1;
/// Its name.
const NAME: &str = "backup.json";
const BUFFER_BYTES: usize = 1 << 20;

/// What a backup holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// Where the log was: sqlite or postgres.
    pub(super) engine: String,
    /// How many events it has; on PostgreSQL at least so many.
    pub(super) events: u64,
    /// The log's public key.
    pub(super) key: Option<String>,
    /// The newest signed checkpoint that the backup holds.
    pub(super) checkpoint: Option<String>,
    pub(super) files: Vec<KeptFile>,
}

/// A file of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// Of its bytes, hexadecimal.
    pub(super) sha256: String,
}

impl KeptFile {
    /// Notes what a file of the folder holds.
    pub(super) fn of(folder: &Path, name: &str) -> Result<Self, BackupError> {
        let path = folder.join(name);
        let (bytes, sha256) = hash(&path).map_err(|error| BackupError::file(&path, error))?;
        Ok(Self { name: name.to_owned(), bytes, sha256 })
    }

    /// Says that a file holds what it did.
    pub(super) fn check(&self, path: &Path) -> Result<(), BackupError> {
        let (bytes, sha256) = hash(path).map_err(|error| BackupError::file(path, error))?;
        let is_same = (bytes, &sha256) == (self.bytes, &self.sha256);
        if is_same { Ok(()) } else { Err(BackupError::Damaged(path.to_owned())) }
    }
}

fn hash(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; BUFFER_BYTES]);
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, format!("{:x}", hasher.finalize())));
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}

impl Manifest {
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(NAME);
        let text = serde_json::to_vec_pretty(self).map_err(|error| BackupError::file(&path, error.into()))?;
        write_durably(&path, &text)
    }

    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(NAME);
        let incomplete = |why: String| BackupError::Incomplete(folder.to_owned(), why);
        let text = std::fs::read(&path).map_err(|error| incomplete(format!("{NAME}: {error}")))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| incomplete(format!("{NAME}: {error}")))?;
        if manifest.format != FORMAT {
            return Err(incomplete(format!("its format is {}, this program knows {FORMAT}", manifest.format)));
        }
        Ok(manifest)
    }
}
