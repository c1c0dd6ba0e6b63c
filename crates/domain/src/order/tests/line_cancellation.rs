//! Cancelling units of lines: asked for, answered, repeated and refused.

use super::*;

fn confirmed(more: &[OrderEvent]) -> Order {
    given(&[&[placed(), OrderEvent::Confirmed {}], more].concat())
}

fn asked(lines: Vec<LineUnits>) -> OrderEvent {
    OrderEvent::LineCancellationRequested { cancellation: cancellation_id(1), lines, reason: text("one too many") }
}

fn done(number: u128, lines: &[LineUnits]) -> OrderEvent {
    let lines = lines.iter().map(cancelled_line).collect();
    OrderEvent::LinesCancelled { cancellation: cancellation_id(number), lines, refund: eur(0) }
}

#[test]
fn units_are_asked_for_and_cancelled_and_the_rest_stays_sold() {
    let mut order = confirmed(&[]);
    let wanted = vec![line_units(1, 1), line_units(2, 2)];
    let events = accept(&mut order, &request_line_cancellation(1, wanted.clone()));
    assert_eq!(events, [asked(wanted.clone())]);
    assert!(order.line_cancellation_requested().is_some_and(|pending| pending.id == cancellation_id(1)));
    assert_eq!(order.line_cancellations()[0].paid(), None, "nothing is cancelled yet");
    let events = accept(&mut order, &cancel_lines(1, &wanted, 0));
    assert_eq!(events, [done(1, &wanted)]);
    assert!(order.line_cancellation_requested().is_none());
    assert_eq!((order.units_left(&line_id(1)), order.units_left(&line_id(2))), (1, 1));
    let paid = 1_055 * 9 / 10 + 332 * 9 / 10;
    assert_eq!(order.line_cancellations()[0].paid(), Some(eur(paid)));
    assert_eq!(order.payable_left(), eur(2_800 - paid));
    assert_eq!(order.returnable(&line_id(1)), 1);
}

#[test]
fn fewer_units_than_were_asked_for_may_be_cancelled_and_no_others() {
    let order = confirmed(&[asked(vec![line_units(2, 2)])]);
    assert_eq!(outcome(&order, &cancel_lines(1, &[line_units(2, 1)], 0)), "order.lines_cancelled");
    for (lines, code) in [
        (vec![line_units(2, 3)], "LINE_CANCELLATION_DIFFERS"),
        (vec![line_units(1, 1)], "LINE_CANCELLATION_DIFFERS"),
        (vec![line_units(2, 1), line_units(2, 1)], "LINES_INVALID"),
        (vec![], "LINES_INVALID"),
    ] {
        assert_eq!(outcome(&order, &cancel_lines(1, &lines, 0)), code, "{lines:?}");
    }
    assert_eq!(outcome(&order, &cancel_lines(2, &[line_units(2, 1)], 0)), "LINE_CANCELLATION_NOT_FOUND");
}

#[test]
fn what_goes_back_is_at_most_what_was_paid_and_units_cost_at_most_their_line() {
    let order = confirmed(&[asked(vec![line_units(2, 1)])]);
    assert_eq!(outcome(&order, &cancel_lines(1, &[line_units(2, 1)], 149)), "order.lines_cancelled");
    assert_eq!(outcome(&order, &cancel_lines(1, &[line_units(2, 1)], 150)), "TOTALS_DISAGREE");
    for (gross, paid) in [(501, 0), (100, 101), (-1, 0)] {
        let cost = CancelledLine { total: taxed(gross), paid: eur(paid), ..cancelled_line(&line_units(2, 1)) };
        let (cancellation, lines) = (cancellation_id(1), vec![cost]);
        let command = OrderCommand::CancelLines { cancellation, lines, refund: eur(0) };
        assert_eq!(outcome(&order, &command), "TOTALS_DISAGREE", "{gross} {paid}");
    }
}

#[test]
fn the_last_units_call_the_order_off() {
    let all = vec![line_units(1, 2), line_units(2, 3)];
    let mut order = confirmed(&[]);
    let events = accept(&mut order, &request_line_cancellation(1, all));
    assert_eq!(events, [OrderEvent::CancellationRequested { reason: text("one too many") }]);
    let mut order = confirmed(&[asked(vec![line_units(1, 2)]), done(1, &[line_units(1, 2)])]);
    let events = accept(&mut order, &request_line_cancellation(2, vec![line_units(2, 3)]));
    assert_eq!(events, [OrderEvent::CancellationRequested { reason: text("one too many") }]);
    let left = fulfilment(FulfilmentStatus::PartiallyShipped, DELIVERED_AT);
    let order = confirmed(&[left]);
    let all = request_line_cancellation(1, vec![line_units(1, 2), line_units(2, 3)]);
    assert_eq!(outcome(&order, &all), "ALREADY_SHIPPED");
}

#[test]
fn what_cannot_be_cancelled_is_refused_with_its_reason() {
    let one = || vec![line_units(1, 1)];
    let ask = |lines| request_line_cancellation(1, lines);
    let order = confirmed(&[]);
    assert_eq!(outcome(&Order::default(), &ask(one())), "NOT_FOUND");
    assert_eq!(outcome(&given(&[placed()]), &ask(one())), "ILLEGAL_TRANSITION");
    assert_eq!(outcome(&order, &ask(vec![])), "LINES_INVALID");
    assert_eq!(outcome(&order, &ask(vec![line_units(1, 1), line_units(1, 1)])), "LINES_INVALID");
    assert_eq!(outcome(&order, &ask(vec![line_units(3, 1)])), "LINE_NOT_FOUND");
    assert_eq!(outcome(&order, &ask(vec![line_units(1, 3)])), "NOT_CANCELLABLE");
    let refused = order.decide(&ask(vec![line_units(1, 3)])).expect_err("there are two");
    assert_eq!(refused.facts(), [("requested", "3".to_owned()), ("cancellable", "2".to_owned())]);
    let twice = confirmed(&[asked(one()), done(1, &one())]);
    assert_eq!(outcome(&twice, &request_line_cancellation(2, vec![line_units(1, 2)])), "NOT_CANCELLABLE");
    for status in [FulfilmentStatus::Shipped, FulfilmentStatus::Delivered, FulfilmentStatus::Cancelled] {
        let order = confirmed(&[fulfilment(status, DELIVERED_AT)]);
        assert_eq!(outcome(&order, &ask(one())), "ALREADY_SHIPPED", "{status:?}");
    }
    for status in [FulfilmentStatus::PartiallyShipped, FulfilmentStatus::Lost, FulfilmentStatus::Packed] {
        let order = confirmed(&[fulfilment(status, DELIVERED_AT)]);
        assert_eq!(outcome(&order, &ask(one())), "order.line_cancellation_requested", "{status:?}");
    }
}

#[test]
fn units_that_no_warehouse_has_are_returned_and_not_cancelled() {
    let order = confirmed(&[]);
    let ask = |wanted, gone| {
        let (cancellation, reason) = (cancellation_id(1), text("one too many"));
        let (lines, gone) = (vec![line_units(2, wanted)], vec![line_units(2, gone)]);
        OrderCommand::RequestLineCancellation { cancellation, lines, reason, gone }
    };
    assert_eq!(outcome(&order, &ask(1, 2)), "order.line_cancellation_requested");
    assert_eq!(outcome(&order, &ask(2, 2)), "ALREADY_SHIPPED");
    let asked = confirmed(&[asked(vec![line_units(2, 2)])]);
    assert_eq!(outcome(&asked, &ask(2, 2)), "", "a repeat has its answer whatever has left since");
}

#[test]
fn one_cancellation_at_a_time() {
    let one = || vec![line_units(1, 1)];
    let pending = confirmed(&[asked(one())]);
    assert_eq!(outcome(&pending, &request_line_cancellation(1, one())), "");
    assert_eq!(outcome(&pending, &request_line_cancellation(1, vec![line_units(2, 1)])), "LINE_CANCELLATION_DIFFERS");
    assert_eq!(outcome(&pending, &request_line_cancellation(2, one())), "CANCELLATION_UNDER_WAY");
    let whole = confirmed(&[OrderEvent::CancellationRequested { reason: text("no") }]);
    assert_eq!(outcome(&whole, &request_line_cancellation(1, one())), "CANCELLATION_UNDER_WAY");
}

#[test]
fn a_cancellation_is_refused_once_and_never_after_it_was_done() {
    let mut order = confirmed(&[asked(vec![line_units(1, 1)])]);
    assert_eq!(outcome(&order, &refuse_line_cancellation(2)), "LINE_CANCELLATION_NOT_FOUND");
    accept(&mut order, &refuse_line_cancellation(1));
    assert_eq!(order.units_left(&line_id(1)), 2);
    assert_eq!(outcome(&order, &cancel_lines(1, &[line_units(1, 1)], 0)), "LINE_CANCELLATION_DIFFERS");
    let done = confirmed(&[asked(vec![line_units(1, 1)]), done(1, &[line_units(1, 1)])]);
    assert_eq!(outcome(&done, &refuse_line_cancellation(1)), "LINE_CANCELLATION_DIFFERS");
}

#[test]
fn an_order_that_is_called_off_overtakes_it() {
    let cancelled = OrderEvent::Cancelled { reason: text("no") };
    let order = confirmed(&[asked(vec![line_units(1, 1)]), cancelled]);
    let outcome_of = |order: &Order| order.line_cancellation(&cancellation_id(1)).map(|asked| asked.outcome.clone());
    assert_eq!(outcome_of(&order), Some(LineCancellationOutcome::Overtaken));
    assert_eq!(outcome(&order, &refuse_line_cancellation(1)), "");
}

#[test]
fn cancelled_units_cannot_be_returned_and_another_attempt_holds_less() {
    let method = text("pm_card_visa");
    let first = OrderEvent::PaymentRequested { payment: payment_id(1), method: method.clone(), amount: None };
    let one = [line_units(2, 3)];
    let second = OrderEvent::PaymentRequested { payment: payment_id(2), method, amount: None };
    let order = confirmed(&[first, asked(one.to_vec()), done(1, &one), second, delivered()]);
    assert_eq!(outcome(&order, &open_return(1, vec![returned(2, 1)], DELIVERED_AT)), "NOT_RETURNABLE");
    let amounts = [1, 2].map(|number| order.payment_amount(&payment_id(number)));
    assert_eq!(amounts, [Some(eur(2_800)), Some(eur(2_800 - 498 * 9 / 10))]);
}

#[test]
fn an_order_remembers_a_limited_number_of_them() {
    let mut order = confirmed(&[]);
    for number in 0..LINE_CANCELLATIONS_MAX as u128 {
        accept(&mut order, &request_line_cancellation(number, vec![line_units(1, 1)]));
        accept(&mut order, &refuse_line_cancellation(number));
    }
    let more = request_line_cancellation(1_000, vec![line_units(1, 1)]);
    assert_eq!(outcome(&order, &more), "LINE_CANCELLATION_LIMIT");
}

#[test]
fn units_that_are_on_their_way_back_are_not_cancelled_and_none_come_back_while_some_may_be_cancelled() {
    // A carrier tells out of order: the order had arrived, a return was opened, and now a parcel of it is under way.
    let partly = fulfilment(FulfilmentStatus::PartiallyDelivered, DELIVERED_AT);
    let order = confirmed(&[delivered(), return_opened(1, vec![returned(1, 1)]), partly.clone()]);
    assert_eq!(outcome(&order, &request_line_cancellation(1, vec![line_units(1, 2)])), "NOT_CANCELLABLE");
    assert_eq!(
        outcome(&order, &request_line_cancellation(1, vec![line_units(1, 1)])),
        "order.line_cancellation_requested"
    );

    let asked = [partly, asked(vec![line_units(1, 1)]), delivered()];
    assert_eq!(
        outcome(&confirmed(&asked), &open_return(1, vec![returned(2, 1)], DELIVERED_AT)),
        "CANCELLATION_UNDER_WAY"
    );
    let (lines, now) = (vec![returned(2, 1)], DELIVERED_AT);
    let declare = OrderCommand::DeclareWithdrawal { return_id: return_id(1), lines, now };
    assert_eq!(outcome(&confirmed(&asked), &declare), "CANCELLATION_UNDER_WAY");
}
