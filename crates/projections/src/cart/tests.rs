use domain::cart::{AddedTo, CartEvent, CartLine, Coupon, LinePrice, ShippingChoice};
use domain::values::{Currency, Localized, Sealed};

use super::CartProjection;
use crate::testing::{Story, cart, customer, euro, line, order, product, units, value};
use crate::tests::models_of;

fn new_line(number: u128, quantity: i64, price: LinePrice) -> CartLine {
    CartLine {
        line: line(number),
        sku: value(&format!("SKU-{number}")),
        product: product(number),
        name: Localized::new("Livre", None),
        quantity: units(quantity),
        price,
        vat_rate: value("0.055"),
        price_reason: None,
    }
}

fn opened() -> CartEvent {
    CartEvent::Opened { owner: customer(1), currency: Currency::Eur }
}

#[tokio::test]
async fn a_cart_sums_its_lines_through_every_change() {
    let mut story = Story::new();
    let shipping = ShippingChoice {
        code: "express".into(),
        label: Localized::default(),
        price: euro(700),
        vat_rate: value("0.2"),
    };
    let coupon = Coupon { code: value("TEN"), campaign: value("spring"), amount: euro(100) };
    let events = [
        opened(),
        CartEvent::LinesAdded {
            lines: vec![
                new_line(1, 2, LinePrice::PerUnit(euro(1_000))),
                new_line(2, 3, LinePrice::ForLine(euro(1_000))),
                new_line(3, 1, LinePrice::PerUnit(euro(50))),
            ],
        },
        CartEvent::LineQuantityChanged { line: line(1), quantity: units(5) },
        CartEvent::LineRepriced { line: line(1), price: LinePrice::PerUnit(euro(900)), vat_rate: value("0.1") },
        CartEvent::LinesRemoved { lines: vec![line(3)] },
        CartEvent::Merged { from: cart(9), lines: vec![new_line(4, 1, LinePrice::PerUnit(euro(7)))] },
        CartEvent::ShippingChosen { shipping },
        CartEvent::CouponApplied { coupon: coupon.clone() },
        CartEvent::CouponApplied { coupon: Coupon { code: value("ONE"), ..coupon } },
        CartEvent::CouponRemoved { code: value("TEN") },
    ];
    story.add("cart", cart(1).as_str(), &events).await;
    let models = models_of(&story, CartProjection).await;

    let view = models.carts().cart(cart(1).as_str()).await.expect("the store answers").expect("it is there");
    let head = &view.summary;
    assert_eq!((head.line_count, head.units, head.gross), (3, 9, euro(4_500 + 1_000 + 7)));
    assert_eq!((head.coupons, head.shipping, head.version), (euro(100), Some(euro(700)), 10));
    assert_eq!((head.owner.as_str(), head.status.as_str()), (customer(1).as_str(), "open"));
    let lines: Vec<_> = view.lines.iter().map(|line| (line.quantity, line.unit_price, line.gross)).collect();
    let expected = [(5, Some(euro(900)), euro(4_500)), (3, None, euro(1_000)), (1, Some(euro(7)), euro(7))];
    assert_eq!(lines, expected);
    assert_eq!(view.lines[0].vat_rate, value("0.1"));
    assert_eq!(view.coupons.iter().map(|coupon| coupon.code.as_str()).collect::<Vec<_>>(), ["ONE"]);
}

#[tokio::test]
async fn only_carts_that_are_not_closed_are_open() {
    let mut story = Story::new();
    let started = CartEvent::CheckoutStarted {
        order: order(1),
        total: euro(0),
        promotions: vec![],
        pay_first: None,
        adds_to: None,
    };
    let abandoned = CartEvent::CheckoutAbandoned { order: order(1), reason: value("declined") };
    let endings = [
        vec![],
        vec![started.clone()],
        vec![started.clone(), CartEvent::Completed { order: order(1) }],
        vec![CartEvent::Absorbed { into: cart(0) }],
        vec![started, abandoned],
    ];
    for (number, ending) in (0..).zip(endings) {
        story.now += 1;
        let events: Vec<CartEvent> = [opened()].into_iter().chain(ending).collect();
        story.add("cart", cart(number).as_str(), &events).await;
    }
    let models = models_of(&story, CartProjection).await;
    let open = models.carts().open_carts(customer(1).as_str()).await.expect("the store answers");
    let seen: Vec<_> = open.iter().map(|cart| (cart.id.clone(), cart.status.as_str())).collect();
    let expected = [(4, "open"), (1, "checking_out"), (0, "open")].map(|(n, status)| (cart(n).to_string(), status));
    assert_eq!(seen, expected);
    let absorbed = models.carts().cart(cart(3).as_str()).await.expect("the store answers").expect("it is there");
    assert_eq!(absorbed.summary.absorbed_into, Some(cart(0).to_string()));
}

#[tokio::test]
async fn a_cart_that_adds_to_an_order_is_sent_as_that_is_until_it_is_taken_off() {
    let sealed = |text: &str| Sealed::new(customer(1), text.to_owned());
    let (price, vat_rate) = (euro(0), value("0.2"));
    let shipping = ShippingChoice { code: "express".into(), label: Localized::default(), price, vat_rate };
    let (email, address, country) = (sealed("e-mail"), sealed("address"), "FR".to_owned());
    let to = Box::new(AddedTo { order: order(1), email, address, country, shipping });
    for (ended, expected) in [
        (vec![], (Some(order(1).to_string()), Some("express"), Some(euro(0)), Some("FR"))),
        (vec![CartEvent::AdditionEnded { order: order(1) }], (None, None, None, Some("FR"))),
    ] {
        let mut story = Story::new();
        let begun = [opened(), CartEvent::AdditionBegun { to: to.clone() }];
        let events: Vec<CartEvent> = begun.into_iter().chain(ended).collect();
        story.add("cart", cart(1).as_str(), &events).await;
        let models = models_of(&story, CartProjection).await;
        let view = models.carts().cart(cart(1).as_str()).await.expect("the store answers").expect("it is there");
        let head = view.summary;
        let seen = (head.adds_to, head.shipping_code.as_deref(), head.shipping, head.country.as_deref());
        assert_eq!(seen, expected);
    }
}
