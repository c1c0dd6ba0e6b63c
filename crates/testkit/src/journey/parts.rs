//! An order that two cards pay, a part each.

use domain::cart::Cart;
use domain::values::{Currency, Money};
use sagas::checkout::CheckoutStatus;

use super::{Journey, words};
use crate::{Book, PATIENCE, Shopper, parcels_of};

impl Journey<'_> {
    /// Two cards pay and are paid back; before it arrives a unit is cancelled, afterwards all comes back.
    pub(super) async fn in_parts(&self, book: &Book) {
        let shopper = Shopper::of(self.shop);
        let cart = shopper.cart(&[(&book.sku, 3)], "pm_card_visa").await;
        let payable = self.state::<Cart>(cart.as_str()).await.totals().expect("totals").payable;
        let paying = (payable, Some(Money::new(1_000, Currency::Eur)));
        let started = app::checkout::start_paying(self.write(), &shopper.request(), &cart, paying).await;
        let order = started.expect("starts").order;
        let answer = self.shop.started.processes.checkout_answer(&order, PATIENCE).await;
        assert_eq!(answer, CheckoutStatus::PartlyAuthorised { attempt: 1 });
        self.rest().await;
        let method = words("pm_card_mastercard");
        app::order::request_payment(self.write(), &shopper.request(), &order, method).await.expect("the rest");
        self.rest().await;
        let parcels = parcels_of(self.shop, &order).await;
        self.pack(&parcels[0]).await;
        self.cancel_unit(&shopper, &order).await;
        self.deliver(&parcels[0]).await;
        let sent = self.ask(&shopper, &order, 2).await;
        self.arrive(&sent, (2, 0, 0)).await;
    }
}
