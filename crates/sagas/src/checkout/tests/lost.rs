//! A parcel that is lost.

use super::super::react::TIMER_RETURN;
use super::super::state::ParcelState;
use super::*;

fn with_lost_parcel() -> Vec<Input> {
    with(path(), &[packed(1), captured(1), handed_over(1), lost(1)])
}

/// The third parcel goes in the place of the first.
fn reshipped() -> Input {
    Input::Reshipped { fulfilment: parcel(1), holder: holder(), parcels: vec![(parcel(3), place(2), routed())] }
}

#[test]
fn people_who_wait_for_a_lost_parcel_are_asked_again_after_a_time_unless_it_turns_up() {
    let waiting = with(with_lost_parcel(), &[decided("parcel_lost/f1", "wait")]);
    let (_, reaction) = tell(&waiting);
    let name = format!("lost/{}", parcel(1));
    assert_eq!(reaction.timers, [(name.clone(), noon().plus_seconds(LOST_AGAIN_SECONDS))]);
    let again = <Checkout as engine::Process>::timer_input(&name);
    let (_, reaction) = tell(&with(waiting.clone(), std::slice::from_ref(&again)));
    assert_eq!(reaction.task.map(|task| task.name), Some(full("parcel_lost/f1")));
    let (_, reaction) = tell(&with(waiting.clone(), &[delivered(1)]));
    assert_eq!((reaction.stops, reaction.withdraws), (vec![name], vec![full("parcel_lost/f1")]));
    assert_eq!(tell(&with(waiting, &[delivered(1), again])).1, Asked::default(), "it is there");
}

#[test]
fn an_order_waits_for_what_people_decide_about_its_lost_parcel() {
    let rest_arrived = with(
        with_lost_parcel(),
        &[packed(2), captured(2), handed_over(2), decided("parcel_lost/f1", "wait"), delivered(2)],
    );
    let timers = |inputs: &[Input]| tell(inputs).1.timers.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(timers(&rest_arrived), [""; 0], "a parcel is lost and not given up");
    let given_back = with(rest_arrived, &[decided("parcel_lost/f1", "refund")]);
    assert_eq!(timers(&given_back), [TIMER_RETURN]);
}

#[test]
fn what_goes_in_the_place_of_a_lost_parcel_is_not_paid_again_and_the_order_waits_for_it() {
    let wanted = with(with_lost_parcel(), &[decided("parcel_lost/f1", "reship")]);
    assert_asks(&wanted, &["reship/f1/1"]);
    let sent = with(wanted, &[reshipped()]);
    let (_, reaction) = tell(&sent);
    let [CheckoutStep::NoteFulfilment { parcels, .. }] = reaction.asks.as_slice() else { panic!("{reaction:?}") };
    assert_eq!(*parcels, [parcel(2), parcel(3)], "the lost one says nothing of the goods any more");
    assert_asks(&with(sent.clone(), &[packed(3)]), &["release_parcel/f3"]);
    let left = with(sent, &[packed(3), handed_over(3)]);
    let (_, reaction) = tell(&left);
    let dispatched = CheckoutStep::Dispatch { fulfilment: parcel(3), routed: routed(), holder: Some(holder()) };
    assert_eq!(reaction.asks.first(), Some(&dispatched), "the units are those that were sold anew");
    let settled = with(left, &[packed(2), captured(2), handed_over(2), delivered(2)]);
    assert!(tell(&settled).1.timers.is_empty());
    assert_eq!(tell(&with(settled, &[delivered(3)])).1.timers.len(), 1, "every parcel has arrived");
}

#[test]
fn a_warehouse_may_pack_before_the_answer_that_names_what_goes_in_the_place_of_a_lost_parcel() {
    let wanted = with(with_lost_parcel(), &[decided("parcel_lost/f1", "reship"), packed(3)]);
    assert_asks(&with(wanted, &[reshipped()]), &["note/f1/reshipped", "release_parcel/f3"]);
}

#[test]
fn units_that_are_not_there_once_more_are_a_question() {
    let shortages = vec![Shortage { sku: "livre".parse().expect("a SKU"), requested: 2, available: 1 }];
    let short = Input::NotReshipped { fulfilment: parcel(1), shortages };
    let inputs = with(with_lost_parcel(), &[decided("parcel_lost/f1", "reship"), short]);
    let task = tell(&inputs).1.task.expect("people are asked");
    assert!(task.question.contains("1 of livre"), "{task:?}");
    assert_asks(&with(inputs.clone(), &[decided("parcel_lost/f1", "reship")]), &["reship/f1/2"]);
    assert_asks(&with(inputs, &[decided("parcel_lost/f1", "refund")]), &["refund_parcel/f1"]);
}

#[test]
fn what_is_lost_again_is_given_back_once() {
    let again =
        with(with_lost_parcel(), &[decided("parcel_lost/f1", "reship"), reshipped(), packed(3), handed_over(3)]);
    let given_back = with(again, &[lost(3), decided("parcel_lost/f3", "refund")]);
    assert_asks(&given_back, &["refund_parcel/f1"]);
    assert_asks(&with(given_back, &[decided("parcel_lost/f1", "refund")]), &[]);
}

#[test]
fn the_money_of_a_lost_parcel_goes_back_where_what_goes_in_its_place_is_called_off() {
    let sent = with(with_lost_parcel(), &[decided("parcel_lost/f1", "reship"), reshipped(), cancellation()]);
    let (checkout, reaction) = tell(&with(sent.clone(), &[left(&[3])]));
    assert_eq!(checkout.parcels[&parcel(3)].state, ParcelState::Cancelled);
    assert_eq!(names(&reaction), ["keep_order", "release_parcel_stock/f3"]);
    assert_asks(&with(sent, &[left(&[3]), decided("partly_cancelled", "refund")]), &["refund_parcel/f1"]);
}
