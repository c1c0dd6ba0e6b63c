//! An event as a leaf of the tree: its stored bytes, so that nothing of it can change unseen.
//!
//! A leaf is the following, one after the other and nothing between. Numbers are 8 bytes, the highest first; a text is
//! its length in bytes as such a number, then its bytes in UTF-8.
//!
//! | | |
//! |---|---|
//! | [`LEAF_FORMAT`] | the line `comptoir-log-leaf-v1` with its line break: a leaf is never taken for anything else |
//! | number | position in the log, from 1: the leaf's index plus one |
//! | text | kind of the stream, such as `order` |
//! | text | id of the stream |
//! | number | sequence in the stream, from 1 |
//! | 16 bytes | the event's UUID |
//! | text | stored name, such as `order.placed` |
//! | text | version of the payload's schema, such as `1` |
//! | number | when it was recorded, microseconds since 1970, two's complement |
//! | text | payload, the JSON text as it is stored; personal data in it is ciphertext |
//! | text | metadata, the JSON text as it is stored |
//!
//! The leaf's hash is SHA-256 of a zero byte and the leaf ([`crate::tree::hash_leaf`]).

/// What every leaf begins with. Another encoding has another line.
pub const LEAF_FORMAT: &str = "comptoir-log-leaf-v1\n";

/// The parts of an event that its leaf holds.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'a> {
    /// Its place in the log, from 1.
    pub position: u64,
    /// The kind of its stream.
    pub kind: &'a str,
    /// The id of its stream.
    pub id: &'a str,
    /// Its place in its stream, from 1.
    pub sequence: u64,
    /// Its UUID.
    pub event_id: [u8; 16],
    /// Its stored name.
    pub event_type: &'a str,
    /// The version of its payload's schema.
    pub event_version: &'a str,
    /// Microseconds since the Unix epoch.
    pub recorded_at: i64,
    /// The stored text of the event.
    pub payload: &'a str,
    /// The stored text of the metadata.
    pub metadata: &'a str,
}

impl Leaf<'_> {
    /// Returns the leaf's bytes.
    pub fn encoded(&self) -> Vec<u8> {
        let texts = [self.kind, self.id, self.event_type, self.event_version, self.payload, self.metadata];
        let length: usize = texts.iter().map(|text| text.len() + 8).sum();
        let mut bytes = Vec::with_capacity(LEAF_FORMAT.len() + 40 + length);
        bytes.extend_from_slice(LEAF_FORMAT.as_bytes());
        bytes.extend_from_slice(&self.position.to_be_bytes());
        push_text(&mut bytes, self.kind);
        push_text(&mut bytes, self.id);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.event_id);
        push_text(&mut bytes, self.event_type);
        push_text(&mut bytes, self.event_version);
        bytes.extend_from_slice(&self.recorded_at.to_be_bytes());
        push_text(&mut bytes, self.payload);
        push_text(&mut bytes, self.metadata);
        bytes
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    // A text in memory is shorter than 2^64 bytes.
    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}
