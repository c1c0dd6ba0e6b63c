//! How many units.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// A count of whole units, 1 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Quantity(u32);

impl Quantity {
    /// The most units one line, receipt or movement may have.
    pub const MAX: u32 = 1_000_000;

    /// Accepts a count of units.
    ///
    /// # Errors
    /// [`InvalidValue`] below 1 or above [`Quantity::MAX`].
    pub fn new(units: i64) -> Result<Self, InvalidValue> {
        u32::try_from(units)
            .ok()
            .filter(|units| (1..=Self::MAX).contains(units))
            .map(Self)
            .ok_or_else(|| InvalidValue::new("quantity", &units.to_string(), "a whole number from 1 to 1000000"))
    }

    /// Returns the count.
    pub const fn units(self) -> i64 {
        self.0 as i64
    }
}

impl TryFrom<i64> for Quantity {
    type Error = InvalidValue;

    fn try_from(units: i64) -> Result<Self, InvalidValue> {
        Self::new(units)
    }
}

impl From<Quantity> for i64 {
    fn from(quantity: Quantity) -> i64 {
        quantity.units()
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_to_a_million_is_a_quantity() {
        for (units, valid) in
            [(-1, false), (0, false), (1, true), (1_000_000, true), (1_000_001, false), (1_000_000_000, false)]
        {
            assert_eq!(Quantity::new(units).is_ok(), valid, "{units}");
        }
    }
}
