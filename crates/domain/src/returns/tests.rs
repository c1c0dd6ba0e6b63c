//! Every refusal, every repeat and every boundary of returns.

use std::collections::BTreeSet;

use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use cqrs_es::{Aggregate, DomainEvent};
use uuid::Uuid;

use super::ReturnStatus::{Absent, Approved, Cancelled, Inspected, Received, Refused, Requested, Resolved};
use super::*;
use crate::decider::Refusal;
use crate::values::{Currency, CustomerId, LineId, LocationId, Money, OrderId, Quantity, ShortText, Sku};

mod properties;
mod withdrawal;

fn text(of: &str) -> ShortText {
    of.parse().expect("a short text")
}

fn location(of: &str) -> LocationId {
    of.parse().expect("a location")
}

fn sku(of: &str) -> Sku {
    of.parse().expect("a sku")
}

fn order() -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(1))
}

fn customer() -> CustomerId {
    CustomerId::from_uuid(Uuid::from_u128(2))
}

fn line_id(number: u128) -> LineId {
    LineId::from_uuid(Uuid::from_u128(number))
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

fn line(number: u128, sku_of: &str, units: i64, paid: Money) -> ReturnLine {
    ReturnLine { line: line_id(number), sku: sku(sku_of), quantity: Quantity::new(units).expect("a quantity"), paid }
}

/// Three books for 10.00, of which one third does not divide, and a pen.
fn lines() -> Vec<ReturnLine> {
    vec![line(1, "BOOK", 3, euros(1_000)), line(2, "PEN", 1, euros(250))]
}

fn request_of(lines: Vec<ReturnLine>) -> ReturnCommand {
    ReturnCommand::Request { order: order(), customer: customer(), lines, reason: text("too small"), withdrawal: None }
}

fn requested_of(lines: Vec<ReturnLine>) -> ReturnEvent {
    ReturnEvent::Requested { order: order(), customer: customer(), lines, reason: text("too small"), withdrawal: None }
}

fn item(number: u128, resalable: u32, damaged: u32, missing: u32) -> Inspection {
    Inspection { line: line_id(number), resalable, damaged, missing, deduction: None }
}

fn items() -> Vec<Inspection> {
    vec![item(1, 1, 1, 1), item(2, 1, 0, 0)]
}

/// Two thirds of 10.00, the larger remainder (0.67 of a cent) rounded up, and the pen.
const REFUND: Money = Money::new(667 + 250, Currency::Eur);

const APPROVED: ReturnEvent = ReturnEvent::Approved {};

fn refuse() -> ReturnCommand {
    ReturnCommand::Refuse { reason: text("worn") }
}

fn cancel() -> ReturnCommand {
    ReturnCommand::Cancel { reason: text("kept after all") }
}

fn receive(at: &str) -> ReturnCommand {
    ReturnCommand::Receive { location: location(at) }
}

fn inspect(items: Vec<Inspection>) -> ReturnCommand {
    ReturnCommand::Inspect { items }
}

fn resolve(refunded: Money) -> ReturnCommand {
    ReturnCommand::Resolve { refunded }
}

fn ship_back(tracking: &str) -> ReturnCommand {
    ReturnCommand::ShipBack { carrier: text("colissimo"), tracking: text(tracking) }
}

fn shipped_back() -> ReturnEvent {
    ReturnEvent::ShippedBack { carrier: text("colissimo"), tracking: text("6A1") }
}

fn every_event() -> [ReturnEvent; 8] {
    [
        requested_of(lines()),
        APPROVED,
        ReturnEvent::Refused { reason: text("worn") },
        ReturnEvent::Received { location: location("paris") },
        ReturnEvent::Inspected { items: items(), refund: REFUND },
        ReturnEvent::Resolved { refunded: REFUND },
        ReturnEvent::Cancelled { reason: text("kept after all") },
        shipped_back(),
    ]
}

/// The facts that lead to a status.
fn situation(status: ReturnStatus) -> Vec<ReturnEvent> {
    let [requested, approved, refused, received, inspected, resolved, cancelled, _] = every_event();
    match status {
        ReturnStatus::Absent => vec![],
        ReturnStatus::Requested => vec![requested],
        ReturnStatus::Approved => vec![requested, approved],
        ReturnStatus::Refused => vec![requested, refused],
        ReturnStatus::Received => vec![requested, approved, received],
        ReturnStatus::Inspected => vec![requested, approved, received, inspected],
        ReturnStatus::Resolved => vec![requested, approved, received, inspected, resolved],
        ReturnStatus::Cancelled => vec![requested, approved, cancelled],
    }
}

fn given(status: ReturnStatus) -> AggregateTestExecutor<Return> {
    TestFramework::with(()).given(situation(status))
}

fn given_received(lines: Vec<ReturnLine>) -> AggregateTestExecutor<Return> {
    let received = ReturnEvent::Received { location: location("paris") };
    TestFramework::with(()).given(vec![requested_of(lines), APPROVED, received])
}

fn folded(events: &[ReturnEvent]) -> Return {
    let mut current = Return::default();
    for event in events {
        current.evolve(event);
    }
    current
}

/// Expects a refusal in every status but the accepted ones: unknown where there is no return, else illegal.
fn refuses_elsewhere(wish: &ReturnCommand, named: &'static str, accepted: &[ReturnStatus]) {
    for status in ReturnStatus::ALL {
        if status == ReturnStatus::Absent {
            given(status).when(wish.clone()).then_expect_error(ReturnError::Unknown);
        } else if !accepted.contains(&status) {
            let refusal = ReturnError::IllegalTransition { status: status.name(), wish: named };
            given(status).when(wish.clone()).then_expect_error(refusal);
        }
    }
}

fn changes_nothing(wish: &ReturnCommand, statuses: &[ReturnStatus]) {
    for status in statuses {
        given(*status).when(wish.clone()).then_expect_events(vec![]);
    }
}

#[test]
fn a_return_goes_the_whole_way() {
    let [requested, approved, _, received, inspected, resolved, _, _] = every_event();
    given(Absent).when(request_of(lines())).then_expect_events(vec![requested]);
    given(Requested).when(ReturnCommand::Approve).then_expect_events(vec![approved]);
    given(Approved).when(receive("paris")).then_expect_events(vec![received]);
    given(Received).when(inspect(items())).then_expect_events(vec![inspected]);
    given(Inspected).when(resolve(REFUND)).then_expect_events(vec![resolved]);
}

#[test]
fn a_request_names_each_line_once_and_at_least_one() {
    given(Absent).when(request_of(vec![])).then_expect_error(ReturnError::LinesInvalid);
    let twice = vec![line(1, "BOOK", 1, euros(1)), line(2, "PEN", 1, euros(1)), line(1, "BOOK", 2, euros(2))];
    given(Absent).when(request_of(twice)).then_expect_error(ReturnError::LinesInvalid);
}

#[test]
fn amounts_are_in_one_currency_not_negative_and_their_sum_fits() {
    let two_currencies = vec![line(1, "BOOK", 1, euros(1)), line(2, "PEN", 1, Money::new(1, Currency::Usd))];
    let negative = vec![line(1, "BOOK", 1, euros(-1))];
    let too_much = vec![line(1, "BOOK", 1, euros(i64::MAX)), line(2, "PEN", 1, euros(1))];
    for lines in [two_currencies, negative, too_much] {
        given(Absent).when(request_of(lines)).then_expect_error(ReturnError::AmountsInvalid);
    }
    for paid in [0, i64::MAX] {
        let lines = vec![line(1, "BOOK", 1, euros(paid))];
        given(Absent).when(request_of(lines.clone())).then_expect_events(vec![requested_of(lines)]);
    }
}

#[test]
fn a_repeated_request_changes_nothing_and_other_content_is_refused() {
    for status in ReturnStatus::ALL.into_iter().filter(|status| *status != Absent) {
        given(status).when(request_of(lines())).then_expect_events(vec![]);
        given(status).when(request_of(vec![])).then_expect_error(ReturnError::AlreadyExists);
    }
    for changed in 0..4 {
        let (mut order, mut customer, mut lines, mut reason) = (order(), customer(), lines(), text("too small"));
        match changed {
            0 => order = OrderId::from_uuid(Uuid::from_u128(9)),
            1 => customer = CustomerId::from_uuid(Uuid::from_u128(9)),
            2 => lines.truncate(1),
            _ => reason = text("too large"),
        }
        let other = ReturnCommand::Request { order, customer, lines, reason, withdrawal: None };
        given(Requested).when(other).then_expect_error(ReturnError::AlreadyExists);
    }
}

#[test]
fn only_a_requested_return_is_approved_and_once() {
    changes_nothing(&ReturnCommand::Approve, &[Approved, Received, Inspected, Resolved]);
    let accepted = [Requested, Approved, Received, Inspected, Resolved];
    refuses_elsewhere(&ReturnCommand::Approve, "approved", &accepted);
}

#[test]
fn only_a_requested_return_is_refused_and_once() {
    given(Requested).when(refuse()).then_expect_events(vec![ReturnEvent::Refused { reason: text("worn") }]);
    changes_nothing(&ReturnCommand::Refuse { reason: text("another reason") }, &[Refused]);
    refuses_elsewhere(&refuse(), "refused", &[Requested, Refused]);
}

#[test]
fn only_an_approved_return_is_received_and_in_one_place() {
    changes_nothing(&receive("paris"), &[Received, Inspected, Resolved]);
    refuses_elsewhere(&receive("paris"), "received", &[Approved, Received, Inspected, Resolved]);
    for status in [Received, Inspected, Resolved] {
        let refusal = ReturnError::IllegalTransition { status: status.name(), wish: "received elsewhere" };
        given(status).when(receive("lyon")).then_expect_error(refusal);
    }
}

#[test]
fn only_a_received_return_is_inspected_and_once() {
    changes_nothing(&inspect(items()), &[Inspected, Resolved]);
    refuses_elsewhere(&inspect(items()), "inspected", &[Received, Inspected, Resolved]);
    for status in [Inspected, Resolved] {
        let refusal = ReturnError::IllegalTransition { status: status.name(), wish: "inspected again" };
        let other = vec![item(1, 3, 0, 0), item(2, 1, 0, 0)];
        given(status).when(inspect(other)).then_expect_error(refusal);
    }
}

#[test]
fn an_inspection_names_each_line_of_the_return_exactly_once() {
    let once_too_often = vec![item(1, 3, 0, 0), item(2, 1, 0, 0), item(2, 1, 0, 0)];
    for items in [vec![], vec![item(1, 3, 0, 0)], once_too_often] {
        given(Received).when(inspect(items)).then_expect_error(ReturnError::LinesInvalid);
    }
    let foreign = vec![item(1, 3, 0, 0), item(2, 1, 0, 0), item(9, 1, 0, 0)];
    given(Received).when(inspect(foreign)).then_expect_error(ReturnError::LineUnknown { line: line_id(9) });
}

#[test]
fn an_inspection_counts_what_was_announced() {
    let most = i64::from(u32::MAX) * 3;
    for (first, counted) in [
        (item(1, 1, 1, 0), 2),
        (item(1, 2, 1, 1), 4),
        (item(1, 0, 0, 0), 0),
        (item(1, u32::MAX, u32::MAX, u32::MAX), most),
    ] {
        let refusal = ReturnError::CountDiffers { line: line_id(1), counted, announced: 3 };
        given(Received).when(inspect(vec![first, item(2, 1, 0, 0)])).then_expect_error(refusal);
    }
}

#[test]
fn the_refund_is_the_paid_share_of_what_came_back() {
    for (units, paid, counted, refund) in [
        (3, 1_000, item(1, 3, 0, 0), 1_000),
        (3, 1_000, item(1, 0, 3, 0), 1_000),
        (3, 1_000, item(1, 0, 0, 3), 0),
        (3, 1_000, item(1, 1, 0, 2), 333),
        (3, 1_000, item(1, 1, 1, 1), 667),
        (2, 1, item(1, 1, 0, 1), 1),
        (2, 0, item(1, 2, 0, 0), 0),
        (1_000_000, i64::MAX, item(1, 1_000_000, 0, 0), i64::MAX),
    ] {
        let expected = ReturnEvent::Inspected { items: vec![counted.clone()], refund: euros(refund) };
        let lines = vec![line(1, "BOOK", units, euros(paid))];
        given_received(lines).when(inspect(vec![counted])).then_expect_events(vec![expected]);
    }
}

/// A finding of which something is kept back for damage.
fn less(item: Inspection, deducted: Money) -> Inspection {
    let reason = text("the cover is torn");
    Inspection { deduction: Some(Deduction { amount: deducted, reason }), ..item }
}

#[test]
fn at_most_what_was_paid_for_damaged_units_is_deducted() {
    for (counted, deductible, came_back) in
        [(item(1, 1, 2, 0), 667, 1_000), (item(1, 0, 3, 0), 1_000, 1_000), (item(1, 1, 1, 1), 334, 667)]
    {
        let given = || given_received(vec![line(1, "BOOK", 3, euros(1_000))]);
        for deducted in [1, deductible] {
            let items = vec![less(counted.clone(), euros(deducted))];
            let expected = ReturnEvent::Inspected { items: items.clone(), refund: euros(came_back - deducted) };
            given().when(inspect(items)).then_expect_events(vec![expected]);
        }
        for deducted in [euros(deductible + 1), euros(0), euros(-1), Money::new(1, Currency::Usd)] {
            let deductible = euros(deductible);
            let refusal = ReturnError::DeductionInvalid { line: line_id(1), deducted, deductible };
            given().when(inspect(vec![less(counted.clone(), deducted)])).then_expect_error(refusal);
        }
    }
}

#[test]
fn nothing_is_deducted_where_nothing_is_damaged() {
    for counted in [item(1, 3, 0, 0), item(1, 0, 0, 3)] {
        let (deducted, deductible) = (euros(1), euros(0));
        let refusal = ReturnError::DeductionInvalid { line: line_id(1), deducted, deductible };
        let given = given_received(vec![line(1, "BOOK", 3, euros(1_000))]);
        given.when(inspect(vec![less(counted, deducted)])).then_expect_error(refusal);
    }
}

#[test]
fn what_would_be_refunded_is_what_is_refunded_and_told_line_by_line() {
    let found = vec![less(item(1, 1, 1, 1), euros(100)), item(2, 1, 0, 0)];
    let before = folded(&situation(Requested)).if_inspected(&found).expect("a refund is told");
    let after = folded(&situation(Received));
    let events = after.decide(&inspect(found.clone())).expect("is inspected");
    let after = events.iter().fold(after, |mut after, event| {
        after.evolve(event);
        after
    });
    assert_eq!((before.refund(), before.refund_lines()), (after.refund(), after.refund_lines()));
    assert_eq!(after.refund(), Some(euros(REFUND.minor() - 100)));
    let told: Vec<_> = after.refund_lines().into_iter().map(|line| (line.paid, line.missing, line.refund)).collect();
    assert_eq!(told, [(euros(1_000), euros(333), euros(567)), (euros(250), euros(0), euros(250))]);
    assert_eq!(Return::default().if_inspected(&found), Err(ReturnError::Unknown));
    let false_count = vec![item(1, 9, 0, 0), item(2, 1, 0, 0)];
    assert!(folded(&situation(Requested)).if_inspected(&false_count).is_err());
}

#[test]
fn the_order_in_which_lines_are_inspected_does_not_matter() {
    let backwards = vec![item(2, 1, 0, 0), item(1, 1, 1, 1)];
    let expected = ReturnEvent::Inspected { items: backwards.clone(), refund: REFUND };
    given(Received).when(inspect(backwards)).then_expect_events(vec![expected]);
}

#[test]
fn what_is_owed_is_told_by_line_and_sums_to_the_refund() {
    let told = |facts: &[ReturnEvent]| {
        let lines = folded(facts).refund_lines().into_iter();
        lines.map(|line| (line.line, line.units, line.refund)).collect::<Vec<_>>()
    };
    assert_eq!(told(&situation(Inspected)), [(line_id(1), 2, euros(667)), (line_id(2), 1, euros(250))]);
    // Whole and damaged units count alike, and what is missing does not: nothing is owed for a line that did not come.
    let inspected = ReturnEvent::Inspected { items: vec![item(1, 0, 3, 0), item(2, 0, 0, 1)], refund: euros(1_000) };
    let facts = [situation(Received), vec![inspected]].concat();
    assert_eq!(told(&facts), [(line_id(1), 3, euros(1_000)), (line_id(2), 0, euros(0))]);
}

#[test]
fn only_what_is_owed_is_refunded_and_once() {
    changes_nothing(&resolve(REFUND), &[Resolved]);
    refuses_elsewhere(&resolve(REFUND), "resolved", &[Inspected, Resolved]);
    for status in [Inspected, Resolved] {
        for refunded in
            [euros(REFUND.minor() - 1), euros(REFUND.minor() + 1), Money::new(REFUND.minor(), Currency::Usd)]
        {
            let refusal = ReturnError::RefundDiffers { refunded, owed: REFUND };
            given(status).when(resolve(refunded)).then_expect_error(refusal);
        }
    }
}

#[test]
fn a_return_is_called_off_before_the_box_arrives() {
    for status in [Requested, Approved] {
        let expected = ReturnEvent::Cancelled { reason: text("kept after all") };
        given(status).when(cancel()).then_expect_events(vec![expected]);
    }
    changes_nothing(&cancel(), &[Cancelled]);
    refuses_elsewhere(&cancel(), "cancelled", &[Requested, Approved, Cancelled]);
}

#[test]
fn the_state_tells_what_was_asked_and_what_happened() {
    let absent = Return::default();
    assert_eq!((absent.order(), absent.location(), absent.refund(), absent.refunded()), (None, None, None, None));
    assert!(absent.resalable().is_empty());
    let current = folded(&situation(Resolved));
    assert_eq!((current.order(), current.customer()), (Some(&order()), Some(&customer())));
    assert_eq!((current.lines(), current.inspection()), (lines().as_slice(), items().as_slice()));
    assert_eq!((current.reason(), current.location()), (Some(&text("too small")), Some(&location("paris"))));
    assert_eq!((current.refund(), current.refunded()), (Some(REFUND), Some(REFUND)));
    assert_eq!(current.resalable(), [(sku("BOOK"), 1), (sku("PEN"), 1)]);
    assert_eq!(current.damaged(), [(sku("BOOK"), 1)]);
    for status in ReturnStatus::ALL {
        assert_eq!(folded(&situation(status)).status(), status);
    }
}

#[test]
fn units_of_one_sku_on_several_lines_are_summed() {
    let lines = vec![line(1, "PEN", 3, euros(3)), line(2, "BOOK", 2, euros(2)), line(3, "PEN", 4, euros(4))];
    let items = vec![item(1, 2, 1, 0), item(2, 0, 0, 2), item(3, 1, 2, 1)];
    let inspected = ReturnEvent::Inspected { items, refund: euros(6) };
    let current = folded(&[requested_of(lines), APPROVED, inspected]);
    assert_eq!(current.resalable(), [(sku("PEN"), 3)]);
    assert_eq!(current.damaged(), [(sku("PEN"), 3)]);
}

#[test]
fn an_event_is_stored_under_its_own_name_and_comes_back_whole() {
    assert_eq!(Return::TYPE, "return");
    for event in every_event() {
        let json = serde_json::to_value(&event).expect("an event is JSON");
        let tags: Vec<&String> = json.as_object().expect("an object with one tag").keys().collect();
        assert_eq!(tags, [&event.event_type()]);
        assert_eq!(event.event_version(), "1");
        assert_eq!(serde_json::from_value::<ReturnEvent>(json).expect("its own JSON"), event);
    }
}

#[test]
fn names_and_codes_are_unique() {
    let names: BTreeSet<&str> = ReturnStatus::ALL.iter().map(|status| status.name()).collect();
    assert_eq!(names.len(), ReturnStatus::ALL.len());
    let types: BTreeSet<String> = every_event().iter().map(DomainEvent::event_type).collect();
    assert_eq!(types.len(), every_event().len());
    let refusals = [
        ReturnError::Unknown,
        ReturnError::AlreadyExists,
        ReturnError::LinesInvalid,
        ReturnError::AmountsInvalid,
        ReturnError::LineUnknown { line: line_id(1) },
        ReturnError::CountDiffers { line: line_id(1), counted: 1, announced: 2 },
        ReturnError::DeductionInvalid { line: line_id(1), deducted: euros(2), deductible: euros(1) },
        ReturnError::RefundDiffers { refunded: euros(1), owed: euros(2) },
        ReturnError::WithdrawalStands,
        ReturnError::IllegalTransition { status: "refused", wish: "approved" },
    ];
    let codes: BTreeSet<&str> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}
