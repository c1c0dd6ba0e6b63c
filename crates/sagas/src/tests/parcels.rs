//! Parcels: what is packed is paid, what is paid may leave, what left is out of stock, what is lost is decided by people.

use app::stock::Shortage;
use domain::fulfilment::{FulfilmentCommand, FulfilmentState};
use domain::order::{FulfilmentStatus, OrderStatus, PaymentStatus};
use domain::payment::PaymentCommand;
use domain::stock::{Stock, stream_id};
use domain::values::{FulfilmentId, OrderId, Sku};
use uuid::Uuid;

use super::bank::{KEEPS, TAKES_NOTHING_BACK, VISA};
use super::counter::{Counter, DELIVERY, MONDAY, at, euro, staff, text};
use super::post::tracking;
use crate::checkout::{CheckoutInput as Input, CheckoutStep as Step, LOST_AGAIN_SECONDS, capture_name};
use crate::engine::StepError;
use crate::ports::GatewayError;

const HOUR: i64 = 3_600;

async fn lose(counter: &Counter, order: &OrderId, location: &str) {
    let reason = text("the carrier searched");
    counter.change_parcel(order, location, FulfilmentCommand::DeclareLost { reason }).await;
}

/// A book of Paris is bought, and its parcel is lost.
async fn one_lost() -> (Counter, Sku, OrderId) {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    counter.pack(&order, "paris").await;
    counter.hand_over(&order, "paris").await;
    lose(&counter, &order, "paris").await;
    (counter, book, order)
}

#[tokio::test(start_paused = true)]
async fn what_is_packed_is_paid_and_labelled_and_what_leaves_is_out_of_stock() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 2)], VISA).await;
    let total = 2 * 1_055 + DELIVERY;
    counter.bank.take_asked();
    counter.pack(&order, "paris").await;
    assert_eq!(counter.bank.take_asked(), [format!("capture {total}, the rest is let go")]);
    let (id, parcel) = counter.parcel(&order, "paris").await;
    assert!(parcel.is_released());
    assert_eq!(parcel.label(), Some((&text("La Poste"), &text(&tracking(&id)))));
    let booked: Vec<_> = counter.post.booked().into_iter().map(|label| (label.fulfilment, label.country)).collect();
    assert_eq!(booked, [(id.clone(), "FR".to_owned())]);
    let state = counter.order(&order).await;
    assert_eq!((state.payment_status(), state.captured()), (PaymentStatus::Captured, euro(total)));
    assert_eq!((state.fulfilment_status(), counter.shelf(&book, "paris").await), (FulfilmentStatus::Packed, [5, 0, 2]));
    assert_eq!(
        counter.load::<domain::payment::Payment>(counter.attempt(&order).await.as_str()).await.captured(),
        euro(total)
    );
    assert!(counter.bank.account(&counter.attempt(&order).await).captured.contains_key(&capture_name(&id, 1)));

    counter.clock.advance_seconds(HOUR);
    counter.hand_over(&order, "paris").await;
    assert_eq!(counter.shelf(&book, "paris").await, [3, 0, 0]);
    assert_eq!(counter.order(&order).await.fulfilment_status(), FulfilmentStatus::Shipped);
    counter.clock.advance_seconds(HOUR);
    counter.deliver(&order, "paris").await;
    let state = counter.order(&order).await;
    assert_eq!(state.fulfilment_status(), FulfilmentStatus::Delivered);
    assert_eq!(state.delivered_at(), Some(MONDAY.plus_seconds(2 * HOUR)), "when it arrived, not when it was noted");
    counter.pass((domain::order::RETURN_WINDOW_DAYS) * 86_400).await;
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Confirmed, "it may still come back");
    counter.pass(1).await;
}

#[tokio::test(start_paused = true)]
async fn each_warehouse_sends_its_units_and_is_paid_its_share_of_the_whole() {
    let counter = Counter::open();
    let (book, pen) = (counter.book("LIV-1", 1_055, [2, 3]).await, counter.book("STYLO", 333, [0, 9]).await);
    let order = counter.buy(&[(&book, 4), (&pen, 1)], VISA).await;
    let total = 4 * 1_055 + 333 + DELIVERY;
    let mut parcels = Vec::new();
    for location in ["paris", "lyon"] {
        let (_, parcel) = counter.parcel(&order, location).await;
        let mut lines: Vec<_> =
            parcel.lines().iter().map(|line| (line.sku.to_string(), line.quantity.units())).collect();
        lines.sort();
        parcels.push((lines, parcel.share().expect("a share").minor()));
    }
    let sku = |sku: &str, count: i64| (sku.to_owned(), count);
    let units: i64 = parcels.iter().flat_map(|(lines, _)| lines).filter(|(of, _)| of == "LIV-1").map(|(_, n)| n).sum();
    assert_eq!(units, 4);
    assert!(parcels[1].0.contains(&sku("STYLO", 1)) && !parcels[0].0.contains(&sku("STYLO", 1)));
    assert_eq!(parcels[0].1 + parcels[1].1, total);
    counter.bank.take_asked();
    counter.pack(&order, "lyon").await;
    assert_eq!(counter.bank.take_asked(), [format!("capture {}", parcels[1].1)], "the other share stays held");
    let state = counter.order(&order).await;
    assert_eq!((state.payment_status(), state.captured()), (PaymentStatus::PartiallyCaptured, euro(parcels[1].1)));
    assert_eq!(state.fulfilment_status(), FulfilmentStatus::Requested);
    counter.hand_over(&order, "lyon").await;
    assert_eq!(counter.order(&order).await.fulfilment_status(), FulfilmentStatus::PartiallyShipped);
    counter.deliver(&order, "lyon").await;
    assert_eq!(counter.order(&order).await.fulfilment_status(), FulfilmentStatus::PartiallyDelivered);
    counter.send(&order, "paris").await;
    let state = counter.order(&order).await;
    assert_eq!((state.fulfilment_status(), state.captured()), (FulfilmentStatus::Delivered, euro(total)));
    assert_eq!(counter.bank.account(&counter.attempt(&order).await).held, 0);
}

#[tokio::test(start_paused = true)]
async fn a_parcel_whose_money_cannot_be_taken_stays_until_people_decide() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], KEEPS).await;
    counter.pack(&order, "paris").await;
    let (id, parcel) = counter.parcel(&order, "paris").await;
    assert!(!parcel.is_released());
    let task = counter.task("capture/");
    assert_eq!((task.kind, task.process.as_str()), ("checkout", order.as_str()));
    assert!(task.task.question.contains("expired_card") && task.task.question.contains(id.as_str()));
    counter.decide("capture/", "retry").await;
    assert_eq!(counter.bank.take_asked().iter().filter(|asked| asked.starts_with("capture")).count(), 2);
    let payment = counter.payment(&order).await;
    assert!(payment.capture(&capture_name(&id, 2)).is_some(), "a further try has its own name");
    counter.decide("capture/", "cancel_order").await;
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Cancelled, PaymentStatus::Voided));
    assert_eq!(counter.shelf(&book, "paris").await, [5, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_capture_that_is_done_is_not_sent_again_and_one_of_too_much_is_refused_by_the_books() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    let (fulfilment, _) = counter.parcel(&order, "paris").await;
    let payment = counter.attempt(&order).await;
    let capture = |amount: i64, round: u32| Step::Capture {
        fulfilment: fulfilment.clone(),
        payment: payment.clone(),
        amount: euro(amount),
        round,
        is_last: false,
        is_part: false,
    };
    let done = Ok(Input::Captured { fulfilment: fulfilment.clone() });
    assert_eq!(counter.perform(&order, &capture(500, 1)).await, done);
    counter.bank.take_asked();
    assert_eq!(counter.perform(&order, &capture(500, 1)).await, done);
    assert_eq!(counter.bank.take_asked(), [""; 0]);
    let code = "CAPTURE_EXCEEDS_AUTHORISED".to_owned();
    let failed = Ok(Input::CaptureFailed { fulfilment: fulfilment.clone(), code });
    assert_eq!(counter.perform(&order, &capture(5_000, 2)).await, failed);
    assert_eq!(counter.bank.take_asked(), [""; 0]);
    assert_eq!(counter.order(&order).await.captured(), euro(500));
    counter.bank.fail([GatewayError::Unavailable { gateway: "bank" }]);
    assert!(matches!(counter.perform(&order, &capture(100, 3)).await, Err(StepError::Later(_))));
}

#[tokio::test(start_paused = true)]
async fn what_no_warehouse_was_asked_for_is_stuck_and_no_work_on_parcels_is_none() {
    let counter = Counter::open();
    let unplaced = OrderId::from_uuid(Uuid::from_u128(99));
    let asked = counter.perform(&unplaced, &Step::RequestFulfilments { routed: Vec::new() }).await;
    assert_eq!(asked, Err(StepError::Stuck("the order is not placed".to_owned())));
    let fulfilment = FulfilmentId::from_uuid(Uuid::from_u128(98));
    let reshipped = counter.perform(&unplaced, &Step::Reship { fulfilment, round: 1 }).await;
    assert!(matches!(reshipped, Err(StepError::Stuck(_))), "{reshipped:?}");
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 2)], VISA).await;
    let asked = counter.perform(&order, &Step::RequestFulfilments { routed: Vec::new() }).await;
    assert_eq!(asked, Err(StepError::Stuck("2 units of LIV-1 are allocated nowhere".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn the_money_of_a_lost_parcel_goes_back_where_people_say_so() {
    let (counter, book, order) = one_lost().await;
    assert_eq!(counter.order(&order).await.fulfilment_status(), FulfilmentStatus::Lost);
    counter.decide("parcel_lost/", "refund").await;
    let state = counter.order(&order).await;
    let total = 1_055 + DELIVERY;
    assert_eq!((state.payment_status(), state.refunded()), (PaymentStatus::Refunded, euro(total)));
    let account = counter.bank.account(&counter.attempt(&order).await);
    assert_eq!(account.refunded.into_values().collect::<Vec<_>>(), [total]);
    assert_eq!(counter.shelf(&book, "paris").await, [4, 0, 0], "it is not on the shelf again");
}

#[tokio::test(start_paused = true)]
async fn a_refund_of_a_parcel_that_fails_is_a_question() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], TAKES_NOTHING_BACK).await;
    counter.pack(&order, "paris").await;
    counter.hand_over(&order, "paris").await;
    lose(&counter, &order, "paris").await;
    counter.decide("parcel_lost/", "refund").await;
    let task = counter.task("dead_letter/refund_parcel/").task;
    assert!(task.question.contains("the refund failed with charge_closed"), "{}", task.question);
    counter.decide("dead_letter/refund_parcel/", "give_up").await;
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn a_lost_parcel_that_is_waited_for_is_asked_about_again_and_sent_once_more_without_money() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [1, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    counter.pack(&order, "paris").await;
    counter.hand_over(&order, "paris").await;
    lose(&counter, &order, "paris").await;
    counter.decide("parcel_lost/", "wait").await;
    assert_eq!(counter.processes.tasks(), []);
    counter.pass(LOST_AGAIN_SECONDS).await;
    counter.decide("parcel_lost/", "reship").await;
    let question = counter.task("parcel_lost/").task.question;
    assert!(question.contains("0 of LIV-1 are left"), "{question}");

    counter.stock_up(&book, "lyon", 3).await;
    counter.bank.take_asked();
    counter.decide("parcel_lost/", "reship").await;
    let requested = counter.events(&["fulfilment"]).await;
    let requested: Vec<_> = requested
        .iter()
        .filter(|event| event.event_type == "fulfilment.requested")
        .map(|event| &*event.stream.id)
        .collect();
    assert_eq!(requested.len(), 2);
    let id: FulfilmentId = requested[1].parse().expect("a parcel");
    let parcel = counter.load::<domain::fulfilment::Fulfilment>(id.as_str()).await;
    assert_eq!((parcel.location(), parcel.share(), parcel.order()), (Some(&at("lyon")), Some(euro(0)), Some(&order)));
    assert_eq!(parcel.address(), counter.parcel(&order, "paris").await.1.address());
    assert_eq!(counter.shelf(&book, "lyon").await, [3, 0, 1]);
    let stock = counter.load::<Stock>(&stream_id(&book, &at("lyon"))).await;
    assert_eq!(stock.allocation(&order), None, "they are sold to a name of their own");
    assert_eq!(counter.order(&order).await.fulfilment_status(), FulfilmentStatus::Requested);

    let pack = FulfilmentCommand::Pack { packed_at: counter.shop.clock.now() };
    app::fulfilment::change(&counter.shop, &staff(), &id, pack).await.expect("it is packed");
    counter.rest().await;
    app::fulfilment::hand_over(&counter.shop, &staff(), &id, None).await.expect("it leaves");
    counter.rest().await;
    assert_eq!(counter.shelf(&book, "lyon").await, [2, 0, 0]);
    assert_eq!(counter.bank.take_asked(), [""; 0], "it was paid before");
}

#[tokio::test(start_paused = true)]
async fn nobody_decides_about_a_lost_parcel_that_has_turned_up() {
    let (counter, _, order) = one_lost().await;
    counter.task("parcel_lost/");
    counter.deliver(&order, "paris").await;
    assert_eq!(counter.processes.tasks(), []);
    assert_eq!(counter.order(&order).await.fulfilment_status(), FulfilmentStatus::Delivered);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_there_once_stays_so_when_the_answer_was_not_heard() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [1, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    counter.pack(&order, "paris").await;
    counter.hand_over(&order, "paris").await;
    lose(&counter, &order, "paris").await;
    let (fulfilment, _) = counter.parcel(&order, "paris").await;
    let again = |round| Step::Reship { fulfilment: fulfilment.clone(), round };
    let lacks = |available| Shortage { sku: book.clone(), requested: 1, available };
    let first = counter.perform(&order, &again(7)).await;
    assert_eq!(first, Ok(Input::NotReshipped { fulfilment: fulfilment.clone(), shortages: vec![lacks(0)] }));
    counter.stock_up(&book, "paris", 2).await;
    let repeated = counter.perform(&order, &again(7)).await;
    assert_eq!(repeated, Ok(Input::NotReshipped { fulfilment: fulfilment.clone(), shortages: Vec::new() }));
    assert_eq!(counter.shelf(&book, "paris").await, [2, 0, 0], "nothing is promised to anybody");
    // Of one that was sent the units have left: whoever comes late takes nothing from it.
    let sent = counter.perform(&order, &again(8)).await;
    let Ok(Input::Reshipped { holder, parcels, .. }) = sent else { panic!("{sent:?}") };
    let routed = parcels.into_iter().flat_map(|(_, _, routed)| routed).collect();
    let step = Step::Dispatch { fulfilment: fulfilment.clone(), routed, holder: Some(holder) };
    assert_eq!(counter.perform(&order, &step).await, Ok(Input::Done));
    assert!(matches!(counter.perform(&order, &again(8)).await, Err(StepError::Stuck(_))));
}

#[tokio::test(start_paused = true)]
async fn parcels_that_have_left_keep_the_order_and_the_others_are_called_off() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [2, 3]).await;
    let order = counter.buy(&[(&book, 5)], VISA).await;
    counter.pack(&order, "paris").await;
    counter.pack(&order, "lyon").await;
    let share = counter.parcel(&order, "paris").await.1.share().expect("a share");
    // It leaves in the moment in which the order is called off.
    let (leaving, _) = counter.parcel(&order, "lyon").await;
    app::fulfilment::hand_over(&counter.shop, &staff(), &leaving, None).await.expect("it leaves");
    counter.cancel(&order).await;
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.cancellation_requested()), (OrderStatus::Confirmed, false));
    assert_eq!(counter.parcel(&order, "paris").await.1.state(), FulfilmentState::Cancelled);
    assert_eq!(counter.shelf(&book, "paris").await, [2, 0, 0], "its units are free again");
    assert_eq!(counter.shelf(&book, "lyon").await, [0, 0, 0]);
    counter.decide("partly_cancelled", "refund").await;
    assert_eq!(counter.order(&order).await.refunded(), share);
}

#[tokio::test(start_paused = true)]
async fn a_parcel_that_is_called_off_needs_no_release() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    let (fulfilment, _) = counter.parcel(&order, "paris").await;
    counter.cancel(&order).await;
    let step = Step::ReleaseParcel { fulfilment: fulfilment.clone(), parcels: vec![fulfilment] };
    assert_eq!(counter.perform(&order, &step).await, Ok(Input::Done));
    assert_eq!(counter.post.booked(), [], "no carrier is asked and no one is asked to look");
}

#[tokio::test(start_paused = true)]
async fn a_parcel_and_a_payment_belong_to_their_order_and_nothing_else_does() {
    use crate::engine::Worker;
    use event_store::StreamId;
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    let (fulfilment, payment) = (counter.parcel(&order, "paris").await.0, counter.attempt(&order).await);
    let owner = async |kind: &str, id: &str| {
        let stream = StreamId::new(kind, id);
        Worker::<crate::checkout::Checkout>::owner(&counter.hands, &stream).await.expect("it is read")
    };
    let ours = Some(order.to_string());
    assert_eq!(owner("fulfilment", fulfilment.as_str()).await, ours);
    assert_eq!(owner("payment", payment.as_str()).await, ours);
    assert_eq!(owner("stock", "LIV-1@paris").await, None);
    let expiry = PaymentCommand::RecordExpiry { now: MONDAY };
    let early = app::payment::record(&counter.shop, &staff(), &payment, expiry).await;
    assert_eq!(early.expect_err("it is held").code(), Some("AUTHORISATION_NOT_EXPIRED"));
    let step = Step::ExpireHold { payment };
    assert!(matches!(counter.perform(&order, &step).await, Err(StepError::Later(_))), "the clock was another one's");
}
