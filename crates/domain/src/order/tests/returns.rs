//! Returns: each unit at most once, in time, after delivery.

use super::*;

const LAST_MOMENT: Timestamp = DELIVERED_AT.plus_seconds(RETURN_WINDOW_DAYS * 86_400);

fn delivered_order() -> Order {
    given(&[placed(), OrderEvent::Confirmed {}, delivered()])
}

#[test]
fn a_return_takes_units_of_its_lines_and_a_repeat_is_no_news() {
    let mut order = delivered_order();
    let lines = vec![returned(1, 1), returned(2, 3)];
    let events = accept(&mut order, &open_return(1, lines.clone(), DELIVERED_AT));
    assert_eq!(events, [return_opened(1, lines.clone())]);
    assert_eq!(order.return_lines(&return_id(1)), Some(lines.as_slice()));
    assert_eq!(order.return_lines(&return_id(2)), None);
    assert_eq!(order.returns_opened(), [return_id(1)]);
    assert_eq!((order.returnable(&line_id(1)), order.returnable(&line_id(2))), (1, 0));
    assert_eq!(order.returnable(&line_id(3)), 0);
}

#[test]
fn a_completed_order_can_still_be_returned_in_time() {
    let order = given(&[placed(), OrderEvent::Confirmed {}, delivered(), OrderEvent::Completed {}]);
    assert_eq!(outcome(&order, &open_return(1, vec![returned(1, 2)], LAST_MOMENT)), "order.return_opened");
}

#[test]
fn a_repeat_with_other_lines_is_refused() {
    let mut order = delivered_order();
    accept(&mut order, &open_return(1, vec![returned(1, 1)], DELIVERED_AT));
    let other = open_return(1, vec![returned(1, 2)], DELIVERED_AT);
    assert_eq!(order.decide(&other), Err(OrderError::ReturnDiffers));
}

#[test]
fn a_repeat_after_the_window_is_no_news() {
    let mut order = delivered_order();
    accept(&mut order, &open_return(1, vec![returned(1, 1)], LAST_MOMENT));
    let repeat = open_return(1, vec![returned(1, 1)], LAST_MOMENT.plus_seconds(1));
    assert_eq!(order.decide(&repeat), Ok(vec![]));
}

#[test]
fn only_an_order_that_is_owed_or_completed_is_returned() {
    let rejected = OrderEvent::Rejected { code: "EXPIRED".to_owned(), reason: text("not paid in time") };
    let cancelled = OrderEvent::Cancelled { reason: text("changed my mind") };
    let open = open_return(1, vec![returned(1, 1)], DELIVERED_AT);
    assert_eq!(Order::default().decide(&open), Err(OrderError::Unknown));
    for (history, status) in [
        (vec![placed(), delivered()], "placed"),
        (vec![placed(), rejected, delivered()], "rejected"),
        (vec![placed(), cancelled, delivered()], "cancelled"),
    ] {
        let refusal = OrderError::IllegalTransition { status, wish: "returned" };
        assert_eq!(given(&history).decide(&open), Err(refusal));
    }
}

#[test]
fn only_an_order_that_arrived_whole_is_returned() {
    let open = open_return(1, vec![returned(1, 1)], DELIVERED_AT);
    let confirmed = given(&[placed(), OrderEvent::Confirmed {}]);
    assert_eq!(confirmed.decide(&open), Err(OrderError::NotDelivered));
    for status in [FulfilmentStatus::Shipped, FulfilmentStatus::PartiallyDelivered, FulfilmentStatus::Lost] {
        let order = given(&[placed(), OrderEvent::Confirmed {}, fulfilment(status, DELIVERED_AT)]);
        assert_eq!(order.decide(&open), Err(OrderError::NotDelivered), "{status:?}");
    }
}

#[test]
fn the_window_ends_thirty_days_after_delivery() {
    let order = delivered_order();
    assert_eq!(RETURN_WINDOW_DAYS, 30);
    assert_eq!(outcome(&order, &open_return(1, vec![returned(1, 1)], LAST_MOMENT)), "order.return_opened");
    let too_late = Timestamp::from_micros(LAST_MOMENT.micros() + 1);
    let refusal = OrderError::ReturnWindowClosed { closed_at: LAST_MOMENT };
    assert_eq!(order.decide(&open_return(1, vec![returned(1, 1)], too_late)), Err(refusal));
}

#[test]
fn a_return_names_each_line_once_and_only_lines_of_the_order() {
    let order = delivered_order();
    let decide = |lines| order.decide(&open_return(1, lines, DELIVERED_AT));
    assert_eq!(decide(vec![]), Err(OrderError::ReturnLinesInvalid));
    assert_eq!(decide(vec![returned(1, 1), returned(1, 1)]), Err(OrderError::ReturnLinesInvalid));
    assert_eq!(decide(vec![returned(1, 1), returned(3, 1)]), Err(OrderError::LineUnknown { line: line_id(3) }));
}

#[test]
fn no_unit_is_returned_twice() {
    let mut order = delivered_order();
    let refusal = |requested, returnable| Err(OrderError::NotReturnable { line: line_id(1), requested, returnable });
    assert_eq!(order.decide(&open_return(1, vec![returned(1, 3)], DELIVERED_AT)), refusal(3, 2));
    accept(&mut order, &open_return(1, vec![returned(1, 1)], DELIVERED_AT));
    assert_eq!(order.decide(&open_return(2, vec![returned(1, 2)], DELIVERED_AT)), refusal(2, 1));
    accept(&mut order, &open_return(2, vec![returned(1, 1)], DELIVERED_AT));
    assert_eq!(order.decide(&open_return(3, vec![returned(1, 1)], DELIVERED_AT)), refusal(1, 0));
}

#[test]
fn a_withdrawn_return_gives_its_units_back_and_is_never_opened_again() {
    let mut order = delivered_order();
    let open = open_return(1, vec![returned(1, 2)], DELIVERED_AT);
    accept(&mut order, &open);
    let events = accept(&mut order, &OrderCommand::WithdrawReturn { return_id: return_id(1) });
    assert_eq!(events, [OrderEvent::ReturnWithdrawn { return_id: return_id(1) }]);
    assert_eq!(order.returnable(&line_id(1)), 2);
    assert_eq!(order.return_lines(&return_id(1)), None);
    assert_eq!(order.decide(&open), Err(OrderError::ReturnWithdrawn));
    accept(&mut order, &open_return(2, vec![returned(1, 2)], DELIVERED_AT));
}

#[test]
fn an_unknown_return_is_not_withdrawn() {
    let withdraw = OrderCommand::WithdrawReturn { return_id: return_id(1) };
    assert_eq!(Order::default().decide(&withdraw), Err(OrderError::Unknown));
    assert_eq!(delivered_order().decide(&withdraw), Err(OrderError::ReturnUnknown));
}

#[test]
fn an_order_has_a_bounded_number_of_returns() {
    let mut order = delivered_order();
    let max = u128::try_from(RETURNS_MAX).expect("a small number");
    for number in 0..max {
        accept(&mut order, &open_return(number, vec![returned(1, 2)], DELIVERED_AT));
        accept(&mut order, &OrderCommand::WithdrawReturn { return_id: return_id(number) });
    }
    let one_more = open_return(max, vec![returned(1, 2)], DELIVERED_AT);
    assert_eq!(order.decide(&one_more), Err(OrderError::TooManyReturns { max: RETURNS_MAX }));
}
