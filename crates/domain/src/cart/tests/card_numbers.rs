//! The guard against card numbers. The numbers are the published test numbers of the card schemes.

use super::*;

#[test]
fn a_card_number_is_refused_however_it_is_written() {
    for method in [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242\u{a0}4242\u{2013}4242 -4242",
        "card 378282246310005!",
        "tok_5555555555554444x",
        "4242 4242 4242 4242 12/30 123",
        "12 30 4242 4242 4242 4242",
    ] {
        refused(vec![opened()], choose_payment_method(method), CartError::CardNumber);
    }
}

#[test]
fn a_number_counts_from_twelve_to_nineteen_digits() {
    // Zeros pass the check whatever their number.
    for (count, is_card) in [(11, false), (12, true), (19, true), (20, false)] {
        let method = "0".repeat(count);
        let then = CartEvent::PaymentMethodChosen { method: text(&method) };
        let expected = if is_card { Err(CartError::CardNumber) } else { Ok(vec![then]) };
        assert_eq!(cart_after(&[opened()]).decide(&choose_payment_method(&method)), expected, "{count}");
    }
}

#[test]
fn a_token_is_accepted() {
    for method in [
        "pm_1NqLqL2eZvKYlo2C",
        "4242424242424241",
        "4242_4242_4242_4242",
        "42424242x42424242",
        "tok_visa",
        "550e8400-e29b-41d4-a716-446655440002",
    ] {
        let then = CartEvent::PaymentMethodChosen { method: text(method) };
        accepted(vec![opened()], choose_payment_method(method), vec![then]);
    }
}
