//! A goodwill refund as a pure process.

use uuid::Uuid;

use super::*;

fn requested() -> RefundInput {
    RefundInput::Requested { payment: PaymentId::from_uuid(Uuid::from_u128(1)), refund: "goodwill-1".to_owned() }
}

fn failed() -> RefundInput {
    RefundInput::Failed { code: "expired_card".to_owned() }
}

fn decided(choice: &str) -> RefundInput {
    RefundInput::Decided { choice: choice.to_owned() }
}

fn tell(inputs: &[RefundInput]) -> Reaction<RefundStep> {
    let mut process = GoodwillRefund::default();
    let mut last = Reaction::default();
    for input in inputs {
        last = process.react(input, Timestamp::from_micros(0));
    }
    last
}

fn names(inputs: &[RefundInput]) -> Vec<String> {
    tell(inputs).asks.iter().map(GoodwillRefund::key).collect()
}

#[test]
fn it_is_sent_once_and_ends_when_the_money_is_back() {
    assert_eq!(names(&[requested()]), ["send/1"]);
    assert_eq!(tell(&[requested(), requested()]), Reaction::default());
    assert_eq!(tell(&[requested(), RefundInput::Pending]), Reaction::default());
    assert_eq!(tell(&[requested(), RefundInput::Refunded]).end, Some("refunded"));
    assert_eq!(tell(&[requested(), RefundInput::Refunded, RefundInput::Refunded]), Reaction::default());
}

#[test]
fn a_failure_is_one_question_however_often_it_is_told() {
    assert!(tell(&[requested(), failed()]).task.is_some());
    assert_eq!(tell(&[requested(), failed(), failed()]), Reaction::default());
    assert_eq!(names(&[requested(), failed(), decided("retry")]), ["send/2"]);
    assert!(tell(&[requested(), failed(), decided("retry"), failed()]).task.is_some());
    assert_eq!(tell(&[requested(), failed(), decided("paid_by_hand")]).end, Some("paid_by_hand"));
}

#[test]
fn a_refund_that_came_through_after_all_is_not_sent_again() {
    assert_eq!(tell(&[requested(), failed(), RefundInput::Refunded]).withdraws, [TASK_REFUND]);
    assert_eq!(tell(&[requested(), failed(), RefundInput::Refunded, decided("retry")]), Reaction::default());
    assert_eq!(tell(&[requested(), failed(), RefundInput::Refunded, decided("paid_by_hand")]), Reaction::default());
}

#[test]
fn money_that_a_bank_sends_back_after_the_end_is_owed_again() {
    let inputs = [requested(), RefundInput::Refunded, failed()];
    assert!(tell(&inputs).task.is_some());
    assert_eq!(names(&[&inputs[..], &[decided("retry")]].concat()), ["send/2"]);
}
