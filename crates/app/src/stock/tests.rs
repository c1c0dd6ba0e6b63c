//! Stock is promised across locations, to as many as there are units for.

mod shortfall;

use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;
use crate::fixture::{
    Unreliable, bus_over, location, noon, order, receive, shop, shop_over, sku, staff, stock_up, text, units,
};

async fn two_shelves(paris: i64, lyon: i64) -> (Shop, Sku) {
    let (shop, book) = (shop(), sku("livre"));
    for (at, count) in [("paris", paris), ("lyon", lyon)] {
        if count > 0 {
            stock_up(&shop, &book, at, count).await;
        }
    }
    (shop, book)
}

async fn ask(shop: &Shop, number: u128, book: &Sku, count: i64) -> Result<Vec<Routed>, Shortage> {
    let answer = reserve(shop, &staff(), &order(number), (book, units(count)), noon().plus_seconds(900)).await;
    answer.expect("the store is there")
}

fn routes(routed: &[Routed]) -> Vec<(&str, i64)> {
    routed.iter().map(|part| (part.location.as_str(), part.quantity.units())).collect()
}

fn length(shop: &Shop) -> u64 {
    shop.bus.store().head().borrow().0
}

#[tokio::test]
async fn one_location_gives_all_when_it_has_all() {
    for (paris, lyon, count, expected) in [(5, 5, 4, ("paris", 4)), (3, 5, 4, ("lyon", 4)), (4, 9, 4, ("paris", 4))] {
        let (shop, book) = two_shelves(paris, lyon).await;
        let routed = ask(&shop, 1, &book, count).await.expect("there are enough");
        assert_eq!(routes(&routed), [expected], "{count} of {paris} and {lyon}");
    }
}

#[tokio::test]
async fn several_locations_give_together_what_none_has_alone() {
    let (shop, book) = two_shelves(3, 5).await;
    let routed = ask(&shop, 1, &book, 7).await.expect("there are enough");
    assert_eq!(routes(&routed), [("paris", 3), ("lyon", 4)]);
    assert_eq!(available(&shop, &book).await.expect("the store is there"), 1);
}

#[tokio::test]
async fn asking_again_changes_nothing_also_once_it_is_sold() {
    let (shop, book) = two_shelves(3, 5).await;
    let routed = ask(&shop, 1, &book, 7).await.expect("there are enough");
    let before = length(&shop);
    assert_eq!(ask(&shop, 1, &book, 7).await, Ok(routed.clone()));
    assert_eq!(length(&shop), before);
    for_each(&shop, &staff(), &routed, &StockCommand::Allocate { order: order(1) }).await.expect("it is sold");
    assert_eq!(ask(&shop, 1, &book, 7).await, Ok(routed));
}

#[tokio::test]
async fn a_shortage_tells_what_is_left_and_holds_nothing() {
    let (shop, book) = two_shelves(3, 5).await;
    let before = length(&shop);
    assert_eq!(ask(&shop, 1, &book, 9).await, Err(Shortage { sku: book.clone(), requested: 9, available: 8 }));
    assert_eq!(length(&shop), before);
}

#[tokio::test]
async fn every_shortage_is_told_at_once() {
    let (shop, book) = two_shelves(3, 0).await;
    let needs = [(book.clone(), units(4)), (sku("carte"), units(1)), (sku("autre"), units(2))];
    let answer = reserve_all(&shop, &staff(), &order(1), &needs, noon()).await.expect("the store is there");
    let mut lacking: Vec<_> = answer.expect_err("too few").into_iter().map(|lack| lack.sku.to_string()).collect();
    lacking.sort_unstable();
    assert_eq!(lacking, ["autre", "carte", "livre"]);
}

#[tokio::test]
async fn units_that_another_process_took_in_are_not_short() {
    let (shop, book) = two_shelves(1, 0).await;
    assert!(ask(&shop, 1, &book, 5).await.is_err());
    let other = bus_over(shop.bus.store().clone());
    let shelf = stream_id(&book, &location("paris"));
    other.execute::<Stock>(&shelf, &staff(), receive(10)).await.expect("units come in elsewhere");
    assert_eq!(routes(&ask(&shop, 1, &book, 5).await.expect("there are eleven")), [("paris", 5)]);
}

#[tokio::test]
async fn a_hundred_orders_at_once_for_ten_units_sell_exactly_ten() {
    let (shop, book) = (shop_over(Arc::new(Unreliable::default())), sku("livre"));
    stock_up(&shop, &book, "paris", 6).await;
    stock_up(&shop, &book, "lyon", 4).await;
    let mut buyers = JoinSet::new();
    for number in 1..=100 {
        let (shop, book) = (shop.clone(), book.clone());
        buyers.spawn(async move { ask(&shop, number, &book, 1).await });
    }
    let sold = buyers.join_all().await.into_iter().filter(Result::is_ok).count();
    assert_eq!((sold, available(&shop, &book).await.expect("the store is there")), (10, 0));
}

#[tokio::test]
async fn a_release_frees_everything_and_bars_what_may_still_come() {
    let (shop, book) = two_shelves(3, 5).await;
    ask(&shop, 1, &book, 7).await.expect("there are enough");
    let skus = [book.clone()];
    for number in [1, 2] {
        release_all(&shop, &staff(), &order(number), &skus, &text("undone")).await.expect("they are free");
        release_all(&shop, &staff(), &order(number), &skus, &text("undone")).await.expect("they are free already");
        let late = reserve(&shop, &staff(), &order(number), (&book, units(1)), noon()).await;
        assert_eq!(late.expect_err("it is barred").code(), Some("RESERVATION_OVER"), "order {number}");
    }
    assert_eq!(available(&shop, &book).await.expect("the store is there"), 8);
}

#[tokio::test]
async fn units_that_have_left_are_not_released() {
    let (shop, book) = two_shelves(3, 0).await;
    let routed = ask(&shop, 1, &book, 2).await.expect("there are enough");
    for command in [StockCommand::Allocate { order: order(1) }, StockCommand::Dispatch { order: order(1) }] {
        for_each(&shop, &staff(), &routed, &command).await.expect("they leave");
    }
    let answer = release_all(&shop, &staff(), &order(1), &[book], &text("undone")).await;
    assert_eq!(answer.expect_err("they have left").code(), Some("ALREADY_DISPATCHED"));
}

#[tokio::test]
async fn staff_move_units_only_where_the_shop_has_a_location() {
    let (shop, book) = (shop(), sku("livre"));
    let nowhere = change(&shop, &staff(), (&book, &location("mars")), receive(1)).await;
    assert_eq!(nowhere.expect_err("there is no such place").code(), Some("NOT_FOUND"));
    let stranger = change(&shop, &crate::fixture::shopper(1), (&book, &location("paris")), receive(1)).await;
    assert!(matches!(stranger, Err(AppError::Forbidden(_))));
    assert_eq!(length(&shop), 0);
}

async fn do_at(shop: &Shop, at: &str, book: &Sku, command: StockCommand) {
    let id = stream_id(book, &at.parse().expect("a location"));
    shop.bus.execute::<Stock>(&id, &staff(), command).await.expect("it is promised by each of two");
}

/// The same four units are promised to the first order at both locations, by two workers that chose otherwise.
async fn promised_twice(until: [Timestamp; 2]) -> (Shop, Sku) {
    let (shop, book) = two_shelves(4, 4).await;
    for (at, expires_at) in ["paris", "lyon"].into_iter().zip(until) {
        do_at(&shop, at, &book, StockCommand::Reserve { order: order(1), quantity: units(4), expires_at }).await;
    }
    (shop, book)
}

#[tokio::test]
async fn what_two_workers_promised_twice_is_sold_once() {
    let (shop, book) = promised_twice([noon().plus_seconds(900); 2]).await;
    let before = length(&shop);
    assert_eq!(ask(&shop, 1, &book, 4).await.as_deref().map(routes), Ok(vec![("paris", 4)]));
    do_at(&shop, "lyon", &book, StockCommand::Allocate { order: order(1) }).await;
    assert_eq!(
        ask(&shop, 1, &book, 4).await.as_deref().map(routes),
        Ok(vec![("lyon", 4)]),
        "what is sold counts first"
    );
    let (needs, routed) = ([(book.clone(), units(4))], ask(&shop, 1, &book, 4).await.expect("it is held"));
    let sold = allocate_all(&shop, &staff(), &order(1), &needs, routed).await;
    let sold = sold.expect("the store is there").expect("it is held");
    assert_eq!((routes(&sold), length(&shop)), (vec![("lyon", 4)], before + 1));
}

#[tokio::test]
async fn a_promise_beside_the_one_that_was_sold_ends_when_its_time_is_over() {
    let [ends, later] = [noon(), noon().plus_seconds(60)];
    let (shop, book) = promised_twice([later, ends]).await;
    expire_promises(&shop, &staff(), &order(1), &[&book].into()).await.expect("the store is there");
    assert_eq!(available(&shop, &book).await.expect("the store is there"), 4, "the one whose time is not over stands");
    let before = length(&shop);
    expire_promises(&shop, &staff(), &order(1), &[&book].into()).await.expect("the store is there");
    assert_eq!(length(&shop), before, "what is over is over");
}
