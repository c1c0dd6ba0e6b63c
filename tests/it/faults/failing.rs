//! Storage that fails under a shop that sells, and comes back: the shop refuses with a code while it is away, goes on by
//! itself when it is there again, has lost nothing that it acknowledged and stored nothing that it refused.
//!
//! At the end the shop is killed and opened again, so that what it says is what its disk or database has.
//! `COMPTOIR_FAULTS` says how many faults of each kind (3 unless told otherwise, 100 for a release).

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use test_postgres::TestPostgres;
use testkit::TempFolder;
use tokio::sync::watch;

use super::disk::{Disk, Fault};
use super::platter::PROVIDER;
use super::times;
use crate::kill::program::{Environment, NoAnswer, Program, Wire, signal};
use crate::kill::shoppers::Shoppers;
use crate::kill::{SETTLE_SECONDS_MAX, books, remember, stock_up};

/// How many shoppers check out meanwhile.
const SHOPPERS: usize = 8;
/// How many orders are acknowledged before each fault, and after the last.
const ORDERS: usize = 10;
/// How many calls in a row fail when the disk does.
const FAILURES: u32 = 5;
/// How long one fault may take until the shop sells again.
const FAULT_SECONDS_MAX: u64 = 60;

const CREATE: &str = "mutation($i: CartCreateInput!) { cartCreate(input: $i) { result { id } errors { code } } }";

/// Someone who tries again and again whether the shop stores anything.
pub struct Probe {
    wire: Wire,
    token: String,
}

impl Probe {
    async fn of(wire: &Wire) -> Self {
        let started = wire.call(None, "mutation { sessionStart { result { token } } }", json!({})).await;
        let token = started["sessionStart"]["result"]["token"].as_str().expect("a token").to_owned();
        Self { wire: wire.clone(), token }
    }

    /// Waits until the shop stores something, or until it refuses to: with a code that says try again, or the answer is
    /// a failure of this test.
    async fn until(&self, stores: bool) {
        let trying = async {
            loop {
                let input = json!({ "i": { "currency": "EUR", "lines": [] } });
                match self.wire.ask(Some(&self.token), CREATE, input).await {
                    Ok(_) if stores => return,
                    Err(NoAnswer::Later) if !stores => return,
                    Ok(_) | Err(NoAnswer::Later) => {}
                    Err(NoAnswer::Dead) => panic!("the shop is gone"),
                }
            }
        };
        let tried = tokio::time::timeout(Duration::from_secs(FAULT_SECONDS_MAX), trying).await;
        assert!(tried.is_ok(), "the shop stores again ({stores}) within {FAULT_SECONDS_MAX} s");
    }
}

/// Waits until so many more orders are acknowledged.
async fn sell(counter: &watch::Sender<usize>) {
    let wanted = *counter.borrow() + ORDERS;
    let mut counted = counter.subscribe();
    let sold = tokio::time::timeout(Duration::from_secs(FAULT_SECONDS_MAX), counted.wait_for(|count| *count >= wanted));
    assert!(sold.await.is_ok(), "{ORDERS} orders are sold within {FAULT_SECONDS_MAX} s");
}

/// Sells under faults, then kills the shop, opens it again and compares the books.
pub async fn sell_while(
    name: &str,
    server: (Option<&str>, Environment),
    folder: &TempFolder,
    fault: impl AsyncFn(&Probe),
) {
    let (database_url, mut environment) = server;
    // What fails is told in many lines, and is meant to.
    environment.push(("COMPTOIR_LOG", "off".into()));
    let program = Program::open_with(folder.path(), database_url, environment).await;
    stock_up(&program.wire, &program.staff_token()).await;
    let mut shoppers = Shoppers::arrive(&program.wire, SHOPPERS).await;
    let (wire, process, probe) = (program.wire.clone(), program.id(), Probe::of(&program.wire).await);
    let faults = times("COMPTOIR_FAULTS", 3, 100);
    let counter = watch::Sender::new(0);
    let failing = async {
        for _ in 0..faults {
            sell(&counter).await;
            fault(&probe).await;
            probe.until(true).await;
        }
        sell(&counter).await;
        signal(process, "KILL");
    };
    let (answered, ()) = tokio::join!(shoppers.shop(&wire, &counter), failing);
    let mut placed = BTreeMap::new();
    remember(&mut placed, answered);
    let program = program.open_again().await;
    remember(&mut placed, shoppers.repeat(&program.wire).await);
    shoppers.ask_again(&program.wire, &placed).await;
    let sums = books::check(&program, &program.data(PROVIDER), &placed, Duration::from_secs(SETTLE_SECONDS_MAX)).await;
    eprintln!(
        "{name}, {faults} times: {} orders confirmed, {} called off, the books agree",
        sums.confirmed, sums.called_off
    );
    program.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_a_disk_with_room_sells_again() {
    let (disk, folder) = (Disk::new(), TempFolder::new());
    let environment = disk.environment_without_journal(folder.path());
    let fault = async |probe: &Probe| {
        disk.set(Fault::Full, 2);
        probe.until(false).await;
        disk.set(Fault::Full, 0);
    };
    sell_while("the disk is full", (None, environment), &folder, fault).await;
    assert!(disk.failures() > 0);
}

/// Lets some calls fail and waits until they have.
async fn fail(disk: &Disk, fault: Fault, probe: &Probe) {
    let wanted = disk.failures() + FAILURES;
    disk.set(fault, FAILURES);
    while disk.failures() < wanted {
        probe.until(true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_is_no_acknowledgment() {
    let (disk, folder) = (Disk::new(), TempFolder::new());
    let environment = disk.environment_without_journal(folder.path());
    let fault = async |probe: &Probe| fail(&disk, Fault::BadSyncs, probe).await;
    sell_while("syncs fail", (None, environment), &folder, fault).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_is_no_acknowledgment() {
    let (disk, folder) = (Disk::new(), TempFolder::new());
    let environment = disk.environment_without_journal(folder.path());
    let fault = async |probe: &Probe| fail(&disk, Fault::BadWrites, probe).await;
    sell_while("writes fail", (None, environment), &folder, fault).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgres_that_comes_back_finds_a_shop_that_goes_on() {
    let Some(cluster) = TestPostgres::start_durable() else { return };
    let folder = TempFolder::new();
    let url = cluster.create_database();
    let fault = async |_: &Probe| tokio::task::block_in_place(|| cluster.kill_and_start_again());
    sell_while("PostgreSQL is killed", (Some(&url), Environment::new()), &folder, fault).await;
}
