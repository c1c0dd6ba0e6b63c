//! A whole shop over the cluster: two processes that sell and work, a payment provider, and shoppers who do not know.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use event_store::EventStore;
use event_store::postgres::PostgresStore;
use projections::{ReadStore, Runner, build_until};
use testkit::TempFolder;
use tokio::sync::watch;

use crate::kill::program::{Program, Setup, free_address, paid_at};
use crate::kill::shoppers::{Placed, Shoppers};
use crate::kill::{JOURNAL, ROUND_SECONDS_MAX, SETTLE_SECONDS_MAX, books, remember, stock_up};

use super::cluster::until;

/// How many shoppers buy at once.
const SHOPPERS: usize = 8;
/// How many orders are confirmed before something happens, and after it.
const ORDERS_BETWEEN: usize = 10;

/// The shop and its customers.
pub struct Shop {
    folder: TempFolder,
    database_url: String,
    payments: Program,
    servers: [Program; 2],
    shoppers: Shoppers,
    placed: BTreeMap<String, Placed>,
}

impl Shop {
    /// Opens the shop over an empty database.
    pub async fn open(database_url: String) -> Self {
        let (folder, addresses) = (TempFolder::new(), [free_address(), free_address()]);
        let payments = Program::open_as(Setup::of_payments(&folder.path().join("payments"), &addresses[0])).await;
        let [first, second] = addresses.map(|address| {
            let mut setup = Setup::of_shop(&folder.path().join(address.replace(':', "_")), Some(&database_url));
            setup.address = address;
            setup.environment = paid_at(&payments.setup.address);
            setup
        });
        let servers = [Program::open_as(first).await, Program::open_as(second).await];
        stock_up(&servers[0].wire, &servers[0].staff_token()).await;
        let shoppers = Shoppers::arrive(&servers[0].wire, SHOPPERS).await;
        Self { folder, database_url, payments, servers, shoppers, placed: BTreeMap::new() }
    }

    /// Lets everyone shop while something happens, and some time before and after it. Returns what it came to, and the
    /// longest time since it began in which no order was confirmed.
    pub async fn shop_while<T>(&mut self, happens: impl Future<Output = T>) -> (T, Duration) {
        let wires = [0, 1].map(|number: usize| self.servers[number].wire.clone());
        let (counter, over) = (watch::Sender::new(0_usize), AtomicBool::new(false));
        let confirmed = watch::Sender::new(Vec::new());
        let noting = async {
            let mut counted = counter.subscribe();
            while !over.load(Ordering::Relaxed) && counted.changed().await.is_ok() {
                confirmed.send_modify(|confirmed| confirmed.push(Instant::now()));
            }
        };
        let happening = async {
            more(&counter).await;
            let since = Instant::now();
            let come = happens.await;
            more(&counter).await;
            over.store(true, Ordering::Relaxed);
            counter.send_modify(|_| {});
            (come, since)
        };
        let shopping = self.shoppers.shop_at(&wires, &counter, |_| over.load(Ordering::Relaxed));
        let everything = async { tokio::join!(shopping, happening, noting) };
        let limit = Duration::from_secs(ROUND_SECONDS_MAX);
        let done = tokio::time::timeout(limit, everything).await;
        let (placed, (come, since), ()) = done.expect("the shoppers are served in time");
        remember(&mut self.placed, placed);
        let mut last = since;
        let gaps =
            confirmed.borrow().iter().filter(|at| **at > since).map(|at| *at - std::mem::replace(&mut last, *at)).max();
        (come, gaps.unwrap_or_default())
    }

    /// Closes the shop: its books agree, and every read model equals a replay. Returns how many orders it owes.
    pub async fn close(self) -> usize {
        let limit = Duration::from_secs(SETTLE_SECONDS_MAX);
        self.shoppers.ask_again(&self.servers[1].wire, &self.placed).await;
        let sums = books::check(&self.servers[0], &self.payments.data(JOURNAL), &self.placed, limit).await;
        for server in self.servers {
            server.stop().await;
        }
        self.payments.stop().await;
        compare_with_replay(&self.database_url).await;
        drop(self.folder);
        sums.confirmed
    }
}

async fn more(counter: &watch::Sender<usize>) {
    let goal = *counter.borrow() + ORDERS_BETWEEN;
    until("orders are confirmed", async || (*counter.borrow() >= goal).then_some(())).await;
}

/// Compares the fingerprint of every read model with that of one built anew.
async fn compare_with_replay(url: &str) {
    let log: Arc<dyn EventStore> = Arc::new(PostgresStore::connect(url).await.expect("the log opens"));
    let live = ReadStore::postgres(url).await.expect("the read models open");
    let live = Runner::open(live, log.clone(), projections::all()).await.expect("the read models open").models();
    let (head, anew) = (*log.head().borrow(), ReadStore::sqlite_in_memory().expect("SQLite is everywhere"));
    for (name, digest) in build_until(anew, &*log, head, |_| {}).await.expect("is built") {
        assert_eq!(live.digest(name).await.expect("is read").sha256, digest.sha256, "{name} equals a replay");
    }
    log.close().await;
}
