//! What orders answer, told as given, when, then.

mod additions;
mod back_order;
mod lifecycle;
mod line_cancellation;
mod names;
mod payments;
mod place;
mod properties;
mod records;
mod returns;
mod withdrawal;

use uuid::Uuid;

use super::*;
use crate::decider::Refusal;
use crate::values::{
    CartId, Currency, CustomerId, FulfilmentId, LineCancellationId, LineId, Localized, Money, OrderId, PaymentId,
    ProductId, Quantity, ReturnId, Sealed, ShortText, TaxedAmount, Timestamp,
};

const PLACED_AT: Timestamp = Timestamp::from_micros(1_000_000);
const DELIVERED_AT: Timestamp = Timestamp::from_micros(5_000_000);

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn text(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

fn line_id(number: u128) -> LineId {
    LineId::from_uuid(Uuid::from_u128(number))
}

fn return_id(number: u128) -> ReturnId {
    ReturnId::from_uuid(Uuid::from_u128(number))
}

fn order_id(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

fn payment_id(number: u128) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(number))
}

fn fulfilment_id(number: u128) -> FulfilmentId {
    FulfilmentId::from_uuid(Uuid::from_u128(number))
}

fn taxed(gross: i64) -> TaxedAmount {
    "0.055".parse::<crate::values::VatRate>().expect("a rate").split_gross(eur(gross)).expect("fits")
}

fn order_line(number: u128, units: i64, unit_price: Option<i64>, gross: i64) -> OrderLine {
    OrderLine {
        line: line_id(number),
        sku: "BD-001".parse().expect("a SKU"),
        product: ProductId::from_uuid(Uuid::from_u128(7)),
        name: Localized::new("Un album", None),
        quantity: Quantity::new(units).expect("a quantity"),
        unit_price: unit_price.map(eur),
        total: taxed(gross),
        discount: None,
        promotions: vec![],
    }
}

/// Two units at 10.55, three for 5.00 together, 4.90 of shipping, a coupon of 3.00: 31.00 in all, 28.00 to pay.
fn sale() -> Sale {
    let customer = CustomerId::from_uuid(Uuid::from_u128(8));
    Sale {
        number: "7F3K-9Q2M-4T".to_owned(),
        customer: customer.clone(),
        cart: CartId::from_uuid(Uuid::from_u128(9)),
        currency: Currency::Eur,
        lines: vec![order_line(1, 2, Some(1_055), 2_110), order_line(2, 3, None, 500)],
        shipping: OrderShipping {
            code: "home".to_owned(),
            label: Localized::new("À domicile", Some("At home".to_owned())),
            total: taxed(490),
        },
        coupons: vec![OrderCoupon { code: text("RENTREE"), campaign: text("autumn"), amount: eur(300) }],
        promotions: vec![],
        total: eur(3_100),
        payable: eur(2_800),
        email: Sealed::new(customer.clone(), "ZW1haWw=".to_owned()),
        address: Sealed::new(customer, "YWRkcmVzcw==".to_owned()),
        country: "FR".to_owned(),
        adds_to: None,
    }
}

fn placed() -> OrderEvent {
    OrderEvent::Placed { sale: Box::new(sale()), placed_at: PLACED_AT }
}

fn place() -> OrderCommand {
    OrderCommand::Place { sale: Box::new(sale()), placed_at: PLACED_AT }
}

fn fulfilment(status: FulfilmentStatus, at: Timestamp) -> OrderEvent {
    OrderEvent::FulfilmentRecorded { status, fulfilment: None, at }
}

fn delivered() -> OrderEvent {
    fulfilment(FulfilmentStatus::Delivered, DELIVERED_AT)
}

fn returned(number: u128, units: i64) -> ReturnedLine {
    ReturnedLine { line: line_id(number), quantity: Quantity::new(units).expect("a quantity") }
}

fn open_return(number: u128, lines: Vec<ReturnedLine>, now: Timestamp) -> OrderCommand {
    OrderCommand::OpenReturn { return_id: return_id(number), lines, reason: text("too small"), now }
}

fn return_opened(number: u128, lines: Vec<ReturnedLine>) -> OrderEvent {
    OrderEvent::ReturnOpened { return_id: return_id(number), lines, reason: text("too small"), withdrawal: None }
}

fn line_units(number: u128, units: i64) -> LineUnits {
    LineUnits { line: line_id(number), quantity: Quantity::new(units).expect("a quantity") }
}

fn cancellation_id(number: u128) -> LineCancellationId {
    LineCancellationId::from_uuid(Uuid::from_u128(number))
}

fn request_line_cancellation(number: u128, lines: Vec<LineUnits>) -> OrderCommand {
    let (cancellation, reason) = (cancellation_id(number), text("one too many"));
    OrderCommand::RequestLineCancellation { cancellation, lines, reason, gone: vec![] }
}

fn refuse_line_cancellation(number: u128) -> OrderCommand {
    let (cancellation, code) = (cancellation_id(number), "ALREADY_SHIPPED".to_owned());
    OrderCommand::RefuseLineCancellation { cancellation, code, reason: text("it has left") }
}

/// What units of the sale's lines were sold for: 10.55 a unit of the first, 5.00 for the three of the second; of both the
/// buyer pays nine tenths.
fn cancelled_line(units: &LineUnits) -> CancelledLine {
    let gross = if units.line == line_id(1) { 1_055 } else { 166 } * units.quantity.units();
    let (line, quantity) = (units.line.clone(), units.quantity);
    CancelledLine { line, quantity, total: taxed(gross), paid: eur(gross * 9 / 10) }
}

fn cancel_lines(number: u128, lines: &[LineUnits], refund: i64) -> OrderCommand {
    let lines = lines.iter().map(cancelled_line).collect();
    OrderCommand::CancelLines { cancellation: cancellation_id(number), lines, refund: eur(refund) }
}

fn given(events: &[OrderEvent]) -> Order {
    let mut order = Order::default();
    for event in events {
        order.evolve(event);
    }
    order
}

/// Returns the names of the facts a command leads to, joined by commas, or the code of the refusal.
fn outcome(order: &Order, command: &OrderCommand) -> String {
    match order.decide(command) {
        Ok(events) => events.iter().map(DomainEvent::event_type).collect::<Vec<_>>().join(","),
        Err(refusal) => refusal.code().to_owned(),
    }
}

/// Decides, evolves by what was decided, and expects the same command to be no news then.
fn accept(order: &mut Order, command: &OrderCommand) -> Vec<OrderEvent> {
    let events = order.decide(command).expect("the command is accepted");
    for event in &events {
        order.evolve(event);
    }
    assert_eq!(order.decide(command), Ok(vec![]), "a repeat of {command:?}");
    events
}
