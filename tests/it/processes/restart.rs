//! A shop that was stopped goes on where it was.

use domain::order::{FulfilmentStatus, OrderStatus, PaymentStatus};
use sagas::checkout::CheckoutStatus;
use test_kurrentdb::TestKurrentDb;
use testkit::{Book, Engine, TestShop};

use super::shopper::{Shopper, deliver, order_when};

async fn a_restart_keeps_what_waits(engine: Engine) {
    if let Some(shop) = TestShop::open(engine).await {
        what_waits_is_kept(shop).await;
    }
}

async fn what_waits_is_kept(shop: TestShop) {
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[5]).await;
    let shopper = Shopper::of(&shop);
    let waiting = shopper.cart(&[(&book.sku, 1)], "pm_card_threeDSecure2Required").await;
    let (waiting, answer) = shopper.check_out(&shop, &waiting).await;
    let CheckoutStatus::ActionRequired { url, .. } = answer else { panic!("{answer:?}") };
    let bought = shopper.cart(&[(&book.sku, 1)], "pm_card_visa").await;
    let (bought, _) = shopper.check_out(&shop, &bought).await;
    let shop = shop.reopen().await;
    shop.simulator().approve_challenge(url.rsplit('/').next().expect("a reference")).expect("the bank asks");
    let state = order_when(&shop, &waiting, |order| order.fulfilment_status() == FulfilmentStatus::Requested).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Confirmed, PaymentStatus::Authorised));
    deliver(&shop, &bought).await;
    order_when(&shop, &bought, |order| order.payment_status() == PaymentStatus::Captured).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_waits_on_sqlite() {
    a_restart_keeps_what_waits(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_waits_on_postgres() {
    a_restart_keeps_what_waits(Engine::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_what_waits_on_kurrentdb() {
    let server = TestKurrentDb::start().await;
    what_waits_is_kept(TestShop::on_kurrentdb(server.url()).await).await;
}
