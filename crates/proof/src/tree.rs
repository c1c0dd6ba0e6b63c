//! The Merkle tree of RFC 6962, section 2.1: hashes of leaves and nodes, and the pieces every part of a tree is made of.
//!
//! A **perfect** subtree is one of 2^level leaves that begins at a multiple of it; it never changes once its leaves are
//! there. Any tree, and any part of one that a proof names, is a row of perfect subtrees, from the largest to the smallest.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::Hash;

/// Sets leaves apart from nodes (RFC 6962, section 2.1).
const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

/// Returns the hash of a leaf.
pub fn hash_leaf(leaf: &[u8]) -> Hash {
    Hash::new(Sha256::new().chain_update(LEAF_PREFIX).chain_update(leaf).finalize().into())
}

/// Returns the hash of a node above two others.
pub fn hash_node(left: &Hash, right: &Hash) -> Hash {
    let digest = Sha256::new().chain_update(NODE_PREFIX).chain_update(left.bytes()).chain_update(right.bytes());
    Hash::new(digest.finalize().into())
}

/// Returns the root of a tree without leaves.
pub fn empty_root() -> Hash {
    Hash::new(Sha256::digest([]).into())
}

/// A perfect subtree: the leaves `index << level .. (index + 1) << level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// How many times its leaves halve to one.
    pub level: u32,
    /// Which of its level, from the left, from 0.
    pub index: u64,
}

/// Returns the perfect subtrees of some leaves, from the left. `range` is one that a tree or a proof has: it begins at a
/// multiple of the largest power of two that it holds.
pub fn perfect_subtrees(range: Range<u64>) -> Vec<Node> {
    let mut found = Vec::new();
    let mut begin = range.start;
    while begin < range.end {
        let level = (range.end - begin).ilog2();
        found.push(Node { level, index: begin >> level });
        begin += 1 << level;
    }
    found
}

/// Returns the root over perfect subtrees, given from the left: [`perfect_subtrees`] names them.
pub fn root_of_subtrees(hashes: &[Hash]) -> Hash {
    let right_to_left = hashes.iter().rev().copied();
    right_to_left.reduce(|right, left| hash_node(&left, &right)).unwrap_or_else(empty_root)
}

/// Returns the root over the roots of neighbouring subtrees of one size, any number of them.
pub fn root_of_row(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [one] => *one,
        several => {
            let half = 1_usize << (several.len() - 1).ilog2();
            let (left, right) = several.split_at(half);
            hash_node(&root_of_row(left), &root_of_row(right))
        }
    }
}
