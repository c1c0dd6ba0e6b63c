//! Texts a person typed: trimmed, not empty, bounded.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// A text of 1 to 500 characters without control characters: a reason, a reference, a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShortText(String);

impl ShortText {
    /// The most characters.
    pub const CHARACTERS_MAX: usize = 500;

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShortText {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let text = text.trim();
        let count = text.chars().count();
        let valid = (1..=Self::CHARACTERS_MAX).contains(&count) && !text.chars().any(char::is_control);
        valid
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| InvalidValue::new("text", text, "1 to 500 characters, none of them a control character"))
    }
}

from_text!(ShortText);

impl From<ShortText> for String {
    fn from(text: ShortText) -> String {
        text.0
    }
}

impl fmt::Display for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
