//! Days in UTC.

use domain::values::civil_from_days;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Returns the day of a moment as `YYYY-MM-DD`.
pub(crate) fn day_of(micros: i64) -> String {
    let (year, month, day) = civil_from_days(micros.div_euclid(MICROS_PER_DAY));
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
