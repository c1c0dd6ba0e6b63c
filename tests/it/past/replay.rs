//! `comptoir replay --until … --into …`: the read models of a closed shop as they were.

use comptoir::past::replay_until;
use comptoir::progress::Console;
use domain::order::OrderStatus;
use testkit::{Book, Engine, TempFolder, TestPostgres, TestShop};

use crate::processes::shopper::{Shopper, order_when};

#[tokio::test(flavor = "multi_thread")]
async fn two_replays_of_the_same_past_on_two_engines_have_the_same_fingerprints() {
    let mut shop = TestShop::open(Engine::Sqlite).await.expect("SQLite is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 999, &[10]).await;
    let shopper = Shopper::of(&shop);
    for _ in 0..2 {
        let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_visa").await;
        let (order, _) = shopper.check_out(&shop, &cart).await;
        order_when(&shop, &order, |order| order.status() == OrderStatus::Confirmed).await;
    }
    let middle = shop.started.store.head().borrow().0 / 2;
    shop.stop().await;
    let (config, folder, console) = (shop.config.clone(), TempFolder::new(), Console::stderr());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let replay = async |until: &str, into: &str| replay_until(&config, until, into, &console).await;

    let then = replay(&middle.to_string(), &file("then.sqlite")).await.expect("is built");
    assert!(
        then.starts_with(&format!("as of position {middle}\n")) && then.lines().count() == 1 + projections::all().len(),
        "{then}"
    );
    let now = replay("2026-01-01T00:00:00Z", &file("before.sqlite")).await.expect("is built");
    assert!(now.starts_with("as of position 0\n"), "{now}");
    for (until, into, part) in [
        ("1", file("then.sqlite"), "exists"),
        ("yesterday", file("x.sqlite"), "such as"),
        ("2999-01-01T00:00:00Z", file("x.sqlite"), "has not come"),
        ("999999", file("x.sqlite"), "ends at"),
    ] {
        let refused = replay(until, &into).await.expect_err("is refused");
        assert!(format!("{refused:#}").contains(part), "{refused:#}");
    }
    let Some(server) = TestPostgres::shared() else { return };
    let url = server.create_database();
    assert_eq!(replay(&middle.to_string(), &url).await.expect("is built"), then);
    let again = replay(&middle.to_string(), &url).await.expect_err("holds read models");
    assert!(format!("{again:#}").contains("already"), "{again:#}");
}
