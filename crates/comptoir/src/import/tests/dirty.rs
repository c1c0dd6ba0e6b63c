//! A folder made by hand in which everything that can be dirty is.

use std::collections::BTreeMap;

use app::bus::Loaded;
use domain::order::Order;
use domain::values::OrderId;
use event_store::{Filter, Position};

use super::folder::{Folder, TestShop, import_once};
use crate::import::plan::{LineCount, Oddity, Refusal};
use crate::import::report::Report;

const PRODUCTS: &str = "\
1,2,GROCERY,National,BREAD,BREAD:ITALIAN,1 LB
2,2,GROCERY,Private,BREAD,BREAD:FRENCH,
3,9,MISCELLANEOUS,National,,,
4,9,,National,FUEL,GASOLINE,
5,9,GROCERY,National,MILK,NEVER SOLD,1 GA
";

const LINES: &str = "\
10,7,300,2017-01-01T08:00:00Z,1,2,300,0,0,0
10,7,300,2017-01-01T08:00:00Z,1,1,150,0,0,0
10,7,300,2017-01-01T08:00:00Z,2,3,100,0,0,0
10,7,300,2017-01-01T08:00:00Z,3,0,0,0,100,0
10,7,300,2017-01-01T08:00:00Z,3,-1,0,0,0,0
10,7,300,2017-01-01T08:00:00Z,3,1,0,0,0,0
11,8,300,2017-01-01T09:00:00Z,1,1,175,0,0,0
11,8,300,2017-01-01T09:00:00Z,1,1,-20,0,0,0
11,8,300,2017-01-01T09:00:00Z,99,1,75,0,0,0
11,8,300,2017-01-01T09:00:00Z,4,999999,120,0,0,0
11,8,300,2017-01-01T09:00:00Z,4,1000001,120,0,0,0
11,8,300,2017-01-01T09:00:00Z,4,2,120,0,0,0
11,8,300,2017-01-01T09:00:00Z,2,1,99999999,0,0,0
12,8,300,2017-01-02T09:00:00Z,3,0,55,0,0,0
13,9,301,2017-01-03T09:00:00Z,3,1,0,0,0,0
";

const REDEMPTIONS: &str = "7,51,26,2017-01-01 00:00:00\n7,52,26,2017-01-01 00:00:00\n9,51,26,2017-01-03 00:00:00\n";

fn folder() -> Folder {
    Folder::of(PRODUCTS, LINES, REDEMPTIONS)
}

fn count(lines: u64, cents: i64) -> LineCount {
    LineCount { lines, cents }
}

fn assert_right(report: &Report) {
    assert!(report.is_right(), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_ends_in_one_named_outcome_and_the_sums_are_right() {
    let folder = folder();
    let report = import_once(folder.path(), usize::MAX).await;
    assert_right(&report);
    let refused = [
        (Refusal::QuantityNotPositive, count(3, 55)),
        (Refusal::QuantityTooHigh, count(2, 240)),
        (Refusal::AmountNegative, count(1, -20)),
        (Refusal::AmountTooHigh, count(1, 99_999_999)),
        (Refusal::ProductUnknown, count(1, 75)),
    ];
    assert_eq!(report.lines.refused, BTreeMap::from(refused));
    assert_eq!((report.lines.all.lines, report.lines.sold), (15, count(7, 845)));
    let odd = [
        (Oddity::SoldForFree, 2),
        (Oddity::LineAmountNotDivisible, 2),
        (Oddity::PriceDiffersFromList, 3),
        (Oddity::SeveralPricesOnADay, 3),
        (Oddity::ProductTwiceInBasket, 1),
    ];
    assert_eq!(report.lines.odd, BTreeMap::from(odd));
    let baskets = &report.baskets;
    assert_eq!((baskets.chosen, baskets.imported, baskets.without_sellable_lines, report.orders), (4, 3, 1, 3));
    let money = &report.money;
    assert_eq!((money.revenue_cents, money.coupons_cents, money.captured_cents), (845, 100, 745));
    assert_eq!((report.stock.received, report.stock.dispatched, report.stock.on_hand), (1_000_008, 1_000_008, 0));
    let catalog = &report.catalog;
    assert_eq!((catalog.new, catalog.without_price, catalog.without_category, catalog.categories), (5, 1, 1, 6));
    assert_eq!(report.list_prices_rounded, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_keeps_its_amount_where_no_whole_price_a_unit_exists() {
    let (folder, shop) = (folder(), TestShop::open().await);
    assert_right(&shop.import(folder.path(), 1).await);
    let order = orders(&shop).await.remove(0);
    let sale = order.state.sale().expect("the order is placed");
    let lines: Vec<_> = sale.lines.iter().map(|line| (line.unit_price.is_some(), line.total.gross.minor())).collect();
    assert_eq!(lines, [(true, 300), (true, 150), (false, 100), (true, 0)]);
    assert_eq!(sale.lines[0].sku, sale.lines[1].sku, "a product that is there twice stays two lines");
    let coupons: Vec<_> = sale.coupons.iter().map(|coupon| (coupon.code.as_str(), coupon.amount.minor())).collect();
    assert_eq!(coupons, [("51", 50), ("52", 50)]);
    assert_eq!((sale.total.minor(), sale.payable.minor()), (550, 450));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_adds_nothing_and_a_longer_one_only_what_is_missing() {
    let (folder, shop) = (folder(), TestShop::open().await);
    let first = shop.import(folder.path(), 1).await;
    let events = shop.events();
    let second = shop.import(folder.path(), 1).await;
    assert_eq!(shop.events(), events, "nothing is written twice");
    assert_right(&second);
    assert_eq!((second.baskets.imported, second.baskets.already_imported, second.received_now), (0, 1, 0));
    assert_eq!((second.money, second.catalog.new), (first.money, 0));
    let longer = shop.import(folder.path(), usize::MAX).await;
    assert_right(&longer);
    assert_eq!((longer.baskets.imported, longer.baskets.already_imported, longer.received_now), (2, 1, 1_000_001));
    assert_eq!(orders(&shop).await.len(), 3);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basket_that_the_shop_does_not_sell_is_told_and_the_report_is_not_right() {
    let (folder, shop) = (folder(), TestShop::open().await);
    assert_right(&shop.import(folder.path(), 1).await);
    // The same basket with another amount is no repeat.
    folder.write(
        "basket_lines.csv",
        &format!("{}{}", super::folder::LINES, LINES.replacen(",300,0,0,0", ",302,0,0,0", 1)),
    );
    let report = shop.import(folder.path(), 1).await;
    assert!(!report.is_right());
    assert_eq!(report.lines.refused[&Refusal::BasketNotSold], count(4, 552));
    assert!(report.to_string().contains("basket 10: IDEMPOTENCY_KEY_REUSED"), "{report}");
    shop.stop().await;
}

async fn orders(shop: &TestShop) -> Vec<Loaded<Order>> {
    let filter = Filter { kinds: vec!["order".to_owned()] };
    let page = shop.started.store.read_all(Position(0), 10_000, &filter).await.expect("the log is read");
    let mut orders = Vec::new();
    for event in page.events.iter().filter(|event| event.sequence == 1) {
        let order: OrderId = event.stream.id.parse().expect("an order's id");
        orders.push(shop.started.shop.bus.load::<Order>(order.as_str()).await.expect("the order is there"));
    }
    orders
}
