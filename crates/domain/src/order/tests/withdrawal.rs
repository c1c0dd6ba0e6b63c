//! Withdrawing from the contract: in its period, in two steps, each unit at most once.

use super::*;

/// 2026-11-02T09:00:00Z, a Monday.
const RECEIVED_AT: Timestamp = Timestamp::from_micros(1_793_610_000_000_000);
/// 2026-11-16T23:59:00+01:00, the Monday a fortnight later.
const LAST_MINUTE: Timestamp = Timestamp::from_micros(1_794_869_940_000_000);

fn received() -> Order {
    given(&[placed(), OrderEvent::Confirmed {}, fulfilment(FulfilmentStatus::Delivered, RECEIVED_AT)])
}

fn declare(number: u128, lines: Vec<ReturnedLine>, now: Timestamp) -> OrderCommand {
    OrderCommand::DeclareWithdrawal { return_id: return_id(number), lines, now }
}

fn confirm(number: u128, now: Timestamp) -> OrderCommand {
    OrderCommand::ConfirmWithdrawal { return_id: return_id(number), now }
}

fn withdraw(order: &mut Order, number: u128, lines: Vec<ReturnedLine>) {
    accept(order, &declare(number, lines, RECEIVED_AT));
    accept(order, &confirm(number, RECEIVED_AT));
}

#[test]
fn it_is_declared_and_confirmed_until_the_last_minute_of_the_fourteenth_day() {
    let mut order = received();
    let lines = vec![returned(1, 2), returned(2, 3)];
    let declared_at = LAST_MINUTE;
    let events = accept(&mut order, &declare(1, lines.clone(), declared_at));
    assert_eq!(events, [OrderEvent::WithdrawalDeclared { return_id: return_id(1), lines: lines.clone(), declared_at }]);
    assert_eq!((order.returnable(&line_id(1)), order.return_lines(&return_id(1))), (2, None), "nothing is bound yet");
    // Two minutes later the next day has begun: the first step counts.
    let confirmed_at = LAST_MINUTE.plus_seconds(120);
    let events = accept(&mut order, &confirm(1, confirmed_at));
    let withdrawal = Some(Withdrawal { declared_at, confirmed_at });
    let reason = text("withdrawal");
    assert_eq!(events, [OrderEvent::ReturnOpened { return_id: return_id(1), lines, reason, withdrawal }]);
    assert_eq!((order.withdrawal(&return_id(1)), order.returnable(&line_id(1))), (withdrawal, 0));
}

#[test]
fn after_the_period_it_is_refused_and_says_when_it_ended() {
    let order = received();
    let ended_at = LAST_MINUTE.plus_seconds(60);
    assert_eq!(order.withdrawal_ends_at(), Some(ended_at));
    let refusal = OrderError::WithdrawalPeriodOver { ended_at };
    assert_eq!(
        refusal.to_string(),
        "the period of withdrawal ended 2026-11-17T00:00:00+01:00: ask for a return instead"
    );
    assert_eq!(order.decide(&declare(1, vec![returned(1, 1)], ended_at)), Err(refusal));
}

#[test]
fn a_period_that_would_end_on_a_day_off_ends_with_the_next_day_that_is_worked() {
    let ends = |days: i64| crate::values::paris_time(withdrawal_ends_at(RECEIVED_AT.plus_seconds(days * 86_400)));
    assert_eq!(ends(4), "2026-11-21T00:00:00+01:00", "a Friday");
    assert_eq!(ends(5), "2026-11-24T00:00:00+01:00", "a Saturday: until Monday");
    assert_eq!(ends(-5), "2026-11-13T00:00:00+01:00", "Armistice Day: until the day after");
    assert_eq!(ends(-6), "2026-11-11T00:00:00+01:00", "the day before it");
}

#[test]
fn the_period_begins_with_the_last_parcel() {
    let later = RECEIVED_AT.plus_seconds(3 * 86_400);
    let partly = fulfilment(FulfilmentStatus::PartiallyDelivered, RECEIVED_AT);
    let mut order = given(&[placed(), OrderEvent::Confirmed {}, partly]);
    assert_eq!(order.withdrawal_ends_at(), None);
    assert_eq!(outcome(&order, &declare(1, vec![returned(1, 1)], RECEIVED_AT)), "NOT_DELIVERED");
    order.evolve(&fulfilment(FulfilmentStatus::Delivered, later));
    assert_eq!(order.withdrawal_ends_at(), Some(withdrawal_ends_at(later)));
}

#[test]
fn what_was_not_declared_or_too_long_ago_is_not_confirmed() {
    let mut order = received();
    assert_eq!(Order::default().decide(&confirm(1, RECEIVED_AT)), Err(OrderError::Unknown));
    assert_eq!(order.decide(&confirm(1, RECEIVED_AT)), Err(OrderError::ReturnUnknown));
    accept(&mut order, &declare(1, vec![returned(1, 1)], RECEIVED_AT));
    assert_eq!(order.decide(&declare(1, vec![returned(1, 2)], RECEIVED_AT)), Err(OrderError::ReturnDiffers));
    assert_eq!(WITHDRAWAL_CONFIRM_SECONDS, 86_400, "a day");
    let last = RECEIVED_AT.plus_seconds(WITHDRAWAL_CONFIRM_SECONDS);
    assert_eq!(outcome(&order, &confirm(1, last)), "order.return_opened");
    assert_eq!(order.decide(&confirm(1, last.plus_seconds(1))), Err(OrderError::WithdrawalLapsed));
}

#[test]
fn no_unit_is_withdrawn_twice() {
    let mut order = received();
    for number in [1, 2] {
        accept(&mut order, &declare(number, vec![returned(1, 2)], RECEIVED_AT));
    }
    accept(&mut order, &confirm(1, RECEIVED_AT));
    let refusal = OrderError::NotReturnable { line: line_id(1), requested: 2, returnable: 0 };
    assert_eq!(order.decide(&confirm(2, RECEIVED_AT)), Err(refusal));
    accept(&mut order, &OrderCommand::WithdrawReturn { return_id: return_id(1) });
    assert_eq!(order.decide(&confirm(1, RECEIVED_AT)), Err(OrderError::ReturnWithdrawn));
    accept(&mut order, &confirm(2, RECEIVED_AT));
}

#[test]
fn with_the_last_unit_the_contract_is_withdrawn_whole() {
    let mut order = received();
    withdraw(&mut order, 1, vec![returned(1, 2), returned(2, 2)]);
    withdraw(&mut order, 2, vec![returned(2, 1)]);
    assert_eq!([1, 2, 3].map(|number| order.is_withdrawn_whole(&return_id(number))), [false, true, false]);
    let mut order = received();
    accept(&mut order, &open_return(1, vec![returned(1, 2)], RECEIVED_AT));
    withdraw(&mut order, 2, vec![returned(2, 3)]);
    assert!(!order.is_withdrawn_whole(&return_id(2)), "a return as the shop grants it is no withdrawal");
}
