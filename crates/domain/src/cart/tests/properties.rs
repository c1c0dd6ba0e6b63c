//! What holds after any sequence of commands.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;
use crate::values::{PromotionReach, Reduction, TaxedAmount};

fn any_price() -> impl Strategy<Value = LinePrice> {
    let minor = || prop_oneof![60 => 0_i64..100_000, 1 => Just(AMOUNT_MINOR_MAX / 2), 1 => -5_i64..0];
    let money = (minor(), prop_oneof![60 => Just(Currency::Eur), 1 => Just(Currency::Usd)])
        .prop_map(|(minor, currency)| Money::new(minor, currency));
    (money, any::<bool>()).prop_map(|(money, whole)| match whole {
        true => LinePrice::ForLine(money),
        false => LinePrice::PerUnit(money),
    })
}

fn any_rate() -> impl Strategy<Value = VatRate> {
    prop_oneof![Just("0"), Just("0.021"), Just("0.055"), Just("0.2"), Just("1")].prop_map(rate)
}

fn any_line() -> impl Strategy<Value = CartLine> {
    (1_u128..6, 1_i64..50, any_price(), any_rate(), any::<bool>()).prop_map(
        |(number, count, price, vat_rate, is_agreed)| CartLine {
            vat_rate,
            price_reason: is_agreed.then(|| text("damaged cover")),
            ..line_of(number, count, price)
        },
    )
}

fn any_lines() -> impl Strategy<Value = Vec<CartLine>> {
    prop::collection::vec(any_line(), 1..4)
}

fn any_changes() -> impl Strategy<Value = Vec<(LineId, Option<Quantity>)>> {
    let quantity = prop_oneof![(1_i64..50).prop_map(units).prop_map(Some), Just(None), Just(Some(units(1_000_000)))];
    prop::collection::vec(((1_u128..6).prop_map(line_id), quantity), 0..3)
}

fn any_prices() -> impl Strategy<Value = Vec<CurrentPrice>> {
    let price = (1_u128..6, any_price(), any_rate());
    prop::collection::vec(
        price.prop_map(|(number, price, vat_rate)| CurrentPrice { line: line_id(number), price, vat_rate }),
        0..3,
    )
}

fn of_lines(skus: Vec<Sku>, products: Vec<ProductId>, categories: Vec<CategoryId>) -> PromotionReach {
    PromotionReach::Lines { skus, products, categories }
}

fn any_places() -> impl Strategy<Value = Vec<(u128, Vec<u128>)>> {
    prop::collection::vec((1_u128..6, prop::collection::vec(1_u128..4, 0..3)), 0..4)
}

/// A guest's cart; a promotion and a coupon stand in it once, as in any cart.
fn any_guest() -> impl Strategy<Value = GuestCart> {
    let promotions = prop::collection::btree_map(1_u128..14, (any_promotion(), any::<bool>()), 0..4);
    let coupons = prop::collection::btree_map("[A-C]", 1_i64..50_000, 0..3);
    (1_u128..4, any_lines(), promotions, coupons, any_places()).prop_map(
        |(from, lines, promotions, coupons, categories)| {
            let held = promotions.into_iter().map(|(number, (added, is_withheld))| HeldPromotion {
                added: CartPromotion { promotion: promotion_id(number), ..added },
                withheld: is_withheld.then(|| "PROMOTION_PAUSED".to_owned()),
            });
            GuestCart {
                promotions: held.collect(),
                coupons: coupons.into_iter().map(|(code, minor)| coupon(&code, euros(minor))).collect(),
                categories: places(categories),
                ..guest(from, lines)
            }
        },
    )
}

fn any_promotion() -> impl Strategy<Value = CartPromotion> {
    let reduction = prop_oneof![
        prop_oneof![Just("0.062"), Just("0.5"), Just("0.000001"), Just("1")].prop_map(percent),
        (1_i64..200_000).prop_map(|minor| Reduction::Amount(euros(minor))),
        Just(Reduction::Amount(dollars(100))),
    ];
    let reach = prop_oneof![
        Just(PromotionReach::Order),
        (1_u128..7).prop_map(|number| of_lines(vec![sku(number)], vec![], vec![])),
        (1_u128..7).prop_map(|number| of_lines(vec![], vec![product(number)], vec![])),
        (1_u128..4).prop_map(|number| of_lines(vec![], vec![], vec![category(number)])),
    ];
    // The terms of a promotion never change, so they follow from its number.
    let minimum = prop_oneof![3 => Just(None), 1 => (1_i64..500_000).prop_map(|minor| Some(euros(minor)))];
    (1_u128..14, reduction, reach, minimum, any::<bool>()).prop_map(|(number, reduction, reach, minimum, combines)| {
        let mut promotion = promotion(number, reduction);
        promotion.terms = PromotionTerms { reach, minimum, combines, ..promotion.terms };
        promotion
    })
}

/// A command; the expected total of a checkout is filled in from the cart, so that most checkouts start.
fn any_command() -> impl Strategy<Value = CartCommand> {
    prop_oneof![
        5 => any_lines().prop_map(add),
        3 => any_changes().prop_map(|changes| CartCommand::ChangeLines { changes }),
        2 => any_prices().prop_map(reprice),
        2 => Just(set_contact()),
        2 => prop_oneof![Just("FR"), Just("BE"), Just("be")].prop_map(set_address),
        2 => (-1_i64..2_000).prop_map(|minor| choose_shipping(euros(minor))),
        2 => prop_oneof![Just("pm_1"), Just("pm_2"), Just("4242424242424242")].prop_map(choose_payment_method),
        2 => ("[A-C]", -1_i64..50_000).prop_map(|(code, minor)| apply_coupon(&code, euros(minor))),
        1 => "[A-C]".prop_map(|code| remove_coupon(&code)),
        4 => any_promotion().prop_map(|promotion| CartCommand::AddPromotion { promotion: Box::new(promotion) }),
        1 => (1_u128..14).prop_map(|number| withhold(number, "PROMOTION_USED_UP")),
        1 => (1_u128..14).prop_map(|number| CartCommand::RemovePromotion { promotion: promotion_id(number) }),
        2 => any_guest().prop_map(merge_all),
        3 => any_places().prop_map(categorise),
        4 => (1_u128..4).prop_map(|number| start(number, 0)),
        3 => (1_u128..4).prop_map(abandon),
    ]
}

/// The same, and at times the end of the cart.
fn any_command_or_end() -> impl Strategy<Value = CartCommand> {
    prop_oneof![
        80 => any_command(),
        4 => (1_u128..4).prop_map(complete),
        1 => (1_u128..4).prop_map(absorb),
        1 => Just(open()),
    ]
}

fn with_the_total_shown(cart: &Cart, command: CartCommand) -> CartCommand {
    match (command, cart.totals()) {
        (CartCommand::StartCheckout { order, .. }, Ok(totals)) => {
            CartCommand::StartCheckout { order, expected_total: totals.payable, pay_first: None }
        }
        (command, _) => command,
    }
}

fn gross_of(amounts: &[TaxedAmount]) -> i64 {
    amounts.iter().map(|amount| amount.gross.minor()).sum()
}

fn check_totals(cart: &Cart) {
    let totals = cart.totals().expect("a cart within its range");
    let lines: Vec<TaxedAmount> = totals.lines.iter().map(|(_, amount)| *amount).collect();
    let shipping: Vec<TaxedAmount> = totals.shipping.into_iter().collect();
    assert_eq!(lines.len(), cart.lines().len());
    assert_eq!(totals.subtotal.minor(), gross_of(&lines) + totals.discount.minor());
    assert_eq!(totals.total.minor(), totals.subtotal.minor() - totals.discount.minor() + gross_of(&shipping));
    check_discounts(cart, &totals);
    assert_eq!(totals.payable.minor(), (totals.total.minor() - totals.coupons.minor()).max(0));
    assert_eq!(gross_of(&totals.vat), totals.total.minor());
    assert!(totals.vat.windows(2).all(|pair| pair[0].rate < pair[1].rate), "{:?}", totals.vat);
    for amount in lines.iter().chain(&shipping).chain(&totals.vat) {
        assert_eq!(amount.net.plus(amount.tax), Ok(amount.gross));
        assert!(amount.net.minor() >= 0 && amount.tax.minor() >= 0, "{amount:?}");
    }
    for row in &totals.vat {
        let of_rate = lines.iter().chain(&shipping).filter(|amount| amount.rate == row.rate);
        assert_eq!(row.tax.minor(), of_rate.map(|amount| amount.tax.minor()).sum::<i64>());
    }
    assert!((0..=AMOUNT_MINOR_MAX).contains(&totals.total.minor()));
}

/// The shares sum to each discount and to all of them; who gives something is not withheld, and who does not says why.
fn check_discounts(cart: &Cart, totals: &CartTotals) {
    assert_eq!(totals.discounts.len(), cart.promotions().len());
    let mut sum = 0;
    for discount in &totals.discounts {
        let shares = discount.shares.iter().map(|(_, share)| share.minor());
        assert_eq!(discount.amount.minor(), shares.sum::<i64>());
        assert_eq!(discount.amount.minor() == 0, discount.withheld.is_some(), "{discount:?}");
        sum += discount.amount.minor();
    }
    assert_eq!(sum, totals.discount.minor());
    let giving = totals.discounts.iter().zip(cart.promotions()).filter(|(discount, _)| discount.withheld.is_none());
    let combining: Vec<bool> = giving.map(|(_, held)| held.added.terms.combines).collect();
    assert!(combining.len() <= 1 || combining.iter().all(|combines| *combines), "one that does not combine goes alone");
}

fn check_lists(cart: &Cart) {
    let ids: BTreeSet<&LineId> = cart.lines().iter().map(|line| &line.line).collect();
    assert_eq!(ids.len(), cart.lines().len(), "a line id stands once");
    let codes: BTreeSet<&ShortText> = cart.coupons().iter().map(|coupon| &coupon.code).collect();
    assert_eq!(codes.len(), cart.coupons().len(), "a coupon counts once");
    let promotions: BTreeSet<_> = cart.promotions().iter().map(|held| &held.added.promotion).collect();
    assert_eq!(promotions.len(), cart.promotions().len(), "a promotion counts once");
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_sums_hold_and_nothing_has_two_effects(
        prepared in 1_usize..=6,
        commands in prop::collection::vec(any_command_or_end(), 0..60),
    ) {
        let mut cart = cart_after(&ready()[..prepared]);
        for command in commands {
            let command = with_the_total_shown(&cart, command);
            let before = cart.clone();
            let events = cart.decide(&command).unwrap_or_default();
            for event in &events {
                let json = serde_json::to_string(event).expect("an event is JSON");
                let read_back: CartEvent = serde_json::from_str(&json).expect("its own JSON");
                prop_assert_eq!(&read_back, event);
                prop_assert_eq!(event.event_type(), stored_name(event));
                cart.evolve(&read_back);
            }
            check_totals(&cart);
            check_lists(&cart);
            if let CartStatus::CheckingOut { total, .. } = before.status() {
                prop_assert_eq!(cart.totals(), before.totals());
                prop_assert_eq!(Ok(total), before.totals().map(|totals| totals.payable));
            }
            if matches!(before.status(), CartStatus::Completed { .. } | CartStatus::Absorbed { .. }) {
                prop_assert_eq!(&before, &cart);
            }
            let repeated = cart.decide(&command).unwrap_or_default();
            prop_assert!(repeated.is_empty(), "{:?} twice", command);
        }
        let json = serde_json::to_string(&cart).expect("a state is JSON");
        prop_assert_eq!(serde_json::from_str::<Cart>(&json).expect("its own JSON"), cart);
    }
}
