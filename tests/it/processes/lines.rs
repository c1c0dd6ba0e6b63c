//! Lines that are cancelled before a carrier has them: units, cents and documents agree, whichever comes first.

use std::collections::BTreeMap;

use app::error::AppError;
use domain::fulfilment::{Fulfilment, FulfilmentState};
use domain::invoicing::OrderDocuments;
use domain::order::{LineCancellationOutcome, LineUnits, Order, OrderStatus, PaymentStatus};
use domain::payment::Payment;
use domain::values::{OrderId, Quantity};
use sagas::checkout::CheckoutStatus;
use testkit::{Book, Engine, TestShop};

use super::shopper::{Shopper, deliver, order_when, pack, parcels, staff, when};

async fn memory() -> TestShop {
    TestShop::open(Engine::Memory).await.expect("memory is everywhere")
}

async fn available(shop: &TestShop, book: &Book) -> i64 {
    app::stock::available(&shop.started.shop, &book.sku).await.expect("stock")
}

async fn load(shop: &TestShop, order: &OrderId) -> std::sync::Arc<Order> {
    shop.started.shop.bus.load::<Order>(order.as_str()).await.expect("loads").state
}

/// Units of the lines of an order, by their places in it.
fn units(order: &Order, wanted: &[(usize, i64)]) -> Vec<LineUnits> {
    let lines = &order.sale().expect("a sale").lines;
    let units = |(index, count): &(usize, i64)| LineUnits {
        line: lines[*index].line.clone(),
        quantity: Quantity::new(*count).expect("a count"),
    };
    wanted.iter().map(units).collect()
}

async fn ask(shop: &TestShop, shopper: &Shopper, id: &OrderId, wanted: &[(usize, i64)]) -> Result<(), AppError> {
    let (order, reason) = (load(shop, id).await, "one too many".parse().expect("a reason"));
    let (request, lines) = (shopper.request(), units(&order, wanted));
    app::order::request_line_cancellation(&shop.started.shop, &request, id, lines, reason).await.map(|_| ())
}

/// Cancels units and waits until the order has its answer, and its money is noted.
async fn cancel(shop: &TestShop, shopper: &Shopper, id: &OrderId, wanted: &[(usize, i64)]) {
    ask(shop, shopper, id, wanted).await.expect("can be asked");
    order_when(shop, id, |order| order.line_cancellation_requested().is_none()).await;
}

async fn buy(shop: &TestShop, wanted: &[(&Book, i64)]) -> (Shopper, OrderId) {
    let shopper = Shopper::of(shop);
    let wanted: Vec<_> = wanted.iter().map(|(book, count)| (&book.sku, *count)).collect();
    let cart = shopper.cart(&wanted, "pm_card_visa").await;
    let (order, answer) = shopper.check_out(shop, &cart).await;
    assert_eq!(answer, CheckoutStatus::Confirmed);
    (shopper, order)
}

/// Waits until all that was taken is invoiced and all that went back is credited, and asserts that what is kept is what is
/// owed.
async fn assert_accounts(shop: &TestShop, id: &OrderId) {
    let order = load(shop, id).await;
    let payment = order.payments()[0].clone();
    let kept = |payment: &Payment| payment.captured().minor() - payment.refunded().minor();
    let payment =
        when::<Payment>(shop, payment.as_str(), |payment| kept(payment) == order.payable_left().minor()).await;
    let settled = |documents: &OrderDocuments| {
        let invoiced: i64 = documents.invoices().map(|(_, invoice)| invoice.payable.minor()).sum();
        let credited: i64 = documents.credit_notes().map(|(_, note)| note.total.minor()).sum();
        (invoiced, credited) == (payment.captured().minor(), payment.refunded().minor())
    };
    when::<OrderDocuments>(shop, id.as_str(), settled).await;
}

/// Returns the units of each line that the invoices bill, less those that are credited.
async fn billed(shop: &TestShop, id: &OrderId) -> BTreeMap<String, i64> {
    let documents = shop.started.shop.bus.load::<OrderDocuments>(id.as_str()).await.expect("loads").state;
    let mut billed = BTreeMap::<String, i64>::new();
    for line in documents.invoices().flat_map(|(_, invoice)| &invoice.lines) {
        *billed.entry(format!("{:?}", line.item)).or_default() += line.quantity.units();
    }
    for line in documents.credit_notes().flat_map(|(_, note)| &note.lines) {
        *billed.entry(format!("{:?}", line.item)).or_default() -= line.quantity.map_or(0, Quantity::units);
    }
    billed
}

#[tokio::test(flavor = "multi_thread")]
async fn units_are_cancelled_before_and_after_their_parcel_is_paid_and_every_cent_is_accounted_for() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[9]).await;
    let other = Book::publish(&shop.started.shop, "LIV-2", 333, &[9]).await;
    let (shopper, id) = buy(&shop, &[(&book, 3), (&other, 3)]).await;
    let parcel = parcels(&shop, &id).await.remove(0);

    cancel(&shop, &shopper, &id, &[(0, 1)]).await;
    assert_eq!((available(&shop, &book).await, available(&shop, &other).await), (7, 6));
    pack(&shop, &parcel).await;
    let order = order_when(&shop, &id, |order| order.payment_status() == PaymentStatus::Captured).await;
    assert_eq!(order.captured().minor(), 2 * 1_055 + 3 * 333 + 390);
    for line in shop.simulator().ledger() {
        assert_eq!(line.held.minor(), 0, "the last capture lets the rest go");
    }

    cancel(&shop, &shopper, &id, &[(0, 1), (1, 2)]).await;
    let order = order_when(&shop, &id, |order| order.payment_status() == PaymentStatus::PartiallyRefunded).await;
    assert_eq!(order.payable_left().minor(), 1_055 + 333 + 390);
    assert_eq!((available(&shop, &book).await, available(&shop, &other).await), (8, 8));
    let state = shop.started.shop.bus.load::<Fulfilment>(parcel.as_str()).await.expect("loads").state;
    assert_eq!((state.state(), state.share()), (FulfilmentState::Requested, Some(order.payable_left())));
    let early = app::fulfilment::hand_over(&shop.started.shop, &staff(), &parcel, None).await;
    assert_eq!(early.expect_err("it is packed anew first").code(), Some("ILLEGAL_TRANSITION"));

    deliver(&shop, &id).await;
    assert_accounts(&shop, &id).await;
    assert_eq!((available(&shop, &book).await, available(&shop, &other).await), (8, 8));
    assert_eq!(
        billed(&shop, &id).await.values().copied().collect::<Vec<_>>(),
        [1, 1, 1],
        "both books and the shipping"
    );
    let order = load(&shop, &id).await;
    let refused = ask(&shop, &shopper, &id, &[(0, 1)]).await.expect_err("it was delivered");
    assert_eq!(refused.code(), Some("ALREADY_SHIPPED"));
    assert_eq!(order.returnable(&order.sale().expect("a sale").lines[1].line), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_units_call_the_order_off_and_everything_goes_back() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[4]).await;
    let (shopper, id) = buy(&shop, &[(&book, 2)]).await;
    let parcel = parcels(&shop, &id).await.remove(0);
    pack(&shop, &parcel).await;
    cancel(&shop, &shopper, &id, &[(0, 1)]).await;
    ask(&shop, &shopper, &id, &[(0, 1)]).await.expect("can be asked");
    order_when(&shop, &id, |order| order.status() == OrderStatus::Cancelled).await;
    assert_eq!(available(&shop, &book).await, 4);
    for line in shop.simulator().ledger() {
        assert_eq!((line.held.minor(), line.captured.minor() - line.refunded.minor()), (0, 0), "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_parcels_the_one_that_is_emptied_is_called_off_and_the_shipping_is_paid_with_the_other() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_000, &[2, 0]).await;
    let other = Book::publish(&shop.started.shop, "LIV-2", 500, &[0, 2]).await;
    let (shopper, id) = buy(&shop, &[(&book, 2), (&other, 2)]).await;
    let both = parcels(&shop, &id).await;
    assert_eq!(both.len(), 2);
    for index in [0, 1] {
        let left = order_when(&shop, &id, |order| order.line_cancellation_requested().is_none()).await;
        cancel(&shop, &shopper, &id, &[(index, 2 - i64::try_from(index).expect("fits"))]).await;
        assert!(load(&shop, &id).await.payable_left() < left.payable_left());
    }
    deliver_what_is_left(&shop, &id, &both).await;
    assert_accounts(&shop, &id).await;
    let order = load(&shop, &id).await;
    assert_eq!(order.captured().minor(), 500 + 390, "one book and the shipping");
    assert_eq!((available(&shop, &book).await, available(&shop, &other).await), (2, 1));
}

async fn deliver_what_is_left(shop: &TestShop, id: &OrderId, parcels: &[domain::values::FulfilmentId]) {
    let write = &shop.started.shop;
    for parcel in parcels {
        let state = write.bus.load::<Fulfilment>(parcel.as_str()).await.expect("loads").state;
        if state.state() == FulfilmentState::Cancelled {
            continue;
        }
        pack(shop, parcel).await;
        app::fulfilment::hand_over(write, &staff(), parcel, None).await.expect("is handed over");
    }
    order_when(shop, id, |order| order.captured() == order.payable_left()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_that_leaves_in_the_same_moment_wins_or_loses_and_units_and_cents_agree() {
    let shop = memory().await;
    let book = Book::publish(&shop.started.shop, "LIV-1", 1_055, &[200]).await;
    let (mut cancelled, mut left) = (0, 0);
    for round in 0..12 {
        let (shopper, id) = buy(&shop, &[(&book, 2)]).await;
        let parcel = parcels(&shop, &id).await.remove(0);
        pack(&shop, &parcel).await;
        let before = available(&shop, &book).await;
        let (write, by) = (&shop.started.shop, staff());
        let asking = ask(&shop, &shopper, &id, &[(0, 1)]);
        let leaving = app::fulfilment::hand_over(write, &by, &parcel, None);
        let (asked, handed_over) = if round % 2 == 0 {
            tokio::join!(asking, leaving)
        } else {
            let (handed_over, asked) = tokio::join!(leaving, asking);
            (asked, handed_over)
        };
        let order = order_when(&shop, &id, |order| order.line_cancellation_requested().is_none()).await;
        let outcome = order.line_cancellations().last().map(|asked| &asked.outcome);
        let is_cancelled = matches!(outcome, Some(LineCancellationOutcome::Done { .. }));
        assert!(is_cancelled != handed_over.is_ok() || asked.is_err() || !is_cancelled, "{outcome:?} {handed_over:?}");
        if is_cancelled {
            pack(&shop, &parcel).await;
            app::fulfilment::hand_over(write, &by, &parcel, None).await.expect("what is left leaves");
        }
        let state = write.bus.load::<Fulfilment>(parcel.as_str()).await.expect("loads").state;
        assert_eq!(state.lines()[0].quantity.units(), if is_cancelled { 1 } else { 2 });
        assert_accounts(&shop, &id).await;
        (cancelled, left) = (cancelled + usize::from(is_cancelled), left + usize::from(!is_cancelled));
        assert_eq!(available(&shop, &book).await, before + i64::from(is_cancelled));
    }
    assert_eq!(cancelled + left, 12);
}
