//! Units that are cancelled: they leave their parcel, are free in the stock, and their money goes back or is not taken.

use domain::order::{LineUnits, PaymentStatus};
use domain::values::{LineCancellationId, OrderId};

use super::bank::{TAKES_NOTHING_BACK, VISA};
use super::counter::{Counter, DELIVERY, buyer, euro, text, units};
use crate::checkout::{CheckoutInput as Input, CheckoutStep as Step, LINES_PREFIX};
use crate::engine::StepError;

async fn cancel_unit(counter: &Counter, order: &OrderId) -> LineCancellationId {
    let line = counter.order(order).await.sale().expect("a sale").lines[0].line.clone();
    let lines = vec![LineUnits { line, quantity: units(1) }];
    let asked =
        app::order::request_line_cancellation(&counter.shop, &buyer(), order, lines, text("one too many")).await;
    asked.expect("it may");
    counter.rest().await;
    counter.order(order).await.line_cancellations().last().expect("a wish").id.clone()
}

#[tokio::test(start_paused = true)]
async fn units_that_are_not_paid_for_yet_are_taken_out_and_less_is_taken() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    let order = counter.buy(&[(&book, 3)], VISA).await;
    let cancellation = cancel_unit(&counter, &order).await;
    let state = counter.order(&order).await;
    let asked = state.line_cancellation(&cancellation).expect("it is known");
    assert_eq!((asked.is_pending(), asked.paid()), (false, Some(euro(1_000))));
    assert_eq!(counter.shelf(&book, "paris").await, [5, 0, 2]);
    let left = 2 * 1_000 + DELIVERY;
    assert_eq!(counter.parcel(&order, "paris").await.1.share(), Some(euro(left)));
    counter.bank.take_asked();
    counter.pack(&order, "paris").await;
    assert_eq!(counter.bank.take_asked(), [format!("capture {left}, the rest is let go")]);
    assert_eq!(counter.order(&order).await.payment_status(), PaymentStatus::Captured);
}

#[tokio::test(start_paused = true)]
async fn units_that_are_paid_for_are_given_back_under_the_name_of_their_cancellation() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    let order = counter.buy(&[(&book, 3)], VISA).await;
    counter.pack(&order, "paris").await;
    let cancellation = cancel_unit(&counter, &order).await;
    let account = counter.bank.account(&counter.attempt(&order).await);
    assert_eq!(account.refunded.into_iter().collect::<Vec<_>>(), [(format!("{LINES_PREFIX}{cancellation}"), 1_000)]);
    let state = counter.order(&order).await;
    assert_eq!((state.payment_status(), state.refunded()), (PaymentStatus::PartiallyRefunded, euro(1_000)));
    assert_eq!(counter.shelf(&book, "paris").await, [5, 0, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_refund_of_units_that_fails_is_stuck() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    let order = counter.buy(&[(&book, 3)], TAKES_NOTHING_BACK).await;
    counter.pack(&order, "paris").await;
    cancel_unit(&counter, &order).await;
    let question = counter.task("dead_letter/refund_lines/").task.question;
    assert!(question.contains("charge_closed"), "{question}");
}

#[tokio::test(start_paused = true)]
async fn a_wish_that_is_given_up_is_refused_and_one_that_was_carried_out_is_not() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    let order = counter.buy(&[(&book, 3)], VISA).await;
    let done = cancel_unit(&counter, &order).await;
    assert_eq!(counter.perform(&order, &Step::RefuseLines { cancellation: done.clone() }).await, Ok(Input::Done));
    assert!(counter.order(&order).await.line_cancellation(&done).expect("it is known").paid().is_some());
    let line = counter.order(&order).await.sale().expect("a sale").lines[0].line.clone();
    let lines = vec![LineUnits { line, quantity: units(1) }];
    let wish = app::order::request_line_cancellation(&counter.shop, &buyer(), &order, lines, text("no")).await;
    let pending = wish.expect("it may").state.line_cancellations().last().expect("a wish").id.clone();
    assert_eq!(counter.perform(&order, &Step::RefuseLines { cancellation: pending.clone() }).await, Ok(Input::Done));
    let state = counter.order(&order).await;
    let refused = state.line_cancellation(&pending).expect("it is known");
    let outcome = format!("{:?}", refused.outcome);
    assert!(outcome.contains("GIVEN_UP") && outcome.contains("could not be cancelled any more"), "{outcome}");
    let unknown = LineCancellationId::from_uuid(uuid::Uuid::from_u128(99));
    let refusal = counter.perform(&order, &Step::RefuseLines { cancellation: unknown }).await;
    assert!(matches!(refusal, Err(StepError::Stuck(_))), "{refusal:?}");
}
