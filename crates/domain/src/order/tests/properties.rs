//! What holds whatever is asked, in whatever order.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;

const COMMANDS_MAX: usize = 80;

fn payment_status() -> impl Strategy<Value = PaymentStatus> {
    prop::sample::select(vec![
        PaymentStatus::Pending,
        PaymentStatus::PartiallyAuthorised,
        PaymentStatus::Authorised,
        PaymentStatus::Captured,
        PaymentStatus::PartiallyRefunded,
    ])
}

fn fulfilment_status() -> impl Strategy<Value = FulfilmentStatus> {
    prop::sample::select(vec![
        FulfilmentStatus::Requested,
        FulfilmentStatus::Shipped,
        FulfilmentStatus::PartiallyDelivered,
        FulfilmentStatus::Delivered,
        FulfilmentStatus::Delivered,
        FulfilmentStatus::Lost,
    ])
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..35).prop_map(|days| DELIVERED_AT.plus_seconds(days * 86_400))
}

fn lines() -> impl Strategy<Value = Vec<ReturnedLine>> {
    prop::collection::vec((1_u128..4, 1_i64..3).prop_map(|(line, units)| returned(line, units)), 0..3)
}

fn cancelled_units() -> impl Strategy<Value = Vec<LineUnits>> {
    prop::collection::vec((1_u128..4, 1_i64..4).prop_map(|(line, units)| line_units(line, units)), 0..3)
}

fn record_payment() -> impl Strategy<Value = OrderCommand> {
    (payment_status(), -1_i64..6, -1_i64..5, -1_i64..4).prop_map(|(status, authorised, captured, refunded)| {
        OrderCommand::RecordPayment {
            status,
            authorised: eur(authorised),
            captured: eur(captured),
            refunded: eur(refunded),
        }
    })
}

fn command() -> impl Strategy<Value = OrderCommand> {
    prop_oneof![
        2 => Just(place()),
        1 => moment().prop_map(|placed_at| OrderCommand::Place { sale: Box::new(sale()), placed_at }),
        3 => Just(OrderCommand::Confirm),
        1 => Just(OrderCommand::Reject { code: "EXPIRED".to_owned(), reason: text("late") }),
        1 => Just(OrderCommand::RequestCancellation { reason: text("no") }),
        1 => Just(OrderCommand::RefuseCancellation { reason: text("left") }),
        6 => (1_u128..5, cancelled_units()).prop_map(|(number, lines)| request_line_cancellation(number, lines)),
        4 => (1_u128..5, cancelled_units(), 0_i64..30).prop_map(|(number, lines, refund)| cancel_lines(number, &lines, refund)),
        1 => (1_u128..5).prop_map(refuse_line_cancellation),
        1 => Just(OrderCommand::Cancel { reason: text("no") }),
        3 => record_payment(),
        3 => (1_u128..5, prop::option::of(-1_i64..50)).prop_map(|(number, cents)| OrderCommand::RequestPayment {
            payment: payment_id(number),
            method: text("pm_card_visa"),
            amount: cents.map(eur),
        }),
        5 => (fulfilment_status(), prop::option::of(1_u128..3), moment()).prop_map(|(status, number, at)| {
            OrderCommand::RecordFulfilment { status, fulfilment: number.map(fulfilment_id), at }
        }),
        16 => (1_u128..5, lines(), moment()).prop_map(|(number, lines, now)| open_return(number, lines, now)),
        4 => (1_u128..5).prop_map(|number| OrderCommand::WithdrawReturn { return_id: return_id(number) }),
        1 => Just(OrderCommand::Complete),
    ]
}

fn has_ended(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Rejected | OrderStatus::Cancelled | OrderStatus::Completed)
}

fn holds(before: &Order, after: &Order) {
    assert_eq!(after.sale(), Some(&sale()));
    assert!(after.authorised() >= after.captured());
    assert!(after.captured() >= after.refunded());
    assert!(after.refunded() >= eur(0));
    for line in &sale().lines {
        let in_returns: i64 = (1..5)
            .filter_map(|number| after.return_lines(&return_id(number)))
            .flatten()
            .filter(|returned| returned.line == line.line)
            .map(|returned| returned.quantity.units())
            .sum();
        let cancelled: i64 = after.cancelled_of(&line.line).map(|cancelled| cancelled.quantity.units()).sum();
        let cost: i64 = after.cancelled_of(&line.line).map(|cancelled| cancelled.total.gross.minor()).sum();
        assert_eq!(cancelled + after.units_left(&line.line), line.quantity.units());
        assert!(cost <= line.total.gross.minor());
        assert_eq!(in_returns + after.returnable(&line.line), after.units_left(&line.line));
        assert!(after.returnable(&line.line) >= 0);
    }
    assert!(after.line_cancellations().iter().filter(|asked| asked.is_pending()).count() <= 1);
    assert!(eur(0) <= after.payable_left());
    assert!(eur(0) <= after.payment_due() && after.payment_due() <= after.payable_left());
    for payment in after.payments().iter().filter(|payment| !before.payments().contains(payment)) {
        let amount = after.payment_amount(payment).expect("an attempt has its amount");
        assert!(eur(0) < amount && amount <= before.payment_due(), "{amount} of {}", before.payment_due());
    }
    assert!(before.sale().is_none() || after.payable_left() <= before.payable_left());
    assert!((1..4).any(|line| after.units_left(&line_id(line)) > 0), "nothing is left and the order is not called off");
    assert!(!has_ended(before.status()) || after.status() == before.status());
    assert!(!has_ended(after.status()) || !after.cancellation_requested());
    assert_eq!(after.rejection().is_some(), after.status() == OrderStatus::Rejected);
    assert!(before.delivered_at() <= after.delivered_at());
}

fn survives_json(event: &OrderEvent) {
    let json = serde_json::to_value(event).expect("an event becomes JSON");
    assert!(json.get(event.event_type()).is_some());
    assert_eq!(&serde_json::from_value::<OrderEvent>(json).expect("JSON becomes an event"), event);
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_invariant_holds_after_every_event(
        commands in prop::collection::vec(command(), 1..COMMANDS_MAX),
        sold in any::<bool>(),
    ) {
        let mut order = if sold { given(&[placed(), OrderEvent::Confirmed {}, delivered()]) } else { Order::default() };
        for command in commands {
            let Ok(events) = order.decide(&command) else { continue };
            for event in &events {
                let before = order.clone();
                order.evolve(event);
                holds(&before, &order);
                survives_json(event);
            }
            prop_assert_eq!(order.decide(&command), Ok(vec![]), "a repeat of {:?}", command);
        }
        let json = serde_json::to_string(&order).expect("an order becomes JSON");
        prop_assert_eq!(serde_json::from_str::<Order>(&json).expect("JSON becomes an order"), order);
    }
}
