//! What is told twice, or in another order, is asked for once.

use super::*;

/// Every input of a long checkout, in the order it comes.
fn long_path() -> Vec<Input> {
    let mut inputs = with(
        path_with_promotion()[..4].to_vec(),
        &[action(1), requested(2), too_late(1), undone(1), undone(1), declined(2)],
    );
    inputs.extend([requested(3), action(3), authorised(3), allocated(), Input::Confirmed, parcels_of(500)]);
    for number in [1, 2] {
        inputs.extend([packed(number), captured(number), handed_over(number)]);
    }
    with(inputs, &[lost(1), delivered(1), delivered(2), Input::ReturnTimeOver])
}

#[test]
fn every_input_told_twice_in_a_row_asks_once() {
    let inputs = long_path();
    for (place, input) in inputs.iter().enumerate() {
        let twice = with(inputs[..=place].to_vec(), std::slice::from_ref(input));
        assert_eq!(tell(&twice).1, Asked::default(), "{input:?} told twice");
    }
}

#[test]
fn every_input_told_again_at_the_end_asks_for_nothing() {
    let inputs = long_path();
    for input in &inputs {
        assert_eq!(tell(&with(inputs.clone(), std::slice::from_ref(input))).1, Asked::default(), "{input:?}");
    }
}

#[test]
fn every_input_of_an_undo_told_twice_in_a_row_asks_once() {
    let cancelled = with(path(), &[packed(1), captured(1), cancellation(), Input::FulfilmentsCancelled]);
    for (place, input) in cancelled.iter().enumerate() {
        let twice = with(cancelled[..=place].to_vec(), std::slice::from_ref(input));
        assert_eq!(tell(&twice).1, Asked::default(), "{input:?} told twice");
    }
}

#[test]
fn an_input_that_comes_too_early_or_too_late_does_nothing() {
    let nothing_yet = [
        reserved(),
        short(),
        Input::PromotionsReserved,
        placed(),
        authorised(1),
        allocated(),
        Input::Confirmed,
        parcels_of(500),
    ];
    for input in with(nothing_yet.to_vec(), &[packed(1), captured(1), handed_over(1), cancellation(), undone(1)]) {
        assert_eq!(tell(std::slice::from_ref(&input)).1, Asked::default(), "{input:?} before the start");
    }
    let over = with(until_paying(), &[Input::PaymentTimeOver, Input::StockReleased, undone(1)]);
    for input in with(path(), &[requested(2), packed(1), handed_over(1), cancellation(), Input::FulfilmentsCancelled]) {
        assert_eq!(tell(&with(over.clone(), std::slice::from_ref(&input))).1, Asked::default(), "{input:?} at the end");
    }
}

#[test]
fn a_checkout_folded_from_its_inputs_is_the_same_checkout() {
    let inputs = long_path();
    let (checkout, _) = tell(&inputs);
    let stored = serde_json::to_string(&inputs).expect("inputs are stored");
    let read: Vec<Input> = serde_json::from_str(&stored).expect("inputs are read");
    assert_eq!(tell(&read).0, checkout);
}
