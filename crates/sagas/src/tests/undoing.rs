//! What an undo lets go and gives back, and what it does where a bank says no or nothing.

use domain::order::{OrderStatus, PaymentStatus};
use domain::payment::{PaymentCommand, PaymentStatus as MoneyStatus};
use domain::values::PaymentId;

use super::bank::{ASKS, TAKES_BACK_LATER, TAKES_NOTHING_BACK, VISA, reference, silent};
use super::counter::{BOOK, Counter, DELIVERY, MONDAY, euro, staff, text};
use crate::checkout::{CheckoutInput as Input, CheckoutStep as Step, UNDO_PREFIX};
use crate::engine::StepError;

/// What [`Counter::bought`] comes to, cents.
const TOTAL: i64 = BOOK + DELIVERY;

fn undo(payment: &PaymentId, round: u32) -> Step {
    Step::UndoPayment { payment: payment.clone(), round }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_let_go_by_the_banks_own_name_of_it() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    counter.cancel(&order).await;
    assert_eq!(counter.bank.take_asked(), ["void, named"]);
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Cancelled, PaymentStatus::Voided));
    assert_eq!(counter.payment(&order).await.status(), MoneyStatus::Voided);
    let book = "LIV-1".parse().expect("a SKU");
    assert_eq!(counter.shelf(&book, "paris").await, [5, 0, 0]);
    assert!(!matches!(counter.cart_of(&order).await.status(), domain::cart::CartStatus::Open), "it was bought once");
}

#[tokio::test(start_paused = true)]
async fn what_was_taken_is_given_back_whole_and_once() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    counter.pack(&order, "paris").await;
    counter.bank.take_asked();
    counter.cancel(&order).await;
    assert_eq!(counter.bank.take_asked(), [format!("refund {TOTAL}")], "nothing is held any more");
    let state = counter.order(&order).await;
    assert_eq!((state.payment_status(), state.refunded()), (PaymentStatus::Refunded, euro(TOTAL)));
    let payment = counter.attempt(&order).await;
    assert_eq!(
        counter.perform(&order, &undo(&payment, 1)).await,
        Ok(Input::PaymentUndone { payment: payment.clone() })
    );
    assert_eq!(counter.perform(&order, &undo(&payment, 2)).await, Ok(Input::PaymentUndone { payment }));
    assert_eq!(counter.bank.take_asked(), [""; 0], "it went back before");
}

#[tokio::test(start_paused = true)]
async fn of_what_was_taken_in_part_the_rest_is_let_go() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [1, 1]).await;
    let order = counter.buy(&[(&book, 2)], VISA).await;
    counter.pack(&order, "lyon").await;
    let taken = counter.order(&order).await.captured().minor();
    counter.bank.take_asked();
    counter.cancel(&order).await;
    assert_eq!(counter.bank.take_asked(), ["void, named".to_owned(), format!("refund {taken}")]);
    let account = counter.bank.account(&counter.attempt(&order).await);
    assert_eq!((account.held, account.refunded.into_values().sum::<i64>()), (0, taken));
}

#[tokio::test(start_paused = true)]
async fn money_that_cannot_go_back_is_a_question_that_names_its_payment() {
    let counter = Counter::open();
    let order = counter.bought(TAKES_NOTHING_BACK).await;
    counter.pack(&order, "paris").await;
    counter.cancel(&order).await;
    let payment = counter.attempt(&order).await;
    let task = counter.task(&format!("undo_payment/{payment}")).task;
    assert!(task.question.contains("charge_closed"), "{}", task.question);
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Confirmed, "it is still being undone");
    counter.bank.take_asked();
    counter.decide("undo_payment/", "retry").await;
    assert_eq!(counter.bank.take_asked(), [format!("refund {TOTAL}")]);
    counter.decide("undo_payment/", "paid_by_hand").await;
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Cancelled);
    let state = counter.payment(&order).await;
    assert!(state.refund(&format!("{UNDO_PREFIX}1")).is_some() && state.refund(&format!("{UNDO_PREFIX}2")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_refund_that_the_bank_will_tell_of_is_no_reason_to_wait() {
    let counter = Counter::open();
    let order = counter.bought(TAKES_BACK_LATER).await;
    counter.pack(&order, "paris").await;
    counter.cancel(&order).await;
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Cancelled);
    assert_eq!(counter.payment(&order).await.refund_pending(), euro(TOTAL));
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn a_refund_without_an_answer_is_asked_for_again_as_it_was() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    counter.pack(&order, "paris").await;
    counter.bank.take_asked();
    counter.bank.fail([silent()]);
    counter.cancel(&order).await;
    let asked = format!("refund {TOTAL}");
    assert_eq!(counter.bank.take_asked(), [asked.clone(), asked]);
    let account = counter.bank.account(&counter.attempt(&order).await);
    assert_eq!(account.refunded.into_iter().collect::<Vec<_>>(), [(format!("{UNDO_PREFIX}1"), TOTAL)]);
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_has_not_begun_is_barred() {
    let counter = Counter::open();
    let order = counter.bought(ASKS).await;
    let payment = PaymentId::from_uuid(uuid::Uuid::from_u128(99));
    let unknown = counter.perform(&order, &undo(&payment, 1)).await;
    assert!(matches!(unknown, Err(StepError::Stuck(_))), "the order has none of that name: {unknown:?}");
    // The order knows of an attempt that no bank has been asked for yet.
    let method = text(VISA);
    let wish = domain::order::OrderCommand::RequestPayment { payment: payment.clone(), method, amount: None };
    counter.shop.bus.execute::<domain::order::Order>(order.as_str(), &staff(), wish).await.expect("it may");
    assert_eq!(
        counter.perform(&order, &undo(&payment, 1)).await,
        Ok(Input::PaymentUndone { payment: payment.clone() })
    );
    assert_eq!(counter.bank.take_asked(), ["void"]);
    let state = counter.load::<domain::payment::Payment>(payment.as_str()).await;
    assert_eq!(state.status(), MoneyStatus::Voided);
    let late = counter.perform(&order, &Step::Authorise { payment: payment.clone(), is_renewal: false }).await;
    assert_eq!((late, counter.bank.account(&payment).held), (Ok(Input::Done), 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_bank_took_and_did_not_tell_is_waited_for() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let payment = counter.attempt(&order).await;
    let (capture, amount) = ("elsewhere".to_owned(), euro(TOTAL));
    let request = PaymentCommand::RequestCapture { capture: capture.clone(), amount };
    app::payment::record(&counter.shop, &staff(), &payment, request).await.expect("it may");
    let waits = counter.perform(&order, &undo(&payment, 1)).await;
    assert!(matches!(waits, Err(StepError::Later(_))), "a capture is under way: {waits:?}");
    assert_eq!(counter.bank.take_asked(), [""; 0]);
    let code = "expired_card".to_owned();
    let failed = PaymentCommand::RecordCaptureFailure { capture: capture.clone(), code };
    app::payment::record(&counter.shop, &staff(), &payment, failed).await.expect("it is known");
    // The bank has taken it all the same.
    let wish = crate::ports::CaptureRequest {
        payment: payment.clone(),
        provider_reference: reference(&payment),
        capture,
        amount,
        is_final: true,
    };
    crate::ports::PaymentGateway::capture(&*counter.bank, &wish).await.expect("it takes it");
    let waits = counter.perform(&order, &undo(&payment, 1)).await;
    assert!(matches!(waits, Err(StepError::Later(_))), "its notice says which: {waits:?}");
}

#[tokio::test(start_paused = true)]
async fn money_that_is_held_too_late_is_let_go_under_the_name_it_came_with() {
    let counter = Counter::open();
    let order = counter.bought(ASKS).await;
    counter.cancel(&order).await;
    counter.bank.take_asked();
    let payment = counter.attempt(&order).await;
    let provider_reference = text("pi_late");
    let expires_at = MONDAY.plus_seconds(86_400);
    let late = PaymentCommand::RecordAuthorisation { provider_reference, amount: euro(TOTAL), expires_at };
    app::payment::record(&counter.shop, &staff(), &payment, late).await.expect("it is known");
    counter.rest().await;
    assert_eq!(counter.bank.take_asked(), ["void, named"]);
    assert_eq!(counter.payment(&order).await.status(), MoneyStatus::Voided);
    assert!(counter.payment(&order).await.late_authorisation().is_none(), "it is let go");
}
