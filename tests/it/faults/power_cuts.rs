//! The power goes at any moment: whatever the disk had not been asked to sync may be lost, torn or in another order.
//!
//! A real server sells under `disk.c`, which writes down all that it does to its files and all that it says. From that
//! journal disks are made as they would have been had the power gone at some record, and a shop is opened on each.
//! `COMPTOIR_IMAGES` says how many (100 unless told otherwise, 10,000 for a release), `COMPTOIR_SEED` which.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use app::clock::SystemClock;
use app::ids::SystemIds;
use app::seal::SealFailure;
use comptoir::background::Background;
use comptoir::config::Config;
use comptoir::open::OpenShop;
use comptoir::progress::Console;
use comptoir::verify::{self, Against};
use event_store::contract::Random;
use event_store::sqlite::SqliteStore;
use event_store::{EventStore, Filter, PAGE_EVENTS_MAX, Position, StreamId};
use serde_json::Value;
use testkit::TempFolder;

use super::clock::WallClock;
use super::journal::{Record, records};
use super::platter::{FATES, Fate, PROVIDER, Platter};
use super::selling::{Bad, ORDERS, sell};
use super::{number, times};
use crate::kill::program::Program;
use crate::kill::{SETTLE_SECONDS_MAX, books};

/// How many images are made of one journal at most.
const IMAGES_OF_A_JOURNAL_MAX: usize = 500;
/// On one image in so many a shop is started; the logs of all are read and verified.
const IMAGES_A_START: usize = 4;
/// One image in so many is opened by the real program, and its books are compared.
const IMAGES_A_PROGRAM: usize = 50;
/// How long a shop may take to finish or undo everything.
const SEED: usize = 1;
/// How much later a shop is opened whose books are compared: the first three tries of whatever had no answer are over or
/// due by then (0 s, 5 s, 5 min).
const LATER_SECONDS: i64 = 6 * 60;
/// How many disks are made at most where syncs of the read models failed: the real program opens each.
const IMAGES_OF_READ_MODELS_MAX: usize = 200;
/// How many records after its beginning the copying of the read models' write-ahead log is over.
const RECORDS_OF_A_COPY: usize = 1_000;

/// What callers were told.
#[derive(Clone, Debug, Default)]
struct Told {
    orders: BTreeSet<String>,
    carts: BTreeSet<String>,
}

impl Told {
    /// Hears what is sent. Returns whether something was acknowledged.
    fn hear(&mut self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let Some(begin) = text.find("{\"data\"") else { return false };
        let Some(Ok(answer)) = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<Value>().next() else {
            return false;
        };
        let id = |name: &str| answer["data"][name]["result"]["id"].as_str().map(str::to_owned);
        let confirmed = answer["data"]["checkoutComplete"]["result"]["status"] == "CONFIRMED";
        let (order, cart) = (id("checkoutComplete").filter(|_| confirmed), id("cartCreate"));
        let heard = order.is_some() || cart.is_some();
        self.orders.extend(order);
        self.carts.extend(cart);
        heard
    }
}

/// Chooses the records before which the power goes, in order: half of them anywhere, half of them just after someone was
/// told something.
fn moments(records: &[Record<'_>], count: usize, random: &mut Random) -> Vec<usize> {
    let mut told = Told::default();
    let heard = |(at, record): (usize, &Record<'_>)| match record {
        Record::Sent { bytes } => told.hear(bytes).then_some(at + 1),
        _ => None,
    };
    let after_told: Vec<usize> = records.iter().enumerate().filter_map(heard).collect();
    assert!(after_told.len() >= ORDERS, "only {} answers were heard", after_told.len());
    let moment = |nth: usize| match nth % 2 {
        0 => after_told[random.below(after_told.len())],
        _ => random.below(records.len()),
    };
    let mut moments: Vec<usize> = (0..count).map(moment).collect();
    moments.sort_unstable();
    moments
}

/// An image on our own disk.
struct Image {
    folder: TempFolder,
    told: Told,
    /// For whoever wants to see it again.
    name: String,
}

impl Image {
    fn write(files: &BTreeMap<&str, Vec<u8>>, told: Told, name: String) -> Self {
        let folder = TempFolder::new();
        for (path, bytes) in files {
            let (_, inside) = path.split_once("/data/").expect("a file of the data folder");
            let path = folder.path().join("data").join(inside);
            fs::create_dir_all(path.parent().expect("a folder")).expect("temporary files can be written");
            fs::write(path, bytes).expect("temporary files can be written");
        }
        fs::create_dir_all(folder.path().join("data")).expect("temporary files can be written");
        Self { folder, told, name }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Opens the log, reads all of it, and says what is not as it must be.
    async fn fault_of_log(&self) -> Option<String> {
        let log = self.data().join("log.sqlite");
        let store = match SqliteStore::open(&log) {
            Ok(store) => store.without_tail(),
            Err(error) => return Some(format!("the log does not open: {error}")),
        };
        let found = match read(&store).await {
            Ok(found) => verified(&store).await.map(|()| found),
            Err(error) => Err(error),
        };
        store.close().await;
        let (orders, carts) = match found {
            Ok(found) => found,
            Err(error) => return Some(error),
        };
        let lost_orders: Vec<_> = self.told.orders.difference(&orders).collect();
        let lost_carts: Vec<_> = self.told.carts.difference(&carts).collect();
        let lost = lost_orders.len() + lost_carts.len();
        (lost > 0).then(|| format!("acknowledged and lost: orders {lost_orders:?}, carts {lost_carts:?}"))
    }

    /// Starts a shop on it, which must catch up with its log.
    async fn start(&self) -> Result<(), String> {
        let config = Config { data_dir: self.data(), demo: false, ..Config::default() };
        let failed = |error: String| format!("{}: the shop does not start: {error}", self.name);
        let open = OpenShop::open(&config, Arc::new(SystemClock), Arc::new(SystemIds)).await;
        let mut open = open.map_err(|error| failed(format!("{error:#}")))?;
        open.runner.catch_up().await.map_err(|error| failed(error.to_string()))?;
        open.search.catch_up().await.map_err(|error| failed(error.to_string()))?;
        let (background, started) = Background::start(open).await.map_err(|error| failed(format!("{error:#}")))?;
        background.stop().await;
        started.store.close().await;
        Ok(())
    }

    /// Lets the real program open it, a little later, and compares its books once everything has come to rest.
    async fn open(&self) {
        let clock = WallClock::new();
        clock.set(LATER_SECONDS);
        let program = Program::open_with(self.folder.path(), None, clock.environment()).await;
        let limit = Duration::from_secs(SETTLE_SECONDS_MAX);
        let sums = books::check_beyond(&program, &program.data(PROVIDER), &self.told.orders, limit).await;
        eprintln!(
            "{}: {} orders confirmed, {} called off, the books agree",
            self.name, sums.confirmed, sums.called_off
        );
        program.stop().await;
    }
}

/// Holds a log against its seals, and its aggregates against their invariants, as `comptoir verify` does. The first moments
/// of a log are not sealed yet.
async fn verified(store: &dyn EventStore) -> Result<(), String> {
    match app::seal::public_key(store).await {
        Err(SealFailure::NoKey) => return Ok(()),
        Err(error) => return Err(error.to_string()),
        Ok(_) => {}
    }
    let report = verify::check(store, &Against::default(), &Console::silent()).await;
    let report = report.map_err(|error| format!("{error:#}"))?;
    report.finding.map_or(Ok(()), |finding| Err(finding.to_string()))
}

/// Reads a log from its beginning. Returns the confirmed orders and the carts, or what is wrong: positions and each
/// stream's sequence must be dense.
async fn read(store: &dyn EventStore) -> Result<(BTreeSet<String>, BTreeSet<String>), String> {
    let (mut orders, mut carts) = (BTreeSet::new(), BTreeSet::new());
    let mut versions = BTreeMap::<StreamId, u64>::new();
    let mut after = Position(0);
    loop {
        let page =
            store.read_all(after, PAGE_EVENTS_MAX, &Filter::default()).await.map_err(|error| error.to_string())?;
        for event in &page.events {
            let version = versions.entry(event.stream.clone()).or_default();
            *version += 1;
            if *version != event.sequence {
                return Err(format!("position {}: {} follows {}", event.position, event.sequence, *version - 1));
            }
            match (&*event.stream.kind, event.event_type.as_str()) {
                (_, "order.confirmed") => orders.insert(event.stream.id.to_string()),
                ("cart", _) => carts.insert(event.stream.id.to_string()),
                _ => false,
            };
        }
        if page.next >= page.head {
            return Ok((orders, carts));
        }
        after = page.next;
    }
}

/// Makes images of a journal, their logs read and verified: none may have lost what was acknowledged before its moment.
struct Images<'a> {
    records: Vec<Record<'a>>,
    platter: Platter<'a>,
    told: Told,
    at: usize,
    made: usize,
    seed: usize,
}

impl<'a> Images<'a> {
    fn of(records: Vec<Record<'a>>, random: &Random, seed: usize) -> Self {
        Self { records, platter: Platter::new(false, random.clone()), told: Told::default(), at: 0, made: 0, seed }
    }

    /// Cuts the power before a record, which is no earlier than the one before.
    async fn cut(&mut self, moment: usize) -> Image {
        advance(&mut self.platter, &mut self.told, &self.records[self.at..moment]);
        self.at = moment;
        let (fate, records) = (FATES[self.made % FATES.len()], self.records.len());
        let name = format!("image {}, seed {}, record {moment} of {records}, {fate:?}", self.made, self.seed);
        self.made += 1;
        let image = Image::write(&self.platter.cut(fate), self.told.clone(), name);
        let fault = image.fault_of_log().await;
        assert_eq!(fault, None, "{}", image.name);
        image
    }
}

async fn try_images(journal: &[u8], (first, count): (usize, usize), seed: usize) {
    let mut random = Random((seed as u64) << 32 | first as u64);
    let records = records(journal);
    let moments = moments(&records, count, &mut random);
    let mut images = Images::of(records, &random, seed);
    for (nth, moment) in moments.into_iter().enumerate() {
        let image = images.cut(moment).await;
        if (first + nth) % IMAGES_A_START == 0
            && let Err(error) = image.start().await
        {
            panic!("{error}");
        }
        if (first + nth) % IMAGES_A_PROGRAM == IMAGES_A_PROGRAM - 1 {
            image.open().await;
        }
    }
}

fn advance<'a>(platter: &mut Platter<'a>, told: &mut Told, records: &[Record<'a>]) {
    for record in records {
        if let Record::Sent { bytes } = record {
            told.hear(bytes);
        }
        platter.apply(record);
    }
}

async fn cut_the_power(bad: impl Fn(usize) -> Bad, images: usize, seed: usize) {
    let mut made = 0;
    while made < images {
        let journal = sell(bad(made)).await;
        let count = (images - made).min(IMAGES_OF_A_JOURNAL_MAX);
        Box::pin(try_images(&journal, (made, count), seed)).await;
        made += count;
        eprintln!(
            "{made} of {images} images, seed {seed}, a journal of {} bytes, {} syncs failed: nothing acknowledged is lost",
            journal.len(),
            failed_syncs(&records(&journal)).len(),
        );
    }
}

fn failed_syncs(records: &[Record<'_>]) -> Vec<usize> {
    let failed = |(at, record): (usize, &Record<'_>)| matches!(record, Record::SyncFailed { .. }).then_some(at);
    records.iter().enumerate().filter_map(failed).collect()
}

fn seed() -> usize {
    number("COMPTOIR_SEED").unwrap_or(SEED)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_any_power_cut() {
    Box::pin(cut_the_power(|_| Bad::Nothing, times("COMPTOIR_IMAGES", 100, 10_000), seed())).await;
    lose_without_syncs(&sell(Bad::Nothing).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_a_power_cut_after_syncs_that_failed() {
    let random = |made| Bad::Syncs(Random((seed() + made) as u64));
    Box::pin(cut_the_power(random, times("COMPTOIR_IMAGES", 50, 10_000), seed())).await;
}

/// Says from where on the read models' write-ahead log is copied into their file, once a sync of it has failed.
fn copying(records: &[Record<'_>]) -> usize {
    let is_read_models = |record: &Record<'_>| match record {
        Record::Open { file, path, .. } if path.ends_with("/read.sqlite") => Some(*file),
        _ => None,
    };
    let read_models = records.iter().find_map(is_read_models).expect("there are read models");
    let failed = failed_syncs(records).first().copied().expect("syncs of the read models failed");
    let is_copied = |record: &Record<'_>| matches!(record, Record::Write { file, .. } if *file == read_models);
    failed + records[failed..].iter().position(is_copied).expect("the read models' write-ahead log is copied back")
}

/// What a sync that failed should have brought to the disk is not brought by a later one that succeeds. If the read models'
/// write-ahead log is copied into their file all the same, a power cut meanwhile or soon after leaves a mixture of pages.
#[tokio::test(flavor = "multi_thread")]
async fn read_models_outlive_a_power_cut_after_their_syncs_failed() {
    let (count, seed) = (times("COMPTOIR_IMAGES", 4, 10_000).min(IMAGES_OF_READ_MODELS_MAX), seed());
    let mut random = Random(seed as u64);
    let journal = sell(Bad::ReadModels(random.clone())).await;
    let records = records(&journal);
    let from = copying(&records);
    let soon = RECORDS_OF_A_COPY.min(records.len() - from);
    let mut moments: Vec<usize> = (0..count).map(|_| from + random.below(soon)).collect();
    moments.sort_unstable();
    let mut images = Images::of(records, &random, seed);
    for moment in moments {
        images.cut(moment).await.open().await;
    }
}

/// The control: the same writes on a disk that says it has synced and has not, which is what a shop that never syncs
/// (`synchronous=OFF`) does on any disk. It must lose what it acknowledged.
async fn lose_without_syncs(journal: &[u8]) {
    let records = records(journal);
    let mut platter = Platter::new(true, Random(SEED as u64));
    let mut told = Told::default();
    advance(&mut platter, &mut told, &records);
    for fate in FATES {
        let image = Image::write(&platter.cut(fate), told.clone(), format!("a disk that forgets, {fate:?}"));
        let fault = image.fault_of_log().await;
        assert_eq!(fault.is_none(), fate == Fate::Kept, "{}: {fault:?}", image.name);
    }
}
