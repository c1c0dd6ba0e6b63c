//! Fingerprints of inputs: the same input gives the same one, however it was written down.

use std::fmt::Write as _;

use async_graphql::Value;
use sha2::{Digest, Sha256};

/// Hashes a mutation's name and its input: SHA-256 over the name, a line feed and the input as canonical JSON, in
/// hexadecimal. Canonical: keys sorted, no spaces, fields that are null left out.
pub(crate) fn fingerprint(mutation: &str, input: &Value) -> String {
    let mut text = String::with_capacity(256);
    text.push_str(mutation);
    text.push('\n');
    write_canonical(input, &mut text);
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::with_capacity(digest.len() * 2);
    for byte in digest {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().filter(|(_, value)| **value != Value::Null).collect();
            fields.sort_unstable_by_key(|(name, _)| name.as_str());
            text.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_string(name, text);
                text.push(':');
                write_canonical(value, text);
            }
            text.push('}');
        }
        Value::List(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::String(string) => write_string(string, text),
        Value::Enum(name) => write_string(name, text),
        Value::Null => text.push_str("null"),
        Value::Boolean(is_true) => text.push_str(if *is_true { "true" } else { "false" }),
        Value::Number(number) => {
            let _ = write!(text, "{number}");
        }
        Value::Binary(bytes) => {
            let _ = write!(text, "{bytes:?}");
        }
    }
}

fn write_string(string: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(string).to_string());
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::fingerprint;

    #[test]
    fn the_order_of_fields_and_fields_left_out_do_not_count() {
        let one = value!({ "a": 1, "b": { "c": "x", "d": null } });
        let other = value!({ "b": { "c": "x" }, "a": 1 });
        assert_eq!(fingerprint("cartCreate", &one), fingerprint("cartCreate", &other));
        assert_eq!(fingerprint("cartCreate", &one).len(), 64);
    }

    #[test]
    fn another_value_another_order_of_a_list_or_another_mutation_counts() {
        let input = value!({ "lines": [1, 2] });
        for (name, other) in [
            ("a", value!({ "lines": [2, 1] })),
            ("a", value!({ "lines": ["1", 2] })),
            ("b", value!({ "lines": [1, 2] })),
        ] {
            assert_ne!(fingerprint("a", &input), fingerprint(name, &other));
        }
    }

    #[test]
    fn the_fingerprint_never_changes_because_it_is_stored() {
        let input = value!({ "quantity": 2, "sku": "A\"é" });
        assert_eq!(
            fingerprint("stockReceive", &input),
            "798ba8d80f6a81e811f0988fd161d1bbc587aec6f9e5d2e454e6a31051ed5b59"
        );
    }
}
