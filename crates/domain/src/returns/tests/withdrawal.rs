//! The withdrawal from the contract: it stands, its box is proved to be on its way, and its refund has a day.

use super::*;
use crate::values::{Timestamp, paris_time};

#[test]
fn a_withdrawal_cannot_be_refused_and_gives_delivery_back() {
    let moment = Timestamp::from_micros(1);
    let withdrawal = |delivery| Some(LegalWithdrawal { declared_at: moment, acknowledged_at: moment, delivery });
    let request = |delivery| {
        let (order, customer, lines, reason) = (order(), customer(), lines(), text("withdrawal"));
        ReturnCommand::Request { order, customer, lines, reason, withdrawal: withdrawal(delivery) }
    };
    for delivery in [euros(-1), Money::new(390, Currency::Usd)] {
        given(ReturnStatus::Absent).when(request(delivery)).then_expect_error(ReturnError::AmountsInvalid);
    }
    let mut current = Return::default();
    let mut go_on = |command: ReturnCommand| {
        let events = current.decide(&command)?;
        events.iter().for_each(|event| current.evolve(event));
        Ok::<_, ReturnError>(current.refund())
    };
    assert_eq!(go_on(request(euros(390))), Ok(None));
    assert_eq!(go_on(refuse()), Err(ReturnError::WithdrawalStands));
    for command in [ReturnCommand::Approve, receive("paris")] {
        assert_eq!(go_on(command), Ok(None));
    }
    assert_eq!(go_on(inspect(items())), Ok(Some(euros(REFUND.minor() + 390))));
}

#[test]
fn a_box_that_is_approved_is_proved_once_to_be_on_its_way() {
    given(Approved).when(ship_back("6A1")).then_expect_events(vec![shipped_back()]);
    changes_nothing(&ship_back("6A1"), &[Received, Inspected, Resolved]);
    refuses_elsewhere(&ship_back("6A1"), "shipped back", &[Approved, Received, Inspected, Resolved]);
    let on_its_way = || TestFramework::<Return>::with(()).given([situation(Approved), vec![shipped_back()]].concat());
    on_its_way().when(ship_back("6A1")).then_expect_events(vec![]);
    let refusal = ReturnError::IllegalTransition { status: "approved", wish: "shipped back under another number" };
    on_its_way().when(ship_back("6A2")).then_expect_error(refusal);
    on_its_way().when(receive("paris")).then_expect_events(vec![ReturnEvent::Received { location: location("paris") }]);
    let current = folded(&[situation(Approved), vec![shipped_back()]].concat());
    assert_eq!((current.status(), current.shipment()), (Approved, Some((&text("colissimo"), &text("6A1")))));
    assert_eq!(folded(&situation(Approved)).shipment(), None);
}

#[test]
fn the_refund_of_a_withdrawal_is_late_after_the_fourteenth_day_in_paris() {
    let moment = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    for (declared_at, due_at) in [
        (moment(1_793_606_400), "2026-11-17T00:00:00+01:00"),
        (moment(1_793_660_399), "2026-11-17T00:00:00+01:00"),
        (moment(1_793_660_400), "2026-11-18T00:00:00+01:00"),
        // The last day is Easter Sunday and counts; clocks went forward meanwhile.
        (moment(1_774_180_800), "2026-04-06T00:00:00+02:00"),
    ] {
        assert_eq!(paris_time(refund_due_at(declared_at)), due_at, "{}", paris_time(declared_at));
    }
    let (declared_at, acknowledged_at) = (moment(1_793_606_400), moment(1_793_660_400));
    let withdrawal = Some(LegalWithdrawal { declared_at, acknowledged_at, delivery: euros(0) });
    let asked = ReturnEvent::Requested {
        order: order(),
        customer: customer(),
        lines: lines(),
        reason: text("withdrawal"),
        withdrawal,
    };
    assert_eq!(folded(&[asked]).refund_due_at(), Some(refund_due_at(declared_at)));
    assert_eq!(folded(&situation(Requested)).refund_due_at(), None);
}
