//! What the bank tells by itself: each notice once, none that is not its own, and none that came too early or too late.

use domain::order::PaymentStatus;
use domain::payment::PaymentStatus as MoneyStatus;
use domain::values::{OrderId, PaymentId};
use uuid::Uuid;

use super::bank::{ASKS, SIGNED, TAKES_BACK_LATER, VISA, reference, silent};
use super::counter::{Counter, DELIVERY, MONDAY, buyer, euro, staff};
use crate::NoticeFailure;
use crate::ports::{NoticeError, PaymentNotice, PaymentNoticeKind as Kind};

const TOTAL: i64 = 1_055 + DELIVERY;

fn notice(id: &str, payment: &PaymentId, kind: Kind) -> PaymentNotice {
    PaymentNotice { id: id.to_owned(), payment: payment.clone(), provider_reference: reference(payment), kind }
}

async fn tell(counter: &Counter, id: &str, payment: &PaymentId, kind: Kind) {
    let body = counter.bank.notify(notice(id, payment, kind));
    counter.processes.receive_notice(SIGNED, &body).await.expect("it is taken in");
    counter.rest().await;
}

async fn bought(counter: &Counter, method: &str) -> (OrderId, PaymentId) {
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], method).await;
    let payment = counter.attempt(&order).await;
    (order, payment)
}

#[tokio::test(start_paused = true)]
async fn money_that_is_held_is_told_once_however_often_it_is_told() {
    let counter = Counter::open();
    let (order, payment) = bought(&counter, ASKS).await;
    let held = || Kind::Authorised { amount: euro(TOTAL), expires_at: MONDAY.plus_seconds(86_400) };
    tell(&counter, "evt_1", &payment, held()).await;
    assert_eq!(counter.order(&order).await.payment_status(), PaymentStatus::Authorised);
    let events = counter.events(&["payment"]).await;
    tell(&counter, "evt_1", &payment, held()).await;
    tell(&counter, "evt_2", &payment, held()).await;
    assert_eq!(counter.events(&["payment"]).await.len(), events.len());
    let told = &events.last().expect("an event").metadata;
    let cart = counter.order(&order).await.sale().expect("a sale").cart.clone();
    assert!(told.get().contains("payment_provider") && told.get().contains("evt_1"), "{told}");
    assert!(told.get().contains(cart.as_str()), "it belongs to the conversation of its cart: {told}");
}

#[tokio::test(start_paused = true)]
async fn a_no_a_way_to_the_bank_and_a_refund_are_told() {
    let counter = Counter::open();
    let (_, payment) = bought(&counter, ASKS).await;
    let action_url = "https://bank.example/again".to_owned();
    tell(&counter, "evt_1", &payment, Kind::ActionRequired { action_url: action_url.clone() }).await;
    let state = counter.load::<domain::payment::Payment>(payment.as_str()).await;
    assert_eq!(state.action_url(), Some(action_url.as_str()));
    tell(&counter, "evt_2", &payment, Kind::Declined { code: "lost_card".to_owned() }).await;
    let state = counter.load::<domain::payment::Payment>(payment.as_str()).await;
    assert_eq!((state.status(), state.decline_code()), (MoneyStatus::Declined, Some("lost_card")));

    let counter = Counter::open();
    let (order, payment) = bought(&counter, TAKES_BACK_LATER).await;
    counter.pack(&order, "paris").await;
    counter.cancel(&order).await;
    let failed = Kind::RefundFailed { refund: "undo-1".to_owned(), code: "charge_closed".to_owned() };
    tell(&counter, "evt_1", &payment, failed).await;
    let state = counter.load::<domain::payment::Payment>(payment.as_str()).await;
    assert_eq!((state.refunded(), state.refund_pending()), (euro(0), euro(0)));
    tell(&counter, "evt_2", &payment, Kind::Refunded { refund: "undo-1".to_owned() }).await;
    assert_eq!(counter.load::<domain::payment::Payment>(payment.as_str()).await.refunded(), euro(TOTAL));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_banks_or_names_nothing_of_ours_changes_nothing() {
    let counter = Counter::open();
    let (_, payment) = bought(&counter, VISA).await;
    let before = counter.events(&["payment"]).await.len();
    let body = counter.bank.notify(notice("evt_1", &payment, Kind::Voided));
    let forged = counter.processes.receive_notice("forged", &body).await;
    assert!(matches!(forged, Err(NoticeFailure::NotAccepted(NoticeError::SignatureMismatch))), "{forged:?}");
    let unread = counter.processes.receive_notice(SIGNED, b"nothing").await;
    assert!(matches!(unread, Err(NoticeFailure::NotAccepted(NoticeError::BodyMalformed))), "{unread:?}");
    tell(&counter, "evt_2", &payment, Kind::Other { name: "charge.updated".to_owned() }).await;
    let unknown = PaymentId::from_uuid(Uuid::from_u128(99));
    tell(&counter, "evt_3", &unknown, Kind::Voided).await;
    tell(&counter, "evt_4", &payment, Kind::Declined { code: "too_late".to_owned() }).await;
    tell(&counter, "evt_5", &payment, Kind::Captured { capture: "nobody-1".to_owned() }).await;
    assert_eq!(counter.events(&["payment"]).await.len(), before, "it was overtaken by what is known");
    let long = "e".repeat(256);
    let body = counter.bank.notify(notice(&long, &payment, Kind::Voided));
    let refused = counter.processes.receive_notice(SIGNED, &body).await;
    assert!(matches!(refused, Err(NoticeFailure::NotAccepted(NoticeError::BodyMalformed))), "{refused:?}");
    let longest = "e".repeat(255);
    tell(&counter, &longest, &payment, Kind::Other { name: "charge.updated".to_owned() }).await;
}

#[tokio::test(start_paused = true)]
async fn a_buyer_who_comes_back_from_the_bank_need_not_wait_for_its_notice() {
    let counter = Counter::open();
    let (order, payment) = bought(&counter, ASKS).await;
    counter.bank.approve(&payment, TOTAL);
    counter.bank.fail([silent()]);
    let failed = counter.processes.refresh_payment(&order, &buyer()).await.expect_err("the bank is silent");
    assert!(matches!(failed, app::error::AppError::Unavailable { in_doubt: false, .. }), "{failed:?}");
    counter.processes.refresh_payment(&order, &buyer()).await.expect("the bank answers");
    counter.rest().await;
    assert_eq!(counter.order(&order).await.payment_status(), PaymentStatus::Authorised);
    let stranger = app::bus::Request::new(
        app::actor::Actor::shopper(domain::values::CustomerId::from_uuid(Uuid::from_u128(8))),
        app::bus::Cause::of("test", "test"),
    );
    let refused = counter.processes.refresh_payment(&order, &stranger).await.expect_err("it is not theirs");
    assert_eq!(refused.code(), Some("NOT_FOUND"));
    let unknown = OrderId::from_uuid(Uuid::from_u128(99));
    assert!(counter.processes.refresh_payment(&unknown, &staff()).await.is_err());
}
