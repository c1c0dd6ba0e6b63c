//! Languages the shop speaks, and texts in them.

use serde::{Deserialize, Serialize};

/// A language of the shop. French comes first: it is the first market's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Locale {
    /// French.
    #[default]
    Fr,
    /// English.
    En,
}

/// A text in French, the fallback, and in English where there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Localized {
    fr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    en: Option<String>,
}

impl Localized {
    /// Pairs a French text with an English one.
    pub fn new(fr: impl Into<String>, en: Option<String>) -> Self {
        Self { fr: fr.into(), en }
    }

    /// Returns the text in a language, or in French where that language has none.
    pub fn get(&self, locale: Locale) -> &str {
        match (locale, &self.en) {
            (Locale::En, Some(en)) => en,
            (Locale::En, None) | (Locale::Fr, _) => &self.fr,
        }
    }

    /// Returns the English text, if there is one.
    pub fn english(&self) -> Option<&str> {
        self.en.as_deref()
    }
}
