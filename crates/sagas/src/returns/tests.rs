//! A return as a pure process: what comes in, and what it asks for then.

use domain::values::Currency;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

type Asked = Reaction<ReturnStep>;

fn opened() -> ReturnInput {
    let order = OrderId::from_uuid(Uuid::from_u128(1));
    ReturnInput::Opened { order, return_id: ReturnId::from_uuid(Uuid::from_u128(2)), refund_due_at: None }
}

/// 2026-11-17T00:00:00+01:00.
const DUE_AT: Timestamp = Timestamp::from_micros(1_794_870_000_000_000);

fn withdrawn() -> ReturnInput {
    let ReturnInput::Opened { order, return_id, .. } = opened() else { panic!("it is opened") };
    ReturnInput::Opened { order, return_id, refund_due_at: Some(DUE_AT) }
}

fn late(choice: &str) -> ReturnInput {
    ReturnInput::RefundDueDecided { choice: choice.to_owned() }
}

fn inspected(cents: i64) -> ReturnInput {
    ReturnInput::Inspected { refund: Money::new(cents, Currency::Eur) }
}

fn failed() -> ReturnInput {
    ReturnInput::RefundFailed { code: "expired_card".to_owned(), from: 0, amount: None }
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

fn task_of(inputs: &[ReturnInput]) -> Option<String> {
    tell(inputs).1.task.map(|task| task.name)
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
    assert_eq!(tell(&inputs[..4]).1.withdraws, [TASK_REFUND], "nobody need decide it");
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

fn part(from: i64, cents: i64) -> ReturnInput {
    ReturnInput::PartRefunded { from, amount: Money::new(cents, Currency::Eur) }
}

fn part_failed(from: i64, cents: i64) -> ReturnInput {
    let amount = Some(Money::new(cents, Currency::Eur));
    ReturnInput::RefundFailed { code: "expired_card".to_owned(), from, amount }
}

#[test]
fn a_refund_in_parts_went_with_the_last_of_them() {
    let begun = [opened(), inspected(500), ReturnInput::StockMoved];
    for parts in [[part(0, 300), part(300, 200)], [part(300, 200), part(0, 300)]] {
        assert_eq!(names(&tell(&[&begun[..], &parts[..1]].concat()).1), Vec::<String>::new());
        assert_eq!(names(&tell(&[&begun[..], &parts].concat()).1), ["resolve"]);
    }
    let twice = [&begun[..], &[part(0, 300), part(0, 300)]].concat();
    assert_eq!(names(&tell(&twice).1), Vec::<String>::new(), "told twice it went once");
}

#[test]
fn a_part_that_comes_back_is_owed_again_and_the_others_are_not() {
    let went = [opened(), inspected(500), ReturnInput::StockMoved, part(0, 300), part(300, 200)];
    let asked = [opened(), inspected(500), ReturnInput::StockMoved, ReturnInput::Refunded];
    for went in [&went[..], &asked[..]] {
        let back = [went, &[part_failed(300, 200)]].concat();
        assert_eq!(task_of(&back), Some(TASK_REFUND.to_owned()));
        let again = [&back[..], &[decided("retry")]].concat();
        assert_eq!(names(&tell(&again).1), ["refund/2"]);
        assert_eq!(names(&tell(&[&again[..], &[part(300, 199)]].concat()).1), Vec::<String>::new());
        assert_eq!(names(&tell(&[&again[..], &[part(300, 200)]].concat()).1), ["resolve"]);
        let both = [&back[..], &[part_failed(0, 300), decided("retry"), part(300, 200)]].concat();
        assert_eq!(names(&tell(&both).1), Vec::<String>::new(), "the other one came back too");
    }
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

#[test]
fn the_refund_of_a_withdrawal_and_of_no_other_return_has_a_deadline() {
    assert_eq!(tell(&[withdrawn()]).1.timers, [(TIMER_REFUND_DUE.to_owned(), DUE_AT)]);
    assert_eq!(tell(&[opened()]).1.timers, []);
    assert_eq!(names(&tell(&[withdrawn()]).1), ["open"]);
    for inputs in [[opened(), ReturnInput::SentBack], [opened(), ReturnInput::RefundDue]] {
        let (process, reaction) = tell(&inputs);
        assert_eq!((process, reaction), (tell(&inputs[..1]).0, Asked::default()), "nothing is to be recorded");
    }
}

#[test]
fn a_refund_is_late_once_its_day_is_over_and_the_goods_are_back_in_either_order() {
    use ReturnInput::{RefundDue, SentBack};
    let waits = [withdrawn(), RefundDue];
    assert_eq!(tell(&waits).1, Asked::default(), "the shop may wait for the goods");
    assert_eq!(tell(&[withdrawn(), SentBack]).1, Asked::default(), "there is time left");
    for inputs in [[withdrawn(), SentBack, RefundDue], [withdrawn(), RefundDue, SentBack]] {
        let task = tell(&inputs).1.task.expect("people are asked");
        assert_eq!((task.name.as_str(), task.due_at), (TASK_REFUND_DUE, Some(DUE_AT)));
        assert_eq!(task.choices, ["ask_tomorrow", "settled"]);
        for told in ["2026-11-17T00:00:00+01:00", "L221-24", "returnInspect"] {
            assert!(task.question.contains(told), "{told}: {}", task.question);
        }
    }
    assert_eq!(task_of(&[withdrawn(), SentBack, RefundDue, SentBack]), None, "it arrives after its proof: asked once");
    let inspected_late = [withdrawn(), SentBack, inspected(500), RefundDue];
    assert_eq!(task_of(&inspected_late).as_deref(), Some(TASK_REFUND_DUE), "no answer is no refund");
    let failed_before = [withdrawn(), SentBack, inspected(500), failed(), RefundDue];
    assert_eq!(task_of(&failed_before).as_deref(), Some(TASK_REFUND_DUE));
}

/// The timer that is stopped and the question that is withdrawn once no refund can be late.
fn own_deadline() -> (Vec<String>, Vec<String>) {
    (vec![TIMER_REFUND_DUE.to_owned()], vec![TASK_REFUND_DUE.to_owned()])
}

#[test]
fn a_refund_that_went_or_is_owed_no_more_is_not_late() {
    use ReturnInput::{CalledOff, RefundDue, Refunded, SentBack};
    for settled in [vec![inspected(500), Refunded], vec![inspected(0)]] {
        let inputs = [vec![withdrawn(), SentBack], settled].concat();
        let reaction = tell(&inputs).1;
        assert_eq!((reaction.stops, reaction.withdraws), own_deadline(), "{inputs:?}");
        assert_eq!(tell(&[inputs, vec![RefundDue]].concat()).1, Asked::default());
    }
    let paid_by_hand = [withdrawn(), SentBack, inspected(500), failed(), decided("paid_by_hand")];
    assert_eq!(tell(&paid_by_hand).1.stops, [TIMER_REFUND_DUE]);
    let called_off = [withdrawn(), SentBack, CalledOff, RefundDue];
    let reaction = tell(&called_off[..3]).1;
    assert_eq!((reaction.stops, reaction.withdraws), own_deadline());
    assert_eq!(tell(&called_off).1, Asked::default());
    assert_eq!(tell(&[withdrawn(), SentBack, inspected(500)]).1.stops, [""; 0], "it is asked for, and has not gone");
}

#[test]
fn people_are_asked_again_a_day_later_if_they_want_and_the_refund_is_open_then() {
    use ReturnInput::{RefundDue, Refunded, SentBack};
    let asked = [withdrawn(), SentBack, RefundDue];
    let mut process = tell(&asked).0;
    let at = DUE_AT.plus_seconds(3_600);
    let again = process.react(&late("ask_tomorrow"), at);
    assert_eq!(again, Asked::default().wait(TIMER_REFUND_DUE, at.plus_seconds(86_400)));
    assert_eq!(process.react(&RefundDue, at).task.map(|task| task.name).as_deref(), Some(TASK_REFUND_DUE));
    assert_eq!(tell(&[&asked[..], &[late("settled")]].concat()).1, Asked::default());
    let gone = [&asked[..], &[inspected(500), Refunded, late("ask_tomorrow")]].concat();
    assert_eq!(tell(&gone).1, Asked::default(), "it went meanwhile");
}

#[test]
fn timers_and_decisions_become_what_they_are_about() {
    assert_eq!(ReturnToRefund::timer_input("refund_due"), ReturnInput::RefundDue);
    assert_eq!(ReturnToRefund::timer_input("of another release"), ReturnInput::Done);
    assert_eq!(ReturnToRefund::decision_input("refund_due", "settled"), late("settled"));
    assert_eq!(ReturnToRefund::decision_input("refund", "retry"), decided("retry"));
}

fn any_input() -> impl Strategy<Value = ReturnInput> {
    use ReturnInput::{CalledOff, Done, Refunded, Resolved, StockMoved};
    let parts = [part(0, 300), part(300, 200), part_failed(300, 200)];
    let simple = [opened(), CalledOff, inspected(500), inspected(0), Refunded, failed(), StockMoved, Resolved, Done];
    let simple = [&simple[..], &parts].concat();
    let of_deadline =
        [withdrawn(), ReturnInput::SentBack, ReturnInput::RefundDue, late("ask_tomorrow"), late("settled")];
    let decisions = [decided("retry"), decided("paid_by_hand")];
    prop::sample::select([&simple[..], &of_deadline[..], &decisions[..]].concat())
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
            let asks_late = reaction.task.is_some_and(|task| task.name == TASK_REFUND_DUE);
            prop_assert!(!asks_late || !(before.is_refunded || before.is_over), "a refund that went is late");
        }
    }
}
