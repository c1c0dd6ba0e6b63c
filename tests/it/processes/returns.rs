//! Return to refund.

use domain::order::{OrderStatus, PaymentStatus, ReturnedLine};
use domain::returns::{Inspection, Return, ReturnCommand, ReturnStatus};
use domain::stock::{Stock, stream_id};
use domain::values::{OrderId, Quantity, ReturnId};
use testkit::{Book, Engine, TestShop};

use super::shopper::{Shopper, deliver, order_when, staff, task_when, when};

async fn delivered(units: i64, method: &str) -> (TestShop, Book, Shopper, OrderId) {
    let shop = TestShop::open(Engine::Memory).await.expect("memory is everywhere");
    let book = Book::publish(&shop.started.shop, "LIV-1", 999, &[10]).await;
    let shopper = Shopper::of(&shop);
    let cart = shopper.cart(&[(&book.sku, units)], method).await;
    let (order, _) = shopper.check_out(&shop, &cart).await;
    deliver(&shop, &order).await;
    (shop, book, shopper, order)
}

pub async fn request(shop: &TestShop, shopper: &Shopper, order: &OrderId, units: i64) -> ReturnId {
    let state = shop.started.shop.bus.load::<domain::order::Order>(order.as_str()).await.expect("loads").state;
    let line = state.sale().expect("a sale").lines[0].line.clone();
    let lines = vec![ReturnedLine { line, quantity: Quantity::new(units).expect("a quantity") }];
    let reason = "a gift too many".parse().expect("a reason");
    let asked = app::returns::request(&shop.started.shop, &shopper.request(), order, lines, reason).await;
    asked.expect("can be returned").0.id.parse().expect("a return id")
}

pub async fn arrive(shop: &TestShop, return_id: &ReturnId, resalable: u32, damaged: u32) {
    let write = &shop.started.shop;
    let location = write.settings.locations[0].clone();
    for command in [ReturnCommand::Approve, ReturnCommand::Receive { location }] {
        app::returns::change(write, &staff(), return_id, command).await.expect("goes on");
    }
    let line = write.bus.load::<Return>(return_id.as_str()).await.expect("loads").state.lines()[0].line.clone();
    let items = vec![Inspection { line, resalable, damaged, missing: 0, deduction: None }];
    app::returns::change(write, &staff(), return_id, ReturnCommand::Inspect { items }).await.expect("is inspected");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_refunded_to_the_cent_and_counted_in() {
    let (shop, book, shopper, order) = delivered(3, "pm_card_visa").await;
    let return_id = request(&shop, &shopper, &order, 2).await;
    arrive(&shop, &return_id, 1, 1).await;
    let resolved = when::<Return>(&shop, return_id.as_str(), |found| found.status() == ReturnStatus::Resolved).await;
    assert_eq!(resolved.refunded().map(|money| money.minor()), Some(1_998));
    let state = order_when(&shop, &order, |order| order.refunded().minor() > 0).await;
    assert_eq!((state.refunded().minor(), state.payment_status()), (1_998, PaymentStatus::PartiallyRefunded));
    let id = stream_id(&book.sku, &shop.started.shop.settings.locations[0]);
    let stock = shop.started.shop.bus.load::<Stock>(&id).await.expect("stock").state;
    assert_eq!(stock.on_hand(), 10 - 3 + 1, "one is resalable, one is written off");
    assert_eq!(state.status(), OrderStatus::Confirmed);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_back_twice_and_a_refused_return_may_be_asked_for_again() {
    let (shop, _, shopper, order) = delivered(2, "pm_card_visa").await;
    let return_id = request(&shop, &shopper, &order, 2).await;
    let state = shop.started.shop.bus.load::<domain::order::Order>(order.as_str()).await.expect("loads").state;
    let line = state.sale().expect("a sale").lines[0].line.clone();
    let again = vec![ReturnedLine { line: line.clone(), quantity: Quantity::new(1).expect("a quantity") }];
    let reason = "again".parse().expect("a reason");
    let asked = app::returns::request(&shop.started.shop, &shopper.request(), &order, again, reason).await;
    assert_eq!(asked.expect_err("is refused").code(), Some("NOT_RETURNABLE"));
    let refuse = ReturnCommand::Refuse { reason: "it was read".parse().expect("a reason") };
    app::returns::change(&shop.started.shop, &staff(), &return_id, refuse).await.expect("is refused");
    order_when(&shop, &order, |order| order.returnable(&line) == 2).await;
    request(&shop, &shopper, &order, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_is_a_task_and_its_money_may_be_paid_by_hand() {
    let (shop, _, shopper, order) = delivered(1, "pm_card_refundFails").await;
    let return_id = request(&shop, &shopper, &order, 1).await;
    arrive(&shop, &return_id, 1, 0).await;
    let task = task_when(&shop, "refund").await;
    assert_eq!(task.process, return_id.to_string());
    let reason = "a cheque was sent".parse().expect("a reason");
    let by = staff().actor;
    shop.started.processes.decide_task(&task.task.id, "paid_by_hand", reason, &by).await.expect("is decided");
    when::<Return>(&shop, return_id.as_str(), |found| found.status() == ReturnStatus::Resolved).await;
    let state = shop.started.shop.bus.load::<domain::order::Order>(order.as_str()).await.expect("loads").state;
    assert_eq!(state.refunded().minor(), 0, "the card got nothing back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_is_pending_is_resolved_by_the_provider_s_notice() {
    let (shop, _, shopper, order) = delivered(1, "pm_card_refundPending").await;
    let return_id = request(&shop, &shopper, &order, 1).await;
    arrive(&shop, &return_id, 1, 0).await;
    when::<Return>(&shop, return_id.as_str(), |found| found.status() == ReturnStatus::Resolved).await;
}
