//! `comptoir backup` and `comptoir restore`: everything of a shop that cannot be made again, in one folder, taken while
//! the shop is open.
//!
//! A backup holds the log with its secrets and seals (`log.sqlite`, or `log.dump` of PostgreSQL's own `pg_dump`), the
//! journal of the payment simulator where there is one, and `backup.json`, which is written last: a folder without it is no
//! backup. Read models and the search index are left out, since the log builds them.

mod manifest;
mod postgres;
mod restore;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use event_store::sqlite::SqliteStore;
use event_store::{EventStore, Filter, Position};

use crate::config::{Config, StoreKind};
use crate::open::{self, Files};
use crate::progress::{Console, grouped};
use manifest::{KeptFile, Manifest};
pub use restore::restore;

/// The log of SQLite in a backup.
const LOG: &str = "log.sqlite";
/// The log of PostgreSQL in a backup: a dump in `pg_dump`'s custom format.
const DUMP: &str = "log.dump";
/// The payment simulator's journal in a backup.
const PAYMENTS: &str = "payments.jsonl";
/// How often the progress of a copy is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Why there is no backup, or why it was not put back. The first word is a stable code.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something is there already.
    #[error("BACKUP_TARGET_NOT_EMPTY: {0} holds something already, which stays as it is: name an empty place")]
    TargetNotEmpty(String),
    /// The disk is full.
    #[error("BACKUP_NO_ROOM: there is no room for {}", .0.display())]
    NoRoom(PathBuf),
    /// A file cannot be read or written.
    #[error("BACKUP_FILE: {} cannot be read or written", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// The folder holds no whole backup.
    #[error("BACKUP_INCOMPLETE: {folder} holds no whole backup: {why}", folder = .0.display(), why = .1)]
    Incomplete(PathBuf, String),
    /// A file is not what was backed up.
    #[error("BACKUP_DAMAGED: {} is not what was backed up", .0.display())]
    Damaged(PathBuf),
    /// The backup is of another engine.
    #[error("BACKUP_OTHER_ENGINE: the backup is of {0}: choose --store {0}")]
    OtherEngine(String),
    /// This engine has tools of its own.
    #[error("BACKUP_UNSUPPORTED: {0}")]
    Unsupported(&'static str),
    /// A program of PostgreSQL is missing or failed.
    #[error("BACKUP_TOOL: {0}")]
    Tool(String),
}

impl BackupError {
    fn file(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoRoom(path.to_owned()),
            _ => Self::File(path.to_owned(), error),
        }
    }
}

/// Backs a shop up into a folder, which must be empty or is made. Returns what was backed up, for people.
///
/// # Errors
/// [`BackupError`], or what says that the log cannot be read. What was written is removed then.
pub async fn backup(config: &Config, folder: &Path, console: &Console) -> anyhow::Result<String> {
    let made_folder = !folder.exists();
    empty_folder(folder)?;
    let outcome = Box::pin(fill(config, folder, console)).await;
    if outcome.is_err() {
        remove(folder, made_folder);
    }
    let manifest = outcome?;
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let (events, files) = (grouped(manifest.events), manifest.files.len());
    Ok(format!("{events} events, {files} files of {} bytes in {}", grouped(bytes), folder.display()))
}

async fn fill(config: &Config, folder: &Path, console: &Console) -> anyhow::Result<Manifest> {
    let (mut manifest, log) = match config.store {
        StoreKind::Sqlite => (copy_sqlite(config, folder, console).await?, LOG),
        StoreKind::Postgres => (postgres::dump(config, folder, console).await?, DUMP),
        StoreKind::KurrentDb => {
            let what = "back KurrentDB up with its own tools, and the database or data folder beside it";
            return Err(BackupError::Unsupported(what).into());
        }
        StoreKind::Memory => return Err(BackupError::Unsupported("a shop that keeps nothing has no backup").into()),
    };
    manifest.files.push(KeptFile::of(folder, log)?);
    // After the log: the provider may know more than the shop, never less.
    let journal = Files::of(&config.data_dir).payments;
    if journal.exists() {
        copy_journal(&journal, &folder.join(PAYMENTS))?;
        manifest.files.push(KeptFile::of(folder, PAYMENTS)?);
    }
    manifest.write(folder)?;
    Ok(manifest)
}

/// Copies the log while the shop may write to it, and shows how far the copy is.
async fn copy_sqlite(config: &Config, folder: &Path, console: &Console) -> anyhow::Result<Manifest> {
    let (source, target) = (Files::of(&config.data_dir).log, folder.join(LOG));
    let store = SqliteStore::open_read_only(&source).await;
    let store = store.with_context(|| format!("the log {} cannot be read", source.display()))?;
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let total = length(&source) + length(&source.with_extension("sqlite-wal"));
    let task = console.task("bytes of the log", total);
    let mut copying = std::pin::pin!(store.copy_into(&target));
    let copied = loop {
        tokio::select! {
            copied = &mut copying => break copied,
            () = tokio::time::sleep(LOOK_EVERY) => task.set(length(&target).min(total), total),
        }
    };
    if let Err(error) = copied {
        let is_full = format!("{:#}", anyhow::Error::new(error)).contains("full");
        let path = target.clone();
        let what = io::Error::other("SQLite could not copy the log");
        return Err(if is_full { BackupError::NoRoom(path) } else { BackupError::file(&path, what) }.into());
    }
    task.finish();
    let copy = SqliteStore::open_read_only(&target).await.context("the copy cannot be read")?;
    manifest_of(&copy, "sqlite").await
}

/// Notes what a log holds: its events, its key and its newest checkpoint.
async fn manifest_of(store: &dyn EventStore, engine: &str) -> anyhow::Result<Manifest> {
    let page = store.read_all(Position(0), 0, &Filter::default()).await.context("the log cannot be read")?;
    let key = app::seal::public_key(store).await.ok().map(|key| key.to_string());
    let checkpoint = match store.seals() {
        Some(seals) => seals.last_checkpoint().await.context("the seals cannot be read")?,
        None => None,
    };
    let checkpoint = checkpoint.map(|checkpoint| checkpoint.note);
    Ok(Manifest {
        format: manifest::FORMAT,
        engine: engine.to_owned(),
        events: page.head.0,
        key,
        checkpoint,
        files: Vec::new(),
    })
}

/// Makes a folder, or finds it empty.
fn empty_folder(folder: &Path) -> Result<(), BackupError> {
    fs::create_dir_all(folder).map_err(|error| BackupError::file(folder, error))?;
    let mut entries = fs::read_dir(folder).map_err(|error| BackupError::file(folder, error))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(BackupError::TargetNotEmpty(folder.display().to_string())),
    }
}

/// Removes what a failed backup wrote. What cannot be removed is no backup either.
fn remove(folder: &Path, made_folder: bool) {
    for name in [LOG, "log.sqlite-journal", DUMP, PAYMENTS] {
        drop(fs::remove_file(folder.join(name)));
    }
    if made_folder {
        drop(fs::remove_dir(folder));
    }
}

/// Copies the whole lines of a journal that may be written to meanwhile.
fn copy_journal(source: &Path, target: &Path) -> Result<(), BackupError> {
    let mut bytes = Vec::new();
    let read = File::open(source).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_err(|error| BackupError::file(source, error))?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    write_durably(target, &bytes[..whole])
}

fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let written = File::create_new(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.and_then(|()| sync_folder(path)).map_err(|error| BackupError::file(path, error))
}

/// Brings a file's name to the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Says that there is nothing yet at the place that a backup is to be put back to.
fn empty_place(config: &Config) -> anyhow::Result<()> {
    let folder = &config.data_dir;
    let entries = fs::read_dir(folder).map_or(0, Iterator::count);
    anyhow::ensure!(entries == 0, BackupError::TargetNotEmpty(folder.display().to_string()));
    open::files(config).map(drop)
}
