//! Money that is held is held anew before it lapses, by the same card, or by another one.

use domain::order::{OrderStatus, PaymentStatus};
use domain::payment::PaymentStatus as MoneyStatus;
use domain::values::{OrderId, PaymentId};

use super::bank::{HOLD_SECONDS, NOT_ALONE, VISA};
use super::counter::{BOOK, Counter, DELIVERY, buyer, euro, text};
use super::invoicing::documents;
use crate::checkout::{CheckoutInput as Input, CheckoutStep as Step, RENEW_BEFORE_SECONDS};

/// What [`Counter::bought`] comes to, cents.
const TOTAL: i64 = BOOK + DELIVERY;

/// Lets time pass until a day before the end of the first hold.
async fn renewal_is_due(counter: &Counter) {
    counter.pass(HOLD_SECONDS - RENEW_BEFORE_SECONDS).await;
}

#[tokio::test(start_paused = true)]
async fn a_hold_is_renewed_a_day_before_its_end_without_its_buyer_and_the_old_one_is_let_go() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let first = counter.attempt(&order).await;
    counter.pass(HOLD_SECONDS - RENEW_BEFORE_SECONDS - 1).await;
    assert_eq!(counter.bank.take_asked(), [""; 0]);
    counter.pass(1).await;
    let second = counter.attempt(&order).await;
    assert_eq!(counter.bank.take_asked(), [format!("authorise {TOTAL} {VISA} Away"), "void, named".to_owned()]);
    assert_eq!((counter.bank.account(&first).held, counter.bank.account(&second).held), (0, TOTAL));
    let state = counter.order(&order).await;
    assert_eq!((state.payment_status(), state.authorised()), (PaymentStatus::Authorised, euro(TOTAL)));
    counter.pack(&order, "paris").await;
    assert_eq!(counter.bank.account(&second).captured.into_values().collect::<Vec<_>>(), [TOTAL]);
    assert_eq!(counter.order(&order).await.payment_status(), PaymentStatus::Captured);
    counter.cancel(&order).await;
    assert_eq!(counter.bank.account(&second).refunded.into_values().collect::<Vec<_>>(), [TOTAL]);
    assert_eq!(counter.order(&order).await.payment_status(), PaymentStatus::Refunded);
}

#[tokio::test(start_paused = true)]
async fn a_card_that_needs_its_buyer_is_declined_then_the_hold_ends_and_another_card_pays() {
    let counter = Counter::open();
    let order = counter.bought(NOT_ALONE).await;
    let first = counter.attempt(&order).await;
    renewal_is_due(&counter).await;
    let second = counter.payment(&order).await;
    assert_eq!((second.status(), second.decline_code()), (MoneyStatus::Declined, Some("buyer_away")));
    let state = counter.order(&order).await;
    assert_eq!(state.payment_status(), PaymentStatus::Authorised, "the first hold stands and speaks for the order");

    counter.pass(RENEW_BEFORE_SECONDS).await;
    let expired = counter.load::<domain::payment::Payment>(first.as_str()).await;
    assert_eq!(expired.status(), MoneyStatus::Expired);
    assert_eq!(counter.order(&order).await.payment_status(), PaymentStatus::Declined);
    counter.pack(&order, "paris").await;
    assert_eq!(counter.task("hold").process, order.to_string());
    assert!(!counter.parcel(&order, "paris").await.1.is_released());

    app::order::request_payment(&counter.shop, &buyer(), &order, text(VISA)).await.expect("it may");
    counter.rest().await;
    let third = counter.attempt(&order).await;
    assert_eq!(counter.bank.account(&third).captured.into_values().collect::<Vec<_>>(), [TOTAL]);
    assert!(counter.parcel(&order, "paris").await.1.is_released());
    let state = counter.order(&order).await;
    assert_eq!((state.payments().len(), state.payment_status()), (3, PaymentStatus::Captured));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_over_has_its_hold_not_renewed() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let paid_by = counter.attempt(&order).await;
    counter.cancel(&order).await;
    let payment = PaymentId::from_uuid(uuid::Uuid::from_u128(99));
    let renewal = Step::RenewHold { payment: payment.clone(), paid_by, amount: None };
    assert_eq!(counter.perform(&order, &renewal).await, Ok(Input::NotRenewed { payment: payment.clone() }));
    assert_eq!(counter.order(&order).await.payments().len(), 1);
    let unknown = Step::RenewHold { payment: payment.clone(), paid_by: payment, amount: None };
    assert!(counter.perform(&order, &unknown).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn of_an_order_that_is_over_the_attempt_that_held_money_speaks() {
    let counter = Counter::open();
    let order = counter.bought(NOT_ALONE).await;
    renewal_is_due(&counter).await;
    counter.cancel(&order).await;
    let state = counter.order(&order).await;
    assert_eq!(state.status(), OrderStatus::Cancelled);
    let step = Step::NotePayment { payment: counter.attempt(&order).await, what: "seen".to_owned() };
    assert_eq!(counter.perform(&order, &step).await, Ok(Input::Done));
    let state = counter.order(&order).await;
    assert_eq!((state.payment_status(), state.authorised()), (PaymentStatus::Voided, euro(TOTAL)));
}

/// Books of both warehouses are bought, and Lyon's parcel is paid. Returns the order, and what was taken.
async fn half_taken(counter: &Counter, method: &str) -> (OrderId, i64) {
    let book = counter.book("LIV-1", BOOK, [2, 3]).await;
    let order = counter.buy(&[(&book, 5)], method).await;
    counter.pack(&order, "lyon").await;
    let taken = counter.order(&order).await.captured().minor();
    assert!(taken > 0 && taken < 5 * BOOK + DELIVERY);
    counter.bank.take_asked();
    (order, taken)
}

#[tokio::test(start_paused = true)]
async fn of_a_hold_of_which_some_is_taken_the_rest_is_held_anew_and_each_payment_keeps_its_invoice() {
    let counter = Counter::open();
    let (order, taken) = half_taken(&counter, VISA).await;
    let (total, first) = (5 * BOOK + DELIVERY, counter.attempt(&order).await);
    renewal_is_due(&counter).await;
    let (rest, second) = (total - taken, counter.attempt(&order).await);
    assert_eq!(counter.bank.take_asked(), [format!("authorise {rest} {VISA} Away"), "void, named".to_owned()]);
    let (old, new) = (counter.bank.account(&first), counter.bank.account(&second));
    assert_eq!((old.held, old.captured.values().sum::<i64>(), old.refunded.len(), new.held), (0, taken, 0, rest));
    let state = counter.order(&order).await;
    assert_eq!(
        (state.payment_status(), state.authorised(), state.captured()),
        (PaymentStatus::PartiallyCaptured, euro(total), euro(taken))
    );
    counter.pack(&order, "paris").await;
    assert_eq!(counter.bank.take_asked(), [format!("capture {rest}, the rest is let go")]);
    let state = counter.order(&order).await;
    assert_eq!((state.payment_status(), state.captured()), (PaymentStatus::Captured, euro(total)));
    assert_eq!(documents(&counter, &order).await, (vec![taken, rest], vec![]));
    counter.cancel(&order).await;
    let back: Vec<i64> = [first, second].map(|payment| counter.bank.account(&payment).refunded.values().sum()).to_vec();
    assert_eq!(back, [taken, rest]);
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Cancelled, PaymentStatus::Refunded));
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_hold_that_ended_is_held_anew_when_people_decide_so() {
    let counter = Counter::open();
    let (order, taken) = half_taken(&counter, NOT_ALONE).await;
    let (total, first) = (5 * BOOK + DELIVERY, counter.attempt(&order).await);
    renewal_is_due(&counter).await;
    counter.pass(RENEW_BEFORE_SECONDS).await;
    let expired = counter.load::<domain::payment::Payment>(first.as_str()).await;
    assert_eq!((expired.status(), expired.captured()), (MoneyStatus::Expired, euro(taken)));
    counter.pack(&order, "paris").await;
    assert!(!counter.parcel(&order, "paris").await.1.is_released(), "it is not paid");
    counter.bank.take_asked();
    counter.decide("hold", "renew").await;
    assert_eq!(counter.bank.take_asked(), [format!("authorise {} {NOT_ALONE} Away", total - taken)]);
    counter.decide("hold", "cancel_order").await;
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.refunded()), (OrderStatus::Cancelled, euro(taken)));
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_hold_is_let_go_once_and_what_it_took_stays() {
    let counter = Counter::open();
    let (order, taken) = half_taken(&counter, VISA).await;
    let payment = counter.attempt(&order).await;
    let step = Step::LetGoRest { payment: payment.clone() };
    for asked in [&["void, named"][..], &[]] {
        assert_eq!(counter.perform(&order, &step).await, Ok(Input::Done));
        assert_eq!(counter.bank.take_asked(), asked);
    }
    let account = counter.bank.account(&payment);
    assert_eq!((account.held, account.captured.values().sum::<i64>(), account.refunded.len()), (0, taken, 0));
}
