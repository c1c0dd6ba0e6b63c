//! A real standby of PostgreSQL answers what may lag, and nothing else.

use serde_json::{Value, json};
use testkit::{Book, Client, TestPostgres, TestServer, TestShop};
use tokio::time::{Duration, timeout};

use super::operations::create;
use app::actor::Role;

const STOCK: &str = "query($sku: String!) { stock(sku: $sku) { onHand } }";
const RECEIVE: &str = "mutation($i: StockReceiveInput!, $k: String!) { stockReceive(input: $i, idempotencyKey: $k)
    { result { version } errors { code message } position } }";
/// How long something that comes by itself may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// What only the write side reads: the standby is never asked for it.
const LOG_TABLES: [&str; 6] = ["FROM events", "FROM commands", "FROM log_head", "secrets", "marks", "INSERT"];

/// A shop that knows of a standby, and the staff who ask.
struct Scene {
    primary: TestPostgres,
    standby: TestPostgres,
    shop: TestShop,
    server: TestServer,
    staff: Client,
    book: Book,
}

impl Scene {
    async fn open() -> Option<Self> {
        let primary = TestPostgres::start()?;
        let (url, standby) = (primary.create_database(), primary.start_standby());
        let name = url.split(['/', '?']).nth(3).expect("a URL names its database");
        let shop = TestShop::with_standby(url.clone(), standby.url(name)).await;
        let book = Book::publish(&shop.started.shop, "LIV-1", 500, &[10]).await;
        let server = TestServer::start(&shop.started).await;
        let staff = server.of_role(Role::Staff);
        Some(Self { primary, standby, shop, server, staff, book })
    }

    /// How many of these questions the standby has been asked.
    fn asked(&self) -> usize {
        self.standby.log().matches("\"stock_levels\"").count()
    }

    async fn on_hand(&self, headers: &[(&str, &str)]) -> i64 {
        let answer = self.staff.ask_with(headers, STOCK, json!({ "sku": self.book.sku.as_str() })).await;
        on_hand(&answer["data"]["stock"][0])
    }

    /// Receives units, and returns the position of that.
    async fn receive(&self, key: &str) -> String {
        let input = json!({ "sku": self.book.sku.as_str(), "location": "paris", "quantity": 1, "reference": "test" });
        let answer = self.staff.call(RECEIVE, json!({ "i": input, "k": key })).await;
        answer["stockReceive"]["position"].as_str().expect("a position").to_owned()
    }

    async fn until_on_hand(&self, units: i64) {
        let shown = async { while self.on_hand(&[]).await != units {} };
        timeout(PATIENCE, shown).await.expect("it is shown in the end");
    }

    /// Asks until the standby has been asked once more.
    async fn until_standby_is_asked(&self) {
        let asked = self.asked();
        let asking = async {
            while self.asked() == asked {
                self.on_hand(&[]).await;
            }
        };
        timeout(PATIENCE, asking).await.expect("the standby is asked once it is known to follow");
    }

    fn replay(&self, what: &str) {
        let done = self.standby.program("psql").args(["-qc", &format!("VALUES (pg_wal_replay_{what}())")]).output();
        assert!(done.expect("psql runs").status.success(), "{what}");
    }
}

/// None are on hand before the read models have heard of the book.
fn on_hand(level: &Value) -> i64 {
    if level.is_null() { 0 } else { level["onHand"].as_i64().expect("a number") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_answers_what_may_lag_and_no_decision_asks_it() {
    let Some(scene) = Scene::open().await else { return };
    scene.until_standby_is_asked().await;
    scene.until_on_hand(10).await;

    let asked = scene.asked();
    let position = scene.receive("first").await;
    let own = scene.on_hand(&[("After-Position", &position), ("Consistency", "strict")]).await;
    assert_eq!((own, scene.asked()), (11, asked), "whoever asks for their own writes is answered by the primary");
    let cart = create(&scene.server.guest().await, &[(&scene.book, 2)]).await;
    assert_eq!(cart["errors"], json!([]), "{cart}");
    scene.until_standby_is_asked().await;
    let log = scene.standby.log();
    for table in LOG_TABLES {
        assert!(!log.contains(table), "the standby was asked about {table}");
    }
    scene.until_on_hand(11).await;

    // One that is far behind is not asked, and one that follows again is.
    scene.replay("pause");
    scene.receive("second").await;
    scene.until_on_hand(12).await;
    scene.replay("resume");
    scene.until_standby_is_asked().await;

    let Scene { primary, standby, mut shop, server, staff, book } = scene;
    drop(standby);
    let answer = staff.call(STOCK, json!({ "sku": book.sku.as_str() })).await;
    assert_eq!(on_hand(&answer["stock"][0]), 12, "one that is lost is not missed");
    server.stop().await;
    shop.stop().await;
    drop(primary);
}
