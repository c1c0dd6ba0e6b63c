//! Boxes that come back, money that goes back, and the day by which it must.

use domain::order::{PaymentStatus, ReturnedLine};
use domain::returns::{Inspection, Return, ReturnCommand, ReturnStatus};
use domain::values::{OrderId, ReturnId, Sku, Timestamp};

use super::bank::{TAKES_BACK_LATER, TAKES_NOTHING_BACK, VISA};
use super::counter::{Counter, DELIVERY, at, buyer, euro, staff, text, units};
use crate::engine::StepError;
use crate::engine::Worker;
use crate::returns::{REFUND_PREFIX, ReturnInput, ReturnStep, ReturnToRefund, TASK_REFUND_DUE};

const DAY: i64 = 86_400;
/// 2026-11-17T00:00:00+01:00, the day after the fourteenth from the Monday on which everything happens.
const DUE_AT: Timestamp = Timestamp::from_micros(1_794_870_000_000_000);

/// Buys books and lets them arrive.
async fn delivered(counter: &Counter, count: i64, method: &str) -> (Sku, OrderId) {
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    let order = counter.buy(&[(&book, count)], method).await;
    counter.send(&order, "paris").await;
    counter.bank.take_asked();
    (book, order)
}

/// Asks for units of the first line to come back.
pub(super) async fn request(counter: &Counter, order: &OrderId, count: i64) -> ReturnId {
    let line = counter.order(order).await.sale().expect("a sale").lines[0].line.clone();
    let lines = vec![ReturnedLine { line, quantity: units(count) }];
    let asked = app::returns::request(&counter.shop, &buyer(), order, lines, text("too many")).await;
    counter.rest().await;
    asked.expect("it may come back").0.id.parse().expect("a return id")
}

async fn withdraw(counter: &Counter, order: &OrderId) -> ReturnId {
    let declared = app::returns::declare_withdrawal(&counter.shop, &buyer(), order, None).await.expect("in time").1;
    let id = declared.return_id;
    app::returns::confirm_withdrawal(&counter.shop, &buyer(), order, &id).await.expect("it was declared");
    counter.rest().await;
    id
}

pub(super) async fn change(counter: &Counter, id: &ReturnId, command: ReturnCommand) {
    app::returns::change(&counter.shop, &staff(), id, command).await.expect("the return goes on");
    counter.rest().await;
}

pub(super) async fn receive(counter: &Counter, id: &ReturnId) {
    change(counter, id, ReturnCommand::Receive { location: at("lyon") }).await;
}

/// Looks into a box: units as new, damaged and missing.
pub(super) async fn inspect(counter: &Counter, id: &ReturnId, (resalable, damaged, missing): (u32, u32, u32)) {
    let line = counter.load::<Return>(id.as_str()).await.lines()[0].line.clone();
    let items = vec![Inspection { line, resalable, damaged, missing, deduction: None }];
    change(counter, id, ReturnCommand::Inspect { items }).await;
}

async fn status(counter: &Counter, id: &ReturnId) -> ReturnStatus {
    counter.load::<Return>(id.as_str()).await.status()
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_is_counted_in_where_it_arrives_written_off_where_damaged_and_paid_back_once() {
    let counter = Counter::open();
    let (book, order) = delivered(&counter, 3, VISA).await;
    let id = request(&counter, &order, 3).await;
    change(&counter, &id, ReturnCommand::Approve).await;
    receive(&counter, &id).await;
    inspect(&counter, &id, (1, 1, 1)).await;
    assert_eq!(status(&counter, &id).await, ReturnStatus::Resolved);
    assert_eq!(counter.load::<Return>(id.as_str()).await.refunded(), Some(euro(2_000)));
    assert_eq!(counter.bank.take_asked(), ["refund 2000"]);
    let account = counter.bank.account(&counter.attempt(&order).await);
    assert_eq!(account.refunded.into_iter().collect::<Vec<_>>(), [(format!("{REFUND_PREFIX}{id}"), 2_000)]);
    let state = counter.order(&order).await;
    assert_eq!((state.payment_status(), state.refunded()), (PaymentStatus::PartiallyRefunded, euro(2_000)));
    assert_eq!((counter.shelf(&book, "lyon").await, counter.shelf(&book, "paris").await), ([1, 0, 0], [2, 0, 0]));
    let moved: Vec<_> =
        counter.events(&["stock"]).await.iter().rev().take(2).map(|event| event.payload.get().to_owned()).collect();
    assert!(moved[1].contains("\"stock.restocked\"") && moved[1].contains("\"quantity\":2"), "{moved:?}");
    assert!(moved[0].contains("\"stock.written_off\"") && moved[0].contains("\"quantity\":1"), "{moved:?}");
    assert!(moved[0].contains(&format!("damaged, came back with {id}")), "{moved:?}");
    let again = Worker::<ReturnToRefund>::perform(&counter.hands, id.as_str(), &ReturnStep::MoveStock, &staff()).await;
    assert_eq!((again, counter.shelf(&book, "lyon").await), (Ok(ReturnInput::StockMoved), [1, 0, 0]), "counted once");
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn units_of_a_box_that_has_not_arrived_cannot_be_counted() {
    let counter = Counter::open();
    let (_, order) = delivered(&counter, 1, VISA).await;
    let id = request(&counter, &order, 1).await;
    let counted =
        Worker::<ReturnToRefund>::perform(&counter.hands, id.as_str(), &ReturnStep::MoveStock, &staff()).await;
    assert_eq!(counted, Err(StepError::Stuck("the box has not arrived".to_owned())));
    let owner =
        Worker::<ReturnToRefund>::owner(&counter.hands, &event_store::StreamId::new("return", id.as_str())).await;
    assert_eq!(owner.expect("nothing is read"), None, "whoever tells a return something knows its id");
}

#[tokio::test(start_paused = true)]
async fn a_return_that_is_refused_gives_its_units_free_to_come_back() {
    let counter = Counter::open();
    let (_, order) = delivered(&counter, 2, VISA).await;
    let id = request(&counter, &order, 2).await;
    let state = counter.order(&order).await;
    let line = &state.sale().expect("a sale").lines[0].line;
    assert_eq!(state.returnable(line), 0);
    change(&counter, &id, ReturnCommand::Refuse { reason: text("it was read") }).await;
    assert_eq!(counter.order(&order).await.returnable(line), 2);
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_fails_is_paid_by_hand_and_one_that_is_pending_is_told_later() {
    let counter = Counter::open();
    let (_, order) = delivered(&counter, 1, TAKES_NOTHING_BACK).await;
    let id = request(&counter, &order, 1).await;
    change(&counter, &id, ReturnCommand::Approve).await;
    receive(&counter, &id).await;
    inspect(&counter, &id, (1, 0, 0)).await;
    let task = counter.task("refund");
    assert_eq!((task.kind, task.process.as_str()), ("return_to_refund", id.as_str()));
    assert!(task.task.question.contains("charge_closed"));
    assert_eq!(status(&counter, &id).await, ReturnStatus::Inspected);
    counter.decide("refund", "paid_by_hand").await;
    assert_eq!(status(&counter, &id).await, ReturnStatus::Resolved);

    let counter = Counter::open();
    let (_, order) = delivered(&counter, 1, TAKES_BACK_LATER).await;
    let id = request(&counter, &order, 1).await;
    change(&counter, &id, ReturnCommand::Approve).await;
    receive(&counter, &id).await;
    inspect(&counter, &id, (1, 0, 0)).await;
    assert_eq!((status(&counter, &id).await, counter.processes.tasks()), (ReturnStatus::Inspected, vec![]));
    let refund = format!("{REFUND_PREFIX}{id}");
    let told = domain::payment::PaymentCommand::RecordRefund { refund };
    app::payment::record(&counter.shop, &staff(), &counter.attempt(&order).await, told).await.expect("it is told");
    counter.rest().await;
    assert_eq!(status(&counter, &id).await, ReturnStatus::Resolved);
}

#[tokio::test(start_paused = true)]
async fn goodwill_is_sent_once_and_noted_on_the_order() {
    let counter = Counter::open();
    let (_, order) = delivered(&counter, 1, VISA).await;
    let payment = counter.attempt(&order).await;
    let asked = app::payment::request_refund(&counter.shop, &staff(), &payment, euro(150), text("it came late")).await;
    asked.expect("it may");
    counter.rest().await;
    assert_eq!(counter.bank.take_asked(), ["refund 150"]);
    assert_eq!(counter.order(&order).await.refunded(), euro(150));
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn goodwill_that_a_card_does_not_take_is_a_question() {
    let counter = Counter::open();
    let (_, order) = delivered(&counter, 1, TAKES_NOTHING_BACK).await;
    let payment = counter.attempt(&order).await;
    let asked = app::payment::request_refund(&counter.shop, &staff(), &payment, euro(150), text("it came late")).await;
    asked.expect("it may");
    counter.rest().await;
    assert_eq!(counter.task("refund").kind, "goodwill_refund");
    counter.decide("refund", "retry").await;
    assert_eq!(counter.bank.take_asked(), ["refund 150", "refund 150"]);
    counter.decide("refund", "paid_by_hand").await;
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn the_refund_of_a_withdrawal_whose_box_lies_unopened_is_late_after_its_day() {
    let counter = Counter::open();
    let (_, order) = delivered(&counter, 1, VISA).await;
    let id = withdraw(&counter, &order).await;
    assert_eq!(counter.load::<Return>(id.as_str()).await.refund_due_at(), Some(DUE_AT));
    counter.clock.advance_seconds(3 * DAY);
    receive(&counter, &id).await;
    let to_midnight = (DUE_AT.micros() - counter.shop.clock.now().micros()) / 1_000_000;
    counter.pass(to_midnight - 1).await;
    assert_eq!(counter.processes.tasks(), [], "there is a second left");
    counter.pass(1).await;
    let task = counter.task(TASK_REFUND_DUE);
    assert_eq!((task.kind, task.process.as_str(), task.task.due_at), ("return_to_refund", id.as_str(), Some(DUE_AT)));

    counter.decide(TASK_REFUND_DUE, "ask_tomorrow").await;
    assert_eq!(counter.processes.tasks(), []);
    counter.pass(DAY).await;
    counter.task(TASK_REFUND_DUE);
    inspect(&counter, &id, (1, 0, 0)).await;
    assert_eq!(counter.load::<Return>(id.as_str()).await.refunded(), Some(euro(1_000 + DELIVERY)));
    assert_eq!(counter.processes.tasks(), [], "it went meanwhile");
    counter.pass(2 * DAY).await;
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn the_shop_may_wait_for_the_goods_until_they_are_proved_to_be_on_their_way() {
    let counter = Counter::open();
    let (_, order) = delivered(&counter, 1, VISA).await;
    let id = withdraw(&counter, &order).await;
    counter.pass(20 * DAY).await;
    let events = counter.events(&["return_to_refund"]).await;
    assert!(events.iter().any(|event| event.event_type == "process.timer_fired"), "its day is over");
    assert_eq!(counter.processes.tasks(), [], "the goods are with the buyer");
    let counter = counter.restarted();
    counter.processes.recover().await.expect("the log is there");
    let shipment = (text("colissimo"), text("8R0"));
    app::returns::ship_back(&counter.shop, &buyer(), &id, shipment).await.expect("it is theirs");
    counter.rest().await;
    assert_eq!(counter.task(TASK_REFUND_DUE).task.due_at, Some(DUE_AT));
    receive(&counter, &id).await;
    assert_eq!(counter.processes.tasks().len(), 1, "it is asked once");
    counter.decide(TASK_REFUND_DUE, "settled").await;
    inspect(&counter, &id, (1, 0, 0)).await;
    assert_eq!(status(&counter, &id).await, ReturnStatus::Resolved);
}

#[tokio::test(start_paused = true)]
async fn a_refund_in_time_is_never_asked_about() {
    let counter = Counter::open();
    let (_, order) = delivered(&counter, 1, VISA).await;
    let id = withdraw(&counter, &order).await;
    receive(&counter, &id).await;
    inspect(&counter, &id, (1, 0, 0)).await;
    assert_eq!(status(&counter, &id).await, ReturnStatus::Resolved);
    let records = counter.events(&["return_to_refund"]).await;
    let count = |kind: &str| records.iter().filter(|event| event.event_type == kind).count();
    assert_eq!((count("process.timer_set"), count("process.timer_stopped"), count("process.ended")), (1, 1, 1));
}
