//! What goes wrong after the sale, and how it is undone.

use domain::fulfilment::FulfilmentCommand;
use domain::order::{LineUnits, Order, OrderCommand};
use domain::values::{LineCancellationId, OrderId};
use sagas::checkout::CheckoutStatus;

use super::{Journey, units, words};
use crate::{Book, Shopper};

impl Journey<'_> {
    pub(super) async fn undoing(&self, book: &Book) {
        self.nothing_left(book).await;
        for packed in [false, true] {
            let (shopper, (order, parcels)) = self.bought(book, 1, "pm_card_visa").await;
            if packed {
                self.pack(&parcels[0]).await;
            }
            self.cancel(&shopper, &order).await;
        }
        self.refund_that_fails(book).await;
        self.capture_that_fails(book).await;
        self.lost_parcel(book).await;
        self.too_late_to_cancel(book).await;
        self.cancelled_units(book).await;
    }

    pub(super) async fn cancel(&self, shopper: &Shopper, order: &OrderId) {
        let request = shopper.request();
        let asked = app::order::request_cancellation(self.write(), &request, order, words("changed my mind")).await;
        asked.expect("can be asked");
        self.rest().await;
    }

    async fn nothing_left(&self, book: &Book) {
        let shopper = Shopper::of(self.shop);
        let cart = shopper.cart(&[(&book.sku, 10_000)], "pm_card_visa").await;
        let (_, answer) = shopper.check_out(self.shop, &cart).await;
        assert!(matches!(answer, CheckoutStatus::OutOfStock { .. }), "{answer:?}");
        self.rest().await;
    }

    /// A paid order is called off, and its card takes nothing back.
    async fn refund_that_fails(&self, book: &Book) {
        let (shopper, (order, parcels)) = self.bought(book, 1, "pm_card_refundFails").await;
        self.pack(&parcels[0]).await;
        self.cancel(&shopper, &order).await;
        self.decide("undo_payment/", "retry").await;
        self.decide("undo_payment/", "paid_by_hand").await;
    }

    async fn capture_that_fails(&self, book: &Book) {
        let (_, (_, parcels)) = self.bought(book, 1, "pm_card_captureFails").await;
        self.pack(&parcels[0]).await;
        self.decide("capture/", "cancel_order").await;
    }

    async fn lost_parcel(&self, book: &Book) {
        let (_, (_, parcels)) = self.bought(book, 1, "pm_card_visa").await;
        self.pack(&parcels[0]).await;
        self.hand_over(&parcels[0]).await;
        self.parcel(&parcels[0], FulfilmentCommand::DeclareLost { reason: words("the carrier searched") }).await;
        self.decide("parcel_lost/", "refund").await;
        // Of another one the units are sent once more, as soon as there are so many.
        let (_, (_, parcels)) = self.bought(book, 1, "pm_card_visa").await;
        self.pack(&parcels[0]).await;
        self.hand_over(&parcels[0]).await;
        self.parcel(&parcels[0], FulfilmentCommand::DeclareLost { reason: words("the carrier searched") }).await;
        self.decide("parcel_lost/", "wait").await;
        self.pass(sagas::checkout::LOST_AGAIN_SECONDS).await;
        self.decide("parcel_lost/", "reship").await;
    }

    /// One parcel leaves in the moment its order is called off: the order stands without the other one.
    async fn too_late_to_cancel(&self, book: &Book) {
        let (shopper, (order, mut parcels)) = self.bought(book, 100, "pm_card_visa").await;
        parcels.sort();
        assert_eq!(parcels.len(), 2, "more than one warehouse has");
        for parcel in &parcels {
            self.pack(parcel).await;
        }
        self.hand_over(&parcels[1]).await;
        self.cancel(&shopper, &order).await;
        self.decide("partly_cancelled", "refund").await;
    }

    /// Units are cancelled before their parcel is packed and after it, and once too late.
    async fn cancelled_units(&self, book: &Book) {
        let (shopper, (order, parcels)) = self.bought(book, 3, "pm_card_visa").await;
        self.cancel_unit(&shopper, &order).await;
        self.pack(&parcels[0]).await;
        self.cancel_unit(&shopper, &order).await;
        self.deliver(&parcels[0]).await;
        let (shopper, (order, parcels)) = self.bought(book, 2, "pm_card_visa").await;
        self.pack(&parcels[0]).await;
        let unit = self.unit_of(&order).await;
        let command = OrderCommand::RequestLineCancellation {
            cancellation: LineCancellationId::from_uuid(self.write().ids.uuid()),
            lines: vec![unit],
            reason: words("one too many"),
            gone: Vec::new(),
        };
        self.hand_over(&parcels[0]).await;
        self.run::<Order>(order.as_str(), command).await;
        let (request, unit) = (shopper.request(), self.unit_of(&order).await);
        let reason = words("one too many");
        let late = app::order::request_line_cancellation(self.write(), &request, &order, vec![unit], reason).await;
        assert_eq!(late.expect_err("it has left").code(), Some("ALREADY_SHIPPED"));
    }

    async fn unit_of(&self, order: &OrderId) -> LineUnits {
        let sold = self.state::<Order>(order.as_str()).await;
        let line = sold.sale().expect("a sale").lines[0].line.clone();
        LineUnits { line, quantity: units(1) }
    }

    pub(super) async fn cancel_unit(&self, shopper: &Shopper, order: &OrderId) {
        let (request, unit) = (shopper.request(), self.unit_of(order).await);
        let reason = words("one too many");
        let asked = app::order::request_line_cancellation(self.write(), &request, order, vec![unit], reason).await;
        asked.expect("can be asked");
        self.rest().await;
    }
}
