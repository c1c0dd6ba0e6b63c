//! The log is sealed: it verifies after real sales on every engine, leaves and comes in again as the same log, and whoever
//! changes it is found.

mod attacker;
mod exchange;
mod independent;
mod tampering;
mod verifying;

use comptoir::progress::Console;
use comptoir::verify::{Against, Report, check};
use event_store::EventStore;
use serde_json::json;
use testkit::{Book, Engine, TestServer, TestShop};

use crate::http::operations::buy;

/// A shop that is closed and has sold something.
pub struct Sold {
    pub shop: TestShop,
    /// What a witness file holds.
    pub witness: String,
}

/// Opens a shop with a witness, sells, and closes it.
pub async fn sold(engine: Engine, orders: usize) -> Option<Sold> {
    let mut shop = TestShop::witnessed(engine).await?;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_500, &[99]).await;
    let server = TestServer::start(&shop.started).await;
    let shopper = server.guest().await;
    for order in 0..orders {
        let placed = buy(&shopper, &[(&book, 1)], "pm_card_visa", &format!("k-{order}")).await;
        assert_eq!(placed["errors"], json!([]), "{placed}");
    }
    server.stop().await;
    shop.stop().await;
    let witness = shop.config.witness_file.clone().expect("it has a witness");
    let witness = std::fs::read_to_string(witness).expect("the witness was shown checkpoints");
    Some(Sold { shop, witness })
}

pub async fn verified(store: &dyn EventStore, against: &Against) -> Report {
    check(store, against, &Console::silent()).await.expect("the log can be read")
}
