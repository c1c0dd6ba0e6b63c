//! All kinds of processes as one: their tasks, their status, their answers, and how they are found again.

use std::time::Duration;

use domain::order::OrderStatus;
use domain::returns::ReturnCommand;
use domain::values::{OrderId, TaskId};
use tokio::sync::watch;
use uuid::Uuid;

use super::bank::{ASKS, KEEPS, TAKES_NOTHING_BACK, VISA, silent};
use super::counter::{Counter, buyer, euro, staff, text};
use super::returning;
use crate::Processes;
use crate::checkout::CheckoutStatus;
use crate::engine::{EngineError, RETRY_AFTER_SECONDS};

const KINDS: [&str; 4] = ["checkout", "goodwill_refund", "order_to_invoice", "return_to_refund"];

/// Lets each kind of process ask people something.
async fn all_ask(counter: &Counter) {
    let book = counter.book("LIV-1", 1_000, [9, 0]).await;
    let kept = counter.buy(&[(&book, 1)], KEEPS).await;
    counter.pack(&kept, "paris").await;
    let order = counter.buy(&[(&book, 1)], TAKES_NOTHING_BACK).await;
    counter.send(&order, "paris").await;
    let payment = counter.attempt(&order).await;
    let goodwill = app::payment::request_refund(&counter.shop, &staff(), &payment, euro(100), text("late")).await;
    goodwill.expect("it may");
    let id = returning::request(counter, &order, 1).await;
    returning::change(counter, &id, ReturnCommand::Approve).await;
    returning::receive(counter, &id).await;
    returning::inspect(counter, &id, (1, 0, 0)).await;
}

fn kinds_of_tasks(processes: &Processes) -> Vec<&'static str> {
    let mut kinds: Vec<_> = processes.tasks().iter().map(|open| open.kind).collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_asked_for_its_tasks_and_told_what_was_decided() {
    let counter = Counter::open();
    all_ask(&counter).await;
    let asking = ["checkout", "goodwill_refund", "return_to_refund"];
    assert_eq!(kinds_of_tasks(&counter.processes), asking);
    let status = counter.processes.status();
    let mut kinds: Vec<_> = status.iter().map(|one| one.kind).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, KINDS);
    let mut named = Processes::KINDS;
    named.sort_unstable();
    assert_eq!(named, KINDS);
    for one in &status {
        let tasks = usize::from(asking.contains(&one.kind));
        assert_eq!(one.tasks, tasks, "{}", one.kind);
        assert!(one.position > 0 && (one.open >= tasks), "{one:?}");
    }
    for kind in asking {
        let open = counter.processes.tasks().into_iter().find(|open| open.kind == kind).expect("it asks");
        let by = staff().actor;
        let unknown = counter.processes.decide_task(&open.task.id, "what", text("no"), &by).await;
        assert!(matches!(unknown, Err(EngineError::ChoiceUnknown(choices)) if choices == open.task.choices));
        let last = open.task.choices.last().expect("a choice");
        let decided = counter.processes.decide_task(&open.task.id, last, text("so be it"), &by).await;
        assert_eq!(decided.expect("it is decided"), open);
        let again = counter.processes.decide_task(&open.task.id, last, text("so be it"), &by).await;
        assert!(matches!(again, Err(EngineError::TaskUnknown)), "{kind}");
    }
    counter.rest().await;
    assert_eq!(counter.processes.tasks(), []);
    let nobody = TaskId::from_uuid(Uuid::from_u128(99));
    let unknown = counter.processes.decide_task(&nobody, "retry", text("no"), &staff().actor).await;
    assert!(matches!(unknown, Err(EngineError::TaskUnknown)));
}

#[tokio::test(start_paused = true)]
async fn what_was_under_way_is_found_again_after_a_start_and_by_whoever_only_looks() {
    let counter = Counter::open();
    all_ask(&counter).await;
    let asking = kinds_of_tasks(&counter.processes);
    let counter = counter.restarted();
    assert_eq!(counter.processes.tasks(), []);
    counter.processes.survey().await.expect("the log is there");
    assert_eq!(kinds_of_tasks(&counter.processes), asking);
    let counter = counter.restarted();
    counter.processes.recover().await.expect("the log is there");
    assert_eq!(kinds_of_tasks(&counter.processes), asking);
    let book = "LIV-1".parse().expect("a SKU");
    let order = counter.buy(&[(&book, 1)], VISA).await;
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Confirmed, "it goes on");
}

#[tokio::test(start_paused = true)]
async fn a_process_that_holds_the_lease_moves_orders_on_and_one_that_observes_shows_them() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [9, 0]).await;
    let (stop, shutdown) = watch::channel(false);
    let observer = Processes::new(counter.shop.clone(), counter.bank.clone(), counter.post.clone());
    observer.survey().await.expect("the log is there");
    counter.processes.survey().await.expect("the log is there");
    let (leading, looking) = (counter.processes.clone(), observer.clone());
    let (first, second) = (shutdown.clone(), shutdown);
    let runs = [
        tokio::spawn(async move { Box::pin(leading.run_in_turns(Uuid::from_u128(1), first)).await }),
        tokio::spawn(async move { looking.observe(second).await }),
    ];
    let cart = counter.cart(&[(&book, 1)], ("standard", KEEPS)).await;
    let order = counter.start(&cart).await;
    let answer = observer.checkout_answer(&order, Duration::from_secs(600)).await;
    assert_eq!(answer, CheckoutStatus::Confirmed);
    let (id, _) = counter.parcel(&order, "paris").await;
    let parcels = async {
        let mut head = counter.shop.bus.store().head();
        while counter.parcel(&order, "paris").await.1.order().is_none() {
            head.changed().await.expect("the log is open");
        }
        let packed_at = counter.shop.clock.now();
        let pack = domain::fulfilment::FulfilmentCommand::Pack { packed_at };
        app::fulfilment::change(&counter.shop, &staff(), &id, pack).await.expect("it is packed");
        while observer.tasks().is_empty() {
            head.changed().await.expect("the log is open");
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(600), parcels).await.expect("who observes sees the task");
    assert_eq!(kinds_of_tasks(&observer), ["checkout"]);
    stop.send_replace(true);
    for run in runs {
        tokio::time::timeout(Duration::from_secs(600), run).await.expect("it stops").expect("it did not panic");
    }
}

#[tokio::test(start_paused = true)]
async fn a_buyer_waits_for_an_answer_that_is_accepted_and_not_for_ever() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [9, 0]).await;
    let cart = counter.cart(&[(&book, 1)], ("standard", ASKS)).await;
    let order = counter.start(&cart).await;
    let limit = Duration::from_secs(1);
    assert_eq!(counter.processes.first_checkout_answer(&order, limit).await, CheckoutStatus::Pending);
    counter.rest().await;
    let asked = counter.processes.first_checkout_answer(&order, limit).await;
    assert!(matches!(asked, CheckoutStatus::ActionRequired { attempt: 1, .. }), "{asked:?}");
    assert_eq!(counter.processes.checkout_answer(&order, limit).await, asked);
    let is_second = |status: &CheckoutStatus| matches!(status, CheckoutStatus::ActionRequired { attempt: 2, .. });
    let (answer, _) =
        tokio::join!(counter.processes.checkout_answer_after(&order, Duration::from_secs(60), is_second), async {
            app::order::request_payment(&counter.shop, &buyer(), &order, text(ASKS)).await.expect("it may");
            counter.rest().await;
        });
    assert!(is_second(&answer), "{answer:?}");
    let nobody = OrderId::from_uuid(Uuid::from_u128(99));
    assert_eq!(counter.processes.checkout_answer(&nobody, limit).await, CheckoutStatus::Pending);
}

#[tokio::test(start_paused = true)]
async fn a_bank_that_never_answers_is_a_dead_letter_that_can_be_tried_again() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [9, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    counter.bank.take_asked();
    counter.bank.fail((0..=RETRY_AFTER_SECONDS.len()).map(|_| silent()));
    counter.pack(&order, "paris").await;
    for seconds in RETRY_AFTER_SECONDS {
        assert_eq!(counter.processes.tasks(), [], "it is tried again");
        counter.pass(seconds).await;
    }
    let task = counter.task("dead_letter/capture/").task;
    assert_eq!(task.choices, ["retry", "give_up"]);
    assert!(task.question.contains("the bank did not answer in time"), "{}", task.question);
    assert_eq!(counter.bank.take_asked().len(), 1 + RETRY_AFTER_SECONDS.len());
    counter.decide("dead_letter/capture/", "retry").await;
    assert_eq!(counter.processes.tasks(), []);
    assert!(counter.parcel(&order, "paris").await.1.is_released());
}
