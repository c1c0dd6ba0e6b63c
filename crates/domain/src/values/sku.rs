//! What is stocked and where.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidValue;

const SKU_ALLOWED: &str = "1 to 64 letters, digits, dots, dashes or underscores";
const LOCATION_ALLOWED: &str = "1 to 32 lower-case letters, digits or dashes";

/// A stock keeping unit: what a variant is called on shelves and on invoices.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sku(String);

/// A warehouse or shop that holds stock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocationId(String);

impl Sku {
    /// Returns the SKU as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LocationId {
    /// Returns the location as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sku {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let valid = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
        valid.then(|| Self(text.to_owned())).ok_or_else(|| InvalidValue::new("sku", text, SKU_ALLOWED))
    }
}

impl FromStr for LocationId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let valid = (1..=32).contains(&text.len()) && text.bytes().all(allowed);
        valid.then(|| Self(text.to_owned())).ok_or_else(|| InvalidValue::new("location", text, LOCATION_ALLOWED))
    }
}

from_text!(Sku);

impl From<Sku> for String {
    fn from(sku: Sku) -> String {
        sku.0
    }
}

from_text!(LocationId);

impl From<LocationId> for String {
    fn from(location: LocationId) -> String {
        location.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for LocationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let sku: Sku = "LIV-1".parse().expect("a SKU");
        let location: LocationId = "paris-2".parse().expect("a location");
        assert_eq!((sku.as_str(), location.as_str()), ("LIV-1", "paris-2"));
    }
}
