//! What was paid has its invoice, what went back its credit note, one by one.

use domain::fulfilment::FulfilmentCommand;
use domain::invoicing::OrderDocuments;
use domain::order::LineUnits;
use domain::payment::PaymentCommand;
use domain::values::{Money, OrderId};
use event_store::StreamId;

use super::bank::{TAKES_NOTHING_BACK, VISA};
use super::counter::{Counter, DELIVERY, buyer, euro, staff, text, units};
use crate::engine::{StepError, Worker};
use crate::invoicing::{InvoicingInput, InvoicingStep, OrderToInvoice};

/// Returns what the invoices and the credit notes of an order come to.
pub(super) async fn documents(counter: &Counter, order: &OrderId) -> (Vec<i64>, Vec<i64>) {
    let documents = counter.load::<OrderDocuments>(order.as_str()).await;
    let invoices = documents.invoices().map(|(_, invoice)| invoice.payable.minor()).collect();
    (invoices, documents.credit_notes().map(|(_, note)| note.total.minor()).collect())
}

async fn reasons(counter: &Counter, order: &OrderId) -> Vec<String> {
    let documents = counter.load::<OrderDocuments>(order.as_str()).await;
    documents.credit_notes().map(|(_, note)| format!("{:?}", note.reason)).collect()
}

async fn issue(counter: &Counter, order: &OrderId, step: &InvoicingStep) -> Result<InvoicingInput, StepError> {
    Worker::<OrderToInvoice>::perform(&counter.hands, order.as_str(), step, &staff()).await
}

#[tokio::test(start_paused = true)]
async fn each_paid_parcel_is_invoiced_and_each_refund_credited_by_what_it_is_for() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [3, 2]).await;
    let order = counter.buy(&[(&book, 5)], VISA).await;
    counter.pack(&order, "paris").await;
    counter.pack(&order, "lyon").await;
    let (mut invoices, notes) = documents(&counter, &order).await;
    invoices.sort_unstable();
    assert_eq!((invoices.iter().sum::<i64>(), invoices.len(), notes), (5_000 + DELIVERY, 2, vec![]));

    let line = counter.order(&order).await.sale().expect("a sale").lines[0].line.clone();
    let lines = vec![LineUnits { line, quantity: units(1) }];
    let asked = app::order::request_line_cancellation(&counter.shop, &buyer(), &order, lines, text("no")).await;
    asked.expect("it may");
    counter.rest().await;
    assert_eq!(documents(&counter, &order).await.1, [1_000]);
    let payment = counter.attempt(&order).await;
    let goodwill = app::payment::request_refund(&counter.shop, &staff(), &payment, euro(100), text("late")).await;
    goodwill.expect("it may");
    counter.rest().await;
    assert_eq!(documents(&counter, &order).await.1, [1_000, 100]);
    // A unit was taken out of it: it is packed anew.
    counter.pack(&order, "lyon").await;
    counter.hand_over(&order, "lyon").await;
    let reason = text("the carrier searched");
    let share = counter.parcel(&order, "lyon").await.1.share().map_or(0, Money::minor);
    counter.change_parcel(&order, "lyon", FulfilmentCommand::DeclareLost { reason }).await;
    counter.decide("parcel_lost/", "refund").await;
    let credited = documents(&counter, &order).await.1;
    assert_eq!((credited.len(), credited[2]), (3, share));
    assert_eq!(reasons(&counter, &order).await.len(), 3);
    let distinct: std::collections::BTreeSet<_> = reasons(&counter, &order).await.into_iter().collect();
    assert_eq!(distinct.len(), 3, "units, goodwill and a parcel are told apart");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_called_off_is_credited_whole() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [3, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    counter.pack(&order, "paris").await;
    counter.cancel(&order).await;
    assert_eq!(documents(&counter, &order).await, (vec![1_000 + DELIVERY], vec![1_000 + DELIVERY]));
}

#[tokio::test(start_paused = true)]
async fn what_was_paid_by_hand_is_credited_at_most_for_what_is_left_of_the_invoices() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [3, 0]).await;
    let order = counter.buy(&[(&book, 1)], TAKES_NOTHING_BACK).await;
    counter.pack(&order, "paris").await;
    let at = counter.shop.clock.now();
    let by_hand = |refund: &str, cents: i64| InvoicingStep::IssueCreditNote {
        payment: None,
        refund: refund.to_owned(),
        amount: euro(cents),
        at,
    };
    let total = 1_000 + DELIVERY;
    assert!(matches!(
        issue(&counter, &order, &by_hand("goodwill-1", total - 200)).await,
        Ok(InvoicingInput::Issued { .. })
    ));
    assert!(matches!(issue(&counter, &order, &by_hand("goodwill-2", total)).await, Ok(InvoicingInput::Issued { .. })));
    assert_eq!(documents(&counter, &order).await.1, [total - 200, 200]);
    assert_eq!(issue(&counter, &order, &by_hand("goodwill-3", 1)).await, Ok(InvoicingInput::GaveUp));
    assert_eq!(documents(&counter, &order).await.1.len(), 2);
    for name in ["return-nobody", "parcel-nobody", "lines-nobody"] {
        let stuck = Err(StepError::Stuck(format!("{name} is no refund of this shop")));
        assert_eq!(issue(&counter, &order, &by_hand(name, 1)).await, stuck);
    }
}

#[tokio::test(start_paused = true)]
async fn documents_belong_to_the_order_of_the_payment_the_return_or_the_unpaid_parcel() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [3, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    let owner = async |kind: &str, id: &str| {
        let stream = StreamId::new(kind, id);
        Worker::<OrderToInvoice>::owner(&counter.hands, &stream).await.expect("it is read")
    };
    let (fulfilment, _) = counter.parcel(&order, "paris").await;
    let ours = Some(order.to_string());
    assert_eq!(owner("payment", counter.attempt(&order).await.as_str()).await, ours);
    assert_eq!(owner("fulfilment", fulfilment.as_str()).await, None, "its capture tells of it");
    assert_eq!(owner("order", order.as_str()).await, None);
    counter.send(&order, "paris").await;
    let id = super::returning::request(&counter, &order, 1).await;
    assert_eq!(owner("return", id.as_str()).await, ours);
}

#[tokio::test(start_paused = true)]
async fn a_refund_told_by_the_bank_alone_is_credited_under_its_name() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [3, 0]).await;
    let order = counter.buy(&[(&book, 1)], super::bank::TAKES_BACK_LATER).await;
    counter.pack(&order, "paris").await;
    counter.cancel(&order).await;
    assert_eq!(documents(&counter, &order).await.1, [0; 0], "nothing went back yet");
    let payment = counter.attempt(&order).await;
    let told = PaymentCommand::RecordRefund { refund: "undo-1".to_owned() };
    app::payment::record(&counter.shop, &staff(), &payment, told).await.expect("it is told");
    counter.rest().await;
    assert_eq!(documents(&counter, &order).await.1, [1_000 + DELIVERY]);
    let documents = counter.load::<OrderDocuments>(order.as_str()).await;
    assert!(documents.credit_note(&format!("{payment}.undo-1")).is_some(), "an undo's name is that of its attempt too");
}
