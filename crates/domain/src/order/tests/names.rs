//! Names that are kept for ever, and the shell around the decider.

use std::collections::BTreeSet;

use cqrs_es::test::TestFramework;

use super::*;

fn every_event() -> Vec<OrderEvent> {
    vec![
        placed(),
        OrderEvent::PaymentRequested { payment: payment_id(1), method: text("pm_card_visa"), amount: None },
        OrderEvent::Confirmed {},
        OrderEvent::Rejected { code: "PAYMENT_DECLINED".to_owned(), reason: text("declined") },
        OrderEvent::CancellationRequested { reason: text("changed my mind") },
        OrderEvent::CancellationRefused { reason: text("too late") },
        OrderEvent::Cancelled { reason: text("changed my mind") },
        OrderEvent::LineCancellationRequested {
            cancellation: cancellation_id(1),
            lines: vec![line_units(1, 1)],
            reason: text("one too many"),
        },
        OrderEvent::LineCancellationRefused {
            cancellation: cancellation_id(1),
            code: "ALREADY_SHIPPED".to_owned(),
            reason: text("it has left"),
        },
        OrderEvent::LinesCancelled {
            cancellation: cancellation_id(1),
            lines: vec![cancelled_line(&line_units(1, 1))],
            refund: eur(0),
        },
        OrderEvent::AdditionAccepted { addition: order_id(2) },
        OrderEvent::AdditionReleased { addition: order_id(2), end: AdditionEnd::CalledOff },
        OrderEvent::BackOrdered { lines: vec![line_units(1, 1)], until: DELIVERED_AT },
        OrderEvent::BackOrderFilled {},
        OrderEvent::PaymentRecorded {
            status: PaymentStatus::PartiallyCaptured,
            authorised: eur(3),
            captured: eur(2),
            refunded: eur(1),
        },
        OrderEvent::FulfilmentRecorded {
            status: FulfilmentStatus::Shipped,
            fulfilment: Some(fulfilment_id(1)),
            at: DELIVERED_AT,
        },
        return_opened(1, vec![returned(1, 1)]),
        OrderEvent::WithdrawalDeclared {
            return_id: return_id(2),
            lines: vec![returned(1, 1)],
            declared_at: DELIVERED_AT,
        },
        OrderEvent::ReturnWithdrawn { return_id: return_id(1) },
        OrderEvent::Completed {},
    ]
}

#[test]
fn every_event_is_stored_under_its_type_and_survives_json() {
    let mut types = BTreeSet::new();
    for event in every_event() {
        let json = serde_json::to_value(&event).expect("an event becomes JSON");
        let tags: Vec<_> = json.as_object().expect("an object with one key").keys().cloned().collect();
        assert_eq!(tags, [event.event_type()]);
        assert_eq!(event.event_version(), "1");
        types.insert(event.event_type());
        assert_eq!(serde_json::from_value::<OrderEvent>(json).expect("JSON becomes an event"), event);
    }
    assert_eq!(types.len(), 20);
}

#[test]
fn a_refusal_of_too_many_units_says_how_many_may_come_back() {
    let order = given(&[placed(), OrderEvent::Confirmed {}, delivered()]);
    let refusal = order.decide(&open_return(1, vec![returned(1, 3)], DELIVERED_AT)).expect_err("two were sold");
    let facts = [("requested", "3".to_owned()), ("returnable", "2".to_owned())];
    assert_eq!((refusal.code(), refusal.facts()), ("NOT_RETURNABLE", facts.to_vec()));
    assert_eq!(OrderError::AlreadyShipped.facts(), []);
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let refusals = [
        OrderError::Unknown,
        OrderError::AlreadyPlaced,
        OrderError::NoLines,
        OrderError::TotalsDisagree { what: "an amount is negative" },
        OrderError::IllegalTransition { status: "placed", wish: "completed" },
        OrderError::AlreadyShipped,
        OrderError::LineUnknown { line: line_id(1) },
        OrderError::ReturnLinesInvalid,
        OrderError::NotReturnable { line: line_id(1), requested: 2, returnable: 1 },
        OrderError::LinesInvalid,
        OrderError::NotCancellable { line: line_id(1), requested: 2, cancellable: 1 },
        OrderError::CancellationUnderWay,
        OrderError::LineCancellationUnknown,
        OrderError::LineCancellationDiffers,
        OrderError::TooManyLineCancellations { max: LINE_CANCELLATIONS_MAX },
        OrderError::BackOrdered,
        OrderError::NotDelivered,
        OrderError::ReturnWindowClosed { closed_at: DELIVERED_AT },
        OrderError::WithdrawalPeriodOver { ended_at: DELIVERED_AT },
        OrderError::WithdrawalLapsed,
        OrderError::ReturnUnknown,
        OrderError::PaymentUnderWay,
        OrderError::PaymentAmountInvalid { requested: eur(2), due: eur(1) },
        OrderError::TooManyPayments { max: PAYMENTS_MAX },
        OrderError::NotAddedTo { why: "it was called off" },
        OrderError::HasAdditions { addition: order_id(2) },
        OrderError::ReturnDiffers,
        OrderError::ReturnWithdrawn,
        OrderError::TooManyReturns { max: RETURNS_MAX },
    ];
    let codes: BTreeSet<_> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}

#[test]
fn every_status_has_a_name_of_its_own() {
    let statuses = [
        (OrderStatus::Absent, "absent"),
        (OrderStatus::Placed, "placed"),
        (OrderStatus::Confirmed, "confirmed"),
        (OrderStatus::Rejected, "rejected"),
        (OrderStatus::Cancelled, "cancelled"),
        (OrderStatus::Completed, "completed"),
    ];
    for (status, name) in statuses {
        assert_eq!(status.name(), name);
        assert_eq!(serde_json::to_value(status).expect("JSON"), name);
    }
}

#[test]
fn an_order_survives_json_with_everything_in_it() {
    let order = given(&every_event());
    let json = serde_json::to_string(&order).expect("an order becomes JSON");
    assert_eq!(serde_json::from_str::<Order>(&json).expect("JSON becomes an order"), order);
}

#[tokio::test]
async fn the_aggregate_hands_its_decisions_to_cqrs_es() {
    assert_eq!(Order::TYPE, "order");
    let framework = || TestFramework::<Order>::with(());
    let placing = framework().given_no_previous_events().when_async(place()).await;
    placing.then_expect_events(vec![placed()]);
    let completing = framework().given(vec![placed()]).when_async(OrderCommand::Complete).await;
    completing.then_expect_error(OrderError::IllegalTransition { status: "placed", wish: "completed" });
}
