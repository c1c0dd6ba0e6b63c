//! The tree as it is kept: in tiles of 256 hashes (C2SP tlog-tiles, of height 8).
//!
//! A tile of level 0 holds the hashes of 256 leaves, one of level 1 the roots of 256 tiles of level 0, and so on. Only full
//! tiles are kept; they never change. What is not in a full tile yet is at most 255 hashes a level: its leaves are read
//! again from the log, its inner hashes are the roots of the tiles below.

use crate::Hash;
use crate::tree::{root_of_row, root_of_subtrees};

/// How many hashes a tile holds.
pub const TILE_HASHES: usize = 256;
/// How many levels of the tree a tile spans: 2^8 = 256.
pub const TILE_HEIGHT: u32 = 8;

/// A full tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// 0 for hashes of leaves; each level stands for 8 of the tree.
    pub level: u8,
    /// Which of its level, from 0.
    pub index: u64,
    /// 256 of them, from the left.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// Returns the hashes one after the other.
    pub fn bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| *hash.bytes()).collect()
    }

    /// Reads the hashes of a tile, `None` where there are not 256.
    pub fn read(level: u8, index: u64, bytes: &[u8]) -> Option<Self> {
        let hashes: Vec<Hash> = bytes.chunks(Hash::BYTES).filter_map(|hash| Hash::try_from(hash).ok()).collect();
        let is_full = bytes.len() == TILE_HASHES * Hash::BYTES && hashes.len() == TILE_HASHES;
        is_full.then_some(Self { level, index, hashes })
    }

    /// Returns the root of the subtree that the tile is.
    pub fn root(&self) -> Hash {
        root_of_row(&self.hashes)
    }
}

/// A tree that grows: its size, and the hashes that are in no full tile. At most 255 a level, so 64 KiB for any log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrowingTree {
    size: u64,
    /// The hashes of the tile of each level that is not full, from level 0.
    open: Vec<Vec<Hash>>,
}

impl GrowingTree {
    /// Begins a tree without leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes on with a tree of `size` leaves, of which `open` holds what is in no full tile, from level 0; `None` where these
    /// are not as many as the size says.
    pub fn resume(size: u64, open: Vec<Vec<Hash>>) -> Option<Self> {
        let expected = Self::open_hashes(size);
        let counts: Vec<usize> = open.iter().map(Vec::len).collect();
        (counts == expected).then_some(Self { size, open })
    }

    /// Returns how many hashes of each level are in no full tile, from level 0, for a tree of a size.
    pub fn open_hashes(size: u64) -> Vec<usize> {
        let mut counts = Vec::new();
        let mut left = size;
        while left > 0 {
            // A remainder of 256 fits.
            counts.push((left % TILE_HASHES as u64) as usize);
            left /= TILE_HASHES as u64;
        }
        counts
    }

    /// Returns how many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf's hash on the right. Returns the tiles that it filled, from level 0.
    pub fn push(&mut self, leaf: Hash) -> Vec<Tile> {
        let (mut filled, mut hash, mut level) = (Vec::new(), leaf, 0_u8);
        let mut index = self.size / TILE_HASHES as u64;
        self.size += 1;
        loop {
            if self.open.len() <= usize::from(level) {
                self.open.push(Vec::new());
            }
            let row = &mut self.open[usize::from(level)];
            row.push(hash);
            if row.len() < TILE_HASHES {
                return filled;
            }
            let tile = Tile { level, index, hashes: std::mem::take(row) };
            hash = tile.root();
            filled.push(tile);
            index /= TILE_HASHES as u64;
            level += 1;
        }
    }

    /// Returns the root over all leaves.
    pub fn root(&self) -> Hash {
        let mut subtrees = Vec::new();
        for row in self.open.iter().rev() {
            let mut rest = &row[..];
            while !rest.is_empty() {
                let (perfect, behind) = rest.split_at(1 << rest.len().ilog2());
                subtrees.push(root_of_row(perfect));
                rest = behind;
            }
        }
        root_of_subtrees(&subtrees)
    }
}
