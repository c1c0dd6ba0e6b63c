//! Puts a backup back into an empty place, and holds what is there then against its seals.

use std::fs::{self, File};
use std::path::Path;

use event_store::{Filter, Position};

use super::manifest::Manifest;
use super::{BackupError, DUMP, empty_place, postgres, sync_folder};
use crate::config::{Config, StoreKind};
use crate::open::read_only_log;
use crate::progress::Console;
use crate::verify::{self, Against};

/// Puts a backup back where a configuration says, and verifies the log. Returns what was verified, for people, and whether
/// it is right.
///
/// # Errors
/// [`BackupError`], or what says why the log cannot be read.
pub async fn restore(config: &Config, folder: &Path, console: &Console) -> anyhow::Result<(String, bool)> {
    let manifest = Manifest::read(folder)?;
    let engine = match config.store {
        StoreKind::Sqlite => "sqlite",
        StoreKind::Postgres => "postgres",
        StoreKind::KurrentDb | StoreKind::Memory => "",
    };
    if engine != manifest.engine {
        return Err(BackupError::OtherEngine(manifest.engine).into());
    }
    empty_place(config)?;
    if config.store == StoreKind::Postgres {
        empty_database(config).await?;
    }
    let task = console.task("bytes", manifest.files.iter().map(|file| file.bytes).sum());
    for file in &manifest.files {
        let source = folder.join(&file.name);
        file.check(&source)?;
        if file.name == DUMP {
            postgres::put_back(config, &source).await?;
        } else {
            copy(&source, &config.data_dir.join(&file.name))?;
        }
        task.add(file.bytes);
    }
    task.finish();
    let store = read_only_log(config).await?;
    let Some(key) = &manifest.key else {
        return Ok(("The log was never sealed: there is nothing to verify it by.".to_owned(), true));
    };
    let against = Against { key: Some(key.parse()?), witness: manifest.checkpoint.clone(), from: None };
    let report = verify::check(&*store, &against, console).await?;
    let has_all = report.head >= manifest.events;
    let missing = if has_all { "" } else { "\nNOT RIGHT: events of the backup are missing." };
    Ok((format!("{report}{missing}"), report.finding.is_none() && has_all))
}

fn copy(source: &Path, target: &Path) -> Result<(), BackupError> {
    let copied =
        fs::copy(source, target).and_then(|_| File::open(target)?.sync_all()).and_then(|()| sync_folder(target));
    copied.map_err(|error| BackupError::file(target, error))
}

/// Says that a database holds no log. One without our tables cannot be read; whatever else is in it makes `pg_restore`
/// refuse.
async fn empty_database(config: &Config) -> anyhow::Result<()> {
    let Ok(store) = read_only_log(config).await else { return Ok(()) };
    let read = store.read_all(Position(0), 0, &Filter::default()).await;
    anyhow::ensure!(read.is_err(), BackupError::TargetNotEmpty("the database".to_owned()));
    Ok(())
}
