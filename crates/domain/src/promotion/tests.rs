//! What promotions answer, told as given, when, then.

use std::collections::BTreeSet;

use cqrs_es::test::TestFramework;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::cases::cases;
use crate::decider::Refusal;
use crate::values::{
    BlindIndex, CategoryId, Currency, Money, OrderId, ProductId, PromotionId, PromotionReach, PromotionTerms,
    Reduction, ShortText, Timestamp,
};

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

fn text(text: &str) -> ShortText {
    text.parse().expect("a short text")
}

fn order(number: u128) -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(number))
}

fn customer(number: u8) -> BlindIndex {
    format!("{number:032x}").parse().expect("a blind index")
}

fn terms() -> PromotionTerms {
    PromotionTerms {
        label: text("Ten percent for new readers"),
        code: Some("WELCOME10".parse().expect("a code")),
        reduction: Reduction::Percentage("0.1".parse().expect("a rate")),
        reach: PromotionReach::Order,
        minimum: None,
        combines: false,
    }
}

fn limited(uses_max: Option<u32>, uses_per_customer_max: Option<u32>) -> PromotionLimits {
    PromotionLimits { uses_max, uses_per_customer_max, ..PromotionLimits::default() }
}

fn create(limits: PromotionLimits) -> PromotionCommand {
    PromotionCommand::Create { terms: Box::new(terms()), limits }
}

fn created(limits: PromotionLimits) -> PromotionEvent {
    PromotionEvent::Created { terms: Box::new(terms()), limits }
}

fn reserve(number: u128, by: u8) -> PromotionCommand {
    PromotionCommand::Reserve { order: order(number), customer: customer(by), now: NOW }
}

fn reserved(number: u128, by: u8) -> PromotionEvent {
    PromotionEvent::UseReserved { order: order(number), customer: customer(by) }
}

fn confirm(number: u128) -> PromotionCommand {
    PromotionCommand::Confirm { order: order(number) }
}

fn confirmed(number: u128) -> PromotionEvent {
    PromotionEvent::UseConfirmed { order: order(number) }
}

fn release(number: u128) -> PromotionCommand {
    PromotionCommand::Release { order: order(number), reason: text("the order is undone") }
}

fn released(number: u128) -> PromotionEvent {
    PromotionEvent::UseReleased { order: order(number), reason: text("the order is undone") }
}

fn barred(number: u128) -> PromotionEvent {
    PromotionEvent::UseBarred { order: order(number) }
}

fn paused() -> PromotionEvent {
    PromotionEvent::Paused { reason: text("a mistake") }
}

fn ended() -> PromotionEvent {
    PromotionEvent::Ended { reason: text("sold out") }
}

fn after(events: &[PromotionEvent]) -> Promotion {
    let mut promotion = Promotion::default();
    for event in events {
        promotion.evolve(event);
    }
    promotion
}

fn answer(given: &[PromotionEvent], when: &PromotionCommand) -> Result<Vec<PromotionEvent>, &'static str> {
    after(given).decide(when).map_err(|refusal| refusal.code())
}

#[test]
fn what_is_decided_is_what_is_stored() {
    let once = limited(Some(1), None);
    TestFramework::<Promotion>::with(())
        .given_no_previous_events()
        .when(create(once))
        .then_expect_events(vec![created(once)]);
}

#[test]
fn a_use_is_promised_counted_and_given_back_once() {
    let once = limited(Some(1), None);
    assert_eq!(answer(&[], &create(once)), Ok(vec![created(once)]));
    let mut log = vec![created(once)];
    assert_eq!(answer(&log, &reserve(1, 1)), Ok(vec![reserved(1, 1)]));
    log.push(reserved(1, 1));
    assert_eq!((after(&log).uses_reserved(), after(&log).uses_confirmed()), (1, 0));
    assert_eq!(answer(&log, &reserve(2, 2)), Err("PROMOTION_USED_UP"), "a promised use is taken");
    assert_eq!(answer(&log, &confirm(1)), Ok(vec![confirmed(1)]));
    log.push(confirmed(1));
    assert_eq!((after(&log).uses_reserved(), after(&log).uses_confirmed()), (0, 1));
    assert_eq!(answer(&log, &release(1)), Ok(vec![released(1)]), "a cancelled order gives it back");
    log.push(released(1));
    assert_eq!(answer(&log, &reserve(2, 2)), Ok(vec![reserved(2, 2)]));
}

#[test]
fn repeats_change_nothing() {
    let once = limited(Some(1), None);
    let held = [created(once), reserved(1, 1)];
    let sold = [created(once), reserved(1, 1), confirmed(1)];
    let over = [created(once), reserved(1, 1), released(1)];
    assert_eq!(answer(&held, &reserve(1, 1)), Ok(vec![]));
    assert_eq!(answer(&sold, &reserve(1, 1)), Ok(vec![]));
    assert_eq!(answer(&sold, &confirm(1)), Ok(vec![]));
    assert_eq!(answer(&over, &release(1)), Ok(vec![]));
    assert_eq!(answer(&held, &create(once)), Ok(vec![]));
    assert_eq!(answer(&[created(once), paused()], &PromotionCommand::Pause { reason: text("twice") }), Ok(vec![]));
    assert_eq!(answer(&[created(once)], &PromotionCommand::Resume), Ok(vec![]));
    assert_eq!(answer(&[created(once), ended()], &PromotionCommand::End { reason: text("twice") }), Ok(vec![]));
}

#[test]
fn what_was_called_off_first_does_not_arrive_late() {
    let log = [created(limited(Some(5), None))];
    assert_eq!(answer(&log, &release(1)), Ok(vec![barred(1)]));
    let log = [log[0].clone(), barred(1)];
    assert_eq!(answer(&log, &reserve(1, 1)), Err("PROMOTION_USE_OVER"));
    assert_eq!(answer(&log, &confirm(1)), Err("PROMOTION_USE_OVER"));
    assert_eq!(answer(&log, &confirm(2)), Err("PROMOTION_USE_UNKNOWN"));
}

#[test]
fn one_customer_has_their_own_limit() {
    let log = [created(limited(None, Some(1))), reserved(1, 1)];
    assert_eq!(answer(&log, &reserve(2, 1)), Err("PROMOTION_USED_BY_CUSTOMER"));
    assert_eq!(answer(&log, &reserve(2, 2)), Ok(vec![reserved(2, 2)]));
    assert!(after(&log).usable(NOW, None).is_ok(), "who is not known yet may try");
}

#[test]
fn it_holds_within_its_time_only() {
    let at = |seconds| Some(NOW.plus_seconds(seconds));
    for (begins_at, ends_at, expected) in [
        (at(1), None, Err("PROMOTION_NOT_BEGUN")),
        (at(0), at(1), Ok(vec![reserved(1, 1)])),
        (None, at(0), Err("PROMOTION_EXPIRED")),
    ] {
        let limits = PromotionLimits { begins_at, ends_at, uses_max: Some(1), uses_per_customer_max: None };
        assert_eq!(answer(&[created(limits)], &reserve(1, 1)), expected, "{limits:?}");
    }
    let backwards = PromotionLimits { begins_at: at(1), ends_at: at(1), ..PromotionLimits::default() };
    assert_eq!(answer(&[], &create(backwards)), Err("PROMOTION_INVALID"));
}

#[test]
fn one_that_rests_or_is_over_gives_nothing_but_lets_go() {
    let held = [created(limited(Some(2), None)), reserved(1, 1)];
    let resting = [held.to_vec(), vec![paused()]].concat();
    assert_eq!(answer(&resting, &reserve(2, 2)), Err("PROMOTION_PAUSED"));
    assert_eq!(answer(&resting, &confirm(1)), Ok(vec![confirmed(1)]), "what was promised stays promised");
    assert_eq!(answer(&resting, &PromotionCommand::Resume), Ok(vec![PromotionEvent::Resumed {}]));
    let over = [held.to_vec(), vec![ended()]].concat();
    assert_eq!(answer(&over, &reserve(2, 2)), Err("PROMOTION_EXPIRED"));
    assert_eq!(answer(&over, &release(1)), Ok(vec![released(1)]));
    for command in [PromotionCommand::Resume, PromotionCommand::Pause { reason: text("late") }] {
        assert_eq!(answer(&over, &command), Err("PROMOTION_EXPIRED"));
        assert_eq!(answer(&[], &command), Err("NOT_FOUND"));
    }
    assert_eq!(answer(&[], &PromotionCommand::End { reason: text("none") }), Err("NOT_FOUND"));
    assert_eq!(answer(&[], &reserve(1, 1)), Err("NOT_FOUND"));
}

#[test]
fn terms_that_contradict_themselves_are_refused() {
    let (euro, dollar) = (Money::new(500, Currency::Eur), Money::new(500, Currency::Usd));
    let reach = |products, categories| PromotionReach::Lines { skus: vec![], products, categories };
    let product = ProductId::from_uuid(Uuid::from_u128(1));
    let category = CategoryId::from_uuid(Uuid::from_u128(1));
    let wrong = [
        PromotionTerms { reach: reach(vec![], vec![]), ..terms() },
        PromotionTerms { reach: reach(vec![product; REACHED_MAX + 1], vec![]), ..terms() },
        PromotionTerms { reach: reach(vec![], vec![category; REACHED_MAX + 1]), ..terms() },
        PromotionTerms { reduction: Reduction::Amount(Money::zero(Currency::Eur)), ..terms() },
        PromotionTerms { minimum: Some(Money::new(-1, Currency::Eur)), ..terms() },
        PromotionTerms { reduction: Reduction::Amount(euro), minimum: Some(dollar), ..terms() },
    ];
    for terms in wrong {
        let command = PromotionCommand::Create { terms: Box::new(terms), limits: PromotionLimits::default() };
        assert_eq!(answer(&[], &command), Err("PROMOTION_INVALID"), "{command:?}");
    }
    for count in [0, LIMIT_MAX + 1] {
        assert_eq!(answer(&[], &create(limited(Some(count), None))), Err("PROMOTION_LIMIT_OUT_OF_RANGE"));
        assert_eq!(answer(&[], &create(limited(None, Some(count)))), Err("PROMOTION_LIMIT_OUT_OF_RANGE"));
    }
    let other = created(limited(Some(1), None));
    assert_eq!(answer(&[other], &create(limited(Some(2), None))), Err("ALREADY_EXISTS"));
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let refusals = [
        PromotionError::Unknown,
        PromotionError::AlreadyExists,
        PromotionError::TermsInvalid { what: "" },
        PromotionError::LimitOutOfRange,
        PromotionError::NotBegun,
        PromotionError::Expired,
        PromotionError::Paused,
        PromotionError::UsedUp { max: 1 },
        PromotionError::UsedByCustomer { max: 1 },
        PromotionError::UseOver { order: order(1) },
        PromotionError::UseUnknown { order: order(1) },
        PromotionError::BoardFull { max: 1 },
    ];
    let codes: BTreeSet<&str> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}

#[test]
fn every_event_is_stored_under_its_type_and_reads_back() {
    let events = [
        created(limited(Some(1), None)),
        paused(),
        PromotionEvent::Resumed {},
        ended(),
        reserved(1, 1),
        confirmed(1),
        released(1),
        barred(2),
    ];
    for event in events {
        let json = serde_json::to_value(&event).expect("an event is JSON");
        assert!(json.get(event.event_type()).is_some(), "{json}");
        assert_eq!(event.event_version(), "1");
        assert_eq!(serde_json::from_value::<PromotionEvent>(json).expect("its own JSON"), event);
    }
}

#[test]
fn a_promotion_is_posted_once_and_taken_down_once_and_the_board_has_room_for_few() {
    let id = |number| PromotionId::from_uuid(Uuid::from_u128(number));
    let post = |number| BoardCommand::Post { promotion: id(number) };
    let mut board = PromotionBoard::default();
    for number in 0..POSTED_MAX as u128 {
        for event in board.decide(&post(number)).expect("there is room") {
            board.evolve(&event);
        }
        assert_eq!(board.decide(&post(number)), Ok(vec![]), "once is enough");
    }
    assert_eq!(board.decide(&post(99)).map_err(|refusal| refusal.code()), Err("PROMOTION_BOARD_FULL"));
    let take_down = BoardCommand::TakeDown { promotion: id(0) };
    assert_eq!(board.decide(&take_down), Ok(vec![BoardEvent::TakenDown { promotion: id(0) }]));
    board.evolve(&BoardEvent::TakenDown { promotion: id(0) });
    assert_eq!((board.decide(&take_down), board.posted().len()), (Ok(vec![]), POSTED_MAX - 1));
    assert_eq!(board.decide(&post(99)), Ok(vec![BoardEvent::Posted { promotion: id(99) }]));
    for event in [BoardEvent::Posted { promotion: id(1) }, BoardEvent::TakenDown { promotion: id(1) }] {
        let json = serde_json::to_value(&event).expect("an event is JSON");
        assert!(json.get(event.event_type()).is_some(), "{json}");
        assert_eq!(event.event_version(), "1");
    }
}

fn any_command() -> impl Strategy<Value = PromotionCommand> {
    (0_u128..12, 0_u8..4, 0_u8..10).prop_map(|(number, by, kind)| match kind {
        0..=4 => reserve(number, by),
        5 | 6 => confirm(number),
        7 | 8 => release(number),
        _ => PromotionCommand::Pause { reason: text("a rest") },
    })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn no_more_uses_stand_than_the_limits_allow(
        (max, each) in (1_u32..6, 1_u32..3),
        commands in prop::collection::vec(any_command(), 0..80),
    ) {
        let mut promotion = after(&[created(limited(Some(max), Some(each)))]);
        for command in &commands {
            for event in promotion.decide(command).unwrap_or_default() {
                promotion.evolve(&event);
            }
            if promotion.status() == PromotionStatus::Paused {
                promotion.evolve(&PromotionEvent::Resumed {});
            }
            prop_assert!(promotion.uses_standing() <= max);
            prop_assert!((0..4).all(|by| promotion.uses_of(&customer(by)) <= each));
            prop_assert_eq!((0..4).map(|by| promotion.uses_of(&customer(by))).sum::<u32>(), promotion.uses_standing());
            prop_assert!(promotion.uses_confirmed() <= promotion.uses_standing());
        }
    }
}
