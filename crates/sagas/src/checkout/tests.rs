//! The checkout as a pure process: what comes in, and what it asks for then.

mod additions;
mod holds;
mod lines;
mod lost;
mod parts;
mod properties;
mod repeats;
mod shortfall;
mod simulation;
mod stages;
mod undo;

use domain::values::{Currency, Quantity};
use uuid::Uuid;

use super::CheckoutInput as Input;
use super::state::Stage;
use super::*;
use crate::engine;

type Asked = engine::Reaction<CheckoutStep>;

fn noon() -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000)
}

fn cart() -> CartId {
    CartId::from_uuid(Uuid::from_u128(1))
}

fn payment(number: u128) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(number))
}

fn parcel(number: u128) -> FulfilmentId {
    FulfilmentId::from_uuid(Uuid::from_u128(number))
}

fn place(number: u128) -> LocationId {
    format!("depot{number}").parse().expect("a location")
}

fn routed() -> Vec<Routed> {
    let quantity = Quantity::new(1).expect("a count");
    [1, 2].map(|number| Routed { sku: "livre".parse().expect("a SKU"), location: place(number), quantity }).to_vec()
}

fn cancellation_of(number: u128) -> LineCancellationId {
    LineCancellationId::from_uuid(Uuid::from_u128(number))
}

fn line_cancellation(number: u128) -> Input {
    Input::LineCancellationRequested { cancellation: cancellation_of(number) }
}

/// A cancellation took units out of a parcel whose share is lower by an amount then; it was paid where money goes back.
fn lines_cancelled(number: u128, of: u128, refund: i64) -> Input {
    let taken = TakenOut {
        fulfilment: parcel(of),
        units: Vec::new(),
        share: eur(refund.max(20)),
        is_paid: refund > 0,
        is_emptied: false,
    };
    Input::LinesCancelled { cancellation: cancellation_of(number), parcels: vec![taken], refund: eur(refund) }
}

fn eur(cents: i64) -> Money {
    Money::new(cents, Currency::Eur)
}

fn reserved() -> Input {
    Input::Reserved { routed: routed() }
}

fn shortages() -> Vec<Shortage> {
    vec![Shortage { sku: "livre".parse().expect("a SKU"), requested: 2, available: 1 }]
}

fn short() -> Input {
    Input::Short { shortages: shortages() }
}

fn placed() -> Input {
    placed_under(ShortfallPolicy::Void)
}

/// An order that a policy is agreed for; where it may wait, it does for three weeks.
fn placed_under(shortfall: ShortfallPolicy) -> Input {
    let back_order_until = (!shortfall.is_void()).then(three_weeks_later);
    let pay_until = noon().plus_seconds(1_800);
    Input::Placed { payment: Some(payment(1)), amount: None, payable: None, pay_until, shortfall, back_order_until }
}

fn three_weeks_later() -> Timestamp {
    noon().plus_seconds(21 * 86_400)
}

fn placed_for_nothing() -> Input {
    let shortfall = ShortfallPolicy::Void;
    Input::Placed { payment: None, amount: None, payable: None, pay_until: noon(), shortfall, back_order_until: None }
}

fn requested(number: u128) -> Input {
    Input::PaymentRequested { payment: payment(number), amount: None }
}

/// The buyer pays a part.
fn part(number: u128, cents: i64) -> Input {
    Input::PaymentRequested { payment: payment(number), amount: Some(eur(cents)) }
}

fn authorised(number: u128) -> Input {
    Input::Authorised { payment: payment(number), expires_at: None }
}

fn too_late(number: u128) -> Input {
    Input::AuthorisedTooLate { payment: payment(number) }
}

fn action(number: u128) -> Input {
    Input::ActionRequired { payment: payment(number), url: "https://bank.example/3ds".to_owned() }
}

fn declined(number: u128) -> Input {
    Input::Declined { payment: payment(number), code: "insufficient_funds".to_owned() }
}

fn undone(number: u128) -> Input {
    Input::PaymentUndone { payment: payment(number) }
}

fn not_undone(number: u128) -> Input {
    Input::PaymentNotUndone { payment: payment(number), code: "expired_card".to_owned() }
}

fn allocated() -> Input {
    Input::Allocated { routed: routed() }
}

/// Two parcels of which each stands for the same share.
fn parcels_of(share: i64) -> Input {
    let parcels = [1, 2].map(|number| (parcel(number), place(number), eur(share)));
    Input::FulfilmentsRequested { parcels: parcels.to_vec() }
}

fn packed(number: u128) -> Input {
    Input::Packed { fulfilment: parcel(number) }
}

fn captured(number: u128) -> Input {
    Input::Captured { fulfilment: parcel(number) }
}

fn capture_failed(number: u128) -> Input {
    Input::CaptureFailed { fulfilment: parcel(number), code: "expired".to_owned() }
}

fn handed_over(number: u128) -> Input {
    Input::HandedOver { fulfilment: parcel(number), at: noon() }
}

fn holder() -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(77))
}

fn delivered(number: u128) -> Input {
    Input::Delivered { fulfilment: parcel(number), at: noon() }
}

fn lost(number: u128) -> Input {
    Input::Lost { fulfilment: parcel(number) }
}

fn cancellation() -> Input {
    Input::CancellationRequested { reason: "changed my mind".to_owned() }
}

fn left(cancelled: &[u128]) -> Input {
    Input::FulfilmentsLeft { cancelled: cancelled.iter().map(|number| parcel(*number)).collect() }
}

fn decided(task: &str, choice: &str) -> Input {
    Input::Decided { task: full(task), choice: choice.to_owned() }
}

fn gave_up(step: &str) -> Input {
    Input::GaveUp { step: full(step) }
}

fn started() -> Input {
    Input::Started { cart: cart(), promotions: Vec::new(), adds_to: None }
}

fn promotion() -> PromotionId {
    PromotionId::from_uuid(Uuid::from_u128(1))
}

fn started_with_promotion() -> Input {
    Input::Started { cart: cart(), promotions: vec![promotion()], adds_to: None }
}

fn promotion_refused() -> Input {
    let code = "PROMOTION_USED_UP".to_owned();
    Input::PromotionsRefused { refusals: vec![Withheld { promotion: promotion(), code }] }
}

/// The inputs of a checkout with a promotion, up to where two parcels are asked for.
fn path_with_promotion() -> Vec<Input> {
    let mut inputs = path();
    inputs[0] = started_with_promotion();
    inputs.insert(2, Input::PromotionsReserved);
    inputs
}

/// The inputs of a checkout without trouble, up to where two parcels are asked for.
fn path() -> Vec<Input> {
    vec![started(), reserved(), placed(), authorised(1), allocated(), Input::Confirmed, parcels_of(500)]
}

fn until_reserving() -> Vec<Input> {
    path()[..1].to_vec()
}

fn until_placing() -> Vec<Input> {
    path()[..2].to_vec()
}

fn until_paying() -> Vec<Input> {
    path()[..3].to_vec()
}

fn until_allocating() -> Vec<Input> {
    path()[..4].to_vec()
}

fn until_confirming() -> Vec<Input> {
    path()[..5].to_vec()
}

fn with(mut inputs: Vec<Input>, more: &[Input]) -> Vec<Input> {
    inputs.extend_from_slice(more);
    inputs
}

/// Tells everything and returns the checkout and its reaction to the last.
fn tell(inputs: &[Input]) -> (Checkout, Asked) {
    let mut checkout = Checkout::default();
    let mut last = Asked::default();
    for input in inputs {
        last = checkout.react(input, noon());
    }
    (checkout, last)
}

/// Names what is asked with `p1` for payments and `f1` for parcels.
fn names(reaction: &Asked) -> Vec<String> {
    reaction.asks.iter().map(|step| named(&Checkout::key(step))).collect()
}

fn named(key: &str) -> String {
    let mut name = key.to_owned();
    for number in 1..=4 {
        name = name.replace(payment(number).as_str(), &format!("p{number}"));
        name = name.replace(parcel(number).as_str(), &format!("f{number}"));
        name = name.replace(cancellation_of(number).as_str(), &format!("c{number}"));
    }
    name
}

fn full(name: &str) -> String {
    let mut key = name.to_owned();
    for number in 1..=4 {
        key = key.replace(&format!("/p{number}"), &format!("/{}", payment(number)));
        key = key.replace(&format!("/f{number}"), &format!("/{}", parcel(number)));
    }
    key
}

/// Asserts what a checkout asks for in reaction to the last of the inputs.
fn assert_asks(inputs: &[Input], expected: &[&str]) {
    let (checkout, reaction) = tell(inputs);
    assert_eq!(names(&reaction), expected, "after {inputs:#?} it is {checkout:?}");
}
