//! Lines that are cancelled while the order stands.

use super::super::state::ParcelState;
use super::*;

fn asked() -> Vec<Input> {
    with(path(), &[line_cancellation(1)])
}

/// All units of a parcel are cancelled but for what it bears of the shipping.
fn emptied(number: u128, of: u128, share: i64) -> Input {
    let units = routed().into_iter().filter(|part| part.location == place(of)).collect();
    let fulfilment = parcel(of);
    let taken = TakenOut { fulfilment, units, share: eur(share), is_paid: false, is_emptied: true };
    Input::LinesCancelled { cancellation: cancellation_of(number), parcels: vec![taken], refund: eur(0) }
}

fn amount_of_capture(reaction: &Asked) -> Option<(i64, bool)> {
    reaction.asks.iter().find_map(|step| match step {
        CheckoutStep::Capture { amount, is_last, .. } => Some((amount.minor(), *is_last)),
        _ => None,
    })
}

#[test]
fn units_are_taken_out_and_less_is_captured_and_the_last_capture_lets_the_rest_go() {
    assert_asks(&asked(), &["cancel_lines/c1"]);
    let done = with(asked(), &[lines_cancelled(1, 1, 0)]);
    assert_asks(&done, &["note_payment/p1/lines/c1", "note/f1/c1"]);
    let (_, reaction) = tell(&with(done.clone(), &[packed(1)]));
    assert_eq!(amount_of_capture(&reaction), Some((480, false)));
    let (_, reaction) = tell(&with(done, &[packed(1), captured(1), packed(2)]));
    assert_eq!(amount_of_capture(&reaction), Some((500, true)), "nothing more is taken of the hold");
}

#[test]
fn what_was_taken_goes_back_once() {
    let inputs = with(path(), &[packed(1), captured(1), line_cancellation(1)]);
    let (_, reaction) = tell(&inputs);
    let [CheckoutStep::CancelLines { parcels, .. }] = reaction.asks.as_slice() else { panic!("{reaction:?}") };
    assert_eq!(parcels.iter().map(|parcel| parcel.is_paid).collect::<Vec<_>>(), [true, false]);
    let done = with(inputs, &[lines_cancelled(1, 1, 20)]);
    let (checkout, reaction) = tell(&done);
    let refund =
        CheckoutStep::RefundLines { cancellation: cancellation_of(1), payment: payment(1), amount: eur(20), from: 0 };
    assert_eq!(reaction.asks.first(), Some(&refund));
    assert_eq!(checkout.parcels[&parcel(1)].share, eur(480), "a lost parcel is worth what is in it");
    assert_asks(&with(done.clone(), &[lines_cancelled(1, 1, 20)]), &[]);
    assert_asks(&with(done, &[line_cancellation(1)]), &[]);
}

#[test]
fn no_money_is_taken_while_units_are_taken_out_and_no_units_while_money_is() {
    let waiting = with(path(), &[packed(1), line_cancellation(1)]);
    assert_asks(&waiting, &[]);
    assert_asks(&with(waiting.clone(), &[captured(1)]), &["release_parcel/f1", "cancel_lines/c1"]);
    assert_asks(&with(waiting, &[capture_failed(1)]), &["cancel_lines/c1"]);
    let meanwhile = with(asked(), &[packed(1)]);
    assert_asks(&meanwhile, &[]);
    let (_, reaction) = tell(&with(meanwhile, &[lines_cancelled(1, 1, 0)]));
    assert_eq!(amount_of_capture(&reaction), Some((480, false)));
}

#[test]
fn one_wish_after_the_other() {
    let both = with(asked(), &[line_cancellation(2)]);
    assert_asks(&both, &[]);
    assert_asks(
        &with(both, &[lines_cancelled(1, 1, 0)]),
        &["note_payment/p1/lines/c1", "note/f1/c1", "cancel_lines/c2"],
    );
}

#[test]
fn units_of_a_parcel_that_leaves_meanwhile_leave_the_stock_after_it() {
    let left = with(path(), &[packed(1), captured(1), line_cancellation(1), handed_over(1)]);
    assert_asks(&left, &["note/f1/handed_over"]);
    let none = Input::LinesCancelled { cancellation: cancellation_of(1), parcels: Vec::new(), refund: eur(0) };
    assert_asks(&with(left, &[none]), &["dispatch/f1"]);
}

#[test]
fn an_order_that_is_called_off_meanwhile_is_called_off_after_it_and_one_that_stands_goes_on() {
    let called_off = with(asked(), &[cancellation()]);
    assert_asks(&called_off, &[]);
    let expected = ["note_payment/p1/lines/c1", "note/f1/c1", "cancel_fulfilments"];
    assert_asks(&with(called_off, &[lines_cancelled(1, 1, 0)]), &expected);
    let first = with(path(), &[cancellation(), line_cancellation(1)]);
    assert_asks(&first, &[]);
    assert_asks(&with(first, &[left(&[1])]), &["keep_order", "release_parcel_stock/f1", "cancel_lines/c1"]);
}

#[test]
fn an_emptied_parcel_is_called_off_and_its_units_leave_with_no_other() {
    let (checkout, _) = tell(&with(asked(), &[emptied(1, 1, 500)]));
    let left = &checkout.parcels[&parcel(1)];
    assert_eq!((left.state, left.share), (ParcelState::Cancelled, eur(0)));
    assert_eq!(checkout.routed, [routed()[1].clone()], "nothing of it is dispatched or released once more");
    let delivered = with(asked(), &[emptied(1, 1, 500), packed(2), captured(2), handed_over(2), delivered(2)]);
    assert_eq!(tell(&delivered).1.timers.len(), 1, "every parcel that was sent has arrived");
}

#[test]
fn shipping_that_no_parcel_bears_is_paid_with_the_next_one() {
    let done = with(asked(), &[emptied(1, 1, 400)]);
    assert_asks(&done, &["note_payment/p1/lines/c1", "note/f1/c1"]);
    let (_, reaction) = tell(&with(done.clone(), &[packed(2)]));
    assert_eq!(amount_of_capture(&reaction), Some((500, false)));
    let paid = with(done, &[packed(2), captured(2)]);
    let (_, reaction) = tell(&paid);
    assert_eq!(amount_of_capture(&reaction), Some((100, true)));
    assert_asks(&paid, &["release_parcel/f2", "capture/f1/1"]);
    let (_, reaction) = tell(&with(paid.clone(), &[captured(1)]));
    assert!(reaction.is_nothing() && reaction.task.is_none(), "nobody is asked about it: {reaction:?}");
    let failed = with(paid, &[capture_failed(1)]);
    assert!(tell(&failed).1.task.is_some());
    assert_asks(&with(failed, &[decided("capture/f1", "retry")]), &["capture/f1/2"]);
}

#[test]
fn a_wish_that_is_given_up_or_comes_after_the_end_is_refused() {
    let given_up = with(
        asked(),
        &[gave_up(&Checkout::key(&CheckoutStep::CancelLines {
            cancellation: cancellation_of(1),
            parcels: Vec::new(),
        }))],
    );
    assert_asks(&given_up, &["refuse_lines/c1"]);
    let over = [packed(1), captured(1), packed(2), captured(2), handed_over(1), handed_over(2), Input::ReturnTimeOver];
    assert_asks(&with(with(path(), &over), &[line_cancellation(1)]), &["refuse_lines/c1"]);
}

#[test]
fn what_to_do_about_a_lost_parcel_is_asked_again_while_lines_are_cancelled() {
    let lost = with(path(), &[packed(1), captured(1), handed_over(1), lost(1), line_cancellation(1)]);
    let (_, reaction) = tell(&with(lost, &[decided("parcel_lost/f1", "refund")]));
    assert_eq!((reaction.asks.len(), reaction.task.map(|task| task.name)), (0, Some(full("parcel_lost/f1"))));
}
