//! What shoppers do until the parcel is at their door.

use app::cart::{AgreedPrice, LineWish};
use app::catalog::change_variant;
use domain::cart::{Cart, CartCommand, Coupon, LinePrice};
use domain::catalog::VariantCommand;
use domain::payment::{Payment, PaymentCommand};
use domain::values::{Currency, Money};
use sagas::checkout::CheckoutStatus;

use super::{Journey, SECONDS_PER_DAY, units, words};
use crate::{Book, Shopper, parcels_of, staff};

/// How long a hold lasts at the simulated bank.
const HOLD_SECONDS: i64 = 7 * SECONDS_PER_DAY;

impl Journey<'_> {
    pub(super) async fn buying(&self, book: &Book) {
        self.careful_shopper(book).await;
        self.two_parcels(book).await;
        self.at_the_bank(book).await;
        self.declined(book).await;
        self.bad_connection(book).await;
        self.hold_that_ends(book).await;
        self.nothing_to_pay(book).await;
    }

    /// A guest who signs in, changes their mind, brings coupons, and buys while the price moves. Later they are forgotten.
    async fn careful_shopper(&self, book: &Book) {
        let (write, guest, customer) = (self.write(), Shopper::of(self.shop), Shopper::of(self.shop));
        let from = guest.fill(&[(&book.sku, 1)]).await;
        let cart = customer.fill(&[(&book.sku, 1), (&book.sku, 2)]).await;
        let merged = app::cart::merge(write, &customer.request(), (&guest.actor, &from), &cart).await;
        let lines = merged.expect("is merged").state.lines().iter().map(|line| line.line.clone()).collect::<Vec<_>>();
        let changes = vec![(lines[0].clone(), Some(units(2))), (lines[1].clone(), None)];
        let agreed =
            AgreedPrice { price: LinePrice::ForLine(Money::new(1_000, Currency::Eur)), reason: words("a torn cover") };
        let wish = LineWish { sku: book.sku.clone(), quantity: units(3), agreed: Some(agreed) };
        app::cart::add_lines(write, &staff(), &cart, &[wish]).await.expect("staff agree on a price");
        app::cart::change(write, &customer.request(), &cart, CartCommand::ChangeLines { changes }).await.expect("fits");
        let coupon = |code: &str| Coupon {
            code: words(code),
            campaign: words("rentrée"),
            amount: Money::new(100, Currency::Eur),
        };
        for code in ["MERCI", "ENCORE"] {
            app::cart::apply_coupon(write, &staff(), &cart, coupon(code)).await.expect("a coupon");
        }
        let removal = CartCommand::RemoveCoupon { code: words("MERCI") };
        app::cart::change(write, &customer.request(), &cart, removal).await.expect("is taken back");
        customer.prepare(&cart, "pm_card_visa").await;
        let seen = self.state::<Cart>(cart.as_str()).await.totals().expect("totals").payable;
        let price = VariantCommand::SetPrice {
            price: Money::new(1_090, Currency::Eur),
            vat_rate: "0.055".parse().expect("a rate"),
            now: write.clock.now(),
        };
        change_variant(write, &staff(), &book.sku, &[price]).await.expect("a price");
        let moved = app::checkout::start(write, &customer.request(), &cart, seen).await;
        assert_eq!(moved.expect_err("the price has moved").code(), Some("PRICE_CHANGED"));
        let (_, answer) = customer.check_out(self.shop, &cart).await;
        assert_eq!(answer, CheckoutStatus::Confirmed);
        let forgotten = write.vault.forget(customer.actor.customer().expect("a shopper")).await;
        assert!(forgotten.expect("is forgotten"), "there was something to forget");
        self.rest().await;
    }

    /// An order from both warehouses, one parcel after the other, kept beyond the time to return.
    async fn two_parcels(&self, book: &Book) {
        let (_, (_, parcels)) = self.bought(book, 70, "pm_card_visa").await;
        assert_eq!(parcels.len(), 2, "more than one warehouse has");
        self.pack(&parcels[0]).await;
        self.pack(&parcels[1]).await;
        for parcel in &parcels {
            self.hand_over(parcel).await;
            self.rest().await;
        }
        for parcel in &parcels {
            let delivered_at = self.write().clock.now();
            self.parcel(parcel, domain::fulfilment::FulfilmentCommand::Deliver { delivered_at }).await;
        }
        self.restock(book).await;
    }

    /// Units come to both warehouses.
    async fn restock(&self, book: &Book) {
        for location in &self.write().settings.locations {
            let command =
                domain::stock::StockCommand::Receive { quantity: units(50), reference: words("delivery note 2") };
            app::stock::change(self.write(), &staff(), (&book.sku, location), command).await.expect("is received");
        }
    }

    /// A buyer who is sent to the bank and comes back, and one who never does.
    async fn at_the_bank(&self, book: &Book) {
        for comes_back in [true, false] {
            let shopper = Shopper::of(self.shop);
            let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_threeDSecure2Required").await;
            let (_, answer) = shopper.check_out(self.shop, &cart).await;
            let CheckoutStatus::ActionRequired { url, .. } = answer else { panic!("{answer:?}") };
            self.rest().await;
            let reference = url.rsplit('/').next().expect("a reference");
            if comes_back {
                self.shop.simulator().approve_challenge(reference).expect("the bank asks");
            } else {
                self.pass(self.write().settings.payment_seconds).await;
            }
            self.rest().await;
        }
    }

    /// A buyer whose bank says no, who pays with another card; and the first bank that says yes after all.
    async fn declined(&self, book: &Book) {
        let shopper = Shopper::of(self.shop);
        let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_chargeDeclinedInsufficientFunds").await;
        let (order, answer) = shopper.check_out(self.shop, &cart).await;
        assert!(matches!(answer, CheckoutStatus::Declined { .. }), "{answer:?}");
        self.rest().await;
        let first = self.payment(&order).await;
        let method = words("pm_card_mastercard");
        app::order::request_payment(self.write(), &shopper.request(), &order, method).await.expect("another card");
        self.rest().await;
        let amount = self.state::<Payment>(first.as_str()).await.amount().expect("an amount");
        let (provider_reference, expires_at) = (words("pi_late"), self.write().clock.now().plus_seconds(60));
        let late = PaymentCommand::RecordAuthorisation { provider_reference, amount, expires_at };
        self.run::<Payment>(first.as_str(), late).await;
    }

    /// A provider that answers at the third try, one that never does, and a carrier that is away for a while.
    async fn bad_connection(&self, book: &Book) {
        let shopper = Shopper::of(self.shop);
        for method in ["pm_card_unavailable", "pm_card_timeoutBefore"] {
            let cart = shopper.cart(&[(&book.sku, 1)], method).await;
            let payable = self.state::<Cart>(cart.as_str()).await.totals().expect("totals").payable;
            app::checkout::start(self.write(), &shopper.request(), &cart, payable).await.expect("starts");
            self.rest().await;
            for seconds in sagas::engine::RETRY_AFTER_SECONDS {
                self.pass(seconds).await;
            }
        }
        self.decide("dead_letter/", "give_up").await;
        self.shop.started.carrier.fail_next(1);
        let (_, (_, parcels)) = self.bought(book, 1, "pm_card_visa").await;
        self.deliver(&parcels[0]).await;
    }

    /// A coupon that pays for everything: the parcel leaves without a payment.
    async fn nothing_to_pay(&self, book: &Book) {
        let shopper = Shopper::of(self.shop);
        let cart = shopper.fill(&[(&book.sku, 1)]).await;
        let (code, campaign) = (words("OFFERT"), words("rentrée"));
        let coupon = Coupon { code, campaign, amount: Money::new(5_000, Currency::Eur) };
        app::cart::apply_coupon(self.write(), &staff(), &cart, coupon).await.expect("a coupon");
        shopper.prepare(&cart, "pm_card_visa").await;
        let (order, answer) = shopper.check_out(self.shop, &cart).await;
        assert_eq!(answer, CheckoutStatus::Confirmed);
        self.rest().await;
        self.pack(&parcels_of(self.shop, &order).await[0]).await;
    }

    /// Money that nobody takes in time: of two cards one may be asked again.
    async fn hold_that_ends(&self, book: &Book) {
        let (_, (_, parcels)) = self.bought(book, 1, "pm_card_visa").await;
        self.bought(book, 1, "pm_card_renewalFails").await;
        let (_, (_, halves)) = self.bought(book, 90, "pm_card_visa").await;
        self.pack(&halves[0]).await;
        self.pass(HOLD_SECONDS - SECONDS_PER_DAY).await;
        self.pass(SECONDS_PER_DAY).await;
        self.decide(sagas::checkout::TASK_HOLD, "cancel_order").await;
        self.deliver(&parcels[0]).await;
        self.hand_over(&halves[0]).await;
        self.deliver(&halves[1]).await;
        let delivered_at = self.write().clock.now();
        self.parcel(&halves[0], domain::fulfilment::FulfilmentCommand::Deliver { delivered_at }).await;
        self.restock(book).await;
    }
}
