//! Checkout to fulfilment.

use domain::fulfilment::Fulfilment;
use domain::order::{FulfilmentStatus, OrderStatus, PaymentStatus};
use domain::stock::{Stock, stream_id};
use sagas::checkout::CheckoutStatus;
use testkit::{Book, Engine, TestShop};

use super::shopper::{Shopper, deliver, order_when, pack, parcels, when};

async fn memory() -> TestShop {
    TestShop::open(Engine::Memory).await.expect("memory is everywhere")
}

async fn stock(shop: &TestShop, book: &Book, location: usize) -> std::sync::Arc<Stock> {
    let id = stream_id(&book.sku, &shop.started.shop.settings.locations[location]);
    shop.started.shop.bus.load::<Stock>(&id).await.expect("stock").state
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_confirmed_when_its_money_is_held_and_its_units_are_sold() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[5, 5]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 2)], "pm_card_visa").await;
    let (order, answer) = shopper.check_out(&shop, &cart).await;
    assert_eq!(answer, CheckoutStatus::Confirmed);
    let state = order_when(&shop, &order, |order| order.fulfilment_status() == FulfilmentStatus::Requested).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Confirmed, PaymentStatus::Authorised));
    let stock = stock(&shop, &book, 0).await;
    assert_eq!((stock.on_hand(), stock.allocated(), stock.available()), (5, 2, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn money_is_taken_when_packed_and_units_leave_when_handed_over() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[5]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 2)], "pm_card_visa").await;
    let (order, _) = shopper.check_out(&shop, &cart).await;
    let parcel = parcels(&shop, &order).await.remove(0);
    pack(&shop, &parcel).await;
    let state = order_when(&shop, &order, |order| order.payment_status() == PaymentStatus::Captured).await;
    assert_eq!((state.captured().minor(), stock(&shop, &book, 0).await.on_hand()), (2_500, 5));
    deliver(&shop, &order).await;
    let id = stream_id(&book.sku, &shop.started.shop.settings.locations[0]);
    let left = when::<Stock>(&shop, &id, |stock| stock.allocated() == 0).await;
    assert_eq!((left.on_hand(), left.available()), (3, 3));
    let ledger = shop.simulator().ledger();
    assert_eq!(ledger.iter().map(|line| line.captured.minor()).sum::<i64>(), 2_500);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_from_two_warehouses_is_two_parcels_whose_shares_sum_to_what_is_paid() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_001, &[2, 3]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 3), (&book.sku, 2)], "pm_card_visa").await;
    let (order, answer) = shopper.check_out(&shop, &cart).await;
    assert_eq!(answer, CheckoutStatus::Confirmed);
    let parcels = parcels(&shop, &order).await;
    let mut shares = Vec::new();
    for parcel in &parcels {
        let state = when::<Fulfilment>(&shop, parcel.as_str(), |parcel| parcel.share().is_some()).await;
        shares.push(state.share().expect("a share").minor());
    }
    assert_eq!((parcels.len(), shares.iter().sum::<i64>()), (2, 5 * 1_001 + 390));
    deliver(&shop, &order).await;
    let state = order_when(&shop, &order, |order| order.payment_status() == PaymentStatus::Captured).await;
    assert_eq!(state.captured().minor(), 5 * 1_001 + 390);
    for location in &shop.started.shop.settings.locations {
        when::<Stock>(&shop, &stream_id(&book.sku, location), |stock| stock.on_hand() == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_who_passes_the_bank_s_check_has_bought_also_when_the_browser_never_comes_back() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[5]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_threeDSecure2Required").await;
    let (order, answer) = shopper.check_out(&shop, &cart).await;
    let CheckoutStatus::ActionRequired { url, attempt: 1 } = answer else { panic!("{answer:?}") };
    let state = order_when(&shop, &order, |order| order.payment_status() == PaymentStatus::RequiresAction).await;
    assert_eq!(state.status(), OrderStatus::Placed, "the order exists before the buyer leaves for the bank");
    let reference = url.rsplit('/').next().expect("a reference");
    shop.simulator().approve_challenge(reference).expect("the bank asks");
    let state = order_when(&shop, &order, |order| order.status() == OrderStatus::Confirmed).await;
    assert_eq!(state.payment_status(), PaymentStatus::Authorised);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_buyer_pays_with_another_card() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[1]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_chargeDeclinedInsufficientFunds").await;
    let (order, answer) = shopper.check_out(&shop, &cart).await;
    assert_eq!(answer, CheckoutStatus::Declined { code: "insufficient_funds".to_owned(), attempt: 1 });
    order_when(&shop, &order, |order| order.payment_status() == PaymentStatus::Declined).await;
    let method = "pm_card_visa".parse().expect("a token");
    let write = &shop.started.shop;
    app::order::request_payment(write, &shopper.request(), &order, method).await.expect("a further attempt");
    let state = order_when(&shop, &order, |order| order.status() == OrderStatus::Confirmed).await;
    assert_eq!((state.payments().len(), state.authorised().minor()), (2, 1_445));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_gets_lost_is_asked_for_again_and_money_is_held_once() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[9]).await;
    for method in ["pm_card_timeout", "pm_card_unavailable", "pm_card_webhooksTwice", "pm_card_webhooksReordered"] {
        let shopper = Shopper::of(&shop);
        let cart = shopper.cart(&[(&book.sku, 1)], method).await;
        let (order, answer) = shopper.check_out(&shop, &cart).await;
        if method != "pm_card_unavailable" {
            assert_eq!(answer, CheckoutStatus::Confirmed, "{method}");
            deliver(&shop, &order).await;
        }
    }
    let ledger = shop.simulator().ledger();
    assert!(ledger.iter().all(|line| line.captured.minor() == 0 || line.captured.minor() == 1_445), "{ledger:?}");
}
