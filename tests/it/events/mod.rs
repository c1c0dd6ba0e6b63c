//! What was stored once can be read for ever: golden pairs of every event, and the whole log of every release.

mod golden;
mod metadata;
mod releases;
mod snapshots;

use std::path::{Path, PathBuf};

/// Returns a folder of the project.
pub fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
