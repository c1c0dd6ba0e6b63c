//! Every repeat: a command that arrives twice has one effect.

use super::*;

#[test]
fn a_repeated_reservation_changes_nothing() {
    accepted(vec![received(9), reserved(4)], reserve(4), vec![]);
    accepted(vec![received(9), reserved(4), allocated(4)], reserve(4), vec![]);
}

#[test]
fn a_repeated_reservation_of_the_last_unit_changes_nothing() {
    accepted(vec![received(4), reserved(4)], reserve(4), vec![]);
}

#[test]
fn a_repeated_or_older_extension_changes_nothing() {
    for micros in [99, 100] {
        accepted(vec![received(9), reserved(4)], extend(micros), vec![]);
    }
}

#[test]
fn a_repeated_release_changes_nothing() {
    accepted(vec![received(9), reserved(4), released(4)], release(), vec![]);
    accepted(vec![received(9), reserved(4), expired(4)], release(), vec![]);
    accepted(vec![received(9), reserved(4), allocated(4), allocation_released(4)], release(), vec![]);
    accepted(vec![barred()], release(), vec![]);
}

#[test]
fn a_repeated_expiry_changes_nothing() {
    accepted(vec![received(9), reserved(4), expired(4)], expire(100), vec![]);
}

#[test]
fn an_expiry_of_what_was_sold_released_or_never_made_changes_nothing() {
    accepted(vec![received(9), reserved(4), allocated(4)], expire(100), vec![]);
    accepted(vec![received(9), reserved(4), released(4)], expire(100), vec![]);
    accepted(vec![], expire(100), vec![]);
}

#[test]
fn a_repeated_sale_changes_nothing_even_after_its_units_left() {
    accepted(vec![received(9), reserved(4), allocated(4)], allocate(), vec![]);
    accepted(vec![received(9), reserved(4), allocated(4), dispatched(4)], allocate(), vec![]);
}

#[test]
fn a_repeated_release_of_a_sale_changes_nothing() {
    let given = vec![received(9), reserved(4), allocated(4), allocation_released(4)];
    accepted(given, release_allocation(), vec![]);
}

#[test]
fn a_repeated_dispatch_changes_nothing() {
    accepted(vec![received(9), reserved(4), allocated(4), dispatched(4)], dispatch(), vec![]);
}

#[test]
fn a_repeated_restock_changes_nothing() {
    accepted(vec![received(9), restocked(1)], restock(1), vec![]);
}
