//! Personal data as the log holds it: ciphertext under the key of the person it is about.

use serde::{Deserialize, Serialize};

use super::CustomerId;

/// Encrypted personal data. Whoever holds the subject's key can read it; once the key is destroyed nobody can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    subject: CustomerId,
    ciphertext: String,
}

impl Sealed {
    /// Wraps a ciphertext (nonce and tag included, base64) about a person.
    pub fn new(subject: CustomerId, ciphertext: String) -> Self {
        Self { subject, ciphertext }
    }

    /// Returns whose data it is.
    pub fn subject(&self) -> &CustomerId {
        &self.subject
    }

    /// Returns the ciphertext, base64.
    pub fn ciphertext(&self) -> &str {
        &self.ciphertext
    }
}
