//! Addresses in the shop: what stands in a URL.

use super::error::CatalogError;

/// The most characters of a slug, tail included.
pub const SLUG_LENGTH_MAX: usize = 200;

const NAME_LENGTH_MAX: usize = 80;

/// Makes a slug of a name and a tail that makes it unique, such as the end of an id: `L’Œuvre noire` and `02q` give
/// `l-oeuvre-noire-02q`. At most 80 characters come from the name; a name without a letter or digit to keep gives the
/// tail alone. The tail is taken as it is: lower-case letters and digits.
pub fn slugify(name: &str, tail: &str) -> String {
    let mut slug = String::with_capacity(NAME_LENGTH_MAX);
    let mut at_word_start = true;
    for letter in name.chars().flat_map(char::to_lowercase) {
        // Combining accents (decomposed Unicode) belong to the letter before them.
        if ('\u{300}'..='\u{36f}').contains(&letter) {
            continue;
        }
        let folded = fold(letter);
        if folded.is_empty() {
            at_word_start = true;
            continue;
        }
        let dash = usize::from(at_word_start && !slug.is_empty());
        if slug.len() + dash + folded.len() > NAME_LENGTH_MAX {
            break;
        }
        if dash == 1 {
            slug.push('-');
        }
        slug.push_str(&folded);
        at_word_start = false;
    }
    match slug.as_str() {
        "" => tail.to_owned(),
        name => format!("{name}-{tail}"),
    }
}

/// Writes a lower-case letter in ASCII; what has no ASCII form separates words.
fn fold(letter: char) -> String {
    let plain = match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => "a",
        'æ' => "ae",
        'ç' => "c",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ñ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => "o",
        'œ' => "oe",
        'ß' => "ss",
        'ù' | 'ú' | 'û' | 'ü' => "u",
        'ý' | 'ÿ' => "y",
        other if other.is_ascii_alphanumeric() => return other.to_string(),
        _ => "",
    };
    plain.to_owned()
}

/// Accepts lower-case letters, digits and dashes, 1 to 200 of them.
pub(super) fn check_slug(slug: &str) -> Result<(), CatalogError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=SLUG_LENGTH_MAX).contains(&slug.len()) && slug.bytes().all(allowed) {
        return Ok(());
    }
    Err(CatalogError::Invalid { field: "slug", rule: "1 to 200 lower-case letters, digits or dashes" })
}
