//! Against what others have published, and against a tree computed by the definition.

use proptest::prelude::*;

use crate::Hash;
use crate::checkpoint::{self, Checkpoint, CheckpointError, log_signer};
use crate::consistency::{is_consistent, proof_ranges};
use crate::inclusion::{path_ranges, root_from_path};
use crate::leaf::Leaf;
use crate::note::{NoteError, VerifierKey};
use crate::tiles::{GrowingTree, TILE_HASHES, Tile};
use crate::tree::{empty_root, hash_leaf, hash_node, perfect_subtrees, root_of_row, root_of_subtrees};

fn hex(hash: &Hash) -> String {
    hash.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The eight leaves that implementations of Certificate Transparency are tested with, and the roots over the first n.
const LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn the_published_roots_come_out() {
    let mut tree = GrowingTree::new();
    assert_eq!(hex(&tree.root()), ROOTS[0]);
    for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
        tree.push(hash_leaf(leaf));
        assert_eq!(hex(&tree.root()), *root);
    }
    assert_eq!(hex(&empty_root()), ROOTS[0]);
}

/// The tree as RFC 6962, section 2.1, defines it.
fn defined_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        several => {
            let half = (several.len().div_ceil(2)).next_power_of_two();
            hash_node(&defined_root(&several[..half]), &defined_root(&several[half..]))
        }
    }
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|number| hash_leaf(&number.to_be_bytes())).collect()
}

fn range_root(leaves: &[Hash], range: std::ops::Range<u64>) -> Hash {
    let subtrees = perfect_subtrees(range).into_iter().map(|node| {
        let begin = usize::try_from(node.index << node.level).expect("is small");
        defined_root(&leaves[begin..begin + (1 << node.level)])
    });
    root_of_subtrees(&subtrees.collect::<Vec<_>>())
}

fn path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    let ranges = path_ranges(index as u64, leaves.len() as u64).expect("the leaf is there");
    ranges.into_iter().map(|range| range_root(leaves, range)).collect()
}

fn consistency(leaves: &[Hash], first: usize) -> Vec<Hash> {
    let ranges = proof_ranges(first as u64, leaves.len() as u64).expect("the first is not larger");
    ranges.into_iter().map(|range| range_root(leaves, range)).collect()
}

#[test]
fn a_path_of_the_published_tree_is_as_published() {
    let leaves: Vec<Hash> = LEAVES.iter().map(|leaf| hash_leaf(leaf)).collect();
    let hashes: Vec<String> = path(&leaves, 5).iter().map(hex).collect();
    assert_eq!(hashes[0], hex(&leaves[4]));
    assert_eq!(hashes[2], ROOTS[4]);
    let hashes: Vec<String> = consistency(&leaves, 6).iter().map(hex).collect();
    assert_eq!(hashes.len(), 3);
    assert_eq!(hashes[2], ROOTS[4]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_growing_tree_is_the_defined_one(count in 0_usize..1_500) {
        let leaves = leaves(count);
        let mut tree = GrowingTree::new();
        for leaf in &leaves {
            tree.push(*leaf);
        }
        prop_assert_eq!(tree.root(), defined_root(&leaves));
        prop_assert_eq!(root_of_row(&leaves), defined_root(&leaves));
    }

    #[test]
    fn a_path_leads_to_the_root_and_no_other_leaf_or_place_does(count in 1_usize..600, at in 0_usize..600, bit in 0_usize..256) {
        let (leaves, index) = (leaves(count), at % count);
        let (root, path, size) = (defined_root(&leaves), path(&leaves, index), count as u64);
        prop_assert_eq!(root_from_path(leaves[index], index as u64, size, &path), Some(root));
        let mut bytes = *leaves[index].bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert_ne!(root_from_path(Hash::new(bytes), index as u64, size, &path), Some(root));
        let elsewhere = (index + 1) % count;
        prop_assert!(elsewhere == index || root_from_path(leaves[index], elsewhere as u64, size, &path) != Some(root));
        let longer = [&path[..], &[root]].concat();
        prop_assert_ne!(root_from_path(leaves[index], index as u64, size, &longer), Some(root));
        prop_assert_eq!(root_from_path(leaves[index], size, size, &path), None);
    }

    #[test]
    fn a_tree_is_consistent_with_what_it_grew_from_and_with_nothing_else(second in 1_usize..600, at in 0_usize..600, change in 0_usize..600) {
        let first = at % (second + 1);
        let (old, new) = (leaves(first), leaves(second));
        let proof = consistency(&new, first);
        let (first, second) = ((first as u64, defined_root(&old)), (second as u64, defined_root(&new)));
        prop_assert!(is_consistent(first, second, &proof));
        prop_assert!(!is_consistent(first, second, &[&proof[..], &[second.1]].concat()));
        if !old.is_empty() {
            let mut other = old.clone();
            let at = change % other.len();
            other[at] = hash_leaf(b"changed");
            prop_assert!(!is_consistent((first.0, defined_root(&other)), second, &proof));
        }
    }
}

#[test]
fn full_tiles_are_handed_out_and_the_rest_resumes_the_tree() {
    let count = 2 * TILE_HASHES * TILE_HASHES + 3 * TILE_HASHES + 17;
    let (mut tree, mut tiles) = (GrowingTree::new(), Vec::new());
    for number in 0..count {
        tiles.extend(tree.push(hash_leaf(&number.to_be_bytes())));
    }
    let of_level =
        |level: u8| tiles.iter().filter(|tile| tile.level == level).map(|tile| tile.index).collect::<Vec<_>>();
    assert_eq!(of_level(0), (0..515).collect::<Vec<_>>());
    assert_eq!(of_level(1), [0, 1]);
    assert_eq!(GrowingTree::open_hashes(count as u64), [17, 3, 2]);
    let open = vec![
        (count - 17..count).map(|number| hash_leaf(&number.to_be_bytes())).collect(),
        tiles.iter().filter(|tile| tile.level == 0 && tile.index >= 512).map(Tile::root).collect(),
        tiles.iter().filter(|tile| tile.level == 1).map(Tile::root).collect(),
    ];
    assert_eq!(GrowingTree::resume(count as u64, open.clone()), Some(tree));
    assert_eq!(GrowingTree::resume(count as u64 + 1, open), None, "not as many as the size says");
    let read = Tile::read(0, 7, &tiles[7].bytes());
    assert_eq!(read.as_ref(), Some(&tiles[7]));
    assert_eq!(Tile::read(0, 7, &tiles[7].bytes()[1..]), None);
}

#[test]
fn a_leaf_is_its_parts_with_their_lengths() {
    let leaf = Leaf {
        position: 1,
        kind: "a",
        id: "é",
        sequence: 2,
        event_id: [9; 16],
        event_type: "t",
        event_version: "1",
        recorded_at: -1,
        payload: "{}",
        metadata: "",
    };
    let mut expected =
        b"comptoir-log-leaf-v1\n\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\x02\xc3\xa9".to_vec();
    expected.extend_from_slice(b"\0\0\0\0\0\0\0\x02\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09");
    expected.extend_from_slice(b"\0\0\0\0\0\0\0\x01t\0\0\0\0\0\0\0\x011\xff\xff\xff\xff\xff\xff\xff\xff");
    expected.extend_from_slice(b"\0\0\0\0\0\0\0\x02{}\0\0\0\0\0\0\0\0");
    assert_eq!(leaf.encoded(), expected);
}

/// The example of Go's package golang.org/x/mod/sumdb/note.
const PUBLISHED_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PUBLISHED_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem \
                              is.\n\n\u{2014} PeterNeumann \
                              x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn a_published_note_opens_with_its_key_and_changed_it_does_not() {
    let key: VerifierKey = PUBLISHED_KEY.parse().expect("it is a key");
    assert_eq!(key.to_string(), PUBLISHED_KEY);
    assert!(key.open(PUBLISHED_NOTE).expect("it is signed").starts_with("If you think"));
    assert_eq!(key.open(&PUBLISHED_NOTE.replace("answer", "riddle")), Err(NoteError::WrongSignature));
    assert_eq!(key.open(&PUBLISHED_NOTE.replace("PeterNeumann", "Peter")), Err(NoteError::OtherKey));
    assert_eq!(key.open("no note"), Err(NoteError::Malformed));
    assert!(PUBLISHED_KEY.replace("c74f", "c74e").parse::<VerifierKey>().is_err(), "the id belongs to the key");
}

#[test]
fn a_checkpoint_is_three_signed_lines() {
    let signer = log_signer(&[7; 32]).expect("a seed has 32 bytes");
    assert!(log_signer(&[7; 31]).is_none());
    let root = hash_leaf(b"x");
    let note = Checkpoint::signed(20_852_163, root, &signer);
    let lines: Vec<&str> = note.lines().collect();
    assert_eq!(lines[..4], [signer.key().name(), "20852163", &root.to_string(), ""]);
    let read = Checkpoint::open(&note, signer.key()).expect("it is ours");
    assert_eq!((read.size, read.root), (20_852_163, root));
    let other = log_signer(&[8; 32]).expect("a seed has 32 bytes");
    assert_eq!(Checkpoint::open(&note, other.key()), Err(CheckpointError::Note(NoteError::OtherKey)));
    let forged = note.replace("20852163", "20852164");
    assert_eq!(Checkpoint::open(&forged, signer.key()), Err(CheckpointError::Note(NoteError::WrongSignature)));
    assert_eq!(Checkpoint::unverified(&forged).expect("it is well formed").size, 20_852_164);
    for wrong in ["a\n1\n", "a\n01\nx\n", "a\n-1\nx\n", "\n1\nx\n", ""] {
        assert_eq!(wrong.parse::<Checkpoint>(), Err(CheckpointError::Malformed), "{wrong:?}");
    }
}

#[test]
fn several_checkpoints_in_a_text_are_parted_again() {
    let signer = log_signer(&[7; 32]).expect("a seed has 32 bytes");
    let notes: Vec<String> = (1..4).map(|size| Checkpoint::signed(size, hash_leaf(b"x"), &signer)).collect();
    assert_eq!(checkpoint::part(&checkpoint::join(&notes)), notes);
    assert_eq!(checkpoint::part(&notes.concat()), notes, "also without empty lines between");
    let cut = format!("{}comptoir.log", checkpoint::join(&notes));
    assert_eq!(checkpoint::part(&cut).len(), 4, "what is cut off is not hidden");
    assert!(checkpoint::part("\n\n").is_empty());
}
