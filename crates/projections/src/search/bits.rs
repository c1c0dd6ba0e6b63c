//! Sets of documents, one bit each.

/// A set of numbers below a bound that is fixed when the set is made.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// Makes an empty set for numbers below `bound`.
    pub(super) fn new(bound: u32) -> Self {
        Self { words: vec![0; (bound as usize).div_ceil(64)] }
    }

    /// Adds a number; one out of bounds is not taken.
    pub(super) fn insert(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Tells whether a number is in the set.
    pub(super) fn contains(&self, number: u32) -> bool {
        self.words.get(number as usize / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// Keeps what is in the other set too.
    pub(super) fn intersect(&mut self, other: &Bits) {
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word &= with;
        }
    }

    /// Takes in what is in the other set.
    pub(super) fn unite(&mut self, other: &Bits) {
        for (word, with) in self.words.iter_mut().zip(&other.words) {
            *word |= with;
        }
    }

    /// Takes out what is in the other set.
    pub(super) fn subtract(&mut self, other: &Bits) {
        for (word, without) in self.words.iter_mut().zip(&other.words) {
            *word &= !without;
        }
    }

    /// Counts the numbers.
    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Counts the numbers that are in the other set too.
    pub(super) fn count_common(&self, other: &Bits) -> usize {
        self.words.iter().zip(&other.words).map(|(word, with)| (word & with).count_ones() as usize).sum()
    }

    /// Goes through the numbers, lowest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(place, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                Some(place * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_meet_and_join() {
        let mut left = Bits::new(200);
        let mut right = Bits::new(200);
        for number in [0, 63, 64, 199] {
            left.insert(number);
        }
        for number in [63, 64, 100] {
            right.insert(number);
        }
        assert_eq!(left.count_common(&right), 2);
        let mut joined = left.clone();
        joined.unite(&right);
        assert_eq!(joined.iter().collect::<Vec<_>>(), [0, 63, 64, 100, 199]);
        joined.subtract(&right);
        assert_eq!(joined.iter().collect::<Vec<_>>(), [0, 199]);
        left.intersect(&right);
        assert_eq!(left.iter().collect::<Vec<_>>(), [63, 64]);
        assert_eq!(left.count(), 2);
    }

    #[test]
    fn a_number_out_of_bounds_is_not_in_the_set() {
        let mut bits = Bits::new(64);
        bits.insert(64);
        assert!(!bits.contains(64));
        assert_eq!(bits.count(), 0);
    }
}
