//! Other names for what an import has named, so that its events can be stored once more beside the first ones.

/// An id is a kind, an underline and so many characters of Crockford's base 32 (<https://www.crockford.com/base32.html>).
const ID_CHARACTERS: usize = 26;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The first two characters of an id, of which the first is below 8: as many copies are there at most.
pub(super) const NAMES: usize = 8 * 32;

/// Gives everything that is named in an event's text, or in a stream's id, the name that it has in a copy: ids, SKUs,
/// slugs and the baskets' numbers. Copy 0 is the import itself; two copies up to 255 have no name in common. Ids of later
/// copies are later in time, as a shop's are.
pub(super) fn renamed(text: &str, copy: usize) -> String {
    if copy == 0 {
        return text.to_owned();
    }
    let mut text = text.to_owned();
    for named in ["\"slug\":\"", "CJ-", "cj-"] {
        text = text.replace(named, &format!("{named}{copy}-"));
    }
    let (mut made, mut rest) = (String::with_capacity(text.len()), &text[..]);
    while let Some(at) = rest.find('_') {
        let (before, behind) = rest.split_at(at + 1);
        made.push_str(before);
        rest = behind;
        let length = behind.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if let (ID_CHARACTERS, Some(first)) = (length, shifted(&behind.as_bytes()[..length], copy)) {
            made.extend(first);
            rest = &behind[first.len()..];
        }
    }
    made.push_str(rest);
    made
}

/// The first two characters of an id in a copy. `None` for what is no id.
fn shifted(id: &[u8], copy: usize) -> Option<[char; 2]> {
    let digit = |character: &u8| ALPHABET.iter().position(|known| known == character);
    let number = (digit(id.first()?)? * 32 + digit(id.get(1)?)? + copy) % NAMES;
    Some([ALPHABET[number / 32], ALPHABET[number % 32]].map(char::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"order.placed":{"order":"ord_01m83mvs6wezhax15hca2jccry","slug":"a-b","sku":"CJ-10@paris",
        "by":"cj-7","quantity_minor":3,"ref":"pi_0660ec87cbe4fa0000001532"}}"#;

    #[test]
    fn a_copy_renames_ids_skus_slugs_and_numbers_of_baskets_and_nothing_else() {
        assert_eq!(renamed(TEXT, 0), TEXT);
        let second = renamed(TEXT, 31);
        for name in ["ord_10m83mvs6wezhax15hca2jccry", "\"31-a-b\"", "CJ-31-10@paris", "cj-31-7"] {
            assert!(second.contains(name), "{name} is not in {second}");
        }
        for kept in ["order.placed", "quantity_minor\":3", "pi_0660ec87cbe4fa0000001532"] {
            assert!(second.contains(kept), "{kept} is not in {second}");
        }
        assert_eq!(second.len(), TEXT.len() + 3 * "31-".len());
    }

    #[test]
    fn no_two_copies_have_a_name_in_common() {
        let names: std::collections::HashSet<_> =
            (0..NAMES).map(|copy| renamed("cart_7zm83mvs6wezhax15hca2jccry", copy)).collect();
        assert_eq!(names.len(), NAMES);
    }
}
