//! The signature of a webhook: `Stripe-Signature: t=…,v1=…`, an HMAC-SHA256 over `{t}.{body}`
//! (<https://docs.stripe.com/webhooks#verify-manually>).

use std::fmt;

use domain::values::Timestamp;
use hmac::{Hmac, Mac};
use sagas::ports::NoticeError;
use sha2::Sha256;

/// How far a signature's moment may be from now, both ways: 300 s.
pub const TOLERANCE_SECONDS: u64 = 300;

/// The most `v1` signatures read from one header; Stripe sends one per active secret.
pub const SIGNATURES_MAX: usize = 8;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// The secret a provider and the shop share to sign webhooks. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

/// A secret is too short to keep anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the webhook secret has fewer than {} bytes", WebhookSecret::BYTES_MIN)]
pub struct SecretTooShort;

impl WebhookSecret {
    /// The fewest bytes of a secret.
    pub const BYTES_MIN: usize = 16;

    /// Takes a secret.
    ///
    /// # Errors
    /// [`SecretTooShort`] below [`Self::BYTES_MIN`] bytes.
    pub fn new(secret: &str) -> Result<Self, SecretTooShort> {
        if secret.len() < Self::BYTES_MIN { Err(SecretTooShort) } else { Ok(Self(secret.to_owned())) }
    }

    /// Signs a body at a moment: the value of the header.
    pub fn sign(&self, body: &[u8], at: Timestamp) -> String {
        let seconds = seconds(at).to_string();
        let digest = self.digest(&seconds, body).finalize().into_bytes();
        format!("t={seconds},v1={}", hexadecimal(&digest))
    }

    /// Checks a header against a body and the present moment, in constant time.
    ///
    /// # Errors
    /// [`NoticeError::SignatureMissing`], [`NoticeError::SignatureMismatch`] or, only for a true signature,
    /// [`NoticeError::SignatureExpired`].
    pub fn verify(&self, header: &str, body: &[u8], now: Timestamp) -> Result<(), NoticeError> {
        let header = Header::read(header).ok_or(NoticeError::SignatureMissing)?;
        let digest = self.digest(header.seconds_text, body);
        if !header.signatures.iter().any(|signature| digest.clone().verify_slice(signature).is_ok()) {
            return Err(NoticeError::SignatureMismatch);
        }
        if seconds(now).abs_diff(header.seconds) > TOLERANCE_SECONDS {
            return Err(NoticeError::SignatureExpired);
        }
        Ok(())
    }

    fn digest(&self, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut digest =
            <Hmac<Sha256> as Mac>::new_from_slice(self.0.as_bytes()).expect("HMAC takes keys of any length");
        digest.update(seconds.as_bytes());
        digest.update(b".");
        digest.update(body);
        digest
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

struct Header<'a> {
    seconds_text: &'a str,
    seconds: i64,
    signatures: Vec<Vec<u8>>,
}

impl<'a> Header<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut seconds_text = None;
        let mut signatures = Vec::new();
        for part in text.split(',') {
            match part.trim().split_once('=')? {
                ("t", value) => seconds_text = Some(value),
                ("v1", value) => signatures.push(bytes(value)?),
                _ => {}
            }
        }
        let seconds_text = seconds_text?;
        let seconds = seconds_text.parse().ok()?;
        let countable = (1..=SIGNATURES_MAX).contains(&signatures.len());
        countable.then_some(Self { seconds_text, seconds, signatures })
    }
}

fn seconds(moment: Timestamp) -> i64 {
    moment.micros().div_euclid(MICROS_PER_SECOND)
}

/// Writes bytes as lower case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    digits.map(char::from).collect()
}

fn bytes(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        hexadecimal.chars().map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok())).collect();
    let digits = digits?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_500_000);

    fn secret() -> WebhookSecret {
        WebhookSecret::new("whsec_0123456789").expect("16 bytes")
    }

    #[test]
    fn the_signature_is_hmac_sha256_over_the_moment_and_the_body() {
        // printf '1800000000.{}' | openssl dgst -sha256 -hmac whsec_0123456789
        let expected = "t=1800000000,v1=7f08fb3b4f2277fe57ca0448f7708c30d7a97b36245c35904377fdc191537dfa";
        assert_eq!(secret().sign(b"{}", NOW), expected);
        assert_eq!(secret().verify(expected, b"{}", NOW), Ok(()));
    }

    #[test]
    fn another_body_another_secret_and_another_moment_do_not_match() {
        let header = secret().sign(b"{}", NOW);
        let other = WebhookSecret::new("whsec_9876543210").expect("16 bytes");
        assert_eq!(secret().verify(&header, b"{ }", NOW), Err(NoticeError::SignatureMismatch));
        assert_eq!(other.verify(&header, b"{}", NOW), Err(NoticeError::SignatureMismatch));
        let moved = header.replace("t=1800000000", "t=1800000001");
        assert_eq!(secret().verify(&moved, b"{}", NOW), Err(NoticeError::SignatureMismatch));
    }

    #[test]
    fn one_true_signature_of_several_is_enough() {
        let header = secret().sign(b"{}", NOW).replace(",v1=", &format!(",v0=00,v1={},v1=", "00".repeat(32)));
        assert_eq!(secret().verify(&header, b"{}", NOW), Ok(()));
    }

    #[test]
    fn a_signature_holds_for_300_seconds_both_ways() {
        let header = secret().sign(b"{}", NOW);
        for (seconds, expected) in [
            (300, Ok(())),
            (-300, Ok(())),
            (301, Err(NoticeError::SignatureExpired)),
            (-301, Err(NoticeError::SignatureExpired)),
        ] {
            assert_eq!(secret().verify(&header, b"{}", NOW.plus_seconds(seconds)), expected, "{seconds} s");
        }
    }

    #[test]
    fn a_header_without_its_parts_is_missing() {
        let many = format!("t=1{}", ",v1=00".repeat(SIGNATURES_MAX + 1));
        for header in ["", "t=1800000000", "v1=00", "t=x,v1=00", "t=1,v1=0", "t=1,v1=zz", "garbage", &many] {
            assert_eq!(secret().verify(header, b"{}", NOW), Err(NoticeError::SignatureMissing), "{header}");
        }
    }

    #[test]
    fn a_secret_is_long_and_never_shown() {
        assert_eq!(WebhookSecret::new("whsec_012345678"), Err(SecretTooShort));
        assert!(!format!("{:?}", secret()).contains("0123"));
    }
}
