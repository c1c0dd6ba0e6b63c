//! The layer between a shop and its disk, `disk.c`: put under a server, told to fail.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use testkit::TempFolder;

use super::layer;
use crate::kill::program::Environment;

const SOURCE: &str = include_str!("disk.c");

/// What is to fail, by its place in `struct control`.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// No file may grow (1), or nothing may be written (2), until it is 0 again.
    Full = 0,
    /// So many of the next syncs fail with EIO.
    BadSyncs = 1,
    /// So many of the next writes fail with EIO.
    BadWrites = 2,
    /// Only syncs of the read models fail (1), or those of every file (0).
    ReadModelsOnly = 4,
}

/// Where the layer counts what it let fail.
const FAILURES: u64 = 3;

/// A layer of its own for one server.
pub struct Disk {
    folder: TempFolder,
    control: File,
}

impl Disk {
    /// Compiles the layer.
    pub fn new() -> Self {
        let folder = TempFolder::new();
        layer::compile(folder.path(), "disk", SOURCE);
        let path = folder.path().join("control");
        fs::write(&path, [0; 20]).expect("temporary files can be written");
        let control = OpenOptions::new().read(true).write(true).open(path).expect("it was just written");
        Self { folder, control }
    }

    /// Returns the variables that put the layer under a server with its data in a folder.
    pub fn environment(&self, folder: &Path) -> Environment {
        let own = |name: &str| self.folder.path().join(name).into_os_string();
        vec![
            ("LD_PRELOAD", own("disk.so")),
            ("FAULTS_FOLDER", folder.join("data").into_os_string()),
            ("FAULTS_CONTROL", own("control")),
            ("FAULTS_JOURNAL", own("journal")),
        ]
    }

    /// Returns the variables of a layer that writes nothing down.
    pub fn environment_without_journal(&self, folder: &Path) -> Environment {
        let mut environment = self.environment(folder);
        environment.retain(|(name, _)| *name != "FAULTS_JOURNAL");
        environment
    }

    /// Where everything is written down.
    pub fn journal(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// Lets something fail from now on.
    pub fn set(&self, fault: Fault, value: u32) {
        self.control.write_all_at(&value.to_ne_bytes(), fault as u64 * 4).expect("the control is written");
    }

    /// Returns how many calls the layer has let fail.
    pub fn failures(&self) -> u32 {
        let mut bytes = [0; 4];
        self.control.read_exact_at(&mut bytes, FAILURES * 4).expect("the control is read");
        u32::from_ne_bytes(bytes)
    }
}
