//! The layer between a server and the wall clock, `clock.c`: a server is told any time, and may be told another one at any
//! moment.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;

use testkit::TempFolder;

use super::layer;
use crate::kill::program::Environment;

const SOURCE: &str = include_str!("clock.c");
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A wall clock for some servers.
pub struct WallClock {
    folder: TempFolder,
    shift: File,
}

impl WallClock {
    /// Compiles the layer. The clock is right.
    pub fn new() -> Self {
        let folder = TempFolder::new();
        layer::compile(folder.path(), "clock", SOURCE);
        let path = folder.path().join("shift");
        fs::write(&path, [0; 8]).expect("temporary files can be written");
        let shift = OpenOptions::new().write(true).open(path).expect("it was just written");
        Self { folder, shift }
    }

    /// Returns the variables that put the layer under a server.
    pub fn environment(&self) -> Environment {
        let own = |name: &str| self.folder.path().join(name).into_os_string();
        vec![("LD_PRELOAD", own("clock.so")), ("CLOCK_FILE", own("shift"))]
    }

    /// Sets the clock so many seconds away from the machine's.
    pub fn set(&self, seconds: i64) {
        self.shift.write_all_at(&(seconds * MICROS_PER_SECOND).to_ne_bytes(), 0).expect("the clock is set");
    }
}
