//! Texts in the shop's languages.

use async_graphql::{Enum, InputObject, SimpleObject};
use domain::values::Localized;

/// A language of the shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::values::Locale", name = "Locale")]
pub enum LocaleCode {
    /// French.
    Fr,
    /// English.
    En,
}

impl LocaleCode {
    /// Returns the language as read models hold it.
    pub(crate) fn stored_name(self) -> &'static str {
        match self {
            LocaleCode::Fr => "fr",
            LocaleCode::En => "en",
        }
    }
}

/// A text in French, the fallback, and in English where there is one.
#[derive(Clone, Debug, InputObject)]
pub struct LocalizedInput {
    /// French.
    pub fr: String,
    /// English.
    pub en: Option<String>,
}

/// A text in every language it has.
#[derive(Clone, Debug, SimpleObject)]
pub struct Translations {
    /// French.
    pub fr: String,
    /// English, where there is one.
    pub en: Option<String>,
}

impl From<&Localized> for Translations {
    fn from(text: &Localized) -> Self {
        Self { fr: text.get(domain::values::Locale::Fr).to_owned(), en: text.english().map(str::to_owned) }
    }
}
