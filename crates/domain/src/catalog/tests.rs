//! Given, when, then for the catalogue: what the tests share, and what holds for all of its events.

mod category;
mod product;
mod properties;
mod reductions;
mod slug;
mod variant;

use std::collections::{BTreeMap, BTreeSet};

use cqrs_es::test::TestFramework;
use cqrs_es::{Aggregate, DomainEvent};
use uuid::Uuid;

use super::*;
use crate::decider::Refusal;
use crate::values::{CategoryId, Currency, Locale, Localized, Money, ProductId, ShortText, Timestamp, VatRate};

fn product_id(number: u128) -> ProductId {
    ProductId::from_uuid(Uuid::from_u128(number))
}

fn category_id(number: u128) -> CategoryId {
    CategoryId::from_uuid(Uuid::from_u128(number))
}

fn french(text: &str) -> Localized {
    Localized::new(text, None)
}

fn both(french: &str, english: &str) -> Localized {
    Localized::new(french, Some(english.to_owned()))
}

fn letters(count: usize) -> String {
    "é".repeat(count)
}

fn author() -> ShortText {
    "Colette".parse().expect("a short text")
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::Eur)
}

/// A moment, in hours.
fn hour(hours: i64) -> Timestamp {
    Timestamp::from_micros(0).plus_seconds(hours * 60 * 60)
}

fn book_vat() -> VatRate {
    "0.055".parse().expect("the rate of books in France")
}

fn accepted<A>(given: Vec<A::Event>, when: A::Command, then: Vec<A::Event>)
where
    A: Aggregate<Services = ()>,
{
    TestFramework::<A>::with(()).given(given).when(when).then_expect_events(then);
}

fn refused<A>(given: Vec<A::Event>, when: A::Command, then: CatalogError)
where
    A: Aggregate<Services = (), Error = CatalogError>,
{
    TestFramework::<A>::with(()).given(given).when(when).then_expect_error(then);
}

/// Expects a refusal for being out of bounds, by the name of the field.
fn invalid<A>(given: Vec<A::Event>, when: A::Command, field: &str)
where
    A: Aggregate<Services = (), Error = CatalogError>,
{
    match TestFramework::<A>::with(()).given(given).when(when).inspect_result() {
        Err(CatalogError::Invalid { field: found, .. }) => assert_eq!(found, field),
        other => panic!("{field} was to be refused, not {other:?}"),
    }
}

fn after<D: Aggregate>(events: Vec<D::Event>) -> D {
    let mut aggregate = D::default();
    for event in events {
        aggregate.apply(event);
    }
    aggregate
}

/// Checks that serde stores an event under its type, alone, and reads it back; returns that name.
fn stored_name<E: DomainEvent>(event: &E) -> String {
    let json = serde_json::to_value(event).expect("an event is JSON");
    assert_eq!(&serde_json::from_value::<E>(json.clone()).expect("its own JSON"), event);
    let object = json.as_object().expect("an event is a JSON object");
    assert_eq!(object.keys().collect::<Vec<_>>(), [&event.event_type()]);
    assert_eq!(event.event_version(), "1");
    event.event_type()
}

#[test]
fn every_event_is_stored_under_its_type_and_reads_back() {
    let mut names = BTreeSet::new();
    names.extend(product::every_event().iter().map(stored_name));
    names.extend(variant::every_event().iter().map(stored_name));
    names.extend(category::every_event().iter().map(stored_name));
    assert_eq!(names.len(), 18);
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let refusals = [
        CatalogError::AlreadyExists { what: "product" },
        CatalogError::Unknown { what: "product" },
        CatalogError::Invalid { field: "slug", rule: "short" },
        CatalogError::NotPublishable { missing: "a name" },
        CatalogError::Cycle,
        CatalogError::NoPrice { currency: Currency::Eur },
        CatalogError::Discontinued,
        CatalogError::NotReduced { price: euros(9), reference: euros(8) },
        CatalogError::NoPriorPrice { currency: Currency::Eur },
    ];
    let codes: BTreeSet<&str> = refusals.iter().map(Refusal::code).collect();
    assert_eq!(codes.len(), refusals.len());
}
