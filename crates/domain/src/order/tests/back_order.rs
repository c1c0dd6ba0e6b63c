//! Units of a confirmed order that are waited for.

use super::*;

fn confirmed() -> Order {
    given(&[placed(), OrderEvent::Confirmed {}])
}

fn wait_for(lines: Vec<LineUnits>) -> OrderCommand {
    OrderCommand::BackOrder { lines, until: DELIVERED_AT }
}

#[test]
fn a_confirmed_order_says_which_units_it_waits_for_until_they_are_there() {
    let mut order = confirmed();
    accept(&mut order, &wait_for(vec![line_units(1, 1), line_units(2, 3)]));
    let units = |order: &Order| [1, 2, 3].map(|number| order.units_back_ordered(&line_id(number)));
    assert_eq!(units(&order), [1, 3, 0]);
    assert_eq!(order.back_order().map(|back_order| back_order.until), Some(DELIVERED_AT));
    assert_eq!(accept(&mut order, &OrderCommand::FillBackOrder), [OrderEvent::BackOrderFilled {}]);
    assert_eq!((units(&order), order.back_order()), ([0, 0, 0], None));
    assert_eq!(outcome(&order, &wait_for(vec![line_units(1, 1), line_units(2, 3)])), "", "a late repeat");
    assert_eq!(outcome(&order, &wait_for(vec![line_units(1, 2)])), "ILLEGAL_TRANSITION", "it waits once");
}

#[test]
fn only_units_that_were_sold_are_waited_for_each_line_once() {
    for (lines, code) in [
        (vec![], "LINES_INVALID"),
        (vec![line_units(1, 1), line_units(1, 1)], "LINES_INVALID"),
        (vec![line_units(3, 1)], "LINE_NOT_FOUND"),
        (vec![line_units(1, 3)], "TOTALS_DISAGREE"),
    ] {
        assert_eq!(outcome(&confirmed(), &wait_for(lines)), code);
    }
    assert_eq!(outcome(&confirmed(), &wait_for(vec![line_units(1, 2)])), "order.back_ordered", "all of a line");
}

#[test]
fn what_is_not_owed_waits_for_nothing() {
    let wanted = wait_for(vec![line_units(1, 1)]);
    assert_eq!(outcome(&Order::default(), &wanted), "NOT_FOUND");
    assert_eq!(outcome(&given(&[placed()]), &wanted), "ILLEGAL_TRANSITION");
    let mut order = confirmed();
    accept(&mut order, &wanted);
    accept(&mut order, &OrderCommand::Cancel { reason: text("changed my mind") });
    assert_eq!((order.back_order(), order.units_back_ordered(&line_id(1))), (None, 0));
    assert_eq!(outcome(&order, &OrderCommand::FillBackOrder), "");
    assert_eq!(outcome(&confirmed(), &OrderCommand::FillBackOrder), "");
}

#[test]
fn while_units_are_waited_for_it_is_cancelled_whole_or_not_at_all() {
    let mut order = confirmed();
    accept(&mut order, &wait_for(vec![line_units(1, 1)]));
    assert_eq!(outcome(&order, &request_line_cancellation(1, vec![line_units(1, 1)])), "BACK_ORDERED");
    let whole = request_line_cancellation(1, vec![line_units(1, 2), line_units(2, 3)]);
    assert_eq!(outcome(&order, &whole), "order.cancellation_requested");
    accept(&mut order, &OrderCommand::FillBackOrder);
    let line = request_line_cancellation(1, vec![line_units(1, 1)]);
    assert_eq!(outcome(&order, &line), "order.line_cancellation_requested");
}
