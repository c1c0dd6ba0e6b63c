//! What staff promise, and what shoppers take of it.

use domain::catalog::Product;
use domain::promotion::{PromotionCommand, PromotionLimits};
use domain::values::{
    CartId, Currency, Money, OrderId, PromotionId, PromotionReach, PromotionTerms, Reduction, Timestamp,
};
use sagas::checkout::CheckoutStatus;

use super::{Journey, words};
use crate::{Book, PATIENCE, Shopper, staff};

impl Journey<'_> {
    pub(super) async fn promotions(&self, book: &Book) {
        let once = self.promise("RENTREE", Reduction::Percentage("0.062".parse().expect("a rate")), book).await;
        let order = self.with_a_change_of_mind(book).await;
        self.last_use(book).await;
        let reason = words("changed my mind");
        app::order::request_cancellation(self.write(), &staff(), &order, reason).await.expect("can be asked");
        self.rest().await;
        self.end(&once).await;
        self.by_itself(book).await;
    }

    async fn end(&self, promotion: &PromotionId) {
        let end = PromotionCommand::End { reason: words("the autumn is over") };
        app::promotion::change(self.write(), &staff(), promotion, end).await.expect("it ends");
        self.rest().await;
    }

    /// One that needs no code, for an hour.
    async fn by_itself(&self, book: &Book) {
        let terms = PromotionTerms {
            label: words("Happy hour"),
            code: None,
            reduction: Reduction::Percentage("0.05".parse().expect("a rate")),
            reach: PromotionReach::Order,
            minimum: None,
            combines: false,
        };
        let made = app::promotion::create(self.write(), &staff(), terms, PromotionLimits::default()).await;
        let id = made.expect("a promotion").id.parse().expect("a promotion id");
        self.bought(book, 1, "pm_card_visa").await;
        self.end(&id).await;
    }

    /// Makes a promotion of two uses and lets it rest for a while; beside it one of a fixed amount off one book.
    async fn promise(&self, code: &str, reduction: Reduction, book: &Book) -> PromotionId {
        let terms = |code: &str, reduction, reach, minimum| PromotionTerms {
            label: words("Rentrée"),
            code: Some(code.parse().expect("a code")),
            reduction,
            reach,
            minimum,
            combines: true,
        };
        let ends_at = Some(super::BEGIN.plus_seconds(400 * super::SECONDS_PER_DAY));
        let begins_at = Some(Timestamp::from_micros(0));
        let limits = PromotionLimits { uses_max: Some(2), uses_per_customer_max: Some(2), begins_at, ends_at };
        let whole = terms(code, reduction, PromotionReach::Order, Some(Money::new(500, Currency::Eur)));
        let made = app::promotion::create(self.write(), &staff(), whole, limits).await.expect("a promotion");
        let id: PromotionId = made.id.parse().expect("a promotion id");
        let pause = PromotionCommand::Pause { reason: words("a mistake in the advertisement") };
        for command in [pause, PromotionCommand::Resume] {
            app::promotion::change(self.write(), &staff(), &id, command).await.expect("it rests, and holds again");
        }
        let categories = self.state::<Product>(book.product.as_str()).await.categories().to_vec();
        let reach =
            PromotionReach::Lines { skus: vec![book.sku.clone()], products: vec![book.product.clone()], categories };
        let fixed = terms("UN-EURO", Reduction::Amount(Money::new(100, Currency::Eur)), reach, None);
        app::promotion::create(self.write(), &staff(), fixed, PromotionLimits::default()).await.expect("another");
        self.rest().await;
        id
    }

    async fn add(&self, shopper: &Shopper, cart: &CartId, code: &str) {
        let code = code.parse().expect("a code");
        app::promotion::add_to_cart(self.write(), &shopper.request(), cart, &code).await.expect("it holds");
    }

    /// Someone adds both codes, takes one out, adds it again and buys.
    async fn with_a_change_of_mind(&self, book: &Book) -> OrderId {
        let shopper = Shopper::of(self.shop);
        let cart = shopper.cart(&[(&book.sku, 2)], "pm_card_visa").await;
        self.add(&shopper, &cart, "rentree").await;
        let code = "RENTREE".parse().expect("a code");
        let removed = app::promotion::remove_from_cart(self.write(), &shopper.request(), &cart, &code).await;
        assert!(removed.is_ok(), "the code goes: {removed:?}");
        self.add(&shopper, &cart, "Rentree").await;
        self.add(&shopper, &cart, "UN-EURO").await;
        let (order, answer) = shopper.check_out(self.shop, &cart).await;
        assert_eq!(answer, CheckoutStatus::Confirmed);
        self.rest().await;
        order
    }

    /// Two want the last use in the same moment; the one who is refused is told by their cart.
    async fn last_use(&self, book: &Book) {
        let shoppers = [Shopper::of(self.shop), Shopper::of(self.shop)];
        let mut carts = Vec::new();
        for shopper in &shoppers {
            let cart = shopper.cart(&[(&book.sku, 1)], "pm_card_visa").await;
            self.add(shopper, &cart, "RENTREE").await;
            carts.push(cart);
        }
        let (first, second) = tokio::join!(self.start(&shoppers[0], &carts[0]), self.start(&shoppers[1], &carts[1]));
        let mut refused = 0;
        for order in [first, second] {
            match self.shop.started.processes.checkout_answer(&order, PATIENCE).await {
                CheckoutStatus::PromotionRefused { refusals } => {
                    assert_eq!(refusals[0].code, "PROMOTION_USED_UP");
                    refused += 1;
                }
                answer => assert_eq!(answer, CheckoutStatus::Confirmed),
            }
        }
        assert_eq!(refused, 1, "one use was left");
        self.rest().await;
    }

    async fn start(&self, shopper: &Shopper, cart: &CartId) -> OrderId {
        let payable = self.state::<domain::cart::Cart>(cart.as_str()).await.totals().expect("totals").payable;
        let started = app::checkout::start(self.write(), &shopper.request(), cart, payable).await;
        started.expect("nobody has the last use yet").order
    }
}
