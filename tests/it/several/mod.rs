//! Several real processes over one PostgreSQL: all of them sell, one at a time does the work behind, and whoever does it
//! may be killed at any moment (`kill -9`): another one takes over, and nothing is lost or done twice.
//!
//! Two processes answer and work, a third one only answers, and the payment provider is a process of its own. Shoppers buy
//! at the third and at the one that survives. The shop's role in the database cannot change the log. `COMPTOIR_KILLS` says how often the one that works is killed.

use std::collections::BTreeMap;
use std::time::Duration;

use test_postgres::TestPostgres;
use testkit::TempFolder;

use crate::kill::program::{Program, Setup, free_address, paid_at};
use crate::kill::shoppers::{Placed, Shoppers};
use crate::kill::{JOURNAL, ROUND_SECONDS_MAX, SETTLE_SECONDS_MAX, SHOPPERS, books, kills, remember, stock_up};

/// How many orders are acknowledged before the kill, and in all.
const ORDERS: (usize, usize) = (40, 120);

/// The processes of one shop, each with a folder of its own.
struct Street {
    folder: TempFolder,
    database_url: String,
    payments: Program,
}

impl Street {
    /// Opens the provider and the process that only answers, which is told by it.
    async fn open(database_url: String) -> (Self, Program) {
        let (folder, address) = (TempFolder::new(), free_address());
        let payments = Program::open_as(Setup::of_payments(&folder.path().join("payments"), &address)).await;
        let street = Self { folder, database_url, payments };
        let answers = Program::open_as(Setup { address, ..street.setup("answers", "api") }).await;
        (street, answers)
    }

    fn setup(&self, name: &str, roles: &str) -> Setup {
        let mut setup = Setup::of_shop(&self.folder.path().join(name), Some(&self.database_url));
        setup.environment = paid_at(&self.payments.setup.address);
        setup.environment.push(("COMPTOIR_ROLES", roles.into()));
        setup
    }
}

/// Makes a database and a role that may append to its log and change nothing in it, and returns its URL for that role.
async fn as_shop(cluster: &TestPostgres) -> String {
    let made = cluster.program("psql").args(["-q", "-c", "CREATE ROLE shop LOGIN"]).status();
    assert!(made.expect("psql runs").success(), "the role is made");
    let (owner, folder) = (cluster.create_database(), TempFolder::new());
    let (well, said) = Program::run(folder.path(), Some(&owner), &["grant", "shop"]).await;
    assert!(well && said.contains("change nothing"), "{said}");
    owner.replace("//postgres@", "//shop@")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_processes_the_one_that_works_may_die_and_the_shop_goes_on() {
    let Some(cluster) = TestPostgres::start_durable() else { return };
    let (street, answers) = Street::open(as_shop(&cluster).await).await;
    let mut works = Program::open_as(street.setup("first", "api,worker")).await;
    let mut waits = Program::open_as(street.setup("second", "api,worker")).await;
    stock_up(&answers.wire, &answers.staff_token()).await;
    let mut shoppers = Shoppers::arrive(&answers.wire, SHOPPERS).await;
    let mut placed = BTreeMap::<String, Placed>::new();
    let (limit, settle) = (Duration::from_secs(ROUND_SECONDS_MAX), Duration::from_secs(SETTLE_SECONDS_MAX));
    for round in 0..kills() {
        let wires = [answers.wire.clone(), waits.wire.clone()];
        let shopping = shoppers.shop_through(&wires, ORDERS, || works.kill());
        let (acknowledged, gap) = tokio::time::timeout(limit, shopping).await.expect("the shoppers are served in time");
        remember(&mut placed, acknowledged);
        shoppers.ask_again(&answers.wire, &placed).await;
        let sums = books::check(&answers, &street.payments.data(JOURNAL), &placed, settle).await;
        eprintln!(
            "several processes, kill {}: {} orders confirmed in all, {} units sold; nothing acknowledged for {gap:.1?}",
            round + 1,
            sums.confirmed,
            sums.units,
        );
        let again = works.open_again().await;
        works = std::mem::replace(&mut waits, again);
    }
    for program in [works, waits, answers, street.payments] {
        program.stop().await;
    }
}
