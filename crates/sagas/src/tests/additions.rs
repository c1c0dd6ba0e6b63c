//! Units that are added to an order after it was placed: an order of their own that goes along.

use std::time::Duration;

use app::cart::{CheckoutDetails, LineWish};
use domain::cart::{Cart, CartCommand, CartStatus};
use domain::order::{AdditionEnd, OrderStatus, PaymentStatus};
use domain::values::{CartId, Currency, OrderId, Sku};

use super::bank::{DECLINES, VISA};
use super::counter::{BOOK, Counter, DELIVERY, PAYMENT_SECONDS, buyer, euro, staff, text, units};
use crate::checkout::{CheckoutInput as Input, CheckoutStatus, CheckoutStep as Step};

const NOT_ADDED: &str = "ORDER_CANNOT_BE_ADDED_TO";

fn book() -> Sku {
    "LIV-1".parse().expect("a SKU")
}

/// Takes a cart of one book that adds to an order.
async fn cart_to(counter: &Counter, order: &OrderId, method: &str) -> Result<CartId, String> {
    let owner = buyer().actor.customer().expect("a shopper").clone();
    let wishes = [LineWish { sku: book(), quantity: units(1), agreed: None }];
    let cart = app::cart::open_addition(&counter.shop, &buyer(), (owner, order), Currency::Eur, &wishes).await;
    let cart: CartId = cart.map_err(|error| error.to_string())?.id.parse().expect("a cart id");
    let details = CheckoutDetails { payment_method: Some(text(method)), ..CheckoutDetails::default() };
    app::cart::set_details(&counter.shop, &buyer(), &cart, &details).await.expect("a way to pay");
    Ok(cart)
}

/// Adds a book to an order and lets everything happen that follows.
async fn add(counter: &Counter, order: &OrderId, method: &str) -> (CartId, OrderId) {
    let cart = cart_to(counter, order, method).await.expect("it may be added to");
    let addition = counter.start(&cart).await;
    counter.rest().await;
    (cart, addition)
}

async fn answer(counter: &Counter, order: &OrderId) -> CheckoutStatus {
    counter.processes.checkout_answer(order, Duration::ZERO).await
}

async fn standing(counter: &Counter, order: &OrderId) -> Vec<OrderId> {
    counter.order(order).await.additions_standing().cloned().collect()
}

async fn cancel_as_buyer(counter: &Counter, order: &OrderId) -> Result<(), String> {
    let asked = app::order::request_cancellation(&counter.shop, &buyer(), order, text("changed my mind")).await;
    counter.rest().await;
    asked.map(|_| ()).map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn what_is_added_is_an_order_of_its_own_sent_for_nothing() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let (_, addition) = add(&counter, &order, VISA).await;
    let state = counter.order(&addition).await;
    assert_eq!((state.status(), state.adds_to()), (OrderStatus::Confirmed, Some(&order)));
    let (sale, first) = (state.sale().expect("a sale"), counter.order(&order).await);
    let first = first.sale().expect("a sale");
    assert_eq!((sale.payable, sale.shipping.total.gross), (euro(BOOK), euro(0)));
    assert_eq!((&sale.address, &sale.email, &sale.shipping.code), (&first.address, &first.email, &first.shipping.code));
    assert_eq!((first.payable, counter.payment(&addition).await.authorised()), (euro(BOOK + DELIVERY), euro(BOOK)));
    assert_eq!(standing(&counter, &order).await, std::slice::from_ref(&addition));
    assert_eq!(counter.shelf(&book(), "paris").await, [5, 0, 2]);
    let along = async |order: &OrderId| app::order::goes_along_with(&counter.shop, order).await.expect("orders");
    assert_eq!((along(&order).await, along(&addition).await), (vec![addition.clone()], vec![order.clone()]));
    let (_, another) = add(&counter, &order, VISA).await;
    assert_eq!(along(&addition).await, [order.clone(), another]);
    for told in [&order, &addition] {
        let journey = crate::journey::of(&counter.shop, told).await.expect("the log is there").expect("there is one");
        let accepted = journey.happenings().iter().filter(|one| {
            one.event.event_type == "order.addition_accepted" && one.event.payload.get().contains(addition.as_str())
        });
        assert_eq!(accepted.count(), 1, "{told}");
    }
    let refused = cart_to(&counter, &addition, VISA).await.expect_err("it was added itself");
    assert!(refused.contains("itself added"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_leaves_while_its_addition_is_checked_out_refuses_it_and_all_is_undone() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let cart = cart_to(&counter, &order, VISA).await.expect("it may be added to");
    counter.pack(&order, "paris").await;
    counter.hand_over(&order, "paris").await;
    counter.bank.take_asked();
    let missing = async || {
        let state = counter.load::<Cart>(cart.as_str()).await;
        app::order::missing(&counter.shop, &state).await.expect("what is missing")
    };
    assert_eq!(missing().await, [app::order::MISSING_OPEN_ORDER]);
    let refused = counter.start(&cart).await;
    counter.rest().await;
    assert_eq!(answer(&counter, &refused).await, CheckoutStatus::Rejected { code: NOT_ADDED.to_owned() });
    assert_eq!(counter.order(&refused).await.status(), OrderStatus::Absent, "it was never placed");
    assert_eq!(counter.bank.take_asked(), [""; 0], "no bank is asked for it");
    assert_eq!((counter.shelf(&book(), "paris").await, standing(&counter, &order).await), ([4, 0, 0], vec![]));
    assert_eq!(counter.load::<Cart>(cart.as_str()).await.status(), CartStatus::Open);
    // Taken off the order it is a usual cart, with a shipping to choose and to pay.
    app::cart::change(&counter.shop, &buyer(), &cart, CartCommand::EndAddition).await.expect("it may");
    assert_eq!(missing().await, ["shipping"]);
    let shipping = CheckoutDetails { shipping: Some("standard".to_owned()), ..CheckoutDetails::default() };
    app::cart::set_details(&counter.shop, &buyer(), &cart, &shipping).await.expect("a way to send it");
    let usual = counter.start(&cart).await;
    counter.rest().await;
    let state = counter.order(&usual).await;
    assert_eq!((state.adds_to(), state.payable_left()), (None, euro(BOOK + DELIVERY)));
    assert!(cart_to(&counter, &order, VISA).await.is_err(), "the early no");
}

#[tokio::test(start_paused = true)]
async fn an_addition_that_is_not_paid_leaves_the_order_as_it_was() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let (cart, addition) = add(&counter, &order, DECLINES).await;
    assert!(matches!(answer(&counter, &addition).await, CheckoutStatus::Declined { .. }));
    assert_eq!(standing(&counter, &order).await, std::slice::from_ref(&addition), "its buyer may still pay it");
    counter.pass(PAYMENT_SECONDS + 1).await;
    assert_eq!(counter.order(&addition).await.status(), OrderStatus::Rejected);
    let first = counter.order(&order).await;
    assert_eq!((first.status(), first.payment_status()), (OrderStatus::Confirmed, PaymentStatus::Authorised));
    assert_eq!(standing(&counter, &order).await, []);
    let state = counter.load::<Cart>(cart.as_str()).await;
    assert_eq!((state.status(), state.adds_to()), (CartStatus::Open, Some(&order)), "it may be tried again");
    let again = counter.start(&cart).await;
    counter.rest().await;
    assert_eq!(standing(&counter, &order).await, [again]);
}

#[tokio::test(start_paused = true)]
async fn the_addition_is_cancelled_first_and_then_the_order() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let (_, addition) = add(&counter, &order, VISA).await;
    let refused = cancel_as_buyer(&counter, &order).await.expect_err("one goes along");
    assert!(refused.contains(addition.as_str()), "{refused}");
    assert_eq!(cancel_as_buyer(&counter, &addition).await, Ok(()));
    assert_eq!(counter.order(&addition).await.status(), OrderStatus::Cancelled);
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Confirmed);
    assert_eq!(cancel_as_buyer(&counter, &order).await, Ok(()));
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Cancelled);
    assert_eq!(counter.shelf(&book(), "paris").await, [5, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn an_addition_stays_as_it_was_sold_where_the_house_calls_its_order_off() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let (_, addition) = add(&counter, &order, VISA).await;
    let reason = text("a mistake of ours");
    app::order::request_cancellation(&counter.shop, &staff(), &order, reason).await.expect("staff may");
    counter.rest().await;
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Cancelled);
    let along = app::order::goes_along_with(&counter.shop, &addition).await.expect("orders");
    assert_eq!(along, [], "nothing of the first is sent");
    counter.send(&addition, "paris").await;
    let state = counter.order(&addition).await;
    assert_eq!((state.status(), state.captured()), (OrderStatus::Confirmed, euro(BOOK)));
}

#[tokio::test(start_paused = true)]
async fn with_the_addition_gone_the_order_is_cancelled_alone() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let (_, addition) = add(&counter, &order, VISA).await;
    counter.pack(&addition, "paris").await;
    counter.hand_over(&addition, "paris").await;
    assert_eq!(standing(&counter, &order).await, []);
    assert_eq!(counter.order(&order).await.additions().cloned().collect::<Vec<_>>(), std::slice::from_ref(&addition));
    assert_eq!(cancel_as_buyer(&counter, &order).await, Ok(()));
    assert_eq!(counter.order(&order).await.status(), OrderStatus::Cancelled);
    assert_eq!(counter.order(&addition).await.status(), OrderStatus::Confirmed);
}

#[tokio::test(start_paused = true)]
async fn each_step_may_be_done_twice_and_a_late_one_does_not_outlive_its_undo() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let (_, addition) = add(&counter, &order, VISA).await;
    let accept = Step::AcceptAddition { to: order.clone() };
    let release = |end| Step::ReleaseAddition { to: order.clone(), end };
    assert_eq!(counter.perform(&addition, &accept).await, Ok(Input::AdditionAccepted));
    for _ in 0..2 {
        let released = counter.perform(&addition, &release(AdditionEnd::CalledOff)).await;
        assert_eq!(released, Ok(Input::AdditionReleased));
    }
    let refused = Ok(Input::AdditionRefused { code: NOT_ADDED.to_owned() });
    assert_eq!(counter.perform(&addition, &accept).await, refused);
    let other = OrderId::from_uuid(uuid::Uuid::from_u128(99));
    assert_eq!(counter.perform(&other, &release(AdditionEnd::HandedOver)).await, Ok(Input::Done));
    assert_eq!(counter.perform(&other, &accept).await, refused, "it was given up before it was asked for");
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_it_goes_on_and_asks_once() {
    let counter = Counter::open();
    let order = counter.bought(VISA).await;
    let cart = cart_to(&counter, &order, VISA).await.expect("it may be added to");
    let addition = counter.start(&cart).await;
    let counter = counter.restarted();
    counter.processes.recover().await.expect("the log is there");
    counter.rest().await;
    assert_eq!(standing(&counter, &order).await, std::slice::from_ref(&addition));
    let counter = counter.restarted();
    counter.processes.recover().await.expect("the log is there");
    counter.rest().await;
    let told = counter.events(&["order"]).await;
    let accepted = told.iter().filter(|event| event.event_type == "order.addition_accepted").count();
    assert_eq!((accepted, counter.order(&addition).await.status()), (1, OrderStatus::Confirmed));
}
