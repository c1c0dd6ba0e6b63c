//! That a leaf is in a tree: the hashes beside its way to the root (RFC 6962, section 2.1.1).

use std::ops::Range;

use crate::Hash;
use crate::tree::hash_node;

/// Returns which leaves each hash of the path of a leaf stands for, from the leaf upwards; the hash is the root over them.
/// `None` where the tree has no such leaf.
pub fn path_ranges(index: u64, size: u64) -> Option<Vec<Range<u64>>> {
    if index >= size {
        return None;
    }
    let (mut path, mut here) = (Vec::new(), 0..size);
    while here.end - here.start > 1 {
        let middle = here.start + split(here.end - here.start);
        if index < middle {
            path.push(middle..here.end);
            here.end = middle;
        } else {
            path.push(here.start..middle);
            here.start = middle;
        }
    }
    path.reverse();
    Some(path)
}

/// Returns the largest power of two below a number of at least 2: how many leaves a tree has left of its root.
pub(crate) fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// Returns the root that a tree of `size` leaves has if `leaf` is the hash of its leaf `index` (RFC 9162, section 2.1.3.2);
/// `None` where no path of this length leads from there.
pub fn root_from_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last, mut root) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            root = hash_node(beside, &root);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            root = hash_node(&root, beside);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}
