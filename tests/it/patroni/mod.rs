//! Failovers of a real cluster: three nodes of PostgreSQL under Patroni, a commit waits for two disks of three, and
//! something dies under load. Nothing that was acknowledged is lost, and writes go on by themselves.
//!
//! Needs PostgreSQL, etcd and Patroni: `.ci/run` installs them. `COMPTOIR_FAILOVERS` says how many rounds of faults there
//! are; `COMPTOIR_RELEASE_GATE=1` adds what takes long: more rounds, the loss of etcd, shoppers during every fault, how
//! long a fault may stop the shop, and the control without quorum, which must lose something.

mod audit;
mod cluster;
mod load;
mod settings;
mod shop;

use std::sync::Arc;
use std::time::{Duration, Instant};

use event_store::EventStore;
use event_store::postgres::PostgresStore;
use uuid::Uuid;

use audit::{Followed, Follower, ask_again, read_books};
use cluster::{Cluster, Tools};
use load::{Clients, Load};
use settings::Replication;
use shop::Shop;

/// How many rounds of faults a release goes through.
const ROUNDS_RELEASE: usize = 10;
/// How many clients append at once.
const CLIENTS: usize = 8;
/// How many clients append at once, and how often a node is killed, where something should get lost.
const CLIENTS_CONTROL: usize = 64;
const ROUNDS_CONTROL: usize = 1;
/// How many commits are acknowledged before a fault, and after it.
const COMMITS_BETWEEN: usize = 200;
/// How long the majority of etcd is gone: long enough for a leader to notice and to ask the other nodes instead.
const ETCD_SECONDS: u64 = 8;

/// How long a node that dies was not heard of before: without quorum it goes on acknowledging.
const CUT_OFF_MILLIS: u64 = 300;

/// What happens to the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    PostgresKilled,
    SwitchedOver,
    EtcdWithoutMajority,
    /// First nobody hears of the leader, then everything on it dies.
    NodeKilled,
}

impl Fault {
    /// What a release sees.
    const ALL: [Self; 4] = [Self::PostgresKilled, Self::SwitchedOver, Self::EtcdWithoutMajority, Self::NodeKilled];
    /// What every run sees.
    const USUAL: [Self; 3] = [Self::PostgresKilled, Self::SwitchedOver, Self::NodeKilled];

    fn of_this_run() -> &'static [Self] {
        if is_release() { &Self::ALL } else { &Self::USUAL }
    }

    /// The longest time without an acknowledged commit that is right. A node that is gone is the leader until its time
    /// is over, and another one has been elected.
    fn gap_max(self) -> Duration {
        Duration::from_secs(match self {
            Self::PostgresKilled | Self::SwitchedOver | Self::EtcdWithoutMajority => 10,
            Self::NodeKilled => 30,
        })
    }

    async fn strike(self, cluster: &mut Cluster, load: &Load) {
        let leader = cluster.leader().await;
        match self {
            Self::PostgresKilled => cluster.kill_postgres(leader),
            Self::SwitchedOver => drop(cluster.switch_over().await),
            Self::NodeKilled => {
                cluster.cut_off(leader);
                load.go_on(Duration::from_millis(CUT_OFF_MILLIS)).await;
                cluster.kill_node(leader);
            }
            Self::EtcdWithoutMajority => {
                for node in [leader, (leader + 1) % cluster::NODES] {
                    cluster.kill_etcd(node);
                }
                load.go_on(Duration::from_secs(ETCD_SECONDS)).await;
            }
        }
    }
}

fn is_release() -> bool {
    std::env::var("COMPTOIR_RELEASE_GATE").is_ok_and(|value| value == "1")
}

fn rounds() -> usize {
    let usual = if is_release() { ROUNDS_RELEASE } else { 1 };
    std::env::var("COMPTOIR_FAILOVERS").map_or(usual, |text| text.parse().expect("COMPTOIR_FAILOVERS is a number"))
}

async fn open(url: &str) -> Arc<dyn EventStore> {
    Arc::new(PostgresStore::connect(url).await.expect("the log opens"))
}

/// Lets one fault strike a whole cluster, and returns how long nothing was acknowledged.
async fn suffer(fault: Fault, cluster: &mut Cluster, load: &Load) -> Duration {
    for node in 0..cluster::NODES {
        cluster.start_node(node);
    }
    cluster.until_whole().await;
    load.until_more(COMMITS_BETWEEN).await;
    let since = Instant::now();
    fault.strike(cluster, load).await;
    load.until_more(COMMITS_BETWEEN).await;
    load.longest_gap(since)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_commit_is_lost_when_the_primary_fails() {
    let Some(tools) = Tools::find() else { return };
    let began = Instant::now();
    let mut cluster = Cluster::start(tools, Replication::Quorum).await;
    eprintln!("patroni: three nodes in {:.1?}", began.elapsed());
    let url = cluster.create_database("log").await;
    let mut shop = Shop::open(cluster.create_database("shop").await).await;
    let stores = [open(&url).await, open(&url).await];
    let followers = stores.clone().map(Follower::start);
    let clients = Clients::start(&stores, CLIENTS);
    for round in 0..rounds() {
        for &fault in Fault::of_this_run() {
            let striking = suffer(fault, &mut cluster, &clients.load);
            let (gap, of_shop) = if fault == Fault::PostgresKilled || is_release() {
                let (gap, of_shop) = Box::pin(shop.shop_while(striking)).await;
                (gap, format!(", no order confirmed for {of_shop:.1?}"))
            } else {
                (striking.await, String::new())
            };
            eprintln!("patroni, round {}: {fault:?}: nothing acknowledged for {gap:.1?}{of_shop}", round + 1);
            assert!(!is_release() || gap <= fault.gap_max(), "{fault:?}: {gap:?}");
        }
    }
    let load = clients.stop().await;
    let orders = Box::pin(shop.close()).await;
    let log = check_log(&url, &load, &stores).await;
    let mut rewinds = 0;
    for follower in followers {
        let Followed { events: seen, rewinds: of_this_one } = follower.stop(log.len()).await;
        rewinds += of_this_one;
        let differs = (0..seen.len().max(log.len())).find(|at| seen.get(*at) != log.get(*at));
        let pair = differs.map(|at| (at + 1, seen.get(at), log.get(at)));
        assert_eq!(pair, None, "who followed all the time saw what is there: the first position, seen and in the log");
    }
    for store in stores {
        store.close().await;
    }
    eprintln!("patroni: {orders} orders; {rewinds} times a follower began anew; {:.1?} in all", began.elapsed());
}

/// Everything that was acknowledged is in the log, once, and is answered again as it was. Returns the log.
async fn check_log(url: &str, load: &Load, stores: &[Arc<dyn EventStore>]) -> Vec<Uuid> {
    for store in stores {
        ask_again(&**store, load).await;
    }
    let (books, log) = read_books(url, load).await;
    let (doubted, landed) = load.doubts();
    eprintln!(
        "patroni: {} commits acknowledged, {} events lost; {doubted} appends in doubt, {landed} of them had landed",
        books.acknowledged, books.lost,
    );
    assert_eq!((books.lost, load.contradicted()), (0, 0), "nothing that was acknowledged is lost");
    assert_eq!(books.events as u64, books.acknowledged as u64 * load::EVENTS, "nothing is there twice or unasked");
    log
}

/// The control: where commits wait for no other disk, the same faults must lose something, or the test above proves
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn without_quorum_acknowledged_commits_are_lost() {
    if !is_release() {
        return;
    }
    let Some(tools) = Tools::find() else { return };
    let mut cluster = Cluster::start(tools, Replication::Asynchronous).await;
    let url = cluster.create_database("log").await;
    let stores = [open(&url).await, open(&url).await];
    let clients = Clients::start(&stores, CLIENTS_CONTROL);
    for _ in 0..ROUNDS_CONTROL {
        suffer(Fault::NodeKilled, &mut cluster, &clients.load).await;
    }
    let load = clients.stop().await;
    let (books, _) = read_books(&url, &load).await;
    let events = books.acknowledged as u64 * load::EVENTS;
    eprintln!("patroni, asynchronous: {} of {events} acknowledged events lost", books.lost);
    assert!(books.lost > 0, "a leader that is gone takes with it what only it had");
    for store in stores {
        store.close().await;
    }
}
