//! Taking units out of a parcel before a carrier has it.

use super::*;

fn outcome(parcel: &Fulfilment, wish: &FulfilmentCommand) -> String {
    match parcel.decide(wish) {
        Ok(facts) => facts.iter().map(DomainEvent::event_type).collect::<Vec<_>>().join(","),
        Err(refusal) => refusal.code().to_owned(),
    }
}

fn one() -> Vec<FulfilmentLine> {
    vec![line(1, 1)]
}

#[test]
fn what_is_left_is_sent_for_what_it_is_worth() {
    let mut log = situation("requested");
    let facts = folded(&log).decide(&take_out(1, one(), 995, false)).expect("it is here");
    assert_eq!(facts, [reduced(1, one(), 995, false)]);
    log.extend(facts);
    let parcel = folded(&log);
    assert_eq!((parcel.lines(), parcel.requested_lines()), (one().as_slice(), [line(1, 2)].as_slice()));
    assert_eq!(
        parcel.share().zip(parcel.requested_share()).map(|(left, asked)| (left.minor(), asked.minor())),
        Some((995, 1_990))
    );
    assert_eq!(outcome(&parcel, &take_out(1, one(), 995, false)), "", "a repeat");
}

#[test]
fn what_was_packed_is_packed_anew_before_it_leaves() {
    let mut parcel = folded(&[situation("released"), vec![reduced(1, one(), 995, true)]].concat());
    assert_eq!(parcel.state(), FulfilmentState::Requested);
    let hand_over = hand_over("colissimo", "6A1");
    assert_eq!(outcome(&parcel, &hand_over), "ILLEGAL_TRANSITION");
    assert_eq!(outcome(&parcel, &FulfilmentCommand::ReleaseForShipping), "");
    assert_eq!(outcome(&parcel, &pack()), "fulfilment.packed");
    parcel.evolve(&PACKED);
    assert_eq!(outcome(&parcel, &hand_over), "fulfilment.handed_over");
}

#[test]
fn a_label_and_a_release_may_come_while_it_is_packed_anew() {
    let parcel = folded(&[situation("packed"), vec![reduced(1, one(), 995, false)]].concat());
    let label = FulfilmentCommand::BookLabel { carrier: text("colissimo"), tracking: text("6A1") };
    assert_eq!(outcome(&parcel, &label), "fulfilment.label_booked");
    assert_eq!(outcome(&parcel, &FulfilmentCommand::ReleaseForShipping), "fulfilment.released_for_shipping");
    let never_packed = folded(&[situation("requested"), vec![reduced(1, one(), 995, false)]].concat());
    assert_eq!(outcome(&never_packed, &label), "ILLEGAL_TRANSITION");
    assert_eq!(outcome(&never_packed, &FulfilmentCommand::ReleaseForShipping), "ILLEGAL_TRANSITION");
}

#[test]
fn a_parcel_that_is_emptied_is_called_off() {
    let parcel = folded(&situation("packed"));
    let all = take_out(1, vec![line(1, 2)], 1_600, false);
    assert_eq!(outcome(&parcel, &all), "fulfilment.reduced,fulfilment.cancelled");
    let facts = parcel.decide(&all).expect("it is here");
    let emptied = folded(&[situation("packed"), facts].concat());
    assert_eq!((emptied.state(), emptied.lines().len()), (FulfilmentState::Cancelled, 0));
    assert_eq!(outcome(&emptied, &all), "");
    assert_eq!(outcome(&emptied, &take_out(2, one(), 0, false)), "ILLEGAL_TRANSITION");
}

#[test]
fn nothing_is_taken_out_that_is_not_in_it_or_not_here() {
    let parcel = folded(&situation("requested"));
    for (lines, share, code) in [
        (vec![], 0, "NO_LINES"),
        (vec![line(1, 3)], 0, "NOT_IN_PARCEL"),
        (vec![line(2, 1)], 0, "NOT_IN_PARCEL"),
        (vec![line(1, 1), line(1, 1)], 0, "NOT_IN_PARCEL"),
        (one(), 1_991, "SHARE_EXCEEDED"),
        (one(), -1, "SHARE_EXCEEDED"),
    ] {
        assert_eq!(outcome(&parcel, &take_out(1, lines.clone(), share, false)), code, "{lines:?} {share}");
    }
    assert_eq!(outcome(&Fulfilment::default(), &take_out(1, one(), 0, false)), "NOT_FOUND");
    for left in ["handed_over", "delivered", "lost", "cancelled"] {
        assert_eq!(outcome(&folded(&situation(left)), &take_out(1, one(), 0, false)), "ILLEGAL_TRANSITION", "{left}");
    }
}

#[test]
fn of_a_parcel_with_nothing_to_pay_the_release_is_the_invoice() {
    let free = |more: &[FulfilmentEvent]| {
        let FulfilmentEvent::Requested { order, location, lines, address, .. } = requested() else { unreachable!() };
        let share = Money::zero(Currency::Eur);
        folded(&[&[FulfilmentEvent::Requested { order, location, lines, address, share }], more].concat())
    };
    let wish = take_out(1, one(), 0, false);
    assert_eq!(free(&[PACKED]).decide(&wish), Ok(vec![reduced(1, one(), 0, false)]));
    assert_eq!(free(&[PACKED, RELEASED]).decide(&wish), Ok(vec![reduced(1, one(), 0, true)]));
}
