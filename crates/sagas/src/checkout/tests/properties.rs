//! What holds whatever is told, in any order, however often.

use proptest::prelude::*;

use super::super::state::{AttemptState, ParcelState};
use super::*;

fn any_decision() -> impl Strategy<Value = Input> {
    let tasks = [
        "capture/f1",
        "capture/f2",
        "parcel_lost/f1",
        "undo_payment/p1",
        "undo_payment/p2",
        "partly_cancelled",
        TASK_SHORTFALL,
        TASK_BACK_ORDER,
    ];
    let choices = ["retry", "cancel_order", "refund", "reship", "wait", "paid_by_hand", "back_order", "nonsense"];
    (prop::sample::select(tasks.to_vec()), prop::sample::select(choices.to_vec()))
        .prop_map(|(task, choice)| decided(task, choice))
}

fn any_surrender() -> impl Strategy<Value = Input> {
    let vital = [
        "reserve",
        "reserve_promotions",
        "accept_addition",
        "place",
        "authorise/p1",
        "authorise/p2",
        "allocate",
        "confirm",
        "release_stock",
    ];
    let other = [
        "release_promotions",
        "release_addition",
        "undo_payment/p1/1",
        "undo_payment/p2/1",
        "cancel_fulfilments",
        "note/f1/lost",
        "capture/f1/1",
        "",
    ];
    prop::sample::select([&vital[..], &other[..]].concat()).prop_map(gave_up)
}

fn any_input() -> impl Strategy<Value = Input> {
    let mut simple = path();
    simple.extend([short(), placed_for_nothing(), parcels_of(0), cancellation(), left(&[]), left(&[1]), left(&[1, 2])]);
    simple.extend([Input::FulfilmentsCancelled, Input::StockReleased, Input::Done]);
    simple.extend([Input::PromotionsReserved, promotion_refused(), Input::PromotionsReleased]);
    simple.extend([Input::AdditionAccepted, additions::refused(), Input::AdditionReleased]);
    simple.extend([Input::PaymentTimeOver, Input::ReturnTimeOver, Input::ShortfallUndecided, Input::BackOrderLate]);
    simple.extend([Input::BackOrdered { shortages: shortages() }, Input::UnitsCame, Input::StillWaiting]);
    simple.push(Input::BackOrderFilled { routed: routed() });
    for number in [1, 2, 3] {
        simple.extend([requested(number), authorised(number), too_late(number), action(number), declined(number)]);
        simple.extend([undone(number), not_undone(number), part(number, 100 * i64::try_from(number).expect("small"))]);
    }
    for number in [1, 2] {
        simple.extend([
            line_cancellation(number),
            lines_cancelled(number, 3 - number, 0),
            lines_cancelled(number, number, 20),
        ]);
    }
    for number in [1, 2, 3] {
        simple.extend([packed(number), captured(number), capture_failed(number)]);
        simple.extend([handed_over(number), delivered(number), lost(number)]);
        simple.push(Input::Reshipped {
            fulfilment: parcel(number),
            holder: holder(),
            parcels: vec![(parcel(number + 3), place(1), routed())],
        });
    }
    prop_oneof![12 => prop::sample::select(simple), 1 => any_decision(), 1 => any_surrender()]
}

/// A good beginning of any length, then anything: so that every stage is reached often.
fn any_inputs() -> impl Strategy<Value = Vec<Input>> {
    let paths =
        prop::sample::select(vec![path(), path_with_promotion(), shortfall::path(), parts::path(), additions::path()]);
    (paths, 0..=path().len(), prop::collection::vec(any_input(), 0..60))
        .prop_map(|(path, good, any)| with(path[..good].to_vec(), &any))
}

/// Checks one reaction against the checkout as it was before and is after.
fn check(before: &Checkout, after: &Checkout, reaction: &Asked, is_free: bool) {
    for step in &reaction.asks {
        match step {
            CheckoutStep::Confirm { payment: Some(payment), .. } => {
                let paying = after.attempts.iter().find(|attempt| attempt.payment == *payment);
                assert_eq!(paying.map(|attempt| &attempt.state), Some(&AttemptState::Authorised));
            }
            CheckoutStep::Confirm { payment: None, .. } => assert!(is_free, "confirmed without money"),
            CheckoutStep::RequestFulfilments { .. } => {
                assert!(!after.is_waiting, "a warehouse is asked for units that are not there");
            }
            CheckoutStep::Place { .. } => {
                let is_redeemed = after.promotions.is_empty() || before.stage == Stage::Redeeming;
                assert!(is_redeemed, "placed without a use of its promotions");
                assert!(after.adds_to.is_none() || after.is_joined, "placed though no order takes it along");
            }
            CheckoutStep::Dispatch { fulfilment, .. } => {
                assert!(before.parcels[fulfilment].state >= ParcelState::Paid, "an unpaid parcel left");
            }
            CheckoutStep::ReleaseParcel { fulfilment, .. } => {
                let parcel = &after.parcels[fulfilment];
                assert!(parcel.is_captured || parcel.share.minor() <= 0, "a parcel is let go unpaid");
            }
            CheckoutStep::Allocate { .. } => assert!(is_free || after.is_guaranteed(), "sold before it is paid"),
            CheckoutStep::Capture { fulfilment, payment, amount, is_part, .. } => {
                let parcel = &after.parcels[fulfilment];
                assert!(parcel.state == ParcelState::Packed || parcel.is_emptied);
                assert_eq!((*is_part, &after.lines_under_way), (amount.minor() < parcel.owed_minor(), &None));
                let attempt = after.attempts.iter().find(|attempt| attempt.payment == *payment);
                let held = attempt.map(|attempt| attempt.amount.map_or(i64::MAX, Money::minor));
                assert!(attempt.map(|attempt| attempt.taken_minor) <= held, "more is taken than is held");
                assert_eq!(after.stage, Stage::Fulfilling);
            }
            CheckoutStep::RefundParcel { fulfilment, amount, .. } => {
                let taken = after.parcels[fulfilment].takings.iter().map(|taking| taking.amount.minor());
                assert!(amount.minor() > 0 && amount.minor() <= taken.sum());
            }
            _ => {}
        }
    }
    if before.stage == Stage::Over {
        assert_eq!((after.stage, reaction.end), (Stage::Over, None));
        let allowed = |name: &String| name.starts_with("undo_payment/") || is_about_a_parcel(name);
        assert!(names(reaction).iter().all(allowed), "{:?} asked after the end", names(reaction));
    }
}

/// A parcel may leave, arrive, and be paid back, after its order was completed; an order that it goes along with hears of it.
fn is_about_a_parcel(name: &str) -> bool {
    let lines = ["refuse_lines/", "refund_lines/"];
    let parcels = ["note/", "dispatch/", "refund_parcel/", "release_parcel/", "note_payment/", "release_addition"];
    lines.iter().chain(&parcels).any(|prefix| name.starts_with(prefix))
}

/// When it is over without a sale, no attempt that was told to hold money pays or is left alone.
fn check_end(checkout: &Checkout, held: &[PaymentId], undone: &[PaymentId]) {
    for payment in held {
        assert!(undone.contains(payment), "{payment} holds money of {checkout:?}");
    }
    assert!(checkout.attempts.iter().all(|attempt| attempt.state != AttemptState::Authorised));
}

fn run(inputs: &[Input]) {
    let mut checkout = Checkout::default();
    let (mut is_free, mut held, mut undone) = (false, Vec::new(), Vec::new());
    for input in inputs {
        let before = checkout.clone();
        let reaction = checkout.react(input, noon());
        is_free |= before.stage == Stage::Placing && matches!(input, Input::Placed { payment: None, .. });
        check(&before, &checkout, &reaction, is_free);
        for attempt in checkout.attempts.iter().filter(|attempt| attempt.state == AttemptState::Authorised) {
            held.push(attempt.payment.clone());
        }
        if let Input::AuthorisedTooLate { payment } = input
            && before.first_paying() != Some(payment)
            && before.attempts.iter().any(|attempt| attempt.payment == *payment)
        {
            held.push(payment.clone());
        }
        undone.extend(reaction.asks.iter().filter_map(|step| match step {
            CheckoutStep::UndoPayment { payment, .. } => Some(payment.clone()),
            _ => None,
        }));
        let is_sale = matches!(checkout.answer, CheckoutStatus::Confirmed | CheckoutStatus::PaidAnew { .. });
        if checkout.stage == Stage::Over && !is_sale {
            check_end(&checkout, &held, &undone);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn no_sequence_of_inputs_sells_unpaid_goods_or_keeps_money_without_a_sale(inputs in any_inputs()) {
        run(&inputs);
    }

    #[test]
    fn an_input_told_twice_in_a_row_never_asks_for_a_step_twice(inputs in any_inputs()) {
        let mut checkout = Checkout::default();
        for input in &inputs {
            let first = names(&checkout.react(input, noon()));
            // An answer comes once: its ask is gone then. A decided task is gone, too.
            let is_told_by_the_feed = !matches!(input, Input::Decided { .. } | Input::GaveUp { .. });
            if is_told_by_the_feed {
                let second = names(&checkout.react(input, noon()));
                prop_assert!(second.iter().all(|name| !first.contains(name)), "{:?} asks {:?} twice", input, second);
            }
        }
    }
}
