//! Bounds of the texts that the catalogue tells.

use super::error::CatalogError;
use crate::values::{Locale, Localized};

/// The most characters of a name in a language.
pub const NAME_CHARACTERS_MAX: usize = 500;

/// Accepts a name, which may be blank in French.
pub(super) fn check_name(name: &Localized) -> Result<(), CatalogError> {
    let rule = "at most 500 characters a language, none of them a control character, English not blank";
    let bad = |text: &str| text.chars().count() > NAME_CHARACTERS_MAX || text.chars().any(char::is_control);
    let blank_english = name.english().is_some_and(is_blank);
    if bad(name.get(Locale::Fr)) || bad(name.get(Locale::En)) || blank_english {
        return Err(CatalogError::Invalid { field: "name", rule });
    }
    Ok(())
}

/// Says whether there is no name: the French one is the fallback of all others.
pub(super) fn is_nameless(name: &Localized) -> bool {
    is_blank(name.get(Locale::Fr))
}

pub(super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
