//! That a tree begins with another one: nothing was changed, only added (RFC 6962, section 2.1.2).

use std::ops::Range;

use crate::Hash;
use crate::inclusion::split;
use crate::tree::hash_node;

/// Returns which leaves each hash of the proof between two sizes stands for, in the order of the proof; the hash is the root
/// over them. Empty between equal sizes and from nothing; `None` where the first tree is the larger one.
pub fn proof_ranges(first: u64, second: u64) -> Option<Vec<Range<u64>>> {
    if first > second {
        return None;
    }
    let mut proof = Vec::new();
    if first == 0 || first == second {
        return Some(proof);
    }
    let mut here = 0..second;
    // The first tree as a whole is known to whoever asks; a part of it is not.
    let mut is_whole = true;
    while here.end > first {
        let middle = here.start + split(here.end - here.start);
        if first <= middle {
            proof.push(middle..here.end);
            here.end = middle;
        } else {
            proof.push(here.start..middle);
            here.start = middle;
            is_whole = false;
        }
    }
    if !is_whole {
        proof.push(here);
    }
    proof.reverse();
    Some(proof)
}

/// Returns whether a proof shows that the tree of `second` begins with the tree of `first`, each given by its size and root
/// (RFC 9162, section 2.1.4.2).
pub fn is_consistent(first: (u64, Hash), second: (u64, Hash), proof: &[Hash]) -> bool {
    let ((first_size, first_root), (second_size, second_root)) = (first, second);
    if first_size > second_size {
        return false;
    }
    if first_size == 0 {
        return proof.is_empty() && first_root == crate::tree::empty_root();
    }
    if first_size == second_size {
        return proof.is_empty() && first_root == second_root;
    }
    let (mut node, mut last) = (first_size - 1, second_size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let known = first_size.is_power_of_two().then_some(first_root);
    let mut hashes = known.into_iter().chain(proof.iter().copied());
    let Some(begin) = hashes.next() else { return false };
    let (mut old, mut new) = (begin, begin);
    for beside in hashes {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = hash_node(&beside, &old);
            new = hash_node(&beside, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = hash_node(&new, &beside);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == first_root && new == second_root
}
