//! A backup that is taken while shoppers buy, put back into an empty place: the log is right and the same, a shop opens on
//! it, finishes what was under way, and sells.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use comptoir::config::{Config, StoreKind};
use comptoir::open::read_only_log;
use event_store::EventStore;
use test_postgres::TestPostgres;
use testkit::TempFolder;
use tokio::sync::watch;

use super::disk::{Disk, Fault};
use super::platter::PROVIDER;
use crate::kill::program::{Program, signal};
use crate::kill::shoppers::{Placed, Shoppers};
use crate::kill::{ROUND_SECONDS_MAX, SETTLE_SECONDS_MAX, books, remember, stock_up};

/// How many shoppers check out, how many orders are acknowledged before the backup begins, and how many once it is done.
const SHOPPERS: usize = 8;
const ORDERS: usize = 15;

async fn log_of(folder: &TempFolder, database_url: Option<&str>) -> std::sync::Arc<dyn EventStore> {
    let store = if database_url.is_some() { StoreKind::Postgres } else { StoreKind::Sqlite };
    let (data_dir, database_url) = (folder.path().join("data"), database_url.map(str::to_owned));
    let config = Config { data_dir, store, database_url, ..Config::default() };
    read_only_log(&config).await.expect("the log is there")
}

/// Sells, backs up meanwhile, sells on, and kills the shop. Returns what was acknowledged before the backup began.
async fn sell_and_back_up(program: &Program, backup: &str) -> BTreeMap<String, Placed> {
    let mut shoppers = Shoppers::arrive(&program.wire, SHOPPERS).await;
    let (wire, process, counter) = (program.wire.clone(), program.id(), watch::Sender::new(0));
    let mut counted = counter.subscribe();
    let backing_up = async {
        counted.wait_for(|count| *count >= ORDERS).await.expect("the counter is there");
        let (well, said) = program.beside(&["backup", backup]).await;
        assert!(well && said.contains("events, "), "{said}");
        let wanted = *counted.borrow() + ORDERS;
        counted.wait_for(|count| *count >= wanted).await.expect("the counter is there");
        signal(process, "KILL");
    };
    let selling = async { tokio::join!(shoppers.shop(&wire, &counter), backing_up) };
    let limit = Duration::from_secs(ROUND_SECONDS_MAX);
    let (placed, ()) = tokio::time::timeout(limit, selling).await.expect("they are served in time");
    let mut all = BTreeMap::new();
    remember(&mut all, placed);
    all
}

async fn back_up_and_restore(urls: (Option<String>, Option<String>)) {
    let (folder, place, kept) = (TempFolder::new(), TempFolder::new(), TempFolder::new());
    let (source, target) = (urls.0.as_deref(), urls.1.as_deref());
    let backup = kept.path().join("backup").display().to_string();
    let program = Program::open(folder.path(), source).await;
    stock_up(&program.wire, &program.staff_token()).await;
    let placed = sell_and_back_up(&program, &backup).await;

    let (well, said) = Program::run(place.path(), target, &["restore", &backup]).await;
    assert!(well && said.contains("Everything is right."), "{said}");
    let (before, after) = (log_of(&folder, source).await, log_of(&place, target).await);
    let seals = after.seals().expect("the log is sealed");
    let sealed = seals.last_checkpoint().await.expect("is read").expect("the log is sealed");
    let same = before.seals().expect("the log is sealed").checkpoints(sealed.size - 1, 1).await.expect("is read");
    assert_eq!(
        same.first().map(|same| (same.size, same.root)),
        Some((sealed.size, sealed.root)),
        "the tree is the same"
    );

    let restored = Program::open(place.path(), target).await;
    let limit = Duration::from_secs(SETTLE_SECONDS_MAX);
    let sums = books::check_restored(&restored, &restored.data(PROVIDER), &placed, limit).await;
    assert!(sums.confirmed >= ORDERS, "what was sold before is there");
    let mut shoppers = Shoppers::arrive(&restored.wire, SHOPPERS).await;
    let (wire, process) = (restored.wire.clone(), restored.id());
    let sold = shoppers.shop_until(&wire, ORDERS, || signal(process, "TERM")).await;
    assert!(sold.len() >= ORDERS, "the restored shop sells");
    eprintln!("restored: {} orders confirmed, {} payments held, then {} sold", sums.confirmed, sums.held, sold.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_open_shop_is_put_back_whole_on_sqlite() {
    Box::pin(back_up_and_restore((None, None))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_open_shop_is_put_back_whole_on_postgres() {
    let Some(cluster) = TestPostgres::start_durable() else { return };
    Box::pin(back_up_and_restore((Some(cluster.create_database()), Some(cluster.create_database())))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_says_by_a_code_why_it_is_not_made_or_not_put_back() {
    let (folder, place, kept) = (TempFolder::new(), TempFolder::new(), TempFolder::new());
    let program = Program::open(folder.path(), None).await;
    stock_up(&program.wire, &program.staff_token()).await;
    let path = |name: &str| kept.path().join(name).display().to_string();
    let (well, said) = program.beside(&["backup", &path("good")]).await;
    assert!(well, "{said}");
    program.stop().await;
    fs::create_dir(path("empty")).expect("temporary files can be written");
    let refused = async |words: &[&str], code: &str| {
        let (well, said) = Program::run(place.path(), None, words).await;
        assert!(!well && said.contains(code) && said.trim().lines().count() == 1, "{words:?}: {said}");
    };
    refused(&["backup", &path("good")], "BACKUP_TARGET_NOT_EMPTY: ").await;
    refused(&["restore", &path("empty")], "BACKUP_INCOMPLETE: ").await;
    refused(&["restore", &path("good"), "--store", "memory"], "BACKUP_OTHER_ENGINE: ").await;
    refused(&["backup", &path("none"), "--store", "memory"], "BACKUP_UNSUPPORTED: ").await;
    assert!(!kept.path().join("none").exists(), "what failed leaves nothing behind");
    let (well, said) = Program::run(folder.path(), None, &["restore", &path("good")]).await;
    assert!(!well && said.contains("BACKUP_TARGET_NOT_EMPTY: "), "{said}");
    let mut bytes = fs::read(path("good/log.sqlite")).expect("the backup is read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path("good/log.sqlite"), bytes).expect("temporary files can be written");
    refused(&["restore", &path("good")], "BACKUP_DAMAGED: ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_finds_no_room_says_so_and_leaves_nothing_behind() {
    let (folder, place) = (TempFolder::new(), TempFolder::new());
    let program = Program::open(folder.path(), None).await;
    stock_up(&program.wire, &program.staff_token()).await;
    program.stop().await;
    let (disk, kept) = (Disk::new(), place.path().join("data"));
    fs::create_dir(&kept).expect("temporary files can be written");
    let target = kept.join("backup");
    let words = ["backup", target.to_str().expect("temporary paths are text")];
    let backed_up = async || {
        let environment = disk.environment_without_journal(place.path());
        Program::run_with(folder.path(), None, environment, &words).await
    };
    disk.set(Fault::Full, 2);
    let (well, said) = backed_up().await;
    assert!(!well && said.contains("BACKUP_NO_ROOM: "), "{said}");
    assert!(disk.failures() > 0 && !target.exists(), "{} failures", disk.failures());
    disk.set(Fault::Full, 0);
    let (well, said) = backed_up().await;
    assert!(well, "{said}");
}
