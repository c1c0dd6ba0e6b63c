//! Identifiers: a prefix that says what it names and a UUID in Crockford's base 32, as the TypeID specification 0.3
//! (<https://github.com/jetify-com/typeid/tree/main/spec>) lays down. Opaque to clients.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::InvalidValue;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX_LENGTH: usize = 26;
const ALLOWED: &str = "a prefix, an underscore and 26 characters of Crockford's base 32 in lower case";

fn encode(uuid: Uuid) -> String {
    let mut rest = uuid.as_u128();
    let mut text = [0_u8; SUFFIX_LENGTH];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

fn decode(text: &str) -> Option<Uuid> {
    if text.len() != SUFFIX_LENGTH || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes()
        .try_fold(0_u128, |sum, byte| {
            let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
            Some((sum << 5) | digit as u128)
        })
        .map(Uuid::from_u128)
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Names the thing that this UUID identifies.
            pub fn from_uuid(uuid: Uuid) -> Self {
                Self(format!("{}_{}", $prefix, encode(uuid)))
            }

            /// Returns the UUID inside.
            pub fn uuid(&self) -> Uuid {
                decode(&self.0[$prefix.len() + 1..]).unwrap_or_default()
            }

            /// Returns the id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                text.strip_prefix($prefix)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .and_then(decode)
                    .map(|_| Self(text.to_owned()))
                    .ok_or_else(|| InvalidValue::new($kind, text, ALLOWED))
            }
        }

        from_text!($name);

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

typed_id!(
    /// Names a product.
    ProductId, "prod", "product id"
);
typed_id!(
    /// Names a category.
    CategoryId, "cat", "category id"
);
typed_id!(
    /// Names a cart.
    CartId, "cart", "cart id"
);
typed_id!(
    /// Names a line of a cart, and of the order it becomes.
    LineId, "line", "line id"
);
typed_id!(
    /// Names an order.
    OrderId, "ord", "order id"
);
typed_id!(
    /// Names one attempt to pay an order.
    PaymentId, "pay", "payment id"
);
typed_id!(
    /// Names the work of one warehouse for one order.
    FulfilmentId, "ful", "fulfilment id"
);
typed_id!(
    /// Names a return.
    ReturnId, "ret", "return id"
);
typed_id!(
    /// Names a wish to cancel units of an order's lines.
    LineCancellationId, "lcn", "line cancellation id"
);
typed_id!(
    /// Names a shopper, signed in or guest: the data subject of what is sealed.
    CustomerId, "cus", "customer id"
);
typed_id!(
    /// Names a promotion.
    PromotionId, "promo", "promotion id"
);
typed_id!(
    /// Names a task that a human must decide.
    TaskId, "task", "task id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_text_and_back() {
        let uuid = Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057);
        let id = OrderId::from_uuid(uuid);
        assert_eq!(id.as_str(), "ord_01h455vb4pex5vsknk084sn02q");
        assert_eq!(id.as_str().parse::<OrderId>().expect("own text parses").uuid(), uuid);
    }

    #[test]
    fn a_foreign_prefix_a_capital_and_an_overflow_are_refused() {
        for text in [
            "cart_01h455vb4pex5vsknk084sn02q",
            "ord_01H455VB4PEX5VSKNK084SN02Q",
            "ord_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "ord_",
            "",
        ] {
            assert!(text.parse::<OrderId>().is_err(), "{text}");
        }
    }
}
