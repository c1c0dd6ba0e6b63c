//! `application/x-www-form-urlencoded`, the format of Stripe's requests
//! (<https://url.spec.whatwg.org/#application/x-www-form-urlencoded>).

/// Names and values, in order.
pub(crate) type Form = Vec<(String, String)>;

/// The most pairs a form may hold.
pub(crate) const PAIRS_MAX: usize = 200;

/// Returns the first value of a name.
pub(crate) fn value<'a>(form: &'a [(String, String)], name: &str) -> Option<&'a str> {
    form.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// Writes pairs as one line.
pub(crate) fn encode(form: &[(String, String)]) -> String {
    let mut text = String::with_capacity(form.len() * 32);
    for (name, value) in form {
        if !text.is_empty() {
            text.push('&');
        }
        escape(name, &mut text);
        text.push('=');
        escape(value, &mut text);
    }
    text
}

/// Reads pairs. `None` when an escape is broken, the text is not UTF-8 or there are more than [`PAIRS_MAX`] pairs.
pub(crate) fn decode(text: &[u8]) -> Option<Form> {
    let mut form = Form::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if form.len() == PAIRS_MAX {
            return None;
        }
        let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let value = pair.get(equals + 1..).unwrap_or_default();
        form.push((unescape(&pair[..equals])?, unescape(value)?));
    }
    Some(form)
}

fn escape(text: &str, into: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => into.push(char::from(byte)),
            b' ' => into.push('+'),
            _ => {
                into.push('%');
                into.push(char::from(DIGITS[usize::from(byte >> 4)]));
                into.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
}

fn unescape(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let high = char::from(*rest.next()?).to_digit(16)?;
                let low = char::from(*rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            other => bytes.push(*other),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_survive_text_and_back() {
        let form: Form = [("metadata[payment]", "pay_1"), ("query", "a['b']:'é + & = %'"), ("empty", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let text = encode(&form);
        assert!(text.starts_with("metadata%5Bpayment%5D=pay_1&query=a%5B%27b%27%5D%3A%27%C3%A9+%2B"), "{text}");
        assert_eq!(decode(text.as_bytes()), Some(form));
    }

    #[test]
    fn a_broken_escape_a_broken_text_and_too_many_pairs_are_refused() {
        assert_eq!(decode(b"a=%2"), None);
        assert_eq!(decode(b"a=%zz"), None);
        assert_eq!(decode(b"a=%ff"), None);
        assert_eq!(decode("a=1&".repeat(PAIRS_MAX + 1).as_bytes()), None);
        assert_eq!(decode(b"a"), Some(vec![("a".to_owned(), String::new())]));
    }
}
