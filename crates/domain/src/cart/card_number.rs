//! Guards against card numbers where a token is expected: none may enter the log.

use std::mem;

use crate::values::ShortText;

const DIGITS_MIN: usize = 12;
const DIGITS_MAX: usize = 19;

/// Says whether a text holds 12 to 19 digits in a row, grouped by spaces or dashes or not, that pass the check of card
/// numbers (ISO/IEC 7812-1, the Luhn formula). Groups are also tried without their neighbours, so that an expiry date
/// or a security code next to the number does not hide it.
pub(super) fn holds_card_number(text: &ShortText) -> bool {
    runs(text.as_str()).iter().any(|groups| (0..groups.len()).any(|start| starts_with_card_number(&groups[start..])))
}

/// Splits a text into runs of digits that only spaces and dashes interrupt, and each run into its groups.
fn runs(text: &str) -> Vec<Vec<Vec<u32>>> {
    let (mut runs, mut run, mut group) = (vec![], vec![], vec![]);
    for letter in text.chars() {
        if let Some(digit) = letter.to_digit(10) {
            group.push(digit);
            continue;
        }
        run.push(mem::take(&mut group));
        if !is_separator(letter) {
            runs.push(mem::take(&mut run));
        }
    }
    run.push(group);
    runs.push(run);
    runs
}

fn is_separator(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}')
}

fn starts_with_card_number(groups: &[Vec<u32>]) -> bool {
    let mut digits: Vec<u32> = Vec::with_capacity(DIGITS_MAX);
    for group in groups {
        digits.extend(group);
        if digits.len() > DIGITS_MAX {
            return false;
        }
        if digits.len() >= DIGITS_MIN && passes_luhn(&digits) {
            return true;
        }
    }
    false
}

/// Every second digit from the right but one counts double, digit by digit; the sum must be a multiple of ten.
fn passes_luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10)
}
