//! Compiles what is put under a server with `LD_PRELOAD`. Linux with the GNU C library; the C compiler is the one that
//! SQLite was built with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles a source into a folder, and returns where the layer is.
pub fn compile(folder: &Path, name: &str, source: &str) -> PathBuf {
    let (source_path, layer) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    fs::write(&source_path, source).expect("temporary files can be written");
    let mut compiler = Command::new("cc");
    compiler.args(["-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o"]).arg(&layer).arg(source_path).arg("-ldl");
    assert!(compiler.status().expect("cc runs").success(), "the layer is compiled");
    layer
}
