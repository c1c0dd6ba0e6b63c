//! PostgreSQL's own `pg_dump` and `pg_restore`: they read one snapshot while the shop sells, know every type and
//! constraint, keep `json` as the text it was stored as, and are what whoever keeps a PostgreSQL knows. The programs must be
//! no older than the server.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::Context;
use reqwest::Url;

use super::manifest::Manifest;
use super::{BackupError, DUMP, manifest_of};
use crate::config::Config;
use crate::open::read_only_log;
use crate::progress::Console;

/// The schema of the read models, which the log builds again.
const READ_MODELS: &str = "read";

/// Dumps the database. What it notes of the log is from just before, so the dump holds at least that.
pub(super) async fn dump(config: &Config, folder: &Path, console: &Console) -> anyhow::Result<Manifest> {
    let manifest = manifest_of(&*read_only_log(config).await?, "postgres").await?;
    console.say(&format!("pg_dump reads {} events or more", manifest.events));
    let mut command = program("pg_dump", config)?;
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--exclude-schema", READ_MODELS]);
    command.arg("--file").arg(folder.join(DUMP));
    run(command, "pg_dump").await?;
    std::fs::File::open(folder.join(DUMP))?.sync_all().context("the dump is not on the disk")?;
    Ok(manifest)
}

/// Puts a dump into an empty database, all of it or nothing.
pub(super) async fn put_back(config: &Config, dump: &Path) -> anyhow::Result<()> {
    let mut command = program("pg_restore", config)?;
    command.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]);
    command.arg(dump);
    run(command, "pg_restore").await
}

/// Names the database without its password, which others could read in the list of processes.
fn program(name: &str, config: &Config) -> anyhow::Result<Command> {
    let url = config.database_url.as_deref().context("no database is named: set DATABASE_URL")?;
    let mut url = Url::parse(url).context("DATABASE_URL is no URL")?;
    let mut command = Command::new(found(name));
    if let Some(password) = url.password() {
        command.env("PGPASSWORD", unescaped(password));
    }
    // Only a URL that cannot have a password refuses to lose it.
    let _cannot_have_one = url.set_password(None);
    command.arg("--dbname").arg(url.as_str()).stdin(Stdio::null());
    Ok(command)
}

/// Finds a program of PostgreSQL: on the path, or the newest where Debian puts them.
fn found(name: &str) -> std::path::PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&on_path).any(|folder| folder.join(name).is_file()) {
        return name.into();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &std::path::PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(version);
    newest.map(|folder| folder.join("bin").join(name)).filter(|path| path.is_file()).unwrap_or_else(|| name.into())
}

/// Undoes the escapes of a URL (<https://www.rfc-editor.org/rfc/rfc3986#section-2.1>).
fn unescaped(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let escape = behind.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn run(mut command: Command, name: &str) -> anyhow::Result<()> {
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.context("the program was not waited for")?;
    let unstarted = |error| BackupError::Tool(format!("{name} cannot be run ({error}): install PostgreSQL's client"));
    let Output { status, stderr, .. } = output.map_err(unstarted)?;
    let said = String::from_utf8_lossy(&stderr).trim().replace('\n', " ");
    anyhow::ensure!(status.success(), BackupError::Tool(format!("{name} failed: {said}")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_unescaped_as_it_was_written() {
        assert_eq!(unescaped("p%40ss%2Fw%C3%B6rd%"), "p@ss/wörd%");
    }
}
