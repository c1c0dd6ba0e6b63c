//! A temporary folder that is removed when it is dropped.

use std::path::{Path, PathBuf};

pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("event_store_{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&path).expect("the folder is created");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("removing {} failed: {error}", self.0.display());
        }
    }
}
