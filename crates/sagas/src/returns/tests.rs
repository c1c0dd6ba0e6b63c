//! A return as a pure process: what comes in, and what it asks for then.

use domain::values::Currency;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

type Asked = Reaction<ReturnStep>;

fn opened() -> ReturnInput {
    let order = OrderId::from_uuid(Uuid::from_u128(1));
    ReturnInput::Opened { order, return_id: ReturnId::from_uuid(Uuid::from_u128(2)) }
}

fn inspected(cents: i64) -> ReturnInput {
    ReturnInput::Inspected { refund: Money::new(cents, Currency::Eur) }
}

fn failed() -> ReturnInput {
    ReturnInput::RefundFailed { code: "expired_card".to_owned() }
}

fn decided(choice: &str) -> ReturnInput {
    ReturnInput::RefundDecided { choice: choice.to_owned() }
}

fn tell(inputs: &[ReturnInput]) -> (ReturnToRefund, Asked) {
    let mut process = ReturnToRefund::default();
    let mut last = Asked::default();
    for input in inputs {
        last = process.react(input, Timestamp::from_micros(0));
    }
    (process, last)
}

fn names(reaction: &Asked) -> Vec<String> {
    reaction.asks.iter().map(ReturnToRefund::key).collect()
}

#[test]
fn each_input_asks_for_the_next_step() {
    use ReturnInput::{CalledOff, Refunded, Resolved, StockMoved};
    let paid = [opened(), inspected(500)];
    let cases: Vec<(Vec<ReturnInput>, &[&str], Option<&str>)> = vec![
        (vec![opened()], &["open"], None),
        (vec![opened(), CalledOff], &["withdraw"], Some("called_off")),
        (paid.to_vec(), &["move_stock", "refund/1"], None),
        (vec![opened(), inspected(0)], &["move_stock"], None),
        (vec![opened(), inspected(0), StockMoved], &["resolve"], None),
        ([&paid[..], &[Refunded]].concat(), &[], None),
        ([&paid[..], &[StockMoved]].concat(), &[], None),
        ([&paid[..], &[StockMoved, Refunded]].concat(), &["resolve"], None),
        ([&paid[..], &[Refunded, StockMoved]].concat(), &["resolve"], None),
        ([&paid[..], &[Refunded, StockMoved, Resolved]].concat(), &[], Some("resolved")),
        ([&paid[..], &[failed(), decided("retry")]].concat(), &["refund/2"], None),
        ([&paid[..], &[StockMoved, failed(), decided("paid_by_hand")]].concat(), &["resolve"], None),
    ];
    for (inputs, expected, end) in cases {
        let (_, reaction) = tell(&inputs);
        assert_eq!(
            (names(&reaction), reaction.end),
            (expected.iter().map(|name| (*name).to_owned()).collect(), end),
            "{inputs:?}"
        );
    }
}

#[test]
fn a_refund_that_failed_is_one_question_however_often_it_is_told() {
    let inputs = [opened(), inspected(500), failed()];
    assert_eq!(
        tell(&inputs).1.task.map(|task| task.choices),
        Some(vec!["retry".to_owned(), "paid_by_hand".to_owned()])
    );
    assert_eq!(tell(&[&inputs[..], &[failed()]].concat()).1, Asked::default());
    let again = [&inputs[..], &[decided("retry"), failed()]].concat();
    assert!(tell(&again).1.task.is_some());
}

#[test]
fn a_refund_that_came_through_after_all_is_not_sent_again() {
    let inputs = [opened(), inspected(500), failed(), ReturnInput::Refunded, decided("retry")];
    assert_eq!(tell(&inputs).1, Asked::default());
}

#[test]
fn money_that_a_bank_sends_back_after_the_end_is_owed_again() {
    use ReturnInput::{Refunded, Resolved, StockMoved};
    let inputs = [opened(), inspected(500), Refunded, StockMoved, Resolved, failed()];
    assert!(tell(&inputs).1.task.is_some());
    let again = [&inputs[..], &[decided("retry")]].concat();
    assert_eq!(names(&tell(&again).1), ["refund/2"]);
    assert_eq!(tell(&[&again[..], &[Refunded]].concat()).1, Asked::default());
}

#[test]
fn a_step_that_is_given_up_was_done_by_hand() {
    let order = OrderId::from_uuid(Uuid::from_u128(1));
    let amount = Money::new(500, Currency::Eur);
    let refund = ReturnStep::Refund { order: order.clone(), amount, round: 1 };
    let cases = [
        (ReturnStep::Open { order: order.clone() }, ReturnInput::Done),
        (refund, ReturnInput::Refunded),
        (ReturnStep::MoveStock, ReturnInput::StockMoved),
        (ReturnStep::Resolve { refunded: amount }, ReturnInput::Resolved),
        (ReturnStep::Withdraw { order }, ReturnInput::Done),
    ];
    for (step, expected) in cases {
        assert_eq!(ReturnToRefund::gave_up_input(&step), expected);
    }
}

fn any_input() -> impl Strategy<Value = ReturnInput> {
    use ReturnInput::{CalledOff, Done, Refunded, Resolved, StockMoved};
    let simple = [opened(), CalledOff, inspected(500), inspected(0), Refunded, failed(), StockMoved, Resolved, Done];
    let decisions = [decided("retry"), decided("paid_by_hand")];
    prop::sample::select([&simple[..], &decisions[..]].concat())
}

proptest! {
    #[test]
    fn in_any_order_each_step_is_asked_once_and_resolved_is_what_is_paid_and_counted(
        inputs in prop::collection::vec(any_input(), 0..30),
    ) {
        let mut process = ReturnToRefund::default();
        let mut asked = std::collections::BTreeSet::new();
        for input in &inputs {
            let before = process.clone();
            let reaction = process.react(input, Timestamp::from_micros(0));
            for step in &reaction.asks {
                let key = ReturnToRefund::key(step);
                let is_resolve = matches!(step, ReturnStep::Resolve { .. });
                prop_assert!(asked.insert(key.clone()) || is_resolve, "{key} is asked for twice");
                prop_assert!(!is_resolve || process.is_refunded && process.is_stock_moved && !process.is_over);
                let is_refund = matches!(step, ReturnStep::Refund { .. });
                prop_assert!(!is_refund || !before.is_refunded);
            }
            prop_assert!(!(before.is_over && reaction.end.is_some()), "it ends twice");
        }
    }
}
