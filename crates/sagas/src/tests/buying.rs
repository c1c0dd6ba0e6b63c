//! From a frozen cart to an order that the shop owes, or to a cart that is open again.

use domain::cart::{Cart, CartStatus};
use domain::order::{Order, OrderStatus, PaymentStatus};
use domain::payment::PaymentStatus as MoneyStatus;
use domain::promotion::{Promotion, PromotionCommand, PromotionLimits};
use domain::stock::{Stock, StockCommand, stream_id};
use domain::values::{CartId, OrderId, PromotionId, PromotionReach, PromotionTerms, Reduction};
use uuid::Uuid;

use super::bank::{ASKS, DECLINES, VISA, silent};
use super::counter::{Counter, DELIVERY, MONDAY, PAYMENT_SECONDS, RESERVATION_SECONDS, at, buyer, euro, staff, text};
use crate::checkout::{CheckoutInput as Input, CheckoutStatus, CheckoutStep as Step};
use crate::engine::StepError;
use std::time::Duration;

async fn answer(counter: &Counter, order: &OrderId) -> CheckoutStatus {
    counter.processes.checkout_answer(order, Duration::ZERO).await
}

/// Promises something to whoever has the code.
async fn promise(counter: &Counter, code: &str, percentage: &str, uses: u32) -> PromotionId {
    let terms = PromotionTerms {
        label: text("Rentrée"),
        code: Some(code.parse().expect("a code")),
        reduction: Reduction::Percentage(percentage.parse().expect("a rate")),
        reach: PromotionReach::Order,
        minimum: None,
        combines: false,
    };
    let limits = PromotionLimits { uses_max: Some(uses), ..PromotionLimits::default() };
    let made = app::promotion::create(&counter.shop, &staff(), terms, limits).await.expect("a promotion");
    made.id.parse().expect("a promotion id")
}

async fn add_code(counter: &Counter, cart: &CartId, code: &str) {
    let code = code.parse().expect("a code");
    app::promotion::add_to_cart(&counter.shop, &buyer(), cart, &code).await.expect("it holds");
}

/// Returns the uses of a promotion that are promised and counted.
async fn uses(counter: &Counter, promotion: &PromotionId) -> (u32, u32) {
    let promotion = counter.load::<Promotion>(promotion.as_str()).await;
    (promotion.uses_reserved(), promotion.uses_confirmed())
}

#[tokio::test(start_paused = true)]
async fn what_is_paid_is_owed_its_units_are_sold_and_its_cart_is_closed() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 2)], VISA).await;
    assert_eq!(answer(&counter, &order).await, CheckoutStatus::Confirmed);
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Confirmed, PaymentStatus::Authorised));
    let total = 2 * 1_055 + DELIVERY;
    assert_eq!((state.authorised(), state.captured()), (euro(total), euro(0)));
    assert_eq!(counter.bank.take_asked(), [format!("authorise {total} {VISA} There")]);
    assert_eq!(counter.cart_of(&order).await.status(), CartStatus::Completed { order: order.clone() });
    assert_eq!(counter.shelf(&book, "paris").await, [5, 0, 2]);
    let (_, parcel) = counter.parcel(&order, "paris").await;
    assert_eq!((parcel.share(), parcel.order()), (Some(euro(total)), Some(&order)));
    assert_eq!(counter.processes.tasks(), []);
}

#[tokio::test(start_paused = true)]
async fn units_and_time_to_pay_are_promised_for_as_long_as_the_shop_says() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 2)], ASKS).await;
    let stock = counter.load::<Stock>(&stream_id(&book, &at("paris"))).await;
    let promised = stock.reservation(&order).expect("units are promised");
    assert_eq!((promised.quantity.units(), promised.expires_at), (2, MONDAY.plus_seconds(RESERVATION_SECONDS)));
    let payment = counter.attempt(&order).await;
    let url = format!("https://bank.example/{payment}");
    assert_eq!(answer(&counter, &order).await, CheckoutStatus::ActionRequired { url, attempt: 1 });
    assert_eq!(counter.order(&order).await.payment_status(), PaymentStatus::RequiresAction);
    let cart = counter.cart_of(&order).await;
    assert!(matches!(cart.status(), CartStatus::CheckingOut { .. }), "{:?}", cart.status());

    counter.pass(PAYMENT_SECONDS - 1).await;
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Placed, "there is a second left");
    counter.pass(1).await;
    let state = counter.order(&order).await;
    assert_eq!(state.rejection(), Some(("PAYMENT_TIMEOUT", "the order was not paid in time")));
    assert_eq!(state.payment_status(), PaymentStatus::Voided);
    assert_eq!(answer(&counter, &order).await, CheckoutStatus::Rejected { code: "PAYMENT_TIMEOUT".to_owned() });
    assert_eq!(counter.shelf(&book, "paris").await, [5, 0, 0]);
    assert_eq!(counter.cart_of(&order).await.status(), CartStatus::Open);
    assert!(counter.bank.account(&payment).is_void, "a payment that comes later is refused");
}

#[tokio::test(start_paused = true)]
async fn a_declined_card_may_be_followed_by_another_one_within_the_time() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], DECLINES).await;
    let declined = CheckoutStatus::Declined { code: "insufficient_funds".to_owned(), attempt: 1 };
    assert_eq!(answer(&counter, &order).await, declined);
    assert_eq!(counter.order(&order).await.payment_status(), PaymentStatus::Declined);
    app::order::request_payment(&counter.shop, &buyer(), &order, text(VISA)).await.expect("it may");
    counter.rest().await;
    assert_eq!(answer(&counter, &order).await, CheckoutStatus::Confirmed);
    let state = counter.order(&order).await;
    assert_eq!((state.payments().len(), state.payment_status()), (2, PaymentStatus::Authorised));
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_card_is_declined_and_not_replaced_says_so_at_its_end() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], DECLINES).await;
    counter.pass(PAYMENT_SECONDS).await;
    let reason = "the payment was declined and not tried again in time";
    assert_eq!(counter.order(&order).await.rejection(), Some(("PAYMENT_DECLINED", reason)));
}

#[tokio::test(start_paused = true)]
async fn where_units_lack_there_is_no_order_and_the_cart_is_open_again() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [2, 1]).await;
    let cart = counter.cart(&[(&book, 4)], ("standard", VISA)).await;
    let order = counter.start(&cart).await;
    counter.rest().await;
    let CheckoutStatus::OutOfStock { shortages } = answer(&counter, &order).await else { panic!("units lack") };
    assert_eq!(shortages.iter().map(|one| (one.requested, one.available)).collect::<Vec<_>>(), [(4, 3)]);
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Absent);
    assert_eq!(counter.load::<Cart>(cart.as_str()).await.status(), CartStatus::Open);
    assert_eq!((counter.shelf(&book, "paris").await, counter.shelf(&book, "lyon").await), ([2, 0, 0], [1, 0, 0]));
    assert_eq!(counter.bank.take_asked(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_use_of_a_promotion_is_promised_then_counted_and_given_back_by_the_undo() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    let promotion = promise(&counter, "DIX", "0.1", 1).await;
    let mut carts = Vec::new();
    for _ in 0..2 {
        let cart = counter.cart(&[(&book, 1)], ("pickup", ASKS)).await;
        add_code(&counter, &cart, "DIX").await;
        carts.push(cart);
    }
    let (first, second) = (counter.start(&carts[0]).await, counter.start(&carts[1]).await);
    counter.rest().await;
    assert_eq!(uses(&counter, &promotion).await, (1, 0));
    let (paying, refused) =
        if counter.order(&first).await.sale().is_some() { (first, second) } else { (second, first) };
    let CheckoutStatus::PromotionRefused { refusals } = answer(&counter, &refused).await else { panic!("used up") };
    assert_eq!((refusals.len(), refusals[0].code.as_str()), (1, "PROMOTION_USED_UP"));
    let paying_cart = counter.order(&paying).await.sale().expect("a sale").cart.clone();
    let refused_cart = carts.iter().find(|cart| **cart != paying_cart).expect("the other");
    let state = counter.load::<Cart>(refused_cart.as_str()).await;
    assert_eq!(state.status(), CartStatus::Open);
    assert_eq!(state.totals().expect("totals").payable, euro(1_000), "it gives nothing any more");

    let payment = counter.attempt(&paying).await;
    counter.bank.approve(&payment, 900);
    counter.processes.refresh_payment(&paying, &buyer()).await.expect("the bank is asked");
    counter.rest().await;
    assert_eq!(answer(&counter, &paying).await, CheckoutStatus::Confirmed);
    assert_eq!(uses(&counter, &promotion).await, (0, 1));
    counter.cancel(&paying).await;
    assert_eq!(uses(&counter, &promotion).await, (0, 0));
    assert_eq!(counter.bank.account(&payment).held, 0);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_to_be_paid_no_bank_is_asked() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    promise(&counter, "CADEAU", "1", 1).await;
    let cart = counter.cart(&[(&book, 1)], ("pickup", VISA)).await;
    add_code(&counter, &cart, "CADEAU").await;
    let order = counter.start(&cart).await;
    counter.rest().await;
    assert_eq!(answer(&counter, &order).await, CheckoutStatus::Confirmed);
    let state = counter.order(&order).await;
    assert_eq!((state.payments().len(), state.sale().expect("a sale").payable), (0, euro(0)));
    counter.send(&order, "paris").await;
    assert_eq!(counter.bank.take_asked(), [""; 0]);
    assert_eq!(counter.shelf(&book, "paris").await, [4, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_bank_that_is_silent_is_asked_again_and_holds_the_money_once() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    counter.bank.fail([silent()]);
    let order = counter.buy(&[(&book, 1)], VISA).await;
    assert_eq!(answer(&counter, &order).await, CheckoutStatus::Confirmed);
    assert_eq!(counter.bank.take_asked().len(), 2);
    assert_eq!(counter.bank.account(&counter.attempt(&order).await).held, 1_055 + DELIVERY);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_overtaken_by_the_undo_is_no_failure() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], ASKS).await;
    counter.cancel(&order).await;
    let state = counter.order(&order).await;
    assert_eq!((state.status(), state.payment_status()), (OrderStatus::Cancelled, PaymentStatus::Voided));
    assert_eq!(
        counter.cart_of(&order).await.status(),
        CartStatus::Open,
        "nothing had been sent: it may be bought anew"
    );
    let payment = counter.attempt(&order).await;
    let again = counter.perform(&order, &Step::Authorise { payment: payment.clone(), is_renewal: false }).await;
    assert_eq!(again, Ok(Input::Done), "the bank says that it was called off");
    assert_eq!(counter.payment(&order).await.status(), MoneyStatus::Voided);
    assert_eq!(counter.bank.account(&payment).held, 0);
}

#[tokio::test(start_paused = true)]
async fn units_that_were_sold_elsewhere_meanwhile_end_the_order_and_let_its_money_go() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [2, 0]).await;
    let order = counter.buy(&[(&book, 2)], ASKS).await;
    counter.clock.advance_seconds(RESERVATION_SECONDS + 1);
    let gone = StockCommand::Recount { counted: 1, reason: text("stocktaking") };
    app::stock::change(&counter.shop, &staff(), (&book, &at("paris")), gone).await.expect("it is counted");
    let payment = counter.attempt(&order).await;
    counter.bank.approve(&payment, 2 * 1_055 + DELIVERY);
    counter.processes.refresh_payment(&order, &buyer()).await.expect("the bank is asked");
    counter.rest().await;
    let state = counter.order(&order).await;
    let reason = "the units were not there any more when the payment came";
    assert_eq!(state.rejection(), Some(("INSUFFICIENT_STOCK", reason)));
    assert_eq!((counter.bank.account(&payment).held, counter.shelf(&book, "paris").await), (0, [1, 0, 0]));
}

#[tokio::test(start_paused = true)]
async fn rejecting_needs_nothing_before_the_order_and_calls_a_confirmed_one_off() {
    let counter = Counter::open();
    let reject = Step::RejectOrder { code: "GIVEN_UP".to_owned() };
    let unplaced = OrderId::from_uuid(Uuid::from_u128(99));
    assert_eq!(counter.perform(&unplaced, &reject).await, Ok(Input::Done));
    assert_eq!(counter.order(&unplaced).await.status(), OrderStatus::Absent);
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let confirmed = counter.buy(&[(&book, 1)], VISA).await;
    assert_eq!(counter.perform(&confirmed, &reject).await, Ok(Input::Done));
    assert_eq!(counter.order(&confirmed).await.status(), OrderStatus::Cancelled);
    let placed = counter.buy(&[(&book, 1)], ASKS).await;
    assert_eq!(counter.perform(&placed, &reject).await, Ok(Input::Done));
    let state = counter.order(&placed).await;
    assert_eq!(state.rejection(), Some(("GIVEN_UP", "the order could not be carried out")));
}

#[tokio::test(start_paused = true)]
async fn only_the_order_that_froze_a_cart_opens_it_again() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], ASKS).await;
    let cart = counter.order(&order).await.sale().expect("a sale").cart.clone();
    let step = Step::ReopenCart { cart: cart.clone(), code: "GIVEN_UP".to_owned(), withheld: Vec::new() };
    let another = OrderId::from_uuid(Uuid::from_u128(99));
    assert_eq!(counter.perform(&another, &step).await, Ok(Input::Done));
    assert!(matches!(counter.cart_of(&order).await.status(), CartStatus::CheckingOut { .. }));
    assert_eq!(counter.perform(&order, &step).await, Ok(Input::Done));
    assert_eq!(counter.load::<Cart>(cart.as_str()).await.status(), CartStatus::Open);
}

#[tokio::test(start_paused = true)]
async fn a_promise_that_was_called_off_for_good_is_a_lack_of_units_and_a_wish_for_nothing_is_stuck() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], ASKS).await;
    let cart = counter.order(&order).await.sale().expect("a sale").cart.clone();
    assert_eq!(counter.perform(&order, &Step::ReleaseStock { cart: cart.clone() }).await, Ok(Input::StockReleased));
    assert_eq!(counter.shelf(&book, "paris").await, [5, 0, 0]);
    let routed = vec![app::stock::Routed { sku: book, location: at("paris"), quantity: super::counter::units(1) }];
    let allocated = counter.perform(&order, &Step::Allocate { cart, routed }).await;
    assert_eq!(allocated, Ok(Input::Short { shortages: Vec::new() }));
    let payment = domain::values::PaymentId::from_uuid(Uuid::from_u128(99));
    let unknown = counter.perform(&order, &Step::Authorise { payment, is_renewal: false }).await;
    assert!(matches!(unknown, Err(StepError::Stuck(_))), "{unknown:?}");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_is_settled_is_closed_and_keeps_nothing_promised() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_055, [5, 0]).await;
    let order = counter.buy(&[(&book, 1)], VISA).await;
    counter.send(&order, "paris").await;
    let expires_at = counter.shop.clock.now().plus_seconds(10);
    let left_over = StockCommand::Reserve { order: order.clone(), quantity: super::counter::units(1), expires_at };
    let id = stream_id(&book, &at("lyon"));
    counter.stock_up(&book, "lyon", 1).await;
    counter.shop.bus.execute::<Stock>(&id, &staff(), left_over).await.expect("it is promised");
    assert_eq!(counter.shelf(&book, "lyon").await, [1, 1, 0]);
    counter.pass((domain::order::RETURN_WINDOW_DAYS + 1) * 86_400).await;
    assert_eq!(counter.shelf(&book, "lyon").await, [1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_end_of_a_promotion_between_cart_and_checkout_is_told_by_the_cart() {
    let counter = Counter::open();
    let book = counter.book("LIV-1", 1_000, [5, 0]).await;
    let promotion = promise(&counter, "DIX", "0.1", 5).await;
    let cart = counter.cart(&[(&book, 1)], ("pickup", VISA)).await;
    add_code(&counter, &cart, "DIX").await;
    let order = counter.start(&cart).await;
    let end = PromotionCommand::End { reason: text("a mistake") };
    app::promotion::change(&counter.shop, &staff(), &promotion, end).await.expect("it ends");
    counter.rest().await;
    assert!(matches!(answer(&counter, &order).await, CheckoutStatus::PromotionRefused { .. }));
    let state = counter.load::<Cart>(cart.as_str()).await;
    assert_eq!((state.status(), state.last_abandoned()), (CartStatus::Open, Some(&order)));
    assert_eq!(counter.load::<Order>(order.as_str()).await.status(), OrderStatus::Absent);
    assert_eq!(uses(&counter, &promotion).await, (0, 0));
}
