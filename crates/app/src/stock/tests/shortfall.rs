//! Paid orders of which units are missing wait everywhere, and are settled once, by whoever does it.

use super::*;
use crate::fixture::Fault;

fn need(book: &Sku, count: i64) -> [(Sku, Quantity); 1] {
    [(book.clone(), units(count))]
}

/// The first order needs so many; returns what is missing, and what there is of it.
async fn wait_for(shop: &Shop, book: &Sku, count: i64) -> Vec<(i64, i64)> {
    let answer = back_order(shop, &staff(), &order(1), &need(book, count), noon()).await;
    answer.expect("it may wait").iter().map(|short| (short.requested, short.available)).collect()
}

async fn settled(shop: &Shop, book: &Sku, count: i64) -> Option<Vec<(String, i64)>> {
    let answer = settle_back_order(shop, &staff(), &order(1), &need(book, count)).await;
    let routed = answer.expect("the store is there")?;
    Some(routes(&routed).into_iter().map(|(at, units)| (at.to_owned(), units)).collect())
}

/// What the first order has and waits for at both locations.
async fn places(shop: &Shop, book: &Sku) -> [(i64, i64); 2] {
    let mut places = [(0, 0); 2];
    for (place, at) in places.iter_mut().zip(["paris", "lyon"]) {
        let stock = shop.bus.load::<Stock>(&stream_id(book, &location(at))).await.expect("loads").state;
        let sold = stock.allocation(&order(1)).map_or(0, Quantity::units);
        *place = (sold, stock.back_order(&order(1)).map_or(0, |waits| waits.missing));
    }
    places
}

fn at(place: &str, units: i64) -> (String, i64) {
    (place.to_owned(), units)
}

#[tokio::test]
async fn what_is_there_is_sold_and_the_rest_is_waited_for_everywhere() {
    let (shop, book) = two_shelves(2, 1).await;
    assert_eq!(wait_for(&shop, &book, 5).await, [(5, 3)]);
    assert_eq!(places(&shop, &book).await, [(2, 3), (1, 4)]);
    let before = length(&shop);
    assert_eq!(
        (wait_for(&shop, &book, 5).await, length(&shop)),
        (vec![(5, 3)], before),
        "asking again changes nothing"
    );
    assert_eq!((settled(&shop, &book, 5).await, length(&shop)), (None, before), "it is not whole");
}

#[tokio::test]
async fn a_sku_that_is_all_there_is_waited_for_nowhere_else() {
    let (shop, book) = two_shelves(2, 5).await;
    ask(&shop, 1, &book, 2).await.expect("there are enough");
    assert_eq!(wait_for(&shop, &book, 2).await, []);
    assert_eq!(places(&shop, &book).await, [(2, 0), (0, 0)]);
    assert_eq!(settled(&shop, &book, 2).await, Some(vec![at("paris", 2)]));
    assert_eq!(available(&shop, &book).await.expect("the store is there"), 5);
}

#[tokio::test]
async fn units_of_any_location_make_it_whole_and_what_is_too_much_is_free_again() {
    let (shop, book) = two_shelves(2, 0).await;
    assert_eq!(wait_for(&shop, &book, 3).await, [(3, 2)]);
    stock_up(&shop, &book, "lyon", 3).await;
    assert_eq!(places(&shop, &book).await, [(2, 1), (3, 0)], "each location serves it by itself");
    let whole = Some(vec![at("paris", 2), at("lyon", 1)]);
    assert_eq!(settled(&shop, &book, 3).await, whole);
    assert_eq!(places(&shop, &book).await, [(2, 0), (1, 0)]);
    assert_eq!(available(&shop, &book).await.expect("the store is there"), 2);
    let before = length(&shop);
    assert_eq!((settled(&shop, &book, 3).await, length(&shop)), (whole, before), "settling again changes nothing");
    assert_eq!(
        (wait_for(&shop, &book, 3).await, length(&shop)),
        (vec![], before),
        "a late wish to wait changes nothing"
    );
}

#[tokio::test]
async fn units_that_have_left_are_not_missing_to_whoever_asks_once_more() {
    let (shop, book) = two_shelves(1, 0).await;
    assert_eq!(wait_for(&shop, &book, 3).await, [(3, 1)]);
    stock_up(&shop, &book, "lyon", 2).await;
    let routed = settle_back_order(&shop, &staff(), &order(1), &need(&book, 3)).await.expect("the store is there");
    let routed = routed.expect("every unit is there");
    for_each(&shop, &staff(), &routed, &StockCommand::Dispatch { order: order(1) }).await.expect("they leave");
    let before = length(&shop);
    assert_eq!(wait_for(&shop, &book, 3).await, []);
    assert_eq!(settled(&shop, &book, 3).await, Some(vec![at("paris", 1), at("lyon", 2)]));
    assert_eq!(length(&shop), before, "nothing is sold twice");
}

#[tokio::test]
async fn units_that_were_given_back_after_the_waiting_are_no_longer_the_orders() {
    let (shop, book) = two_shelves(1, 0).await;
    assert_eq!(wait_for(&shop, &book, 3).await, [(3, 1)]);
    stock_up(&shop, &book, "lyon", 2).await;
    assert!(settled(&shop, &book, 3).await.is_some());
    release_all(&shop, &staff(), &order(1), std::slice::from_ref(&book), &text("undone")).await.expect("they are free");
    assert_eq!(settled(&shop, &book, 3).await, None);
    assert_eq!(available(&shop, &book).await.expect("the store is there"), 3);
}

#[tokio::test]
async fn a_worker_that_saw_less_keeps_what_another_one_has_kept() {
    let store = Arc::new(Unreliable::default());
    let (shop, book) = (shop_over(store.clone()), sku("livre"));
    stock_up(&shop, &book, "paris", 1).await;
    assert_eq!(wait_for(&shop, &book, 3).await, [(3, 1)]);
    stock_up(&shop, &book, "lyon", 2).await;
    // The first location is settled and nobody learns of it; then more comes in there.
    store.next([Fault::InDoubt]);
    let first = settle_back_order(&shop, &staff(), &order(1), &need(&book, 3)).await;
    assert!(first.is_err(), "{first:?}");
    stock_up(&shop, &book, "paris", 5).await;
    assert_eq!(settled(&shop, &book, 3).await, Some(vec![at("paris", 1), at("lyon", 2)]));
    assert_eq!(available(&shop, &book).await.expect("the store is there"), 5);
}

#[tokio::test]
async fn an_order_that_was_called_off_waits_for_nothing() {
    let (shop, book) = two_shelves(1, 0).await;
    let skus = [book.clone()];
    wait_for(&shop, &book, 3).await;
    release_all(&shop, &staff(), &order(1), &skus, &text("undone")).await.expect("it is free");
    stock_up(&shop, &book, "lyon", 3).await;
    assert_eq!(available(&shop, &book).await.expect("the store is there"), 4);
    assert_eq!(settled(&shop, &book, 3).await, None);
    release_all(&shop, &staff(), &order(2), &skus, &text("undone")).await.expect("it is barred");
    let late = back_order(&shop, &staff(), &order(2), &need(&book, 3), noon()).await;
    assert_eq!(late.expect_err("it is over").code(), Some("RESERVATION_OVER"));
}

#[test]
fn a_policy_is_named_as_it_is_stored() {
    for (name, policy) in ShortfallPolicy::ALL {
        assert_eq!(name.parse(), Ok(policy));
        assert_eq!(serde_json::to_value(policy).expect("JSON"), name);
    }
    assert_eq!("hope".parse::<ShortfallPolicy>(), Err("void, back_order or ask"));
    let mut settings = ShortfallSettings::default();
    assert_eq!((settings.set_days("30"), settings.back_order_days), (Ok(()), BACK_ORDER_DAYS_MAX));
    for wrong in ["0", "31", "-1", "a week"] {
        assert_eq!((settings.set_days(wrong), settings.back_order_days), (Err("1 to 30 days"), 30), "{wrong}");
    }
}
