//! Checkout to fulfilment, and its undos.

use domain::order::{FulfilmentStatus, OrderStatus, PaymentStatus};
use domain::stock::{Stock, stream_id};
use sagas::checkout::CheckoutStatus;
use testkit::{Book, Engine, TestShop};

use super::shopper::{Shopper, order_when};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_confirmed_when_its_money_is_held_and_its_units_are_sold() {
    let shop = TestShop::open(Engine::Memory).await.expect("memory is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[5, 5]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 2)], "pm_card_visa").await;
    let (order, answer) = shopper.check_out(&shop, &cart).await;
    assert_eq!(answer, CheckoutStatus::Confirmed);
    let state = order_when(&shop, &order, |order| order.fulfilment_status() == FulfilmentStatus::Requested).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Confirmed, PaymentStatus::Authorised));
    let location = &shop.started.shop.settings.locations[0];
    let stock = shop.started.shop.bus.load::<Stock>(&stream_id(&book.sku, location)).await.expect("stock").state;
    assert_eq!((stock.on_hand(), stock.allocated(), stock.available()), (5, 2, 3));
}
