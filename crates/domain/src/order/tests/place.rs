//! Placing: a sale is taken whole, once, and only when its sums are right.

use super::*;
use crate::values::PromotionId;

const LESS_DISCOUNT: &str = "a unit price times its quantity less the discount is not the line's gross";

type Change = fn(&mut Sale);

fn place_with(change: Change) -> Result<Vec<OrderEvent>, OrderError> {
    let mut changed = sale();
    change(&mut changed);
    Order::default().decide(&OrderCommand::Place { sale: Box::new(changed), placed_at: PLACED_AT })
}

fn disagrees(what: &'static str) -> Result<Vec<OrderEvent>, OrderError> {
    Err(OrderError::TotalsDisagree { what })
}

#[test]
fn a_sound_sale_is_placed_and_a_repeat_is_no_news() {
    let mut order = Order::default();
    assert_eq!(accept(&mut order, &place()), [placed()]);
    assert_eq!(order.status(), OrderStatus::Placed);
    assert_eq!(order.sale(), Some(&sale()));
    assert_eq!(order.placed_at(), Some(PLACED_AT));
    assert_eq!((order.returnable(&line_id(1)), order.returnable(&line_id(2))), (2, 3));
    order.evolve(&OrderEvent::Confirmed {});
    assert_eq!(order.decide(&place()), Ok(vec![]));
}

#[test]
fn another_sale_or_another_moment_is_refused_once_placed() {
    let order = given(&[placed()]);
    let later = OrderCommand::Place { sale: Box::new(sale()), placed_at: PLACED_AT.plus_seconds(1) };
    assert_eq!(order.decide(&later), Err(OrderError::AlreadyPlaced));
    let mut other = sale();
    other.country = "BE".to_owned();
    let other = OrderCommand::Place { sale: Box::new(other), placed_at: PLACED_AT };
    assert_eq!(order.decide(&other), Err(OrderError::AlreadyPlaced));
}

#[test]
fn a_sale_without_lines_is_refused() {
    assert_eq!(place_with(|sale| sale.lines.clear()), Err(OrderError::NoLines));
}

#[test]
fn every_amount_is_in_the_currency_of_the_sale() {
    let changes: [Change; 10] = [
        |sale| sale.currency = Currency::Usd,
        |sale| sale.lines[0].total.net = Money::new(2_000, Currency::Usd),
        |sale| sale.lines[0].total.tax = Money::new(110, Currency::Usd),
        |sale| sale.lines[0].total.gross = Money::new(2_110, Currency::Usd),
        |sale| sale.lines[0].unit_price = Some(Money::new(1_055, Currency::Usd)),
        |sale| sale.shipping.total.net = Money::new(464, Currency::Usd),
        |sale| sale.shipping.total.gross = Money::new(490, Currency::Usd),
        |sale| sale.coupons[0].amount = Money::new(300, Currency::Usd),
        |sale| sale.total = Money::new(3_100, Currency::Usd),
        |sale| sale.payable = Money::new(2_800, Currency::Usd),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert_eq!(place_with(change), disagrees("an amount is in another currency than the sale"), "change {index}");
    }
}

#[test]
fn no_amount_is_negative() {
    let changes: [Change; 8] = [
        |sale| sale.lines[0].total.net = eur(-1),
        |sale| sale.lines[0].total.tax = eur(-1),
        |sale| sale.lines[0].total.gross = eur(-1),
        |sale| sale.lines[0].unit_price = Some(eur(-1)),
        |sale| sale.shipping.total.tax = eur(-1),
        |sale| sale.coupons[0].amount = eur(-1),
        |sale| sale.total = eur(-1),
        |sale| sale.payable = eur(-1),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert_eq!(place_with(change), disagrees("an amount is negative"), "change {index}");
    }
}

#[test]
fn one_cent_too_many_anywhere_is_refused() {
    let changes: [(Change, &str); 7] = [
        (|sale| sale.lines[1].total.net = eur(475), "net and tax do not sum to the gross"),
        (|sale| sale.shipping.total.tax = eur(27), "net and tax do not sum to the gross"),
        (
            |sale| sale.lines[0].unit_price = Some(eur(1_056)),
            "a unit price times its quantity less the discount is not the line's gross",
        ),
        (|sale| sale.total = eur(3_101), "lines and shipping do not sum to the total"),
        (|sale| sale.total = eur(3_099), "lines and shipping do not sum to the total"),
        (|sale| sale.payable = eur(2_801), "the total less the coupons is not the payable amount"),
        (|sale| sale.coupons[0].amount = eur(301), "the total less the coupons is not the payable amount"),
    ];
    for (index, (change, what)) in changes.into_iter().enumerate() {
        assert_eq!(place_with(change), disagrees(what), "change {index}");
    }
}

#[test]
fn a_sum_that_leaves_64_bits_is_refused() {
    let changes: [Change; 4] = [
        |sale| sale.lines[0].total = TaxedAmount { net: eur(i64::MAX), tax: eur(1), ..taxed(0) },
        |sale| sale.lines[0].unit_price = Some(eur(i64::MAX)),
        |sale| sale.lines[1].total = TaxedAmount { net: eur(i64::MAX), tax: eur(0), gross: eur(i64::MAX), ..taxed(0) },
        |sale| sale.coupons.push(OrderCoupon { code: text("A"), campaign: text("b"), amount: eur(i64::MAX) }),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert_eq!(place_with(change), disagrees("a sum is out of range"), "change {index}");
    }
}

#[test]
fn coupons_never_make_the_payable_amount_negative() {
    assert!(
        place_with(|sale| {
            sale.coupons[0].amount = eur(3_101);
            sale.payable = eur(0);
        })
        .is_ok()
    );
    assert!(
        place_with(|sale| {
            sale.coupons[0].amount = eur(3_100);
            sale.payable = eur(0);
        })
        .is_ok()
    );
    assert!(
        place_with(|sale| {
            sale.coupons.clear();
            sale.payable = eur(3_100);
        })
        .is_ok()
    );
}

#[test]
fn a_gift_costs_nothing() {
    assert!(
        place_with(|sale| {
            sale.lines = vec![order_line(1, 1, Some(0), 0)];
            sale.shipping.total = taxed(0);
            sale.coupons.clear();
            (sale.total, sale.payable) = (eur(0), eur(0));
        })
        .is_ok()
    );
}

/// The first line 1.10 cheaper by one promotion and 1.00 by another, the second 0.40 by the first.
fn reduced(sale: &mut Sale) {
    let (first, second) = (promotion_id(1), promotion_id(2));
    let share = |promotion: &PromotionId, minor| PromotionShare { promotion: promotion.clone(), amount: eur(minor) };
    sale.lines[0].promotions = vec![share(&first, 110), share(&second, 100)];
    sale.lines[0].discount = Some(eur(210));
    sale.lines[0].total = taxed(1_900);
    sale.lines[1].promotions = vec![share(&first, 40)];
    sale.lines[1].discount = Some(eur(40));
    sale.lines[1].total = taxed(460);
    let sold = |promotion, minor| OrderPromotion { promotion, code: None, label: text("summer"), amount: eur(minor) };
    sale.promotions = vec![sold(first, 150), sold(second, 100)];
    sale.total = eur(2_850);
    sale.payable = eur(2_550);
}

fn promotion_id(number: u128) -> PromotionId {
    PromotionId::from_uuid(Uuid::from_u128(number))
}

#[test]
fn the_shares_of_promotions_are_kept_with_each_line() {
    let placed = place_with(reduced).expect("a sound sale");
    let [OrderEvent::Placed { sale, .. }] = placed.as_slice() else { panic!("{placed:?}") };
    let json = serde_json::to_string(&placed[0]).expect("an event is JSON");
    assert_eq!(serde_json::from_str::<OrderEvent>(&json).expect("its own JSON"), placed[0]);
    assert_eq!(sale.lines[0].discount, Some(eur(210)));
}

#[test]
fn shares_that_do_not_add_up_are_refused() {
    let changes: [(Change, &str); 6] = [
        (|sale| sale.lines[0].discount = None, "the shares of promotions do not sum to the line's discount"),
        (|sale| sale.lines[1].discount = Some(eur(41)), "the shares of promotions do not sum to the line's discount"),
        (|sale| sale.promotions[0].amount = eur(151), "the shares of a promotion do not sum to what it took off"),
        (|sale| sale.promotions.truncate(1), "a share is of a promotion that the sale does not name"),
        (|sale| sale.lines[0].unit_price = Some(eur(1_054)), LESS_DISCOUNT),
        (|sale| sale.lines[0].promotions[0].amount = eur(-1), "an amount is negative"),
    ];
    for (change, what) in changes {
        let mut changed = sale();
        reduced(&mut changed);
        change(&mut changed);
        let placed = Order::default().decide(&OrderCommand::Place { sale: Box::new(changed), placed_at: PLACED_AT });
        assert_eq!(placed, Err(OrderError::TotalsDisagree { what }));
    }
}
