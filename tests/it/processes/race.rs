//! Many buyers, few units.

use domain::order::{Order, OrderStatus};
use domain::stock::{Stock, stream_id};
use futures_util::future::join_all;
use sagas::checkout::CheckoutStatus;
use testkit::{Book, Engine, TestShop};

use super::shopper::Shopper;

async fn fifty_buyers_for_five_units(engine: Engine) {
    let Some(shop) = TestShop::open(engine).await else { return };
    let book = Book::publish(&shop.started.shop, "LIV-RARE", 1_055, &[3, 2]).await;
    let buyers = (0..50).map(|_| async {
        let shopper = Shopper::of(&shop);
        let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_visa").await;
        shopper.check_out(&shop, &cart).await
    });
    let answers = join_all(buyers).await;
    let sold = answers.iter().filter(|(_, answer)| *answer == CheckoutStatus::Confirmed).count();
    let refused = answers.iter().filter(|(_, answer)| match answer {
        CheckoutStatus::OutOfStock { shortages } => shortages.len() == 1 && shortages[0].requested == 1,
        _ => false,
    });
    assert_eq!((sold, refused.count()), (5, 45), "{answers:?}");
    for (order, answer) in &answers {
        let state = shop.started.shop.bus.load::<Order>(order.as_str()).await.expect("loads").state;
        let exists = state.status() != OrderStatus::Absent;
        assert_eq!(exists, *answer == CheckoutStatus::Confirmed, "{order}");
    }
    assert_eq!(shop.simulator().ledger().len(), 5, "no payment of the refused");
    for (location, units) in shop.started.shop.settings.locations.iter().zip([3, 2]) {
        let id = stream_id(&book.sku, location);
        let stock = shop.started.shop.bus.load::<Stock>(&id).await.expect("stock").state;
        assert_eq!((stock.allocated(), stock.reserved(), stock.available()), (units, 0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_units_are_sold_to_five_of_fifty_buyers_in_memory() {
    fifty_buyers_for_five_units(Engine::Memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_units_are_sold_to_five_of_fifty_buyers_on_sqlite() {
    fifty_buyers_for_five_units(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_units_are_sold_to_five_of_fifty_buyers_on_postgres() {
    fifty_buyers_for_five_units(Engine::Postgres).await;
}
