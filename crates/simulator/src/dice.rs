//! Seeded chance: SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). Fast,
//! small and the same on every machine; no secret depends on it.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Mixes a number so that every bit of it decides about every bit of the answer.
pub(crate) fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A sequence of throws that its seed decides.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Takes dice for one purpose: whoever else throws changes nothing about these.
    pub(crate) fn of(seed: u64, purpose: &str, number: u64) -> Self {
        let named = purpose.bytes().fold(seed, |sum, byte| mixed(sum.wrapping_add(GOLDEN) ^ u64::from(byte)));
        Self(mixed(named ^ mixed(number.wrapping_add(GOLDEN))))
    }

    /// Returns any number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mixed(self.0)
    }

    /// Returns a number below a limit, which is above zero. The tiny bias of the remainder does not matter here.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit
    }

    /// Returns a number between two, both included.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let width = u64::try_from(to - from + 1).unwrap_or(1);
        from + i64::try_from(self.below(width)).unwrap_or(0)
    }

    /// Returns true so many times in a hundred.
    pub(crate) fn percent(&mut self, times: u64) -> bool {
        self.below(100) < times
    }

    /// Returns one of several, each as likely as its weight.
    pub(crate) fn weighted<T: Copy>(&mut self, choices: &[(u64, T)]) -> T {
        let mut thrown = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            match thrown.checked_sub(*weight) {
                Some(left) => thrown = left,
                None => return *choice,
            }
        }
        choices[choices.len() - 1].1
    }

    /// Returns one of several, all as likely.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap_or(0)]
    }
}
