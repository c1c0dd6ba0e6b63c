//! Days of the calendar. Which day a moment falls on depends on where one is: that comes in from outside the domain.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidValue;
use super::calendar::{civil_from_days, days_from_civil};

const ALLOWED: &str = "a day of the years 1900 to 9999 as ISO 8601 writes it, such as 2026-11-23";
const YEARS: std::ops::RangeInclusive<u16> = 1_900..=9_999;

/// A day of the Gregorian calendar, written as ISO 8601 does: `2026-11-23`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// Accepts a day that exists.
    ///
    /// # Errors
    /// [`InvalidValue`] for any other.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, InvalidValue> {
        let is_there = YEARS.contains(&year) && exists(year, month, day);
        let invalid = || InvalidValue::new("date", &format!("{year}-{month}-{day}"), ALLOWED);
        is_there.then_some(Self { year, month, day }).ok_or_else(invalid)
    }

    /// Returns the year, 1900 to 9999.
    pub const fn year(self) -> u16 {
        self.year
    }
}

/// Returns whether the calendar has such a day: counted and read again, any other comes back as its neighbour.
fn exists(year: u16, month: u8, day: u8) -> bool {
    let asked = (i64::from(year), i64::from(month), i64::from(day));
    civil_from_days(days_from_civil(asked.0, asked.1, asked.2)) == asked
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let read = || {
            let mut parts = text.split('-');
            let date = Self::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            // Only one way to write each day.
            date.ok().filter(|date| date.to_string() == text)
        };
        read().ok_or_else(|| InvalidValue::new("date", text, ALLOWED))
    }
}

from_text!(Date);

impl From<Date> for String {
    fn from(date: Date) -> String {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist_are_dates() {
        for text in ["2026-11-23", "2024-02-29", "2000-02-29", "1900-01-01", "9999-12-31"] {
            assert_eq!(text.parse::<Date>().expect(text).to_string(), text);
        }
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-01-00",
            "2026-255-255",
            "2026-1-1",
            "2026-11-23-1",
            "+2026-01-01",
            "",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn days_are_ordered_as_they_come() {
        let days = ["2025-12-31", "2026-01-01", "2026-02-01"].map(|text| text.parse::<Date>().expect(text));
        assert!(days.is_sorted());
    }
}
