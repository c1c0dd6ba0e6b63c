//! Generates the server's side of the protocol from the files that the client's crate ships, so that both speak the same.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

const CLIENT: &str = "kurrentdb";
const PROTOCOLS: [&str; 4] = ["shared.proto", "streams.proto", "serverfeatures.proto", "gossip.proto"];
/// Details of errors that only batches carry: no types are made for them.
const UNUSED: [&str; 8] = [
    "AccessDenied",
    "BadRequest",
    "InvalidTransaction",
    "MaximumAppendSizeExceeded",
    "StreamDeleted",
    "Timeout",
    "Unknown",
    "WrongExpectedVersion",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    let protocols = client_folder()?.join("protos");
    let mut config = tonic_build::Config::new();
    config.protoc_executable(protoc_bin_vendored::protoc_bin_path()?);
    let files: Vec<PathBuf> = PROTOCOLS.iter().map(|file| protocols.join(file)).collect();
    UNUSED.iter().for_each(|message| _ = config.extern_path(format!(".event_store.client.{message}"), "()"));
    // The protocol's names and sizes are not ours to choose.
    config.enum_attribute(".", "#[allow(clippy::enum_variant_names, clippy::large_enum_variant)]");
    tonic_build::configure()
        .build_client(false)
        .build_server(true)
        .include_file("protocol.rs")
        .compile_protos_with_config(config, &files, &[protocols, protoc_bin_vendored::include_path()?])?;
    Ok(())
}

/// Asks cargo where the client's sources are: a registry's folder, or one that was vendored.
fn client_folder() -> Result<PathBuf, Box<dyn Error>> {
    let cargo = env::var_os("CARGO").ok_or("cargo does not say where it is")?;
    // What only other platforms need is not on this machine, and is not asked for.
    let target = env::var("TARGET")?;
    let arguments = ["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", &target];
    let output = Command::new(cargo).args(arguments).current_dir(env::var("CARGO_MANIFEST_DIR")?).output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"].as_array().ok_or("cargo metadata names no packages")?;
    let client = packages.iter().find(|package| package["name"] == CLIENT).ok_or("the client is no dependency")?;
    let manifest = client["manifest_path"].as_str().ok_or("the client has no manifest")?;
    Ok(Path::new(manifest).parent().ok_or("the client's manifest lies in no folder")?.to_owned())
}
