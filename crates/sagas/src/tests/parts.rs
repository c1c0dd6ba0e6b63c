//! An order that several cards pay, a part each.

use domain::order::{LineUnits, Order, OrderStatus, PaymentStatus};
use domain::returns::{Return, ReturnCommand};
use domain::values::{LineId, OrderId, PaymentId, ReturnId};

use super::bank::{ASKS, Account, DECLINES, HOLD_SECONDS, KEEPS, TAKES_BACK_LATER, TAKES_NOTHING_BACK, VISA};
use super::counter::{Counter, DELIVERY, PAYMENT_SECONDS, buyer, euro, text, units};
use super::invoicing::documents;
use super::returning::{change, inspect, receive, request};
use crate::checkout::RENEW_BEFORE_SECONDS;
use crate::ports::{PaymentNotice, PaymentNoticeKind};

/// What three books and their delivery come to, cents.
const TOTAL: i64 = 3_000 + DELIVERY;
/// What the first card holds of it, cents.
const FIRST: i64 = 2_000;

/// Checks out three books of Paris; the first card is to hold [`FIRST`].
async fn begun(counter: &Counter, method: &str) -> OrderId {
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    let cart = counter.cart(&[(&book, 3)], ("standard", method)).await;
    let paying = (euro(TOTAL), Some(euro(FIRST)));
    let order = app::checkout::start_paying(&counter.shop, &buyer(), &cart, paying).await.expect("it starts").order;
    counter.rest().await;
    order
}

async fn pay(counter: &Counter, order: &OrderId, method: &str, cents: Option<i64>) {
    let wish = (text(method), cents.map(euro));
    app::order::request_part_payment(&counter.shop, &buyer(), order, wish).await.expect("it may");
    counter.rest().await;
}

/// Checks out as [`begun`] does, and pays the rest with another card.
async fn paid(counter: &Counter, methods: [&str; 2]) -> OrderId {
    let order = begun(counter, methods[0]).await;
    pay(counter, &order, methods[1], None).await;
    order
}

async fn accounts(counter: &Counter, order: &OrderId) -> Vec<Account> {
    let payments: Vec<PaymentId> = counter.order(order).await.payments().to_vec();
    payments.iter().map(|payment| counter.bank.account(payment)).collect()
}

fn taken(account: &Account) -> (i64, i64) {
    (account.captured.values().sum(), account.refunded.values().sum())
}

fn money(order: &Order) -> (PaymentStatus, i64, i64, i64) {
    (order.payment_status(), order.authorised().minor(), order.captured().minor(), order.refunded().minor())
}

async fn line(counter: &Counter, order: &OrderId) -> LineId {
    counter.order(order).await.sale().expect("a sale").lines[0].line.clone()
}

/// Sends all three books back and lets them be found as new.
async fn all_come_back(counter: &Counter, order: &OrderId) -> ReturnId {
    let id = request(counter, order, 3).await;
    change(counter, &id, ReturnCommand::Approve).await;
    receive(counter, &id).await;
    inspect(counter, &id, (3, 0, 0)).await;
    id
}

#[tokio::test(start_paused = true)]
async fn an_order_is_owed_once_its_parts_are_the_whole_and_says_until_then_what_is_due() {
    let counter = Counter::open();
    let order = begun(&counter, VISA).await;
    let state = counter.order(&order).await;
    assert_eq!(
        (state.status(), money(&state)),
        (OrderStatus::Placed, (PaymentStatus::PartiallyAuthorised, FIRST, 0, 0))
    );
    assert_eq!(state.payment_due(), euro(TOTAL - FIRST));
    let wish = |cents| (text(VISA), Some(euro(cents)));
    for cents in [0, -1, TOTAL - FIRST + 1] {
        let refused = app::order::request_part_payment(&counter.shop, &buyer(), &order, wish(cents)).await;
        assert_eq!(refused.expect_err("it is no part of what is due").code(), Some("PAYMENT_AMOUNT_INVALID"));
    }
    pay(&counter, &order, DECLINES, Some(490)).await;
    let state = counter.order(&order).await;
    assert_eq!((money(&state), state.payment_due()), ((PaymentStatus::Declined, FIRST, 0, 0), euro(TOTAL - FIRST)));
    pay(&counter, &order, VISA, Some(490)).await;
    assert_eq!(counter.order(&order).await.payment_due(), euro(1_000));
    pay(&counter, &order, VISA, None).await;
    let state = counter.order(&order).await;
    assert_eq!((state.status(), money(&state)), (OrderStatus::Confirmed, (PaymentStatus::Authorised, TOTAL, 0, 0)));
    assert_eq!(state.payment_due(), euro(0));
    let held: Vec<_> = accounts(&counter, &order).await.iter().map(|account| account.held).collect();
    assert_eq!(held, [FIRST, 0, 490, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_parcel_is_paid_by_both_and_invoiced_once_and_what_comes_back_goes_back_to_both() {
    let counter = Counter::open();
    let order = paid(&counter, [VISA, VISA]).await;
    counter.bank.take_asked();
    counter.pack(&order, "paris").await;
    assert_eq!(
        counter.bank.take_asked(),
        [format!("capture {FIRST}, the rest is let go"), "capture 1490, the rest is let go".to_owned()]
    );
    assert_eq!(money(&*counter.order(&order).await), (PaymentStatus::Captured, TOTAL, TOTAL, 0));
    assert_eq!(documents(&counter, &order).await, (vec![TOTAL], vec![]));
    counter.hand_over(&order, "paris").await;
    counter.deliver(&order, "paris").await;

    let id = all_come_back(&counter, &order).await;
    assert_eq!(counter.load::<Return>(id.as_str()).await.refunded(), Some(euro(3_000)));
    let accounts = accounts(&counter, &order).await;
    assert_eq!(accounts.iter().map(taken).collect::<Vec<_>>(), [(FIRST, FIRST), (1_490, 1_000)]);
    assert_eq!(documents(&counter, &order).await.1, [FIRST, 1_000]);
    assert_eq!(money(&*counter.order(&order).await), (PaymentStatus::PartiallyRefunded, TOTAL, TOTAL, 3_000));
    let found = counter.load::<Return>(id.as_str()).await;
    let explained = app::returns::explained(&counter.shop, &id, &found, app::as_of::AsOf::Now);
    let explained = explained.await.expect("it is explained").expect("it was looked into");
    let vat = explained.vat.expect("it is credited");
    assert_eq!((vat.len(), vat[0].gross, vat[0].tax), (1, euro(3_000), euro(156)), "both notes together");
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn lines_that_are_cancelled_after_they_were_paid_go_back_to_the_last_first() {
    let counter = Counter::open();
    let order = paid(&counter, [VISA, VISA]).await;
    counter.pack(&order, "paris").await;
    let lines = vec![LineUnits { line: line(&counter, &order).await, quantity: units(2) }];
    let asked = app::order::request_line_cancellation(&counter.shop, &buyer(), &order, lines, text("no")).await;
    asked.expect("it may");
    counter.rest().await;
    let accounts = accounts(&counter, &order).await;
    assert_eq!(accounts.iter().map(taken).collect::<Vec<_>>(), [(FIRST, 510), (1_490, 1_490)]);
    assert_eq!(documents(&counter, &order).await, (vec![TOTAL], vec![1_490, 510]));
    assert_eq!(money(&*counter.order(&order).await), (PaymentStatus::PartiallyRefunded, TOTAL, TOTAL, 2_000));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_called_off_gives_every_part_back() {
    let counter = Counter::open();
    let order = paid(&counter, [VISA, VISA]).await;
    counter.cancel(&order).await;
    let held: Vec<_> = accounts(&counter, &order).await.iter().map(|account| (account.held, account.is_void)).collect();
    assert_eq!(held, [(0, true), (0, true)]);
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Cancelled, PaymentStatus::Voided));

    let counter = Counter::open();
    let order = begun(&counter, VISA).await;
    counter.pass(PAYMENT_SECONDS).await;
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Rejected);
    assert_eq!(accounts(&counter, &order).await[0].held, 0);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_cannot_be_taken_stops_the_parcel_and_what_was_taken_goes_back_without_an_invoice() {
    let counter = Counter::open();
    let order = paid(&counter, [VISA, KEEPS]).await;
    counter.pack(&order, "paris").await;
    assert_eq!(money(&*counter.order(&order).await), (PaymentStatus::PartiallyCaptured, TOTAL, FIRST, 0));
    assert!(!counter.parcel(&order, "paris").await.1.is_released());
    assert_eq!(documents(&counter, &order).await, (vec![], vec![]));
    counter.decide("capture/", "cancel_order").await;
    let accounts = accounts(&counter, &order).await;
    assert_eq!(accounts.iter().map(taken).collect::<Vec<_>>(), [(FIRST, FIRST), (0, 0)]);
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Cancelled, PaymentStatus::Refunded));
    assert_eq!(documents(&counter, &order).await, (vec![], vec![]));
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_cannot_go_back_is_paid_by_hand_and_both_are_credited() {
    let counter = Counter::open();
    let order = paid(&counter, [VISA, TAKES_NOTHING_BACK]).await;
    counter.send(&order, "paris").await;
    let id = all_come_back(&counter, &order).await;
    assert_eq!(documents(&counter, &order).await.1, [FIRST]);
    assert_eq!(counter.load::<Return>(id.as_str()).await.refunded(), None, "a part of it is still owed");
    counter.decide("refund", "retry").await;
    assert_eq!(accounts(&counter, &order).await.iter().map(taken).collect::<Vec<_>>(), [(FIRST, FIRST), (1_490, 0)]);
    counter.decide("refund", "paid_by_hand").await;
    assert_eq!(counter.load::<Return>(id.as_str()).await.refunded(), Some(euro(3_000)));
    assert_eq!(documents(&counter, &order).await.1, [FIRST, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_return_is_refunded_once_its_last_part_is() {
    let counter = Counter::open();
    let order = paid(&counter, [VISA, TAKES_BACK_LATER]).await;
    counter.send(&order, "paris").await;
    let id = all_come_back(&counter, &order).await;
    assert_eq!(counter.load::<Return>(id.as_str()).await.refunded(), None, "the bank will tell of the rest");
    let payment = counter.attempt(&order).await;
    let kind = PaymentNoticeKind::Refunded { refund: format!("return-{id}.{FIRST}") };
    let notice =
        PaymentNotice { id: "evt_1".to_owned(), provider_reference: super::bank::reference(&payment), payment, kind };
    let body = counter.bank.notify(notice);
    counter.processes.receive_notice(super::bank::SIGNED, &body).await.expect("it is the bank's");
    counter.rest().await;
    assert_eq!(counter.load::<Return>(id.as_str()).await.refunded(), Some(euro(3_000)));
    assert_eq!(documents(&counter, &order).await.1, [FIRST, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn a_buyer_who_pays_all_while_a_part_waits_at_its_bank_is_held_for_all_once() {
    let counter = Counter::open();
    let order = begun(&counter, ASKS).await;
    let first = counter.attempt(&order).await;
    pay(&counter, &order, VISA, None).await;
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Confirmed);
    counter.bank.approve(&first, FIRST);
    counter.pack(&order, "paris").await;
    let accounts = accounts(&counter, &order).await;
    assert_eq!(accounts.iter().map(taken).collect::<Vec<_>>(), [(0, 0), (TOTAL, 0)]);
}

#[tokio::test(start_paused = true)]
async fn each_part_is_held_anew_before_its_end_for_its_own_amount() {
    let counter = Counter::open();
    let order = paid(&counter, [VISA, VISA]).await;
    counter.bank.take_asked();
    counter.pass(HOLD_SECONDS - RENEW_BEFORE_SECONDS).await;
    let held: Vec<_> = accounts(&counter, &order).await.iter().map(|account| account.held).collect();
    assert_eq!(held.iter().sum::<i64>(), TOTAL, "{held:?}");
    counter.pass(RENEW_BEFORE_SECONDS).await;
    let held: Vec<_> = accounts(&counter, &order).await.iter().map(|account| account.held).collect();
    assert_eq!(held, [0, 0, FIRST, TOTAL - FIRST]);
    counter.pack(&order, "paris").await;
    let accounts = accounts(&counter, &order).await;
    assert_eq!(accounts.iter().map(taken).collect::<Vec<_>>(), [(0, 0), (0, 0), (FIRST, 0), (TOTAL - FIRST, 0)]);
    assert_eq!(money(&*counter.order(&order).await).0, PaymentStatus::Captured);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_was_taken_of_a_parcel_that_is_called_off_goes_back_and_is_on_no_document() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [2, 1]).await;
    let cart = counter.cart(&[(&book, 3)], ("standard", VISA)).await;
    let paying = (euro(TOTAL), Some(euro(FIRST)));
    let order = app::checkout::start_paying(&counter.shop, &buyer(), &cart, paying).await.expect("it starts").order;
    counter.rest().await;
    pay(&counter, &order, KEEPS, None).await;
    counter.pack(&order, "lyon").await;
    counter.hand_over(&order, "lyon").await;
    counter.pack(&order, "paris").await;
    counter.decide("capture/", "cancel_order").await;
    counter.decide("partly_cancelled", "refund").await;
    let of_lyon = 1_000 + DELIVERY;
    let taken: Vec<_> = accounts(&counter, &order).await.iter().map(taken).collect();
    assert_eq!(taken, [(FIRST, FIRST - of_lyon), (0, 0)]);
    assert_eq!(documents(&counter, &order).await, (vec![of_lyon], vec![]), "what was never invoiced is not credited");
}
