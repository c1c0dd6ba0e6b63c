//! Units that are added to an order after it was placed.

use app::cart::{CheckoutDetails, LineWish};
use domain::cart::CartCommand;
use domain::values::{CartId, Currency, OrderId};
use sagas::checkout::CheckoutStatus;

use super::{Journey, units, words};
use crate::{Book, Shopper};

impl Journey<'_> {
    /// One addition is called off, one leaves with its order, one cart goes its own way, and one comes too late.
    pub(super) async fn additions(&self, book: &Book) {
        let (shopper, (order, parcels)) = self.bought(book, 1, "pm_card_visa").await;
        let called_off = self.add_to(&shopper, &order, book).await;
        self.cancel(&shopper, &called_off).await;
        let sent = self.add_to(&shopper, &order, book).await;
        let alone = self.cart_to(&shopper, &order, book).await;
        let end = CartCommand::EndAddition;
        app::cart::change(self.write(), &shopper.request(), &alone, end).await.expect("it is taken off");
        self.rest().await;
        let late = self.payable_cart_to(&shopper, &order, book).await;
        for parcel in parcels.iter().chain(&crate::parcels_of(self.shop, &sent).await) {
            self.deliver(parcel).await;
        }
        let (_, answer) = shopper.check_out(self.shop, &late).await;
        assert!(matches!(answer, CheckoutStatus::Rejected { .. }), "{answer:?}");
        self.rest().await;
    }

    async fn cart_to(&self, shopper: &Shopper, order: &OrderId, book: &Book) -> CartId {
        let request = shopper.request();
        let owner = request.actor.customer().expect("a shopper").clone();
        let wishes = [LineWish { sku: book.sku.clone(), quantity: units(1), agreed: None }];
        let adding = (owner, order);
        let cart = app::cart::open_addition(self.write(), &request, adding, Currency::Eur, &wishes).await;
        cart.expect("it may be added to").id.parse().expect("a cart id")
    }

    async fn add_to(&self, shopper: &Shopper, order: &OrderId, book: &Book) -> OrderId {
        let cart = self.payable_cart_to(shopper, order, book).await;
        let (addition, answer) = shopper.check_out(self.shop, &cart).await;
        assert_eq!(answer, CheckoutStatus::Confirmed);
        self.rest().await;
        addition
    }

    async fn payable_cart_to(&self, shopper: &Shopper, order: &OrderId, book: &Book) -> CartId {
        let cart = self.cart_to(shopper, order, book).await;
        let paying = CheckoutDetails { payment_method: Some(words("pm_card_visa")), ..CheckoutDetails::default() };
        app::cart::set_details(self.write(), &shopper.request(), &cart, &paying).await.expect("a way to pay");
        cart
    }
}
