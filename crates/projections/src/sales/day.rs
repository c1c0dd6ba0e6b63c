//! Days in UTC.

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Returns the day of a moment as `YYYY-MM-DD`. The arithmetic is `civil_from_days` of Howard Hinnant's
/// <https://howardhinnant.github.io/date_algorithms.html>, in the proleptic Gregorian calendar.
pub(super) fn day_of(micros: i64) -> String {
    let days = micros.div_euclid(MICROS_PER_DAY) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::day_of;

    #[test]
    fn a_moment_belongs_to_its_day_in_utc() {
        assert_eq!(day_of(0), "1970-01-01");
        assert_eq!(day_of(-1), "1969-12-31");
        assert_eq!(day_of(951_782_400_000_000), "2000-02-29");
        assert_eq!(day_of(1_767_225_599_999_999), "2025-12-31");
        assert_eq!(day_of(1_767_225_600_000_000), "2026-01-01");
    }
}
