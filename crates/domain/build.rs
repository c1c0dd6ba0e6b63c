//! Names the code of this crate, so that what older code made of the events is not taken for what this one would.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=src");
    let mut files = Vec::new();
    collect(Path::new("src"), &mut files);
    files.sort();
    let mut hash = FNV_BASIS;
    for file in files {
        let text = fs::read(&file).expect("a source file can be read");
        hash = hashed(hash, file.to_string_lossy().as_bytes());
        hash = hashed(hash, &text);
    }
    println!("cargo::rustc-env=DOMAIN_FINGERPRINT={hash:016x}");
}

/// FNV-1a with 64 bits (<https://datatracker.ietf.org/doc/html/rfc9923>): it tells a change, it proves nothing.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

fn hashed(mut hash: u64, bytes: &[u8]) -> u64 {
    for byte in bytes {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME);
    }
    hash
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
