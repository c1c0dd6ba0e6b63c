//! The numbers of a series.

use super::*;

const NOON: Timestamp = Timestamp::from_micros(1_000_000);

fn given_series(events: impl IntoIterator<Item = SeriesEvent>) -> AggregateTestExecutor<Series> {
    TestFramework::with(()).given(events.into_iter().collect())
}

fn order() -> OrderId {
    OrderId::from_uuid(Uuid::from_u128(5))
}

fn invoices() -> SeriesId {
    SeriesId::new(DocumentKind::Invoice, 2026)
}

fn take(date: &str, at: Timestamp) -> SeriesCommand {
    let (document, total) = (invoice_one(), eur(3_555));
    SeriesCommand::TakeNumber { series: invoices(), order: order(), document, total, date: day(date), at }
}

fn taken(text: &str, date: &str, issued_at: Timestamp) -> SeriesEvent {
    let (number, date, document) = (number(text), day(date), invoice_one());
    SeriesEvent::NumberTaken { number, order: order(), document, total: eur(3_555), date, issued_at }
}

#[test]
fn numbers_follow_each_other_from_one() {
    given_series([]).when(take("2026-01-01", NOON)).then_expect_events(vec![taken("F2026-000001", "2026-01-01", NOON)]);
    given_series([taken("F2026-000041", "2026-03-01", NOON)])
        .when(take("2026-03-02", NOON))
        .then_expect_events(vec![taken("F2026-000042", "2026-03-02", NOON)]);
    given_series([taken("F2026-999999", "2026-03-01", NOON)])
        .when(take("2026-03-02", NOON))
        .then_expect_events(vec![taken("F2026-1000000", "2026-03-02", NOON)]);
}

#[test]
fn a_number_never_bears_an_earlier_day_than_the_one_before() {
    let (early, late) = (Timestamp::from_micros(5), Timestamp::from_micros(7));
    given_series([taken("F2026-000001", "2026-03-02", late)])
        .when(take("2026-03-01", early))
        .then_expect_events(vec![taken("F2026-000002", "2026-03-02", late)]);
}

#[test]
fn a_series_knows_its_last_number_its_day_and_its_moment() {
    let mut series = Series::default();
    assert_eq!((series.last(), series.last_date(), series.last_issued_at()), (None, None, None));
    for event in [taken("F2026-000001", "2026-03-01", NOON), taken("F2026-000002", "2026-03-02", NOON)] {
        series.evolve(&event);
    }
    let last = (series.last(), series.last_date(), series.last_issued_at());
    assert_eq!(last, (Some(number("F2026-000002")), Some(day("2026-03-02")), Some(NOON)));
}

#[test]
fn a_number_of_another_kind_or_year_is_refused() {
    given_series([]).when(take("2027-01-01", NOON)).then_expect_error(InvoicingError::SeriesDiffers);
    let SeriesCommand::TakeNumber { series, order, total, date, at, .. } = take("2026-03-01", NOON);
    let document = Document::CreditNote("return-1".to_owned());
    let credit_note = SeriesCommand::TakeNumber { series, order, document, total, date, at };
    given_series([]).when(credit_note).then_expect_error(InvoicingError::SeriesDiffers);
    given_series([taken("F2025-000001", "2025-03-02", NOON)])
        .when(take("2026-03-01", NOON))
        .then_expect_error(InvoicingError::SeriesDiffers);
}

#[test]
fn a_series_ends_at_its_last_number() {
    let last = format!("F2026-{NUMBERS_MAX}");
    given_series([taken(&last, "2026-03-01", NOON)])
        .when(take("2026-03-01", NOON))
        .then_expect_error(InvoicingError::SeriesFull { last: number(&last) });
}

#[test]
fn a_number_has_one_way_to_be_written() {
    for text in ["F2026-000001", "A0999-000042", "F2026-1234567"] {
        assert_eq!(number(text).to_string(), text);
        assert_eq!(serde_json::to_value(number(text)).expect("a number is JSON"), text, "as it is stored");
    }
    for text in [
        "",
        "F2026",
        "F2026-0",
        "F2026-000000",
        "F2026-1",
        "X2026-000001",
        "F26-000001",
        "F2026-0000001",
        "F2026-+00001",
    ] {
        assert!(text.parse::<DocumentNumber>().is_err(), "{text}");
    }
}
