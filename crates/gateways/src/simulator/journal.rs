//! What the simulator must not forget: a file of JSON lines, one per change, written before the change is made. A line
//! reaches the operating system before it is answered for; it survives the process, not a power cut.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::intent::Intent;
use super::outbox::Notice;

/// Why there is no journal to write to.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file cannot be opened, read or written.
    #[error("the payment simulator's journal cannot be used")]
    Io(#[from] io::Error),
    /// Another simulator writes it.
    #[error("the payment simulator's journal is in use by another process")]
    InUse,
    /// A line other than the last is not a change.
    #[error("line {line} of the payment simulator's journal is not a change")]
    Corrupt {
        /// Which line, from 1.
        line: usize,
    },
}

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(super) enum Line {
    /// A request, or a buyer at the bank's page, had an effect.
    Changed(Box<Change>),
    /// The shop accepted a webhook.
    Accepted { notice: String },
    /// What was held back was let go.
    Released,
}

/// All that one request changes.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) intent: Intent,
    pub(super) kept: Option<KeptAnswer>,
    pub(super) notices: Vec<Notice>,
    /// The last number given to an object.
    pub(super) last_number: u64,
}

/// The answer that a key has for ever.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptAnswer {
    pub(super) key: String,
    /// SHA-256 of the path and the parameters, as hexadecimal digits.
    pub(super) fingerprint: String,
    pub(super) status: u16,
    pub(super) body: String,
}

/// An open journal. The file is locked until it is dropped.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    length: u64,
}

impl Journal {
    /// Opens or makes a journal and tells every line of it. A last line that was cut off is removed: what it stood for
    /// was never answered for.
    pub(super) fn open(path: &Path, mut tell: impl FnMut(Line)) -> Result<Self, JournalError> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::InUse),
            Err(TryLockError::Error(error)) => return Err(JournalError::Io(error)),
        }
        let mut reader = BufReader::new(&file);
        let mut length = 0;
        let mut text = Vec::new();
        for line in 1_usize.. {
            text.clear();
            let read = reader.read_until(b'\n', &mut text)?;
            if read == 0 || !text.ends_with(b"\n") {
                break;
            }
            tell(serde_json::from_slice(&text).map_err(|_| JournalError::Corrupt { line })?);
            length += read as u64;
        }
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length))?;
        Ok(Self { file, length })
    }

    /// Writes one line. When that fails, nothing of it stays.
    pub(super) fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        if let Err(error) = self.file.write_all(&text) {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.length += text.len() as u64;
        Ok(())
    }
}

impl Drop for Journal {
    /// Closing the file is not enough: a child that was forked and has not come to its program yet has it open too.
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the lock of the journal is given back only when this process ends");
        }
    }
}
