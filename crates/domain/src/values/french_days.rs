//! The days of French law: where they begin, and which of them are worked.
//!
//! Clocks in Paris are an hour before UTC, and two from the
//! last Sunday of March to the last Sunday of October, each at 01:00 UTC (directive 2000/84/EC, articles 2 and 3).

use super::Timestamp;
use super::calendar::{civil_from_days, days_from_civil};

const SECONDS_PER_HOUR: i64 = 3_600;
const SECONDS_PER_DAY: i64 = 24 * SECONDS_PER_HOUR;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A day in Paris.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrenchDay(i64);

impl FrenchDay {
    /// Returns the day on which a moment falls in Paris.
    pub fn of(moment: Timestamp) -> Self {
        let seconds = moment.micros().div_euclid(MICROS_PER_SECOND);
        Self((seconds + offset_seconds(seconds)).div_euclid(SECONDS_PER_DAY))
    }

    /// Returns the day so many days later.
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0 + days)
    }

    /// Returns its first moment.
    pub fn begins_at(self) -> Timestamp {
        let midnight = self.0 * SECONDS_PER_DAY;
        // Clocks change at night after midnight, so that midnight has the offset of the evening before.
        let offset = offset_seconds(midnight - 2 * SECONDS_PER_HOUR);
        Timestamp::from_micros((midnight - offset) * MICROS_PER_SECOND)
    }

    /// Returns whether it is worked: no Saturday, no Sunday and none of the holidays of the Code du travail, article L3133-1
    /// (<https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000033020884>). Those of Alsace and Moselle alone are worked.
    pub fn is_worked(self) -> bool {
        // 1970-01-01 was a Thursday: 0 is Monday.
        (self.0 + 3).rem_euclid(7) < 5 && !self.is_holiday()
    }

    fn is_holiday(self) -> bool {
        let (year, month, day) = civil_from_days(self.0);
        let fixed = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
        let (easter_month, easter_day) = easter_sunday(year);
        let since_easter = self.0 - days_from_civil(year, easter_month, easter_day);
        // Easter Monday, the Ascension, Whit Monday.
        fixed.contains(&(month, day)) || [1, 39, 50].contains(&since_easter)
    }
}

/// Returns a moment as a clock in Paris shows it, as ISO 8601 writes it: `2026-11-23T23:59:00+01:00`.
pub fn paris_time(moment: Timestamp) -> String {
    let seconds = moment.micros().div_euclid(MICROS_PER_SECOND);
    let offset = offset_seconds(seconds);
    let local = seconds + offset;
    let (year, month, day) = civil_from_days(local.div_euclid(SECONDS_PER_DAY));
    let of_day = local.rem_euclid(SECONDS_PER_DAY);
    let (hour, minute, second) = (of_day / SECONDS_PER_HOUR, of_day / 60 % 60, of_day % 60);
    let ahead = offset / SECONDS_PER_HOUR;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+{ahead:02}:00")
}

/// Returns how far clocks in Paris are before UTC at a moment in seconds since 1970.
fn offset_seconds(seconds: i64) -> i64 {
    let (year, _, _) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let change = |month| last_sunday(year, month) * SECONDS_PER_DAY + SECONDS_PER_HOUR;
    let hours = if (change(3)..change(10)).contains(&seconds) { 2 } else { 1 };
    hours * SECONDS_PER_HOUR
}

/// Returns the last Sunday of a month that has 31 days.
fn last_sunday(year: i64, month: i64) -> i64 {
    let last = days_from_civil(year, month, 31);
    last - (last + 4).rem_euclid(7)
}

/// Returns the month and day of Easter Sunday: the anonymous Gregorian computus, as Jean Meeus gives it in *Astronomical
/// Algorithms* (1991), chapter 8.
fn easter_sunday(year: i64) -> (i64, i64) {
    let (golden, century, of_century) = (year % 19, year / 100, year % 100);
    let correction = (century + 8) / 25;
    let lunar = (century - correction + 1) / 3;
    let epact = (19 * golden + century - century / 4 - lunar + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (of_century / 4) - epact - of_century % 4) % 7;
    let shift = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * shift + 114;
    (sum / 31, sum % 31 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(year: i64, month: i64, day: i64, seconds: i64) -> Timestamp {
        Timestamp::from_micros((days_from_civil(year, month, day) * SECONDS_PER_DAY + seconds) * MICROS_PER_SECOND)
    }

    fn day(year: i64, month: i64, day: i64) -> FrenchDay {
        FrenchDay(days_from_civil(year, month, day))
    }

    #[test]
    fn clocks_in_paris_are_before_utc_by_an_hour_and_by_two_in_summer() {
        for (utc, shown) in [
            (moment(2026, 11, 23, 82_740), "2026-11-23T23:59:00+01:00"),
            (moment(2026, 3, 29, 3_599), "2026-03-29T01:59:59+01:00"),
            (moment(2026, 3, 29, 3_600), "2026-03-29T03:00:00+02:00"),
            (moment(2026, 10, 25, 3_599), "2026-10-25T02:59:59+02:00"),
            (moment(2026, 10, 25, 3_600), "2026-10-25T02:00:00+01:00"),
            (moment(2026, 12, 31, 82_800), "2027-01-01T00:00:00+01:00"),
        ] {
            assert_eq!(paris_time(utc), shown);
        }
    }

    #[test]
    fn each_day_begins_where_the_one_before_ends() {
        for days in 0..800 {
            let day = day(2026, 1, 1).plus_days(days);
            let begins_at = day.begins_at();
            assert_eq!(FrenchDay::of(begins_at), day);
            assert_eq!(FrenchDay::of(Timestamp::from_micros(begins_at.micros() - 1)), day.plus_days(-1));
            assert!(paris_time(begins_at).contains("T00:00:00"));
        }
    }

    #[test]
    fn weekends_and_the_eleven_holidays_are_not_worked() {
        let easter: Vec<_> = [1961, 2000, 2024, 2025, 2026, 2038].map(easter_sunday).into();
        assert_eq!(easter, [(4, 2), (4, 23), (3, 31), (4, 20), (4, 5), (4, 25)]);
        let off = [(1, 1), (4, 6), (5, 1), (5, 8), (5, 14), (5, 25), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
        let holidays: Vec<_> =
            (0..365).map(|days| day(2026, 1, 1).plus_days(days)).filter(|day| day.is_holiday()).collect();
        assert_eq!(holidays, off.map(|(month, of_month)| day(2026, month, of_month)));
        for (date, is_worked) in [
            (day(2026, 11, 20), true),
            (day(2026, 11, 21), false),
            (day(2026, 11, 22), false),
            (day(2026, 11, 23), true),
        ] {
            assert_eq!(date.is_worked(), is_worked, "{date:?}");
        }
    }
}
