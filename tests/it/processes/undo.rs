//! Every undo of checkout to fulfilment.

use std::sync::Arc;

use app::clock::ManualClock;
use domain::cart::{Cart, CartStatus};
use domain::fulfilment::FulfilmentCommand;
use domain::order::{FulfilmentStatus, OrderStatus, PaymentStatus};
use domain::stock::{Stock, stream_id};
use domain::values::{OrderId, Timestamp};
use sagas::checkout::CheckoutStatus;
use testkit::{Book, Engine, TestShop};

use super::shopper::{Shopper, order_when, pack, parcels, staff, task_when, when};

async fn memory() -> TestShop {
    TestShop::open(Engine::Memory).await.expect("memory is everywhere")
}

async fn available(shop: &TestShop, book: &Book) -> i64 {
    app::stock::available(&shop.started.shop, &book.sku).await.expect("stock")
}

/// Asserts that the provider holds nothing and keeps nothing.
fn assert_no_money(shop: &TestShop) {
    for line in shop.simulator().ledger() {
        assert_eq!((line.held.minor(), line.captured.minor() - line.refunded.minor()), (0, 0), "{line:?}");
    }
}

async fn cancel(shop: &TestShop, shopper: &Shopper, order: &OrderId) {
    let reason = "changed my mind".parse().expect("a reason");
    let asked = app::order::request_cancellation(&shop.started.shop, &shopper.request(), order, reason).await;
    asked.expect("can be asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_units_there_is_no_order_and_the_cart_is_open_again() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[1, 1]).await;
    let other = Book::publish(&shop.started.shop, "LIV-2", 500, &[5]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 2), (&other.sku, 1), (&book.sku, 1)], "pm_card_visa").await;
    let (order, answer) = shopper.check_out(&shop, &cart).await;
    let CheckoutStatus::OutOfStock { shortages } = answer else { panic!("{answer:?}") };
    let told: Vec<_> = shortages.iter().map(|short| (&short.sku, short.requested, short.available)).collect();
    assert_eq!(told, [(&book.sku, 3, 2)]);
    when::<Cart>(&shop, cart.as_str(), |cart| cart.status() == CartStatus::Open).await;
    let state = shop.started.shop.bus.load::<domain::order::Order>(order.as_str()).await.expect("loads").state;
    assert_eq!(state.status(), OrderStatus::Absent);
    assert_eq!((available(&shop, &book).await, available(&shop, &other).await), (2, 5));
    assert!(shop.simulator().ledger().is_empty(), "nobody was asked for money");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_not_paid_in_time_is_rejected_and_everything_is_free_again() {
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_micros(1_800_000_000_000_000)));
    let shop = TestShop::with_clock(clock.clone()).await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[1]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_threeDSecure2Required").await;
    let (order, _) = shopper.check_out(&shop, &cart).await;
    assert_eq!(available(&shop, &book).await, 0);
    clock.advance_seconds(shop.started.shop.settings.payment_seconds);
    let state = order_when(&shop, &order, |order| order.status() == OrderStatus::Rejected).await;
    assert_eq!(state.rejection().map(|(code, _)| code), Some("PAYMENT_TIMEOUT"));
    when::<Cart>(&shop, cart.as_str(), |cart| cart.status() == CartStatus::Open).await;
    assert_eq!(available(&shop, &book).await, 1);
    assert_no_money(&shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_order_is_cancelled_until_a_carrier_has_it() {
    for packed in [false, true] {
        let shop = memory().await;
        let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[2]).await;
        let shopper = Shopper::of(&shop);
        let cart = shopper.cart(&[(&book.sku, 2)], "pm_card_visa").await;
        let (order, _) = shopper.check_out(&shop, &cart).await;
        let parcel = parcels(&shop, &order).await.remove(0);
        if packed {
            pack(&shop, &parcel).await;
            order_when(&shop, &order, |order| order.payment_status() == PaymentStatus::Captured).await;
        }
        cancel(&shop, &shopper, &order).await;
        let state = order_when(&shop, &order, |order| order.status() == OrderStatus::Cancelled).await;
        let expected = if packed { PaymentStatus::Refunded } else { PaymentStatus::Voided };
        assert_eq!((state.payment_status(), state.fulfilment_status()), (expected, FulfilmentStatus::Cancelled));
        assert_eq!(available(&shop, &book).await, 2);
        assert_no_money(&shop);
    }
}

/// Turns the clock on, a little at a time, until something is done.
async fn while_time_passes<T>(clock: &ManualClock, work: impl Future<Output = T>) -> T {
    let turning = async {
        loop {
            _ = tokio::time::timeout(std::time::Duration::from_millis(10), std::future::pending::<()>()).await;
            clock.advance_seconds(2);
        }
    };
    tokio::select! {
        done = work => done,
        never = turning => never,
    }
}

#[tokio::test(start_paused = true)]
async fn money_goes_back_also_where_the_provider_does_not_answer_at_first() {
    let clock = Arc::new(ManualClock::starting_at(Timestamp::from_micros(1_800_000_000_000_000)));
    let shop = TestShop::with_clock(clock.clone()).await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[1]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_unavailable").await;
    let (order, answer) = while_time_passes(&clock, shopper.check_out(&shop, &cart)).await;
    assert_eq!(answer, CheckoutStatus::Confirmed);
    let parcel = parcels(&shop, &order).await.remove(0);
    while_time_passes(&clock, pack(&shop, &parcel)).await;
    cancel(&shop, &shopper, &order).await;
    let cancelled = order_when(&shop, &order, |order| order.status() == OrderStatus::Cancelled);
    let state = while_time_passes(&clock, cancelled).await;
    assert_eq!(state.payment_status(), PaymentStatus::Refunded);
    assert_no_money(&shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_waits_for_the_bank_is_cancelled_and_a_late_yes_holds_nothing() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[1]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_threeDSecure2Required").await;
    let (order, answer) = shopper.check_out(&shop, &cart).await;
    let CheckoutStatus::ActionRequired { url, .. } = answer else { panic!("{answer:?}") };
    cancel(&shop, &shopper, &order).await;
    order_when(&shop, &order, |order| order.status() == OrderStatus::Cancelled).await;
    let late = shop.simulator().approve_challenge(url.rsplit('/').next().expect("a reference"));
    assert!(late.is_err(), "the bank was told that nobody waits");
    assert_eq!(available(&shop, &book).await, 1);
    assert_no_money(&shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_has_left_cannot_be_cancelled() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[1]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_visa").await;
    let (order, _) = shopper.check_out(&shop, &cart).await;
    let parcel = parcels(&shop, &order).await.remove(0);
    pack(&shop, &parcel).await;
    app::fulfilment::hand_over(&shop.started.shop, &staff(), &parcel, None).await.expect("leaves");
    order_when(&shop, &order, |order| order.fulfilment_status() == FulfilmentStatus::Shipped).await;
    let reason = "changed my mind".parse().expect("a reason");
    let asked = app::order::request_cancellation(&shop.started.shop, &shopper.request(), &order, reason).await;
    assert_eq!(asked.expect_err("is refused").code(), Some("ALREADY_SHIPPED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capture_that_fails_becomes_a_task_and_the_parcel_stays() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[1]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_captureFails").await;
    let (order, _) = shopper.check_out(&shop, &cart).await;
    let parcel = parcels(&shop, &order).await.remove(0);
    let packed_at = shop.started.shop.clock.now();
    let pack = FulfilmentCommand::Pack { packed_at };
    app::fulfilment::change(&shop.started.shop, &staff(), &parcel, pack).await.expect("is packed");
    let task = task_when(&shop, "capture").await;
    let refused = app::fulfilment::hand_over(&shop.started.shop, &staff(), &parcel, None).await;
    assert!(refused.is_err(), "an unpaid parcel stays");
    let reason = "the card is empty".parse().expect("a reason");
    let (processes, by) = (&shop.started.processes, staff().actor);
    processes.decide_task(&task.task.id, "cancel_order", reason, &by).await.expect("is decided");
    order_when(&shop, &order, |order| order.status() == OrderStatus::Cancelled).await;
    assert_eq!(available(&shop, &book).await, 1);
    assert_no_money(&shop);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_money_of_a_lost_parcel_goes_back_when_staff_decide_so() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[1]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_visa").await;
    let (order, _) = shopper.check_out(&shop, &cart).await;
    let parcel = parcels(&shop, &order).await.remove(0);
    pack(&shop, &parcel).await;
    let write = &shop.started.shop;
    app::fulfilment::hand_over(write, &staff(), &parcel, None).await.expect("leaves");
    let lost = FulfilmentCommand::DeclareLost { reason: "the carrier searched".parse().expect("a reason") };
    app::fulfilment::change(write, &staff(), &parcel, lost).await.expect("is lost");
    let task = task_when(&shop, "parcel_lost").await;
    let reason = "a fortnight is enough".parse().expect("a reason");
    let (processes, by) = (&shop.started.processes, staff().actor);
    processes.decide_task(&task.task.id, "refund", reason, &by).await.expect("is decided");
    let state = order_when(&shop, &order, |order| order.payment_status() == PaymentStatus::Refunded).await;
    assert_eq!(state.refunded().minor(), 1_445);
    order_when(&shop, &order, |order| order.fulfilment_status() == FulfilmentStatus::Lost).await;
    let id = stream_id(&book.sku, &write.settings.locations[0]);
    when::<Stock>(&shop, &id, |stock| (stock.on_hand(), stock.allocated()) == (0, 0)).await;
    assert_no_money(&shop);
    order_when(&shop, &order, |order| order.status() == OrderStatus::Completed).await;
}
