//! Who sells and who buys, as a document names them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::values::{Archived, CustomerId, InvalidValue, ShortText, from_text};

/// The number of a French company: nine digits, the last one a check by Luhn's algorithm (INSEE; Code de commerce, article
/// R123-221).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Siren(String);

impl Siren {
    const DIGITS: usize = 9;

    /// Returns the nine digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Doubles every second digit from the right, sums the digits of all, and wants a multiple of ten.
fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, byte)| {
            let digit = u32::from(byte - b'0');
            let counted = if index % 2 == 1 { digit * 2 } else { digit };
            counted / 10 + counted % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

impl FromStr for Siren {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let digits: String = text.chars().filter(|letter| *letter != ' ').collect();
        let is_valid =
            digits.len() == Self::DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit()) && passes_luhn(&digits);
        let invalid = || InvalidValue::new("SIREN", text, "nine digits, the last one a check (Luhn)");
        is_valid.then_some(Self(digits)).ok_or_else(invalid)
    }
}

/// A number under which a business is known for VAT: the country's two letters and 2 to 13 letters and digits (Directive
/// 2006/112/EC, articles 214 and 215: <https://eur-lex.europa.eu/eli/dir/2006/112/oj>).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VatId(String);

impl VatId {
    /// Returns it in capitals, without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for VatId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let compact: String = text.chars().filter(|letter| *letter != ' ').collect::<String>().to_ascii_uppercase();
        let bytes = compact.as_bytes();
        let is_valid = (4..=15).contains(&bytes.len())
            && bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..].iter().all(u8::is_ascii_alphanumeric);
        let invalid = || InvalidValue::new("VAT id", text, "a country's two letters and 2 to 13 letters and digits");
        is_valid.then_some(Self(compact)).ok_or_else(invalid)
    }
}

macro_rules! as_text {
    ($name:ident) => {
        from_text!($name);

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

as_text!(Siren);
as_text!(VatId);

/// Who sells: what a French invoice says of the seller (CGI, annexe II, article 242 nonies A, I, 1° and 2°:
/// <https://www.legifrance.gouv.fr/codes/article_lc/LEGIARTI000046086694>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    /// The company's name.
    pub name: ShortText,
    /// Street, postal code, city and country, as it is printed.
    pub address: ShortText,
    /// Its number in the French register.
    pub siren: Siren,
    /// Its number for VAT.
    pub vat_id: VatId,
}

/// Who buys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// The customer.
    pub customer: CustomerId,
    /// The sealed name and address; none where the customer was forgotten before the document was written.
    pub address: Option<Archived>,
    /// The country, ISO 3166-1 alpha-2.
    pub country: String,
}
