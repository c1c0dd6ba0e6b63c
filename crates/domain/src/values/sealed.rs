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

/// Personal data that a legal document has to keep: sealed under the key of the documents of its year, which outlives the
/// person's own key and is destroyed when the law no longer asks for the documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    year: u16,
    subject: CustomerId,
    ciphertext: String,
}

impl Archived {
    /// Wraps a ciphertext (nonce and tag included, base64) about a person, in a document of a year.
    pub fn new(year: u16, subject: CustomerId, ciphertext: String) -> Self {
        Self { year, subject, ciphertext }
    }

    /// Returns the year whose key opens it.
    pub fn year(&self) -> u16 {
        self.year
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
