//! Scalars: positions of the log, safe integers, decimals, moments, JSON.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use domain::values::Timestamp;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// The largest integer that a double holds exactly: 2^53 − 1.
const SAFE_INTEGER_MAX: i64 = (1 << 53) - 1;
/// Digits of the largest position in base 36.
const POSITION_DIGITS: usize = 13;
const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const MICROSECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// An opaque, ordered place in the event log: texts of positions compare as the positions do. Never parse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u64);

impl Position {
    /// Writes it as clients see it.
    pub fn text(self) -> String {
        let mut digits = [b'0'; POSITION_DIGITS + 1];
        digits[0] = b'p';
        let mut rest = self.0;
        for digit in digits[1..].iter_mut().rev() {
            // The remainder is below 36.
            *digit = BASE36[(rest % 36) as usize];
            rest /= 36;
        }
        digits.iter().map(|byte| char::from(*byte)).collect()
    }

    /// Reads what [`Position::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('p').filter(|digits| digits.len() == POSITION_DIGITS)?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
        if !digits.bytes().all(is_digit) {
            return None;
        }
        u64::from_str_radix(digits, 36).ok().map(Position)
    }
}

impl From<Position> for app::as_of::Position {
    fn from(position: Position) -> Self {
        Self(position.0)
    }
}

/// An opaque, ordered token of the event log. Texts compare as positions do; never parse one.
#[Scalar]
impl ScalarType for Position {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                Position::parse(text).ok_or_else(|| InputValueError::custom("it is not a position of this shop"))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.text())
    }
}

/// A whole number that every client can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SafeInt(pub i64);

/// A whole number of at most 2^53 − 1 in size, which a double holds exactly.
#[Scalar]
impl ScalarType for SafeInt {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::Number(number) => number
                .as_i64()
                .filter(|number| (-SAFE_INTEGER_MAX..=SAFE_INTEGER_MAX).contains(number))
                .map(SafeInt)
                .ok_or_else(|| InputValueError::custom("it is not a whole number of at most 9007199254740991 in size")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// An exact decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(pub rust_decimal::Decimal);

impl Decimal {
    /// Reads digits with at most one point between them and a minus before them: nothing that a slip of the finger would
    /// make of an amount, such as `1_50`, `.5` or `+5`.
    fn read(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_plain =
            [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        rust_decimal::Decimal::from_str_exact(text).ok().filter(|_| is_plain).map(Self)
    }
}

/// An exact decimal as a string, such as `"12.50"`; never a float.
#[Scalar]
impl ScalarType for Decimal {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => {
                Self::read(text).ok_or_else(|| InputValueError::custom("it is not a decimal such as \"12.50\""))
            }
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

/// A moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime(pub Timestamp);

impl DateTime {
    fn text(self) -> Option<String> {
        let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0.micros()) * 1_000).ok()?;
        moment.format(MICROSECONDS).ok()
    }

    /// Reads a moment as RFC 3339 writes it.
    pub fn read(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let micros = i64::try_from(moment.unix_timestamp_nanos() / 1_000).ok()?;
        Some(Self(Timestamp::from_micros(micros)))
    }
}

impl From<Timestamp> for DateTime {
    fn from(moment: Timestamp) -> Self {
        Self(moment)
    }
}

/// A moment in UTC, RFC 3339 with microseconds, such as `2026-11-22T13:08:38.000000Z`.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        match &value {
            Value::String(text) => DateTime::read(text)
                .ok_or_else(|| InputValueError::custom("it is not a moment such as \"2026-11-22T13:08:38Z\"")),
            _ => Err(InputValueError::expected_type(value)),
        }
    }

    fn to_value(&self) -> Value {
        self.text().map_or(Value::Null, Value::String)
    }
}

/// A day, as `YYYY-MM-DD`: texts compare as days do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub String);

/// A day, such as `2026-11-22` (RFC 3339, full-date).
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) if text.len() == 10 && time::Date::parse(&text, DAY).is_ok() => Ok(Date(text)),
            Value::String(_) => Err(InputValueError::custom("it is not a day such as \"2026-11-22\"")),
            other => Err(InputValueError::expected_type(other)),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

/// Any JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Json(pub Value);

/// Any JSON value.
#[Scalar(name = "JSON")]
impl ScalarType for Json {
    fn parse(value: Value) -> InputValueResult<Self> {
        Ok(Json(value))
    }

    fn to_value(&self) -> Value {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_survive_text_and_sort_as_numbers_do() {
        let numbers = [0, 1, 9, 10, 35, 36, 1_000_000, u64::MAX];
        let texts: Vec<String> = numbers.iter().map(|number| Position(*number).text()).collect();
        assert!(texts.is_sorted());
        for (number, text) in numbers.iter().zip(&texts) {
            assert_eq!(Position::parse(text), Some(Position(*number)), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_position_is_refused() {
        for text in
            ["", "p", "p1", "0000000000000", "pzzzzzzzzzzzzz", "p+000000000001", "p00000000000é", "P0000000000001"]
        {
            assert_eq!(Position::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_moment_has_six_digits_of_a_second_and_survives_text() {
        let moment = DateTime(Timestamp::from_micros(1_795_352_918_000_007));
        let text = moment.text().expect("in range");
        assert!(text.ends_with(".000007Z"), "{text}");
        assert_eq!(DateTime::read(&text), Some(moment));
        assert_eq!(DateTime::read("1970-01-01T01:00:00+01:00"), Some(DateTime(Timestamp::from_micros(0))));
        assert_eq!(DateTime::read("yesterday"), None);
    }

    #[test]
    fn only_a_day_of_the_calendar_is_a_day() {
        for (text, valid) in [("2026-02-28", true), ("2026-02-29", false), ("2026-2-28", false), ("", false)] {
            assert_eq!(<Date as ScalarType>::parse(Value::from(text)).is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn a_float_and_an_unsafe_integer_are_refused() {
        assert!(<SafeInt as ScalarType>::parse(Value::from(SAFE_INTEGER_MAX)).is_ok());
        assert!(<SafeInt as ScalarType>::parse(Value::from(SAFE_INTEGER_MAX + 1)).is_err());
        assert!(<SafeInt as ScalarType>::parse(Value::from(1.5)).is_err());
        assert!(<Decimal as ScalarType>::parse(Value::from(1.5)).is_err());
        for text in ["12.50", "0", "-0.5", "007"] {
            assert!(<Decimal as ScalarType>::parse(Value::from(text)).is_ok(), "{text}");
        }
        for text in ["", "1_50", "9_", ".5", "5.", "+5", "1,5", " 1", "1e3", "--1", "1.2.3", "٣"] {
            assert!(<Decimal as ScalarType>::parse(Value::from(text)).is_err(), "{text}");
        }
    }
}
