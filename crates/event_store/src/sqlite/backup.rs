//! A copy of the log while it is written to.

use std::fs::File;
use std::path::Path;

use super::SqliteStore;
use super::soundness::failed;
use crate::{StoreError, checks};

impl SqliteStore {
    /// Writes the log as it is at this moment, with its secrets, seals and marks, into a new file, and answers after the
    /// disk has it. Nobody waits for it: it reads one snapshot, by a connection that cannot write. What was destroyed is
    /// not in the copy. The writer cannot shorten its write-ahead log meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when there is such a file already, no room, or a file cannot be read or written;
    /// [`StoreError::Corrupt`] for a damaged log. What was written so far stays.
    pub async fn copy_into(&self, target: &Path) -> Result<(), StoreError> {
        let target = target.to_owned();
        self.readers
            .with(move |connection| {
                let path = target.to_str().ok_or_else(|| checks::unavailable("the path is no UTF-8"))?;
                connection.execute("VACUUM INTO ?1", [path]).map_err(failed)?;
                File::open(&target).and_then(|file| file.sync_all()).map_err(checks::unavailable)
            })
            .await
    }
}
