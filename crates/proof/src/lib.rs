//! What makes the log provable, without I/O: an event's bytes as a leaf ([`leaf`]), the Merkle tree over the leaves
//! ([`tree`], RFC 6962), the tiles it is kept in ([`tiles`], C2SP tlog-tiles), proofs ([`inclusion`], [`consistency`]),
//! and signed checkpoints ([`checkpoint`], [`note`]: C2SP tlog-checkpoint and signed-note, Ed25519).
//!
//! Whoever holds a checkpoint holds the whole log before it to account: no event of it can be changed, swapped, left out
//! or added without another root, and no other root is signed for that size without being seen by whoever compares.

pub mod checkpoint;
pub mod consistency;
mod hash;
pub mod inclusion;
pub mod leaf;
pub mod note;
pub mod tiles;
pub mod tree;

pub use hash::Hash;

#[cfg(test)]
mod tests;
