//! Where the shop is: which day, and which year, a moment belongs to.

use std::str::FromStr;

use domain::values::{Date, InvalidValue, Timestamp};
use jiff::tz::TimeZone;

use crate::error::AppError;

/// A time zone of the IANA database, such as `Europe/Paris`; the database comes with the binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Returns the day that a moment falls on.
    ///
    /// # Errors
    /// [`AppError::Broken`] for a moment outside the years 1900 to 9999.
    pub fn date_of(&self, at: Timestamp) -> Result<Date, AppError> {
        let moment = jiff::Timestamp::from_microsecond(at.micros()).map_err(AppError::broken)?;
        let day = moment.to_zoned(self.0.clone()).date();
        let year = u16::try_from(day.year()).map_err(AppError::broken)?;
        let (month, day) = (day.month().unsigned_abs(), day.day().unsigned_abs());
        Date::new(year, month, day).map_err(AppError::broken)
    }
}

impl FromStr for Zone {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let invalid = |_| InvalidValue::new("time zone", text, "a name of the IANA database, such as Europe/Paris");
        TimeZone::get(text).map(Self).map_err(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 31 December 2026, 22:59:59 and 23:00:00 UTC: in winter Paris is an hour ahead.
    const LAST_SECOND: i64 = 1_798_757_999_000_000;

    #[test]
    fn the_year_ends_where_the_shop_is() {
        let paris: Zone = "Europe/Paris".parse().expect("a zone");
        let utc: Zone = "UTC".parse().expect("a zone");
        let (before, after) = (Timestamp::from_micros(LAST_SECOND), Timestamp::from_micros(LAST_SECOND + 1_000_000));
        let day = |zone: &Zone, at| zone.date_of(at).expect("a day").to_string();
        assert_eq!((day(&paris, before), day(&utc, before)), ("2026-12-31".to_owned(), "2026-12-31".to_owned()));
        assert_eq!((day(&paris, after), day(&utc, after)), ("2027-01-01".to_owned(), "2026-12-31".to_owned()));
    }

    #[test]
    fn a_zone_of_no_place_is_refused() {
        assert!("Europe/Comptoir".parse::<Zone>().is_err());
    }
}
