//! What comes back is paid back as it was paid, to the cent, however it is split.

use domain::order::{FulfilmentStatus, OrderShipping};
use domain::returns::RefundLine;
use domain::values::{CartId, Currency, LineId, ProductId, Sealed, TaxedAmount};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::fixture::{customer, eur, key, name, noon, order, rate, shop, shopper, sku, staff, text, units};

/// An order of which nothing was cancelled.
fn ordered(sale: &Sale) -> Order {
    let mut order = Order::default();
    let placed_at = domain::values::Timestamp::from_micros(1);
    let placed = domain::order::OrderEvent::Placed { sale: Box::new(sale.clone()), placed_at };
    domain::decider::Decider::evolve(&mut order, &placed);
    order
}

fn taxed(cents: i64) -> TaxedAmount {
    rate().split_gross(eur(cents)).expect("it is in range")
}

fn line_id(number: u128) -> LineId {
    LineId::from_uuid(Uuid::from_u128(number))
}

/// Lines as units and what they cost together.
fn sale(lines: &[(i64, i64)], shipping: i64, coupon: i64) -> Sale {
    let lines: Vec<_> = (1..)
        .zip(lines)
        .map(|(number, (count, cents))| OrderLine {
            line: line_id(number),
            sku: sku("livre"),
            product: ProductId::from_uuid(Uuid::from_u128(number)),
            name: name("Les Misérables"),
            quantity: units(*count),
            unit_price: None,
            total: taxed(*cents),
            discount: None,
            promotions: Vec::new(),
        })
        .collect();
    let total: i64 = lines.iter().map(|line| line.total.gross.minor()).sum::<i64>() + shipping;
    let covered = domain::order::OrderCoupon { code: text("C"), campaign: text("c"), amount: eur(coupon) };
    Sale {
        number: "0000-0000-0001".to_owned(),
        customer: customer(1),
        cart: CartId::from_uuid(Uuid::from_u128(1)),
        currency: Currency::Eur,
        lines,
        shipping: OrderShipping { code: "standard".to_owned(), label: name("Lettre"), total: taxed(shipping) },
        coupons: vec![covered],
        promotions: Vec::new(),
        total: eur(total),
        payable: eur((total - coupon).max(0)),
        email: Sealed::new(customer(1), "e".to_owned()),
        address: Sealed::new(customer(1), "a".to_owned()),
        country: "FR".to_owned(),
        adds_to: None,
    }
}

proptest! {
    #[test]
    fn what_was_paid_for_units_is_their_price_less_promotions_and_coupons(
        (count, unit, percent_off) in (1_i64..30, 0_i64..10_000, 0_i64..=100),
        is_priced_by_unit in any::<bool>(),
        (shipping, coupon) in (0_i64..2_000, 0_i64..50_000),
        (before, more) in (0_i64..30, 0_i64..30),
    ) {
        let discount = count * unit * percent_off / 100;
        let mut sale = sale(&[(count, count * unit - discount), (2, 700)], shipping, coupon);
        sale.lines[0].unit_price = is_priced_by_unit.then_some(eur(unit));
        sale.lines[0].discount = Some(eur(discount)).filter(|discount| discount.minor() > 0);
        let before = before % count;
        let returned = 1 + more % (count - before);
        let sold = &sale.lines[0];
        let paid = paid_for(&ordered(&sale), sold, before, returned).expect("it is in range");
        let (line, quantity) = (sold.line.clone(), units(returned));
        let owed =
            RefundLine { line, quantity, units: returned, paid, missing: eur(0), deduction: None, refund: paid };
        let (parts, _) = paid_parts(&sale).expect("it is split");
        let told = explain::explained_line(sold, parts[0].1, owed).expect("it is in range");
        let [price, promotions, coupons] = [told.price, told.promotions, told.coupons].map(Money::minor);
        prop_assert_eq!(price - promotions - coupons, paid.minor());
        prop_assert!(promotions >= 0 && coupons >= 0);
        prop_assert!(coupon > 0 || coupons == 0, "nobody else paid");
        prop_assert!(discount > 0 || coupon > 0 || promotions == 0, "nothing was taken off");
        prop_assert!(!is_priced_by_unit || price == unit * returned);
    }
}

proptest! {
    #[test]
    fn any_partition_of_a_line_into_returns_sums_to_what_the_line_cost(
        lines in prop::collection::vec((1_i64..30, 0_i64..100_000), 1..5),
        shipping in 0_i64..2_000,
        coupon in 0_i64..50_000,
        steps in prop::collection::vec(1_i64..8, 1..40),
    ) {
        let sale = sale(&lines, shipping, coupon);
        let (parts, shipping) = paid_parts(&sale).expect("it is split");
        let all: i64 = parts.iter().map(|(_, part)| part.minor()).sum();
        prop_assert_eq!(all + shipping.minor(), sale.payable.minor());
        for (line, (_, part)) in sale.lines.iter().zip(&parts) {
            let (mut before, mut sum, all_units) = (0, 0, line.quantity.units());
            for step in steps.iter().cycle() {
                let count = (*step).min(all_units - before);
                if count == 0 {
                    break;
                }
                let paid = paid_for(&ordered(&sale), line, before, count).expect("it is in range");
                prop_assert!(paid.minor() >= 0);
                (before, sum) = (before + count, sum + paid.minor());
            }
            prop_assert_eq!(sum, part.minor());
        }
    }
}

async fn delivered(shop: &Shop) -> OrderId {
    let id = order(1);
    let sale = Box::new(sale(&[(3, 1_000)], 490, 0));
    let delivered = FulfilmentStatus::Delivered;
    let commands = [
        OrderCommand::Place { sale, placed_at: noon() },
        OrderCommand::Confirm,
        OrderCommand::RecordFulfilment { status: delivered, fulfilment: None, at: noon() },
    ];
    shop.bus.execute_all::<Order>(id.as_str(), &staff(), &commands).await.expect("it is delivered");
    id
}

fn part(count: i64) -> Vec<ReturnedLine> {
    vec![ReturnedLine { line: line_id(1), quantity: units(count) }]
}

#[tokio::test]
async fn each_return_pays_back_its_own_units_and_together_they_pay_back_the_line() {
    let shop = shop();
    let order = delivered(&shop).await;
    let mut paid = 0;
    for (count, expected) in [(1, 333), (1, 333), (1, 334)] {
        let asked = request(&shop, &shopper(1), &order, part(count), text("too long")).await;
        let (outcome, _) = asked.expect("it may come back");
        assert_eq!(outcome.state.lines()[0].paid, eur(expected));
        paid += expected;
    }
    assert_eq!(paid, 1_000);
    let more = request(&shop, &shopper(1), &order, part(1), text("too long")).await;
    assert_eq!(more.expect_err("all came back").code(), Some("NOT_RETURNABLE"));
}

#[tokio::test]
async fn asking_again_under_the_same_key_is_the_same_return() {
    let shop = shop();
    let order = delivered(&shop).await;
    let asked = shopper(1).keyed(key("k", "one"));
    let (first, replayed_first) = request(&shop, &asked, &order, part(1), text("too long")).await.expect("it may");
    request(&shop, &shopper(1), &order, part(1), text("too short")).await.expect("it may");
    let (again, replayed) = request(&shop, &asked, &order, part(1), text("too long")).await.expect("it may");
    assert_eq!((first.id, replayed_first, replayed), (again.id, false, true));
}

#[tokio::test]
async fn a_return_is_its_owners_and_for_everyone_else_not_there() {
    let shop = shop();
    let order = delivered(&shop).await;
    let stranger = request(&shop, &shopper(2), &order, part(1), text("too long")).await;
    assert_eq!(stranger.expect_err("it is not theirs").code(), Some("NOT_FOUND"));
    let (mine, _) = request(&shop, &shopper(1), &order, part(1), text("too long")).await.expect("it may");
    let id: ReturnId = mine.id.parse().expect("a return id");
    let stranger = cancel(&shop, &shopper(2), &id, text("no")).await;
    assert_eq!(stranger.expect_err("it is not theirs").code(), Some("NOT_FOUND"));
    cancel(&shop, &shopper(1), &id, text("kept")).await.expect("it is theirs");
}

#[tokio::test]
async fn its_owner_and_staff_prove_that_a_box_is_on_its_way() {
    let shop = shop();
    let order = delivered(&shop).await;
    let (mine, _) = request(&shop, &shopper(1), &order, part(1), text("too long")).await.expect("it may");
    let id: ReturnId = mine.id.parse().expect("a return id");
    change(&shop, &staff(), &id, ReturnCommand::Approve).await.expect("it is approved");
    let shipment = (text("colissimo"), text("8R0"));
    let stranger = ship_back(&shop, &shopper(2), &id, shipment.clone()).await;
    assert_eq!(stranger.expect_err("it is not theirs").code(), Some("NOT_FOUND"));
    let proved = ship_back(&shop, &shopper(1), &id, shipment.clone()).await.expect("it is theirs");
    assert_eq!((proved.state.shipment(), proved.version), (Some((&shipment.0, &shipment.1)), 3));
    let again = ship_back(&shop, &staff(), &id, shipment).await.expect("it is known");
    assert_eq!(again.version, 3);
}

#[tokio::test]
async fn a_return_that_the_order_does_not_know_is_not_begun() {
    let shop = shop();
    let order = delivered(&shop).await;
    let answer = open(&shop, &shopper(1), &order, &ReturnId::from_uuid(Uuid::from_u128(9))).await;
    assert_eq!(answer.expect_err("the order has none").code(), Some("RETURN_NOT_FOUND"));
}
