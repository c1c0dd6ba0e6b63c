//! A folder that goes away with its owner.

use std::path::{Path, PathBuf};

/// A folder of one test.
pub struct TempFolder(PathBuf);

impl TempFolder {
    /// Makes an empty folder of a name nobody else has.
    ///
    /// # Panics
    /// When the machine's folder for temporary files cannot be written.
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("comptoir-test-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&path).expect("temporary files can be written");
        Self(path)
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for TempFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // What cannot be removed is left to the machine's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
