//! The file beside the log that one process holds for as long as it may write.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::{StoreError, checks};

/// The lock of a log. It is given back when this is dropped or the process dies.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    pub(super) fn take(log: &Path) -> Result<Self, StoreError> {
        let mut name = log.as_os_str().to_owned();
        name.push(".lock");
        let name = PathBuf::from(name);
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&name).map_err(checks::unavailable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => {
                let reason =
                    format!("another process or store writes to {} and holds {}", log.display(), name.display());
                Err(StoreError::InUse(reason))
            }
            Err(TryLockError::Error(error)) => Err(checks::unavailable(error)),
        }
    }
}

impl Drop for Lock {
    /// Closing the file is not enough: a child that was forked and has not come to its program yet has it open too.
    fn drop(&mut self) {
        if let Err(error) = self.0.unlock() {
            tracing::warn!(%error, "the lock of the event log is given back only when this process ends");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_given_back_although_a_child_has_inherited_the_file() {
        let log = std::env::temp_dir().join(format!("event_store_{}", uuid::Uuid::new_v4()));
        let first = Lock::take(&log).expect("nobody holds it");
        let inherited = first.0.try_clone().expect("files can be open twice");
        assert!(matches!(Lock::take(&log), Err(StoreError::InUse(_))));
        drop(first);
        Lock::take(&log).expect("it was given back");
        drop(inherited);
        std::fs::remove_file(log.with_extension("lock")).expect("it is there");
    }
}
