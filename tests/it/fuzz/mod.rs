//! Inputs that nobody would write, made from such as somebody did: whatever comes, it is read or refused, and never
//! brings anything down. `COMPTOIR_INPUTS` says how many are tried of each sort, `COMPTOIR_SEED` which.

mod events;
mod requests;

use event_store::contract::Random;

use crate::faults::number;

/// How many inputs are tried of each sort, unless told otherwise.
const INPUTS: usize = 1_000;
/// How often one input is changed at most.
const CHANGES_MAX: usize = 6;
/// How many bytes are taken out, put in twice or taken from another input at once, at most.
const PIECE_BYTES_MAX: usize = 40;
/// What is hard to read in some place or other.
const WORDS: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "0.1",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{1f4da}",
    "EUR",
    "...on Order{id}",
];

/// Makes inputs out of some that are right.
struct Inputs {
    right: Vec<Vec<u8>>,
    random: Random,
}

impl Inputs {
    fn of(right: Vec<Vec<u8>>) -> Self {
        let seed = number("COMPTOIR_SEED").unwrap_or(1);
        Self { right, random: Random(seed as u64) }
    }

    /// Returns an input, and of which right one it was made.
    fn next(&mut self) -> (usize, Vec<u8>) {
        let which = self.random.below(self.right.len());
        let mut input = self.right[which].clone();
        // Few changes more often than many: what is hardly damaged gets furthest.
        let most = 1 + self.random.below(CHANGES_MAX);
        for _ in 0..=self.random.below(most) {
            self.change(&mut input);
        }
        (which, input)
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.random.below(input.len() + 1);
        let end = (at + self.random.below(PIECE_BYTES_MAX)).min(input.len());
        match self.random.below(6) {
            0 if at < input.len() => input[at] ^= 1 << self.random.below(8),
            1 => drop(input.drain(at..end)),
            2 => {
                let piece = input[at..end].to_vec();
                input.splice(at..at, piece);
            }
            3 => input.truncate(at),
            4 => {
                let other = &self.right[self.random.below(self.right.len())];
                let from = self.random.below(other.len() + 1);
                let piece = other[from..].iter().take(end - at).copied();
                input.splice(at..end, piece);
            }
            _ => {
                let word = WORDS[self.random.below(WORDS.len())];
                input.splice(at..end, word.bytes());
            }
        }
    }
}

fn inputs() -> usize {
    number("COMPTOIR_INPUTS").unwrap_or(INPUTS)
}
