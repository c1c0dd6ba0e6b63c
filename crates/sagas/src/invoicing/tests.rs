//! The documents of an order as a pure process.

use domain::values::Currency;
use uuid::Uuid;

use super::*;

fn parcel(number: u128) -> FulfilmentId {
    FulfilmentId::from_uuid(Uuid::from_u128(number))
}

fn payment(number: u128) -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(number))
}

fn captured(number: u128) -> InvoicingInput {
    InvoicingInput::Captured { fulfilment: parcel(number), payment: payment(1) }
}

fn refunded(from: u128, refund: &str) -> InvoicingInput {
    let amount = Money::new(100, Currency::Eur);
    InvoicingInput::Refunded { payment: payment(from), refund: refund.to_owned(), amount }
}

fn issued() -> InvoicingInput {
    InvoicingInput::Issued { number: "F2026-000001".parse().expect("a number") }
}

/// Tells everything and returns what is asked at each step.
fn tell(inputs: &[InvoicingInput]) -> Vec<Reaction<InvoicingStep>> {
    let mut process = OrderToInvoice::default();
    let at = |index: usize| Timestamp::from_micros(i64::try_from(index).expect("fits"));
    inputs.iter().enumerate().map(|(index, input)| process.react(input, at(index))).collect()
}

fn keys(inputs: &[InvoicingInput]) -> Vec<String> {
    let asks = tell(inputs).into_iter().flat_map(|reaction| reaction.asks);
    asks.map(|step| OrderToInvoice::key(&step)).collect()
}

fn invoice(number: u128) -> String {
    format!("invoice/{}", parcel(number))
}

#[test]
fn a_parcel_is_invoiced_once_however_often_it_is_told() {
    let released = InvoicingInput::ReleasedUnpaid { fulfilment: parcel(1) };
    assert_eq!(keys(&[captured(1), captured(1), released.clone(), issued(), captured(1)]), [invoice(1)]);
    assert_eq!(keys(&[released, captured(1)]), [invoice(1)]);
    assert_eq!(tell(&[captured(1), issued()])[1].end, Some("issued"));
}

#[test]
fn documents_are_issued_one_by_one_in_the_order_of_what_they_are_about() {
    let told = [captured(1), captured(2), refunded(1, "goodwill-1"), issued(), issued(), issued()];
    assert_eq!(keys(&told[..3]), [invoice(1)], "one at a time");
    assert_eq!(keys(&told), [invoice(1), invoice(2), "credit_note/goodwill-1".to_owned()]);
    let ends: Vec<_> = tell(&told).into_iter().map(|reaction| reaction.end.is_some()).collect();
    assert_eq!(ends, [false, false, false, false, false, true]);
}

#[test]
fn it_goes_on_after_its_end() {
    let told = [captured(1), issued(), refunded(1, "goodwill-1"), issued(), refunded(1, "goodwill-2")];
    assert_eq!(keys(&told), [invoice(1), "credit_note/goodwill-1".to_owned(), "credit_note/goodwill-2".to_owned()]);
}

#[test]
fn a_return_that_was_paid_by_hand_is_credited_and_any_other_only_once() {
    let (amount, return_id) = (Money::new(100, Currency::Eur), ReturnId::from_uuid(Uuid::from_u128(5)));
    let refund = format!("return-{return_id}");
    let resolved = InvoicingInput::ReturnResolved { return_id, amount };
    assert_eq!(keys(std::slice::from_ref(&resolved)), [format!("credit_note/{refund}")]);
    assert_eq!(keys(&[refunded(1, &refund), issued(), resolved]), [format!("credit_note/{refund}")]);
}

#[test]
fn two_attempts_that_are_undone_have_a_credit_note_each() {
    let found = keys(&[refunded(1, "undo-1"), issued(), refunded(2, "undo-1"), issued(), refunded(2, "undo-2")]);
    let expected = [(1, "undo-1"), (2, "undo-1"), (2, "undo-2")];
    assert_eq!(found, expected.map(|(from, undo)| format!("credit_note/{}.{undo}", payment(from))));
}

#[test]
fn a_document_that_is_given_up_holds_up_no_other() {
    let told = [captured(1), captured(2), InvoicingInput::GaveUp, issued()];
    assert_eq!(keys(&told), [invoice(1), invoice(2)]);
    assert_eq!(tell(&told)[3].end, Some("issued"));
}

#[test]
fn the_day_of_a_document_is_the_one_on_which_it_was_asked_for() {
    let told = tell(&[captured(1), captured(2), issued()]);
    let at = |reaction: &Reaction<InvoicingStep>| match reaction.asks.first() {
        Some(InvoicingStep::IssueInvoice { at, .. } | InvoicingStep::IssueCreditNote { at, .. }) => Some(at.micros()),
        None => None,
    };
    assert_eq!(told.iter().map(at).collect::<Vec<_>>(), [Some(0), None, Some(2)]);
}
