//! Given, when, then for the cart: what the tests share, and its life from opened to completed.

mod additions;
mod amounts;
mod card_numbers;
mod categories;
mod checkout;
mod discounts;
mod lines;
mod merges;
mod properties;
mod refusals;
mod repeats;

use std::collections::BTreeSet;

use cqrs_es::DomainEvent;
use cqrs_es::test::TestFramework;
use uuid::Uuid;

use super::*;
use crate::decider::Refusal;
use crate::values::{
    CartId, CategoryId, Currency, CustomerId, LineId, Localized, Money, OrderId, ProductId, PromotionId,
    PromotionReach, PromotionTerms, Quantity, Reduction, Sealed, ShortText, Sku, VatRate,
};

fn customer(number: u128) -> CustomerId {
    CustomerId::from_uuid(Uuid::from_u128(number))
}

fn cart_id(number: u128) -> CartId {
    CartId::from_uuid(Uuid::from_u128(number))
}

fn line_id(number: u128) -> LineId {
    LineId::from_uuid(Uuid::from_u128(number))
}

fn order(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

fn text(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

fn units(count: i64) -> Quantity {
    Quantity::new(count).expect("a count from 1 to 1000000")
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn dollars(minor: i64) -> Money {
    Money::new(minor, Currency::Usd)
}

fn rate(text: &str) -> VatRate {
    text.parse().expect("a VAT rate")
}

fn per_unit(minor: i64) -> LinePrice {
    LinePrice::PerUnit(euros(minor))
}

fn for_line(minor: i64) -> LinePrice {
    LinePrice::ForLine(euros(minor))
}

fn sku(number: u128) -> Sku {
    format!("LIVRE-{number}").parse().expect("a sku")
}

fn product(number: u128) -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(number))
}

fn category(number: u128) -> CategoryId {
    CategoryId::from_uuid(Uuid::from_u128(number))
}

fn promotion_id(number: u128) -> PromotionId {
    PromotionId::from_uuid(Uuid::from_u128(number))
}

fn percent(rate: &str) -> Reduction {
    Reduction::Percentage(rate.parse().expect("a rate"))
}

/// A promotion of the whole order, by a code, that combines with others.
fn promotion(number: u128, reduction: Reduction) -> CartPromotion {
    let terms = PromotionTerms {
        label: text("summer"),
        code: Some(format!("CODE-{number}").parse().expect("a code")),
        reduction,
        reach: PromotionReach::Order,
        minimum: None,
        combines: true,
    };
    CartPromotion { promotion: promotion_id(number), terms }
}

fn line_of(number: u128, count: i64, price: LinePrice) -> CartLine {
    CartLine {
        line: line_id(number),
        sku: sku(number),
        product: product(number),
        name: Localized::new("Livre", None),
        quantity: units(count),
        price,
        vat_rate: rate("0.055"),
        price_reason: None,
    }
}

/// Two units at 10.00 with book VAT.
fn line(number: u128) -> CartLine {
    line_of(number, 2, per_unit(1_000))
}

fn agreed(number: u128) -> CartLine {
    CartLine { price_reason: Some(text("damaged cover")), ..line(number) }
}

fn sealed(ciphertext: &str) -> Sealed {
    Sealed::new(customer(1), ciphertext.to_owned())
}

fn shipping(minor: i64) -> ShippingChoice {
    ShippingChoice {
        code: "standard".to_owned(),
        label: Localized::new("Standard", None),
        price: euros(minor),
        vat_rate: rate("0.2"),
    }
}

fn coupon(code: &str, amount: Money) -> Coupon {
    Coupon { code: text(code), campaign: text("summer"), amount }
}

fn current(number: u128, price: LinePrice) -> CurrentPrice {
    CurrentPrice { line: line_id(number), price, vat_rate: rate("0.055") }
}

fn opened() -> CartEvent {
    CartEvent::Opened { owner: customer(1), currency: Currency::Eur }
}

fn added(lines: impl IntoIterator<Item = CartLine>) -> CartEvent {
    CartEvent::LinesAdded { lines: lines.into_iter().collect() }
}

fn contact_set() -> CartEvent {
    CartEvent::ContactSet { email: sealed("e-mail") }
}

fn address_set() -> CartEvent {
    CartEvent::AddressSet { address: sealed("address"), country: "FR".to_owned() }
}

fn shipping_chosen(minor: i64) -> CartEvent {
    CartEvent::ShippingChosen { shipping: shipping(minor) }
}

/// It goes along with an order, by whose way of sending it costs nothing.
fn addition_begun(number: u128) -> CartEvent {
    let (email, address, country) = (sealed("e-mail"), sealed("address"), "FR".to_owned());
    let to = AddedTo { order: order(number), email, address, country, shipping: shipping(0) };
    CartEvent::AdditionBegun { to: Box::new(to) }
}

fn payment_method_chosen() -> CartEvent {
    CartEvent::PaymentMethodChosen { method: text("pm_1") }
}

fn coupon_applied(code: &str, minor: i64) -> CartEvent {
    CartEvent::CouponApplied { coupon: coupon(code, euros(minor)) }
}

fn promotion_added(promotion: CartPromotion) -> CartEvent {
    CartEvent::PromotionAdded { promotion }
}

fn withheld(number: u128, code: &str) -> CartEvent {
    CartEvent::PromotionWithheld { promotion: promotion_id(number), code: code.to_owned() }
}

fn merged(from: u128, lines: impl IntoIterator<Item = CartLine>) -> CartEvent {
    CartEvent::Merged { from: cart_id(from), lines: lines.into_iter().collect() }
}

fn absorbed(into: u128) -> CartEvent {
    CartEvent::Absorbed { into: cart_id(into) }
}

fn started(number: u128) -> CartEvent {
    CartEvent::CheckoutStarted {
        order: order(number),
        total: euros(2_500),
        promotions: vec![],
        pay_first: None,
        adds_to: None,
    }
}

fn abandoned(number: u128) -> CartEvent {
    CartEvent::CheckoutAbandoned { order: order(number), reason: text("card declined") }
}

fn completed(number: u128) -> CartEvent {
    CartEvent::Completed { order: order(number) }
}

fn open() -> CartCommand {
    CartCommand::Open { owner: customer(1), currency: Currency::Eur }
}

fn add(lines: impl IntoIterator<Item = CartLine>) -> CartCommand {
    CartCommand::AddLines { lines: lines.into_iter().collect() }
}

fn change(number: u128, count: i64) -> CartCommand {
    CartCommand::ChangeLines { changes: vec![(line_id(number), Some(units(count)))] }
}

fn remove(numbers: impl IntoIterator<Item = u128>) -> CartCommand {
    CartCommand::ChangeLines { changes: numbers.into_iter().map(|number| (line_id(number), None)).collect() }
}

fn reprice(prices: impl IntoIterator<Item = CurrentPrice>) -> CartCommand {
    CartCommand::Reprice { prices: prices.into_iter().collect() }
}

fn set_contact() -> CartCommand {
    CartCommand::SetContact { email: sealed("e-mail") }
}

fn set_address(country: &str) -> CartCommand {
    CartCommand::SetAddress { address: sealed("address"), country: country.to_owned() }
}

fn choose_shipping(price: Money) -> CartCommand {
    CartCommand::ChooseShipping { shipping: ShippingChoice { price, ..shipping(0) } }
}

fn choose_payment_method(method: &str) -> CartCommand {
    CartCommand::ChoosePaymentMethod { method: text(method) }
}

fn apply_coupon(code: &str, amount: Money) -> CartCommand {
    CartCommand::ApplyCoupon { coupon: coupon(code, amount) }
}

fn remove_coupon(code: &str) -> CartCommand {
    CartCommand::RemoveCoupon { code: text(code) }
}

fn withhold(number: u128, code: &str) -> CartCommand {
    CartCommand::WithholdPromotion { promotion: promotion_id(number), code: code.to_owned() }
}

fn add_promotion(promotion: CartPromotion) -> CartCommand {
    CartCommand::AddPromotion { promotion: Box::new(promotion) }
}

/// Says of lines which categories their products stand in.
fn places(told: impl IntoIterator<Item = (u128, Vec<u128>)>) -> Vec<LineCategories> {
    let place = |(line, categories): (u128, Vec<u128>)| LineCategories {
        line: line_id(line),
        categories: categories.into_iter().map(category).collect(),
    };
    told.into_iter().map(place).collect()
}

fn categorise(told: impl IntoIterator<Item = (u128, Vec<u128>)>) -> CartCommand {
    CartCommand::CategoriseLines { lines: places(told) }
}

fn categorised(told: impl IntoIterator<Item = (u128, Vec<u128>)>) -> CartEvent {
    CartEvent::LinesCategorised { lines: places(told) }
}

/// A guest's cart of lines alone.
fn guest(from: u128, lines: impl IntoIterator<Item = CartLine>) -> GuestCart {
    GuestCart {
        from: cart_id(from),
        currency: Currency::Eur,
        lines: lines.into_iter().collect(),
        promotions: vec![],
        coupons: vec![],
        categories: vec![],
    }
}

fn merge_all(guest: GuestCart) -> CartCommand {
    CartCommand::Merge { guest: Box::new(guest) }
}

fn merge(from: u128, lines: impl IntoIterator<Item = CartLine>) -> CartCommand {
    merge_all(guest(from, lines))
}

fn absorb(into: u128) -> CartCommand {
    CartCommand::Absorb { into: cart_id(into) }
}

fn start(number: u128, minor: i64) -> CartCommand {
    CartCommand::StartCheckout { order: order(number), expected_total: euros(minor), pay_first: None }
}

fn abandon(number: u128) -> CartCommand {
    CartCommand::AbandonCheckout { order: order(number), reason: text("card declined") }
}

fn complete(number: u128) -> CartCommand {
    CartCommand::Complete { order: order(number) }
}

/// A cart of 20.00 and 5.00 for sending it, with all that checkout needs.
fn ready() -> Vec<CartEvent> {
    vec![opened(), added([line(1)]), contact_set(), address_set(), shipping_chosen(500), payment_method_chosen()]
}

fn ready_and(events: impl IntoIterator<Item = CartEvent>) -> Vec<CartEvent> {
    ready().into_iter().chain(events).collect()
}

/// Every command that changes an open cart.
fn every_change() -> Vec<CartCommand> {
    vec![
        add([line(7)]),
        change(1, 3),
        remove([1]),
        reprice([current(1, per_unit(900))]),
        categorise([(1, vec![1])]),
        set_contact(),
        set_address("BE"),
        choose_shipping(euros(700)),
        choose_payment_method("pm_2"),
        CartCommand::EndAddition,
        apply_coupon("TEN", euros(1_000)),
        remove_coupon("TEN"),
        add_promotion(promotion(7, percent("0.1"))),
        withhold(7, "PROMOTION_USED_UP"),
        CartCommand::RemovePromotion { promotion: promotion_id(7) },
        merge(7, [line(7)]),
        absorb(7),
        start(7, 2_500),
    ]
}

fn accepted(given: Vec<CartEvent>, when: CartCommand, then: Vec<CartEvent>) {
    TestFramework::<Cart>::with(()).given(given).when(when).then_expect_events(then);
}

fn refused(given: Vec<CartEvent>, when: CartCommand, then: CartError) {
    TestFramework::<Cart>::with(()).given(given).when(when).then_expect_error(then);
}

fn cart_after(events: &[CartEvent]) -> Cart {
    let mut cart = Cart::default();
    for event in events {
        cart.evolve(event);
    }
    cart
}

/// The name under which serde stores an event: the only key of its object.
fn stored_name(event: &CartEvent) -> String {
    let json = serde_json::to_value(event).expect("an event is JSON");
    let object = json.as_object().expect("an event is a JSON object");
    assert_eq!(object.len(), 1, "{json}");
    object.keys().next().expect("one key").clone()
}

#[test]
fn every_event_is_stored_under_its_type_and_reads_back() {
    let events = ready_and([
        added([agreed(2), line_of(3, 1, for_line(999))]),
        CartEvent::LineQuantityChanged { line: line_id(1), quantity: units(3) },
        CartEvent::LinesRemoved { lines: vec![line_id(2)] },
        CartEvent::LineRepriced { line: line_id(1), price: per_unit(900), vat_rate: rate("0.2") },
        categorised([(1, vec![1, 2])]),
        coupon_applied("TEN", 1_000),
        CartEvent::CouponRemoved { code: text("TEN") },
        promotion_added(promotion(1, percent("0.1"))),
        withheld(1, "PROMOTION_USED_UP"),
        CartEvent::PromotionRemoved { promotion: promotion_id(1) },
        merged(2, [line(4)]),
        addition_begun(9),
        CartEvent::AdditionEnded { order: order(9) },
        started(1),
        abandoned(1),
        completed(2),
        absorbed(3),
    ]);
    let names: BTreeSet<String> = events.iter().map(stored_name).collect();
    assert_eq!(names.len(), 22);
    for event in events {
        assert_eq!((event.event_type(), event.event_version()), (stored_name(&event), "1".to_owned()));
        let json = serde_json::to_string(&event).expect("an event is JSON");
        assert_eq!(serde_json::from_str::<CartEvent>(&json).expect("its own JSON"), event);
    }
}

#[test]
fn a_cart_is_filled_and_becomes_an_order() {
    let commands = [
        open(),
        add([line(1)]),
        set_contact(),
        set_address("FR"),
        choose_shipping(euros(500)),
        choose_payment_method("pm_1"),
        start(1, 2_500),
        complete(1),
    ];
    let events = ready_and([started(1), completed(1)]);
    for (index, (when, then)) in commands.into_iter().zip(events.clone()).enumerate() {
        accepted(events[..index].to_vec(), when, vec![then]);
    }
    let cart = cart_after(&events);
    assert_eq!(cart.status(), CartStatus::Completed { order: order(1) });
    assert_eq!((cart.owner(), cart.currency()), (Some(&customer(1)), Some(Currency::Eur)));
    assert_eq!((cart.email(), cart.address()), (Some(&sealed("e-mail")), Some(&sealed("address"))));
    assert_eq!((cart.country(), cart.shipping()), (Some("FR"), Some(&shipping(500))));
    assert_eq!((cart.payment_method(), cart.lines()), (Some(&text("pm_1")), &[line(1)][..]));
}

#[test]
fn the_lines_of_a_guest_come_in_with_their_ids_and_the_guests_cart_closes() {
    accepted(vec![opened(), added([line(1)])], merge(2, [line(2)]), vec![merged(2, [line(2)])]);
    accepted(vec![opened()], merge(2, []), vec![merged(2, [])]);
    let cart = cart_after(&[opened(), added([line(1)]), merged(2, [line(2)])]);
    assert_eq!(cart.lines(), [line(1), line(2)]);
    accepted(vec![opened(), added([line(2)])], absorb(1), vec![absorbed(1)]);
    assert_eq!(cart_after(&[opened(), absorbed(1)]).status(), CartStatus::Absorbed { into: cart_id(1) });
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let refusals = [
        CartError::Unknown,
        CartError::AlreadyExists,
        CartError::Closed,
        CartError::CheckoutUnderWay { order: order(1) },
        CartError::CheckoutUnknown { order: order(1) },
        CartError::CheckoutOver { order: order(1) },
        CartError::PaymentAmountInvalid { requested: euros(2), due: euros(1) },
        CartError::LineUnknown { line: line_id(1) },
        CartError::LineExists { line: line_id(1) },
        CartError::NothingAsked,
        CartError::TooManyLines { max: LINES_MAX },
        CartError::LinePriceFixed { line: line_id(1) },
        CartError::WrongCurrency { cart: Currency::Eur, found: Currency::Usd },
        CartError::AmountOutOfRange { min: 0, max: AMOUNT_MINOR_MAX },
        CartError::InvalidCountry,
        CartError::GoesAlong { order: order(1) },
        CartError::CardNumber,
        CartError::CouponApplied,
        CartError::TooManyCoupons { max: COUPONS_MAX },
        CartError::CouponUnknown,
        CartError::TooManyPromotions { max: PROMOTIONS_MAX },
        CartError::CheckoutIncomplete { missing: vec!["lines"] },
        CartError::TotalChanged { expected: euros(1), actual: euros(2) },
    ];
    let codes: BTreeSet<&str> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}
