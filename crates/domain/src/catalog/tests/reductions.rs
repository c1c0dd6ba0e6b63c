//! What may be announced as a reduction, from which price, and when that ends.

use proptest::prelude::*;

use super::*;
use crate::cases::cases;
use crate::decider::Decider;

/// The hours of the 30 days that count.
const PERIOD: i64 = PRIOR_PRICE_DAYS * 24;

fn created() -> VariantEvent {
    VariantEvent::Created { product: product_id(1), name: french("Poche"), weight_grams: 180 }
}

fn priced(minor: i64, at: i64) -> VariantEvent {
    VariantEvent::Priced { price: euros(minor), vat_rate: book_vat(), at: Some(hour(at)) }
}

fn undated(minor: i64) -> VariantEvent {
    VariantEvent::Priced { price: euros(minor), vat_rate: book_vat(), at: None }
}

fn set_price(minor: i64, at: i64) -> VariantCommand {
    VariantCommand::SetPrice { price: euros(minor), vat_rate: book_vat(), now: hour(at) }
}

fn announce(at: i64, ends_at: Option<i64>) -> VariantCommand {
    VariantCommand::AnnounceReduction { currency: Currency::Eur, ends_at: ends_at.map(hour), now: hour(at) }
}

fn end(at: i64) -> VariantCommand {
    VariantCommand::EndReduction { currency: Currency::Eur, now: hour(at) }
}

pub(super) fn announced(price: i64, reference: i64, times: Option<(i64, Option<i64>)>) -> VariantEvent {
    let (starts_at, ends_at) = times.unwrap_or_default();
    let (price, reference) = (euros(price), euros(reference));
    VariantEvent::ReductionAnnounced { price, reference, starts_at: hour(starts_at), ends_at: ends_at.map(hour) }
}

pub(super) fn ended(at: i64) -> VariantEvent {
    VariantEvent::ReductionEnded { currency: Currency::Eur, at: hour(at) }
}

/// A variant at these prices since these hours.
fn at_prices(prices: &[(i64, i64)]) -> Vec<VariantEvent> {
    let prices = prices.iter().map(|(minor, at)| priced(*minor, *at));
    [created()].into_iter().chain(prices).collect()
}

fn not_reduced(price: i64, reference: i64) -> CatalogError {
    CatalogError::NotReduced { price: euros(price), reference: euros(reference) }
}

#[test]
fn a_price_that_was_lower_in_the_last_thirty_days_is_no_reduction() {
    // open-mercato's case: 80, raised to 100, then "reduced" to 90.
    let given = at_prices(&[(8_000, 0), (10_000, 24), (9_000, 48)]);
    refused::<Variant>(given, announce(49, None), not_reduced(9_000, 8_000));
    let given = at_prices(&[(9_000, 0), (10_000, 24), (9_000, 48)]);
    refused::<Variant>(given, announce(49, None), not_reduced(9_000, 9_000));
}

#[test]
fn the_thirty_days_are_those_before_the_reduction() {
    let rises_at = 24;
    let prices = |falls_at| at_prices(&[(8_000, 0), (10_000, rises_at), (9_000, falls_at)]);
    let last = rises_at + PERIOD - 1;
    refused::<Variant>(prices(last), announce(last, None), not_reduced(9_000, 8_000));
    let now = rises_at + PERIOD;
    accepted::<Variant>(prices(now), announce(now, None), vec![announced(9_000, 10_000, Some((now, None)))]);
    // Announced later, it is those before the reduction still, and not those before the announcement.
    refused::<Variant>(prices(last), announce(last + 10, None), not_reduced(9_000, 8_000));
}

#[test]
fn a_price_of_thirty_days_is_no_reduction_any_more() {
    let given = || at_prices(&[(10_000, 0), (9_000, 24)]);
    let last = 24 + PERIOD - 1;
    accepted::<Variant>(given(), announce(last, None), vec![announced(9_000, 10_000, Some((last, None)))]);
    refused::<Variant>(given(), announce(last + 1, None), not_reduced(9_000, 9_000));
}

#[test]
fn what_had_no_price_before_has_nothing_to_reduce() {
    let no_prior = CatalogError::NoPriorPrice { currency: Currency::Eur };
    refused::<Variant>(at_prices(&[(9_000, 0)]), announce(1, None), no_prior.clone());
    let removed = VariantEvent::PriceRemoved { currency: Currency::Eur, at: Some(hour(24)) };
    let back = |at| vec![created(), priced(10_000, 0), removed.clone(), priced(9_000, at)];
    refused::<Variant>(back(24 + PERIOD), announce(24 + PERIOD, None), no_prior);
    let then = vec![announced(9_000, 10_000, Some((50, None)))];
    accepted::<Variant>(back(48), announce(50, None), then);
}

#[test]
fn what_is_not_sold_is_not_reduced() {
    refused::<Variant>(vec![], announce(0, None), CatalogError::Unknown { what: "variant" });
    refused::<Variant>(vec![], end(0), CatalogError::Unknown { what: "variant" });
    refused::<Variant>(vec![created()], announce(0, None), CatalogError::NoPrice { currency: Currency::Eur });
    let mut given = at_prices(&[(10_000, 0), (9_000, 24)]);
    given.push(VariantEvent::Discontinued {});
    refused::<Variant>(given, announce(25, None), CatalogError::Discontinued);
}

#[test]
fn an_announcement_ends_after_it_begins() {
    let given = || at_prices(&[(10_000, 0), (9_000, 24)]);
    invalid::<Variant>(given(), announce(25, Some(25)), "endsAt");
    accepted::<Variant>(given(), announce(25, Some(26)), vec![announced(9_000, 10_000, Some((25, Some(26))))]);
}

#[test]
fn an_announcement_is_repeated_prolonged_and_ended() {
    let given = |ends_at| {
        let mut given = at_prices(&[(10_000, 0), (9_000, 24)]);
        given.push(announced(9_000, 10_000, Some((25, ends_at))));
        given
    };
    accepted::<Variant>(given(Some(40)), announce(30, Some(40)), vec![]);
    accepted::<Variant>(given(Some(40)), announce(30, None), vec![announced(9_000, 10_000, Some((25, None)))]);
    accepted::<Variant>(given(None), end(30), vec![ended(30)]);
    accepted::<Variant>(given(Some(40)), end(40), vec![]);
    accepted::<Variant>(given(Some(40)), announce(40, None), vec![announced(9_000, 10_000, Some((40, None)))]);
    let variant: Variant = after(given(Some(40)));
    assert_eq!(variant.reduction_at(Currency::Eur, hour(24)), None);
    let reduction = variant.reduction_at(Currency::Eur, hour(39)).expect("it is announced");
    assert_eq!((reduction.reference, reduction.percentage(euros(9_000))), (euros(10_000), 10));
    assert_eq!(variant.reduction_at(Currency::Eur, hour(40)), None);
    assert_eq!(variant.reduction_at(Currency::Usd, hour(39)), None);
}

#[test]
fn while_reductions_follow_each_other_the_price_before_the_first_stays() {
    let mut given = at_prices(&[(10_000, 0), (9_000, 24)]);
    given.push(announced(9_000, 10_000, Some((24, None))));
    accepted::<Variant>(given.clone(), set_price(7_000, 48), vec![priced(7_000, 48)]);
    given.push(priced(7_000, 48));
    let reduction = after::<Variant>(given.clone()).reduction_at(Currency::Eur, hour(50)).expect("it is announced");
    assert_eq!((reduction.reference, reduction.percentage(euros(7_000))), (euros(10_000), 30));
    // Ended and announced anew, it is no sequence any more.
    given.push(ended(50));
    accepted::<Variant>(given, announce(51, None), vec![announced(7_000, 9_000, Some((51, None)))]);
}

#[test]
fn an_announcement_ends_when_the_price_rises_or_goes() {
    let mut given = at_prices(&[(10_000, 0), (8_000, 24)]);
    given.push(announced(8_000, 10_000, Some((24, Some(60)))));
    accepted::<Variant>(given.clone(), set_price(8_001, 48), vec![priced(8_001, 48), ended(48)]);
    accepted::<Variant>(given.clone(), set_price(8_001, 60), vec![priced(8_001, 60)]);
    let remove = VariantCommand::RemovePrice { currency: Currency::Eur, now: hour(48) };
    let removed = VariantEvent::PriceRemoved { currency: Currency::Eur, at: Some(hour(48)) };
    accepted::<Variant>(given.clone(), remove, vec![removed, ended(48)]);
    let vat_rate = VatRate::ZERO;
    let when = VariantCommand::SetPrice { price: euros(8_000), vat_rate, now: hour(48) };
    let then = VariantEvent::Priced { price: euros(8_000), vat_rate, at: Some(hour(48)) };
    accepted::<Variant>(given, when, vec![then]);
}

#[test]
fn another_rate_at_the_same_price_is_no_new_price() {
    let mut given = at_prices(&[(10_000, 0), (9_000, 24)]);
    given.push(VariantEvent::Priced { price: euros(9_000), vat_rate: VatRate::ZERO, at: Some(hour(48)) });
    accepted::<Variant>(given.clone(), announce(49, None), vec![announced(9_000, 10_000, Some((49, None)))]);
    refused::<Variant>(given, announce(24 + PERIOD, None), not_reduced(9_000, 9_000));
}

#[test]
fn a_price_from_before_times_were_stored_counts_until_the_first_stored_time() {
    let given = |more: &[VariantEvent]| [&[created(), undated(8_000), undated(10_000)], more].concat();
    refused::<Variant>(given(&[]), announce(0, None), not_reduced(10_000, 10_000));
    refused::<Variant>(given(&[priced(9_000, 0)]), announce(1, None), not_reduced(9_000, 8_000));
    let then = vec![announced(7_000, 8_000, Some((1, None)))];
    accepted::<Variant>(given(&[priced(7_000, 0)]), announce(1, None), then);
    let later = [priced(11_000, 0), priced(9_000, PERIOD)];
    accepted::<Variant>(given(&later), announce(PERIOD, None), vec![announced(9_000, 11_000, Some((PERIOD, None)))]);
    let removed = VariantEvent::PriceRemoved { currency: Currency::Eur, at: None };
    refused::<Variant>(given(&[removed, priced(9_000, 5)]), announce(6, None), not_reduced(9_000, 8_000));
}

#[test]
fn a_clock_that_is_turned_back_turns_no_price_back() {
    let given = at_prices(&[(10_000, 0), (9_000, 24)]);
    accepted::<Variant>(given.clone(), set_price(8_000, 3), vec![priced(8_000, 24)]);
    accepted::<Variant>(given, announce(3, None), vec![announced(9_000, 10_000, Some((24, None)))]);
}

#[test]
fn a_percentage_is_of_the_prior_price_and_rounded_down() {
    let reduction = Reduction { reference: euros(10_000), starts_at: hour(0), ends_at: None };
    for (price, percentage) in [(6_667, 33), (9_999, 0), (0, 100), (1, 99), (12_000, 0)] {
        assert_eq!(reduction.percentage(euros(price)), percentage, "{price}");
    }
    let nothing = Reduction { reference: euros(0), starts_at: hour(0), ends_at: None };
    assert_eq!(nothing.percentage(euros(0)), 0);
}

#[test]
fn more_prices_than_are_kept_never_make_the_prior_price_higher() {
    let count = i64::try_from(PAST_PRICES_MAX).expect("a small number") + 20;
    let after_steps = |number: i64| hour(0).plus_seconds(number * 40);
    let rising =
        |number| VariantEvent::Priced { price: euros(number), vat_rate: book_vat(), at: Some(after_steps(number)) };
    let mut given: Vec<VariantEvent> = [created()].into_iter().chain((1..=count).map(rising)).collect();
    let variant: Variant = after(given.clone());
    assert!(serde_json::to_string(&variant).expect("JSON").len() < PAST_PRICES_MAX * 80, "it is bounded");
    // 30 days after the tenth price came, the lowest that counts is the tenth. The first is kept in the place of the oldest.
    let since = hour(PERIOD).plus_seconds(10 * 40);
    given.push(VariantEvent::Priced { price: euros(0), vat_rate: book_vat(), at: Some(since) });
    let when = VariantCommand::AnnounceReduction { currency: Currency::Eur, ends_at: None, now: since };
    let (price, reference) = (euros(0), euros(1));
    let then = VariantEvent::ReductionAnnounced { price, reference, starts_at: since, ends_at: None };
    accepted::<Variant>(given, when, vec![then]);
}

/// Finds the lowest price that was in force in some hour of the 30 days before the last change, by looking at each hour.
fn lowest_before(history: &[(i64, Option<i64>)]) -> Option<i64> {
    let in_force = |at: i64| history.iter().rev().find(|(since, _)| *since <= at).and_then(|(_, price)| *price);
    let last = history.last()?.0;
    (last - PERIOD..last).filter_map(in_force).min()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_prior_price_is_the_lowest_of_every_hour_of_the_thirty_days(
        steps in prop::collection::vec((1_i64..400, prop::option::weighted(0.9, 1_i64..30)), 1..60),
        now in 0_i64..PERIOD,
    ) {
        // A price that is set again goes on: only where it changes does an hour begin that something ends in.
        let (mut at, mut history) = (0, Vec::<(i64, Option<i64>)>::new());
        for (hours, price) in steps {
            at += hours;
            if history.last().map(|last| last.1) != Some(price) {
                history.push((at, price));
            }
        }
        let mut variant: Variant = after(vec![created()]);
        for (at, price) in &history {
            let command = match price {
                Some(minor) => set_price(*minor, *at),
                None => VariantCommand::RemovePrice { currency: Currency::Eur, now: hour(*at) },
            };
            variant.decide(&command).expect("a price").iter().for_each(|event| variant.evolve(event));
        }
        let (since, price) = *history.last().expect("a step");
        let decided = variant.decide(&announce(since + now, None));
        let currency = Currency::Eur;
        prop_assert_eq!(decided, match (price, lowest_before(&history)) {
            (None, _) => Err(CatalogError::NoPrice { currency }),
            (Some(_), None) => Err(CatalogError::NoPriorPrice { currency }),
            (Some(price), Some(lowest)) if price < lowest => {
                Ok(vec![announced(price, lowest, Some((since + now, None)))])
            }
            (Some(price), Some(lowest)) => Err(not_reduced(price, lowest)),
        });
    }
}
