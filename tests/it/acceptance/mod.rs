//! The acceptance scenarios, each under its number, over HTTP, on SQLite and PostgreSQL.
//!
//! | | What is shown |
//! |---|---|
//! | 1 | a hundred buyers, one copy: one order, 99 clear refusals |
//! | 2 | the same SKU on two lines is promised once |
//! | 3 | fifty additions to one cart at once, and two sign-ins at once, lose nothing |
//! | 4 | a checkout sent twenty times, through a crash, is one order |
//! | 5 | the browser, the bank's notice, both or either, in any order, are one order |
//! | 6 | a capture whose answer is lost is one capture |
//! | 7 | a hold that ends before the parcel leaves is renewed, or the parcel stays until another card pays |
//! | 8 | a coupon of one use in thirty checkouts is used once, and given back by a cancelled order |
//! | 9 | ten times 38.23 € less 6.2 % agree to the cent in cart, order, bank and refunds |
//! | 10 | a price that goes 80, 100, 90 is no reduction; an announced one names the lowest price of the 30 days before |
//! | 11 | what was sold stays as it was sold, and the old page is shown as it was |
//! | 12 | the period of withdrawal begins with the last parcel, and ends with the last minute of its last day |
//! | 13 | a refund is told before it is decided, explained line by line, and credited to the cent per rate of VAT |
//! | 14 | a refund that fails goes back another way |
//! | 15 | a lost parcel is waited for, sent once more or given back, and how often people are needed is a figure |
//! | 16 | invoices issued at once by a server that is killed are numbered without a gap, credit notes too |
//! | – | the refund of a withdrawal that is late, its goods back or on their way, is asked about until it went |
//! | – | a count that finds less than is promised: the youngest order gets units elsewhere, or is rejected and its money let go |
//! | – | where the shop lets paid orders wait for missing units, the oldest is served first, people are asked about late ones until they came |
//! | – | a promotion of a category reaches what stands below it, follows the catalogue, and comes along when its guest signs in |
//! | – | several cards pay one order, a part each; what comes back goes back to the cards that paid it |
//! | – | what is added to a placed order goes along with it and pays no shipping, while the order is paid and nothing of it has left |
//! | 22 | in the worlds of the simulator every promise is kept |

mod additions;
mod back_orders;
mod categories;
mod promotions;
mod refund_deadline;
mod scenario_01;
mod scenario_02;
mod scenario_03;
mod scenario_04;
mod scenario_05;
mod scenario_06;
mod scenario_07;
mod scenario_08;
mod scenario_09;
mod scenario_10;
mod scenario_11;
mod scenario_12;
mod scenario_13;
mod scenario_14;
mod scenario_15;
mod scenario_16;
mod scenario_22;
mod several_payments;
mod shortfall;

use std::sync::Arc;

use app::actor::Role;
use app::clock::{Clock, SystemClock};
use app::stock::ShortfallPolicy;
use serde_json::json;
use testkit::{Book, Engine, TestServer, TestShop};

/// Runs a scenario on both engines that shops are run on.
macro_rules! on_both_engines {
    ($scenario:path) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn on_sqlite() {
            Box::pin($scenario(testkit::Engine::Sqlite)).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn on_postgres() {
            Box::pin($scenario(testkit::Engine::Postgres)).await;
        }
    };
}
use on_both_engines;

/// An open shop behind HTTP.
struct Stage {
    shop: TestShop,
    server: TestServer,
}

impl Stage {
    /// Opens an empty shop. `None` where the engine is not to be had; then that was said in a line.
    async fn open(engine: Engine) -> Option<Self> {
        Self::open_by(engine, Arc::new(SystemClock)).await
    }

    /// Opens an empty shop by a clock of the test's. `None` as for [`Stage::open`].
    async fn open_by(engine: Engine, clock: Arc<dyn Clock>) -> Option<Self> {
        let shop = TestShop::open_by(engine, clock).await?;
        let server = TestServer::start(&shop.started).await;
        Some(Self { shop, server })
    }

    /// Opens an empty shop that deals with missing units of paid orders like this, by a clock of the test's. `None` as for
    /// [`Stage::open`].
    async fn open_under(engine: Engine, clock: Arc<dyn Clock>, policy: ShortfallPolicy) -> Option<Self> {
        let shop = TestShop::open_under(engine, clock, policy).await?;
        let server = TestServer::start(&shop.started).await;
        Some(Self { shop, server })
    }

    /// Puts a book on the shelves, at a price in euro cents.
    async fn book(&self, sku: &str, cents: i64, units: &[i64]) -> Book {
        Book::publish(&self.shop.started.shop, sku, cents, units).await
    }

    /// What there is of a SKU in all places, as staff see it once they have heard all that was answered before: on hand,
    /// available, reserved and allocated.
    async fn stock(&self, sku: &str) -> [i64; 4] {
        let query = "query($sku: String!) { stock(sku: $sku) { onHand available reserved allocated } }";
        let (staff, end) = (self.server.of_role(Role::Staff), self.server.end_of_log());
        let heard = async {
            loop {
                let mut answer = staff.ask_with(&[("after-position", &end)], query, json!({ "sku": sku })).await;
                if answer["extensions"]["consistency"]["stale"] == json!(false) {
                    break answer["data"]["stock"].take();
                }
            }
        };
        let levels = tokio::time::timeout(testkit::PATIENCE, heard).await.expect("stock is followed");
        let levels = levels.as_array().expect("levels");
        let sum = |count: &str| levels.iter().filter_map(|level| level[count].as_i64()).sum();
        ["onHand", "available", "reserved", "allocated"].map(sum)
    }

    /// Waits until a SKU's units on hand, available, reserved and allocated are such: what staff see follows the log, and stock
    /// moves beside parcels and money.
    async fn stock_comes_to(&self, sku: &str, wanted: [i64; 4]) {
        let found = async { while self.stock(sku).await != wanted {} };
        tokio::time::timeout(testkit::PATIENCE, found).await.unwrap_or_else(|_| panic!("{sku} never is {wanted:?}"));
    }

    async fn close(mut self) {
        self.server.stop().await;
        self.shop.stop().await;
    }
}
